"""A transposed convolution as the convolutions of its phases, whose outputs are woven together.

Source: Shi et al., Is the deconvolution layer the same as a convolutional layer?, arXiv 1609.07009; Dumoulin & Visin,
arXiv 1603.07285, section 4. Accuracy: that of the algorithm that computes the phases.

With stride s, outputs offset + s*m of an axis meet only the taps of one remainder, so each phase is a convolution of the
input with stride 1 and a part of the taps, in reverse order. Phases that read the same inputs are one convolution with
more output channels. Any of the algorithms for convolution computes them, into a slab of output positions that stays in
L2, from which the rows of the output are woven. A slab is a call of its own: its padding, which may be negative, says
where it lies. Slabs depend on the shape alone, so do the bits.

The definition multiplies no zeros of a border. So where a phase reads beyond the input, and a weight is infinite or NaN,
which packing finds out, the rows are summed by the definition instead.
"""

cimport numpy as cnp
from numpy cimport ndarray, npy_intp

from ._conv cimport BoundConv, at
from ._parallel cimport give, parts, run_tasks, take
from ._table cimport fc_conv, fc_kernels
from ._winograd cimport Winograd

from ._cost import CLOCK, machine_of, vectors

cnp.import_array()

cdef enum:
    SLAB_BYTES = 2 << 20
    ROWS_BYTES = 64 << 10  # of the output rows of a task
    TURNED = 16            # output channels whose filters a task turns
    LINE = 64


def slabs_of(spec):
    """Return the boxes of positions that are computed at a time, all of one size; the last may overlap that before it."""
    box, boxes = spec.phase_box, [()]
    lengths = [high for _, high in box]
    room = SLAB_BYTES // (spec.c_out * spec.itemsize * spec.stride[0] * spec.stride[1] * spec.stride[2])
    for axis in range(3):
        rest = 1
        for length in lengths[axis + 1:]:
            rest *= length
        count = -(-lengths[axis] // min(max(room // rest, 1), lengths[axis]))
        length = -(-lengths[axis] // count)
        starts = [min(i * length, lengths[axis] - length) for i in range(count)]
        boxes = [(*front, (start, start + length)) for front in boxes for start in starts]
        lengths[axis] = length
        room = max(room // length, 1)
    return boxes


def weaving_seconds(spec, isa):
    """Return the expected time of weaving one image's output together, beyond that of its phases."""
    if is_one_phase(spec):
        return 0.0
    machine = machine_of(isa)
    rows = spec.c_out * spec.output[0] * spec.output[1]
    each = machine.run if spec.stride[2] in (1, 2, 4, 8) or spec.channels_last else machine.turn
    return rows * (30.0 + vectors(machine, spec, spec.output[2]) * each) / CLOCK


def is_one_phase(spec):
    """Return whether one phase makes the whole output, where it lies."""
    return all(len(axis) == 1 and high == o for axis, (_, high), o in zip(spec.phase_axes, spec.phase_box, spec.output))


cdef ndarray integers(numbers):
    cdef npy_intp items = len(numbers)
    made = cnp.PyArray_EMPTY(1, &items, cnp.NPY_INTP, 0)
    made[:] = numbers
    return made


cdef struct Axis:
    Py_ssize_t stride, output, low, high  # positions of the slab
    Py_ssize_t phases
    const Py_ssize_t *phase   # of an offset, -1 for none
    const Py_ssize_t *index   # of an offset in its phase
    const Py_ssize_t *counts  # offsets of a phase


cdef struct Move:
    const fc_conv *shape
    const fc_kernels *kernels
    Py_ssize_t itemsize, rows_per_task
    bint last                  # whether channels are
    Axis axis[3]
    char **blocks              # one a phase
    const char *bias
    char *y                    # of the image


cdef const char *place_of(const Move *move, const Py_ssize_t *offset, const Py_ssize_t *position, Py_ssize_t channel,
                          Py_ssize_t *pitch) noexcept nogil:
    """Where a slab has the outputs of these offsets, from this position on; NULL if no tap makes them. Sets their pitch."""
    cdef Py_ssize_t phase = 0, many = 1, index = 0, pixels = 1, pixel = 0, i
    cdef const Axis *axis
    for i in range(3):
        axis = &move.axis[i]
        if axis.phase[offset[i]] < 0:
            return NULL
        phase = phase * axis.phases + axis.phase[offset[i]]
        many *= axis.counts[axis.phase[offset[i]]]
        index = index * axis.counts[axis.phase[offset[i]]] + axis.index[offset[i]]
        pixels *= axis.high - axis.low
        pixel = pixel * (axis.high - axis.low) + position[i] - axis.low
    if not move.last:
        pitch[0] = 1
        return move.blocks[phase] + ((channel * many + index) * pixels + pixel) * move.itemsize
    pitch[0] = move.shape.c_out * many
    return move.blocks[phase] + (pixel * pitch[0] + index * move.shape.c_out) * move.itemsize


cdef inline Py_ssize_t first_of(const Axis *axis) noexcept nogil:
    return axis.low * axis.stride


cdef inline Py_ssize_t length_of(const Axis *axis) noexcept nogil:
    return min(axis.high * axis.stride, axis.output) - axis.low * axis.stride


cdef void fill_alone(const Move *move, Py_ssize_t channel, Py_ssize_t count, char *to) noexcept nogil:
    """What stands where no tap reaches: the bias of a channel `count` times, or of `count` channels, activated."""
    cdef Py_ssize_t size = move.itemsize, i
    cdef Py_ssize_t step = size if move.last else 0
    for i in range(count):
        if move.bias is NULL:
            if size == 4:
                (<float *>to)[i] = 0
            else:
                (<double *>to)[i] = 0
        elif size == 4:
            (<float *>to)[i] = (<const float *>(move.bias + channel * size + i * step))[0]
        else:
            (<double *>to)[i] = (<const double *>(move.bias + channel * size + i * step))[0]
    move.kernels.activate(&move.shape.after, to, to, count)


cdef void weave_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Some output rows of a slab, of one channel, or of all where channels are last."""
    cdef const Move *move = <const Move *>argument
    cdef const fc_conv *s = move.shape
    cdef const Axis *d = &move.axis[0]
    cdef const Axis *h = &move.axis[1]
    cdef const Axis *w = &move.axis[2]
    cdef Py_ssize_t size = move.itemsize, count = length_of(w), steps = min(w.stride, count)
    cdef Py_ssize_t rows = length_of(d) * length_of(h)
    cdef Py_ssize_t blocks = parts(rows, move.rows_per_task), channel = task // blocks
    cdef Py_ssize_t row = task % blocks * move.rows_per_task, last = min(row + move.rows_per_task, rows), q, o
    cdef Py_ssize_t tall = min(h.stride, length_of(h)), wide = w.high - w.low, known = -1, p
    cdef Py_ssize_t[3] offset
    cdef Py_ssize_t[3] position
    # Where the first row of each offset of h is, for the depth it is known for.
    cdef const char **firsts = <const char **>scratch
    cdef Py_ssize_t *pitches = <Py_ssize_t *>(scratch + tall * steps * sizeof(void *))
    cdef const char **from_rows = <const char **>(pitches + tall * steps)
    cdef char *alone = <char *>(from_rows + steps)
    cdef char *y
    fill_alone(move, channel, s.c_out if move.last else parts(count, w.stride), alone)
    while row < last:
        o = first_of(d) + row // length_of(h)
        y = move.y + o * s.oh * s.ow * s.y_pixel * size
        if o != known:
            known = o
            offset[0], position[0], position[1], position[2] = o % d.stride, o // d.stride, h.low, w.low
            for p in range(tall):
                offset[1] = p
                for q in range(steps):
                    offset[2] = q
                    firsts[p * steps + q] = place_of(move, offset, position, channel, &pitches[p * steps + q])
                    if firsts[p * steps + q] is NULL:
                        firsts[p * steps + q] = alone
                        pitches[p * steps + q] = 0
        o = first_of(h) + row % length_of(h)
        y += ((o * s.ow + first_of(w)) * s.y_pixel + channel * s.y_channel) * size
        p = o % h.stride * steps
        o = (o // h.stride - h.low) * wide * size
        for q in range(steps):
            from_rows[q] = firsts[p + q] + o * pitches[p + q]
        if move.last:
            move.kernels.interleave_pixels(<const void *const *>from_rows, pitches + p, steps, count, s.c_out, y)
        else:
            move.kernels.interleave(<const void *const *>from_rows, steps, count, y)
        row += 1


cdef struct Scatter:
    const fc_conv *shape
    const fc_kernels *kernels
    Py_ssize_t itemsize
    const char *x
    const char *weight
    const char *bias
    char *y


cdef void scatter_rows(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """The output rows of one depth of one channel."""
    cdef const Scatter *job = <const Scatter *>argument
    cdef const fc_conv *s = job.shape
    cdef Py_ssize_t c_in = s.c_in // s.groups, c_out = s.c_out // s.groups, size = job.itemsize, ioh
    cdef Py_ssize_t iod = task % s.od, channel = task // s.od % s.c_out, image = task // s.od // s.c_out
    cdef Py_ssize_t group = channel // c_out, taps = s.kd * s.kh * s.kw
    for ioh in range(s.oh):
        job.kernels.scatter_row(
            s, job.x + (image * s.c_in * s.d * s.h * s.w + group * c_in * s.x_channel) * size,
            job.weight + (group * c_in * c_out + channel % c_out) * taps * size, at(job.bias, channel * size),
            job.y + (image * s.c_out * s.od * s.oh * s.ow + channel * s.y_channel) * size, iod, ioh, scratch,
        )


cdef struct Filters:           # of a phase
    Py_ssize_t many, taps      # offsets, taps of each
    const Py_ssize_t *tap      # [many][taps]
    char *to


cdef struct Turn:
    const fc_kernels *kernels
    Py_ssize_t itemsize, phases, groups, depth, channels, taps  # depth and channels of a group of the output's
    bint last, bordered        # whether channels are; whether phases read beyond the input
    const Filters *filters
    const char *weight
    int strange


cdef void turn_filters(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """The filters of some output channels of a group, for all offsets of all phases: input channels before reversed taps."""
    cdef Turn *job = <Turn *>argument
    cdef Py_ssize_t blocks = parts(job.channels, TURNED), size = job.itemsize, phase, q, row, i
    cdef Py_ssize_t group = task // blocks, c = task % blocks * TURNED, count = min(<Py_ssize_t>TURNED, job.channels - c)
    cdef Py_ssize_t ld = job.channels * job.taps, filter
    cdef const char *weight = job.weight + (group * job.depth * ld + c * job.taps) * size
    cdef const Filters *f
    c += group * job.channels
    for phase in range(job.phases):
        f = &job.filters[phase]
        filter = job.depth * f.taps
        for q in range(f.many):
            row = q * job.groups * job.channels + c if job.last else c * f.many + q
            job.kernels.turn_taps(weight, ld, job.depth, count, job.taps, f.tap + q * f.taps, f.taps,
                                  f.to + row * filter * size, filter if job.last else f.many * filter)
    if job.bordered:
        for i in range(job.depth):
            if not job.kernels.all_finite(weight + i * ld * size, count * job.taps):
                job.strange = 1


cdef class PhasedConv(BoundConv):
    """`modules` are the algorithms of the phases."""

    cdef list children             # [slab][phase]
    cdef list boxes
    cdef Py_ssize_t phases, box_items
    cdef bint one, bordered, last
    cdef bint turns                # whether the one phase reads the weights as they are
    cdef ndarray many, taps        # of each phase: offsets, taps of each
    cdef ndarray packed_at         # where each phase's filters begin, and where the last end
    cdef ndarray plain_at          # where they are as they were before they were packed, if that is needed; or -1
    cdef list tap_tables           # of each phase: its taps
    cdef list tables               # of each axis: phase, index, counts

    def __init__(self, spec, modules, int isa, str isa_name):
        super().__init__(spec, isa, isa_name)
        phases = spec.phases
        self.one, self.last = is_one_phase(spec), spec.channels_last
        self.boxes = [spec.phase_box] if self.one else slabs_of(spec)
        self.children = [
            [module.bind(spec.phase_conv(phase, box, spec.n if self.one else 1), isa, isa_name)
             for phase, module in zip(phases, modules)]
            for box in self.boxes
        ]
        self.phases = len(phases)
        self.turns = self.one and isinstance(self.children[0][0], Winograd) and spec.kernel[0] == 1
        whole = [spec.phase_conv(phase, spec.phase_box) for phase in phases]
        self.bordered = any(side > 0 for conv in whole for pair in conv.padding for side in pair)
        self.many = integers([conv.c_out // spec.c_out for conv in whole])
        self.taps = integers([conv.taps for conv in whole])
        self.tap_tables = [tap_table(spec.kernel, phase) for phase in phases]
        self.tables = [offset_tables(axis, min(o, s)) for axis, o, s in zip(spec.phase_axes, spec.output, spec.stride)]
        self.box_items = spec.c_out
        for low, high in self.boxes[0]:
            self.box_items *= high - low
        self.layout = f"phases {phases} of " + " ".join([child.layout for child in self.children[0]])
        for children in self.children:
            if [child.layout for child in children] != [child.layout for child in self.children[0]]:
                raise TypeError("the slabs of a transposed convolution pack their weights alike")
        starts, plain = [0], []
        for conv, child, module in zip(whole, self.children[0], modules):
            begin, filters = starts[len(starts) - 1], conv.c_out * conv.c_in // conv.groups * conv.taps
            items = -(-((<BoundConv>child).packed_items() or filters) // LINE) * LINE
            # What is not summed directly is where values are not finite, and then asks for the filters.
            direct = getattr(module, "bounded_as_direct", True)
            plain.append(-1 if direct else begin + items)
            starts.append(begin + items + (0 if direct else -(-filters // LINE) * LINE))
        self.packed_at, self.plain_at = integers(starts), integers(plain)

    cdef Py_ssize_t start_of(self, Py_ssize_t phase) noexcept:
        return (<Py_ssize_t *>cnp.PyArray_DATA(self.packed_at))[phase]

    cdef Py_ssize_t plain_of(self, Py_ssize_t phase) noexcept:
        return (<Py_ssize_t *>cnp.PyArray_DATA(self.plain_at))[phase]

    cdef Py_ssize_t many_of(self, Py_ssize_t phase) noexcept:
        return (<Py_ssize_t *>cnp.PyArray_DATA(self.many))[phase]

    cdef Py_ssize_t taps_of(self, Py_ssize_t phase) noexcept:
        return (<Py_ssize_t *>cnp.PyArray_DATA(self.taps))[phase]

    cdef Py_ssize_t filter_items(self, Py_ssize_t phase) noexcept:
        return self.many_of(phase) * self.taps_of(phase) * self.shape.c_out * (self.shape.c_in // self.shape.groups)

    cdef BoundConv child(self, Py_ssize_t slab, Py_ssize_t phase):
        return <BoundConv>(<list>self.children[slab])[phase]

    cdef Py_ssize_t packed_items(self) noexcept:
        """The phases' filters, as their algorithms want them, and whether all are finite."""
        return self.start_of(self.phases) + 1

    cdef size_t loose_bytes(self):
        """The phases, and their filters on their way to be packed."""
        cdef Py_ssize_t items = 0, phase
        for phase in range(self.phases):
            if self.child(0, phase).packed_items() and self.plain_of(phase) < 0:
                items += self.filter_items(phase)
        return items * self.itemsize + self.phases * sizeof(Filters) + LINE

    cdef int turn(self, const char *weight, Filters *filters, int threads, bint brief) except -1:
        """Fill the phases' filters; return whether some weight is infinite or NaN, where that matters."""
        cdef const fc_conv *s = &self.shape
        cdef Py_ssize_t phase
        cdef Turn job
        job.kernels, job.itemsize, job.weight, job.strange = self.kernels, self.itemsize, weight, 0
        job.phases, job.last, job.bordered, job.filters = self.phases, self.last, self.bordered, filters
        job.taps, job.depth, job.groups, job.channels = s.kd * s.kh * s.kw, s.c_in // s.groups, s.groups, s.c_out // s.groups
        if job.depth == 1:  # channels then follow each other through all groups
            job.groups, job.channels = 1, s.c_out
        for phase in range(self.phases):
            filters[phase].many, filters[phase].taps = self.many_of(phase), self.taps_of(phase)
            filters[phase].tap = <const Py_ssize_t *>cnp.PyArray_DATA(<ndarray>self.tap_tables[phase])
        run_tasks(turn_filters, &job, job.groups * parts(job.channels, TURNED), threads, 0, brief)
        return job.strange

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        cdef BoundConv child
        cdef Py_ssize_t phase, size = self.itemsize
        cdef char *loose = take(self.loose_bytes())
        cdef Filters *filters = <Filters *>loose
        cdef char *to = loose + parts(self.phases * sizeof(Filters), LINE) * LINE
        cdef int strange
        try:
            for phase in range(self.phases):
                filters[phase].to = packed + self.start_of(phase) * size
                if self.plain_of(phase) >= 0:
                    filters[phase].to = packed + self.plain_of(phase) * size
                elif self.child(0, phase).packed_items():
                    filters[phase].to = to
                    to += self.filter_items(phase) * size
            strange = self.turn(weight, filters, threads, brief)
            for phase in range(self.phases):
                child = self.child(0, phase)
                if child.packed_items():
                    child.pack_into(filters[phase].to, packed + self.start_of(phase) * size, threads, brief)
        finally:
            give(loose)
        packed += self.start_of(self.phases) * size
        if size == 4:
            (<float *>packed)[0] = strange
        else:
            (<double *>packed)[0] = strange
        return 0

    cdef bint is_strange(self, const char *packed) noexcept:
        packed += self.start_of(self.phases) * self.itemsize
        return ((<const float *>packed)[0] if self.itemsize == 4 else (<const double *>packed)[0]) != 0

    cdef size_t block_bytes(self, Py_ssize_t phase) noexcept:
        """A phase's part of a slab."""
        return parts(self.many_of(phase) * self.box_items * self.itemsize, LINE) * LINE

    cdef size_t slab_bytes(self) noexcept:
        """A slab, the places of its parts, and the biases of the phase with the most channels."""
        cdef size_t total = self.phases * sizeof(void *) + LINE
        cdef Py_ssize_t phase, most = 0
        for phase in range(self.phases):
            total += self.block_bytes(phase)
            most = max(most, self.many_of(phase))
        return total + most * self.shape.c_out * self.itemsize

    cdef size_t weave_bytes(self):
        cdef Py_ssize_t steps = min(self.shape.stride_w, self.shape.ow), tall = min(self.shape.stride_h, self.shape.oh)
        cdef Py_ssize_t wide = max([box[2][1] - box[2][0] for box in self.boxes])
        return (steps * (sizeof(void *) + tall * (sizeof(void *) + sizeof(Py_ssize_t)))
                + max(self.shape.c_out, wide) * self.itemsize)

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        cdef size_t total = 0 if packed else self.packed_items() * self.itemsize
        cdef size_t more = 0, row = max(self.weave_bytes(), <size_t>(self.shape.ow * self.itemsize))
        cdef Py_ssize_t phase, slab
        for slab in range(len(self.children)):
            for phase in range(self.phases):
                more = max(more, self.child(slab, phase).workspace_bytes(threads, True) + 4096)
        if self.one and not packed:
            total = self.filter_items(0) * self.itemsize + threads * (row + 256)
            return total + self.child(0, 0).workspace_bytes(threads, False)
        if not packed:
            total += self.loose_bytes()
        if not self.one:
            total += self.slab_bytes()
        return total + more + threads * (row + 256)

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        cdef char *own = NULL
        if packed is NULL and self.one:
            return self.compute_once(x, weight, bias, y, threads, brief)
        if packed is NULL:
            own = take(self.packed_items() * self.itemsize)
            packed = own
        try:
            if own is not NULL:
                self.pack_into(weight, own, threads, brief)
            if self.is_strange(packed):
                return self.scatter(x, weight, bias, y, threads, brief)
            if not self.one:
                return self.weave(x, packed, bias, y, threads, brief)
            return self.compute_phase(0, 0, x, packed, bias, y, threads, brief)
        finally:
            if own is not NULL:
                give(own)

    cdef int compute_once(self, const char *x, const char *weight, const char *bias, char *y, int threads,
                          bint brief) except -1:
        """Compute the one phase with filters that it packs itself, where it uses them."""
        cdef BoundConv child = self.child(0, 0)
        cdef Filters filters
        cdef char *own
        if self.turns and not (<Winograd>child).compute_turned(x, weight, bias, y, 1 if child.brief else threads,
                                                               brief or child.brief):
            return 0
        own = take(self.filter_items(0) * self.itemsize)
        filters.to = own
        try:
            if self.turn(weight, &filters, threads, brief):
                return self.scatter(x, weight, bias, y, threads, brief)
            return child.compute(x, own, NULL, bias, y, 1 if child.brief else threads, brief or child.brief)
        finally:
            give(own)

    cdef int compute_phase(self, Py_ssize_t slab, Py_ssize_t phase, const char *x, const char *packed, const char *bias,
                           char *y, int threads, bint brief) except -1:
        cdef BoundConv child = self.child(slab, phase)
        cdef const char *filters = packed + self.start_of(phase) * self.itemsize
        cdef const char *plain = filters
        if self.plain_of(phase) >= 0:
            plain = packed + self.plain_of(phase) * self.itemsize
        return child.compute(x, plain, filters if child.packed_items() else NULL, bias, y, 1 if child.brief else threads,
                             brief or child.brief)

    cdef int scatter(self, const char *x, const char *weight, const char *bias, char *y, int threads, bint brief) except -1:
        cdef Scatter job
        job.shape, job.kernels, job.itemsize = &self.shape, self.kernels, self.itemsize
        job.x, job.weight, job.bias, job.y = x, weight, bias, y
        return run_tasks(scatter_rows, &job, self.shape.n * self.shape.c_out * self.shape.od, threads,
                         self.shape.ow * self.itemsize, brief)

    cdef int weave(self, const char *x, const char *packed, const char *bias, char *y, int threads, bint brief) except -1:
        """Compute slab by slab."""
        cdef const fc_conv *s = &self.shape
        cdef Py_ssize_t image, slab, size = self.itemsize
        cdef Move move
        cdef char *memory = take(self.slab_bytes())
        move.shape, move.kernels, move.itemsize, move.bias = s, self.kernels, size, bias
        move.last = self.last
        try:
            move.blocks = <char **>memory
            self.lay_out(&move, memory)
            for image in range(s.n):
                move.y = y + image * s.c_out * s.od * s.oh * s.ow * size
                for slab in range(len(self.boxes)):
                    self.compute_slab(&move, slab, x + image * s.c_in * s.d * s.h * s.w * size, packed, bias, threads, brief)
            return 0
        finally:
            give(memory)

    cdef int lay_out(self, Move *move, char *memory) except -1:
        """Place the parts of a slab, and let the axes know their tables."""
        cdef Py_ssize_t phase, axis
        cdef const fc_conv *s = &self.shape
        cdef tuple tables
        cdef char *block = memory + parts(self.phases * sizeof(void *), LINE) * LINE
        for phase in range(self.phases):
            move.blocks[phase] = block
            block += self.block_bytes(phase)
        for axis in range(3):
            tables = self.tables[axis]
            move.axis[axis].phase = <const Py_ssize_t *>cnp.PyArray_DATA(<ndarray>tables[0])
            move.axis[axis].index = <const Py_ssize_t *>cnp.PyArray_DATA(<ndarray>tables[1])
            move.axis[axis].counts = <const Py_ssize_t *>cnp.PyArray_DATA(<ndarray>tables[2])
            move.axis[axis].phases = cnp.PyArray_DIM(<ndarray>tables[2], 0)
        move.axis[0].stride, move.axis[1].stride, move.axis[2].stride = s.stride_d, s.stride_h, s.stride_w
        move.axis[0].output, move.axis[1].output, move.axis[2].output = s.od, s.oh, s.ow
        return 0

    cdef int compute_slab(self, Move *move, Py_ssize_t slab, const char *x, const char *packed, const char *bias,
                          int threads, bint brief) except -1:
        cdef const fc_conv *s = &self.shape
        cdef Py_ssize_t phase, axis, rows, size = self.itemsize
        cdef char *biases = NULL
        for phase in range(self.phases):
            if bias is not NULL:
                biases = self.repeat_bias(move, phase, bias)
            self.compute_phase(slab, phase, x, packed, biases, move.blocks[phase], threads, brief)
        for axis in range(3):
            move.axis[axis].low, move.axis[axis].high = (<tuple>(<tuple>self.boxes[slab])[axis])
        rows = length_of(&move.axis[0]) * length_of(&move.axis[1])
        move.rows_per_task = max(1, ROWS_BYTES // (length_of(&move.axis[2]) * s.y_pixel * size))
        return run_tasks(weave_rows, move, parts(rows, move.rows_per_task) * (1 if self.last else s.c_out), threads,
                         self.weave_bytes(), brief)

    cdef char *repeat_bias(self, Move *move, Py_ssize_t phase, const char *bias) noexcept:
        """The bias of each output channel of a phase, behind the slab."""
        cdef Py_ssize_t many = self.many_of(phase), c_out = self.shape.c_out, c, q, to, last = self.phases - 1
        cdef char *biases = move.blocks[last] + self.block_bytes(last)
        for c in range(c_out):
            for q in range(many):
                to = q * c_out + c if self.last else c * many + q
                if self.itemsize == 4:
                    (<float *>biases)[to] = (<const float *>bias)[c]
                else:
                    (<double *>biases)[to] = (<const double *>bias)[c]
        return biases


def tap_table(kernel, phase):
    """Return the taps of a phase in the order of its filters: offsets before taps, as flat numbers of the whole kernel."""
    d, h, w = phase
    return integers([
        (a * kernel[1] + b) * kernel[2] + c
        for rows in d.taps for columns in h.taps for places in w.taps
        for a in rows for b in columns for c in places
    ])


def offset_tables(axis, offsets):
    """Return for each offset its phase (-1 for none) and its number there, and for each phase how many offsets it has."""
    phase, index = [-1] * offsets, [0] * offsets
    for number, one in enumerate(axis):
        for place, offset in enumerate(one.offsets):
            phase[offset], index[offset] = number, place
    return integers(phase), integers(index), integers([len(one.offsets) for one in axis])
