"""Collateral, the pool, and what scheduled events do to a bank's credit."""

from typing import Any

import pytest

from simcash_env.config import load_scenario
from tests.better.test_costs_and_splits import leaf, tree
from tests.both import EXTERNAL, Both, kinds, named
from tests.config.worlds import SIMCASH

RELEASE = leaf("Release", "go")


def collateral_bank(strategic: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A bank that releases all, with a tree for its collateral."""
    policy = tree(RELEASE)
    policy["tree"]["strategic_collateral_tree"] = strategic
    return {"policy": policy, **more}


def at_tick(tick: int, then: dict[str, Any]) -> dict[str, Any]:
    """Act in one tick only."""
    condition = {"op": "==", "left": {"field": "current_tick"}, "right": {"value": tick}}
    rest = leaf("HoldCollateral", "rest")
    return {"type": "condition", "node_id": "when", "condition": condition, "on_true": then, "on_false": rest}


def test_g62_haircuts_are_exact() -> None:
    # in binary floating point 500 less seven per cent is 464
    run = Both({"A": {"posted_collateral": 500, "collateral_haircut": 0.07}, "B": {}})
    assert run.simulation.available_liquidity("A") == 465
    run.submit("AB", 465)
    assert run.tick().num_settlements == 1


def test_g63_g67_a_withdrawal_leaves_what_credit_rests_on() -> None:
    # the reference withdraws all and strands the bank beyond its overdraft limit
    withdraw = at_tick(1, leaf("WithdrawCollateral", "back", amount=1_000))
    run = Both({"A": collateral_bank(withdraw, posted_collateral=500, collateral_haircut=0.5), "B": {}})
    run.submit("AB", 100)
    run.tick()
    (event,) = named(run.tick(), "CollateralWithdraw")
    assert (event.amount, event.details) == (300, {"requested_cents": 1_000, "posted_cents": 200})
    assert run.simulation.available_liquidity("A") == 0


def test_g63_g67_a_post_stops_at_capacity() -> None:
    # the reference's tick fails
    post = leaf("PostCollateral", "post", amount=1_000)
    run = Both({"A": collateral_bank(post, max_collateral_capacity=300), "B": {}})
    (event,) = named(run.tick(), "CollateralPost")
    assert (event.amount, event.details["requested_cents"], run.collateral()) == (300, 1_000, 300)


def test_g63_g67_a_timer_keeps_what_it_could_not_take_back() -> None:
    # in the reference it is gone, and the collateral posted for good
    post = at_tick(0, leaf("PostCollateral", "post", amount=400, auto_withdraw_after_ticks=1))
    bank = collateral_bank(post, max_collateral_capacity=400, collateral_haircut=0.0)
    run = Both({"A": bank, "B": {"opening_balance": 90}})
    run.submit("AB", 100)
    assert run.tick().num_settlements == 1
    posted = []
    for _ in range(2):
        result = run.tick()
        posted.append(run.collateral())
        assert kinds(result)["CollateralTimerBlocked"] == 1
    run.submit("BA", 100)
    run.tick()
    assert "CollateralTimerBlocked" not in kinds(run.tick())
    assert (posted, run.collateral()) == ([100, 100], 0)


@pytest.mark.parametrize(("buffer", "kept"), [(0, 0), (100, 100)])
def test_g63_g67_the_safety_buffer_is_configuration(buffer: int, kept: int) -> None:
    # the reference keeps 100 cents and more posted for ever, with no credit in use
    withdraw = leaf("WithdrawCollateral", "back", amount=1_000)
    bank = collateral_bank(withdraw, posted_collateral=500, collateral_haircut=0.0, safety_buffer=buffer)
    run = Both({"A": bank, "B": {}})
    run.tick()
    assert run.collateral() == kept


@pytest.mark.parametrize(("ticks", "back_at"), [(0, 1), (3, 3)])
def test_g63_g67_the_holding_time_is_configuration(ticks: int, back_at: int) -> None:
    # the reference's five ticks are never in force for a tree
    post = at_tick(0, leaf("PostCollateral", "post", amount=400, auto_withdraw_after_ticks=1))
    run = Both({"A": collateral_bank(post, max_collateral_capacity=400, min_holding_ticks=ticks), "B": {}})
    posted = []
    for _ in range(5):
        run.tick()
        posted.append(run.collateral())
    assert posted == [400] * back_at + [0] * (5 - back_at)


def test_g63_g67_what_an_event_cannot_move_is_told() -> None:
    event = {"type": "collateral_adjustment", "bank": "A"}
    run = Both(
        {"A": {"posted_collateral": 500, "collateral_haircut": 0.0, "max_collateral_capacity": 600}, "B": {}},
        events=[{**event, "tick": 1, "delta": -500}, {**event, "tick": 2, "delta": 900}],
    )
    run.submit("AB", 100)
    _, back, there = run.run(3)
    (withdrawn,), (posted,) = named(back, "CollateralWithdraw"), named(there, "CollateralPost")
    assert (withdrawn.amount, withdrawn.details) == (400, {"requested_cents": 500, "posted_cents": 100})
    assert (posted.amount, posted.details) == (500, {"requested_cents": 900, "posted_cents": 600})


def test_g70_the_pool_fraction_holds_until_another_is_set() -> None:
    # in the reference the configured fraction counts on day 0 only; later days allocate all
    run = Both(
        {"A": {"liquidity_pool": 1_000, "liquidity_allocation_fraction": 0.25, "policy": EXTERNAL}, "B": {}},
        ticks=2,
        days=4,
        switches={"daily_liquidity_reallocation": True},
    )
    seen = []
    for day in range(4):
        run.tick(**({"A": 10} if day == 2 else {}))
        seen.append(run.balances()[0])
        run.tick()
    assert seen == [250, 250, 500, 500]


def test_g72_a_collateral_adjustment_changes_collateral() -> None:
    # in the reference it changes the unsecured limit
    events = [
        {"type": "collateral_adjustment", "tick": 0, "bank": "A", "delta": 200},
        {"type": "credit_limit_change", "tick": 1, "bank": "A", "delta": 30},
    ]
    run = Both({"A": {"credit_limit": 70, "max_collateral_capacity": 900}, "B": {}}, events=events)
    seen = []
    for _ in range(2):
        run.tick()
        seen.append((run.collateral(), run.simulation.inspect()["banks"]["A"]["credit_limit"]))
    assert seen == [(200, 70), (200, 100)]


def test_g72_a_simcash_file_keeps_the_meaning_it_had() -> None:
    once = {"type": "OneTime", "tick": 0}
    event = {"type": "CollateralAdjustment", "agent": "A", "delta": -5, "schedule": once}
    scenario = load_scenario({**SIMCASH, "scenario_events": [event]}, notice=lambda _: None)
    assert [found.type for found in scenario.events] == ["credit_limit_change"]


def test_g74_an_unfunded_scheduled_settlement_queues() -> None:
    # the reference writes a line to the log, and the money is never paid
    events = [
        {"type": "scheduled_settlement", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 10},
        {"type": "direct_transfer", "tick": 1, "from_bank": "B", "to_bank": "A", "amount": 10},
    ]
    run = Both({"A": {}, "B": {"opening_balance": 10}}, events=events)
    assert run.tick().queue2_size == 1
    assert run.tick().num_settlements == 1
    assert run.balances() == [0, 10]
