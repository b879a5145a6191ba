"""Rules that no recorded case pins, each worked out by hand on the oracle."""

from typing import Any

import pytest

from simcash_env.config import ScenarioConfig
from tests.both import FREE
from tests.oracle import Oracle
from tests.oracle.exact import ceil_div, millionths, round_double
from tests.oracle.random_stream import RandomStream


def oracle(banks: dict[str, dict[str, Any]], *, ticks: int = 4, days: int = 1, **parts: Any) -> Oracle:
    """A run of a few banks in which only what the test names costs anything."""
    rows = {
        "format": 1,
        "name": "by hand",
        "simulation": {"ticks_per_day": ticks, "num_days": days},
        "banks": [{"id": name, **row} for name, row in banks.items()],
        **parts,
        "costs": {**FREE, **parts.get("costs", {})},
    }
    return Oracle(ScenarioConfig.model_validate(rows))


def costs(run: Oracle, bank: str, kind: str) -> int:
    """A bank's total of one kind of cost."""
    return run.world.banks[bank].costs[kind]


def balances(run: Oracle) -> list[int]:
    """Balances in id order."""
    return [bank.balance for bank in run.world.banks.values()]


def test_oracle_standard_rules_penalise_everything_unsettled_at_the_end_of_each_day() -> None:
    """Also what is not due yet."""
    run = oracle({"A": {}, "B": {}}, ticks=2, days=2, costs={"eod_penalty": 7})
    run.submit("A", "B", 10, 4)
    for _ in range(4):
        run.tick()
    assert costs(run, "A", "eod_penalty") == 2 * 7


def test_oracle_standard_rules_settle_once_more_at_the_end_of_the_day() -> None:
    """A deferred credit that lands in the day's last tick still pays what waits behind it."""
    run = oracle(
        {"A": {"opening_balance": 10}, "B": {}, "C": {}},
        ticks=1,
        costs={"eod_penalty": 7},
        switches={"deferred_crediting": True},
    )
    run.submit("A", "B", 10, 1)
    run.submit("B", "C", 10, 1)
    assert run.tick().num_settlements == 2
    assert balances(run) == [0, 0, 10]
    assert costs(run, "B", "eod_penalty") == 0


def test_oracle_expired_payment_is_dropped_at_both_penalties() -> None:
    """The default drop penalty is what the payment would have cost by waiting."""
    run = oracle(
        {"A": {}, "B": {}},
        rules={"set": "standard", "deadline_mode": "drop"},
        costs={"deadline_penalty": {"bps": 50.0}, "eod_penalty": 3},
    )
    run.submit("A", "B", 1_000, 1)
    waiting = []
    for _ in range(3):
        run.tick()
        waiting.append(len(run.world.queue2))
    assert waiting == [1, 1, 0]
    assert costs(run, "A", "drop_penalty") == 5 + 3
    assert costs(run, "A", "deadline_penalty") == 0


def test_oracle_deadline_penalty_falls_once() -> None:
    """In the first tick at whose end the payment is found queued past its deadline."""
    run = oracle({"A": {}, "B": {}}, costs={"deadline_penalty": 50})
    run.submit("A", "B", 10, 1)
    charged = []
    for _ in range(4):
        run.tick()
        charged.append(run.tick_costs("A")["deadline_penalty"])
    assert charged == [0, 0, 50, 0]


def test_oracle_rate_per_day_is_divided_by_the_ticks_of_a_day() -> None:
    """And rounded only then, at a millionth."""
    run = oracle({"A": {"liquidity_pool": 10**10}, "B": {}}, ticks=3, costs={"liquidity_cost_per_day_bps": 1.0})
    run.tick()
    assert costs(run, "A", "liquidity") == 333_333


def test_oracle_overdraft_cost_is_rounded_half_up() -> None:
    """Half a cent costs one."""
    run = oracle({"A": {"credit_limit": 5_000}, "B": {}}, costs={"overdraft_bps_per_tick": 1.0})
    run.submit("A", "B", 5_000, 4)
    run.tick()
    assert costs(run, "A", "overdraft") == 1


def test_oracle_pool_returns_overnight_and_keeps_its_fraction() -> None:
    """Also one that a learner chose."""
    run = oracle(
        {"A": {"liquidity_pool": 1_000, "policy": {"type": "external"}}, "B": {}},
        ticks=1,
        days=3,
        switches={"daily_liquidity_reallocation": True},
    )
    run.tick(pool_levels={"A": 5})
    assert balances(run) == [0, 0]
    run.open_tick()
    assert balances(run) == [250, 0]


def test_oracle_split_settles_its_parent_whatever_settles_the_children() -> None:
    """One part gross, one by an offset."""
    run = oracle(
        {"A": {"opening_balance": 50, "policy": {"type": "external"}}, "B": {"policy": {"type": "external"}}},
        costs={"split_friction_cost": 4},
    )
    parent = run.submit("A", "B", 101, 4, divisible=True)
    run.submit("B", "A", 51, 4)
    run.tick({"A": {parent: ("split", 2)}})
    (child,) = run.world.queue2
    assert (child.amount, child.parent) == (51, parent)
    assert run.world.payments[parent].remaining == 51
    opposite = run.world.banks["B"].queue1[0]
    report = run.tick({"B": {opposite.id: "release"}})
    assert parent not in run.world.payments
    assert report.num_settlements == 2
    assert costs(run, "A", "split_friction") == 4


@pytest.mark.parametrize(("parts", "divisible"), [(1, True), (4, True), (2, False)])
def test_oracle_illegal_split_is_a_hold(parts: int, *, divisible: bool) -> None:
    """Fewer than two parts, more parts than cents, or a payment that may not be split."""
    run = oracle({"A": {"opening_balance": 50, "policy": {"type": "external"}}, "B": {}})
    parent = run.submit("A", "B", 3, 4, divisible=divisible)
    run.tick({"A": {parent: ("split", parts)}})
    assert [p.id for p in run.world.banks["A"].queue1] == [parent]


def test_oracle_escalation_raises_the_priority_towards_the_deadline() -> None:
    """From the priority a payment started with, rounded half away, at most 10."""
    run = oracle(
        {"A": {"policy": {"type": "external"}}, "B": {}}, priority_escalation={"start_ticks": 4, "max_boost": 6}
    )
    run.submit("A", "B", 10, 4, 5)
    seen = []
    for _ in range(4):
        run.tick({})
        seen.append(run.world.banks["A"].queue1[0].priority)
    assert seen == [5, 7, 8, 10]


def test_oracle_collateral_withdrawal_leaves_what_credit_needs() -> None:
    """Posts stop at capacity, withdrawals at the collateral in use, in exact integers."""
    event = {"type": "collateral_adjustment", "bank": "A"}
    run = oracle(
        {"A": {"posted_collateral": 500, "collateral_haircut": 0.07, "max_collateral_capacity": 600}, "B": {}},
        events=[{**event, "tick": 1, "delta": -500}, {**event, "tick": 2, "delta": 500}],
    )
    assert run.world.banks["A"].overdraft_limit() == 465
    run.submit("A", "B", 100, 4)
    posted = []
    for _ in range(3):
        run.tick()
        posted.append(run.world.banks["A"].posted_collateral)
    assert posted == [500, 108, 600]


def test_oracle_poisson_count_at_a_high_rate_is_a_sum_of_parts() -> None:
    """Sixty-five is thirty and thirty and five."""
    whole, parts = RandomStream(9), RandomStream(9)
    assert whole.poisson(65.0) == sum(parts.poisson(rate) for rate in (30.0, 30.0, 5.0))
    assert whole.state == parts.state


def test_oracle_rounding_is_half_away_from_zero() -> None:
    """Of doubles and of written decimals alike."""
    assert [round_double(x) for x in (0.5, 1.5, -0.5, 0.49999999999999994)] == [1, 2, -1, 0]
    assert [millionths(x) for x in (0.07, 0.0000005, 0.00000049)] == [70_000, 1, 0]
    assert ceil_div(7, 2) == 4
