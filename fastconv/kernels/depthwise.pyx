"""One filter per channel: register tiles of output rows x columns of one plane.

Computes, source, tile and accuracy: src/depthwise/rows.c. A task owns some output rows, at one depth, of one output channel
of one image.
"""

from ._conv cimport BoundConv, at
from ._parallel cimport run_tasks
from ._table cimport fc_conv, fc_kernels

from ._cost import CLOCK, machine_of, vectors

name = "depthwise"

cdef enum:
    TASK_FLOPS = 1 << 19


def supports(spec):
    if spec.groups != spec.c_in:
        return f"every group must have one input channel, got {spec.c_in // spec.groups}"
    if spec.channels_last:
        return "the channels must stand before the pixels (data_format NCHW)"
    if spec.bordered:
        return "the border must be zeros"
    return None


def seconds(spec, isa):
    """Return the expected time.

    Square kernels of 3 and 5 that move by single steps share their loads between output rows.
    """
    machine = machine_of(isa)
    od, oh, ow = spec.output
    rows, wide = od * oh, vectors(machine, spec, ow)
    slides = spec.kernel in ((1, 3, 3), (1, 5, 5)) and spec.stride[1:] == (1, 1) and spec.dilation[1] == 1
    each = machine.slide
    if not slides or oh < 4:  # rows are taken by fours
        each = machine.still * (1.6 if oh < 4 else 1.0) * (1.0 if spec.stride[2] == 1 else 2.8)
    cost = spec.c_out * (rows * (spec.taps * wide * each + -(-wide // 2) * 18.0) + 10.0 * od * oh)
    return (machine.call + spec.n * cost) / CLOCK


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *weight
    const char *bias
    char *y
    Py_ssize_t itemsize, rows_per_task, row_blocks


cdef void compute_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize
    cdef Py_ssize_t ioh = task % job.row_blocks * job.rows_per_task
    task //= job.row_blocks
    cdef Py_ssize_t iod = task % s.od
    task //= s.od
    cdef Py_ssize_t channel = task % s.c_out, image = task // s.c_out
    cdef Py_ssize_t source = channel // (s.c_out // s.groups)
    job.kernels.depthwise_rows(
        s,
        job.x + (image * s.c_in + source) * s.d * s.h * s.w * size,
        job.weight + channel * s.kd * s.kh * s.kw * size,
        at(job.bias, channel * size),
        job.y + (image * s.c_out + channel) * s.od * s.oh * s.ow * size,
        iod, ioh, min(ioh + job.rows_per_task, s.oh), <Py_ssize_t *>scratch,
    )


cdef class Depthwise(BoundConv):
    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        return threads * (2 * sizeof(Py_ssize_t) * self.shape.kw + 128)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Job job
        job.shape = s
        job.kernels = self.kernels
        job.x, job.weight, job.bias, job.y = x, weight, bias, y
        job.itemsize = self.itemsize
        cdef double row = 2.0 * s.kd * s.kh * s.kw * s.ow
        job.rows_per_task = s.oh if brief else min(s.oh, max(4, <Py_ssize_t>(TASK_FLOPS / row) // 4 * 4))
        job.row_blocks = (s.oh + job.rows_per_task - 1) // job.rows_per_task
        cdef Py_ssize_t tasks = s.n * s.c_out * s.od * job.row_blocks
        return run_tasks(compute_rows, &job, tasks, threads, 2 * sizeof(Py_ssize_t) * s.kw, brief)


def bind(spec, isa, isa_name):
    return Depthwise(spec, isa, isa_name)
