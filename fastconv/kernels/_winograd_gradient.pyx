"""The gradient of 3x3 filters by the adjoint of Winograd's F(4x4, 3x3): dw = G^T [sum (A dy A^T) . (B^T d B)] G.

Source: Lavin & Gray, arXiv 1509.09308, section 4.1: y = A^T [(G w G^T) . (B^T d B)] A is linear in w, and this is the
transpose of that map. Computes, layout and accuracy: src/winograd/input.c and products.c; the products between them sum over
tiles (src/gemm/outer_product.c), a quarter of the multiplications that the definition has.

Some tiles at a time, of all images, are transformed for all channels of input and gradient; then each task sums the products
of some output and input channels, all points of them, and adds what they make of the filters to dw. Tiles of a round depend
on the shape alone, so bits depend on neither tasks nor threads. With dilation, tiles lie on the grids of every dilation-th
row and column, as in _winograd.pyx.
"""

from libc.string cimport memset

from ._dense_gradient cimport output_shape
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_conv, fc_kernels, fc_run

from ._cost import machine_of, vectors

cdef extern from "fastconv.h":
    enum: FC_F4X3, FC_GRAD4X3

cdef enum:
    OUTPUTS = 4
    POINTS = 36
    SEGMENT = 32            # src/winograd/transform.h
    STAGE = 6 * SEGMENT     # vectors of the stage
    RUN_TILES = 7           # of one call of a transform
    ROUND = 128             # tiles
    RUN = 192               # tiles whose panel of vectors stays in L1
    BLOCK = 64              # channels of a task on either side: its sums stay in L2
    SHARES = 8              # of the rounds, where a task works for itself
    OWN_ROUND = 64          # tiles, then: they and the sums stay in L2
    WAVE = 8                # rounds of a task, after which signals are looked for


# Cycles: what a vector of filters takes to be made of its products, and a pixel's vector where it is picked alone; and by
# how much 36 points of every tile at once crowd the caches.
FILTERS, PICKED, CROWDED = 200.0, 14.0, 1.15


def worth(spec, isa):
    """Return whether this is expected to be faster than summing directly; it looks at neither n nor threads."""
    if spec.kernel != (1, 3, 3) or spec.stride[1:] != (1, 1):
        return False
    machine = machine_of(isa)
    (od, oh, ow), (_, dh, dw) = spec.output, spec.dilation
    c_out = spec.c_out // spec.groups
    wide, deep = vectors(machine, spec, spec.c_in // spec.groups), vectors(machine, spec, c_out)
    product = c_out * wide * machine.step
    tiles = od * min(dh, oh) * min(dw, ow) * -(-oh // (OUTPUTS * dh)) * -(-ow // (OUTPUTS * dw))
    tile = POINTS * CROWDED * (product + (wide + deep) * machine.point)
    if dw > 1 and not spec.channels_last:
        tile += OUTPUTS * OUTPUTS * (wide + deep) * PICKED
    return tiles * tile + c_out * wide * FILTERS < od * oh * ow * (9 * product + (wide + deep) * machine.turn)


cdef struct Job:
    const fc_conv *shape
    const fc_conv *out
    const fc_kernels *kernels
    Py_ssize_t itemsize, c_in, c_out
    const char *x
    const char *dy
    char *dw
    char *v
    char *w
    Py_ssize_t v_tile, w_tile, v_point, w_point, v_group, w_group
    Py_ssize_t grid_rows, tile_rows, grids, tile_columns, tiles
    Py_ssize_t first, last, most   # tiles of the round
    Py_ssize_t wave                # rounds of each share that went before
    char *sums                     # of the shares
    size_t share_bytes             # of one's sums, and
    size_t v_bytes                 # of v
    Py_ssize_t rows, columns       # channels of a block
    int strange                    # a gradient is not finite


cdef void transform(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some tiles of the round, of a group: of the input and of the output's gradient."""
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, blocks = parts(job.last - job.first, RUN_TILES)
    cdef Py_ssize_t group = task // blocks, tile = job.first + task % blocks * RUN_TILES
    cdef Py_ssize_t end = min(tile + RUN_TILES, job.last), count, line, row, image, iod, ioh, iow, at
    while tile < end:
        count = min(end - tile, job.tile_columns - tile % job.tile_columns)
        line = tile // job.tile_columns
        row = line // job.grids % job.tile_rows
        iod = line // job.grids // job.tile_rows % s.od
        image = line // job.grids // job.tile_rows // s.od
        ioh = row // job.grid_rows + row % job.grid_rows * OUTPUTS * s.dilation_h
        iow = line % job.grids + tile % job.tile_columns * OUTPUTS * s.dilation_w
        at = image * s.c_in * s.d * s.h * s.w + group * job.c_in * s.x_channel
        job.kernels.winograd_input(s, FC_F4X3, job.x + at * size, iod, ioh, iow, <int>count,
                                   job.v + (group * job.v_group + (tile - job.first) * job.v_tile) * size, job.v_point,
                                   job.v_tile, scratch)
        at = image * s.c_out * s.od * s.oh * s.ow + group * job.c_out * s.y_channel
        job.kernels.winograd_input(job.out, FC_GRAD4X3, job.dy + at * size, iod, ioh, iow, <int>count,
                                   job.w + (group * job.w_group + (tile - job.first) * job.w_tile) * size, job.w_point,
                                   job.w_tile, scratch)
        tile += count


cdef struct Block:
    Py_ssize_t m, n, ldc, point  # output and input channels; their sums' rows, and points


cdef Block block_of(const Job *job, Py_ssize_t oc, Py_ssize_t c) noexcept nogil:
    cdef Block block
    cdef Py_ssize_t lanes = job.kernels.lanes
    block.m, block.n = min(job.rows, job.c_out - oc), min(job.columns, job.c_in - c)
    block.ldc = parts(job.columns, lanes) * lanes
    block.point = job.rows * block.ldc + lanes
    return block


cdef void sum_tiles(const Job *job, const Block *block, const char *w, const char *v, bint added, char *sums) noexcept nogil:
    """The products of the round; `added`: to sums that are there."""
    cdef Py_ssize_t size = job.itemsize, point, tile
    cdef fc_run run
    for point in range(POINTS):
        tile = 0
        while tile < job.last - job.first:
            run.a, run.b = tile * job.w_tile, tile * job.v_tile
            run.count = min(<Py_ssize_t>RUN, job.last - job.first - tile)
            job.kernels.outer_product(&run, 1, w + point * job.w_point * size, job.w_tile, 1, block.m,
                                      v + point * job.v_point * size, job.v_tile, block.n, added or tile > 0,
                                      sums + point * block.point * size, block.ldc)
            tile += RUN


cdef void multiply(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """The products of some output and some input channels, and their filters."""
    cdef Job *job = <Job *>argument
    cdef Py_ssize_t size = job.itemsize, across = parts(job.c_in, job.columns), down = parts(job.c_out, job.rows)
    cdef Py_ssize_t c = task % across * job.columns, oc = task // across % down * job.rows
    cdef Py_ssize_t group = task // across // down, filter = job.c_in * 9
    cdef Block block = block_of(job, oc, c)
    sum_tiles(job, &block, job.w + (group * job.w_group + oc) * size, job.v + (group * job.v_group + c) * size, False,
              scratch)
    if job.kernels.winograd_products(scratch, block.point, block.ldc, block.m, block.n, job.first > 0,
                                     job.dw + ((group * job.c_out + oc) * filter + c * 9) * size, filter):
        job.strange = 1


cdef void own_rounds(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some rounds of a share, all channels of them."""
    cdef Job own = (<const Job *>argument)[0]
    cdef Block block = block_of(&own, 0, 0)
    cdef Py_ssize_t i, part
    cdef char *staged
    own.v = scratch
    own.w = own.v + own.v_bytes
    staged = own.w + (own.w_group + 2 * own.kernels.lanes) * own.itemsize // 64 * 64 + 64
    for i in range(own.wave, own.wave + WAVE):
        own.first = (i * SHARES + task) * own.most
        own.last = min(own.first + own.most, own.tiles)
        if own.first >= own.tiles:
            return
        for part in range(parts(own.last - own.first, RUN_TILES)):
            transform(&own, part, staged)
        sum_tiles(&own, &block, own.w, own.v, i > 0, own.sums + task * own.share_bytes)


cdef int in_shares(Job *job, int threads, bint brief) except -1:
    """All rounds, dealt out."""
    cdef Py_ssize_t lanes = job.kernels.lanes, size = job.itemsize, task
    cdef size_t scratch = job.v_bytes + (job.w_group + 2 * lanes) * size + 64 + STAGE * lanes * size
    cdef Block block
    job.rows, job.columns, job.wave, job.strange = job.c_out, job.c_in, 0, 0
    block = block_of(job, 0, 0)
    job.share_bytes = POINTS * block.point * size + 64
    job.sums = take(SHARES * job.share_bytes)
    try:
        while job.wave * SHARES * job.most < job.tiles:
            run_tasks(own_rounds, job, SHARES, threads, scratch, brief)
            job.wave += WAVE
        for task in range(min(<Py_ssize_t>SHARES, parts(job.tiles, job.most))):
            if job.kernels.winograd_products(job.sums + task * job.share_bytes, block.point, block.ldc, block.m, block.n,
                                             task > 0, job.dw, job.c_in * 9):
                job.strange = 1
        return job.strange
    finally:
        give(job.sums)


cdef void choose_blocks(Job *job, int threads) noexcept nogil:
    """Channels of a block: fewer than fit L2 where there would be too few blocks for the threads."""
    cdef Py_ssize_t rn = job.kernels.rn, groups = job.shape.groups
    job.rows = parts(job.c_out, parts(job.c_out, BLOCK))
    job.columns = parts(parts(job.c_in, rn), parts(job.c_in, BLOCK)) * rn
    while groups * parts(job.c_out, job.rows) * parts(job.c_in, job.columns) < 2 * threads and threads > 1:
        if job.columns > rn:
            job.columns = parts(job.columns, 2 * rn) * rn
        elif job.rows > job.kernels.rm:
            job.rows = parts(job.rows, 2)
        else:
            return


cdef int all_rounds(Job *job, size_t scratch, int threads, bint brief) except -1:
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t blocks = s.groups * parts(job.c_in, job.columns) * parts(job.c_out, job.rows)
    job.first = job.strange = 0
    while job.first < job.tiles:
        job.last = min(job.first + job.most, job.tiles)
        run_tasks(transform, job, s.groups * parts(job.last - job.first, RUN_TILES), threads,
                  STAGE * job.kernels.lanes * job.itemsize, brief)
        run_tasks(multiply, job, blocks, threads, scratch, brief)
        job.first = job.last
    return job.strange


cdef int winograd_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                         char *dw, int threads, bint brief) except -1:
    """Fill dw; return whether some of it is not finite, and has to be summed by the definition."""
    cdef Job job
    cdef fc_conv out = output_shape(s)
    cdef Py_ssize_t lanes = kernels.lanes
    out.dilation_h, out.dilation_w = s.dilation_h, s.dilation_w
    job.shape, job.out, job.kernels, job.itemsize = s, &out, kernels, itemsize
    job.x, job.dy, job.dw = x, dy, dw
    job.c_in, job.c_out = s.c_in // s.groups, s.c_out // s.groups
    job.grid_rows = parts(s.oh, OUTPUTS * s.dilation_h)
    job.tile_rows = job.grid_rows * min(s.dilation_h, s.oh)
    job.grids = min(s.dilation_w, s.ow)
    job.tile_columns = parts(s.ow, OUTPUTS * s.dilation_w)
    job.tiles = s.n * s.od * job.tile_rows * job.grids * job.tile_columns
    if job.tiles == 0:
        memset(dw, 0, s.c_out * job.c_in * 9 * itemsize)
        return 0
    cdef bint dealt = s.groups == 1 and max(job.c_in, job.c_out) <= BLOCK and job.tiles > 2 * OWN_ROUND
    cdef Py_ssize_t round = OWN_ROUND if dealt else ROUND
    job.most = parts(job.tiles, parts(job.tiles, round))
    # A vector's room behind the last channel, and an odd number of vectors: tiles then lie in different cache sets; and
    # points a line off a power of two.
    job.v_tile, job.w_tile = (parts(job.c_in, lanes) + 1 | 1) * lanes, (parts(job.c_out, lanes) + 1 | 1) * lanes
    job.v_point, job.w_point = job.most * job.v_tile + 64 // itemsize, job.most * job.w_tile + 64 // itemsize
    job.v_group, job.w_group = POINTS * job.v_point, POINTS * job.w_point
    job.v_bytes = (s.groups * job.v_group + 2 * lanes) * itemsize // 64 * 64 + 64
    if dealt:
        return in_shares(&job, threads, brief)
    choose_blocks(&job, threads)
    cdef size_t scratch = POINTS * (job.rows * parts(job.columns, lanes) * lanes + lanes) * itemsize
    cdef char *memory = take(job.v_bytes + (s.groups * job.w_group + 2 * lanes) * itemsize)
    job.v, job.w = memory, memory + job.v_bytes
    try:
        return all_rounds(&job, scratch, threads, brief)
    finally:
        give(memory)
