"""The end of a day: who is fined, what is told, what begins anew."""

from typing import Any

import pytest

from tests.both import EXTERNAL, Both, named

WAITS: dict[str, Any] = {"policy": EXTERNAL}
"""A bank whose payments stay in its own queue."""


@pytest.mark.parametrize(("deadline", "fined"), [(2, 1), (3, 0), (4, 0)])
def test_day_ends_badly_for_what_was_due_before_its_last_tick(deadline: int, fined: int) -> None:
    """Where only the overdue is fined."""
    run = Both(
        {"A": {}, "B": {}},
        ticks=4,
        days=2,
        costs={"eod_penalty": 7},
        rules={"set": "standard", "eod_penalty_scope": "overdue"},
    )
    run.submit("AB", 10, deadline)
    assert [result.costs["A"]["eod_penalty"] for result in run.run(4)] == [0, 0, 0, 7 * fined]


def test_days_end_says_what_waits_in_all_queues() -> None:
    run = Both({"A": WAITS, "B": {}, "C": WAITS}, ticks=2)
    for pair, cents in (("AB", 10), ("AB", 20), ("CB", 40), ("BA", 80), ("BC", 160)):
        run.submit(pair, cents)
    run.tick()
    (end,) = named(run.tick(), "EndOfDay")
    assert end.amount == 310
    assert list(end.details.values()) == [5]


NO_LSM: dict[str, Any] = {"algorithms": []}

NET: dict[str, Any] = {"limits_basis": "net"}

LIMITED: dict[str, Any] = {
    "bilateral": {"bilateral_limits": {"B": 10}},
    "multilateral": {"multilateral_limit": 10, "bilateral_limits": {"C": 1_000}},
}


@pytest.mark.parametrize("limits", LIMITED)
@pytest.mark.parametrize("switches", [{}, NET], ids=["gross", "net"])
def test_day_end_limits_begin_anew_with_the_day(limits: str, switches: dict[str, Any]) -> None:
    """Neither what was paid nor what was received yesterday counts today."""
    banks = {"A": {"opening_balance": 100, **LIMITED[limits]}, "B": {"opening_balance": 100}, "C": {}}
    run = Both(banks, ticks=2, days=2, lsm=NO_LSM, switches=switches)
    run.submit("AB", 10)
    assert run.tick().num_settlements == 1
    run.submit("BA", 30)
    assert run.tick().num_settlements == 1
    run.submit("AB", 11)
    assert run.tick().num_settlements == 0
    run.submit("AB", 10)
    assert run.tick().num_settlements == 1
