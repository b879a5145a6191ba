"""Each penalty falls once on a payment, in cents and in basis points, whatever becomes of the payment afterwards."""

from typing import Any

import pytest

from tests.both import EXTERNAL, Both

WAITS: dict[str, Any] = {"policy": EXTERNAL}

FIXED: dict[str, Any] = {"deadline_penalty": 1_000, "eod_penalty": 100}

IN_BPS: dict[str, Any] = {"deadline_penalty": {"bps": 1_000.0}, "eod_penalty": {"bps": 100.0}}

CENTS = 10_000
"""On this amount both price lists charge 1,000 cents for the deadline and 100 for the end of the day."""


def charged(run: Both) -> dict[str, int]:
    """What A has paid, by kind."""
    return {kind: cents for kind, cents in run.simulation.costs("A").items() if cents}


@pytest.mark.parametrize("costs", [FIXED, IN_BPS], ids=["fixed", "bps"])
@pytest.mark.parametrize("rules", ["standard", "simcash"])
@pytest.mark.parametrize(
    ("dropped_at", "wanted"),
    [
        (1, {"drop_penalty": 1_100}),  # in time
        (2, {"drop_penalty": 1_100}),  # past the deadline, and not charged yet
        (3, {"deadline_penalty": 1_000, "drop_penalty": 100}),
        (4, {"deadline_penalty": 1_000, "drop_penalty": 100}),
    ],
)
def test_payment_drop_charges_the_deadline_penalty_only_if_not_charged_yet(
    costs: dict[str, Any], rules: str, dropped_at: int, wanted: dict[str, int]
) -> None:
    """Dropping an overdue payment charged its deadline penalty a second time: 2,100 cents instead of 1,100."""
    run = Both({"A": WAITS, "B": {}}, costs=costs, rules=rules)
    tx = run.submit("AB", CENTS, 1)
    for tick in range(6):
        run.tick({"A": {tx: "drop"}} if tick == dropped_at else {})
    assert charged(run) == wanted


def test_payment_drop_by_a_tree_charges_the_deadline_penalty_only_if_not_charged_yet() -> None:
    is_late = {"op": ">=", "left": {"field": "overdue_duration"}, "right": {"value": 2}}
    tree = {
        "version": "1",
        "policy_id": "patient",
        "payment_tree": {
            "type": "condition",
            "node_id": "late",
            "condition": is_late,
            "on_true": {"type": "action", "node_id": "drop", "action": "Drop"},
            "on_false": {"type": "action", "node_id": "hold", "action": "Hold"},
        },
    }
    run = Both({"A": {"policy": {"type": "tree", "tree": tree}}, "B": {}}, costs=FIXED)
    run.submit("AB", CENTS, 1)
    run.run(6)
    assert charged(run) == {"deadline_penalty": 1_000, "drop_penalty": 100}


def test_payment_drop_after_a_day_end_charges_the_next_end_of_day_penalty() -> None:
    """Each day's end has its own penalty; a drop escapes the one that is still to come."""
    run = Both({"A": WAITS, "B": {}}, ticks=3, days=2, costs=FIXED)
    tx = run.submit("AB", CENTS, 1)
    for tick in range(6):
        run.tick({"A": {tx: "drop"}} if tick == 4 else {})
    assert charged(run) == {"deadline_penalty": 1_000, "eod_penalty": 100, "drop_penalty": 100}


def test_payment_drop_at_an_own_price_costs_that_price_early_and_late() -> None:
    for dropped_at, late in ((1, {}), (4, {"deadline_penalty": 1_000})):
        run = Both({"A": WAITS, "B": {}}, costs=FIXED | {"drop_penalty": 7})
        tx = run.submit("AB", CENTS, 1)
        for tick in range(6):
            run.tick({"A": {tx: "drop"}} if tick == dropped_at else {})
        assert charged(run) == late | {"drop_penalty": 7}


def test_payment_expiry_charges_both_penalties_once() -> None:
    """Under ``deadline_mode: drop`` the payment leaves in the tick in which it is found late: nothing was charged yet."""
    for policy in (EXTERNAL, {"type": "fifo"}):  # in Queue 1, in Queue 2
        run = Both({"A": {"policy": policy}, "B": {}}, costs=FIXED, rules={"set": "standard", "deadline_mode": "drop"})
        run.submit("AB", CENTS, 1)
        run.run(6)
        assert charged(run) == {"drop_penalty": 1_100}


@pytest.mark.parametrize("costs", [FIXED, IN_BPS], ids=["fixed", "bps"])
@pytest.mark.parametrize(("rules", "anew"), [("standard", False), ("simcash", True)])
def test_payment_split_of_an_overdue_payment_charges_no_second_deadline_penalty(
    costs: dict[str, Any], rules: str, *, anew: bool
) -> None:
    """SimCash judges the parts anew; under our rules they are overdue from the start, and have been charged."""
    run = Both({"A": WAITS, "B": {}}, costs=costs | {"eod_penalty": 0}, rules=rules)
    tx = run.submit("AB", CENTS, 1, divisible=True)
    for tick in range(6):
        run.tick({"A": {tx: ("split", 2)}} if tick == 4 else {})
    parts = (2 * 1_000 if costs is FIXED else 1_000) if anew else 0
    assert charged(run) == {"deadline_penalty": 1_000 + parts}
    assert {run.simulation.transaction(name).overdue_since for name in run.simulation.queue2()} == {4 if anew else 2}


def test_payment_parts_of_an_overdue_payment_are_dropped_at_the_end_of_day_penalty() -> None:
    run = Both({"A": WAITS, "B": {}}, costs=FIXED, ticks=8)
    tx = run.submit("AB", CENTS, 1, divisible=True)
    for tick in range(8):
        waiting = run.simulation.queue2()
        decisions = {3: {tx: ("split", 2)}, 5: dict.fromkeys(waiting, "withdraw")}
        if tick == 6:
            decisions[6] = dict.fromkeys(run.simulation.queue1("A"), "drop")
        run.tick({"A": decisions.get(tick, {})})
    assert charged(run) == {"deadline_penalty": 1_000, "drop_penalty": 200}


def test_payment_withdrawn_and_resubmitted_payment_is_charged_once() -> None:
    run = Both({"A": WAITS, "B": {}}, costs=FIXED | {"eod_penalty": 0}, ticks=8)
    tx = run.submit("AB", CENTS, 1)
    for decision in ("release", "hold", "hold", "withdraw", "release", ("resubmit", "urgent"), "release", "hold"):
        is_queued = tx in run.simulation.queue2()
        run.tick({"A": {} if decision == "hold" or (is_queued and decision == "release") else {tx: decision}})
    assert charged(run) == {"deadline_penalty": 1_000}
