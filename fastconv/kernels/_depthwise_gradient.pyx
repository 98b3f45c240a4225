"""The gradient of depthwise filters, which share nothing: dw[c, tap] = sum over p of dy[p, c] * x[p at tap, c].

Source: Goodfellow, Bengio & Courville, Deep Learning, 2016, section 9.5; the sums are those of src/depthwise/grad.c and
rows_grad.c.

A task owns the filters of some channels and sums over the batch. It stages some input rows at a time with the border around
them, so that a vector of the gradient meets every tap by an unaligned load. Lanes are columns, which are added up at last;
channels last, or where a map is narrower than half a vector, they are channels. Filters that src/depthwise/rows_grad.c
knows need no staging.
"""

from libc.string cimport memset

from ._dense_gradient cimport Axis, axis_of, output_shape
from ._parallel cimport parts, run_tasks
from ._table cimport fc_conv, fc_kernels

cdef enum:
    STAGED = 16 << 10       # bytes of staged input rows, which stay in L1
    TASK_ITEMS = 1 << 14    # reals of the gradient that a task reads


cdef struct Job:
    const fc_conv *shape
    const fc_conv *out
    const fc_kernels *kernels
    Py_ssize_t itemsize, multiple, taps  # filters of an input channel, and their taps
    const char *x
    const char *dy
    char *dw
    bint lanes_are_channels, by_rows
    Py_ssize_t channels                  # input channels of a task
    Axis row, column
    Py_ssize_t rows, windows, window_step, pitch  # output rows staged together; windows of a row
    Py_ssize_t row_items                          # reals of a staged row
    Py_ssize_t stage_bytes, sums_bytes, at_bytes


cdef struct Sweep:  # where a task keeps what it works with
    char *stage
    char *sums
    Py_ssize_t *at
    char *pixels        # of dy, where its channels are not whole vectors


cdef bint goes_by_rows(const fc_conv *s) noexcept nogil:
    """Whether rows_grad.c serves a shape whose lanes are columns."""
    if s.d != 1 or s.kd != 1 or s.od != 1 or s.pad_d != 0 or s.border.present:
        return False
    return (s.kh == s.kw and (s.kw == 3 or s.kw == 5) and s.stride_h == s.stride_w and s.stride_w <= 2
            and s.dilation_h == 1 and s.dilation_w == 1)


cdef void choose_lanes(Job *job) noexcept nogil:
    """Lay out staged rows."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t lanes = job.kernels.lanes, reach
    job.lanes_are_channels = s.x_pixel != 1 or (2 * s.ow < lanes and 2 * s.c_in >= lanes)
    job.by_rows = not job.lanes_are_channels and goes_by_rows(s)
    job.column = axis_of(s.ow, s.kw, s.stride_w, s.dilation_w)
    if job.lanes_are_channels:
        job.row_items = job.column.count * lanes
        return
    job.windows = s.kw if job.column.apart else min(s.stride_w, s.kw) if s.dilation_w == 1 else s.stride_w
    job.window_step = s.dilation_w if job.column.apart else 1
    reach = 0 if job.column.apart else (s.kw - 1) * s.dilation_w // s.stride_w
    job.pitch = parts(s.ow + reach, lanes) * lanes
    job.row_items = job.windows * job.pitch


cdef void choose_rows(Job *job) noexcept nogil:
    """Stage as many output rows' input as stays in L1."""
    cdef const fc_conv *s = job.shape
    job.rows = s.oh
    job.row = axis_of(job.rows, s.kh, s.stride_h, s.dilation_h)
    while job.rows > 1 and job.row.count * job.row_items * job.itemsize > STAGED:
        job.rows -= parts(job.rows, 8)
        job.row = axis_of(job.rows, s.kh, s.stride_h, s.dilation_h)


cdef void stage(const Job *job, const fc_conv *s, const char *x, Py_ssize_t id, Py_ssize_t ioh, Py_ssize_t rows,
                char *to) noexcept nogil:
    """The input of output rows [ioh, ioh + rows) at one tap in depth."""
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t ih = ioh * s.stride_h - s.pad_h, lanes = kernels.lanes, row = job.row_items, size = job.itemsize, i
    cdef Py_ssize_t count = rows if job.row.apart else (rows - 1) * s.stride_h + (s.kh - 1) * s.dilation_h + 1
    cdef Py_ssize_t ih_step = s.stride_h if job.row.apart else 1, _
    for _ in range(s.kh if job.row.apart else 1):
        if not job.lanes_are_channels:
            kernels.stage_windows(s, x, id, ih, ih_step, count, job.windows, job.window_step, job.pitch, to)
        elif not job.column.apart:
            kernels.stage_pixels(s, x, s.c_in, id, ih, ih_step, count, -s.pad_w, 1, job.column.count, to, lanes, row)
        else:
            for i in range(s.kw):
                kernels.stage_pixels(s, x, s.c_in, id, ih, ih_step, count, i * s.dilation_w - s.pad_w, s.stride_w, s.ow,
                                     to + i * job.column.reach * lanes * size, lanes, row)
        ih += s.dilation_h
        to += job.row.reach * row * size


cdef void add_rows(const Job *job, const fc_conv *s, const fc_conv *out, const char *dy, Py_ssize_t iod, Py_ssize_t ioh,
                   Py_ssize_t rows, const Sweep *sweep, const char *ahead, char *sums) noexcept nogil:
    """What staged rows and one filter's gradients add to the sums of a row of taps in depth."""
    cdef const fc_kernels *kernels = job.kernels
    cdef Py_ssize_t lanes = kernels.lanes, size = job.itemsize, row = job.row.step * job.row_items
    cdef Py_ssize_t tap_row = job.row.reach * job.row_items
    if job.lanes_are_channels:
        kernels.stage_pixels(out, dy, out.c_in, iod, ioh, 1, rows, 0, 1, s.ow, sweep.pixels, lanes, s.ow * lanes)
        kernels.depthwise_grad(sweep.stage, row, job.column.step * lanes, sweep.pixels, s.ow * lanes, lanes, rows, s.ow,
                               <int>lanes, s.kh, tap_row, s.kw, sweep.at, ahead, sums)
        return
    cdef Py_ssize_t vectors = parts(s.ow, lanes)
    kernels.depthwise_grad(sweep.stage, row, lanes, dy + (iod * s.oh + ioh) * s.ow * size, s.ow, lanes, rows, vectors,
                           <int>(s.ow - (vectors - 1) * lanes), s.kh, tap_row, s.kw, sweep.at, ahead, sums)


cdef void sum_planes(const Job *job, Py_ssize_t channel, char *sums) noexcept nogil:
    """The sums of the filters of one input channel, by rows."""
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, image, j
    for image in range(s.n):
        for j in range(job.multiple):
            job.kernels.depthwise_rows_grad(
                s, job.x + (image * s.c_in + channel) * s.x_channel * size,
                job.dy + (image * s.c_out + channel * job.multiple + j) * s.y_channel * size,
                sums + j * job.taps * job.kernels.lanes * size)


cdef void sum_filters(const Job *job, Py_ssize_t channel, Py_ssize_t channels, const Sweep *sweep) noexcept nogil:
    """The sums of the filters of one input channel, or of a vector of them."""
    cdef fc_conv part = job.shape[0], out = job.out[0]
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t size = job.itemsize, plane = s.d * s.h * s.w, out_plane = s.od * s.oh * s.ow
    cdef Py_ssize_t image, iod, ioh, rows, ikd, j, id
    cdef const char *x
    cdef const char *dy
    cdef const char *ahead
    part.c_in, out.c_in, out.x_channel = channels, channels, out.x_channel * job.multiple
    for image in range(s.n):
        for iod in range(s.od):
            for ikd in range(s.kd):
                id = iod * s.stride_d - s.pad_d + ikd * s.dilation_d
                ioh = 0
                while ioh < s.oh:
                    rows = min(job.rows, s.oh - ioh)
                    x = job.x + (image * s.c_in * plane + channel * s.x_channel) * size
                    stage(job, &part, x, id, ioh, rows, sweep.stage)
                    ahead = x + (ioh + rows) * s.stride_h * s.w * s.x_pixel * size
                    for j in range(job.multiple):
                        dy = job.dy + (image * s.c_out * out_plane + (channel * job.multiple + j) * s.y_channel) * size
                        add_rows(job, &part, &out, dy, iod, ioh, rows, sweep, ahead,
                                 sweep.sums + (j * job.taps + ikd * s.kh * s.kw) * job.kernels.lanes * size)
                    ioh += rows


cdef void some_channels(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """The filters of some input channels."""
    cdef const Job *job = <const Job *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t lanes = job.kernels.lanes, size = job.itemsize, taps = job.taps, filters = job.multiple * taps
    cdef Py_ssize_t channel = task * job.channels, last = min(channel + job.channels, s.c_in), step, tap, offset, j
    cdef char *dw
    cdef Sweep sweep
    sweep.stage, sweep.sums = scratch, scratch + job.stage_bytes
    sweep.at = <Py_ssize_t *>(sweep.sums + job.sums_bytes)
    sweep.pixels = <char *>sweep.at + job.at_bytes
    for tap in range(s.kw):
        offset = tap * s.dilation_w
        if job.lanes_are_channels:
            sweep.at[tap] = tap * job.column.reach * lanes
        elif job.column.apart:
            sweep.at[tap] = tap * job.pitch
        else:
            sweep.at[tap] = offset % s.stride_w * job.pitch + offset // s.stride_w
    while channel < last:
        step = min(lanes, last - channel) if job.lanes_are_channels else 1
        memset(sweep.sums, 0, job.sums_bytes)
        if job.by_rows:
            sum_planes(job, channel, sweep.sums)
        else:
            sum_filters(job, channel, step, &sweep)
        dw = job.dw + channel * filters * size
        if job.lanes_are_channels:
            for j in range(job.multiple):
                job.kernels.turn(sweep.sums + j * taps * lanes * size, lanes, taps, step, dw + j * taps * size, filters)
        else:
            job.kernels.lane_sums(sweep.sums, filters, dw)
        channel += step


cdef int depthwise_weight(const fc_conv *s, const fc_kernels *kernels, Py_ssize_t itemsize, const char *x, const char *dy,
                          char *dw, int threads, bint brief) except -1:
    """Fill dw; every input channel is a group of its own."""
    cdef Job job
    cdef fc_conv shape = s[0], out = output_shape(s)
    cdef Py_ssize_t lanes = kernels.lanes, pixels = 0
    shape.groups = out.groups = 1
    job.shape, job.out, job.kernels, job.itemsize = &shape, &out, kernels, itemsize
    job.multiple, job.taps = s.c_out // s.c_in, s.kd * s.kh * s.kw
    job.x, job.dy, job.dw = x, dy, dw
    choose_lanes(&job)
    choose_rows(&job)
    job.channels = max(TASK_ITEMS // max(s.n * s.od * s.oh * s.ow * job.multiple, 1), 1)
    if job.lanes_are_channels:
        job.channels = parts(job.channels, lanes) * lanes
        pixels = job.rows * s.ow * lanes * itemsize
    job.stage_bytes = (job.row.count * job.row_items + lanes) * itemsize // 64 * 64 + 64
    job.sums_bytes = (job.multiple * job.taps * lanes * itemsize + 63) // 64 * 64
    job.at_bytes = (s.kw * sizeof(Py_ssize_t) + 63) // 64 * 64
    return run_tasks(some_channels, &job, parts(s.c_in, job.channels), threads,
                     job.stage_bytes + job.sums_bytes + job.at_bytes + pixels, brief)
