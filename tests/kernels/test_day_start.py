"""The start of a day: its totals are empty, and the pool is allocated once or daily."""

import pytest

from tests.both import EXTERNAL, Both


def test_day_start_clears_the_totals_of_the_day() -> None:
    payment = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 60, "deadline": 1}
    run = Both({"A": {"opening_balance": 100}, "B": {}}, ticks=2, days=2, events=[payment])
    run.tick()
    state = run.simulation._engine.state
    assert (state.day_arrived_cents[0], state.day_settled_cents[0]) == (60, 60)
    run.run(2)
    assert (state.day_arrived_cents[0], state.day_settled_cents[0]) == (0, 0)


def test_day_start_counts_payments_submitted_before_the_first_tick_opens() -> None:
    """They arrived today, but the totals of the day were cleared after them."""
    run = Both({"A": {"policy": EXTERNAL}, "B": {"policy": EXTERNAL}}, ticks=2, days=2)
    state = run.simulation._engine.state
    run.submit("AB", 9)
    run.simulation.open_tick()
    assert state.day_arrived_cents[0] == 9
    run.submit("AB", 1)
    run.run(2)
    assert state.day_arrived_cents[0] == 10
    run.submit("BA", 20)
    run.submit("AB", 30)
    run.tick()
    assert state.day_arrived_cents[0] == 50
    assert state.arrived_cents[0] == 60


@pytest.mark.parametrize(("daily", "events"), [(False, [1, 0, 0, 0]), (True, [1, 0, 1, 0])])
def test_day_start_allocates_the_pool_on_day_0_or_daily(events: list[int], *, daily: bool) -> None:
    banks = {"A": {"liquidity_pool": 100, "liquidity_allocation_fraction": 1.0}, "B": {}}
    run = Both(banks, ticks=2, days=2, switches={"daily_liquidity_reallocation": daily})
    assert [result.events.counts().get("LiquidityAllocation", 0) for result in run.run(4)] == events
