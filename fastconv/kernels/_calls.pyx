"""Bound calls, kept under what determines them, so that a repeated call on plain arrays goes straight to the kernels."""

cimport numpy as cnp
from libc.string cimport memcpy
from numpy cimport ndarray, npy_intp

from ._conv cimport BoundConv, data, is_ready

cnp.import_array()

cdef extern from "Python.h":
    long long PyLong_AsLongLongAndOverflow(object number, int *overflow)

cdef enum:
    ROOM = 96         # numbers of a key
    MOST_CALLS = 4096

# What stands before an option's numbers, so that 1, True, None and (1,) differ.
cdef enum:
    WHOLE
    FLAG
    NOTHING
    SEVERAL
    LISTED
    WORD
    ARRAY
    REAL

cdef struct Key:
    npy_intp number[ROOM]
    int used
    int words  # strings met, which `words_of` collects


cdef inline bint push(Key *key, npy_intp number) noexcept:
    if key.used == ROOM:
        return False
    key.number[key.used] = number
    key.used += 1
    return True


cdef bint add_option(Key *key, value):
    """Add numbers, flags, None, strings, tuples and lists of them; of others, equal values can mean different things."""
    cdef int overflow = 0
    cdef long long number
    cdef double real
    if value is None:
        return push(key, NOTHING)
    if type(value) is int:
        number = PyLong_AsLongLongAndOverflow(value, &overflow)
        return not overflow and push(key, WHOLE) and push(key, number)
    if type(value) is bool:
        return push(key, FLAG) and push(key, value is True)
    if type(value) is str:
        key.words += 1
        return push(key, WORD)
    if type(value) is float:
        real = value
        number = 0
        memcpy(&number, &real, sizeof(real))
        return push(key, REAL) and push(key, number)
    if type(value) is not tuple and type(value) is not list:
        return False
    if not push(key, SEVERAL if type(value) is tuple else LISTED) or not push(key, len(value)):
        return False
    for item in value:
        if not add_option(key, item):
            return False
    return True


cdef void words_of(value, list words):
    """Collect the strings of an option in order."""
    if type(value) is str:
        words.append(value)
    elif type(value) is tuple or type(value) is list:
        for item in value:
            words_of(item, words)


cdef bint add_array(Key *key, array) noexcept:
    """Add type and shape of a plain array, or None."""
    cdef int i, ndim
    if array is None:
        return push(key, NOTHING)
    if type(array) is not ndarray or not cnp.PyArray_ISCARRAY_RO(<ndarray>array):
        return False
    ndim = cnp.PyArray_NDIM(<ndarray>array)
    if not push(key, ARRAY) or not push(key, cnp.PyArray_TYPE(<ndarray>array)) or not push(key, ndim):
        return False
    for i in range(ndim):
        if not push(key, cnp.PyArray_DIMS(<ndarray>array)[i]):
            return False
    return True


cdef inline bint apart(ndarray a, b) noexcept:
    """Whether two contiguous arrays (or None) share no memory."""
    if b is None:
        return True
    cdef const char *left = data(a)
    cdef const char *right = data(b)
    return left + cnp.PyArray_NBYTES(a) <= right or right + cnp.PyArray_NBYTES(<ndarray>b) <= left


cdef class Calls:
    cdef dict kept
    cdef object active, thread_count

    def __init__(self, active, thread_count):
        """`active` returns the settings that `override` made, or None; `thread_count` the threads of a call."""
        self.kept = {}
        self.active = active
        self.thread_count = thread_count

    cdef object make_key(self, tuple arrays, tuple options):
        cdef Key key
        cdef list words
        key.used = key.words = 0
        for array in arrays:
            if not add_array(&key, array):
                return None
        if not add_option(&key, options):
            return None
        settings = self.active()
        if settings is not None:
            settings = (settings.algorithm, settings.isa, settings.precision)
            if not add_option(&key, settings):
                return None
        numbers = (<char *>key.number)[: key.used * sizeof(npy_intp)]
        if key.words == 0:
            return numbers
        words = [numbers]
        words_of(options, words)
        words_of(settings, words)
        return tuple(words)

    def key(self, tuple arrays, tuple options):
        """Return what determines a call of a function, or None if an array or option has to be looked at more closely."""
        return self.make_key(arrays, options)

    def remember(self, function, key, bind):
        """Return the function's call kept under key, or bind it and keep it. No key: bind it anew."""
        if key is None:
            return bind()
        cdef dict kept = <dict?>self.kept.setdefault(function, {})
        call = kept.get(key)
        if call is None:
            call = bind()
            if len(kept) >= MOST_CALLS:
                kept.clear()
            kept[key] = call
        return call

    def conv(self, function, x, weight, bias, tuple options, out, num_threads):
        """Run the convolution kept for arrays and options like these; None if there is none or it is not so simple."""
        kept = self.kept.get(function)
        if kept is None:
            return None
        key = self.make_key((x, weight, bias), options)
        found = None if key is None else (<dict>kept).get(key)
        if not isinstance(found, BoundConv):
            return None
        cdef BoundConv call = <BoundConv>found
        cdef int threads = 1
        if out is not None:
            if type(out) is not ndarray or not is_ready(<ndarray>out, call.type_num, call.ndim, call.out_dims):
                return None
            if not cnp.PyArray_ISWRITEABLE(<ndarray>out):
                return None
            if not apart(<ndarray>out, x) or not apart(<ndarray>out, weight) or not apart(<ndarray>out, bias):
                return None
        if not call.brief or (num_threads is not None and not (type(num_threads) is int and num_threads == 1)):
            threads = self.thread_count(function, num_threads)
        if call.flip:
            weight = call.filters(<ndarray>weight)
        return call.call(<ndarray>x, <ndarray>weight, bias, out, threads, None)
