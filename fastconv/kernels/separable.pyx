"""Filters that run along one axis after the other, one or two axes in a sweep over an image of any number of axes.

A task is a band of rows of one plane. Of two axes, the one across the rows comes first: its rows of sums stay in cache, get
their border, and the one along the rows reads them there. Rows of the input that are reals already are read where they lie;
others are converted once a band, into a ring of as many rows as the filter reaches.

A sweep across the rows alone may write to its own input: its tasks are then strips of columns, each of which is copied
before it is written. A sweep along the rows reads whole rows before it writes them.

Source: separable filters as Getreuer, IPOL 3 (2013) has them, section 2; means as src/filter/box.c says.
"""

cimport numpy as cnp
from numpy cimport ndarray

from ._image cimport Axis, Elements, Outer, axis_of, element_of, offset_of, place_of, set_outer, stage
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport FC_F32, FC_F64, FC_WILD, fc_kernels, kernels_of

cnp.import_array()

cdef enum:
    BLOCK = 4            # rows of outputs at a time; a mean's block is as many rows as its window has, or the image
    NEAR = 40 << 10      # bytes of the rows that a sweep along two axes has in work, which L1 should hold
    NEAR_LEAST = 1024    # of one of these rows
    STRIP = 4096         # bytes of a row that a task takes of a sweep across the rows alone,
    STRIP_LEAST = 128    # and fewer where it has a copy of all rows,
    ROOM = 512 << 10     # which then is at most that large
    PIECE = 1 << 15      # columns of a task of a sweep along the rows, where rows are longer
    BAND = 32            # rows of a task, at least
    WORK = 1 << 20       # multiply-adds of a task, about
    BRIEF = 1 << 15      # multiply-adds for which no other thread is woken


# One axis of a sweep. taps = 0: the filter does not run along it; weights NULL: the mean of `taps` elements.
cdef struct Line:
    Axis axis
    const char *weights
    Py_ssize_t step_x, step_y  # bytes


cdef struct Job:
    Elements elements
    int kind_y
    const char *x
    char *y
    const char *constant       # a row of what lies outside the axis across the rows
    Outer outer
    Line across, along
    Py_ssize_t block, band, bands
    Py_ssize_t strip, strips, widest                # columns; the last strip is the widest
    Py_ssize_t ring, ring_row, middle_row, scratch  # rows, and bytes
    bint reads_x, writes_y, in_place, rounds


# A block of rows on its way through a task.
cdef struct Block:
    const char *x
    char *y
    Py_ssize_t column, columns, row, outputs
    Py_ssize_t first, width    # columns of the sums across the rows
    Py_ssize_t staged          # rows before this one are in the ring
    char *ring
    char *middle               # rows of sums with the columns around them that the filter along the rows reads
    char *sums                 # rows of results that are not yet elements of y
    const char **rows
    char **out


cdef bint is_mean(const Line *line) noexcept nogil:
    return line.axis.taps > 0 and line.weights is NULL


cdef const char *source_row(const Job *job, Block *b, Py_ssize_t position) noexcept nogil:
    """Return a row of the input as reals; positions come in ascending order."""
    cdef Py_ssize_t at = place_of(&job.across.axis, position)
    cdef char *slot
    if at < 0:
        return job.constant
    if job.reads_x:
        return b.x + at * job.across.step_x + b.first * job.elements.real
    if job.in_place:
        return b.ring + at * job.ring_row
    slot = b.ring + (position + job.across.axis.left) % job.ring * job.ring_row
    if position >= b.staged:
        job.elements.kernels.filter_load(job.elements.kind, b.x + at * job.across.step_x + b.first * job.along.step_x,
                                         job.along.step_x, b.width, slot)
        b.staged = position + 1
    return slot


cdef void run_across(const Job *job, Block *b) noexcept nogil:
    """Fill b.out, rows of reals."""
    cdef const fc_kernels *kernels = job.elements.kernels
    cdef const Axis *axis = &job.across.axis
    cdef Py_ssize_t j
    for j in range(b.outputs + axis.taps - 1):
        b.rows[j] = source_row(job, b, b.row - axis.left + j)
    if is_mean(&job.across):
        kernels.box_across(<const void *const *>b.rows, axis.taps, b.outputs, <void *const *>b.out, b.width)
    else:
        kernels.filter_rows(<const void *const *>b.rows, 0, 1, axis.taps, 1, job.across.weights, b.outputs,
                            <void *const *>b.out, b.width)


cdef void run_along(const Job *job, Block *b) noexcept nogil:
    """Fill b.out from rows of b.middle that have their border."""
    cdef const fc_kernels *kernels = job.elements.kernels
    cdef Py_ssize_t j, taps = job.along.axis.taps
    for j in range(b.outputs):
        if is_mean(&job.along):
            kernels.box_along(b.middle + j * job.middle_row, taps, b.out[j], b.columns)
        b.rows[j] = b.middle + j * job.middle_row
    if not is_mean(&job.along):
        kernels.filter_rows(<const void *const *>b.rows, 0, 1, 1, taps, job.along.weights, b.outputs, <void *const *>b.out,
                            b.columns)


cdef void point_out(const Job *job, Block *b) noexcept nogil:
    """Let b.out be where the sweep's results go: y's rows, or others that are stored from there."""
    cdef Py_ssize_t j
    for j in range(b.outputs):
        if job.writes_y:
            b.out[j] = b.y + (b.row + j) * job.across.step_y + b.column * job.elements.real
        else:
            b.out[j] = b.sums + j * job.ring_row


cdef void sum_across(const Job *job, Block *b) noexcept nogil:
    """Fill b.middle with rows of sums across the rows, and with the border of those that begin or end a row."""
    cdef const fc_kernels *kernels = job.elements.kernels
    cdef const Axis *along = &job.along.axis
    cdef Py_ssize_t size = job.elements.real, j
    cdef Py_ssize_t before = max(along.left - b.column, <Py_ssize_t>0)
    cdef Py_ssize_t behind = max(b.column + b.columns + along.taps - 1 - along.left - along.size, <Py_ssize_t>0)
    for j in range(b.outputs):
        b.out[j] = b.middle + j * job.middle_row + before * size
    run_across(job, b)
    for j in range(b.outputs):
        if job.rounds:
            kernels.filter_round(job.kind_y, b.out[j], b.width)
        kernels.filter_margins(along.places + along.left - before, before, behind, along.size, along.value,
                               b.out[j] - b.first * size)


cdef void compute_block(const Job *job, Block *b) noexcept nogil:
    cdef const Axis *along = &job.along.axis
    cdef Py_ssize_t j
    if along.taps and job.across.axis.taps:
        sum_across(job, b)
    elif along.taps:
        for j in range(b.outputs):
            stage(&job.elements, along, b.x + (b.row + j) * job.across.step_x, job.along.step_x, b.column - along.left,
                  b.columns + along.taps - 1, b.middle + j * job.middle_row)
    point_out(job, b)
    if along.taps:
        run_along(job, b)
    else:
        run_across(job, b)
    if not job.writes_y:
        for j in range(b.outputs):
            job.elements.kernels.filter_store(job.kind_y, b.out[j], b.columns, b.y + (b.row + j) * job.across.step_y
                                              + b.column * job.along.step_y, job.along.step_y)


cdef void compute_band(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t image = task // (job.strips * job.bands), band = task // job.strips % job.bands, row
    cdef Py_ssize_t size = job.across.axis.size, last = min((band + 1) * job.band, size)
    cdef Py_ssize_t reach = job.block + max(job.across.axis.taps, <Py_ssize_t>1)
    cdef Block b
    b.x = job.x + offset_of(&job.outer, job.outer.x_steps, image)
    b.y = job.y + offset_of(&job.outer, job.outer.y_steps, image)
    b.column = task % job.strips * job.strip
    b.columns = job.strip if task % job.strips < job.strips - 1 else job.along.axis.size - b.column
    b.first, b.width = b.column, b.columns
    if job.along.axis.taps:
        b.first = max(b.column - job.along.axis.left, <Py_ssize_t>0)
        b.width = min(b.column + b.columns + job.along.axis.taps - 1 - job.along.axis.left, job.along.axis.size) - b.first
    b.rows = <const char **>scratch
    b.out = <char **>scratch + reach
    b.ring = scratch + (reach + job.block + 7) // 8 * 64
    b.middle = b.ring + job.ring * job.ring_row + (-job.along.axis.left * job.elements.real) % 64
    b.sums = b.ring + job.ring * job.ring_row + (job.block * job.middle_row if job.along.axis.taps else 0)
    b.staged = -job.across.axis.left + band * job.band
    if job.in_place:
        for row in range(size):
            job.elements.kernels.filter_load(job.elements.kind, b.x + row * job.across.step_x + b.column * job.along.step_x,
                                             job.along.step_x, b.columns, b.ring + row * job.ring_row)
    b.row = band * job.band
    while b.row < last:
        b.outputs = min(job.block, last - b.row)
        compute_block(job, &b)
        b.row += job.block


cdef Line line_of(ndarray x, ndarray y, axis, filter) except *:
    """Describe an axis of x and y, None for one of a single element, and the filter along it."""
    cdef Line line
    size = 1 if axis is None else y.shape[axis]
    line.weights = NULL
    if filter is None:
        line.axis = axis_of(size, 0, 0, None, 0)
    else:
        line.axis = axis_of(size, filter.taps, filter.left, filter.places, filter.value)
        if filter.weights is not None:
            line.weights = <const char *>cnp.PyArray_DATA(filter.weights)
    line.step_x = 0 if axis is None else cnp.PyArray_STRIDE(x, axis)
    line.step_y = 0 if axis is None else cnp.PyArray_STRIDE(y, axis)
    return line


cdef bint is_near(const Axis *axis) noexcept:
    """Whether what lies outside an axis repeats elements no further from its ends than the filter reaches."""
    cdef Py_ssize_t i, right = axis.taps - 1 - axis.left
    for i in range(axis.left):
        if axis.places[i] >= axis.taps:
            return False
    for i in range(axis.left, axis.left + right):
        if 0 <= axis.places[i] < axis.size - axis.taps:
            return False
    return True


cdef Py_ssize_t wanted_strip(const Job *job, bint same) noexcept:
    """Return how many columns a task should take."""
    cdef Py_ssize_t size = job.elements.real, columns = job.along.axis.size, rows = job.across.axis.size, strip
    if not job.along.axis.taps:
        strip = STRIP
        if job.in_place:
            strip = max(min(strip, ROOM // rows), <Py_ssize_t>STRIP_LEAST)
        return strip // size
    if not job.across.axis.taps:
        return columns if same else PIECE
    if not is_near(&job.along.axis):
        return columns
    strip = max(NEAR // (job.across.axis.taps + 3 * job.block), <Py_ssize_t>NEAR_LEAST) // size
    return max(strip, 8 * job.along.axis.taps)


cdef void split(Job *job, bint same) noexcept:
    """Choose what a task is."""
    cdef Py_ssize_t columns = job.along.axis.size, rows = job.across.axis.size
    cdef Py_ssize_t taps = job.across.axis.taps + job.along.axis.taps
    job.in_place = same and job.across.axis.taps
    job.block = min(job.across.axis.taps, rows) if is_mean(&job.across) else BLOCK
    job.strips = max(columns // wanted_strip(job, same), <Py_ssize_t>1)
    job.strip = columns // job.strips
    if job.strips > 1:
        job.strip -= job.strip % (64 if job.strip >= 128 else 16)  # whole tiles, or vectors
    job.widest = columns - (job.strips - 1) * job.strip
    job.band = max(min(WORK // (job.strip * taps), rows), max(<Py_ssize_t>BAND, 4 * job.across.axis.taps))
    job.band = rows if job.in_place else parts(job.band, job.block) * job.block
    job.bands = max(parts(rows, max(job.band, <Py_ssize_t>1)), <Py_ssize_t>1)


cdef void measure(Job *job) noexcept:
    """Tell how much scratch a task takes."""
    cdef Py_ssize_t size = job.elements.real, taps = job.across.axis.taps
    cdef Py_ssize_t reach = job.block + max(taps, <Py_ssize_t>1)
    job.ring_row = parts((job.widest + job.along.axis.taps) * size, 64) * 64
    if job.ring_row % 4096 == 0:
        job.ring_row += 64  # rows that begin at the same place of a page would share few sets of L1
    job.middle_row = job.ring_row + 128  # its first column is on a line, whatever lies before it
    job.ring = job.across.axis.size if job.in_place else 0 if job.reads_x or not taps else reach
    job.scratch = (reach + job.block + 7) // 8 * 64 + job.ring * job.ring_row
    if job.along.axis.taps:
        job.scratch += job.block * job.middle_row
    if not job.writes_y:
        job.scratch += job.block * job.ring_row


def sweep(ndarray x, ndarray y, across_axis, across, along_axis, along, bint rounds, bint wild, int width, int isa,
          int threads):
    """Fill y with x filtered along one or two axes.

    `across` and `along` are filters (taps, left, places, value, weights as reals of `width` bits or None) or None, along an
    axis of any kind and along the last in memory. x and y are native arrays of one shape with elements; y may be x if only
    one of the two filters is given. `rounds`: between the two, as storing would.
    `wild`: sums may lie beyond 32 bits. Returns the bytes of scratch.
    """
    cdef Job job
    cdef char *constant = NULL
    cdef Py_ssize_t column
    job.elements.kernels, job.elements.kind, job.elements.real = kernels_of(isa, width), element_of(x), width // 8
    job.kind_y = element_of(y) + (FC_WILD if wild else 0)
    job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
    set_outer(&job.outer, x, y, tuple([a for a in range(x.ndim) if a != across_axis and a != along_axis]))
    job.across, job.along = line_of(x, y, across_axis, across), line_of(x, y, along_axis, along)
    job.reads_x = x is not y and job.elements.kind == FC_F32 + (width == 64) and job.along.step_x == job.elements.real
    job.writes_y = job.kind_y == FC_F32 + (width == 64) and job.along.step_y == job.elements.real
    job.rounds = rounds and element_of(y) not in (FC_F32, FC_F64)
    split(&job, x is y)
    measure(&job)
    if across is not None:
        constant = take(job.ring_row)
        for column in range(job.ring_row // job.elements.real):
            job.elements.kernels.filter_load(FC_F64, <const char *>&job.across.axis.value, 8, 1,
                                             constant + column * job.elements.real)
    job.constant = constant
    try:
        run_tasks(compute_band, &job, job.outer.count * job.bands * job.strips, threads, job.scratch,
                  y.size * (job.across.axis.taps + job.along.axis.taps) < BRIEF)
    finally:
        if constant is not NULL:
            give(constant)
    return job.scratch
