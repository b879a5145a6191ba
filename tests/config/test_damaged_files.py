"""Damaged copies of every published SimCash file: each is refused with the file, the path, the value and the rule.

Each kind of damage is done wherever a file has a place for it, once for every kind of place (``agents.*.policy.type``).
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcash_env.config import load_scenario
from simcash_env.config.trees.files import load_tree
from simcash_env.errors import ConfigError, Fault
from tests.config.test_any_damage import paths
from tests.config.test_simcash_files import FILES, SHARED
from tests.config.worlds import ABSENT, Row, changed, write

pytestmark = pytest.mark.skipif(not FILES, reason="the SimCash files are not beside this checkout")

TREES = sorted((SHARED / "policies").glob("*.json"))
STRANGER = "NO_SUCH_BANK"
MONEY = re.compile(
    r"(opening_balance|unsecured_cap|credit_limit|liquidity_pool|amount|multilateral_limit|split_friction_cost"
    r"|eod_penalty_per_transaction|deadline_penalty|delta|amount_distribution\.m(in|ax)|bilateral_limits\.\w+)$"
)
FREE = re.compile(r"(counterparty_weights|bilateral_limits|params|cost_model)\.\w+$")
"""Keys that are names of the file's own, or, in the last, that SimCash reads past."""
BANK = re.compile(r"(from_agent|to_agent|scenario_events\.\d+\.(agent|counterparty)|(weights|limits)\.[A-Z]\w+)$")

IGNORED = re.compile(r"\.(max_per_cpty|focus_cpty_list)\b")
"""Parameters of trees that SimCash reads past, whatever they hold; loading them leaves a note."""

Damage = tuple[str, Row, str, str, str]  # kind of place, the copy, where the fault is, its value, its rule


def at(row: Any, path: str) -> Any:
    """What stands at a path."""
    for step in path.split("."):
        row = row[int(step)] if isinstance(row, list) else row[step]
    return row


def renamed(row: Row, path: str, name: str) -> tuple[Row, str]:
    """A copy with another key, and its new path."""
    there = ".".join([*path.split(".")[:-1], name])
    return changed(changed(row, path, ABSENT), there, at(row, path)), there


def misspelt_keys(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        key = path.rsplit(".", maxsplit=1)[-1]
        if key.isdigit() or FREE.search(path):
            continue
        copy, there = renamed(row, path, key[:-1] + key[-1] * 2)
        if key == "type":
            yield path, copy, path, "", "must be one of"
        else:
            yield path, copy, there, "", "unknown key"


def float_money(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        if MONEY.search(path) and isinstance(at(row, path), int):
            cents = at(row, path) + 0.5
            yield path, changed(row, path, cents), path, str(cents), "must be a whole number of cents"


def unknown_banks(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        if not BANK.search(path):
            continue
        if isinstance(at(row, path), str):
            yield path, changed(row, path, STRANGER), path, repr(STRANGER), "must name a bank"
        else:
            copy, there = renamed(row, path, STRANGER)
            yield path, copy, there, str(at(row, path)), "must name a bank"


def no_weights(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        if path.endswith(".counterparty_weights"):
            copy = changed(row, path, dict.fromkeys(at(row, path), 0.0))
            yield path, copy, path, "a mapping", "must sum to more than 0"


SCENARIO_DAMAGE: dict[str, Callable[[Row], Iterator[Damage]]] = {
    "key misspelt": misspelt_keys,
    "float money": float_money,
    "unknown bank": unknown_banks,
    "weights zero": no_weights,
}


def once_a_kind(found: Iterator[Damage]) -> list[Damage]:
    """The first of every kind of place."""
    first: dict[str, Damage] = {}
    for damage in found:
        first.setdefault(re.sub(r"\.\d+\b|(?<=weights|.limits)\.\w+", ".*", damage[0]), damage)
    return list(first.values())


def refusal(file: Path, policies: Path) -> tuple[Fault, ...]:
    with pytest.raises(ConfigError) as caught:
        load_scenario(file, policy_path=policies, notice=lambda _: None)
    return caught.value.faults


SCENARIO_CASES = [
    pytest.param(path, kind, id=f"{path.stem}-{kind}")
    for path in FILES
    for kind, damages in SCENARIO_DAMAGE.items()
    if any(damages(yaml.safe_load(path.read_text("utf-8"))))
]


@pytest.mark.parametrize(("path", "kind"), SCENARIO_CASES)
def test_damaged_scenario_is_refused(path: Path, kind: str, tmp_path: Path) -> None:
    for _, copy, where, value, rule in once_a_kind(SCENARIO_DAMAGE[kind](yaml.safe_load(path.read_text("utf-8")))):
        file = write(tmp_path, copy, path.name)
        named = [fault for fault in refusal(file, SHARED / "policies") if fault.path == where]
        assert named, where
        assert named[0].file == str(file)
        assert named[0].line is not None
        assert rule in named[0].rule, where
        assert value in str(named[0].value), where


def fields_of(row: Any) -> list[str]:
    """Paths of the fields that a tree asks."""
    return [path for path in paths(row) if path.endswith(".field") and isinstance(at(row, path), str)]


def with_trees(row: Row) -> list[int]:
    """Agents whose policy is a file."""
    return [n for n, agent in enumerate(row["agents"]) if agent.get("policy", {}).get("type") == "FromJson"]


WITH_TREES = [path for path in FILES if with_trees(yaml.safe_load(path.read_text("utf-8")))]


@pytest.mark.parametrize("path", WITH_TREES, ids=lambda path: path.stem)
def test_damaged_scenario_with_a_damaged_tree_is_refused(path: Path, tmp_path: Path) -> None:
    """An unknown field in the tree of any of its banks; a parameter that the tree has not."""
    row = yaml.safe_load(path.read_text("utf-8"))
    scenario = write(tmp_path, row, path.name)
    for agent in with_trees(row):
        name = Path(row["agents"][agent]["policy"]["json_path"]).name
        for tree in TREES:
            (tmp_path / tree.name).write_text(tree.read_text("utf-8"), "utf-8")
        definition = json.loads((tmp_path / name).read_text("utf-8"))
        damaged = changed(definition, fields_of(definition)[0], "no_such_field")
        (tmp_path / name).write_text(json.dumps(damaged), "utf-8")
        places = {f"agents.{n}.policy.json_path" for n in with_trees(row)}
        named = [fault for fault in refusal(scenario, tmp_path) if "unknown field" in fault.rule]
        assert f"agents.{agent}.policy.json_path" in {fault.path for fault in named} <= places
        assert all(fault.file == str(scenario) and "got 'no_such_field'" in fault.rule for fault in named)
        assert all("node '" in fault.rule for fault in named)
    for agent in with_trees(row):
        copy = changed(row, f"agents.{agent}.policy.params", {"no_such_parameter": 1.0})
        (fault, *_) = refusal(write(tmp_path, copy, path.name), SHARED / "policies")
        assert fault.path == f"agents.{agent}.policy.params.no_such_parameter"
        assert (fault.value, fault.rule) == ("1.0", "the tree has no such parameter")


def misspelt_tree_keys(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        key = path.rsplit(".", maxsplit=1)[-1]
        parent = path.rpartition(".")[0].rpartition(".")[2]
        if not key.isdigit() and parent != "parameters" and "description" not in key and not key.startswith("_"):
            copy, there = renamed(row, path, key + "z")
            yield path, copy, there, "", ""


def unknown_fields(row: Row) -> Iterator[Damage]:
    for path in fields_of(row):
        yield path, changed(row, path, "no_such_field"), path, "'no_such_field'", "unknown field"


def unknown_actions(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        if path.endswith(".action"):
            yield path, changed(row, path, "NoSuchAction"), path, "'NoSuchAction'", "unknown action"


def unknown_parameters(row: Row) -> Iterator[Damage]:
    for path in paths(row):
        if path.endswith(".param"):
            yield path, changed(row, path, "no_such_parameter"), path, "'no_such_parameter'", "unknown parameter"


def text_for_numbers(row: Row) -> Iterator[Damage]:
    for name, number in row.get("parameters", {}).items():
        path = f"parameters.{name}"
        yield path, changed(row, path, str(number)), path, repr(str(number)), "must be a finite number"


TREE_DAMAGE: dict[str, Callable[[Row], Iterator[Damage]]] = {
    "key misspelt": misspelt_tree_keys,
    "unknown field": unknown_fields,
    "unknown action": unknown_actions,
    "unknown parameter": unknown_parameters,
    "text for a number": text_for_numbers,
}
TREE_CASES = [
    pytest.param(path, kind, id=f"{path.stem}-{kind}")
    for path in TREES
    for kind, damages in TREE_DAMAGE.items()
    if any(damages(json.loads(path.read_text("utf-8"))))
]


@pytest.mark.parametrize(("path", "kind"), TREE_CASES)
def test_damaged_tree_is_refused(path: Path, kind: str, tmp_path: Path) -> None:
    """Wherever in the file; all but the keys are told with the node that they are in, or with the parameter."""
    file = tmp_path / path.name
    for place, copy, where, value, rule in TREE_DAMAGE[kind](json.loads(path.read_text("utf-8"))):
        if IGNORED.search(place):
            continue
        file.write_text(json.dumps(copy), "utf-8")
        with pytest.raises(ConfigError) as caught:
            load_tree(file)
        named = [fault for fault in caught.value.faults if fault.path in {where, where[:-1]}]
        named = named or [fault for fault in caught.value.faults if where.startswith(fault.path)]
        assert named, (where, caught.value.faults)
        assert named[0].file == str(file)
        assert rule in named[0].rule, where
        assert value in str(named[0].value), where


def test_damaged_every_kind_of_damage_is_done() -> None:
    """And the first two kinds to every file."""
    done = {(case.values[0], case.values[1]) for case in SCENARIO_CASES}
    assert {kind for _, kind in done} == set(SCENARIO_DAMAGE)
    assert {(path, kind) for path in FILES for kind in ("key misspelt", "float money")} <= done
    done = {(case.values[0], case.values[1]) for case in TREE_CASES}
    assert {kind for _, kind in done} == set(TREE_DAMAGE)
    assert {(path, kind) for path in TREES for kind in ("key misspelt", "unknown action")} <= done
