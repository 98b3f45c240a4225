"""Activations element by element or along an axis, gates, softmax and dropout. See src/activation/ and src/stream/pairs.c.

Those that a convolution can apply have exactly the arithmetic that it applies to its sums. A task owns some elements, rows
or neighbouring columns; what dropout draws depends on the logical position of an element alone.

Measured, 4 x 64 x 112 x 112, float, one thread, AVX-512, Sapphire Rapids, PyTorch 2.13's time over ours, side by side on a
busy machine: relu with marks 1.06 ms (0.9), its gradient from them 1.16 ms (1.6), a sum 1.5 ms (1.1).
"""

cimport numpy as cnp
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport FC_GATE, FC_GLU, FC_SUM, fc_activation, fc_curve, fc_kernels, kernels_of

from ._conv import ACTIVATIONS

cnp.import_array()

# In the order of src/fastconv.h.
CURVES = (
    *ACTIVATIONS, "gelu", "gelu_tanh", "elu", "softplus", "mish", "hardtanh", "hardsigmoid", "softsign", "threshold",
    "logsigmoid",
)
CHANNELWISE = ("prelu", "prelu_share", "times")
SOFTMAX = ("softmax", "log_softmax", "softmin")

cdef enum:
    ITEMS = 1 << 15   # of a task
    SERIAL = 1 << 16  # fewer items are not worth a second thread
    COLUMNS = 256     # of a block of softmax


cdef struct Job:
    const fc_kernels *kernels
    fc_activation after
    fc_curve curve
    const char *x
    const char *g
    const char *w
    char *y
    uint8_t *marks
    Py_ssize_t count, itemsize
    int kind
    # runs of `run` items; `together` runs are a task, or `pieces` tasks a run
    Py_ssize_t runs, run, together, pieces
    # along an axis of d
    Py_ssize_t d, inner, width
    # by channel
    Py_ssize_t channels, w_step
    int last
    # dropout
    uint32_t key[4]
    double p
    double keep[4]


cdef inline const char *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return <const char *>cnp.PyArray_DATA(<ndarray>array)


cdef inline const char *offset(const char *array, Py_ssize_t bytes) noexcept nogil:
    if array is NULL:
        return NULL
    return array + bytes


cdef Job job_of(x, g, ndarray y, int isa) noexcept:
    """Return a job on the arrays x and g, of which one may be None, with the result in y."""
    cdef Job job
    job.itemsize = cnp.PyArray_ITEMSIZE(y)
    job.kernels = kernels_of(isa, <int>(8 * job.itemsize))
    job.x, job.g, job.y = data(x), data(g), <char *>cnp.PyArray_DATA(y)
    job.count = cnp.PyArray_SIZE(y)
    return job


cdef void some_items(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS
    job.kernels.activate(&job.after, job.x + start * job.itemsize, job.y + start * job.itemsize,
                         min(<Py_ssize_t>ITEMS, job.count - start))


def activate(ndarray x, ndarray y, str name, double slope, int isa, int threads):
    """Fill y with the activation of x; both C-contiguous, of one dtype and shape, and perhaps the same."""
    cdef Job job = job_of(x, None, y, isa)
    job.after.kind, job.after.slope = ACTIVATIONS.index(name), slope
    run_tasks(some_items, &job, parts(job.count, ITEMS), threads, 0, job.count < 1 << 17)


cdef void some_marked(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS, at = start * job.itemsize, count = min(<Py_ssize_t>ITEMS, job.count - start)
    cdef uint8_t *marks = job.marks + start // 8
    if job.x is not NULL:
        job.kernels.activate_marked(&job.after, job.x + at, job.y + at, marks, count)
    else:
        job.kernels.marked_grad(&job.after, marks, job.g + at, job.y + at, count)


def marked(x, g, ndarray marks, ndarray y, str name, double slope, int isa, int threads):
    """Fill y with the activation of x, and marks, a bit an item, with where the gradient passes; without x, with g's."""
    cdef Job job = job_of(x, g, y, isa)
    job.after.kind, job.after.slope = ACTIVATIONS.index(name), slope
    job.marks = <uint8_t *>cnp.PyArray_DATA(marks)
    run_tasks(some_marked, &job, parts(job.count, ITEMS), threads, 0, job.count < SERIAL)


cdef void some_curve(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS, at = start * job.itemsize, count = min(<Py_ssize_t>ITEMS, job.count - start)
    if job.g is NULL:
        job.kernels.curve(&job.curve, job.x + at, job.y + at, count)
    else:
        job.kernels.curve_grad(&job.curve, job.x + at, job.g + at, job.y + at, count)


def curve(ndarray x, g, ndarray y, str name, tuple numbers, int isa, int threads):
    """Fill y with the activation of x, or with its derivative times g; `numbers` as in src/fastconv.h."""
    cdef Job job = job_of(x, g, y, isa)
    job.curve.kind = CURVES.index(name)
    job.curve.a, job.curve.b, job.curve.c = numbers
    run_tasks(some_curve, &job, parts(job.count, ITEMS), threads, 0, job.count < SERIAL)


cdef void some_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t first = task // job.pieces * job.together, start = task % job.pieces * ITEMS, run, at
    cdef Py_ssize_t end = min(first + job.together, job.runs), count = min(<Py_ssize_t>ITEMS, job.run - start)
    if job.last:
        at = first * job.run * job.itemsize
        job.kernels.channelwise(job.kind, job.x + at, offset(job.g, at), job.w, 0, 1, end - first, job.run, job.y + at)
        return
    for run in range(first, end):
        at = (run * job.run + start) * job.itemsize
        job.kernels.channelwise(job.kind, job.x + at, offset(job.g, at), job.w + run % job.channels * job.w_step, 0, 0, 1,
                                count, job.y + at)


def channelwise(ndarray x, g, ndarray weight, ndarray y, str name, Py_ssize_t channels, Py_ssize_t run, bint last, int isa,
                int threads):
    """Fill y with what a number for each channel makes of x, or of g.

    Channels are `run` items each, one after the other; or the `run` items of a pixel are the channels.
    """
    cdef Job job = job_of(x, g, y, isa)
    if job.count == 0:
        return
    job.kind = CHANNELWISE.index(name)
    job.w, job.channels, job.run, job.last = data(weight), channels, run, last
    job.w_step = job.itemsize if cnp.PyArray_SIZE(weight) > 1 else 0
    job.runs = job.count // run
    job.together, job.pieces = max(ITEMS // run, 1), 1 if last else parts(run, ITEMS)
    run_tasks(some_channels, &job, parts(job.runs, job.together) * job.pieces, threads, 0, job.count < SERIAL)


cdef void some_gates(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t first = task // job.pieces * job.together, start = task % job.pieces * ITEMS, run, size = job.itemsize
    cdef Py_ssize_t half = job.run * size, count = min(<Py_ssize_t>ITEMS, job.run - start), at
    cdef const char *x
    for run in range(first, min(first + job.together, job.runs)):
        at = (run * job.run + start) * size
        x = job.x + run * half + at
        if job.g is NULL:
            job.kernels.pairs(job.kind, x, x + half, job.y + at, count)
        else:
            job.kernels.pairs_grad(job.kind, x, x + half, job.g + at, job.y + run * half + at,
                                   job.y + run * half + at + half, count)


def gate(ndarray x, g, ndarray y, Py_ssize_t runs, bint linear, int isa, int threads):
    """Fill y with tanh(a) * sigmoid(b), linear: a * sigmoid(b), of which a and b follow each other in equal runs of x.

    With g, the gradient of that, y is what x is.
    """
    cdef Job job = job_of(x, g, y, isa)
    if job.count == 0:
        return
    job.kind = FC_GLU if linear else FC_GATE
    job.runs, job.run = runs, cnp.PyArray_SIZE(x) // (2 * runs)
    job.together, job.pieces = max(ITEMS // job.run, 1), parts(job.run, ITEMS)
    run_tasks(some_gates, &job, parts(runs, job.together) * job.pieces, threads, 0, job.count < SERIAL)


cdef void some_sums(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS, at = start * job.itemsize
    job.kernels.pairs(FC_SUM, job.x + at, job.g + at, job.y + at, min(<Py_ssize_t>ITEMS, job.count - start))


def add(ndarray a, ndarray b, ndarray y, int isa, int threads):
    """Fill y with a + b; it may be one of them."""
    cdef Job job = job_of(a, b, y, isa)
    run_tasks(some_sums, &job, parts(job.count, ITEMS), threads, 0, job.count < SERIAL)


cdef void some_softmax(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t first = task // job.pieces * job.together, start = task % job.pieces * job.width, _run
    cdef Py_ssize_t end = min(first + job.together, job.runs), at = first * job.d * job.inner + start
    cdef Py_ssize_t count = min(job.width, job.inner - start)
    cdef const char *x
    cdef const char *g
    cdef char *y
    for _run in range(first, end):
        x, y = job.x + at * job.itemsize, job.y + at * job.itemsize
        g = offset(job.g, at * job.itemsize)
        if job.inner > 1 and g is NULL:
            job.kernels.softmax_columns(job.kind, x, y, job.d, job.inner, count)
        elif job.inner > 1:
            job.kernels.softmax_grad_columns(job.kind, x, g, y, job.d, job.inner, count)
        elif g is NULL:
            job.kernels.softmax_rows(job.kind, x, y, 1, job.d)
        else:
            job.kernels.softmax_grad_rows(job.kind, x, g, y, 1, job.d)
        at += job.d * job.inner


def softmax(ndarray x, g, ndarray y, str name, Py_ssize_t d, Py_ssize_t inner, int isa, int threads):
    """Fill y with a softmax of x along the axis of d, or, x being its result, with the gradient; behind lie `inner`."""
    cdef Job job = job_of(x, g, y, isa)
    if job.count == 0:
        return
    job.kind, job.d, job.inner = SOFTMAX.index(name), d, inner
    job.runs = job.count // (d * inner)
    job.width = min(inner, max(<Py_ssize_t>COLUMNS, ITEMS // d // COLUMNS * COLUMNS))
    job.together, job.pieces = max(ITEMS // (d * job.width), 1), parts(inner, job.width)
    if job.pieces > 1:
        job.together = 1
    run_tasks(some_softmax, &job, parts(job.runs, job.together) * job.pieces, threads, 0, job.count < SERIAL)


cdef void some_dropped(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t start = task * ITEMS, at = start * job.itemsize, count = min(<Py_ssize_t>ITEMS, job.count - start)
    cdef Py_ssize_t pixel, image
    if job.last == 0:
        job.kernels.dropout(job.key, start, 1, job.p, job.keep, job.x + at, job.y + at, count)
        return
    for pixel in range(task * job.together, min((task + 1) * job.together, job.runs)):
        image, at = pixel // job.inner, pixel * job.channels * job.itemsize
        job.kernels.dropout(job.key, image * job.channels * job.inner + pixel % job.inner, job.inner, job.p, job.keep,
                            job.x + at, job.y + at, job.channels)


def dropout(ndarray x, ndarray y, uint64_t seed, uint64_t counter, double p, tuple keep, Py_ssize_t channels,
            Py_ssize_t inner, int isa, int threads):
    """Fill y with a factor and an addend applied to each item of x: the first two of `keep`, or the others where dropped.

    channels > 0: these come last, `inner` pixels an image; what is drawn is that of channels first.
    """
    cdef Job job = job_of(x, None, y, isa)
    cdef Py_ssize_t tasks = parts(job.count, ITEMS)
    if job.count == 0:
        return
    job.key[0], job.key[1], job.key[2], job.key[3] = seed & 0xffffffff, seed >> 32, counter & 0xffffffff, counter >> 32
    job.p = p
    job.keep[0], job.keep[1], job.keep[2], job.keep[3] = keep
    job.last, job.channels, job.inner = channels > 0, channels, inner
    if job.last:
        job.runs, job.together = job.count // channels, max(ITEMS // channels, 1)
        tasks = parts(job.runs, job.together)
    run_tasks(some_dropped, &job, tasks, threads, 0, job.count < SERIAL)


def threefry(key, counter, int isa):
    """Return the four words of one block of the generator that dropout draws from."""
    cdef uint32_t k[4]
    cdef uint32_t c[4]
    cdef uint32_t words[4]
    k[0], k[1], k[2], k[3] = key
    c[0], c[1], c[2], c[3] = counter
    kernels_of(isa, 32).threefry(k, c, words)
    return tuple([words[i] for i in range(4)])
