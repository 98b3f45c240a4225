"""RoI pooling and RoI align, and their gradients.

Computes, source, tile and accuracy: src/sampling/regions.c and resample.c. A task of a forward pass owns the outputs of one
box for some channels; a task of a gradient owns some whole planes of an image and goes through its boxes in their order, so
that no sum is split.
"""

cimport numpy as cnp
from libc.stdint cimport int32_t, int64_t
from libc.string cimport memset
from numpy cimport ndarray

from ._parallel cimport parts, run_tasks
from ._table cimport FC_BY_TAPS, fc_kernels, fc_resample, kernels_of

cnp.import_array()

cdef enum:
    CHANNELS = 32           # of a task
    VECTOR = 16             # a pitch is a whole number of vectors
    SERIAL_ITEMS = 1 << 14  # fewer outputs are not worth a second thread


cdef struct Job:
    const fc_kernels *kernels
    const char *x
    const char *boxes
    const int64_t *images
    char *y
    int64_t *where
    double scale
    Py_ssize_t n, c, h, w, oh, ow, count, samples, itemsize
    bint aligned, last


cdef inline Py_ssize_t pitch_of(Py_ssize_t outputs) noexcept nogil:
    return parts(outputs, VECTOR) * VECTOR


cdef struct Fixed:
    int32_t zero[VECTOR]  # the axis that images have not
    char one[VECTOR * 8]


cdef bint tables_of(const Job *job, Py_ssize_t box, fc_resample *s, char **scratch) noexcept nogil:
    """Make the tables of a box; return whether it has any sample inside the image."""
    cdef const char *corners = job.boxes + box * 5 * job.itemsize
    cdef Py_ssize_t found[3]
    cdef Py_ssize_t pitch, size, outputs
    cdef int32_t *index
    cdef Fixed *fixed = <Fixed *>scratch[0]
    cdef char *at = scratch[0] + sizeof(Fixed)
    cdef int axis
    memset(fixed, 0, sizeof(Fixed))
    if job.itemsize == 4:
        (<float *>fixed.one)[0] = 1
    else:
        (<double *>fixed.one)[0] = 1
    s.axis[0].taps, s.axis[0].pitch = 1, VECTOR
    s.axis[0].index = fixed.zero
    s.axis[0].weights = fixed.one
    s.d, s.h, s.w, s.inner = 1, job.h, job.w, job.c if job.last else 1
    s.od, s.oh, s.ow, s.along = 1, job.oh, job.ow, FC_BY_TAPS
    for axis in range(1, 3):
        size = s.h if axis == 1 else s.w
        outputs = s.oh if axis == 1 else s.ow
        pitch = pitch_of(outputs)
        index = <int32_t *>(at + size * pitch * job.itemsize)
        s.axis[axis].pitch = pitch
        s.axis[axis].weights = at
        s.axis[axis].index = index
        job.kernels.region_axis(corners, 2 - axis, job.scale, job.aligned, outputs, size, job.samples, pitch, index, at,
                                found)
        s.axis[axis].taps, s.low, s.high = found[0], found[1], found[2]
        at += size * pitch * (job.itemsize + 4)
        if found[0] == 0:
            return False
    scratch[0] = at
    return True


cdef void align_box(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef fc_resample shape
    cdef Py_ssize_t groups = 1 if job.last else parts(job.c, CHANNELS), box = task // groups
    cdef Py_ssize_t first = task % groups * CHANNELS
    cdef Py_ssize_t channels = 1 if job.last else min(<Py_ssize_t>CHANNELS, job.c - first), channel
    cdef Py_ssize_t outputs = job.oh * job.ow * job.itemsize * (job.c if job.last else 1)
    cdef Py_ssize_t pixels = job.h * job.w * job.itemsize * (job.c if job.last else 1)
    cdef Py_ssize_t planes = 1 if job.last else job.c
    cdef char *y = job.y + (box * planes + first) * outputs
    if not tables_of(job, box, &shape, &scratch):
        memset(y, 0, channels * outputs)
        return
    for channel in range(channels):
        job.kernels.resample_rows(&shape, job.x + (job.images[box] * planes + first + channel) * pixels,
                                  y + channel * outputs, 0, job.oh, scratch)


cdef void align_back(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Here x is the gradient of the outputs, y that of the images, which have their channels first."""
    cdef const Job *job = <const Job *>argument
    cdef fc_resample shape
    cdef Py_ssize_t groups = parts(job.c, CHANNELS), image = task // groups, first = task % groups * CHANNELS, box, channel
    cdef Py_ssize_t end = min(first + CHANNELS, job.c), pixels = job.h * job.w * job.itemsize
    cdef char *memory
    memset(job.y + (image * job.c + first) * pixels, 0, (end - first) * pixels)
    for box in range(job.count):
        memory = scratch
        if job.images[box] != image or not tables_of(job, box, &shape, &memory):
            continue
        for channel in range(first, end):
            job.kernels.resample_back(&shape, job.x + (box * job.c + channel) * job.oh * job.ow * job.itemsize,
                                      job.y + (image * job.c + channel) * pixels, memory)


cdef void max_box(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t groups = parts(job.c, CHANNELS), box = task // groups, first = task % groups * CHANNELS
    cdef Py_ssize_t outputs = job.oh * job.ow, pixels = job.h * job.w
    cdef Py_ssize_t x_channel = 1 if job.last else pixels, y_channel = 1 if job.last else outputs
    cdef Py_ssize_t x = job.images[box] * job.c * pixels + first * x_channel, y = box * job.c * outputs + first * y_channel
    job.kernels.region_max(job.boxes + box * 5 * job.itemsize, job.scale, job.h, job.w, job.oh, job.ow,
                           min(<Py_ssize_t>CHANNELS, job.c - first), job.c if job.last else 1, job.x + x * job.itemsize,
                           x_channel, job.y + y * job.itemsize, NULL if job.where is NULL else job.where + y, y_channel)


cdef void max_back(void *argument, Py_ssize_t task, char *scratch) noexcept nogil:
    """Here x is the gradient of the outputs, y that of the images."""
    cdef const Job *job = <const Job *>argument
    cdef Py_ssize_t groups = parts(job.c, CHANNELS), image = task // groups, first = task % groups * CHANNELS, box, channel
    cdef Py_ssize_t pixel = job.c if job.last else 1, outputs = job.oh * job.ow, pixels = job.h * job.w, x, y
    for channel in range(first, min(first + CHANNELS, job.c)):
        y = image * job.c * pixels + channel * (1 if job.last else pixels)
        for box in range(job.count):
            if job.images[box] == image:
                x = box * job.c * outputs + channel * (1 if job.last else outputs)
                job.kernels.spread_switches(job.x + x * job.itemsize, job.where + x, outputs, pixel,
                                            job.y + y * job.itemsize, pixel)


cdef class BoundRegions:
    """Regions bound to their shape and instruction set. Arrays are C-contiguous, aligned, native and of the spec's shapes.

    `images` tells for each box, as int64, to which image it belongs.
    """

    cdef Job template
    cdef bint brief
    cdef readonly object spec
    cdef readonly str isa

    def __init__(self, spec, int isa, str isa_name):
        cdef Job *job = &self.template
        self.spec, self.isa = spec, isa_name
        job.kernels, job.itemsize = kernels_of(isa, 8 * spec.itemsize), spec.itemsize
        job.n, job.c, job.last, job.count = spec.n, spec.c, spec.channels_last, spec.count
        job.h, job.w = spec.size
        job.oh, job.ow = spec.output
        job.scale, job.samples, job.aligned = spec.scale, spec.samples, spec.aligned
        self.brief = <double>job.count * job.c * job.oh * job.ow < SERIAL_ITEMS

    cdef Job job(self, ndarray x, boxes, ndarray images, ndarray y, where) noexcept:
        cdef Job job = self.template
        job.x, job.y = <const char *>cnp.PyArray_DATA(x), <char *>cnp.PyArray_DATA(y)
        job.boxes = NULL if boxes is None else <char *>cnp.PyArray_DATA(<ndarray>boxes)
        job.where = NULL if where is None else <int64_t *>cnp.PyArray_DATA(<ndarray>where)
        job.images = <const int64_t *>cnp.PyArray_DATA(images)
        return job

    cdef size_t scratch(self) noexcept:
        cdef Job *job = &self.template
        cdef size_t each = job.itemsize + 4, inner = job.c if job.last else 1
        return (sizeof(Fixed) + (job.h * pitch_of(job.oh) + job.w * pitch_of(job.ow)) * each + 16 * max(job.h, job.w)
                + job.w * inner * job.itemsize)

    def align(self, ndarray x, ndarray boxes, ndarray images, ndarray y, int threads):
        cdef Job job = self.job(x, boxes, images, y, None)
        cdef Py_ssize_t groups = 1 if job.last else parts(job.c, CHANNELS)
        run_tasks(align_box, &job, job.count * groups, threads, self.scratch(), self.brief)

    def align_grad(self, ndarray dy, ndarray boxes, ndarray images, ndarray dx, int threads):
        cdef Job job = self.job(dy, boxes, images, dx, None)
        run_tasks(align_back, &job, job.n * parts(job.c, CHANNELS), threads, self.scratch(), self.brief)

    def maximum(self, ndarray x, ndarray boxes, ndarray images, ndarray y, where, int threads):
        cdef Job job = self.job(x, boxes, images, y, where)
        run_tasks(max_box, &job, job.count * parts(job.c, CHANNELS), threads, 0, self.brief)

    def maximum_grad(self, ndarray dy, ndarray where, ndarray images, ndarray dx, int threads):
        """Add to dx, which holds zeros."""
        cdef Job job = self.job(dy, None, images, dx, where)
        run_tasks(max_back, &job, job.n * parts(job.c, CHANNELS), threads, 0, self.brief)


def bind(spec, isa, isa_name):
    return BoundRegions(spec, isa, isa_name)
