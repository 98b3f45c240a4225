"""Normalisation: by moments of a batch, an image, a group of channels or a row, and by the squares in a window.

Computes, source, tile and accuracy: src/norm/*.c. Channels first, a task owns whole groups: their moments and their results,
while they are in cache. Channels last, chunks of rows, whose size depends on the number of channels alone, are summed each
for itself and put together in their order; then their results are made. Rows of layer normalisation share nothing.

Measured, float, one thread, AVX-512, Sapphire Rapids; in parentheses the time of PyTorch 2.13 over ours, side by side:
batch of 64 x 112 x 112, inference 0.33 ms (0.9), training 0.44 ms (2.9), channels last 0.58 ms (1.0), gradients 0.70 ms
(0.8); groups 0.41 ms (0.9); 512 x 768 by rows 0.20 ms (0.8), by root mean square 0.18 ms (2.5); 96 x 55 x 55, windows of 5
across channels 0.45 ms (20), channels last 0.71 ms (14). A copy of the first takes 0.22 ms. Gradients of four images with
the moments kept, on a busy machine: 256 x 56 x 56 (1.3), channels last (1.0), 512 x 28 x 28 (0.9), (1.2), 2048 x 7 x 7
(0.8), (1.0).
"""

cimport numpy as cnp
from numpy cimport ndarray, npy_intp

from ._parallel cimport parts, run_tasks
from ._table cimport fc_kernels, fc_local, fc_norm, kernels_of

cnp.import_array()

cdef enum:
    ITEMS = 1 << 15       # of a task
    SERIAL = 1 << 16      # fewer items are not worth a second thread
    CHUNK_ITEMS = 1 << 16  # of a chunk of rows
    LEAST_ROWS = 64       # of a chunk
    STRIP = 1 << 12       # items of a row of windows that a task takes


cdef struct Job:
    const fc_kernels *kernels
    fc_norm shape
    const char *x
    const char *g
    const char *weight
    const char *bias
    char *y
    double *mean
    double *variance
    double *dw
    double *db
    Py_ssize_t itemsize
    # channels first: `groups` groups, group_items apart; weight and moments of group k are number k % of them
    Py_ssize_t groups, group_items, weights, weight_items, moments, together
    # channels last
    Py_ssize_t images, rows, c, chunk, chunks
    double *partial
    char *folded
    Py_ssize_t folded_rows
    int centred


cdef inline char *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return <char *>cnp.PyArray_DATA(<ndarray>array)


cdef Job job_of(ndarray x, g, weight, bias, y, mean, variance, double eps, bint given, int isa) noexcept:
    """Return a job on these arrays, of which all but x may be None."""
    cdef Job job
    job.itemsize = cnp.PyArray_ITEMSIZE(x)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.x, job.g, job.y, job.weight, job.bias = data(x), data(g), data(y), data(weight), data(bias)
    job.mean, job.variance = <double *>data(mean), <double *>data(variance)
    job.dw = job.db = NULL
    job.shape.eps, job.shape.given = eps, given
    return job


cdef inline const char *offset(const char *array, Py_ssize_t bytes) noexcept nogil:
    if array is NULL:
        return NULL
    return array + bytes


# ---- channels first

cdef void shape_groups(Job *job, Py_ssize_t n, Py_ssize_t c, Py_ssize_t s, Py_ssize_t per) noexcept:
    """Groups of `per` channels of an image, or, per = 0, a channel of all images."""
    if per == 0:
        job.shape.runs, job.shape.run, job.shape.pitch, job.shape.step = n, s, c * s, 0
        job.groups, job.group_items, job.weights, job.weight_items, job.moments = c, s, c, 1, c
    else:
        job.shape.runs, job.shape.run, job.shape.pitch, job.shape.step = per, s, s, 1
        job.groups, job.group_items = n * c // per, per * s
        job.weights, job.weight_items, job.moments = c // per, per, job.groups
    job.together = max(<Py_ssize_t>1, ITEMS // (job.shape.runs * s))


cdef void some_groups(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t k, at, w, m, d
    for k in range(task * job.together, min((task + 1) * job.together, job.groups)):
        at, w = k * job.group_items * job.itemsize, k % job.weights * job.weight_items * job.itemsize
        m, d = k % job.moments, k * job.weight_items
        if job.g is NULL:
            job.kernels.norm_planes(&job.shape, job.x + at, offset(job.weight, w), offset(job.bias, w), job.mean + m,
                                    job.variance + m, <char *>offset(job.y, at))
        else:
            job.kernels.norm_planes_grad(&job.shape, job.x + at, job.g + at, offset(job.weight, w), job.mean + m,
                                         job.variance + m, <char *>offset(job.y, at), job.dw + d, job.db + d)


cdef int run_groups(Job *job, int threads) except -1:
    cdef bint brief = <double>job.groups * job.shape.runs * job.shape.run < SERIAL
    return run_tasks(some_groups, job, parts(job.groups, job.together), threads, 0, brief)


# ---- channels last

cdef void shape_rows(Job *job, Py_ssize_t n, Py_ssize_t c, Py_ssize_t s, Py_ssize_t per,
                     Py_ssize_t folded_rows) noexcept:
    """Groups as above, of columns."""
    job.images, job.rows = n, s
    if per == 0:
        job.images, job.rows = 1, n * s
    job.c, job.together, job.folded_rows = c, max(per, <Py_ssize_t>1), folded_rows
    job.chunk = max(<Py_ssize_t>LEAST_ROWS, CHUNK_ITEMS // c // LEAST_ROWS * LEAST_ROWS)
    job.chunks = parts(job.rows, job.chunk)
    job.moments = 0 if job.shape.given else c // job.together


cdef void some_sums(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // job.chunks, row = task % job.chunks * job.chunk, rows = min(job.chunk, job.rows - row)
    cdef Py_ssize_t at = (image * job.rows + row) * job.c * job.itemsize
    cdef double *partial = job.partial + 2 * task * job.c
    if job.g is NULL:
        job.kernels.norm_rows_moments(job.x + at, job.x + image * job.rows * job.c * job.itemsize, rows, job.c, partial)
    else:
        job.kernels.norm_rows_sums(job.x + at, job.g + at, rows, job.c, job.together, job.mean + image * job.moments,
                                   partial)


cdef void fold_image(void *argument, Py_ssize_t image, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef const double *partial = job.partial + 2 * image * job.chunks * job.c
    cdef double *mean = job.mean + image * job.moments
    cdef double *variance = job.variance + image * job.moments
    cdef char *folded = job.folded + image * job.folded_rows * job.c * job.itemsize
    if job.g is not NULL:
        job.kernels.norm_rows_fold_grad(partial, job.chunks, job.rows, job.c, job.together, job.shape.eps, job.shape.given,
                                        job.weight, mean, variance, folded, job.dw + image * job.c, job.db + image * job.c)
        return
    if not job.shape.given:
        job.kernels.norm_rows_merge(partial, job.x + image * job.rows * job.c * job.itemsize, job.chunks, job.chunk,
                                    job.rows, job.c, job.together, mean, variance)
    job.kernels.norm_rows_fold(job.c, job.together, job.shape.eps, job.weight, job.bias, mean, variance, folded)


cdef void some_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // job.chunks, row = task % job.chunks * job.chunk, rows = min(job.chunk, job.rows - row)
    cdef Py_ssize_t at = (image * job.rows + row) * job.c * job.itemsize
    cdef const char *folded = job.folded + image * job.folded_rows * job.c * job.itemsize
    if job.g is NULL:
        job.kernels.norm_rows_apply(job.x + at, rows, job.c, folded, job.y + at)
    else:
        job.kernels.norm_rows_apply_grad(job.x + at, job.g + at, rows, job.c, folded, job.shape.given, job.y + at)


cdef int run_rows(Job *job, ndarray x, int threads) except -1:
    cdef npy_intp count = 2 * job.images * job.chunks * job.c, folded = job.images * job.folded_rows * job.c
    cdef ndarray partial = <ndarray>cnp.PyArray_EMPTY(1, &count, cnp.NPY_DOUBLE, 0)
    cdef ndarray constants = <ndarray>cnp.PyArray_EMPTY(1, &folded, cnp.PyArray_TYPE(x), 0)
    cdef Py_ssize_t tasks = job.images * job.chunks
    cdef bint brief = cnp.PyArray_SIZE(x) < SERIAL
    job.partial, job.folded = <double *>data(partial), data(constants)
    if job.g is not NULL or not job.shape.given:
        run_tasks(some_sums, job, tasks, threads, 0, brief)
    run_tasks(fold_image, job, job.images, threads, 0, brief)
    if job.y is not NULL:
        run_tasks(some_rows, job, tasks, threads, 0, brief)
    return 0


def normalize(ndarray x, weight, bias, ndarray mean, ndarray variance, y, tuple sizes, Py_ssize_t per, double eps,
              bint given, bint last, int isa, int threads):
    """Fill y, and mean and variance (doubles, one a group) unless they are given: one a channel.

    sizes: n, c and the pixels of a plane, as x has them, or `last` with the channels last. per: channels of a group within
    an image, 0 for one channel of all images.
    """
    cdef Job job = job_of(x, None, weight, bias, y, mean, variance, eps, given, isa)
    cdef Py_ssize_t n, c, s
    n, c, s = sizes
    if last or s == 1:
        shape_rows(&job, n, c, s, per, 3)
        run_rows(&job, x, threads)
        return
    shape_groups(&job, n, c, s, 1 if given else per)
    if given:
        job.moments = c
    run_groups(&job, threads)


def normalize_grad(ndarray x, ndarray g, weight, ndarray mean, ndarray variance, y, ndarray dw, ndarray db, tuple sizes,
                   Py_ssize_t per, double eps, bint given, bint last, int isa, int threads):
    """Fill y, if there, with the gradient of x, and dw and db (doubles): one a channel, of each image if per > 0."""
    cdef Job job = job_of(x, g, weight, None, y, mean, variance, eps, given, isa)
    cdef Py_ssize_t n, c, s
    n, c, s = sizes
    job.dw, job.db = <double *>data(dw), <double *>data(db)
    if last or s == 1:
        shape_rows(&job, n, c, s, per, 4)
        run_rows(&job, x, threads)
        return
    shape_groups(&job, n, c, s, per)
    run_groups(&job, threads)


# ---- rows

cdef void some_layers(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task * job.together, rows = min(job.together, job.rows - row), at = row * job.c * job.itemsize
    if job.g is NULL:
        job.kernels.norm_layer(job.x + at, rows, job.c, job.centred, job.shape.eps, job.weight, job.bias, job.y + at)
    else:
        job.kernels.norm_layer_grad(job.x + at, job.g + at, rows, job.c, job.centred, job.shape.eps, job.weight,
                                    job.mean + 2 * row, <char *>offset(job.y, at))


cdef void some_columns(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t column = task * LEAST_ROWS, at = column * job.itemsize
    job.kernels.norm_layer_grad_weight(job.x + at, job.g + at, job.rows, job.c, min(<Py_ssize_t>LEAST_ROWS, job.c - column),
                                       job.mean, job.dw + column, job.db + column)


def layer(ndarray x, weight, bias, ndarray y, Py_ssize_t c, bint centred, double eps, int isa, int threads):
    """Fill y with rows of c normalised each for itself, less their mean if `centred`."""
    cdef Job job = job_of(x, None, weight, bias, y, None, None, eps, False, isa)
    job.rows, job.c, job.centred = cnp.PyArray_SIZE(x) // c, c, centred
    job.together = max(<Py_ssize_t>1, ITEMS // c)
    run_tasks(some_layers, &job, parts(job.rows, job.together), threads, 0, cnp.PyArray_SIZE(x) < SERIAL)


def layer_grad(ndarray x, ndarray g, weight, y, dw, db, Py_ssize_t c, bint centred, double eps, int isa, int threads):
    """Fill y, if it is there, with the gradient of x, and dw and db (doubles), if they are."""
    cdef Job job = job_of(x, g, weight, None, y, None, None, eps, False, isa)
    job.rows, job.c, job.centred = cnp.PyArray_SIZE(x) // c, c, centred
    job.together = max(<Py_ssize_t>1, ITEMS // c)
    cdef npy_intp count = 2 * job.rows
    cdef ndarray stats = <ndarray>cnp.PyArray_EMPTY(1, &count, cnp.NPY_DOUBLE, 0)
    job.mean, job.dw, job.db = <double *>data(stats), <double *>data(dw), <double *>data(db)
    run_tasks(some_layers, &job, parts(job.rows, job.together), threads, 0, cnp.PyArray_SIZE(x) < SERIAL)
    if dw is not None:
        run_tasks(some_columns, &job, parts(c, LEAST_ROWS), threads, 0, cnp.PyArray_SIZE(x) < SERIAL)


# ---- windows

cdef struct Windows:
    const fc_kernels *kernels
    fc_local shape
    const char *x
    const char *g
    char *part
    char *y
    Py_ssize_t itemsize, volume, strip, strips, rows, blocks


cdef void some_windows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Windows *job = <const Windows *>argument
    cdef Py_ssize_t row = task % job.blocks * job.rows, row_end = min(row + job.rows, job.shape.d * job.shape.h)
    cdef Py_ssize_t start = task // job.blocks % job.strips * job.strip
    cdef Py_ssize_t at = (task // (job.blocks * job.strips) * job.volume + start) * job.itemsize
    cdef fc_local shape = job.shape
    shape.w = min(job.strip, shape.w - start)
    if job.part is NULL:
        job.kernels.local_norm(&shape, job.x + at, job.y + at, row, row_end, scratch)
    elif job.g is not NULL:
        job.kernels.local_norm_parts(&shape, job.x + at, job.g + at, job.part + at, job.y + at, row, row_end, scratch)
    else:
        job.kernels.local_norm_grad(&shape, job.x + at, job.part + at, job.y + at, row, row_end, scratch)


def local(ndarray x, g, part, ndarray y, tuple sizes, tuple window, tuple before, tuple numbers, int isa, int threads):
    """Fill y with x over a power of the squares in windows; with g, the gradient of that: `part` is an array like x to use.

    sizes: volumes, their d, h and w, and the step along a row; window and before: by axis; numbers: k, scale, beta.
    """
    cdef Windows job
    cdef fc_local *s = &job.shape
    cdef Py_ssize_t volumes
    job.itemsize = cnp.PyArray_ITEMSIZE(x)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.x, job.g, job.part, job.y = data(x), data(g), data(part), data(y)
    volumes, s.d, s.h, s.w, s.step = sizes
    s.size_d, s.size_h, s.size_w = window
    s.before_d, s.before_h, s.before_w = before
    s.k, s.scale, s.beta = numbers
    s.pitch, job.volume = s.w, s.d * s.h * s.w
    job.strip = min(s.w, <Py_ssize_t>STRIP) if s.size_w == 1 else s.w
    job.strips = parts(s.w, job.strip)
    job.rows = max(<Py_ssize_t>1, min(s.d * s.h, ITEMS // job.strip))
    job.blocks = parts(s.d * s.h, job.rows)
    cdef Py_ssize_t tasks = volumes * job.blocks * job.strips
    cdef size_t line = (job.strip + (s.size_w - 1) * s.step) * job.itemsize
    cdef bint brief = cnp.PyArray_SIZE(x) < SERIAL
    run_tasks(some_windows, &job, tasks, threads, line, brief)
    if part is not None:
        job.g = NULL
        s.before_d, s.before_h = s.size_d - 1 - s.before_d, s.size_h - 1 - s.before_h
        s.before_w = s.size_w - 1 - s.before_w
        run_tasks(some_windows, &job, tasks, threads, line, brief)


# ---- contrast

cdef struct Contrast:
    const fc_kernels *kernels
    const char *a
    const char *b
    const char *c
    const char *d
    char *y
    char *z
    int kind
    Py_ssize_t itemsize, channels, pixel, channel, pixels, image, h, w, reach, together, blocks


cdef Contrast contrast_of(ndarray a, tuple sizes, bint last, int isa):
    """Return a job on images of these n, c, h and w."""
    cdef Contrast job
    job.itemsize = cnp.PyArray_ITEMSIZE(a)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.channels, job.h, job.w = sizes[1:]
    job.pixels = job.h * job.w
    job.pixel, job.channel = 1, job.pixels
    if last:
        job.pixel, job.channel = job.channels, 1
    job.image = job.channels * job.pixels
    job.a, job.b, job.c, job.d, job.y, job.z = data(a), NULL, NULL, NULL, NULL, NULL
    job.together = max(<Py_ssize_t>1, ITEMS // job.channels)
    job.blocks = parts(job.pixels, job.together)
    return job


cdef void mean_pixels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Contrast *job = <const Contrast *>argument
    cdef Py_ssize_t image = task // job.blocks, begin = task % job.blocks * job.together
    cdef Py_ssize_t whole = image * job.image * job.itemsize, plane = image * job.pixels * job.itemsize
    job.kernels.contrast_mean(job.kind, job.a + whole, offset(job.b, whole), job.channels, job.pixel, job.channel, begin,
                              min(begin + job.together, job.pixels), job.y + plane)


cdef void subtract_pixels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Contrast *job = <const Contrast *>argument
    cdef Py_ssize_t image = task // job.blocks, begin = task % job.blocks * job.together
    cdef Py_ssize_t whole = image * job.image * job.itemsize, plane = image * job.pixels * job.itemsize
    job.kernels.contrast_subtract(job.a + whole, job.b + plane, job.channels, job.pixel, job.channel, begin,
                                  min(begin + job.together, job.pixels), job.y + whole, job.z + plane)


cdef void combine_pixels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Contrast *job = <const Contrast *>argument
    cdef Py_ssize_t image = task // job.blocks, begin = task % job.blocks * job.together
    cdef Py_ssize_t whole = image * job.image * job.itemsize, plane = image * job.pixels * job.itemsize
    job.kernels.contrast_combine(job.a + whole, offset(job.b, plane), offset(job.c, whole), offset(job.d, plane),
                                 job.channels, job.pixel, job.channel, begin, min(begin + job.together, job.pixels),
                                 job.y + whole)


cdef void smooth_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Contrast *job = <const Contrast *>argument
    cdef Py_ssize_t plane = task // job.blocks * job.pixels * job.itemsize, row = task % job.blocks * job.together
    job.kernels.contrast_smooth(job.a + plane, job.b, job.c, job.d, job.reach, job.h, job.w, row,
                                min(row + job.together, job.h), job.y + plane, scratch)


def channel_mean(ndarray a, b, ndarray y, tuple sizes, bint last, int isa, int threads):
    """Fill planes y with means over channels of a, or, where there is a b, with sums of a * b."""
    cdef Contrast job = contrast_of(a, sizes, last, isa)
    job.b, job.y, job.kind = data(b), data(y), b is not None
    run_tasks(mean_pixels, &job, <Py_ssize_t>sizes[0] * job.blocks, threads, 0, cnp.PyArray_SIZE(a) < SERIAL)


def subtract(ndarray x, ndarray smooth, ndarray v, ndarray squares, tuple sizes, bint last, int isa, int threads):
    """Fill v with x less planes, and planes with the mean over channels of its squares."""
    cdef Contrast job = contrast_of(x, sizes, last, isa)
    job.b, job.y, job.z = data(smooth), data(v), data(squares)
    run_tasks(subtract_pixels, &job, <Py_ssize_t>sizes[0] * job.blocks, threads, 0, cnp.PyArray_SIZE(x) < SERIAL)


def combine(ndarray a, divisor, b, factor, ndarray y, tuple sizes, bint last, int isa, int threads):
    """Fill y with a / divisor + b * factor; planes divisor and factor, and b, may be None."""
    cdef Contrast job = contrast_of(a, sizes, last, isa)
    job.b, job.c, job.d, job.y = data(divisor), data(b), data(factor), data(y)
    run_tasks(combine_pixels, &job, <Py_ssize_t>sizes[0] * job.blocks, threads, 0, cnp.PyArray_SIZE(a) < SERIAL)


def smooth(ndarray x, inner, outer, ndarray taps, ndarray y, tuple sizes, int isa, int threads):
    """Fill planes y with planes x, over `inner`, smoothed by taps along both axes, over `outer`: one plane, or None."""
    cdef Contrast job = contrast_of(x, sizes, False, isa)
    job.b, job.c, job.d, job.y = data(inner), data(outer), data(taps), data(y)
    job.reach = cnp.PyArray_SIZE(taps) // 2
    job.together = max(<Py_ssize_t>1, ITEMS // (job.w * (2 * job.reach + 1)))
    job.blocks = parts(job.h, job.together)
    run_tasks(smooth_rows, &job, <Py_ssize_t>sizes[0] * job.blocks, threads, (job.w + 2 * job.reach) * job.itemsize,
              cnp.PyArray_SIZE(x) < SERIAL)
