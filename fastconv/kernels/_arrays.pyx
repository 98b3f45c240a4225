"""New result arrays that begin on a cache line.

Stores that straddle two lines cost up to a quarter of a layer's time, and NumPy aligns to 16 bytes. NumPy asks the allocator
that is in force in the context (NEP 49), so ours is in force for the one allocation; the array remembers it and owns its
memory. The largest results get pages that the system must first fill with zeros, which takes as long as computing them: the
last such block to be freed is kept for the next result of about its size.
"""

cimport numpy as cnp
from numpy cimport ndarray, npy_intp

cdef extern from *:
    """
    #include <stdlib.h>
    #include <string.h>
    #ifdef __linux__
    #include <sys/mman.h>
    #endif
    #define FC_LINE 64
    #define FC_HUGE ((size_t)2 << 20)
    /* Before an array's memory: where its block begins and how large it is. */
    struct fc_head { void *block; size_t size; };
    #define FC_KEPT_LEAST ((size_t)4 << 20)
    #define FC_KEPT_MOST ((size_t)128 << 20)
    static void *fc_kept;
    static void *fc_new(void *context, size_t size) {
        void *kept = size >= FC_KEPT_LEAST ? __atomic_exchange_n(&fc_kept, NULL, __ATOMIC_ACQ_REL) : NULL;
        if (kept) {
            size_t held = ((struct fc_head *)kept)[-1].size;
            if (held >= size && held - size <= held / 4) return kept;
            free(((struct fc_head *)kept)[-1].block);
        }
        char *block = size > SIZE_MAX - 2 * FC_LINE ? NULL : malloc(size + 2 * FC_LINE), *memory;
        (void)context;
        if (!block) return NULL;
        memory = block + 2 * FC_LINE - (size_t)block % FC_LINE;
    #if defined(__linux__) && defined(MADV_HUGEPAGE)
        if (size >= 2 * FC_HUGE) { /* fewer pages to touch for the first time; only advice */
            char *first = memory + FC_HUGE - (size_t)memory % FC_HUGE;
            madvise(first, (size_t)(memory + size - first) / FC_HUGE * FC_HUGE, MADV_HUGEPAGE);
        }
    #endif
        ((struct fc_head *)memory)[-1].block = block;
        ((struct fc_head *)memory)[-1].size = size;
        return memory;
    }
    static void fc_drop(void *context, void *memory, size_t size) {
        (void)context, (void)size;
        if (memory && ((struct fc_head *)memory)[-1].size >= FC_KEPT_LEAST &&
            ((struct fc_head *)memory)[-1].size <= FC_KEPT_MOST)
            memory = __atomic_exchange_n(&fc_kept, memory, __ATOMIC_ACQ_REL);
        if (memory) free(((struct fc_head *)memory)[-1].block);
    }
    static void *fc_new_zeros(void *context, size_t count, size_t size) {
        void *memory = size && count > SIZE_MAX / size ? NULL : fc_new(context, count * size);
        return memory ? memset(memory, 0, count * size) : NULL;
    }
    static void *fc_resize(void *context, void *memory, size_t size) {
        void *other = fc_new(context, size);
        size_t before = memory ? ((struct fc_head *)memory)[-1].size : 0;
        if (!other) return NULL;
        if (memory) memcpy(other, memory, before < size ? before : size);
        fc_drop(context, memory, before);
        return other;
    }
    static PyDataMem_Handler fc_handler = {"fastconv_lines", 1, {NULL, fc_new, fc_new_zeros, fc_resize, fc_drop}};
    static PyObject *fc_handler_capsule(void) { return PyCapsule_New(&fc_handler, "mem_handler", NULL); }
    """
    object fc_handler_capsule()

cdef extern from "numpy/arrayobject.h":
    object PyDataMem_SetHandler(object handler)

cnp.import_array()

cdef npy_intp SMALL = 1 << 13  # bytes of a result that is made in less time than the allocator is changed
cdef object handler = fc_handler_capsule()


cdef ndarray empty(int ndim, npy_intp *dims, int type_num, Py_ssize_t itemsize):
    """Return a new array, on a cache line if it is not small."""
    cdef npy_intp size = itemsize
    cdef int i
    cdef object before
    for i in range(ndim):
        size *= dims[i]
    if size < SMALL:
        return <ndarray>cnp.PyArray_EMPTY(ndim, dims, type_num, 0)
    before = PyDataMem_SetHandler(handler)
    try:
        return <ndarray>cnp.PyArray_EMPTY(ndim, dims, type_num, 0)
    finally:
        PyDataMem_SetHandler(before)
