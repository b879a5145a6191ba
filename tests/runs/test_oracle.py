"""The oracle keeps its own books straight, and the engine agrees with it in every figure after every tick."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation, TickResult
from tests import strategies
from tests.budget import IS_LONG, examples
from tests.oracle import Oracle
from tests.oracle.world import World
from tests.runs.corners import CORNERS

NUM_COMPARISONS = examples(25, 50, 10_000)
NUM_PARTS = 20 if IS_LONG else 1
"""A long comparison is cut into parts, each with draws of its own: they show how far it is, and can run side by side."""
NUM_INVARIANT_RUNS = examples(20, 50, 1_000)
EVERY_EXAMPLE = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
invariant = settings(EVERY_EXAMPLE, max_examples=NUM_INVARIANT_RUNS)
comparison = settings(EVERY_EXAMPLE, max_examples=NUM_COMPARISONS // NUM_PARTS)


def money(world: World) -> int:
    """All balances, the credits on their way, and what backs asks in the market."""
    asks = [] if world.market is None else [order.cents for order in world.market.orders if order.side == "ask"]
    return sum(bank.balance for bank in world.banks.values()) + sum(world.deferred.values()) + sum(asks)


def allocated(world: World) -> int:
    """Pool money inside the balances."""
    return sum(bank.allocated_pool for bank in world.banks.values())


def drawn_tick(data: st.DataObject, oracle: Oracle) -> tuple[list[Any], Any, dict[str, Any]]:
    """Submit, open and close one tick with drawn payments and decisions; returns payments, actions, the others."""
    submitted = data.draw(strategies.submissions(oracle))
    for row in submitted:
        oracle.submit(**row)
    oracle.open_tick()
    actions = data.draw(strategies.actions(oracle))
    levels = data.draw(strategies.pool_levels(oracle))
    asks = data.draw(strategies.collateral(oracle))
    orders = data.draw(strategies.orders(oracle))
    reserved = data.draw(strategies.sub_limits(oracle))
    limits = data.draw(strategies.send_limits(oracle))
    oracle.close_tick(actions, levels, asks, orders, reserved, limits)
    others = {"pool_levels": levels, "collateral": asks, "orders": in_per_cent(orders)}
    return submitted, actions, others | {"sub_limits": reserved, "send_limits": limits}


def in_per_cent(orders: dict[str, Any]) -> dict[str, Any]:
    """The oracle counts rates in hundredths of a basis point."""
    return {bank: order and (order[0], order[1] / 10_000, order[2]) for bank, order in orders.items()}


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_oracle_money_is_conserved(config: ScenarioConfig, data: st.DataObject) -> None:
    """The balances' sum changes only by pool allocation and return."""
    oracle = Oracle(config)
    before = money(oracle.world)
    while oracle.current_tick < oracle.num_ticks:
        drawn_tick(data, oracle)
        assert money(oracle.world) - allocated(oracle.world) == before


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_oracle_every_payment_is_in_one_place(config: ScenarioConfig, data: st.DataObject) -> None:
    """Queue 1, Queue 2 or split; what left is settled or dropped, and the values add up."""
    oracle = Oracle(config)
    world = oracle.world
    while oracle.current_tick < oracle.num_ticks:
        drawn_tick(data, oracle)
        shot = oracle.snapshot()
        places = {name: "queue1" for queue in shot["queue1"].values() for name in queue}
        places |= dict.fromkeys(shot["queue2"], "queue2")
        places |= {name: "split" for name, row in shot["payments"].items() if row["place"] == "split"}
        assert {name: row["place"] for name, row in shot["payments"].items()} == places
        assert len(places) == sum(map(len, shot["queue1"].values())) + len(shot["queue2"]) + sum(
            place == "split" for place in places.values()
        )
        queued = sum(payment.remaining for payment in world.queued())
        counters = world.counters
        assert counters.arrived_value == counters.settled_value + counters.dropped_value + queued


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_oracle_costs_never_decrease(config: ScenarioConfig, data: st.DataObject) -> None:
    """Each kind of cost only grows, by what the tick charged."""
    oracle = Oracle(config)
    while oracle.current_tick < oracle.num_ticks:
        before = {name: dict(bank.costs) for name, bank in oracle.world.banks.items()}
        drawn_tick(data, oracle)
        for name, bank in oracle.world.banks.items():
            for kind, cents in bank.costs.items():
                charged = oracle.tick_costs(name)[kind]
                assert charged >= 0
                assert cents == before[name][kind] + charged


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_oracle_nobody_is_pushed_beyond_the_overdraft_limit_by_settlement(
    config: ScenarioConfig, data: st.DataObject
) -> None:
    """A settled payment leaves its sender within its overdraft limit, unless an event had put it beyond."""
    oracle = Oracle(config)
    world = oracle.world
    while oracle.current_tick < oracle.num_ticks:
        oracle.open_tick()
        beyond = {name for name, bank in world.banks.items() if bank.balance < -bank.overdraft_limit()}
        returned = {name: bank.allocated_pool for name, bank in world.banks.items()}
        oracle.close_tick(data.draw(strategies.actions(oracle)))
        for name, bank in world.banks.items():
            hole = returned[name] - bank.allocated_pool
            assert name in beyond or bank.balance + hole >= -bank.overdraft_limit()


def comparable(shot: dict[str, Any]) -> dict[str, Any]:
    """A picture in which a remembered number that is none equals itself."""
    for bank in shot["banks"].values():
        bank["registers"] = {name: repr(number + 0.0) for name, number in bank["registers"].items()}
    return shot


def compare_tick(oracle: Oracle, simulation: Simulation, result: TickResult) -> None:
    """State and report of the tick that has just closed."""
    report = oracle.last
    assert comparable(simulation.inspect()) == comparable(oracle.snapshot())
    assert result.num_arrivals == report.num_arrivals
    assert result.num_settlements == report.num_settlements
    assert result.num_lsm_releases == report.num_lsm_releases
    assert result.cycle_work_limit_hit == report.cycle_work_limit_hit
    assert result.queue2_size == len(oracle.world.queue2)
    assert result.costs == {name: oracle.tick_costs(name) for name in oracle.world.banks}


@pytest.mark.parametrize("part", range(NUM_PARTS))
@comparison
@given(config=strategies.scenarios(), data=st.data())
def test_oracle_engine_and_oracle_agree_in_every_figure(part: int, config: ScenarioConfig, data: st.DataObject) -> None:
    """Two implementations of the same rules, one picture after every tick."""
    oracle = Oracle(config)
    simulation = Simulation(config)
    while oracle.current_tick < oracle.num_ticks:
        submitted, actions, others = drawn_tick(data, oracle)
        for row in submitted:
            simulation.submit_transaction(**row)
        result = simulation.tick(actions, **others)
        compare_tick(oracle, simulation, result)


@pytest.mark.parametrize("corner", CORNERS)
def test_oracle_engine_and_oracle_agree_in_corners(corner: str) -> None:
    """Where one rule decides, both implementations decide alike."""
    oracle, simulation = Oracle(CORNERS[corner]), Simulation(CORNERS[corner])
    while oracle.current_tick < oracle.num_ticks:
        oracle.tick()
        compare_tick(oracle, simulation, simulation.tick())


def test_oracle_snapshot_counts_what_was_reported() -> None:
    """The run counters are sums of the ticks' reports."""
    oracle = Oracle(CORNERS["cycles"])
    settled = released = 0
    while oracle.current_tick < oracle.num_ticks:
        report = oracle.tick()
        settled += report.num_settlements
        released += report.num_lsm_releases
    counters = oracle.snapshot()["counters"]
    assert (settled, released) == (7, 7)
    assert (counters["settled_count"], counters["lsm_released_count"]) == (7, 7)


@pytest.mark.parametrize(
    ("corner", "waiting"),
    [
        ("triangles of one value", ["BD", "DA"]),
        ("even pair, larger id beyond its overdraft limit", ["AB", "BA"]),
        ("even pair, smaller id beyond its overdraft limit", []),
        ("a retry settles in every round", ["AB", "BC", "CA"]),
    ],
)
def test_oracle_corner_is_decided_by_the_rule(corner: str, waiting: list[str]) -> None:
    """Worked out by hand: what is still in Queue 2 after the first tick."""
    oracle = Oracle(CORNERS[corner])
    oracle.tick()
    assert [payment.sender + payment.receiver for payment in oracle.world.queue2] == waiting


def test_oracle_hundreds_arrive() -> None:
    """About 190 a tick."""
    oracle = Oracle(CORNERS["hundreds in a tick"])
    while oracle.current_tick < oracle.num_ticks:
        oracle.tick()
    assert oracle.world.counters.arrived_count > 1_000
