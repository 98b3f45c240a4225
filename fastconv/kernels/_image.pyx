"""Images of any strides and type, row by row as reals with their border around them."""

cimport numpy as cnp
from numpy cimport ndarray

from ._table cimport (
    FC_BOOL, FC_F32, FC_F64, FC_I8, FC_I16, FC_I32, FC_I64, FC_U8, FC_U16, FC_U32, FC_U64,
)

cnp.import_array()

cdef dict KINDS = {
    "b1": FC_BOOL, "i1": FC_I8, "u1": FC_U8, "i2": FC_I16, "u2": FC_U16, "i4": FC_I32, "u4": FC_U32, "i8": FC_I64,
    "u8": FC_U64, "f4": FC_F32, "f8": FC_F64,
}


cdef int element_of(ndarray array) except -1:
    """Return the fc_element that an array is of."""
    return KINDS[array.dtype.str[1:]]


cdef void set_outer(Outer *outer, ndarray x, ndarray y, tuple axes) noexcept:
    """Describe the given axes of x and y, which agree in them."""
    cdef int axis
    outer.ndim, outer.count = 0, 1
    for axis in axes:
        outer.sizes[outer.ndim] = cnp.PyArray_DIM(y, axis)
        outer.x_steps[outer.ndim] = cnp.PyArray_STRIDE(x, axis)
        outer.y_steps[outer.ndim] = cnp.PyArray_STRIDE(y, axis)
        outer.count *= outer.sizes[outer.ndim]
        outer.ndim += 1


cdef Py_ssize_t offset_of(const Outer *outer, const Py_ssize_t *steps, Py_ssize_t index) noexcept nogil:
    """Return how many bytes in the element `index` of the outer axes lies."""
    cdef Py_ssize_t offset = 0
    cdef int axis
    for axis in range(outer.ndim - 1, -1, -1):
        offset += index % outer.sizes[axis] * steps[axis]
        index //= outer.sizes[axis]
    return offset


cdef Axis axis_of(Py_ssize_t size, Py_ssize_t taps, Py_ssize_t left, ndarray places, double value) noexcept:
    cdef Axis axis
    axis.size, axis.taps, axis.left, axis.value = size, taps, left, value
    axis.places = NULL
    if places is not None:
        axis.places = <const Py_ssize_t *>cnp.PyArray_DATA(places)
    return axis


cdef Py_ssize_t place_of(const Axis *axis, Py_ssize_t position) noexcept nogil:
    """Return which element of the axis a position inside or outside is, or -1 for the constant."""
    if position < 0:
        return axis.places[position + axis.left]
    if position >= axis.size:
        return axis.places[axis.left + position - axis.size]
    return position


cdef void stage_outside(const Elements *elements, const Axis *axis, const char *row, Py_ssize_t step, Py_ssize_t first,
                        Py_ssize_t end, char *to) noexcept nogil:
    """Fill `to` with positions first ... end - 1 of a row, which lie outside it."""
    cdef Py_ssize_t position, at
    for position in range(first, end):
        at = place_of(axis, position)
        if at < 0:
            elements.kernels.filter_load(FC_F64, <const char *>&axis.value, 8, 1, to)
        else:
            elements.kernels.filter_load(elements.kind, row + at * step, step, 1, to)
        to += elements.real


cdef void stage(const Elements *elements, const Axis *axis, const char *row, Py_ssize_t step, Py_ssize_t first,
                Py_ssize_t count, char *to) noexcept nogil:
    """Fill `to` with positions first ... first + count - 1 of a row whose elements lie `step` bytes apart."""
    cdef Py_ssize_t end = first + count, low = min(max(first, <Py_ssize_t>0), end)
    cdef Py_ssize_t high = max(min(end, axis.size), low)
    elements.kernels.filter_load(elements.kind, row + low * step, step, high - low, to + (low - first) * elements.real)
    if first == -axis.left and end == axis.size + axis.taps - 1 - axis.left:
        elements.kernels.filter_margins(axis.places, axis.left, end - axis.size, axis.size, axis.value,
                                        to + axis.left * elements.real)
        return
    stage_outside(elements, axis, row, step, first, low, to)
    stage_outside(elements, axis, row, step, high, end, to + (high - first) * elements.real)
