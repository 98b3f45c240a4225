"""A transposed convolution with one input channel a group and a stride: each plane spread for itself.

Computes, source, tile and accuracy: src/transposed/depthwise.c. Nothing is multiplied but what the definition multiplies. A
task owns some output planes of some channels, or some rows of one.
"""

from ._conv cimport BoundConv, at
from ._parallel cimport parts, run_tasks
from ._table cimport fc_conv, fc_kernels

from ._cost import CLOCK, machine_of, vectors

name = "depthwise_transposed"

cdef enum:
    MOST = 64                # src/transposed/depthwise.c
    TASK_ITEMS = 1 << 15     # outputs of a task
    SERIAL_BYTES = 1500000   # as in _depthwise.pyx


def supports(spec):
    if spec.channels_last:
        return "the channels must stand before the pixels (data_format NCHW)"
    if spec.groups != spec.c_in:
        return f"every group must have one input channel, got {spec.c_in // spec.groups}"
    if spec.stride == (1, 1, 1):
        return "the stride must not be 1 in every axis: then it is a depthwise convolution"
    if max(spec.kernel[0] * spec.kernel[1], spec.kernel[2], spec.stride[2]) > MOST:
        return (f"the kernel must have at most {MOST} taps in its last axis and in the others together, the last stride be "
                f"at most {MOST}, got kernel {spec.kernel_size} and stride {spec.stride}")
    return None


def seconds(spec, isa):
    """Return the expected time: each tap of a phase loads for itself."""
    machine = machine_of(isa)
    met = spec.taps / (spec.stride[0] * spec.stride[1] * spec.stride[2])
    wide = vectors(machine, spec, spec.output[2])
    rows = spec.c_out * spec.output[0] * spec.output[1]
    return (machine.call + spec.n * rows * wide * (met * 1.5 * machine.still + 8.0)) / CLOCK


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    Py_ssize_t itemsize, rows, row_blocks, planes, planes_per_task
    const char *x
    const char *weight
    const char *bias
    char *y


cdef void spread_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, of_one = s.c_out // s.c_in, row = task % job.row_blocks * job.rows
    cdef Py_ssize_t first = task // job.row_blocks * job.planes_per_task, plane, iod, channel, image
    for plane in range(first, min(first + job.planes_per_task, job.planes)):
        iod, channel, image = plane % s.od, plane // s.od % s.c_out, plane // s.od // s.c_out
        job.kernels.depthwise_transposed(
            s, job.x + (image * s.c_in + channel // of_one) * s.d * s.h * s.w * size,
            job.weight + channel * s.kd * s.kh * s.kw * size, at(job.bias, channel * size),
            job.y + (image * s.c_out + channel) * s.od * s.oh * s.ow * size, iod, row, min(row + job.rows, s.oh),
        )


cdef class DepthwiseTransposed(BoundConv):
    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        self.brief = self.brief and spec.bytes_moved < SERIAL_BYTES  # moving takes longer than computing

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Job job
        job.shape, job.kernels, job.itemsize = s, self.kernels, self.itemsize
        job.x, job.weight, job.bias, job.y = x, weight, bias, y
        job.rows = min(s.oh, max(TASK_ITEMS // s.ow, 1))
        job.row_blocks = parts(s.oh, job.rows)
        job.planes = s.n * s.c_out * s.od
        job.planes_per_task = max(TASK_ITEMS // (s.oh * s.ow), 1)
        return run_tasks(spread_planes, &job, parts(job.planes, job.planes_per_task) * job.row_blocks, threads, 0, brief)


def bind(spec, isa, isa_name):
    return DepthwiseTransposed(spec, isa, isa_name)
