"""Builds the extension modules; everything else about the package is in pyproject.toml.

Each C source of src/ is compiled once per row of src/isa.def that this machine's architecture has and once per float width,
into objects that one extension, fastconv.kernels._table, owns. The others reach the kernels through its table.
"""

import os
import platform
import re
import shlex
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

MACHINE = {"AMD64": "x86_64", "arm64": "aarch64"}.get(platform.machine(), platform.machine())
CORES = os.cpu_count() or 1
WARNINGS = ["-Wall", "-Wextra"] + (["-Werror"] if os.environ.get("FASTCONV_WERROR") else [])
SANITIZE = shlex.split(os.environ.get("FASTCONV_SANITIZE", ""))
ROW = re.compile(r'^FC_ISA\((\w+), (\w+), "([^"]*)"', re.MULTILINE)
# Loops are vectorised as -O3 does, which also writes them out several times: that was measured to gain nothing.
FLAGS = shlex.split(
    "-std=gnu11 -O2 -ftree-vectorize -fvect-cost-model=dynamic --param=vect-epilogues-nomask=0 "
    "-ffp-contract=off -fno-math-errno -fvisibility=hidden -fno-asynchronous-unwind-tables"
)
# Cython's modules: calls by way of the global offset table are shorter than stubs.
SMALL = shlex.split("-Os -g0 -fvisibility=hidden -fno-asynchronous-unwind-tables -fno-plt -fno-ident")
STRIPPED = ["-Wl,-s", "-Wl,--build-id=none", "-Wl,-z,noseparate-code"]
KERNELS = sorted(str(p) for p in Path("src").rglob("*.c") if p.name != "dispatch.c")
HEADERS = sorted(str(p) for p in Path("src").rglob("*") if p.suffix in {".h", ".def"})


class BuildKernels(build_ext):
    """build_ext that first compiles the kernels, per instruction set and float width.

    A module that lies in the package and is newer than all it is made from is taken as it is, whatever is built: an editable
    installation with other extras or a wheel.
    """

    def build_extension(self, ext):
        made, target = self.get_ext_filename(ext.name), self.get_ext_fullpath(ext.name)
        if not self.force and not is_newer([*ext.sources, *ext.depends], made):
            if not Path(target).exists() or not os.path.samefile(made, target):
                self.mkpath(os.path.dirname(target))
                self.copy_file(made, target)
            return
        if ext.name == "fastconv.kernels._table":
            ext.extra_objects = self.compile_kernels()
        super().build_extension(ext)

    def finalize_options(self):
        super().finalize_options()
        self.parallel = self.parallel or CORES

    def compile_kernels(self):
        def compile_variant(variant):
            (isa, _, flags), width = variant
            folder = f"{self.build_temp}/{isa}-{width}"
            objects = self.compiler.object_filenames(KERNELS, output_dir=folder)
            stale = [
                source
                for source, made in zip(KERNELS, objects, strict=True)
                if is_newer([source, "setup.py", *HEADERS], made)
            ]
            self.compiler.compile(
                stale,
                output_dir=folder,
                macros=[("FC_ISA", isa), ("FC_WIDTH", width)],
                include_dirs=["src"],
                extra_postargs=[*FLAGS, *flags.split(), *WARNINGS, *SANITIZE],
            )
            return objects

        rows = [row for row in ROW.findall(Path("src/isa.def").read_text()) if row[1] in ("any", MACHINE)]
        if len(rows) > 1:  # hardly a machine is left to the weakest
            rows[0] = (*rows[0][:2], f"{rows[0][2]} -Os")
        with ThreadPoolExecutor(CORES) as pool:
            return list(chain.from_iterable(pool.map(compile_variant, product(rows, ("32", "64")))))


def is_newer(sources, made):
    """Whether one of the sources changed after `made`, or that is not there."""
    return not Path(made).exists() or max(os.path.getmtime(source) for source in sources) > os.path.getmtime(made)


def extension(path):
    """One Cython module, compiled to be small: no loop over elements is in it.

    Only _parallel knows OpenMP, only _table links the C kernels.
    """
    name = ".".join(path.with_suffix("").parts)
    openmp = ["-fopenmp"] if path.stem == "_parallel" and not os.environ.get("FASTCONV_NO_OPENMP") else []
    return Extension(
        name,
        [str(path)] + (["src/dispatch.c"] if path.stem == "_table" else []),
        include_dirs=["src", numpy.get_include()],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION"), ("NPY_TARGET_VERSION", "NPY_1_25_API_VERSION")],
        extra_compile_args=[*SMALL, *WARNINGS, *openmp, *SANITIZE],
        libraries=["m"] if path.stem == "_table" and sys.platform != "win32" else [],  # pow
        extra_link_args=[*openmp, *SANITIZE] + ([] if SANITIZE or sys.platform == "darwin" else STRIPPED),
        depends=["setup.py", *HEADERS, *(KERNELS if path.stem == "_table" else [])],
    )


setup(
    ext_modules=cythonize(
        [extension(path) for path in sorted(Path("fastconv/kernels").glob("*.pyx"))],
        build_dir="build/cython",
        nthreads=CORES,
        compiler_directives={
            "language_level": "3",
            "boundscheck": False,
            "wraparound": False,
            "initializedcheck": False,
            "binding": False,  # plain built-in functions: a quarter less code
            "auto_pickle": False,  # what holds pointers can be neither pickled nor copied, and Python says so
        },
    ),
    cmdclass={"build_ext": BuildKernels},
)
