"""The passes over an image that surround a filter which leaves NaN out. See src/filter/nan.c.

Arrays of the user's may have any strides: an array is taken as rows along its last axis, or as a single one where its
elements lie together, and a task is some rows, or a piece of one.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport fc_kernels, kernels_of

cnp.import_array()

cdef enum:
    ITEMS = 1 << 15  # of a task


cdef struct Rows:
    const fc_kernels *kernels
    char *user                     # an array of any strides
    const Py_ssize_t *dims
    const Py_ssize_t *strides      # in bytes
    int axes                       # before the last
    Py_ssize_t count, row, step    # rows; reals of one, and how far apart they lie
    Py_ssize_t together, pieces    # rows of a task, or tasks of a row
    Py_ssize_t itemsize
    char *values
    char *there                    # or NULL
    double total
    int found


cdef void lay_out(Rows *job, ndarray user, int isa) noexcept:
    """Describe the user's array as rows, and cut them into tasks."""
    cdef Py_ssize_t size = cnp.PyArray_SIZE(user)
    cdef int last = cnp.PyArray_NDIM(user) - 1
    job.itemsize = cnp.PyArray_ITEMSIZE(user)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.user = <char *>cnp.PyArray_DATA(user)
    job.dims, job.strides = <const Py_ssize_t *>cnp.PyArray_DIMS(user), <const Py_ssize_t *>cnp.PyArray_STRIDES(user)
    if cnp.PyArray_IS_C_CONTIGUOUS(user):
        job.axes, job.count, job.row, job.step = 0, 1, size, 1
    else:
        job.axes, job.row, job.step = last, job.dims[last], job.strides[last] // job.itemsize
        job.count = size // max(job.row, 1)
    job.together, job.pieces = max(<Py_ssize_t>ITEMS // max(job.row, 1), 1), parts(job.row, ITEMS)
    job.found = 0


cdef inline Py_ssize_t tasks(const Rows *job) noexcept nogil:
    return parts(job.count, job.together) * job.pieces


cdef inline Py_ssize_t place(const Rows *job, Py_ssize_t row) noexcept nogil:
    """Where a row of the user's array begins, in bytes."""
    cdef Py_ssize_t offset = 0
    cdef int axis
    for axis in range(job.axes - 1, -1, -1):
        offset += row % job.dims[axis] * job.strides[axis]
        row //= job.dims[axis]
    return offset


cdef inline Py_ssize_t first_row(const Rows *job, Py_ssize_t task) noexcept nogil:
    return task // job.pieces * job.together


cdef inline Py_ssize_t end_row(const Rows *job, Py_ssize_t task) noexcept nogil:
    return min(first_row(job, task) + job.together, job.count)


cdef void look_for_nan(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef Rows *job = <Rows *>argument
    cdef Py_ssize_t start = task % job.pieces * ITEMS, row
    for row in range(first_row(job, task), end_row(job, task)):
        if job.found:
            return
        if job.kernels.has_nan(job.user + place(job, row) + start * job.step * job.itemsize, job.step,
                               min(<Py_ssize_t>ITEMS, job.row - start)):
            job.found = 1


cdef void split_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Rows *job = <const Rows *>argument
    cdef Py_ssize_t start = task % job.pieces * ITEMS, row, own
    for row in range(first_row(job, task), end_row(job, task)):
        own = (row * job.row + start) * job.itemsize
        job.kernels.split_nan(job.user + place(job, row) + start * job.step * job.itemsize, job.step,
                              min(<Py_ssize_t>ITEMS, job.row - start), job.values + own, job.there + own)


cdef void divide_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Rows *job = <const Rows *>argument
    cdef Py_ssize_t start = task % job.pieces * ITEMS, row, own
    for row in range(first_row(job, task), end_row(job, task)):
        own = (row * job.row + start) * job.itemsize
        job.kernels.divide_valid(job.user + place(job, row) + start * job.step * job.itemsize, job.step,
                                 min(<Py_ssize_t>ITEMS, job.row - start), job.values + own,
                                 job.there + own if job.there is not NULL else NULL, job.total)


def has_nan(ndarray x, int isa, int threads):
    """Return whether there is a NaN; x: float32 or float64, any strides."""
    cdef Rows job
    lay_out(&job, x, isa)
    run_tasks(look_for_nan, &job, tasks(&job), threads, 0, cnp.PyArray_SIZE(x) < 1 << 16)
    return job.found != 0


def split(ndarray x, ndarray values, ndarray there, int isa, int threads):
    """Fill values with x, zeros for NaN, and `there` with ones, zeros where x is NaN; both C-contiguous, of x's dtype."""
    cdef Rows job
    lay_out(&job, x, isa)
    job.values, job.there = <char *>cnp.PyArray_DATA(values), <char *>cnp.PyArray_DATA(there)
    run_tasks(split_rows, &job, tasks(&job), threads, 0, cnp.PyArray_SIZE(x) < 1 << 16)


def divide(ndarray y, ndarray weights, reached, double total, int isa, int threads):
    """Set y to total * y / weights, or NaN where `reached`, if it is not None, is zero.

    y: any strides; the others C-contiguous, of y's dtype.
    """
    cdef Rows job
    lay_out(&job, y, isa)
    job.values, job.total = <char *>cnp.PyArray_DATA(weights), total
    job.there = NULL if reached is None else <char *>cnp.PyArray_DATA(<ndarray>reached)
    run_tasks(divide_rows, &job, tasks(&job), threads, 0, cnp.PyArray_SIZE(y) < 1 << 16)
