"""Tree files of any content."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from simcash_env.config import load_scenario
from simcash_env.config.library import policy_folder
from simcash_env.config.trees.files import load_tree
from simcash_env.errors import ConfigError
from simcash_env.simulation import Simulation
from tests.config.worlds import NATIVE
from tests.fuzz.damage import changed_inside, damaged, fuzzed, refusal
from tests.records.worlds import TREE

TEXTS = [path.read_bytes() for path in sorted(policy_folder().glob("*.json"))]
ROWS = [*map(json.loads, TEXTS), TREE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("trees")


@fuzzed()
@given(data=damaged(TEXTS))
def test_damaged_tree_file_is_read_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "damaged.json"
    path.write_bytes(data)
    said = refusal(lambda: load_tree(path), ConfigError)
    assert not said or str(path) in said


@fuzzed()
@given(tree=changed_inside(ROWS))
def test_changed_tree_compiles_and_runs_or_is_refused(tree: Any) -> None:
    banks = [{**bank, "policy": {"type": "tree", "tree": tree}} for bank in NATIVE["banks"]]

    def run() -> None:
        simulation = Simulation(load_scenario({**NATIVE, "banks": banks}))
        for _ in range(3):
            simulation.tick()

    assert refusal(run, ConfigError) != "an empty ConfigError"
