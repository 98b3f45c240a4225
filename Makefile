# make demo: environment, build, and a network of our layers that learns to read digits.
# make test: environment, build, all tests. Both need Python >= 3.11, a C compiler and make, nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := setup.py pyproject.toml $(shell find src fastconv -name '*.c' -o -name '*.h' -o -name '*.def' -o -name '*.pyx' -o -name '*.pxd')

.PHONY: demo test lint bench clean

demo: $(VENV)/demo.stamp
	$(BIN)/python -m fastconv demo --output demo

test: $(VENV)/test.stamp
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: $(VENV)/lint.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/cython-lint fastconv/kernels  # it calls pycodestyle
	$(BIN)/mypy

bench: $(VENV)/bench.stamp
	$(BIN)/python -m benchmarks.compare

# One environment, with what builds the package in it; each goal adds its extras and builds what changed in place.
$(VENV)/%.stamp: $(SOURCES) | $(VENV)/build.stamp
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[$*]'
	touch $@

$(VENV)/build.stamp: | $(BIN)/python
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' | \
		$(BIN)/python -m pip install --quiet --requirement /dev/stdin
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "fastconv needs Python 3.11 or newer: make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist demo *.egg-info fastconv/kernels/*.so
