# make demo: set everything up, search for a policy for about a minute, compare the learned policy with the baselines
# make test: set everything up and pass the checks of every change
# make test-all: the same without leaving anything out
# Another Python: make PYTHON=python3.13 test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-stamp
# One thread of arithmetic a process: more of them slow each other down.
export OMP_NUM_THREADS := 1
# Where machines forbid it, every process of the tests would translate all sources again.
unexport PYTHONDONTWRITEBYTECODE

# What the tests try: default leaves out slow searches and tests that repeat a path, all and long do not (tests/budget.py).
export HYPOTHESIS_PROFILE ?= default
WORKERS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
# Run without the compiler too, and with its bounds checks: tests that together reach every line of the kernels.
# What starts processes, measures or compiles by itself is the same under any compiler.
ALONE := $(addprefix --ignore=tests/,$(addprefix kernels/_numba/test_,compilers.py jit.py views.py) kernels/test_tick.py)
ENGINE := $(addprefix tests/,conformance better kernels runs/test_recorded_runs.py runs/test_oracle.py runs/test_small_worlds.py \
	simulation/test_growth.py evaluation/test_forks.py $(addprefix envs/test_,observation.py masks.py market.py objects.py wrong_actions.py action_kinds.py)) $(ALONE) -k "not pettingzoos_tests"
FALLBACK := $(addprefix tests/,runs/test_every_face.py kernels/_numba/test_jit.py conformance runs/test_recorded_runs.py)
ifeq ($(HYPOTHESIS_PROFILE),default)
QUICK := -m "not slow"
else
ENGINE := $(addprefix tests/,kernels policies schema simulation runs conformance better envs benchmarks evaluation/test_forks.py test_integers.py) --ignore=tests/runs/test_reach.py
endif

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup demo test test-all check warm test-compiled test-py test-bounds test-fallback test-long coverage fuzz mutants soak audit audit-offline bench bench-faces adapters test-adapters libraries test-cluster docs site wheel bare lowest newest extras algorithms marl-eval clean

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

demo: setup  ## search for a policy, about a minute, and compare it with the scripted ones
	$(BIN)/python -m training.demo

# Two things at a time, as many tests wait for processes. The warm cache serves the tests, which so compile nothing twice.
# The engine's tests take the time that the others leave: at this priority both end at about the same time.
test: setup  ## what every change must pass, within minutes: check, all tests but slow ones, those of the engine twice more
	@mkdir -p build
	@$(MAKE) --no-print-directory warm >build/warm.log 2>&1 & $(MAKE) --no-print-directory check; code=$$?; wait; exit $$code
	@nice -n 8 $(MAKE) --no-print-directory WORKERS=0 test-py test-bounds >build/engine.log 2>&1 & engine=$$!; \
		$(MAKE) --no-print-directory test-compiled; code=$$?; \
		wait $$engine || code=1; cat build/engine.log; exit $$code

test-all: setup  ## everything: check, then all tests with all that they try, then those of the engine three times more
	$(MAKE) HYPOTHESIS_PROFILE=all check test-compiled test-py test-bounds test-fallback

warm: setup  ## compile the kernels before the tests need them
	$(BIN)/python -m simcash_env.cli doctor --warm

check: setup  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test-compiled: setup  ## all tests but slow ones, kernels compiled
	$(PYTEST) $(QUICK)

test-py: setup  ## the engine's tests, kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) -m "not slow" $(ENGINE)

test-bounds: setup  ## the same tests, compiled with every array index checked
	NUMBA_BOUNDSCHECK=1 $(PYTEST) -m "not slow" $(ENGINE)

# Plain njit compiles all kernels of a call anew for every face: into an empty cache, and nothing is left to compile after it.
test-fallback: setup  ## every face, conformance and recorded runs, compiled by plain njit as where linking is not possible
	rm -rf build/$@
	SIMCASH_LINKING=0 SIMCASH_CACHE_DIR=$(CURDIR)/build/$@ $(BIN)/python -m pytest $(FALLBACK)

test-long: setup  ## 10,000 random runs and order sequences, engine against oracle
	HYPOTHESIS_PROFILE=long $(BIN)/python -m pytest -v --hypothesis-show-statistics tests/runs/test_oracle.py tests/runs/test_market_oracle.py -k "agree_in_every or agree_after_every"

coverage: setup  ## lines and branches that the tests reach: all tests with an empty cache, and the engine's once more as plain Python
	$(BIN)/coverage erase
	rm -rf build/coverage
	HYPOTHESIS_PROFILE=all SIMCASH_CACHE_DIR=$(CURDIR)/build/coverage $(BIN)/coverage run -m pytest -n 2 --dist loadfile
	HYPOTHESIS_PROFILE=all NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest -n 2 --dist loadfile -m "not slow" $(ENGINE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

FUZZ_MINUTES ?= 120
fuzz: setup  ## damaged files of every kind against their loaders, for two hours: make fuzz FUZZ_MINUTES=10 is shorter
	$(BIN)/python -m tests.fuzz --minutes $(FUZZ_MINUTES)

mutants: setup  ## change the kernels of costs and settlement one place at a time: a test must notice
	HYPOTHESIS_PROFILE=all $(BIN)/python -m tests.mutation

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

bench: setup  ## steps per second beside Gymnasium's CartPole, and all targets of speed
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.targets

bench-faces: setup  ## steps per second of the faces beside other environments and through other libraries
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[bench]"
	$(BIN)/python -m benchmarks.faces
	$(BIN)/python -m benchmarks.peers
	$(BIN)/python -m benchmarks.adapters

# Libraries that pin what they need, each in an environment of its own; torch goes first, as the others name only a bound.
LIBRARIES ?= rllib torchrl tianshou skrl benchmarl rl_zoo d3rlpy agilerl supersuit pufferlib
ADAPTER_STAMPS := $(LIBRARIES:%=.adapters/%/.setup-stamp)

.adapters/%/.setup-stamp: constraints/%.txt pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet "$$(grep '^torch==' $<)"
	$(@D)/bin/python -m pip install --quiet -c $< -r $< -e .
	@touch $@

adapters: $(ADAPTER_STAMPS)  ## make an environment for each library (some gigabytes): make adapters LIBRARIES="skrl benchmarl"

ADAPTER_TESTS := tests/examples $(addprefix tests/training/test_,libraries.py algorithms.py) \
	$(addprefix tests/envs/test_,supersuit.py puffer.py torchrl.py)
test-adapters: adapters  ## train the examples of those libraries for some seconds; not part of test
	@for library in $(LIBRARIES); do \
		.adapters/$$library/bin/python -m pytest $(ADAPTER_TESTS) -k "$$library" || exit 1; \
	done

libraries: setup adapters  ## train with each library for about a minute and write the table of docs/adapters.md
	@for library in $(LIBRARIES); do .adapters/$$library/bin/python -m training.libraries $$library --write || exit 1; done
	@for library in sb3_maskable cleanrl_pattern; do $(BIN)/python -m training.libraries $$library --write || exit 1; done
	$(BIN)/python -m tools.docs

# Without --no-deps pip refuses: marl-eval pins an old pandas.
.adapters/marl_eval/.setup-stamp: constraints/marl_eval.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --no-deps -r $<
	@touch $@

algorithms: setup .adapters/benchmarl/.setup-stamp  ## compare algorithms with one budget (hours); goes on where it was stopped
	$(BIN)/python -m training.algorithms --references
	$(BIN)/python -m training.algorithms
	.adapters/benchmarl/bin/python -m training.algorithms
	$(BIN)/python -m training.algorithms.tables
	$(BIN)/python -m training.marl_eval

marl-eval: .adapters/marl_eval/.setup-stamp  ## read the results with marl-eval's own loader
	.adapters/marl_eval/bin/python tools/check_marl_eval.py docs/results/*-marl-eval.json

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
	cp -R tests baselines benchmarks training tools configs docs examples constraints *.toml *.txt *.md Makefile build/wheel/tree
	cd build/wheel/tree && ../venv/bin/python -m pytest -n $(WORKERS) --dist loadfile $(addprefix --ignore=tests/,tools repository)

# The wheel alone, by its dependencies' bounds, in environments that have nothing else.
PYTHONS ?= $(PYTHON)
bare: setup  ## install the wheel in a bare environment of each Python: make bare PYTHONS="python3.12 python3.13"
	$(BIN)/python -m tools.bare $(PYTHONS)

# Versions at the ends of the bounds in pyproject.toml, resolved by uv; what the tests need of their own is the newest.
BOUNDED := training,render,records,data,plots,service,tune,distill,offline
OWN_TOOLS := pytest pytest-xdist hypothesis httpx polars jsonschema-rs nbformat
QUICK_TESTS := $(addprefix tests/,envs config simulation records render examples/test_ideas.py runs/test_recorded_runs.py \
	evaluation/test_leaderboard.py evaluation/test_submission_score.py)
# PyTorch is the pinned release, as pip finds it: uv takes the newest CUDA build, of some gigabytes.
FIRST_highest = "$$(grep '^torch==' constraints.txt)"
.resolutions/%/.setup-stamp: pyproject.toml
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet uv $(FIRST_$*)
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python --resolution $* -e ".[$(BOUNDED)]"
	$(@D)/bin/uv pip install --quiet --python $(@D)/bin/python $(OWN_TOOLS)
	@touch $@

# Old libraries warn about what newer ones under them deprecate: their warnings are no errors here.
lowest: .resolutions/lowest-direct/.setup-stamp  ## quick tests with the lowest versions that pyproject.toml allows
	SIMCASH_CACHE_DIR=$(CURDIR)/build/lowest $(<D)/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" \
		-W default::DeprecationWarning -W default::PendingDeprecationWarning $(QUICK_TESTS)

newest: .resolutions/highest/.setup-stamp  ## quick tests with the newest versions that pyproject.toml allows
	SIMCASH_CACHE_DIR=$(CURDIR)/build/newest $(<D)/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" $(QUICK_TESTS)

extras: setup  ## install each extra alone, in an environment of its own, and use what it promises
	$(BIN)/python -m tools.extras

clean:  ## remove what make made
	rm -rf $(VENV) .adapters .resolutions .audit build dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
