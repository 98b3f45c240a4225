"""Correlation of an image of any number of axes with one filter that does not fall apart into factors.

The last two axes are rows and columns; a position along the axes before them is an image, and a position of the filter
along those a plane. A task is a band of rows and a strip of columns of one image. It keeps a ring of rows with their border
for each plane, and the rows of outputs of a block read them there, so each row of the input is converted and bordered once a
band and plane. Filters without a zero run in a register tile of several rows (src/filter/rows.c), others tap by tap, and
read nothing at their zeros.

Source: as src/filter/rows.c says.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._image cimport MOST_AXES, Axis, Elements, axis_of, element_of, place_of, stage
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport FC_F32, FC_F64, FC_WILD, fc_kernels, kernels_of

cnp.import_array()

cdef enum:
    BLOCK = 12               # rows of outputs at a time: whole tiles of src/filter/rows.c
    ROOM = 512 << 10        # bytes of scratch that stay in L2
    STRIP = 256              # columns of a task, at least
    WORK = 1 << 21           # multiply-adds of a task, about
    BAND = 16                # rows of a task, at least
    BRIEF = 1 << 15          # multiply-adds for which no other thread is woken


cdef struct Job:
    Elements elements
    int kind_y
    const char *x
    char *y
    const char *constant                  # a row of what lies outside
    int ndim
    Axis axes[MOST_AXES]
    Py_ssize_t x_steps[MOST_AXES]
    Py_ssize_t y_steps[MOST_AXES]
    Py_ssize_t first[MOST_AXES]           # the outputs that are asked for, the first of each axis
    Py_ssize_t sizes[MOST_AXES]           # and how many
    Py_ssize_t planes, taps               # taps: 0 = all are read
    const Py_ssize_t *tap_row
    const Py_ssize_t *tap_column
    const char *weights
    Py_ssize_t band, bands, strip, strips
    Py_ssize_t pitch, row_bytes, scratch  # rows a plane keeps, bytes of one
    bint writes_y


# A task on its way. Rows and columns are counted from the first output asked for.
cdef struct Block:
    char *y
    const char **planes                   # NULL: nothing but the constant
    const char **rows
    char **out
    char *ring
    char *sums
    Py_ssize_t column, columns, row, outputs, staged


cdef void find_planes(const Job *job, Py_ssize_t image, Block *b) noexcept nogil:
    """Find the planes of x that an image of outputs reads, and the image."""
    cdef Py_ssize_t plane, rest, taps, place
    cdef Py_ssize_t index[MOST_AXES]
    cdef int axis
    b.y = job.y
    for axis in range(job.ndim - 3, -1, -1):
        index[axis] = image % job.sizes[axis]
        image //= job.sizes[axis]
        b.y += index[axis] * job.y_steps[axis]
    for plane in range(job.planes):
        b.planes[plane] = job.x
        rest = plane
        for axis in range(job.ndim - 3, -1, -1):
            taps = job.axes[axis].taps
            place = place_of(&job.axes[axis], job.first[axis] + index[axis] - job.axes[axis].left + rest % taps)
            rest //= taps
            if place < 0:
                b.planes[plane] = NULL
            elif b.planes[plane] is not NULL:
                b.planes[plane] += place * job.x_steps[axis]


cdef void stage_rows(const Job *job, Block *b) noexcept nogil:
    """Let b.rows be the rows that a block reads, and stage those that are new."""
    cdef const Axis *across = &job.axes[job.ndim - 2]
    cdef const Axis *along = &job.axes[job.ndim - 1]
    cdef Py_ssize_t first = job.first[job.ndim - 2] + b.row - across.left, reach = across.taps + b.outputs - 1
    cdef Py_ssize_t plane, position, place
    cdef char *slot
    for plane in range(job.planes):
        for position in range(first, first + reach):
            place = place_of(across, position)
            slot = b.ring + (plane * job.pitch + (position + across.left) % job.pitch) * job.row_bytes
            if place < 0 or b.planes[plane] is NULL:
                b.rows[plane * job.pitch + position - first] = job.constant
                continue
            b.rows[plane * job.pitch + position - first] = slot
            if position >= b.staged:
                stage(&job.elements, along, b.planes[plane] + place * job.x_steps[job.ndim - 2], job.x_steps[job.ndim - 1],
                      job.first[job.ndim - 1] + b.column - along.left, b.columns + along.taps - 1, slot)
    b.staged = first + reach


cdef void compute_block(const Job *job, Block *b) noexcept nogil:
    cdef const fc_kernels *kernels = job.elements.kernels
    cdef int across = job.ndim - 2, along = job.ndim - 1
    cdef char *y = b.y + b.row * job.y_steps[across] + b.column * job.y_steps[along]
    cdef Py_ssize_t j
    stage_rows(job, b)
    for j in range(b.outputs):
        b.out[j] = y + j * job.y_steps[across] if job.writes_y else b.sums + j * job.row_bytes
    if job.taps:
        kernels.filter_taps(<const void *const *>b.rows, job.taps, job.tap_row, job.tap_column, job.weights, b.outputs,
                            <void *const *>b.out, b.columns)
    else:
        kernels.filter_rows(<const void *const *>b.rows, job.pitch, job.planes, job.axes[across].taps,
                            job.axes[along].taps, job.weights, b.outputs, <void *const *>b.out, b.columns)
    if not job.writes_y:
        for j in range(b.outputs):
            kernels.filter_store(job.kind_y, b.out[j], b.columns, y + j * job.y_steps[across], job.y_steps[along])


cdef void compute_band(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t band = task // job.strips % job.bands, rows = job.sizes[job.ndim - 2]
    cdef Py_ssize_t last = min((band + 1) * job.band, rows)
    cdef Block b
    b.column = task % job.strips * job.strip
    b.columns = min(job.strip, job.sizes[job.ndim - 1] - b.column)
    b.planes = <const char **>scratch
    b.rows = b.planes + job.planes
    b.out = <char **>b.rows + job.planes * job.pitch
    b.ring = scratch + pointer_bytes(job)
    b.sums = b.ring + job.planes * job.pitch * job.row_bytes
    b.row = band * job.band
    b.staged = job.first[job.ndim - 2] + b.row - job.axes[job.ndim - 2].left
    find_planes(job, task // (job.strips * job.bands), &b)
    while b.row < last:
        b.outputs = min(<Py_ssize_t>BLOCK, last - b.row)
        compute_block(job, &b)
        b.row += BLOCK


cdef Py_ssize_t pointer_bytes(const Job *job) noexcept nogil:
    return parts(job.planes * (job.pitch + 1) + BLOCK, 8) * 64


cdef void split(Job *job, Py_ssize_t taps) noexcept:
    """Choose what a task is, and tell how much scratch it takes."""
    cdef Py_ssize_t size = job.elements.real, rows = job.sizes[job.ndim - 2], columns = job.sizes[job.ndim - 1]
    cdef Py_ssize_t kept = job.planes * job.pitch, kw = job.axes[job.ndim - 1].taps
    job.strip = min(columns, max(ROOM // (kept * size) - kw, <Py_ssize_t>STRIP))
    job.strips = parts(columns, job.strip)
    job.strip = parts(parts(columns, job.strips), 64) * 64 if job.strips > 1 else columns
    job.strips = parts(columns, job.strip)
    job.band = max(min(WORK // (job.strip * taps), rows), max(<Py_ssize_t>BAND, 2 * job.axes[job.ndim - 2].taps))
    job.band = parts(job.band, BLOCK) * BLOCK
    job.bands = parts(rows, job.band)
    job.row_bytes = parts((job.strip + kw) * size, 64) * 64 + 64
    job.scratch = pointer_bytes(job) + (kept + (0 if job.writes_y else BLOCK)) * job.row_bytes


cdef void set_axes(Job *job, ndarray x, ndarray y, tuple axes, tuple first) noexcept:
    cdef int axis
    for axis in range(job.ndim):
        taps, left, places, value = axes[axis]
        job.axes[axis] = axis_of(cnp.PyArray_DIM(x, axis), taps, left, places, value)
        job.x_steps[axis], job.y_steps[axis] = cnp.PyArray_STRIDE(x, axis), cnp.PyArray_STRIDE(y, axis)
        job.first[axis], job.sizes[axis] = first[axis], cnp.PyArray_DIM(y, axis)
        if axis < job.ndim - 2:
            job.planes *= taps


def pitch_of(rows):
    """Return how many rows of a plane are kept for a filter of so many."""
    return rows + BLOCK - 1


def correlate(ndarray x, ndarray y, tuple axes, tuple first, ndarray weights, taps, bint wild, int width, int isa,
              int threads):
    """Fill y with the outputs from `first` on of the correlation of x with a filter.

    `axes` has (taps, left, places, value) for each of the at least two axes. `weights` are reals of `width` bits: of all
    taps in their order, or with `taps`, the pair (row, column) of arrays that src/filter/taps.c reads, of those.
    `wild`: sums may lie beyond 32 bits.
    x and y are native arrays that share no memory and are not empty. Returns the bytes of scratch.
    """
    cdef Job job
    cdef Py_ssize_t column
    cdef char *constant
    job.elements.kernels, job.elements.kind, job.elements.real = kernels_of(isa, width), element_of(x), width // 8
    job.kind_y = element_of(y) + (FC_WILD if wild else 0)
    job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
    job.ndim, job.planes = <int>x.ndim, 1
    set_axes(&job, x, y, axes, first)
    job.pitch = pitch_of(job.axes[job.ndim - 2].taps)
    job.weights = <const char *>cnp.PyArray_DATA(weights)
    job.taps = 0
    if taps is not None:
        job.taps = weights.size
        job.tap_row = <const Py_ssize_t *>cnp.PyArray_DATA(taps[0])
        job.tap_column = <const Py_ssize_t *>cnp.PyArray_DATA(taps[1])
    job.writes_y = job.kind_y == FC_F32 + (width == 64) and job.y_steps[job.ndim - 1] == job.elements.real
    split(&job, weights.size)
    constant = take(job.row_bytes)
    for column in range(job.row_bytes // job.elements.real):
        job.elements.kernels.filter_load(FC_F64, <const char *>&job.axes[0].value, 8, 1,
                                         constant + column * job.elements.real)
    job.constant = constant
    try:
        run_tasks(compute_band, &job, parts(y.size, job.sizes[job.ndim - 1] * job.sizes[job.ndim - 2])
                  * job.bands * job.strips, threads, job.scratch, y.size * weights.size < BRIEF)
    finally:
        give(constant)
    return job.scratch
