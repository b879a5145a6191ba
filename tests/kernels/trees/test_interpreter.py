"""Arithmetic of trees: rounding, and numbers beyond all others."""

import pytest

from simcash_env.config.trees.language import ACTIONS
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, number, tree


def test_interpreter_what_is_beyond_all_numbers_stays_so_when_it_is_rounded() -> None:
    endless = {"compute": {"op": "*", "left": number(1e300), "right": number(1e300)}}
    rounded = {"compute": {"op": "floor", "value": endless}}
    condition = {"op": ">", "left": rounded, "right": number(1e308)}
    root = {"type": "condition", "node_id": "root", "condition": condition, "on_true": RELEASE, "on_false": HOLD}
    run = Both(tree(root))
    run.submit(100)
    assert run.settled() == [100]


@pytest.mark.parametrize(("value", "whole"), [(2.5, 3), (2.4, 2), (-2.5, -3), (-2.4, -2)])
def test_interpreter_halves_are_rounded_away_from_nought(value: float, whole: int) -> None:
    condition = {"op": "==", "left": {"compute": {"op": "round", "value": number(value)}}, "right": number(whole)}
    root = {"type": "condition", "node_id": "root", "condition": condition, "on_true": RELEASE, "on_false": HOLD}
    run = Both(tree(root))
    run.submit(100)
    assert run.settled() == [100]


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
