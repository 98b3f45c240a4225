"""A network of causal layers, step by step: each convolution keeps the past steps it will need again, and one call runs all.

Source: Paine et al., arXiv 1611.09482 (Fast WaveNet: what a dilated layer needs again is kept, not computed again).

Values are rows: the channels of one step of one sequence stand together, the sequences of a step follow each other, so one
reading of the weights serves them all. A convolution owns a ring of its last steps, zeros at first, which are the causal
padding; a chunk is taken in blocks of STEPS, each goes through all layers before the next, and the rows between two ends
of the rings are one product. The sums are those of causal.py, however a sequence is cut: channel after channel, tap after
tap, in blocks that depend on the filters alone.

A wide layer's rows of one block are split into tasks where threads are to be had; they write rows of their own. Weights
lie in the order in which they are read.
"""

cimport numpy as cnp
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.string cimport memcpy, memset
from numpy cimport ndarray, npy_intp

from ._arrays cimport empty
from ._gemm cimport depth_block
from ._parallel cimport parts, run_tasks
from ._rows_conv cimport group_items, pack_group
from ._table cimport fc_activation, fc_kernels, kernels_of

from ._conv import ACTIVATIONS

cnp.import_array()

cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1

cdef enum:
    STEPS = 128       # rows of a block, over which weights are read once: an eighth of L2 with what is between two layers
    TASK_ROWS = 32    # of a task
    ALIGNED = 16      # items between the beginnings of two weights are a multiple of this

cdef double SERIAL_FLOPS = 6e6  # of a layer's rows of a block that are not worth a second thread

cdef enum:
    CONV     # y = after(bias + filters * past of a)
    APART    # the same, one filter a channel
    CURVE    # y = after(a)
    PAIR     # y = a (with) b
    GATE     # y = tanh(first half of a) * sigmoid(second half of a)

KINDS = ("conv", "activation", "sum", "product", "gate")

cdef struct Op:
    int kind, pair
    fc_activation after
    Py_ssize_t rate                        # steps of the network's input to one step of a
    Py_ssize_t a, b, y                     # where in the work they are: rows of reals before them
    Py_ssize_t c_in, c_out                 # channels of a and of y
    Py_ssize_t groups, taps, dilation, stride
    Py_ssize_t weight, panel, group, bias  # where in the weights, reals of a panel and of a group
    Py_ssize_t ring, held                  # where in the rings, steps held; 0: reads a as it is
    double flops                           # of a row

cdef struct Block:
    const fc_kernels *kernels
    const Op *op
    const char *weights
    const char *rings
    char *work
    Py_ssize_t itemsize, n, room           # room: rows of a value
    Py_ssize_t first, steps                # of y: the first step of the block, and how many


cdef inline Py_ssize_t most_steps(Py_ssize_t n) noexcept nogil:
    return max(STEPS // max(n, <Py_ssize_t>1), 1)


cdef void convolve(const Block *block, Py_ssize_t step, Py_ssize_t last, Py_ssize_t *offsets) noexcept nogil:
    """Steps [step, last) of the block: as many at a time as no tap passes the end of the ring within."""
    cdef const Op *op = block.op
    cdef const fc_kernels *kernels = block.kernels
    cdef Py_ssize_t size = block.itemsize, n = block.n, c_in = op.c_in // op.groups, c_out = op.c_out // op.groups
    cdef Py_ssize_t depth = c_in * op.taps, k_block = depth_block(depth), group, k, k_end, count, tap, at
    cdef Py_ssize_t row = op.c_in if op.stride == 1 else op.stride * n * op.c_in
    cdef const char *a
    cdef const char *bias
    cdef const char *start
    cdef char *y
    while step < last:
        count = last - step
        if op.held == 0:
            offsets[0] = 0
            a = block.work + (op.a * block.room + step * n * op.c_in) * size
        else:
            a = block.rings + op.ring * size
            if op.stride > 1 and n > 1:  # the rows of one step are closer to each other than to those of the next
                count, row = 1, op.c_in
            for tap in range(op.taps):
                at = ((block.first + step) * op.stride - (op.taps - 1 - tap) * op.dilation + op.held) % op.held
                count = min(count, parts(op.held - at, op.stride))
                offsets[tap] = at * n * op.c_in
        y = block.work + (op.y * block.room + step * n * op.c_out) * size
        if op.kind == APART:
            kernels.taps_apart(op.taps, offsets, a, row, count * n, block.weights + op.weight * size, op.c_out,
                               block.weights + op.bias * size, y, &op.after)
            step += count
            continue
        for group in range(op.groups):
            bias = block.weights + (op.bias + group * c_out) * size
            k = 0
            while k < depth:
                k_end = min(k + k_block, depth)
                start = NULL
                if k == 0:
                    start = bias
                kernels.taps_product(
                    k, k_end, op.taps, offsets, a + group * c_in * size, row, count * n,
                    block.weights + (op.weight + group * op.group + k * kernels.rn) * size, op.panel, c_out,
                    start, k > 0, y + group * c_out * size, op.c_out, &op.after if k_end == depth else NULL,
                )
                k = k_end
        step += count


cdef void some_steps(const Block *block, Py_ssize_t step, Py_ssize_t last, Py_ssize_t *offsets) noexcept nogil:
    cdef const Op *op = block.op
    cdef const fc_kernels *kernels = block.kernels
    cdef Py_ssize_t size = block.itemsize, row = step * block.n, rows = (last - step) * block.n
    cdef const char *a = block.work + (op.a * block.room + row * op.c_in) * size
    cdef char *y = block.work + (op.y * block.room + row * op.c_out) * size
    if op.kind == CONV or op.kind == APART:
        convolve(block, step, last, offsets)
    elif op.kind == CURVE:
        kernels.activate(&op.after, a, y, rows * op.c_in)
    elif op.kind == PAIR:
        kernels.pairs(op.pair, a, block.work + (op.b * block.room + row * op.c_in) * size, y, rows * op.c_in)
    else:
        while rows:
            kernels.pairs(op.pair, a, a + op.c_out * size, y, op.c_out)
            a += op.c_in * size
            y += op.c_out * size
            rows -= 1


cdef void task_steps(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Block *block = <const Block *>argument
    cdef Py_ssize_t each = max(TASK_ROWS // block.n, <Py_ssize_t>1)
    some_steps(block, task * each, min((task + 1) * each, block.steps), <Py_ssize_t *>scratch)


cdef class BoundStream:
    """The plan, which copies share, and the rings and the place, which are a stream's own."""

    cdef const fc_kernels *kernels
    cdef Op *ops
    cdef Py_ssize_t count, itemsize, n, c_in, c_out, rate, wide, result, most_taps, ring_items
    cdef int type_num
    cdef object plan, shapes                 # what a copy is made of; (op, n, c_in, steps) of each history
    cdef ndarray weights, rings, work, offsets
    cdef readonly Py_ssize_t position        # steps taken since the beginning
    cdef readonly bint busy                  # a call is under way
    cdef readonly bint torn                  # an interrupted call left the rings between two blocks

    def __cinit__(self, plan, *_):
        self.ops = <Op *>PyMem_Malloc(max(len(plan.ops), 1) * sizeof(Op))
        if self.ops is NULL:
            raise MemoryError("fastconv: no memory for a stream's plan")

    def __dealloc__(self):
        PyMem_Free(self.ops)

    def __init__(self, plan, BoundStream other, Py_ssize_t n, int itemsize, int isa):
        """`plan`: ops, channels, rate, wide, result; see backends/streaming.py. `other`: a stream that has packed it."""
        self.plan, self.n, self.itemsize = plan, n, itemsize
        self.type_num = cnp.NPY_FLOAT if itemsize == 4 else cnp.NPY_DOUBLE
        self.kernels = kernels_of(isa, 8 * itemsize)
        self.count, self.c_in, self.wide, self.rate = len(plan.ops), plan.channels, plan.wide, plan.rate
        self.result, self.c_out = plan.place, plan.out_channels
        self.most_taps = 1
        cdef npy_intp weights = 0, rings = 0, items
        cdef Py_ssize_t i
        cdef Op *op
        self.shapes = []
        for i in range(self.count):
            op = &self.ops[i]
            weights = self.describe(op, plan.ops[i], weights)
            op.ring = rings
            rings += op.held * n * op.c_in
            if op.taps > 1:
                self.shapes.append((i, (op.taps - 1) * op.dilation))
            self.most_taps = max(self.most_taps, op.taps)
        self.weights = empty(1, &weights, self.type_num, itemsize) if other is None else other.weights
        if other is None:
            for i in range(self.count):
                self.pack(&self.ops[i], plan.ops[i])
        items = max(rings, <npy_intp>1)
        self.rings = empty(1, &items, self.type_num, itemsize)
        items = max(self.wide * most_steps(n) * n, <npy_intp>1)
        self.work = empty(1, &items, self.type_num, itemsize)
        items = self.most_taps
        self.offsets = cnp.PyArray_EMPTY(1, &items, cnp.NPY_INTP, 0)
        self.reset()

    cdef Py_ssize_t describe(self, Op *op, record, Py_ssize_t weights) except -1:
        """Fill in an op; its weights begin at `weights`. Returns where the next begin."""
        cdef Py_ssize_t c_in
        op.rate, op.a, op.b, op.y = record.rate, record.a, record.b, record.y
        op.c_in, op.c_out = record.c_in, record.c_out
        op.after.kind, op.after.slope = ACTIVATIONS.index(record.activation), record.slope
        op.groups, op.taps, op.dilation, op.stride, op.held, op.pair = 1, 1, 1, 1, 0, 0
        op.weight = op.panel = op.group = op.bias = 0
        op.flops = 0
        if record.kind != "conv":
            op.kind = {"activation": CURVE, "sum": PAIR, "product": PAIR, "gate": GATE}[record.kind]
            op.pair = {"product": 1, "gate": 2}.get(record.kind, 0)  # in the order of fc_pair_kind
            return weights
        op.groups, op.taps, op.dilation, op.stride = record.groups, record.taps, record.dilation, record.stride
        if op.taps > 1 or op.stride > 1:
            op.held = (op.taps - 1) * op.dilation + most_steps(self.n)
        c_in = op.c_in // op.groups
        op.kind = APART if c_in == 1 and op.c_out == op.groups and depth_block(op.taps) == op.taps else CONV
        op.panel = c_in * op.taps * self.kernels.rn
        op.group = group_items(self.kernels, op.c_out // op.groups, c_in * op.taps)
        op.weight = weights
        op.bias = weights + parts(op.taps * op.c_out if op.kind == APART else op.groups * op.group, ALIGNED) * ALIGNED
        op.flops = 2.0 * c_in * op.taps * op.c_out
        return op.bias + parts(op.c_out, ALIGNED) * ALIGNED

    cdef int pack(self, Op *op, record) except -1:
        """Panels of filters as taps_product reads them, or taps of channels; a bias of zeros where there is none."""
        if op.kind != CONV and op.kind != APART:
            return 0
        cdef ndarray filters = record.weight
        cdef const char *weight = <const char *>cnp.PyArray_DATA(filters)
        cdef char *to = <char *>cnp.PyArray_DATA(self.weights)
        cdef Py_ssize_t size = self.itemsize, c_out = op.c_out // op.groups, group
        cdef Py_ssize_t depth = op.c_in // op.groups * op.taps
        if op.kind == APART:
            self.kernels.turn(weight, op.taps, op.c_out, op.taps, to + op.weight * size, op.c_out)
        else:
            for group in range(op.groups):
                pack_group(self.kernels, weight + group * c_out * depth * size, c_out, depth, size,
                           to + (op.weight + group * op.group) * size)
        if record.bias is None:
            memset(to + op.bias * size, 0, op.c_out * size)
        else:
            memcpy(to + op.bias * size, cnp.PyArray_DATA(<ndarray>record.bias), op.c_out * size)
        return 0

    def fork(self):
        """Return a stream at the same place, with the same past and a future of its own."""
        cdef BoundStream other = BoundStream(self.plan, self, self.n, self.itemsize, self.isa())
        other.rings[:] = self.rings
        other.position, other.torn = self.position, self.torn
        return other

    cdef int isa(self) except -1:
        cdef int isa = 0
        while kernels_of(isa, <int>(8 * self.itemsize)) is not self.kernels:
            isa += 1
        return isa

    def reset(self):
        """Forget the past."""
        memset(cnp.PyArray_DATA(self.rings), 0, cnp.PyArray_NBYTES(self.rings))
        self.position, self.torn = 0, False

    @property
    def nbytes(self):
        return self.weights.nbytes + self.rings.nbytes + self.work.nbytes + self.offsets.nbytes

    @property
    def history_shapes(self):
        """Shapes (n, channels, steps) of the past that each convolution keeps."""
        return [(self.n, self.ops[i].c_in, past) for i, past in self.shapes]

    def past(self, Py_ssize_t number):
        """Return a view of a ring as (steps, n, channels), and its last steps' places in order."""
        cdef Py_ssize_t i, steps
        i, steps = self.shapes[number]
        cdef Op *op = &self.ops[i]
        ring = self.rings[op.ring : op.ring + op.held * self.n * op.c_in].reshape(op.held, self.n, op.c_in)
        end = parts(self.position, op.rate)
        return ring, [(end - steps + step) % op.held for step in range(steps)]

    def resume(self, Py_ssize_t position):
        """Take up at a place whose past is about to be put into the rings."""
        self.reset()
        self.position = position

    def push(self, ndarray x, int threads):
        """Return the outputs (n, c_out, steps) of the next steps x (n, c_in, steps), C-contiguous; the GIL is released."""
        cdef Py_ssize_t steps = cnp.PyArray_DIM(x, 2), done = 0, made = 0, now
        cdef npy_intp dims[3]
        dims[0], dims[1] = self.n, self.c_out
        dims[2] = parts(self.position + steps, self.rate) - parts(self.position, self.rate)
        cdef ndarray y = empty(3, dims, self.type_num, self.itemsize)
        cdef const char *start = <const char *>cnp.PyArray_DATA(x)
        cdef char *to = <char *>cnp.PyArray_DATA(y)
        if self.busy:
            raise RuntimeError("fastconv: a stream takes one chunk at a time")
        self.busy = True
        try:
            while done < steps and self.n:
                if done:
                    PyErr_CheckSignals()
                now = min(steps - done, most_steps(self.n))
                self.take(start + done * self.itemsize, steps, now)
                self.block(now, threads)
                made += self.give(to, dims[2], made, now)
                self.position += now
                done += now
        except BaseException:
            self.torn = True
            raise
        finally:
            self.busy = False
        self.position += steps - done
        return y

    cdef void take(self, const char *x, Py_ssize_t ld, Py_ssize_t steps) noexcept:
        """Steps of (n, c_in, ld) to rows, which are the first value of the work."""
        cdef char *to = <char *>cnp.PyArray_DATA(self.work)
        cdef Py_ssize_t i, size = self.itemsize
        if ld == 1:
            memcpy(to, x, self.n * self.c_in * size)
            return
        for i in range(self.n):
            self.kernels.turn(x + i * self.c_in * ld * size, ld, self.c_in, steps, to + i * self.c_in * size,
                              self.n * self.c_in)

    cdef Py_ssize_t give(self, char *y, Py_ssize_t ld, Py_ssize_t at, Py_ssize_t taken) noexcept:
        """Rows of the result to (n, c_out, ld), from step `at` on; `taken` steps of the input made them."""
        cdef Py_ssize_t i, size = self.itemsize, steps
        cdef const char *rows = <const char *>cnp.PyArray_DATA(self.work) + self.result * most_steps(self.n) * self.n * size
        steps = parts(self.position + taken, self.rate) - parts(self.position, self.rate)
        if steps == 0:
            return 0
        if ld == 1:
            memcpy(y, rows, self.n * self.c_out * size)
            return steps
        for i in range(self.n):
            self.kernels.turn(rows + i * self.c_out * size, self.n * self.c_out, steps, self.c_out,
                              y + (i * self.c_out * ld + at) * size, ld)
        return steps

    cdef int block(self, Py_ssize_t steps, int threads) except -1:
        """All layers, one after the other, on the steps just taken."""
        cdef Block block
        cdef Py_ssize_t i = 0
        block.kernels, block.itemsize, block.n = self.kernels, self.itemsize, self.n
        block.room = most_steps(self.n) * self.n
        block.weights = <const char *>cnp.PyArray_DATA(self.weights)
        block.rings = <const char *>cnp.PyArray_DATA(self.rings)
        block.work = <char *>cnp.PyArray_DATA(self.work)
        cdef Py_ssize_t *offsets = <Py_ssize_t *>cnp.PyArray_DATA(self.offsets)
        while i < self.count:
            with nogil:
                while i < self.count:
                    self.enter(&block, i, steps)
                    if threads > 1 and self.ops[i].flops * self.n * block.steps >= SERIAL_FLOPS:
                        break
                    some_steps(&block, 0, block.steps, offsets)
                    i += 1
            if i < self.count:
                run_tasks(task_steps, &block, parts(block.steps, max(TASK_ROWS // self.n, <Py_ssize_t>1)), threads,
                          self.most_taps * sizeof(Py_ssize_t))
                i += 1
        return 0

    cdef void enter(self, Block *block, Py_ssize_t i, Py_ssize_t steps) noexcept nogil:
        """Put what op i reads into its ring, and say which of its outputs are due."""
        cdef const Op *op = &self.ops[i]
        cdef Py_ssize_t first = parts(self.position, op.rate), last = parts(self.position + steps, op.rate)
        cdef Py_ssize_t row = self.n * op.c_in * self.itemsize, at, count
        cdef const char *a = block.work + op.a * block.room * self.itemsize
        cdef char *ring = <char *>block.rings + op.ring * self.itemsize
        block.op = op
        block.first = parts(first, op.stride)
        block.steps = parts(last, op.stride) - block.first
        if op.held == 0:
            return
        at, count = first % op.held, last - first
        if at + count > op.held:
            memcpy(ring, a + (op.held - at) * row, (at + count - op.held) * row)
            count = op.held - at
        memcpy(ring + at * row, a, count * row)
