"""A convolution bound to its shape, instruction set and algorithm: what a repeated call needs, worked out once.

Each algorithm's module derives a class from BoundConv and fills in `compute`. `run` is the hot path of every convolution
call: plain C-contiguous arrays go straight to the kernels.
"""

cimport numpy as cnp
from numpy cimport ndarray, npy_intp

from ._arrays cimport empty
from ._bias cimport finish, finish_bytes, places_of
from ._table cimport kernels_of


cnp.import_array()

# Work below this many operations stays on the calling thread: waking a second one costs 20-50 us, some of which is lost for
# good when another process has that core.
cdef double SERIAL_FLOPS = 6e6

# In the order of fc_activation_kind.
ACTIVATIONS = ("none", "relu", "relu6", "leaky_relu", "sigmoid", "tanh", "silu", "hardswish")
# Of fc_border_kind; zeros are a constant.
BORDERS = {"zeros": 0, "constant": 0, "replicate": 1, "reflect": 2, "symmetric": 3, "circular": 4}


cdef class BoundConv:
    def __init__(self, spec, int isa, str isa_name):
        self.spec = spec
        self.isa = isa_name
        self.layout = type(self).__name__
        self.itemsize = spec.itemsize
        self.type_num = cnp.NPY_FLOAT if spec.itemsize == 4 else cnp.NPY_DOUBLE
        self.kernels = kernels_of(isa, 8 * spec.itemsize)
        self.flops = <double>spec.flops
        self.brief = self.flops < SERIAL_FLOPS
        self.flip = spec.flip
        cdef int i
        self.ndim = len(spec.input_shape)
        for i in range(self.ndim):
            self.in_dims[i] = spec.input_shape[i]
            self.out_dims[i] = spec.output_shape[i]
        cdef fc_conv *s = &self.shape
        s.n, s.c_in, s.c_out, s.groups = spec.n, spec.c_in, spec.c_out, spec.groups
        s.d, s.h, s.w = spec.size
        s.kd, s.kh, s.kw = spec.kernel
        s.od, s.oh, s.ow = spec.output
        s.stride_d, s.stride_h, s.stride_w = spec.stride
        s.dilation_d, s.dilation_h, s.dilation_w = spec.dilation
        s.pad_d, s.pad_h, s.pad_w = [front for front, _ in spec.padding]
        s.x_channel, s.y_channel = s.d * s.h * s.w, s.od * s.oh * s.ow
        s.x_pixel = s.y_pixel = 1
        if spec.channels_last:
            s.x_channel = s.y_channel = 1
            s.x_pixel, s.y_pixel = s.c_in, s.c_out
        s.x_channel, s.y_channel = spec.input_step or s.x_channel, spec.output_step or s.y_channel
        s.after.kind, s.after.slope = ACTIVATIONS.index(spec.activation), spec.slope
        s.border.present = spec.bordered
        for i in range(6):
            side = spec.border[i // 2][i % 2]
            s.border.kind[i // 2][i % 2] = BORDERS[side]
            s.border.value[i // 2][i % 2] = spec.border_value if side == "constant" else 0.0
        # Where bias and activation follow in a pass of their own, the algorithm is not told of them.
        self.finishes = spec.finishes
        self.after = s.after
        self.places = places_of(s, spec.untied)
        if self.finishes:
            s.after.kind = 0

    # What an algorithm supplies.

    cdef int compute(self, const char *x, const char *weight, const char *packed, const char *bias, char *y,
                     int threads, bint brief) except -1:
        """Fill y. `packed` is NULL unless the weights were packed before."""
        raise TypeError("BoundConv is the base of the algorithms")

    cdef Py_ssize_t packed_items(self) noexcept:
        """Items of the packed weights, 0 if the algorithm reads them as they are."""
        return 0

    cdef int pack_into(self, const char *weight, char *packed, int threads, bint brief) except -1:
        return 0

    cdef size_t workspace_bytes(self, int threads, bint packed) noexcept:
        """Scratch of one call; weights that are not packed yet have to be, in it."""
        return 0

    # What callers use.

    def estimate(self, int threads, bint packed):
        """Return the bytes of scratch a call takes at most; `packed`: the weights are packed already."""
        cdef size_t turned = self.spec.itemsize * self.spec.c_out * self.spec.c_in // self.spec.groups * self.spec.taps
        threads = 1 if self.brief else threads
        finishing = finish_bytes(&self.shape, self.itemsize, threads) if self.finishes else 0
        return max(self.workspace_bytes(threads, packed), finishing) + 4096 + (0 if packed or not self.flip else turned)

    cpdef ndarray filters(self, ndarray weight):
        """Return the weights in the order in which kernels count taps: as they are, or a copy turned round."""
        if not self.flip:
            return weight
        return weight[(..., *(slice(None, None, -1),) * self.spec.rank)].copy()

    def pack(self, ndarray weight, int threads):
        """Return the weights, as `filters` has them, in the algorithm's own layout, or None if it reads them as they are."""
        cdef npy_intp items = self.packed_items()
        if items == 0:
            return None
        packed = empty(1, &items, self.type_num, self.itemsize)
        self.pack_into(<const char *>cnp.PyArray_DATA(weight), <char *>cnp.PyArray_DATA(packed), threads, self.brief)
        return packed

    def run(self, ndarray x, ndarray weight, bias, out, int threads, packed=None):
        """Compute one call. Arrays are C-contiguous, aligned, native, of the spec's shapes, weights those of `filters`."""
        return self.call(x, weight, bias, out, threads, packed)

    cdef ndarray call(self, ndarray x, ndarray weight, bias, out, int threads, packed):
        cdef ndarray y
        if out is None:
            y = empty(self.ndim, self.out_dims, self.type_num, self.itemsize)
        else:
            y = <ndarray>out
        if self.shape.n == 0:
            return y
        threads = 1 if self.brief else threads
        cdef char *to = <char *>cnp.PyArray_DATA(y)
        if not self.finishes:
            self.compute(data(x), data(weight), data(packed), data(bias), to, threads, self.brief)
            return y
        self.compute(data(x), data(weight), data(packed), NULL, to, threads, self.brief)
        finish(&self.shape, self.kernels, &self.after, &self.places, data(bias), to, self.itemsize, threads, self.brief)
        return y


cdef class PackedConv:
    """A bound convolution with weights it has packed: what a layer calls again and again."""

    cdef readonly BoundConv call
    cdef ndarray weight
    cdef object bias, active, thread_count
    cdef readonly object packed, version, settings

    def __init__(self, BoundConv call, ndarray weight, bias, packed, version, active, thread_count):
        """`version` is the weights' when they were packed; `active` tells the settings in force."""
        self.call = call
        self.weight = weight
        self.bias = bias
        self.packed = packed
        self.version = version
        self.active = active
        self.settings = active()
        self.thread_count = thread_count

    def run(self, x, version):
        """Return the output; None if weights or settings changed, or x is not a plain array of the shape bound to."""
        cdef BoundConv call = self.call
        if version != self.version or self.active() is not self.settings:
            return None
        if type(x) is not ndarray or not is_ready(<ndarray>x, call.type_num, call.ndim, call.in_dims):
            return None
        return call.call(<ndarray>x, self.weight, self.bias, None, 1 if call.brief else self.thread_count(), self.packed)
