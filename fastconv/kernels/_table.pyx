"""The one extension that links the C kernels of src/; the others `cimport` its table."""

cdef extern from "fastconv.h":
    int fc_isa_count()
    int fc_isa_built()
    const char *fc_isa_name(int isa)
    const fc_kernels *fc_kernels_of(int isa, int width)


cdef const fc_kernels *kernels_of(int isa, int width) noexcept:
    return fc_kernels_of(isa, width)


def isa_names():
    """Return the instruction sets this machine can run, weakest first."""
    return tuple([fc_isa_name(isa).decode() for isa in range(fc_isa_count())])


def isa_names_built():
    """Return the instruction sets this build has kernels for, whether this machine can run them or not."""
    return tuple([fc_isa_name(isa).decode() for isa in range(fc_isa_built())])


isa_names()  # fills the tables
