"""Bounds, bands and grids: one definition, and the oracle agrees."""

import ast

import pytest

from simcash_env.schema import limits
from tests.oracle import costs, day, trees
from tests.sources import modules

NAMES = {name for name in vars(limits) if name.isupper()}
OLD_NAMES = {"MAX_GAP_TICKS", "LARGEST_SEED", "MAX_AMOUNT_CENTS", "BPS_BOUND", "DAY_FACTOR"}


def test_limits_are_defined_once():
    again = []
    for path in modules("simcash_env").values():
        if path.name == "limits.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            again += [f"{path.name}: {name}" for name in names & (NAMES | OLD_NAMES)]
    assert again == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("URGENT_FROM", costs.URGENT_FROM),
        ("POOL_LEVELS", day.POOL_LEVELS + 1),  # the oracle counts the steps between them
        ("MAX_PARTS", trees.MAX_PARTS),
        ("MIN_PARTS", trees.MIN_PARTS),
        ("MAX_TICKS", trees.MAX_GAP),
    ],
)
def test_limits_are_those_of_the_oracle(name, value):
    assert getattr(limits, name) == value


def test_limits_lie_in_order():
    assert 0 < limits.NORMAL_FROM < limits.URGENT_FROM <= limits.HIGHEST_PRIORITY
    assert limits.MAX_CENTS < limits.MAX_SCENARIO_CENTS < limits.MAX_TOTAL_CENTS < 2**63
    assert limits.DUE_NOW_TICKS < limits.DUE_SOON_TICKS
    assert limits.MAX_TICKS_PER_DAY <= limits.MAX_TICKS
