# How work is split over threads; see _parallel.pyx.

# One task of a job. `scratch` belongs to the thread that runs it.
ctypedef void (*task_t)(void *job, Py_ssize_t task, char *scratch) noexcept nogil

cdef int run_tasks(task_t task, void *job, Py_ssize_t count, int threads, size_t scratch, bint brief=*) except -1
cdef char *take(size_t size) except? NULL
cdef void give(char *memory) noexcept

cdef inline Py_ssize_t parts(Py_ssize_t whole, Py_ssize_t part) noexcept nogil:
    """How many parts of this size a whole has, the last one perhaps smaller."""
    return (whole + part - 1) // part
