"""The algorithm that never declines: register tiles of output channels x output columns straight from the arrays.

Computes, source, tile and accuracy: src/direct/forward.c. A task owns some output rows, at one depth, of one image and of up
to ROWS output channels of one group.
"""

from ._conv cimport BoundConv, at
from ._parallel cimport run_tasks
from ._table cimport fc_conv, fc_kernels

from ._cost import CLOCK, machine_of, vectors

name = "direct"

cdef enum:
    ROWS = 8              # output channels of a task: two register tiles, which share the input rows in L1
    TASK_FLOPS = 1 << 20  # rows of a task: some 10-100 us, so that tasks balance and Ctrl-C is seen


def supports(spec):
    return None


def seconds(spec, isa):
    """Return the expected time.

    A row is computed in whole vectors, so short rows waste lanes; fewer than three channels leave loads unshared; and every row
    of a kernel costs some cycles before its first tap.
    """
    machine = machine_of(isa)
    od, oh, ow = spec.output
    c_in, c_out = spec.c_in // spec.groups, spec.c_out // spec.groups
    rows, wide = od * oh, vectors(machine, spec, ow)
    taps = c_in * spec.taps * rows * wide * max(c_out, 3) * machine.direct
    blocks = rows * -(-wide // 4) * -(-c_out // 4)
    starts = blocks * (60.0 + 12.0 * c_in * spec.kernel[0] * spec.kernel[1])
    scale = 12.0 if spec.channels_last else 1.0 if spec.stride[2] == 1 else 1.8
    return (machine.call + spec.n * spec.groups * (taps * scale + starts)) / CLOCK


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *weight
    const char *bias
    char *y
    Py_ssize_t itemsize, rows_per_task, row_blocks, channel_blocks


cdef void compute_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, size = job.itemsize
    cdef Py_ssize_t ioh = task % job.row_blocks * job.rows_per_task
    cdef Py_ssize_t ic
    task //= job.row_blocks
    cdef Py_ssize_t iod = task % s.od
    task //= s.od
    cdef Py_ssize_t channel = task % job.channel_blocks * ROWS
    task //= job.channel_blocks
    cdef Py_ssize_t group = task % s.groups, image = task // s.groups
    ic = group * c_out + channel
    job.kernels.direct_forward(
        s,
        job.x + (image * s.c_in * s.d * s.h * s.w + group * c_in * s.x_channel) * size,
        job.weight + ic * c_in * s.kd * s.kh * s.kw * size,
        at(job.bias, ic * size),
        job.y + (image * s.c_out * s.od * s.oh * s.ow + ic * s.y_channel) * size,
        <int>min(<Py_ssize_t>ROWS, c_out - channel), iod, ioh, min(ioh + job.rows_per_task, s.oh),
        <Py_ssize_t *>scratch,
    )


cdef class Direct(BoundConv):
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
        cdef double row = 2.0 * ROWS * (s.c_in // s.groups) * s.kd * s.kh * s.kw * s.ow
        job.rows_per_task = s.oh if brief else max(1, min(s.oh, <Py_ssize_t>(TASK_FLOPS / row)))
        job.row_blocks = (s.oh + job.rows_per_task - 1) // job.rows_per_task
        job.channel_blocks = (s.c_out // s.groups + ROWS - 1) // ROWS
        cdef Py_ssize_t tasks = s.n * s.groups * job.channel_blocks * s.od * job.row_blocks
        return run_tasks(compute_rows, &job, tasks, threads, 2 * sizeof(Py_ssize_t) * s.kw, brief)


def bind(spec, isa, isa_name):
    return Direct(spec, isa, isa_name)
