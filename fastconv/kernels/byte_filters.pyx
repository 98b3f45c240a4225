"""Images of bytes filtered along two axes: means and sums with whole weights that wrap around, both in 16-bit numbers, and
blends, which are sums with weights that add up to 1 or less, in float32.

What it computes, and why it is exact: src/filter/bytes.c and blend.c.

A task is a band of rows of one plane. For means it keeps the sum of the rows in each column's window, to which the next row
is added and from which the one that leaves is taken.
"""

cimport numpy as cnp
from libc.stdint cimport int16_t
from libc.string cimport memset
from numpy cimport ndarray

from ._image cimport Axis, Outer, axis_of, offset_of, place_of, set_outer
from ._parallel cimport parts, run_tasks, task_t
from ._table cimport FC_U8, fc_kernels, kernels_of

cnp.import_array()

cdef enum:
    BAND = 64        # rows of a task, at least
    BRIEF = 1 << 15  # elements for which no other thread is woken


cdef struct Blend:
    const float *weights
    const double *exact


cdef struct Job:
    const fc_kernels *kernels
    const char *x
    char *y
    const char *constant  # a row of what lies outside the axis across the rows
    Outer outer
    Axis across, along
    const int16_t *weights_across  # of sums
    const int16_t *weights_along
    Blend blend_across, blend_along
    bint wide                      # whether sums stay 16-bit numbers
    Py_ssize_t x_row, y_row, band, bands, row_bytes


cdef const char *row_of(const Job *job, const char *image, Py_ssize_t position) noexcept nogil:
    cdef Py_ssize_t at = place_of(&job.across, position)
    return job.constant if at < 0 else image + at * job.x_row


cdef struct Band:  # of one plane
    const char *x
    char *y
    Py_ssize_t first, last  # rows


cdef Band band_of(const Job *job, Py_ssize_t task) noexcept nogil:
    cdef Band band
    band.x = job.x + offset_of(&job.outer, job.outer.x_steps, task // job.bands)
    band.y = job.y + offset_of(&job.outer, job.outer.y_steps, task // job.bands)
    band.first = task % job.bands * job.band
    band.last = min(band.first + job.band, job.across.size)
    return band


cdef void mean_band(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_kernels *kernels = job.kernels
    cdef const Axis *along = &job.along
    cdef Band band = band_of(job, task)
    cdef char *sums = scratch
    cdef char *row = scratch + job.row_bytes
    cdef char *means = row + 2 * along.left
    cdef char *aside = row + job.row_bytes
    cdef const char *leaving = NULL
    cdef Py_ssize_t reach = band.first - job.across.left, i
    memset(sums, 0, 2 * along.size)
    for i in range(reach, reach + job.across.taps - 1):
        kernels.bytes_sum(row_of(job, band.x, i), NULL, along.size, sums)
    for i in range(band.first, band.last):
        kernels.bytes_sum(row_of(job, band.x, i - job.across.left + job.across.taps - 1), leaving, along.size, sums)
        leaving = row_of(job, band.x, i - job.across.left)
        kernels.bytes_means(sums, job.across.taps, along.size, means)
        kernels.bytes_margins(along.places, along.left, along.taps - 1 - along.left, along.size, <int>along.value, means)
        kernels.bytes_along(row, along.taps, along.size, aside, band.y + i * job.y_row)


cdef void weigh_band(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const fc_kernels *kernels = job.kernels
    cdef const Axis *along = &job.along
    cdef Band band = band_of(job, task)
    cdef char *sums = scratch + 2 * along.left
    cdef const char **rows = <const char **>(scratch + job.row_bytes)
    cdef Py_ssize_t i, k
    for i in range(band.first, band.last):
        for k in range(job.across.taps):
            rows[k] = row_of(job, band.x, i - job.across.left + k)
        kernels.bytes_weigh_across(<const void *const *>rows, job.weights_across, job.across.taps, along.size, sums)
        kernels.bytes_margins(along.places, along.left, along.taps - 1 - along.left, along.size, 0, sums)
        kernels.bytes_weigh_along(scratch, job.weights_along, along.taps, along.size, job.wide, band.y + i * job.y_row)


cdef void blend_band(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Rows of x are reals in a ring, in which the next one takes the place of the one that leaves."""
    cdef const Job *job = <const Job *>argument
    cdef const fc_kernels *kernels = job.kernels
    cdef const Axis *along = &job.along
    cdef Band band = band_of(job, task)
    cdef Py_ssize_t taps = job.across.taps, reach = band.first - job.across.left, i, k
    cdef char *blended = scratch + sizeof(float) * along.left
    cdef char *result = scratch + job.row_bytes
    cdef char *ring = result + job.row_bytes
    cdef const char **rows = <const char **>(ring + taps * job.row_bytes)
    for i in range(reach, band.last - job.across.left + taps - 1):
        kernels.filter_load(FC_U8, row_of(job, band.x, i), 1, along.size, ring + (i - reach) % taps * job.row_bytes)
        if i - reach < taps - 1:
            continue
        for k in range(taps):
            rows[k] = ring + (i - reach + 1 + k) % taps * job.row_bytes
        kernels.blend(<const void *const *>rows, job.blend_across.weights, job.blend_across.exact, taps, along.size, blended)
        kernels.filter_margins(along.places, along.left, along.taps - 1 - along.left, along.size, along.value, blended)
        for k in range(along.taps):
            rows[k] = scratch + sizeof(float) * k
        kernels.blend(<const void *const *>rows, job.blend_along.weights, job.blend_along.exact, along.taps, along.size,
                      result)
        kernels.filter_store(FC_U8, result, along.size, band.y + (i + job.across.left - taps + 1) * job.y_row, 1)


def fits(Py_ssize_t size, int isa):
    """Return whether means over so many bytes are exact in 16-bit numbers."""
    return kernels_of(isa, 32).bytes_size_fits(size) != 0


cdef Blend blend_of(ndarray weights, ndarray exact) noexcept:
    return Blend(<const float *>cnp.PyArray_DATA(weights), <const double *>cnp.PyArray_DATA(exact))


def filter(ndarray x, ndarray y, int across_axis, across, int along_axis, along, ndarray outside, weights, int isa,
           int threads):
    """Fill y with x filtered along two axes; `across` and `along` have (taps, left, places, value).

    x and y are of one byte an element and of one shape, with elements and no memory in common; those of `along_axis` lie
    together. `outside` is a row of what lies outside the other axis. `weights` are none, for means of uint8, or the two
    filters' weights: int16 for sums of any bytes, outside of which lie elements or zeros, where y may have two bytes if x is
    uint8; float32 and float64, of one filter and of the other, for blends of uint8.
    """
    cdef Job job
    cdef task_t task = mean_band
    cdef Py_ssize_t number = 2, rows = 3, pointers = 0  # bytes of a number, and what a task has
    if len(weights) == 2:
        task, rows, pointers = weigh_band, 1, across.taps
        job.weights_across = <const int16_t *>cnp.PyArray_DATA(<ndarray>weights[0])
        job.weights_along = <const int16_t *>cnp.PyArray_DATA(<ndarray>weights[1])
    elif len(weights) == 4:
        task, number, rows, pointers = blend_band, sizeof(float), 2 + across.taps, max(across.taps, along.taps)
        job.blend_across = blend_of(weights[0], weights[1])
        job.blend_along = blend_of(weights[2], weights[3])
    job.wide = cnp.PyArray_ITEMSIZE(y) == 2
    job.kernels = kernels_of(isa, 32)
    job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
    job.constant = <const char *>cnp.PyArray_DATA(outside)
    set_outer(&job.outer, x, y, tuple([axis for axis in range(x.ndim) if axis != across_axis and axis != along_axis]))
    job.across = axis_of(cnp.PyArray_DIM(x, across_axis), across.taps, across.left, across.places, across.value)
    job.along = axis_of(cnp.PyArray_DIM(x, along_axis), along.taps, along.left, along.places, along.value)
    job.x_row, job.y_row = cnp.PyArray_STRIDE(x, across_axis), cnp.PyArray_STRIDE(y, across_axis)
    job.row_bytes = parts(number * (job.along.size + job.along.taps), 64) * 64
    job.band = max(<Py_ssize_t>BAND, 4 * job.across.taps)
    job.bands = parts(job.across.size, job.band)
    cdef size_t scratch = rows * job.row_bytes + pointers * sizeof(char *)
    run_tasks(task, &job, job.outer.count * job.bands, threads, scratch, cnp.PyArray_SIZE(y) < BRIEF)
