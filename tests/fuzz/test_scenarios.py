"""Scenario files of any content: YAML, JSON, native, SimCash's."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simcash_env import registry
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.library import scenario_path
from simcash_env.errors import ConfigError
from simcash_env.simulation import Simulation
from tests.config.worlds import NATIVE, SIMCASH
from tests.fuzz.damage import TOKENS, changed_inside, damaged, fuzzed, refusal, watched

MOST_BYTES = 20_000
LIBRARY = [scenario_path(name).read_bytes() for name in registry.scenario_ids()]
TEXTS = [text for text in LIBRARY if len(text) < MOST_BYTES] + [
    yaml.safe_dump(row, sort_keys=False).encode() for row in (NATIVE, SIMCASH)
]
ROWS = [yaml.safe_load(text) for text in TEXTS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scenarios")


def loaded(source: Path | dict[str, Any]) -> ScenarioConfig | None:
    """The scenario, or None where it is refused. Any other error is a failure of the test."""
    found: list[ScenarioConfig] = []
    said = refusal(lambda: found.append(load_scenario(source, notice=lambda _: None)), ConfigError)
    assert bool(found) is not bool(said)
    return found[0] if found else None


@fuzzed()
@given(
    data=st.binary(max_size=200) | st.lists(st.sampled_from(TOKENS), max_size=30).map(b" ".join),
    suffix=st.sampled_from((".yaml", ".json")),
)
def test_scenarios_any_bytes_are_read_or_refused(folder: Path, data: bytes, suffix: str) -> None:
    path = folder / f"any{suffix}"
    path.write_bytes(data)
    loaded(path)


@fuzzed()
@given(data=damaged(TEXTS))
def test_scenarios_damaged_yaml_file_is_read_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "damaged.yaml"
    path.write_bytes(data)
    loaded(path)


@fuzzed()
@given(data=damaged([json.dumps(row).encode() for row in ROWS]))
def test_scenarios_damaged_json_file_is_read_or_refused(folder: Path, data: bytes) -> None:
    path = folder / "damaged.json"
    path.write_bytes(data)
    loaded(path)


@fuzzed()
@given(row=changed_inside(ROWS))
def test_scenarios_what_loads_can_be_compiled(row: Any) -> None:
    """``config`` judges input, so that nothing behind it has to."""
    if not isinstance(row, dict):
        return
    scenario = loaded(row)
    if scenario is not None:
        Simulation(scenario)


@fuzzed(0.25)
@given(row=changed_inside([row for row in ROWS if len(json.dumps(row)) < 4_000]))
def test_scenarios_what_loads_runs(row: dict[str, Any]) -> None:
    scenario = loaded(row)
    if scenario is None:
        return
    simulation = Simulation(scenario)
    with watched():
        while not simulation.is_over and simulation.current_tick < 3:
            simulation.tick()


HOSTILE = {
    "tags that do not fit": "format: !!int ''\nname: !!bool maybe\nbanks: !!float ''\nrules: !!timestamp then",
    "merged a billion times": "a: &a {x: 1}\n" + "".join(
        f"{new}: &{new}\n  <<: [{', '.join(['*' + old] * 50)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    ),
    "aliased a billion times": "a: &a [1, 1]\n" + "".join(
        f"{new}: &{new} [{', '.join(['*' + old] * 50)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    ),
    "merged with itself": "a: &a\n  <<: *a\n",
    "deep": "[" * 20_000,
    "deep mappings": "{a: " * 20_000,
}  # fmt: skip


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("suffix", [".yaml", ".json"])
def test_scenarios_hostile_file_is_refused_quickly(tmp_path: Path, kind: str, suffix: str) -> None:
    path = tmp_path / f"hostile{suffix}"
    path.write_text(HOSTILE[kind], "utf-8")
    assert loaded(path) is None


@pytest.mark.parametrize("file", ["\0", "\ud800.json", "x" * 5_000, "", ".", "/", "/proc/self/mem"], ids=ascii)
def test_scenarios_tree_file_of_any_name_is_refused(file: str) -> None:
    banks = [{"id": "A", "policy": {"type": "tree", "file": file}}, {"id": "B"}]
    assert loaded({**NATIVE, "banks": banks, "events": []}) is None


def test_scenarios_tree_of_simcash_that_is_nested_too_deeply_is_refused() -> None:
    agents = [
        {**SIMCASH["agents"][0], "policy": {"type": "InlineJson", "json_string": "[" * 100_000}},
        SIMCASH["agents"][1],
    ]
    assert loaded({**SIMCASH, "agents": agents}) is None
