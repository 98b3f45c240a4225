"""Reductions over boxes of planes: adaptive and global pooling, sums, p-norms; and their gradients.

Computes, source, tile and accuracy: src/pool/boxes.c, box_rows.c, box_runs.c, box_grad.c. A task owns some whole planes or,
of large ones, some rows of outputs; channels last, some whole images, some outputs of one, or some channels of those. A
task of a gradient owns whole planes or all places of some channels: the shares that overlapping boxes add up stay together.
"""

cimport numpy as cnp
from libc.math cimport INFINITY
from libc.stdint cimport int64_t
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport (
    FC_AS_IS,
    FC_CUBES,
    FC_MAGNITUDES,
    FC_MAXIMA,
    FC_MEAN,
    FC_POWERS,
    FC_SQUARES,
    FC_SUMS,
    FC_WHOLE,
    fc_boxes,
    fc_kernels,
    kernels_of,
)

cnp.import_array()

cdef enum:
    TASK_ITEMS = 1 << 15    # items of a task's planes
    ROW_ITEMS = 1 << 18     # items that a task's outputs read, where a plane or image is larger than that
    SERIAL_ITEMS = 1 << 18  # fewer are not worth a second thread
    POWER_ITEMS = 16        # items whose time a general power takes
    CHANNELS = 64           # of a task, where there are few outputs


cdef struct Job:
    const fc_boxes *shape
    const fc_kernels *kernels
    const char *x          # NULL: not wanted
    const char *y
    const char *source
    char *target
    int64_t *switches      # NULL: not wanted
    Py_ssize_t itemsize, planes, in_plane, out_plane, channels
    Py_ssize_t together    # planes or images of a task
    Py_ssize_t piece, pieces  # rows of outputs, or outputs, of a task; tasks of a plane or an image
    Py_ssize_t wide, blocks   # channels of a task; tasks of all channels


cdef inline void *data(array) noexcept:
    """Where an array's items are; NULL for None."""
    if array is None:
        return NULL
    return cnp.PyArray_DATA(<ndarray>array)


cdef inline const char *at(const char *base, Py_ssize_t offset) noexcept nogil:
    if base is NULL:
        return NULL
    return base + offset


cdef inline int64_t *switches_at(const Job *job, Py_ssize_t offset) noexcept nogil:
    if job.switches is NULL:
        return NULL
    return job.switches + offset


cdef void pool_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t row = task % job.pieces * job.piece, first = task // job.pieces * job.together
    cdef Py_ssize_t rows = job.shape.od * job.shape.oh
    job.kernels.box_pool(job.shape, job.source + first * job.in_plane * job.itemsize,
                         job.target + first * job.out_plane * job.itemsize, switches_at(job, first * job.out_plane),
                         min(job.together, job.planes - first), row, min(row + job.piece, rows), scratch)


cdef void pool_images(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t c = task % job.blocks * job.wide, o = task // job.blocks % job.pieces * job.piece
    cdef Py_ssize_t first = task // job.blocks // job.pieces * job.together, image
    cdef Py_ssize_t read = job.in_plane * job.channels, written = job.out_plane * job.channels
    for image in range(first, min(first + job.together, job.planes)):
        job.kernels.box_pool_last(job.shape, job.source + image * read * job.itemsize,
                                  job.target + image * written * job.itemsize, switches_at(job, image * written),
                                  job.channels, c, min(c + job.wide, job.channels), o, min(o + job.piece, job.out_plane),
                                  scratch)


cdef void grad_planes(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t first = task * job.together, plane, large, small
    for plane in range(first, min(first + job.together, job.planes)):
        large, small = plane * job.in_plane * job.itemsize, plane * job.out_plane * job.itemsize
        job.kernels.box_grad(job.shape, at(job.x, large), at(job.y, small), job.source + small, job.target + large, scratch)


cdef void grad_images(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t c = task % job.blocks * job.wide, first = task // job.blocks * job.together, image, large, small
    for image in range(first, min(first + job.together, job.planes)):
        large = image * job.in_plane * job.channels * job.itemsize
        small = image * job.out_plane * job.channels * job.itemsize
        job.kernels.box_grad_last(job.shape, at(job.x, large), at(job.y, small), job.source + small, job.target + large,
                                  job.channels, c, min(c + job.wide, job.channels), scratch)


cdef class BoundBoxes:
    """A reduction over boxes bound to its shape and instruction set; arrays as `BoundPool` wants them."""

    cdef fc_boxes shape
    cdef Job template
    cdef bint brief
    cdef object spans  # what the shape points to
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        self.spec = spec
        self.isa = isa_name
        cdef fc_boxes *s = &self.shape
        cdef Job *job = &self.template
        job.kernels = kernels_of(isa, 8 * spec.itemsize)
        job.itemsize = spec.itemsize
        size, output, self.spans = spec.folded()
        s.d, s.h, s.w = size
        s.od, s.oh, s.ow = output
        s.spans_d = <const Py_ssize_t *>data(self.spans[0])
        s.spans_h = <const Py_ssize_t *>data(self.spans[1])
        s.spans_w = <const Py_ssize_t *>data(self.spans[2])
        self.choose_kind()
        self.choose_step((size, output) == (spec.size, spec.output))
        job.in_plane, job.out_plane = s.d * s.h * s.w, s.od * s.oh * s.ow
        job.planes, job.channels = (spec.n, spec.c) if spec.channels_last else (spec.n * spec.c, 1)
        cdef double items = <double>(job.in_plane + job.out_plane) * job.channels
        if s.kind == FC_POWERS:
            items *= POWER_ITEMS
        self.brief = items * job.planes < SERIAL_ITEMS
        self.split(items)

    cdef void choose_kind(self):
        cdef fc_boxes *s = &self.shape
        kind, s.power, s.taps = self.spec.kind, self.spec.power, 0
        kernel = self.spec.kernel
        if kernel is not None:
            s.taps = kernel[0] * kernel[1] * kernel[2]
        s.scale = FC_MEAN if kind == "mean" else FC_WHOLE if kind == "norm" else FC_AS_IS
        s.kind = FC_MAXIMA if kind == "max" else FC_SUMS
        if kind == "norm" and s.power != 1:
            s.kind = {2.0: FC_SQUARES, 3.0: FC_CUBES, INFINITY: FC_MAGNITUDES}.get(s.power, FC_POWERS)

    cdef void choose_step(self, bint unfolded):
        """Outputs go into lanes where windows along w are alike and narrow, and outputs enough to fill half of a vector."""
        cdef fc_boxes *s = &self.shape
        cdef Py_ssize_t lanes = self.template.kernels.lanes, read
        s.step, s.kw, s.left, s.pitch = 0, 0, 0, s.w
        if self.spec.kernel is not None:
            s.kw, s.left, s.step = self.spec.kernel[2], self.spec.padding[2], self.spec.stride[2]
        elif s.w % s.ow == 0:
            s.kw = s.step = s.w // s.ow
        if not (unfolded and s.kw < 2 * lanes and 2 * s.ow >= lanes):
            s.step = s.left = 0
            return
        read = (parts(s.ow, lanes) * lanes - 1) * s.step + s.kw
        s.pitch = max(s.left + s.w, read)

    cdef void split(self, double items):
        """Choose what a task owns; `items`: the work of a plane or an image."""
        cdef Job *job = &self.template
        cdef Py_ssize_t lanes = job.kernels.lanes, outputs = job.out_plane
        cdef bint last = self.spec.channels_last
        if not last:
            outputs = self.shape.od * self.shape.oh
        job.piece, job.pieces, job.wide, job.blocks = outputs, 1, job.channels, 1
        job.together = max(job.planes, 1) if self.brief else max(1, <Py_ssize_t>(TASK_ITEMS / items))
        if job.together > lanes:
            job.together = parts(job.together, lanes) * lanes
        if self.brief or items < ROW_ITEMS:
            return
        job.piece = max(1, min(outputs, <Py_ssize_t>(outputs * ROW_ITEMS / items)))
        job.pieces = parts(outputs, job.piece)
        if last and job.piece == 1 and job.planes * job.pieces < 64:
            job.wide = min(job.channels, CHANNELS)
            job.blocks = parts(job.channels, job.wide)

    cdef Job job(self, source, target, switches) noexcept:
        cdef Job job = self.template
        job.shape = &self.shape
        job.source, job.target, job.switches = <const char *>data(source), <char *>data(target), <int64_t *>data(switches)
        job.x = job.y = NULL
        return job

    def pool(self, ndarray x, ndarray y, switches, int threads):
        """Fill y, and switches unless they are None."""
        cdef Job job = self.job(x, y, switches)
        cdef Py_ssize_t tasks = parts(job.planes, job.together) * job.pieces * job.blocks
        if self.spec.channels_last:
            run_tasks(pool_images, &job, tasks, threads, job.wide * job.itemsize, self.brief)
        else:
            run_tasks(pool_planes, &job, tasks, threads, 2 * self.shape.pitch * job.itemsize, self.brief)

    def gradient(self, x, y, ndarray dy, ndarray dx, int threads):
        """Fill dx; x and y are None for sums and means."""
        cdef Job job = self.job(dy, dx, None)
        job.x, job.y = <const char *>data(x), <const char *>data(y)
        if not self.spec.channels_last:
            run_tasks(grad_planes, &job, parts(job.planes, job.together), threads,
                      (self.shape.ow + self.shape.w) * job.itemsize, self.brief)
            return
        if not self.brief and job.planes < 64:
            job.wide = min(job.channels, CHANNELS)
        job.blocks = parts(job.channels, job.wide)
        run_tasks(grad_images, &job, parts(job.planes, job.together) * job.blocks, threads, job.wide * job.itemsize,
                  self.brief)


def bind(spec, isa, isa_name):
    return BoundBoxes(spec, isa, isa_name)
