"""What trees know of a payment and of the market."""

import pytest

from simcash_env.config.trees.language import ACTIONS
from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import EXAMPLE_RATES, world
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, leaf, tree, when


def test_fields_tree_sees_for_how_long_a_payment_has_been_overdue() -> None:
    late = when("overdue_duration", ">=", 2, RELEASE, HOLD, "late")
    run = Both(tree(when("is_overdue", "==", 1, late, leaf("Hold", "in time"))))
    run.submit(100, deadline=2)
    run.submit(100, deadline=7)
    assert [len(run.settled()) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 0]


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}


@pytest.mark.parametrize("field", ["market_best_bid", "market_best_ask"])
def test_fields_trees_read_the_book(field, tmp_path):
    tree = {
        "version": "1.0",
        "policy_id": "t",
        "payment_tree": {
            "node_id": "N",
            "type": "condition",
            "condition": {"op": "==", "left": {"field": field}, "right": {"value": 3.31}},
            "on_true": {"node_id": "R", "type": "action", "action": "Release"},
            "on_false": {"node_id": "H", "type": "action", "action": "Hold"},
        },
    }
    banks = [{"id": "A", "opening_balance": 1_000, "policy": {"type": "tree", "tree": tree}}]
    banks += [{"id": name, "opening_balance": 1_000} for name in ("B", "C")]
    payment = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 10, "deadline": 9}
    simulation = Simulation(
        {**world(line=500), "banks": banks, "events": [payment], "market": {**EXAMPLE_RATES, "credit_lines": {"B": 99}}}
    )
    assert simulation.tick().num_settlements == 0
    simulation.place_order("B", "bid" if field == "market_best_bid" else "ask", 3.31, 50)
    assert simulation.tick().num_settlements == 1
