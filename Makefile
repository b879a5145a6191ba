# make demo: set everything up, train for about two minutes, compare with the baselines
# make test: set everything up and pass the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-stamp
export OMP_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test check test-compiled test-plain test-bounds bench clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] < (3, 15) else "simcash_env needs Python 3.11 to 3.14, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet "torch==$$(sed -n 's/^torch==//p' constraints.txt)"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[training,dev]"
	touch $(STAMP)

setup: $(STAMP)  ## make .venv with everything in it

demo: setup  ## train a cash manager on the 12-period game and compare it with the scripted ones
	$(BIN)/python -m training.demo

test: check test-compiled test-plain test-bounds  ## everything that must hold

check: setup  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-compiled: setup  ## all tests, kernels compiled
	$(BIN)/python -m pytest

test-plain: setup  ## the engine's tests with kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest tests/kernels tests/conformance tests/test_oracle.py

test-bounds: setup  ## the engine's tests with every array index checked
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest tests/kernels tests/conformance tests/test_oracle.py

bench: setup  ## steps per second on this machine, beside Gymnasium's CartPole
	$(BIN)/python -m benchmarks.speed

clean:  ## remove what make made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
