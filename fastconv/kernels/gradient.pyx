"""Gradients of convolution with respect to the weights and the bias.

That with respect to the input is a transposed convolution (backends/cpu/input_gradient.py). Computes, source, tile and
accuracy: src/direct/grad_bias.c, and of the weights, which have three forms, _dense_gradient.pyx, _winograd_gradient.pyx and
_depthwise_gradient.pyx. No reduction is split between tasks: a task owns whole sums, over the batch and all output positions
where the definition sums over them.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._bias cimport Places
from ._conv cimport BoundConv
from ._dense_gradient cimport dense_weight
from ._depthwise_gradient cimport depthwise_weight
from ._parallel cimport parts, run_tasks
from ._table cimport fc_conv, fc_kernels
from ._winograd_gradient cimport winograd_weight

from ._winograd_gradient import worth as worth_winograd

cnp.import_array()

cdef enum:
    BIAS_VECTORS = 4  # of channels, of which a task sums the gradients


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *dy
    char *to
    const Places *places
    Py_ssize_t itemsize, channel_blocks


cdef void bias_channel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    job.kernels.direct_grad_bias(s, job.dy + task * s.od * s.oh * s.ow * job.itemsize, job.to + task * job.itemsize)


cdef void bias_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Those of some channels that lie side by side."""
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t block = BIAS_VECTORS * job.kernels.lanes, channel = task * block
    job.kernels.channels_grad_bias(job.dy + channel * job.itemsize, s.n * s.od * s.oh * s.ow, s.y_pixel,
                                   min(block, s.c_out - channel), job.to + channel * job.itemsize)


cdef void untied_channel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    job.kernels.untied_grad_bias(s, job.dy + task * s.od * s.oh * s.ow * job.itemsize,
                                 job.to + task * job.places.channel * job.itemsize, job.places.channel, job.places.d_step,
                                 job.places.h_step, job.places.w_step)


cdef class ConvGradient(BoundConv):
    """The gradients of one convolution with respect to its parameters; arrays as `BoundConv.run` wants them."""

    cdef public bint by_winograd  # the weights' gradient

    def __init__(self, spec, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        self.by_winograd = spec.precision == "fast" and worth_winograd(spec, isa_name)

    cdef Job job(self, ndarray dy, ndarray to) noexcept:
        cdef Job job
        job.shape = &self.shape
        job.kernels = self.kernels
        job.itemsize = self.itemsize
        job.x = NULL
        job.places = &self.places
        job.channel_blocks = 1
        job.dy = <const char *>cnp.PyArray_DATA(dy)
        job.to = <char *>cnp.PyArray_DATA(to)
        return job

    def weight(self, ndarray x, ndarray dy, ndarray dw, int threads):
        """Fill dw."""
        cdef bint brief = self.brief
        cdef const char *of_x = <const char *>cnp.PyArray_DATA(x)
        cdef const char *of_dy = <const char *>cnp.PyArray_DATA(dy)
        cdef char *to = <char *>cnp.PyArray_DATA(dw)
        cdef bint strange
        threads = 1 if brief else threads
        if self.shape.groups == self.shape.c_in > 1:
            depthwise_weight(&self.shape, self.kernels, self.itemsize, of_x, of_dy, to, threads, brief)
            return
        if self.by_winograd:
            strange = winograd_weight(&self.shape, self.kernels, self.itemsize, of_x, of_dy, to, threads, brief)
            if not strange:
                return
        dense_weight(&self.shape, self.kernels, self.itemsize, of_x, of_dy, to, threads, brief)

    def bias(self, ndarray dy, ndarray db, int threads):
        """Fill db."""
        cdef bint brief = self.brief
        cdef Job job = self.job(dy, db)
        cdef Py_ssize_t blocks
        if self.shape.y_pixel != 1 and not self.finishes:
            blocks = parts(self.shape.c_out, BIAS_VECTORS * self.kernels.lanes)
            run_tasks(bias_channels, &job, blocks, 1 if brief else threads, 0, brief)
            return
        run_tasks(untied_channel if self.finishes else bias_channel, &job, self.shape.c_out, 1 if brief else threads, 0,
                  brief)


def bind(spec, isa, isa_name):
    return ConvGradient(spec, isa, isa_name)
