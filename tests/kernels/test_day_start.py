"""The start of a day: its totals are empty, and the pool is allocated once or anew."""

import pytest

from tests.both import Both


def test_day_start_clears_the_totals_of_the_day() -> None:
    payment = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 60, "deadline": 1}
    run = Both({"A": {"opening_balance": 100}, "B": {}}, ticks=2, days=2, events=[payment])
    run.tick()
    state = run.simulation._engine.state
    assert (state.day_arrived_cents[0], state.day_settled_cents[0]) == (60, 60)
    run.run(2)
    assert (state.day_arrived_cents[0], state.day_settled_cents[0]) == (0, 0)


@pytest.mark.parametrize(("daily", "events"), [(False, [1, 0, 0, 0]), (True, [1, 0, 1, 0])])
def test_day_start_allocates_the_pool_on_day_0_or_daily(events: list[int], *, daily: bool) -> None:
    banks = {"A": {"liquidity_pool": 100, "liquidity_allocation_fraction": 1.0}, "B": {}}
    run = Both(banks, ticks=2, days=2, switches={"daily_liquidity_reallocation": daily})
    assert [result.events.counts().get("LiquidityAllocation", 0) for result in run.run(4)] == events
