"""What is charged: whole cents, each an event, and totals that stay in the range of money."""

from typing import Any

import pytest

from simcash_env.errors import SimulationError
from simcash_env.schema.limits import MAX_TOTAL_CENTS
from tests.both import EXTERNAL, Both, kinds

MOST = 10**15

WAITS: dict[str, Any] = {"policy": EXTERNAL}
"""A bank whose payments stay in its own queue."""


def test_charges_what_rounds_to_no_cent_is_no_event() -> None:
    costs = {"delay_cost_per_tick_per_cent": 0.4, "overdraft_bps_per_tick": 1.0, "deadline_penalty": {"bps": 1.0}}
    run = Both({"A": {**WAITS, "posted_collateral": 1}, "B": {}}, costs={**costs, "collateral_cost_per_tick_bps": 1.0})
    run.submit("AB", 1, 1)
    assert [kinds(result).get("CostAccrual", 0) for result in run.run(3)] == [0, 0, 1]  # overdue: 0.4 x 5 = 2 cents


@pytest.mark.parametrize(("cents", "wanted"), [(1, 0), (10**10, 10**10 - 1)])
def test_charges_penalty_in_bps_is_rounded_down_however_near_the_next_cent(cents: int, wanted: int) -> None:
    run = Both({"A": WAITS, "B": {}}, costs={"deadline_penalty": {"bps": 9999.999999}})
    run.submit("AB", cents, 1)
    assert sum(result.costs["A"]["deadline_penalty"] for result in run.run(3)) == wanted


@pytest.mark.usefixtures("unbounded")
def test_charges_costs_of_a_run_may_grow_as_large_as_money_goes_and_no_more() -> None:
    for penalty, payments, is_fault in ((MOST, 4_000, False), (MOST, 4_001, True)):
        run = Both({"A": WAITS, "B": {}}, ticks=2, costs={"eod_penalty": penalty}).simulation
        for _ in range(payments):
            run.submit_transaction("A", "B", 1, 2)
        run.tick()
        if is_fault:
            with pytest.raises(SimulationError, match="a total left the range of int64 cents"):
                run.tick()
        else:
            assert run.tick().total_cost == MAX_TOTAL_CENTS
