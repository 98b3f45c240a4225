"""Gradients of convolution with respect to the weights and the bias.

That with respect to the input is a transposed convolution (backends/cpu/input_gradient.py). Computes, source, tile and
accuracy: src/direct/grad_*.c. No reduction is split between tasks: a task owns whole sums, over the batch and all output
positions where the definition sums over them.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._bias cimport Places
from ._conv cimport BoundConv
from ._parallel cimport run_tasks
from ._table cimport fc_conv, fc_kernels

cnp.import_array()

cdef enum:
    ROWS = 4


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const char *x
    const char *dy
    char *to
    const Places *places
    Py_ssize_t itemsize, channel_blocks


cdef void weight_taps(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, size = job.itemsize
    cdef Py_ssize_t tap_row = task % (s.kd * s.kh)
    task //= s.kd * s.kh
    cdef Py_ssize_t ic = task % c_in
    task //= c_in
    cdef Py_ssize_t channel = task % job.channel_blocks * ROWS, group = task // job.channel_blocks
    cdef Py_ssize_t oc = group * c_out + channel
    job.kernels.direct_grad_weight(
        s,
        job.x + (group * c_in + ic) * s.d * s.h * s.w * size,
        job.dy + oc * s.od * s.oh * s.ow * size,
        job.to + (oc * c_in + ic) * s.kd * s.kh * s.kw * size,
        <int>min(<Py_ssize_t>ROWS, c_out - channel), tap_row, <Py_ssize_t *>scratch,
    )


cdef void bias_channel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    job.kernels.direct_grad_bias(s, job.dy + task * s.od * s.oh * s.ow * job.itemsize, job.to + task * job.itemsize)


cdef void untied_channel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    job.kernels.untied_grad_bias(s, job.dy + task * s.od * s.oh * s.ow * job.itemsize,
                                 job.to + task * job.places.channel * job.itemsize, job.places.channel, job.places.d_step,
                                 job.places.h_step, job.places.w_step)


cdef class ConvGradient(BoundConv):
    """The gradients of one convolution with respect to its parameters; arrays as `BoundConv.run` wants them."""

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
        cdef const fc_conv *s = &self.shape
        cdef bint brief = self.brief
        cdef Job job = self.job(dy, dw)
        job.x = <const char *>cnp.PyArray_DATA(x)
        job.channel_blocks = (s.c_out // s.groups + ROWS - 1) // ROWS
        cdef Py_ssize_t tasks = s.groups * job.channel_blocks * (s.c_in // s.groups) * s.kd * s.kh
        run_tasks(weight_taps, &job, tasks, 1 if brief else threads, 2 * sizeof(Py_ssize_t) * s.kw, brief)

    def bias(self, ndarray dy, ndarray db, int threads):
        """Fill db."""
        cdef bint brief = self.brief
        cdef Job job = self.job(dy, db)
        run_tasks(untied_channel if self.finishes else bias_channel, &job, self.shape.c_out, 1 if brief else threads, 0,
                  brief)


def bind(spec, isa, isa_name):
    return ConvGradient(spec, isa, isa_name)
