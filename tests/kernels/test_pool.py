"""The liquidity pool: its share is floored, follows what a learner chose, and goes back at the day's end."""

import pytest

from simcash_env.errors import ActionError
from tests.both import EXTERNAL, Both, named


@pytest.mark.parametrize(("pool", "fraction", "cents"), [(999, 0.5, 499), (1, 1.0, 1), (1, 0.999999, 0), (3, 0.0, 0)])
def test_pool_share_is_floored(pool: int, fraction: float, cents: int) -> None:
    run = Both({"A": {"liquidity_pool": pool, "liquidity_allocation_fraction": fraction}, "B": {}})
    run.tick()
    assert run.balances() == [cents, 0]


def test_pool_level_replaces_what_was_allocated() -> None:
    run = Both({"A": {"liquidity_pool": 1_000, "liquidity_allocation_fraction": 0.5, "policy": EXTERNAL}, "B": {}})
    (first, second) = named(run.tick(A=5), "LiquidityAllocation")
    assert (first.amount, second.amount, run.balances()) == (500, -250, [250, 0])
    with pytest.raises(ActionError, match="pool"):
        run.simulation.tick(pool_levels={"A": 20})  # not the day's first decision


def test_pool_goes_back_whatever_the_balance() -> None:
    banks = {"A": {"liquidity_pool": 100, "liquidity_allocation_fraction": 1.0, "credit_limit": 500}, "B": {}}
    run = Both(banks, ticks=2, days=2, switches={"daily_liquidity_reallocation": True})
    run.submit("AB", 130)
    run.tick()
    assert run.balances() == [-30, 130]
    run.tick()
    assert run.balances() == [-130, 130]
    run.tick()
    assert run.balances() == [-30, 130]
