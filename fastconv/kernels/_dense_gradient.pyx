"""The gradient of a convolution's weights as products of pixels: dw[oc, ic, tap] = sum over p of dy[p, oc] x[p at tap, ic].

Source: Georganas et al., Anatomy of High-Performance Deep Learning Convolutions, SC'18, section II-I; the product is
src/gemm/outer_product.c's.

Some output rows at a time are staged with their channels side by side, and so is the input that they read, with the border
around it (src/channels/stage_pixels.c); planes of gradients that are not in lanes are read where they lie. At each tap the
gradient is then the product of the two over the pixels, where input pixels lie as far on as the tap and as far apart as the
stride says. What is staged in a round stays in L2; a task owns some channels at some taps and adds the round's product to
what the rounds before have left.

Lanes are input channels, or (`turned`) output channels, whichever wastes less; neighbouring taps along w are taken together
where there are few input channels (`fold`). Sums lie as [oc][tap][ic], or [tap][ic][oc], and are put in order at last.

Where the sums fit L2 beside what is staged, a task stages and sums for itself, as in _winograd_gradient.pyx: rounds are
dealt out to SHARES, whose sums are added in order at last.

A pointwise layer that has fewer output channels than input channels is taken the other way round, so that the smaller of
the two is staged.

Rounds, shares and runs of pixels depend on the shape alone, so bits depend on neither tasks nor threads.
"""

from libc.string cimport memset

from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_conv, fc_kernels, fc_run

cdef enum:
    ROOM = 1 << 20        # bytes staged in a round: they stay in L2
    RUN = 224             # pixels whose panel of vectors stays in L1
    FEWEST = 768          # pixels of a round whose sums are added up in no time
    MOST_CHUNKS = 2       # of rows, and
    MOST_PANELS = 4       # of columns that a task has
    STAGE_ITEMS = 1 << 14  # of a task that stages
    SHARES = 8            # of the rounds, where a task works for itself
    SHARE_ROOM = 768 << 10  # bytes of the sums of one
    ADD_ITEMS = 1 << 13   # sums that a task adds up
    WAVE = 8              # rounds of a task, after which signals are looked for


cdef struct Job:
    const fc_conv *shape
    const fc_conv *out     # the shape of dy, as an input
    const fc_kernels *kernels
    Py_ssize_t itemsize, c_in, c_out, taps
    const char *x
    const char *dy
    char *dw
    char *sums             # dw itself where it is in order
    char *x_stage
    char *dy_stage
    fc_run *runs
    bint turned, dy_in_place
    Py_ssize_t fold, x_ld, dy_ld
    Axis row, column
    Py_ssize_t x_plane, dy_plane      # reals staged of a plane
    Py_ssize_t x_group, dy_group      # and of a group
    Py_ssize_t m, n, m_block, n_block  # of a product, and of a task
    Py_ssize_t plane, planes, ioh, rows, iow, columns  # the round
    Py_ssize_t most_rows, most_columns, most_planes
    Py_ssize_t run_count
    Py_ssize_t row_taps               # rows of taps that are staged apart, or 1
    bint added             # whether a round went before
    Py_ssize_t across, down, rounds   # rounds of a row of outputs, of a plane, and of all
    Py_ssize_t weights, shares, wave  # of dw; of the rounds; rounds of each that went before
    char *other_sums                  # of the shares but the first
    size_t x_bytes, dy_bytes, sums_bytes


cdef fc_conv output_shape(const fc_conv *s) noexcept nogil:
    """The output as the input of a pointwise convolution: what staging it needs."""
    cdef fc_conv out = s[0]
    out.c_in = s.c_out
    out.d, out.h, out.w = s.od, s.oh, s.ow
    out.kd = out.kh = out.kw = out.stride_d = out.stride_h = out.stride_w = 1
    out.pad_d = out.pad_h = out.pad_w = 0
    out.x_channel, out.x_pixel = s.y_channel, s.y_pixel
    out.border.present = 0
    return out


cdef Axis axis_of(Py_ssize_t outputs, Py_ssize_t kernel, Py_ssize_t stride, Py_ssize_t dilation) noexcept nogil:
    """Everything from the first place to the last, or, where much of it would not be read, the places of each tap apart."""
    cdef Axis axis
    cdef Py_ssize_t span = (outputs - 1) * stride + (kernel - 1) * dilation + 1
    axis.apart = outputs * kernel < span
    axis.step, axis.reach, axis.count = stride, dilation, span
    if axis.apart:
        axis.step, axis.reach, axis.count = 1, outputs, outputs * kernel
    return axis


cdef inline Py_ssize_t odd_vectors(Py_ssize_t channels, Py_ssize_t lanes) noexcept nogil:
    """Reals of a pixel: pixels then lie in different cache sets."""
    return (parts(channels, lanes) | 1) * lanes


cdef double product_cycles(Py_ssize_t m, Py_ssize_t n, const fc_kernels *kernels) noexcept nogil:
    """Cycles of one pixel of an m x n product: two multiply-adds or loads each, which take four to follow another."""
    cdef Py_ssize_t chunks = parts(m, kernels.rm), rows = parts(m, chunks), whole = n // kernels.rn
    cdef Py_ssize_t left = parts(n % kernels.rn, kernels.lanes)
    cdef double wide = max(rows * 2 / 2.0, 4.0), lone = max((rows + 1) / 2.0, 4.0)
    return chunks * (whole * wide + (wide if left == 2 else lone * left))


cdef void choose_lanes(Job *job) noexcept nogil:
    cdef const fc_conv *s = job.shape
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t fold = s.kw if s.dilation_w == 1 or s.kw == 1 else 1, folded = fold * job.c_in
    cdef double plain, least
    job.fold, job.turned = 1, False
    least = s.kw * product_cycles(job.c_out, job.c_in, kernels)
    plain = s.kw * product_cycles(job.c_in, job.c_out, kernels)
    if plain < 0.9 * least:
        least, job.turned = plain, True
    if fold == 1 or (s.ow * s.kw < (s.ow - 1) * s.stride_w + s.kw):  # columns staged apart
        return
    plain = product_cycles(job.c_out, folded, kernels)
    if plain < 0.9 * least:
        least, job.turned, job.fold = plain, False, fold
    plain = product_cycles(folded, job.c_out, kernels)
    if plain < 0.9 * least:
        job.turned, job.fold = True, fold


cdef Py_ssize_t measure(Job *job) noexcept nogil:
    """Lay out a round of the most planes, rows and columns; return its bytes, with what is read again where it lies."""
    cdef const fc_conv *s = job.shape
    job.row = axis_of(job.most_rows, s.kh, s.stride_h, s.dilation_h)
    job.column = axis_of(job.most_columns, s.kw, s.stride_w, s.dilation_w)
    job.row_taps = s.kh if job.row.apart else 1
    job.x_plane = s.kd * job.row.count * job.column.count * job.x_ld
    job.dy_plane = job.most_rows * job.most_columns * job.dy_ld
    job.x_group, job.dy_group = job.most_planes * job.x_plane, job.most_planes * job.dy_plane
    cdef bint once = job.dy_in_place and job.taps == 1 and job.n <= MOST_PANELS * job.kernels.rn
    return (job.x_group + (0 if once else job.dy_group)) * s.groups * job.itemsize


cdef Py_ssize_t dealt_alike(Py_ssize_t rounds, Py_ssize_t times) noexcept nogil:
    """Rounds, at least so many, that come so many times over and give each thread of two or four as many."""
    while rounds * times < SHARES and rounds * times & (rounds * times - 1):
        rounds += 1
    return rounds


cdef void choose_rounds(Job *job) noexcept nogil:
    """As many planes, or else rows, or else columns of one row, as there is room for and threads have use for."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t planes = s.n * s.od, whole, least, rounds = min(4, planes * s.oh * s.ow // FEWEST)
    job.most_planes, job.most_rows, job.most_columns = 1, s.oh, s.ow
    whole = measure(job)
    if whole <= ROOM and rounds <= planes:
        rounds = max(rounds, parts(planes, min(planes, ROOM // whole)))
        job.most_planes = parts(planes, min(planes, dealt_alike(rounds, 1)))
    else:
        job.most_rows = 1
        least = measure(job)
        if least <= ROOM:
            while job.most_rows < s.oh and measure(job) <= ROOM:
                job.most_rows += 1
            rounds = max(parts(rounds, planes), parts(s.oh, max(job.most_rows - 1, 1)))
            job.most_rows = parts(s.oh, min(s.oh, dealt_alike(rounds, planes)))
        elif not job.column.apart:
            job.most_columns = parts(s.ow, parts(least, ROOM))
            job.most_columns = max(job.most_columns, min(s.ow, <Py_ssize_t>RUN))
    measure(job)


cdef void stage_x(const Job *job, Py_ssize_t group, Py_ssize_t plane, Py_ssize_t tap_row, Py_ssize_t first, Py_ssize_t last,
                  Py_ssize_t channel, Py_ssize_t channels) noexcept nogil:
    """Rows [first, last) of the input that the round reads at a row of taps, or of all together."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, ikd = tap_row // job.row_taps, ikh = tap_row % job.row_taps, tap
    cdef Py_ssize_t image = (job.plane + plane) // s.od, iod = (job.plane + plane) % s.od
    cdef Py_ssize_t id = iod * s.stride_d - s.pad_d + ikd * s.dilation_d
    cdef Py_ssize_t ih_step = s.stride_h if job.row.apart else 1
    cdef Py_ssize_t ih = job.ioh * s.stride_h - s.pad_h + first * ih_step + ikh * s.dilation_h
    cdef Py_ssize_t iw = job.iow * s.stride_w - s.pad_w, row = job.column.count * job.x_ld
    cdef const char *x = job.x + (image * s.c_in * s.d * s.h * s.w + (group * job.c_in + channel) * s.x_channel) * size
    cdef char *to = job.x_stage + (group * job.x_group + plane * job.x_plane + channel
                                   + (ikd * job.row.count + ikh * job.row.reach + first) * row) * size
    if not job.column.apart:
        job.kernels.stage_pixels(s, x, channels, id, ih, ih_step, last - first, iw, 1,
                                 (job.columns - 1) * s.stride_w + (s.kw - 1) * s.dilation_w + 1, to, job.x_ld, row)
        return
    for tap in range(s.kw):
        job.kernels.stage_pixels(s, x, channels, id, ih, ih_step, last - first, iw + tap * s.dilation_w, s.stride_w,
                                 job.columns, to + tap * job.column.reach * job.x_ld * size, job.x_ld, row)


cdef void stage_dy(const Job *job, Py_ssize_t group, Py_ssize_t plane, Py_ssize_t first, Py_ssize_t last,
                   Py_ssize_t channel, Py_ssize_t channels) noexcept nogil:
    """Rows [first, last) of the output's gradient of the round."""
    cdef const fc_conv *s = job.out
    cdef Py_ssize_t image = (job.plane + plane) // s.d, row = job.most_columns * job.dy_ld, size = job.itemsize
    cdef const char *dy = job.dy + (image * s.c_in * s.d * s.h * s.w + (group * job.c_out + channel) * s.x_channel) * size
    job.kernels.stage_pixels(s, dy, channels, (job.plane + plane) % s.d, job.ioh + first, 1, last - first, job.iow, 1,
                             job.columns, job.dy_stage + (group * job.dy_group + plane * job.dy_plane + first * row
                                                          + channel) * size, job.dy_ld, row)


cdef struct Part:  # what a task stages of rows and channels
    Py_ssize_t rows, row_block, channels, channel_block


cdef Part part_of(const Job *job, Py_ssize_t rows, Py_ssize_t pixels, Py_ssize_t channels) noexcept nogil:
    cdef Part part
    part.rows, part.channels, part.channel_block = rows, channels, 2 * job.kernels.lanes
    part.row_block = max(STAGE_ITEMS // (pixels * min(channels, part.channel_block)), 1)
    return part


cdef inline Py_ssize_t tasks_of(const Part *part) noexcept nogil:
    return parts(part.rows, part.row_block) * parts(part.channels, part.channel_block)


cdef Part part_of_x(const Job *job) noexcept nogil:
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t rows = job.rows if job.row.apart else (job.rows - 1) * s.stride_h + (s.kh - 1) * s.dilation_h + 1
    return part_of(job, rows, job.column.count, job.c_in)


cdef Part part_of_dy(const Job *job) noexcept nogil:
    return part_of(job, job.rows, job.columns, job.c_out)


cdef void stage(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some rows and channels of either."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t taps = job.shape.kd * job.row_taps, planes = job.shape.groups * job.planes
    cdef Part part = part_of_x(job)
    cdef Py_ssize_t of_x = planes * taps * tasks_of(&part), first, last, channel, channels
    cdef bint is_x = task < of_x
    if not is_x:
        task -= of_x
        part = part_of_dy(job)
    first = task % parts(part.rows, part.row_block) * part.row_block
    last = min(first + part.row_block, part.rows)
    task //= parts(part.rows, part.row_block)
    channel = task % parts(part.channels, part.channel_block) * part.channel_block
    channels = min(part.channel_block, part.channels - channel)
    task //= parts(part.channels, part.channel_block)
    if is_x:
        stage_x(job, task // taps // job.planes, task // taps % job.planes, task % taps, first, last, channel, channels)
    else:
        stage_dy(job, task // job.planes, task % job.planes, first, last, channel, channels)


cdef void find_runs(Job *job) noexcept nogil:
    """Runs of neighbouring pixels of the round, at the first tap; rows that follow each other in both arrays are one."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t plane, i, first, at, x_at, dy_at, rows = job.rows, columns = job.columns
    cdef Py_ssize_t dy_row = s.ow if job.dy_in_place else job.most_columns * job.dy_ld
    cdef Py_ssize_t dy_step = 1 if job.dy_in_place else job.dy_ld, length
    cdef fc_run *run = job.runs
    if job.row.step * job.column.count == columns * job.column.step and dy_row == columns * dy_step:
        rows, columns = 1, rows * columns
    length = parts(columns, parts(columns, RUN))
    for plane in range(job.planes):
        at = job.plane + plane
        for i in range(rows):
            first = 0
            while first < columns:
                x_at = plane * job.x_plane + (i * job.row.step * job.column.count + first * job.column.step) * job.x_ld
                dy_at = plane * job.dy_plane + i * dy_row + first * dy_step
                if job.dy_in_place:
                    dy_at = ((at // s.od * s.c_out * s.od + at % s.od) * s.oh + job.ioh + i) * s.ow + job.iow + first
                run.a, run.b = dy_at, x_at
                if job.turned:
                    run.a, run.b = x_at, dy_at
                run.count = min(length, columns - first)
                first += length
                run += 1
    job.run_count = run - job.runs


cdef void multiply(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some rows and columns of sums, at one tap."""
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, panels = parts(job.n, job.n_block), blocks = parts(job.m, job.m_block)
    cdef Py_ssize_t across = s.kw // job.fold
    cdef Py_ssize_t i = task % blocks * job.m_block, j = task // blocks % panels * job.n_block
    cdef Py_ssize_t rest = task // blocks // panels
    cdef Py_ssize_t ikw = rest % across, ikh = rest // across % s.kh, ikd = rest // across // s.kh % s.kd
    cdef Py_ssize_t group = rest // across // s.kh // s.kd, tap = (ikd * s.kh + ikh) * s.kw + ikw
    cdef Py_ssize_t shift = (ikd * job.row.count + ikh * job.row.reach) * job.column.count + ikw * job.column.reach
    cdef const char *x = job.x_stage + (group * job.x_group + shift * job.x_ld) * size
    cdef const char *dy = job.dy_stage + group * job.dy_group * size
    cdef Py_ssize_t x_step = job.column.step * job.x_ld, a_step = x_step, a_row = 1, b_step = job.dy_ld, ldc = job.c_out
    cdef const char *a = x + i * size
    cdef const char *b = dy + j * size
    cdef char *c = job.sums + group * job.c_out * job.taps * job.c_in * size
    if job.turned:
        c += (tap * job.c_in + i) * job.c_out * size + j * size
    else:
        a_step, b_step, ldc = job.dy_ld, x_step, job.taps * job.c_in
        a, b = dy + i * size, x + j * size
        if job.dy_in_place:
            a_step, a_row = 1, s.y_channel
            a = job.dy + (group * job.c_out + i) * a_row * size
        c += (i * ldc + tap * job.c_in + j) * size
    cdef Py_ssize_t run = 0, last, pixels, m = min(job.m_block, job.m - i), n = min(job.n_block, job.n - j)
    while run < job.run_count:
        last, pixels = run, 0
        while last < job.run_count and (pixels == 0 or pixels + job.runs[last].count <= RUN):
            pixels += job.runs[last].count
            last += 1
        job.kernels.outer_product(job.runs + run, last - run, a, a_step, a_row, m, b, b_step, n, job.added or run > 0, c,
                                  ldc)
        run = last


cdef void put_in_order(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """The taps of one channel."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t size = job.itemsize, taps = job.taps, c_in = job.c_in, c_out = job.c_out, group, channel
    if not job.turned:
        job.kernels.turn(job.sums + task * taps * c_in * size, c_in, taps, c_in, job.dw + task * taps * c_in * size, taps)
        return
    group, channel = task // c_in, task % c_in
    job.kernels.turn(job.sums + (group * taps * c_in + channel) * c_out * size, c_in * c_out, taps, c_out,
                     job.dw + (group * c_out * c_in + channel) * taps * size, c_in * taps)


cdef Py_ssize_t products_of(const Job *job) noexcept nogil:
    """Tasks of a round's products."""
    cdef const fc_conv *s = job.shape
    return s.groups * s.kd * s.kh * (s.kw // job.fold) * parts(job.n, job.n_block) * parts(job.m, job.m_block)


cdef void choose_blocks(Job *job, int threads) noexcept nogil:
    """Rows and columns of a task: fewer where there would be too few tasks for the threads."""
    cdef Py_ssize_t chunk = parts(job.m, parts(job.m, job.kernels.rm))
    job.m_block, job.n_block = MOST_CHUNKS * chunk, MOST_PANELS * job.kernels.rn
    while threads > 1 and job.m_block > chunk and products_of(job) < 8 * threads:
        job.m_block -= chunk


cdef Py_ssize_t stages_of(const Job *job) noexcept nogil:
    """Tasks of a round's staging."""
    cdef Part of_x = part_of_x(job), of_dy = part_of_dy(job)
    cdef Py_ssize_t staged = job.shape.kd * job.row_taps * tasks_of(&of_x) + (0 if job.dy_in_place else tasks_of(&of_dy))
    return job.shape.groups * job.planes * staged


cdef void aim(Job *job, Py_ssize_t round) noexcept nogil:
    """Say which planes, rows and columns a round has."""
    cdef const fc_conv *s = job.shape
    job.iow = round % job.across * job.most_columns
    job.ioh = round // job.across % job.down * job.most_rows
    job.plane = round // job.across // job.down * job.most_planes
    job.columns, job.rows = min(job.most_columns, s.ow - job.iow), min(job.most_rows, s.oh - job.ioh)
    job.planes = min(job.most_planes, s.n * s.od - job.plane)


cdef void own_rounds(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some rounds of a share."""
    cdef Job own = (<const Job *>argument)[0]
    cdef Py_ssize_t i, part, round
    own.x_stage, own.dy_stage = scratch, scratch + own.x_bytes
    own.runs = <fc_run *>(own.dy_stage + own.dy_bytes)
    if task > 0:
        own.sums = own.other_sums + (task - 1) * own.sums_bytes
    for i in range(own.wave, own.wave + WAVE):
        round = i * own.shares + task
        if round >= own.rounds:
            return
        aim(&own, round)
        own.added = i > 0
        for part in range(stages_of(&own)):
            stage(&own, part, NULL)
        find_runs(&own)
        for part in range(products_of(&own)):
            multiply(&own, part, NULL)


cdef void add_shares(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some sums of all shares."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t first = task * ADD_ITEMS, count = min(<Py_ssize_t>ADD_ITEMS, job.weights - first), share
    for share in range(job.shares - 1):
        job.kernels.add_bias(&job.shape.after, job.other_sums + share * job.sums_bytes + first * job.itemsize, 1,
                             job.sums + first * job.itemsize, count)


cdef int in_shares(Job *job, size_t scratch, int threads, bint brief) except -1:
    """All rounds, dealt out."""
    job.other_sums = take((job.shares - 1) * job.sums_bytes)
    job.wave = 0
    try:
        while job.wave * job.shares < job.rounds:
            run_tasks(own_rounds, job, job.shares, threads, scratch, brief)
            job.wave += WAVE
        run_tasks(add_shares, job, parts(job.weights, ADD_ITEMS), threads, 0, brief)
    finally:
        give(job.other_sums)
    return 0


cdef int in_turn(Job *job, size_t scratch, int threads, bint brief) except -1:
    """Each round by all threads."""
    cdef char *memory = take(scratch)
    cdef Py_ssize_t round
    job.x_stage, job.dy_stage = memory, memory + job.x_bytes
    job.runs = <fc_run *>(job.dy_stage + job.dy_bytes)
    try:
        for round in range(job.rounds):
            aim(job, round)
            job.added = round > 0
            run_tasks(stage, job, stages_of(job), threads, 0, brief)
            find_runs(job)
            run_tasks(multiply, job, products_of(job), threads, 0, brief)
    finally:
        give(memory)
    return 0


cdef bint is_pointwise(const fc_conv *s) noexcept nogil:
    """Whether each output pixel reads the input pixel at its own place."""
    return (s.kd == s.kh == s.kw == 1 and s.stride_d == s.stride_h == s.stride_w == 1 and s.d == s.od and s.h == s.oh
            and s.w == s.ow and s.pad_d == s.pad_h == s.pad_w == 0)


cdef int dense_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                      char *dw, int threads, bint brief) except -1:
    """Fill dw."""
    if not is_pointwise(s) or s.c_in <= s.c_out or s.x_pixel != 1:
        return add_products(s, kernels, itemsize, x, dy, dw, threads, brief)
    cdef fc_conv swapped = s[0]
    cdef Py_ssize_t c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, size = c_in * c_out * itemsize, group
    cdef char *turned = take(s.groups * size)
    swapped.c_in, swapped.c_out = s.c_out, s.c_in
    swapped.x_channel, swapped.y_channel = s.y_channel, s.x_channel
    try:
        add_products(&swapped, kernels, itemsize, dy, x, turned, threads, brief)
        for group in range(s.groups):
            kernels.turn(turned + group * size, c_out, c_in, c_out, dw + group * size, c_in)
    finally:
        give(turned)
    return 0


cdef int add_products(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                      char *dw, int threads, bint brief) except -1:
    """Fill dw as it is described above."""
    cdef Job job
    cdef fc_conv out = output_shape(s)
    cdef Py_ssize_t lanes = kernels.lanes
    job.shape, job.out, job.kernels, job.itemsize = s, &out, kernels, itemsize
    job.x, job.dy, job.dw = x, dy, dw
    job.c_in, job.c_out, job.taps = s.c_in // s.groups, s.c_out // s.groups, s.kd * s.kh * s.kw
    job.weights = s.c_out * job.c_in * job.taps
    if s.n == 0:
        memset(dw, 0, job.weights * itemsize)
        return 0
    choose_lanes(&job)
    # Rows of sums whose pixels would share one cache set are better staged.
    job.dy_in_place = not job.turned and s.y_pixel == 1 and s.y_channel * itemsize % 4096 != 0 and job.c_out > 1
    job.x_ld = job.c_in if job.fold > 1 else odd_vectors(job.c_in, lanes)
    job.dy_ld = odd_vectors(job.c_out, lanes)
    job.m, job.n = job.c_out, job.fold * job.c_in
    if job.turned:
        job.m, job.n = job.n, job.m
    choose_rounds(&job)
    job.across, job.down = parts(s.ow, job.most_columns), parts(s.oh, job.most_rows)
    job.rounds = parts(s.n * s.od, job.most_planes) * job.down * job.across
    job.shares = min(<Py_ssize_t>SHARES, job.rounds) if job.weights * itemsize <= SHARE_ROOM else 1
    choose_blocks(&job, threads if job.shares == 1 else 1)
    cdef bint ordered = not job.turned and job.taps == 1
    cdef size_t room = 2 * lanes * itemsize
    job.sums_bytes = (job.weights * itemsize + 63) // 64 * 64
    job.x_bytes = (s.groups * job.x_group * itemsize + room + 63) // 64 * 64
    job.dy_bytes = 0 if job.dy_in_place else (s.groups * job.dy_group * itemsize + room + 63) // 64 * 64
    cdef size_t scratch = job.x_bytes + job.dy_bytes
    scratch += job.most_planes * job.most_rows * parts(job.most_columns, RUN) * sizeof(fc_run)
    job.sums = dw if ordered else take(job.sums_bytes)
    try:
        if job.shares > 1:
            in_shares(&job, scratch, threads, brief)
        else:
            in_turn(&job, scratch, threads, brief)
        if not ordered:
            run_tasks(put_in_order, &job, s.c_in if job.turned else s.c_out, threads, 0, brief)
    finally:
        if not ordered:
            give(job.sums)
    return 0
