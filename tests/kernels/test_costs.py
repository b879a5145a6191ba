"""Costs of a tick at the edges of their rules: a single cent, no cent, the largest sums, worked out by hand."""

from typing import Any

import pytest

from simcash_env.errors import SimulationError
from simcash_env.schema.limits import MAX_TOTAL_CENTS
from tests.both import EXTERNAL, Both

MOST = 10**15

MOST_BPS = 10_000

WAITS: dict[str, Any] = {"policy": EXTERNAL}
"""A bank whose payments stay in its own queue."""


@pytest.mark.parametrize(
    ("bank", "costs", "kind"),
    [
        ({"posted_collateral": 1}, {"collateral_cost_per_tick_bps": MOST_BPS}, "collateral"),
        (
            {"liquidity_pool": 1, "liquidity_allocation_fraction": 1.0},
            {"liquidity_cost_per_tick_bps": MOST_BPS},
            "liquidity",
        ),
    ],
)
def test_costs_single_cent_is_charged_for(bank: dict[str, Any], costs: dict[str, Any], kind: str) -> None:
    run = Both({"A": bank, "B": {}}, costs=costs)
    result = run.tick()
    assert result.costs["A"][kind] == 1 == result.total_cost


def test_costs_single_cent_of_overdraft_is_charged_for() -> None:
    run = Both({"A": {"credit_limit": 1}, "B": {}}, costs={"overdraft_bps_per_tick": MOST_BPS})
    run.submit("AB", 1)
    assert run.tick().costs["A"]["overdraft"] == 1


def test_costs_thousandth_of_a_cent_that_waits_is_charged_for() -> None:
    multipliers = {"urgent": 0.001, "normal": 0.001, "low": 0.001}
    costs = {"delay_cost_per_tick_per_cent": 1_000.0, "priority_delay_multipliers": multipliers}
    run = Both({"A": WAITS, "B": {}}, costs=costs)
    run.submit("AB", 1)
    assert run.tick().costs["A"]["delay"] == 1


@pytest.mark.parametrize(("bps", "wanted"), [(5_000, 1), (4_999.999999, 0)])
@pytest.mark.parametrize(
    ("bank", "rate", "kind"),
    [
        ({"posted_collateral": 1}, "collateral_cost_per_tick_bps", "collateral"),
        ({"liquidity_pool": 1, "liquidity_allocation_fraction": 1.0}, "liquidity_cost_per_tick_bps", "liquidity"),
        ({"credit_limit": 1}, "overdraft_bps_per_tick", "overdraft"),
    ],
)
def test_costs_half_a_cent_is_rounded_up_and_less_is_nothing(
    bank: dict[str, Any], rate: str, kind: str, bps: float, wanted: int
) -> None:
    run = Both({"A": bank, "B": {}}, costs={rate: bps})
    if kind == "overdraft":
        run.submit("AB", 1)
    assert run.tick().costs["A"][kind] == wanted


@pytest.mark.parametrize(("priority", "weight"), [(0, 3), (3, 3), (4, 5), (7, 5), (8, 7), (10, 7)])
def test_costs_priority_bands_begin_at_four_and_at_eight(priority: int, weight: int) -> None:
    multipliers = {"urgent": 7.0, "normal": 5.0, "low": 3.0}
    run = Both(
        {"A": WAITS, "B": {}}, costs={"delay_cost_per_tick_per_cent": 1.0, "priority_delay_multipliers": multipliers}
    )
    run.submit("AB", 10, priority=priority)
    assert run.tick().costs["A"]["delay"] == 10 * weight


@pytest.mark.parametrize("multiplier", [4.001, 1_000.0])
def test_costs_delay_of_the_largest_amounts_is_exact(multiplier: float) -> None:
    """The weighted sum passed 64 bits, and the run stopped, though what it costs is little money."""
    costs = {
        "delay_cost_per_tick_per_cent": 0.000001,
        "overdue_delay_multiplier": 1.5,
        "priority_delay_multipliers": {"low": multiplier, "normal": multiplier},
    }
    run = Both({"A": WAITS, "B": {}}, ticks=4, costs=costs)
    for _ in range(3):
        run.submit("AB", MOST - 1, 1)
    weight = round(multiplier * 1_000)
    early, late = 3 * 10**6 * weight, 3 * 10**6 * (weight * 3 // 2)
    assert [result.costs["A"]["delay"] for result in run.run(4)] == [early, early, late, late]


@pytest.mark.usefixtures("unbounded")
def test_costs_delay_of_a_tick_may_cost_as_much_as_money_goes_and_no_more() -> None:
    for multiplier, is_fault in ((4.0, False), (4.001, True)):
        costs = {
            "delay_cost_per_tick_per_cent": 1_000.0,
            "priority_delay_multipliers": {"low": multiplier, "normal": multiplier},
        }
        run = Both({"A": WAITS, "B": {}}, costs=costs).simulation
        run.submit_transaction("A", "B", MOST, 2)
        if is_fault:
            with pytest.raises(SimulationError, match="a total left the range of int64 cents"):
                run.tick()
        else:
            assert run.tick().total_cost == MAX_TOTAL_CENTS
