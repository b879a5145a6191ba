"""What importing the package costs, and that the import contracts hold and can be broken."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import simcash_env
from tests.budget import slow_but

ROOT = Path(__file__).resolve().parents[2]

HEAVY = (
    "numba",
    "torch",
    "stable_baselines3",
    "sb3_contrib",
    "pettingzoo",
    "gymnasium",
    "pydantic",
    "matplotlib",
    "scipy",
)


def run_python(program, **environment):
    """The standard output of a program in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()


def loaded_by(statement, **environment):
    """Top-level packages that a statement loads."""
    program = f"import sys\n{statement}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    return set(run_python(program, **environment))


def test_importing_the_package_loads_no_library_at_all():
    assert not loaded_by("import simcash_env") & {*HEAVY, "numpy", "yaml", "typer", "rich"}


def test_imports_reading_a_scenario_needs_neither_the_compiler_nor_an_environment_library():
    loaded = loaded_by("from simcash_env import load_scenario; load_scenario('castro-2period-v0')")
    assert "pydantic" in loaded
    assert not loaded & {"numba", "torch", "stable_baselines3", "pettingzoo", "gymnasium"}


def test_imports_simulation_runs_without_any_environment_library():
    program = "from simcash_env import Simulation; Simulation('castro-2period-v0').tick()"
    loaded = loaded_by(program, NUMBA_DISABLE_JIT="1")
    assert "numba" in loaded
    assert not loaded & {"torch", "stable_baselines3", "sb3_contrib", "pettingzoo", "gymnasium", "matplotlib"}


FOREIGN = {"rllib_ppo", "rllib_module", "ray_sweep", "benchmarl_task", "puffer", "torchrl"}
"""Modules that need libraries with an environment of their own."""


def test_importing_every_module_compiles_nothing(tmp_path):
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in sorted((ROOT / "simcash_env").rglob("*.py"))
        if path.stem not in {"__init__", "__main__", *FOREIGN}
    ]
    assert "simcash_env.kernels.tick" in modules
    run_python("\n".join(f"import {module}" for module in modules), SIMCASH_CACHE_DIR=str(tmp_path))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_imports_every_public_name_is_there():
    for name in simcash_env.__all__:
        assert getattr(simcash_env, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing_of_the_kind'"):
        _ = simcash_env.nothing_of_the_kind


def lint_imports(folder):
    """Run the import contracts of a tree; the code of import-linter's own command."""
    program = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [sys.executable, "-c", program, "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_import_contracts_hold():
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


BREACHES = {
    "data flows one way": ("simcash_env/config/rules.py", "import simcash_env.simulation"),
    "the tick orders the rules": ("simcash_env/kernels/costs.py", "import simcash_env.kernels.rtgs"),
    "kernels know arrays and codes only": ("simcash_env/kernels/ledger.py", "import pydantic"),
    "a run is built from its parts": ("simcash_env/simulation/engine.py", "import simcash_env.simulation.inspection"),
    "a scenario is compiled from its parts": ("simcash_env/compile/scales.py", "import simcash_env.compile.scenario"),
    "the environment needs no training library": ("simcash_env/compile/scenario.py", "import torch"),
    "evaluation needs no learner": ("simcash_env/evaluation/grid_search.py", "import torch"),
    "training and baselines stand on the package": ("simcash_env/envs/vector.py", "import baselines"),
    "the oracle is written from the rules": ("tests/oracle/costs.py", "import simcash_env.kernels.costs"),
    "the package does not know its tests": ("simcash_env/compile/scenario.py", "import tests.oracle.costs"),
    "the tools stand apart": ("baselines/publish.py", "import tools.docs.markdown"),
}


@pytest.fixture(scope="module")
def copied_tree(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in ("simcash_env", "baselines", "training", "tests", "tools"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    return folder


@pytest.mark.parametrize("contract", slow_but({"data flows one way", "the tools stand apart"}, *BREACHES))
def test_imports_breach_of_an_import_contract_is_found(contract, copied_tree):
    path, statement = BREACHES[contract]
    file = copied_tree / path
    sound = file.read_text()
    file.write_text(f"{sound}\n{statement}\n")
    try:
        done = lint_imports(copied_tree)
    finally:
        file.write_text(sound)
    assert done.returncode == 1
    assert any(line.startswith(contract) and "BROKEN" in line for line in done.stdout.splitlines()), done.stdout


def test_imports_module_with_no_place_in_the_layers_is_found(copied_tree):
    stray = copied_tree / "simcash_env" / "helpers.py"
    stray.write_text('"""Anything."""\n')
    try:
        done = lint_imports(copied_tree)
    finally:
        stray.unlink()
    assert done.returncode == 1
    assert "simcash_env.helpers" in done.stdout
