"""One pass over finished sums that adds a bias which differs from place to place and applies the activation.

Biases are (c_out, *places) in both layouts, so with channels last those of some pixels and channels are turned over in a
task's scratch first. A task owns some planes or, of large ones, some rows; with channels last some rows of pixels.
"""

from ._parallel cimport run_tasks
from ._table cimport fc_activation, fc_conv, fc_kernels

cdef enum:
    TASK_ITEMS = 1 << 15
    PIXELS = 32          # of a block turned over
    CHANNELS = 256


cdef struct Job:
    const fc_conv *shape
    const fc_kernels *kernels
    const fc_activation *after
    const Places *places
    const char *bias
    char *y
    Py_ssize_t itemsize, rows, rows_per_task, row_blocks, planes_per_task


cdef Places places_of(const fc_conv *s, tuple extents):
    """Return where biases of these extents (1 or the output's size along each axis) lie."""
    cdef Places places
    cdef Py_ssize_t d, h, w
    d, h, w = extents
    places.channel = d * h * w
    places.d_step = h * w if d > 1 else 0
    places.h_step = w if h > 1 else 0
    places.w_step = 1 if w > 1 or s.ow == 1 else 0
    return places


cdef inline const char *bias_of(const Job *job, Py_ssize_t channel, Py_ssize_t row) noexcept nogil:
    """Where the biases of a row (of od * oh) begin."""
    cdef const Places *places = job.places
    cdef Py_ssize_t offset = row // job.shape.oh * places.d_step + row % job.shape.oh * places.h_step
    return job.bias + (channel * places.channel + offset) * job.itemsize


cdef void finish_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, first = task % job.row_blocks * job.rows_per_task
    cdef Py_ssize_t last = min(first + job.rows_per_task, job.rows), row
    task //= job.row_blocks
    cdef Py_ssize_t plane = task * job.planes_per_task, plane_last = min(plane + job.planes_per_task, s.n * s.c_out)
    cdef bint whole = job.places.channel == job.rows * s.ow
    cdef bint same = job.places.channel == 1
    cdef char *y
    for plane in range(plane, plane_last):
        y = job.y + plane * job.rows * s.ow * size
        if job.bias is NULL:
            y += first * s.ow * size
            job.kernels.activate(job.after, y, y, (last - first) * s.ow)
        elif whole or same:
            job.kernels.add_bias(job.after, bias_of(job, plane % s.c_out, first if whole else 0), whole and not same,
                                 y + first * s.ow * size, (last - first) * s.ow)
        else:
            for row in range(first, last):
                job.kernels.add_bias(job.after, bias_of(job, plane % s.c_out, row), job.places.w_step,
                                     y + row * s.ow * size, s.ow)


cdef void finish_block(const Job *job, Py_ssize_t row, Py_ssize_t w, Py_ssize_t c, char *turned) noexcept nogil:
    """Some pixels and channels of a row of pixels with their channels last."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, step = job.places.w_step, i
    cdef Py_ssize_t pixels = min(<Py_ssize_t>PIXELS, s.ow - w), channels = min(<Py_ssize_t>CHANNELS, s.c_out - c)
    cdef char *y = job.y + ((row * s.ow + w) * s.c_out + c) * size
    job.kernels.turn(bias_of(job, c, row % job.rows) + w * step * size, job.places.channel, channels, pixels if step else 1,
                     turned, channels)
    if step and channels == s.c_out:
        job.kernels.add_bias(job.after, turned, 1, y, pixels * channels)
        return
    for i in range(pixels):
        job.kernels.add_bias(job.after, turned + i * step * channels * size, 1, y + i * s.c_out * size, channels)


cdef void finish_pixels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t row = task * job.rows_per_task, w, c
    for row in range(row, min(row + job.rows_per_task, s.n * job.rows)):
        c = 0
        while c < s.c_out:
            w = 0
            while w < s.ow:
                finish_block(job, row, w, c, scratch)
                w += PIXELS
            c += CHANNELS


cdef inline bint by_pixels(const fc_conv *s) noexcept nogil:
    return s.y_channel == 1 and s.y_pixel != 1


cdef size_t finish_bytes(const fc_conv *s, Py_ssize_t itemsize, int threads) noexcept:
    """Return the scratch of `finish`."""
    if not by_pixels(s):
        return 0
    return threads * (min(<Py_ssize_t>PIXELS, s.ow) * min(<Py_ssize_t>CHANNELS, s.c_out) * itemsize + 128)


cdef int finish(const fc_conv *s, const fc_kernels *kernels, const fc_activation *after, const Places *places,
                const char *bias, char *y, Py_ssize_t itemsize, int threads, bint brief) except -1:
    """Make sums results: y = after(y + bias); no bias where it is NULL."""
    cdef Job job
    cdef Py_ssize_t planes = s.n * s.c_out
    job.shape, job.kernels, job.after, job.places = s, kernels, after, places
    job.bias, job.y, job.itemsize = bias, y, itemsize
    job.rows = s.od * s.oh
    if by_pixels(s) and bias is not NULL:
        job.rows_per_task = max(1, TASK_ITEMS // (s.ow * s.c_out))
        return run_tasks(finish_pixels, &job, (s.n * job.rows + job.rows_per_task - 1) // job.rows_per_task, threads,
                         finish_bytes(s, itemsize, 1), brief)
    job.rows_per_task = min(job.rows, max(1, TASK_ITEMS // s.ow))
    job.row_blocks = (job.rows + job.rows_per_task - 1) // job.rows_per_task
    job.planes_per_task = 1 if job.row_blocks > 1 else max(1, TASK_ITEMS // (job.rows * s.ow))
    return run_tasks(finish_planes, &job, (planes + job.planes_per_task - 1) // job.planes_per_task * job.row_blocks,
                     threads, 0, brief)
