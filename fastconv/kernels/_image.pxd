# Images of any strides and type, row by row as reals with their border; see _image.pyx.
from numpy cimport ndarray

from ._table cimport fc_kernels

cdef enum:
    MOST_AXES = 64

# An axis that a filter runs along: output i reads elements i - left ... i - left + taps - 1. `places` tells which
# element each of the `left` positions before the axis and of the taps - 1 - left behind it is, or -1: `value`.
cdef struct Axis:
    Py_ssize_t size, taps, left
    const Py_ssize_t *places
    double value

# What an image is made of, and the size of a real.
cdef struct Elements:
    const fc_kernels *kernels
    int kind  # fc_element
    Py_ssize_t real

# The axes that a filter does not run along, and where their element `index` lies in x and y.
cdef struct Outer:
    int ndim
    Py_ssize_t count
    Py_ssize_t sizes[MOST_AXES]
    Py_ssize_t x_steps[MOST_AXES]
    Py_ssize_t y_steps[MOST_AXES]

cdef int element_of(ndarray array) except -1
cdef void set_outer(Outer *outer, ndarray x, ndarray y, tuple axes) noexcept
cdef Py_ssize_t offset_of(const Outer *outer, const Py_ssize_t *steps, Py_ssize_t index) noexcept nogil
cdef Axis axis_of(Py_ssize_t size, Py_ssize_t taps, Py_ssize_t left, ndarray places, double value) noexcept
cdef Py_ssize_t place_of(const Axis *axis, Py_ssize_t position) noexcept nogil
cdef void stage(const Elements *elements, const Axis *axis, const char *row, Py_ssize_t step, Py_ssize_t first,
                Py_ssize_t count, char *to) noexcept nogil
