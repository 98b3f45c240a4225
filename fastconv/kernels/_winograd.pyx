"""Winograd convolution: transform tiles of the input, multiply channel by channel point, transform back.

Source: Lavin & Gray, arXiv 1509.09308; the points are src/winograd/transform.h's. Computes, layout and accuracy:
src/winograd/*.c; the products are src/channels/rows_product.c's, with tiles as rows and output channels in lanes.

A block of tiles (over the batch, too) is transformed for all input channels, multiplied by some panels of output channels at
a time so that V and M stay in L2, and transformed back. Where the filters outweigh the tiles, so that reading them once for
each block would be the cost, all tiles are transformed first and a task owns panels of output channels for all of them
(`shared`). Sums over the channels are cut at K_BLOCK, whatever the blocks, so bits depend on neither tasks nor threads.

With dilation, tiles lie on the grids of every dilation-th row and column: each of those is a convolution without dilation.

Where an input or weight is not finite, or a transform overflows, outputs of whole tiles come out NaN or infinite. Their rows
are marked, panel by panel whatever the blocks, and computed again by direct summation, so that such values stand where the
definition has them.

Where a pooling follows (conv_pool.pyx), a task writes the channels it has in work into its scratch, for a unit of tiles from
which pooled outputs can be made: whole rows of tiles, or whole images. It pools them there, and the map is never whole.
"""

from ._conv cimport BoundConv, at
from ._parallel cimport give, parts, run_tasks, take
from ._pooling cimport Pooling, pool_planes, pooling_bytes, rows_done
from ._table cimport fc_conv, fc_kernels, fc_pool

from ._cost import CLOCK, channel_steps, machine_of, reading, vectors

cdef extern from "fastconv.h":
    enum: FC_F2X3, FC_F4X3, FC_F2X5

cdef enum:
    K_BLOCK = 256
    SEGMENT = 32            # src/winograd/transform.h
    STAGE = 6 * SEGMENT     # vectors of the stage
    V_ROOM = 640 << 10      # bytes of a block's V, and
    M_ROOM = 320 << 10      # of its M: together they leave room for the filters in a 1 MB L2
    FEWEST_TILES = 28
    FEWEST_TILES_A_THREAD = 20
    L2_FILTERS = 4 << 20    # bytes of filters that each thread may as well read for itself
    MOST_TILES = 84
    SHARED_ROOM = 12 << 20  # bytes of all V, beyond which it is not kept as a whole
    FILTERS_ROOM = 2 << 20  # bytes of transformed filters, beyond which a call does not make them all beforehand
    CHANNELS_LEAST = 128    # output channels of a task that transforms its input for itself

# Cycles for a pixel's vector of channels, of which a dilated NCHW layer pays one a pixel.
PICKED, PUT = 14.0, 20.0

KINDS = {"winograd_f2x3": FC_F2X3, "winograd_f4x3": FC_F4X3, "winograd_f2x5": FC_F2X5}


def refuse(spec, int kernel):
    """Return why Winograd cannot serve a spec, or None."""
    if spec.kernel[1:] != (kernel, kernel):
        return f"the kernel must be {kernel}x{kernel} in height and width, got {spec.kernel_size}"
    if spec.stride[1:] != (1, 1):
        return f"the stride must be 1 in height and width, got stride {spec.stride}"
    return None


def seconds(spec, isa, str algorithm):
    """Return the expected time: the products and the transforms both ways, or else reading the transformed filters."""
    machine = machine_of(isa)
    points, outputs = (4, 2) if algorithm == "winograd_f2x3" else (6, 4 if algorithm == "winograd_f4x3" else 2)
    (od, oh, ow), (_, dh, dw) = spec.output, spec.dilation
    square, tiles = points * points, od * min(dh, oh) * min(dw, ow) * -(-oh // (outputs * dh)) * -(-ow // (outputs * dw))
    depth, c_out = spec.c_in // spec.groups * spec.kernel[0], spec.c_out // spec.groups
    wide, deep = vectors(machine, spec, c_out), vectors(machine, spec, depth)
    begun = -(-wide // 2) * machine.tile / (14 if machine.lanes == 16 else 6)  # register tiles, of so many rows
    cost = tiles * (depth * channel_steps(machine, spec) + begun + (wide + deep) * machine.point)
    if outputs == 4:
        cost *= 1.12  # 36 points of every tile at once crowd L1 and L2 more than 16
    if dw > 1 and not spec.channels_last:  # pixels are picked one by one, and so are outputs put
        cost += tiles * outputs * outputs / square * (deep * PICKED + wide * PUT)
    filters = spec.groups * square * depth * c_out * spec.itemsize
    return (2 * machine.call + max(spec.n * spec.groups * square * cost, reading(machine, filters))) / CLOCK


# Where outputs go: images and channels from these on, rows from `begin` on.
cdef struct Map:
    const fc_conv *shape
    char *y
    Py_ssize_t image, channel, begin, image_step


cdef inline Py_ssize_t point_stride(Py_ssize_t tiles, Py_ssize_t row, Py_ssize_t size) noexcept nogil:
    """Reals between two points, a cache line off a power of two, so that the points of a tile do not share a cache set."""
    return tiles * row + 64 // size


cdef inline size_t m_bytes(Py_ssize_t points, Py_ssize_t tiles, Py_ssize_t channels, Py_ssize_t size) noexcept nogil:
    return points * points * point_stride(tiles, channels, size) * size


cdef inline size_t part_bytes(const Job *job) noexcept nogil:
    """What a unit makes in scratch before it is pooled; 0 if nothing follows."""
    if job.pooling is NULL:
        return 0
    cdef size_t reals = job.unit_images * job.block_panels * job.kernels.rn * job.part.y_channel
    return reals * job.itemsize + pooling_bytes(job.kernels, job.pooling.shape)


cdef inline Py_ssize_t run_length(const Job *job, Py_ssize_t tile, Py_ssize_t last) noexcept nogil:
    """Tiles from this one on that lie in its line and fit the stage."""
    return min(job.tile_columns - tile % job.tile_columns, last - tile,
               <Py_ssize_t>((SEGMENT - (job.points - job.outputs)) // job.outputs))


cdef struct Place:
    Py_ssize_t row, image, iod, ioh, iow  # the row of tiles, of all images; the first output of a tile


cdef inline Place place_of(const Job *job, Py_ssize_t tile) noexcept nogil:
    """Where a tile lies."""
    cdef const fc_conv *s = job.shape
    cdef Place place
    cdef Py_ssize_t line = tile // job.tile_columns, row
    place.row = line // job.grids
    row = place.row % job.tile_rows
    place.iod = place.row // job.tile_rows % s.od
    place.image = place.row // job.tile_rows // s.od
    place.ioh = row // job.grid_rows + row % job.grid_rows * job.outputs * s.dilation_h
    place.iow = line % job.grids + tile % job.tile_columns * job.outputs * s.dilation_w
    return place


cdef void transform_tiles(const Job *job, Py_ssize_t group, Py_ssize_t tile, Py_ssize_t last, char *v, Py_ssize_t v_point,
                          char *stage) noexcept nogil:
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t count, plane = s.d * s.h * s.w
    cdef Place place
    cdef const char *x
    while tile < last:
        count = run_length(job, tile, last)
        place = place_of(job, tile)
        x = job.x + (place.image * s.c_in * plane + group * (s.c_in // s.groups) * s.x_channel) * job.itemsize
        job.kernels.winograd_input(s, job.kind, x, place.iod, place.ioh, place.iow, <int>count, v, v_point, job.v_tile,
                                   stage)
        v += count * job.v_tile * job.itemsize
        tile += count


cdef inline char *map_at(const Job *job, const Map *to, Py_ssize_t image, Py_ssize_t channel) noexcept nogil:
    """Where the first output of an image and channel lies, or would lie."""
    cdef Py_ssize_t channels = (channel - to.channel) * to.shape.y_channel
    return to.y + ((image - to.image) * to.image_step + channels - to.begin * to.shape.ow) * job.itemsize


cdef Map whole_map(const Job *job) noexcept nogil:
    cdef Map to
    to.shape, to.y, to.image, to.channel, to.begin = job.shape, job.y, 0, 0, 0
    to.image_step = job.shape.c_out * job.shape.od * job.shape.oh * job.shape.ow
    return to


cdef inline Py_ssize_t channels_of(const Job *job, Py_ssize_t panel, Py_ssize_t panel_last) noexcept nogil:
    """How many output channels some panels of a group have."""
    cdef Py_ssize_t rn = job.kernels.rn
    return min(panel_last * rn, job.shape.c_out // job.shape.groups) - panel * rn


cdef Map part_map(const Job *job, char *part, Py_ssize_t tile, Py_ssize_t group, Py_ssize_t panel,
                  Py_ssize_t panel_last) noexcept nogil:
    """The part of the map that a unit of tiles makes in scratch."""
    cdef Place place = place_of(job, tile)
    cdef Map to
    to.shape, to.y, to.image, to.begin = &job.part, part, place.image, place.ioh
    to.channel = group * (job.shape.c_out // job.shape.groups) + panel * job.kernels.rn
    to.image_step = channels_of(job, panel, panel_last) * job.part.y_channel
    return to


cdef void multiply_tiles(Job *job, const Map *to, Py_ssize_t group, Py_ssize_t tile, Py_ssize_t last, Py_ssize_t panel,
                         Py_ssize_t panel_last, const char *v, Py_ssize_t v_point, const char *u, char *m,
                         char *stage) noexcept nogil:
    """The outputs of tiles [tile, last) in the channels of panels [panel, panel_last), whose filters are at u."""
    cdef const fc_conv *s = job.shape
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t rn = kernels.rn, size = job.itemsize, c_out = s.c_out // s.groups
    cdef Py_ssize_t channel, now
    cdef Py_ssize_t m_tile = (panel_last - panel) * rn, m_point = point_stride(last - tile, m_tile, size)
    cdef Py_ssize_t k, k_end, count
    cdef Place place
    cdef Py_ssize_t block = parts(job.depth, parts(job.depth, K_BLOCK))
    cdef int point
    for point in range(job.points * job.points):
        k = 0
        while k < job.depth:
            k_end = min(k + block, job.depth)
            kernels.rows_product(k_end - k, v + (point * v_point + k) * size, job.v_tile, 1, last - tile,
                                 u + (point * job.depth + k) * rn * size, job.points * job.points * job.depth * rn, m_tile,
                                 u + (point * job.depth + k_end) * rn * size, NULL, k > 0, m + point * m_point * size,
                                 m_tile, NULL)
            k = k_end
    while tile < last:
        count = run_length(job, tile, last)
        place = place_of(job, tile)
        for now in range(panel, panel_last):
            channel = group * c_out + now * rn
            if kernels.winograd_output(to.shape, job.kind, m + (now - panel) * rn * size, m_point, m_tile,
                                       at(job.bias, channel * size), map_at(job, to, place.image, channel),
                                       min(rn, c_out - now * rn), place.iod, place.ioh, place.iow, <int>count, stage):
                job.marks[(place.row * s.groups + group) * job.panels + now] = 1
                job.marked = 1
        m += count * m_tile * size
        tile += count


cdef const char *filters(const Job *job, Py_ssize_t group, Py_ssize_t panel, Py_ssize_t panel_last,
                         char *own) noexcept nogil:
    """Where the transformed filters of some panels are; transforms them if nobody has."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t rn = job.kernels.rn, c_out = s.c_out // s.groups
    cdef Py_ssize_t items = job.points * job.points * job.depth * rn
    cdef Py_ssize_t taps = s.kh * s.kw, first
    if job.packed is not NULL:
        return job.packed + (group * job.panels + panel) * items * job.itemsize
    cdef char *to = own
    while panel < panel_last:
        first = group * c_out * job.depth + panel * rn * (1 if job.turned else job.depth)
        job.kernels.winograd_weights(s, job.kind, job.turned, job.weight + first * taps * job.itemsize,
                                     <int>min(rn, c_out - panel * rn), to)
        to += items * job.itemsize
        panel += 1
    return own


cdef void sum_row(const Job *job, const Map *to, Py_ssize_t row, Py_ssize_t group, Py_ssize_t panel,
                  char *scratch) noexcept nogil:
    """The outputs of a row of tiles in the channels of a panel, by direct summation."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, wide = job.kernels.rn, c_out = s.c_out // s.groups
    cdef Py_ssize_t channel = group * c_out + panel * wide
    cdef Place place = place_of(job, row * job.grids * job.tile_columns)
    cdef Py_ssize_t ioh = place.ioh, end = min(ioh + job.outputs * s.dilation_h, s.oh)
    while ioh < end:
        job.kernels.direct_forward(
            to.shape,
            job.x + (place.image * s.c_in * s.d * s.h * s.w + group * (s.c_in // s.groups) * s.x_channel) * size,
            job.weight + channel * job.depth * s.kh * s.kw * size,
            at(job.bias, channel * size), map_at(job, to, place.image, channel),
            <int>min(wide, c_out - panel * wide), place.iod, ioh, ioh + 1, <Py_ssize_t *>scratch,
        )
        ioh += s.dilation_h


cdef void pool_unit(const Job *job, const Map *to, Py_ssize_t group, Py_ssize_t tile, Py_ssize_t last, Py_ssize_t panel,
                    Py_ssize_t panel_last, char *scratch) noexcept nogil:
    """Pool the part of the map that tiles [tile, last) made."""
    cdef Py_ssize_t first = tile // job.tile_columns, end = parts(last, job.tile_columns), row, now
    cdef Py_ssize_t channels = channels_of(job, panel, panel_last), images, stop
    for row in range(first, end):
        for now in range(panel, panel_last):
            if job.marks[(row * job.shape.groups + group) * job.panels + now]:
                sum_row(job, to, row, group, now, scratch)
    images = parts(end, job.tile_rows) - to.image
    stop = min(to.begin + job.unit_rows, job.shape.oh)
    pool_planes(job.pooling, to.y, job.part.y_channel, to.begin * job.shape.ow, to.image, images, to.channel, channels,
                rows_done(job.pooling.shape, to.begin), rows_done(job.pooling.shape, stop),
                to.y + job.unit_images * job.block_panels * job.kernels.rn * job.part.y_channel * job.itemsize)


cdef inline void unit_range(const Job *job, Py_ssize_t unit, Py_ssize_t *tile, Py_ssize_t *last) noexcept nogil:
    """The tiles of a unit."""
    cdef Py_ssize_t in_run = parts(job.run, job.unit), run = unit // in_run * job.run
    tile[0] = run + unit % in_run * job.unit
    last[0] = min(tile[0] + job.unit, run + job.run)


cdef void fused_block(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """One unit of tiles from input to output, for some panels of output channels."""
    cdef Job *job = <Job *>argument
    cdef Py_ssize_t panel_blocks = parts(job.panels, job.task_panels)
    cdef Py_ssize_t panel = task % panel_blocks * job.task_panels
    cdef Py_ssize_t group = task // panel_blocks % job.shape.groups
    cdef Py_ssize_t panel_last = min(panel + job.task_panels, job.panels)
    cdef Py_ssize_t now, tile, last, v_point
    unit_range(job, task // panel_blocks // job.shape.groups, &tile, &last)
    v_point = point_stride(last - tile, job.v_tile, job.itemsize)
    cdef char *v = scratch + STAGE * job.kernels.lanes * job.itemsize
    cdef char *m = v + job.points * job.points * v_point * job.itemsize
    cdef char *part = m + m_bytes(job.points, last - tile, job.block_panels * job.kernels.rn, job.itemsize)
    cdef Map to = whole_map(job)
    transform_tiles(job, group, tile, last, v, v_point, scratch)
    while panel < panel_last:
        now = min(panel + job.block_panels, panel_last)
        if job.pooling is not NULL:
            to = part_map(job, part, tile, group, panel, now)
        multiply_tiles(job, &to, group, tile, last, panel, now, v, v_point, filters(job, group, panel, now, NULL), m,
                       scratch)
        if job.pooling is not NULL:
            pool_unit(job, &to, group, tile, last, panel, now, scratch)
        panel = now


cdef void shared_input(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """A few tiles of V."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t blocks = parts(job.tiles, job.input_block)
    cdef Py_ssize_t group = task // blocks, tile = task % blocks * job.input_block
    cdef Py_ssize_t v_point = point_stride(job.tiles, job.v_tile, job.itemsize)
    cdef char *v = job.v + (group * job.points * job.points * v_point + tile * job.v_tile) * job.itemsize
    transform_tiles(job, group, tile, min(tile + job.input_block, job.tiles), v, v_point, scratch)


cdef void shared_output(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some panels of output channels of all tiles."""
    cdef Job *job = <Job *>argument
    cdef Py_ssize_t panel_blocks = parts(job.panels, job.task_panels)
    cdef Py_ssize_t group = task // panel_blocks, panel = task % panel_blocks * job.task_panels
    cdef Py_ssize_t panel_last = min(panel + job.task_panels, job.panels), now, tile, last, unit, unit_tile, unit_last
    cdef Py_ssize_t v_point = point_stride(job.tiles, job.v_tile, job.itemsize)
    cdef const char *v = job.v + group * job.points * job.points * v_point * job.itemsize
    cdef const char *u
    cdef char *m = scratch + STAGE * job.kernels.lanes * job.itemsize
    cdef char *part = m + m_bytes(job.points, job.block, job.block_panels * job.kernels.rn, job.itemsize)
    cdef char *own = part + part_bytes(job)
    cdef Map to = whole_map(job)
    while panel < panel_last:
        now = min(panel + job.block_panels, panel_last)
        u = filters(job, group, panel, now, own)
        for unit in range(job.tiles // job.run * parts(job.run, job.unit)):
            unit_range(job, unit, &unit_tile, &unit_last)
            if job.pooling is not NULL:
                to = part_map(job, part, unit_tile, group, panel, now)
            tile = unit_tile
            while tile < unit_last:
                last = min(tile + job.block, unit_last)
                multiply_tiles(job, &to, group, tile, last, panel, now, v + tile * job.v_tile * job.itemsize, v_point, u, m,
                               scratch)
                tile = last
            if job.pooling is not NULL:
                pool_unit(job, &to, group, unit_tile, unit_last, panel, now, scratch)
        panel = now


cdef void sum_again(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """A marked row of tiles, by direct summation."""
    cdef Job *job = <Job *>argument
    cdef Map to = whole_map(job)
    if job.marks[task]:
        sum_row(job, &to, task // job.panels // job.shape.groups, task // job.panels % job.shape.groups, task % job.panels,
                scratch)


cdef struct Pack:
    const Job *job
    char *panels


cdef void pack_panel(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Pack *pack = <const Pack *>argument
    cdef const Job *job = pack.job
    cdef Py_ssize_t items = job.points * job.points * job.depth * job.kernels.rn
    filters(job, task // job.panels, task % job.panels, task % job.panels + 1, pack.panels + task * items * job.itemsize)


cdef class Winograd(BoundConv):
    def __init__(self, spec, int isa, str isa_name, str algorithm):
        super().__init__(spec, isa, isa_name)
        cdef const fc_conv *s = &self.shape
        cdef Py_ssize_t lanes = self.kernels.lanes
        self.kind, self.layout = KINDS[algorithm], algorithm
        self.points = 4 if self.kind == FC_F2X3 else 6
        self.outputs = 4 if self.kind == FC_F4X3 else 2
        self.depth = s.c_in // s.groups * s.kd
        # A vector's room behind the last channel, and an odd number of vectors: rows then lie in different cache sets.
        self.v_tile = (parts(self.depth, lanes) + 1 | 1) * lanes
        self.grid_rows = parts(s.oh, self.outputs * s.dilation_h)
        self.tile_rows = self.grid_rows * min(s.dilation_h, s.oh)
        self.tile_columns = parts(s.ow, self.outputs * s.dilation_w)
        self.grids = min(s.dilation_w, s.ow)  # those that an output lies on
        self.tiles = s.n * s.od * self.tile_rows * self.grids * self.tile_columns
        self.panels = parts(s.c_out // s.groups, self.kernels.rn)

    cdef Plan plan(self, int threads, bint packed) noexcept:
        """Choose the blocks for a call whose filters are transformed already, or not."""
        cdef Plan plan
        cdef Py_ssize_t tiles = max(self.tiles, 1), square = self.points * self.points, groups = self.shape.groups
        cdef Py_ssize_t size = self.itemsize, rn = self.kernels.rn, wanted = 1 if threads == 1 else 4 * threads
        cdef Py_ssize_t blocks, least
        cdef size_t all_v = self.v_bytes(tiles), all_u = self.panels * self.panel_items() * size
        plan.block = max(<Py_ssize_t>(V_ROOM // (square * self.v_tile * size)), <Py_ssize_t>FEWEST_TILES)
        blocks = parts(tiles, min(plan.block, <Py_ssize_t>MOST_TILES))
        # Bytes read: the filters once for each block of tiles, or V once for every other panel. Filters transformed in the
        # call are better transformed where they are used.
        plan.shared = all_v * groups <= SHARED_ROOM and (
            blocks == 1 or all_u * blocks > all_u + all_v * parts(self.panels, 2) or (not packed and all_u > FILTERS_ROOM))
        # Threads that share V fetch each other's half of it; few filters are better read by each of them.
        if packed and 1 < threads <= tiles // FEWEST_TILES_A_THREAD and all_u <= L2_FILTERS:
            plan.shared = False
        if plan.shared:
            blocks = parts(tiles, MOST_TILES)
        elif blocks < 4 * threads <= tiles // FEWEST_TILES_A_THREAD * 4:
            blocks = parts(blocks, threads) * threads
        plan.block = parts(tiles, blocks)
        plan.block_panels = max(<Py_ssize_t>(M_ROOM // (square * plan.block * rn * size)), 1)
        # A task has all panels of channels unless there are too few tasks for the threads; its blocks of panels are whole.
        least = 1 if plan.shared else parts(CHANNELS_LEAST, rn)
        plan.task_panels = max(parts(self.panels, parts(wanted, groups * (1 if plan.shared else blocks))), least)
        plan.block_panels = min(plan.block_panels, plan.task_panels, self.panels)
        plan.task_panels = parts(plan.task_panels, plan.block_panels) * plan.block_panels
        plan.input_block = max(parts(tiles, wanted), 4)
        return plan

    cdef size_t v_bytes(self, Py_ssize_t tiles) noexcept:
        return self.points * self.points * point_stride(tiles, self.v_tile, self.itemsize) * self.itemsize

    cdef Py_ssize_t panel_items(self) noexcept:
        return self.points * self.points * self.depth * self.kernels.rn

    cdef Py_ssize_t packed_items(self) noexcept:
        return self.shape.groups * self.panels * self.panel_items()

    cdef Job job(self, const Plan *plan) noexcept:
        cdef Job job
        job.shape, job.kernels = &self.shape, self.kernels
        job.kind, job.points, job.outputs = self.kind, self.points, self.outputs
        job.itemsize, job.depth, job.tiles = self.itemsize, self.depth, self.tiles
        job.tile_rows, job.grid_rows = self.tile_rows, self.grid_rows
        job.tile_columns, job.grids = self.tile_columns, self.grids
        job.panels, job.v_tile = self.panels, self.v_tile
        job.block, job.block_panels = plan.block, plan.block_panels
        job.task_panels, job.input_block = plan.task_panels, plan.input_block
        job.packed = job.v = job.marks = NULL
        job.marked = job.turned = 0
        job.unit, job.run, job.pooling = self.tiles if plan.shared else plan.block, self.tiles, NULL
        return job

    cdef Py_ssize_t image_tiles(self) noexcept:
        return self.tile_rows * self.tile_columns

    cdef Py_ssize_t rows_together(self, const fc_pool *after) noexcept:
        """Rows of tiles whose outputs a pooling's windows do not cross, 0 if there are none but all of an image's."""
        cdef Py_ssize_t rows = 1
        if after.pad_h or after.stride_h != (after.kh - 1) * after.dilation_h + 1 or after.stride_h > 4 * self.outputs:
            return 0
        while rows * self.outputs % after.stride_h:
            rows += 1
        return rows

    cdef bint pools(self, const fc_pool *after, int threads) noexcept:
        """Whether a task can pool what it makes: some rows of tiles, or images, which it has with V shared, or small."""
        cdef const fc_conv *s = &self.shape
        cdef Plan plan = self.plan(threads, True)
        if s.y_pixel != 1 or s.od != 1 or s.dilation_h != 1 or s.dilation_w != 1 or after.kd != 1 or self.finishes:
            return False
        return 0 < self.rows_together(after) * self.tile_columns <= MOST_TILES or plan.shared or (
            self.image_tiles() <= plan.block)

    cdef void pool_in_units(self, Plan *plan, Job *job, const fc_pool *after) noexcept:
        """Cut the tiles into units that can be pooled each for itself."""
        cdef Py_ssize_t rows = self.rows_together(after), columns = self.tile_columns, image = self.image_tiles()
        job.run, job.unit_images, job.unit_rows = image, 1, self.shape.oh
        if image <= plan.block:
            job.unit_images = plan.block // image
            job.run, job.unit = self.tiles, job.unit_images * image
        elif rows == 0 or rows * columns > MOST_TILES:
            job.unit = image
        else:
            job.unit = max(plan.block // columns // rows, 1) * rows * columns
            job.unit_rows = min(job.unit // columns * self.outputs, self.shape.oh)
        if not plan.shared or job.unit < plan.block:
            plan.block = job.block = job.unit
        job.part = self.shape
        job.part.y_channel = job.unit_rows * self.shape.ow

    cdef size_t task_scratch(self, const Plan *plan, bint packed, size_t part) noexcept:
        cdef size_t own = m_bytes(self.points, plan.block, plan.block_panels * self.kernels.rn, self.itemsize) + part
        if not plan.shared:
            own += self.v_bytes(plan.block)
        elif not packed:
            own += plan.block_panels * self.panel_items() * self.itemsize
        return own + STAGE * self.kernels.lanes * self.itemsize

    cdef size_t marks_bytes(self) noexcept:
        return max(self.shape.n * self.shape.od * self.tile_rows * self.shape.groups * self.panels, 1)

    cdef size_t common_bytes(self, const Plan *plan, bint packed) noexcept:
        """What all tasks share: V, or filters transformed beforehand; and the marks."""
        cdef size_t common = 0 if packed else self.packed_items() * self.itemsize
        if plan.shared:
            common = self.shape.groups * self.v_bytes(self.tiles)
        return (common + 63) // 64 * 64 + self.marks_bytes()

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        cdef Plan plan = self.plan(threads, packed)
        return self.common_bytes(&plan, packed) + threads * (self.task_scratch(&plan, packed, 0) + 256) + 256

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef Plan plan = self.plan(threads, False)
        cdef Job job = self.job(&plan)
        job.weight = weight
        return self.pack_job(&job, packed, threads, brief)

    cdef int pack_job(self, Job *job, char *packed, int threads, bint brief) except -1:
        """Transform the filters of a job."""
        cdef Pack pack
        pack.job, pack.panels = job, packed
        run_tasks(pack_panel, &pack, self.shape.groups * self.panels, threads, 0, brief)
        job.packed = packed
        return 0

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef Plan plan = self.plan(threads, packed is not NULL)
        cdef Job job = self.job(&plan)
        job.x, job.weight, job.packed, job.bias, job.y = x, weight, packed, bias, y
        return self.run_job(&job, &plan, threads, brief)

    cdef int compute_turned(self, const char *x, const char *weight, const char *bias, char *y, int threads,
                            bint brief) except -1:
        """Fill y by the weights of the convolution, without depth, whose input gradient this is; return whether that failed.

        It does where something is not finite: then the weights are wanted as `compute` has them.
        """
        cdef Plan plan = self.plan(threads, False)
        cdef Job job = self.job(&plan)
        job.x, job.weight, job.bias, job.y, job.turned = x, weight, bias, y, True
        self.run_job(&job, &plan, threads, brief)
        return job.marked

    cdef int compute_pooled(self, const char *x, const char *weight, const char *packed, const char *bias,
                            const Pooling *pooling, int threads, bint brief) except -1:
        """Fill the pooling's output instead of the convolution's."""
        cdef Plan plan = self.plan(threads, packed is not NULL)
        cdef Job job = self.job(&plan)
        job.x, job.weight, job.packed, job.bias, job.y = x, weight, packed, bias, NULL
        job.pooling = pooling
        self.pool_in_units(&plan, &job, pooling.shape)
        return self.run_job(&job, &plan, threads, brief)

    cdef int run_job(self, Job *job, const Plan *plan, int threads, bint brief) except -1:
        cdef bint ready = job.packed is not NULL
        cdef Py_ssize_t groups = self.shape.groups, units = self.tiles // job.run * parts(job.run, job.unit), i
        cdef Py_ssize_t marks = self.marks_bytes()
        cdef size_t common = self.common_bytes(plan, ready), scratch = self.task_scratch(plan, ready, part_bytes(job))
        cdef char *memory = take(common)
        try:
            job.marks = memory + common - marks
            for i in range(marks):
                job.marks[i] = 0
            if plan.shared:
                job.v = memory
                run_tasks(shared_input, job, groups * parts(self.tiles, plan.input_block), threads,
                          STAGE * self.kernels.lanes * self.itemsize, brief)
                run_tasks(shared_output, job, groups * parts(self.panels, job.task_panels), threads, scratch, brief)
            else:
                if not ready:
                    self.pack_job(job, memory, threads, brief)
                run_tasks(fused_block, job, units * groups * parts(self.panels, job.task_panels), threads, scratch, brief)
            if job.marked and job.pooling is NULL and not job.turned:
                run_tasks(sum_again, job, marks, threads, 2 * sizeof(Py_ssize_t) * self.shape.kw, brief)
            return 0
        finally:
            give(memory)

    cdef size_t pooled_bytes(self, const fc_pool *after, int threads) noexcept:
        """Scratch of a call of `compute_pooled` whose weights are packed."""
        cdef Plan plan = self.plan(threads, True)
        cdef Job job = self.job(&plan)
        cdef Pooling pooling
        pooling.shape, job.pooling = after, &pooling
        self.pool_in_units(&plan, &job, after)
        return self.common_bytes(&plan, True) + threads * (self.task_scratch(&plan, True, part_bytes(&job)) + 256) + 256
