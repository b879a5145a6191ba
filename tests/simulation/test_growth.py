"""Room for payments grows when it is needed, loses nothing, and does not grow with the length of a run."""

import numpy as np
import pytest

from simcash_env.compile import scenario as scenarios
from simcash_env.envs.vector import make_vec
from simcash_env.schema.arrays import State
from simcash_env.schema.codes import Place
from simcash_env.schema.layout import plain_opener
from simcash_env.simulation import Simulation
from simcash_env.simulation.engine import FIRST_LOG_ROWS, grow_payments
from tests.worlds import busy, legal, quiet


def crowded(**changes):
    """More payments than first rows, most of them waiting for want of money."""
    return busy(**{"scripted": 3, "rate": 8.0, "wealth": 500, "pool": None, **changes})


def payments_of(simulation):
    """Counts and cents of what arrived and of where it is now."""
    state = simulation._engine.state
    lives = np.isin(state.pay_place, [Place.QUEUE1, Place.QUEUE2])
    assert int(lives.sum()) == simulation.summary().queued
    return {
        "arrived": (int(state.arrived_count[0]), int(state.arrived_cents[0])),
        "ended": (
            int(state.settled_count[0] + state.dropped_count[0]),
            int(state.settled_cents[0] + state.dropped_cents[0]),
        ),
        "queued": (int(lives.sum()), int(state.pay_remaining_cents[lives].sum())),
    }


def test_growth_rows_double_when_they_are_needed_and_only_then():
    simulation = Simulation(crowded())
    sizes = [simulation._engine.state.pay_id.size]
    while not simulation.is_over:
        simulation.tick()
        sizes.append(simulation._engine.state.pay_id.size)
    assert sizes[0] == 3 * scenarios.FIRST_ROWS_PER_BANK
    assert set(sizes) <= {sizes[0] * 2**doublings for doublings in range(10)}
    assert sizes == sorted(sizes)
    most = simulation.summary().queued
    assert sizes[0] < most <= sizes[-1] < 4 * most


@pytest.mark.parametrize("policy", ["fifo", "liquidity_splitting"])
def test_growth_no_payment_is_lost_while_room_grows(policy):
    """Arrived is settled, queued and dropped: in cents after every tick, in counts where nothing is split."""
    config = crowded()
    if policy == "liquidity_splitting":
        settings = {"type": policy, "max_splits": 4, "min_split_amount": 50}
        banks = [bank.model_dump() | {"policy": settings} for bank in config.banks]
        config = type(config).model_validate({**config.model_dump(), "banks": banks})
    simulation = Simulation(config)
    first = simulation._engine.state.pay_id.size
    while not simulation.is_over:
        simulation.tick()
        payments = payments_of(simulation)
        assert payments["arrived"][1] == payments["ended"][1] + payments["queued"][1]
        if policy == "fifo":
            assert payments["arrived"][0] == payments["ended"][0] + payments["queued"][0]
    assert simulation._engine.state.pay_id.size > first
    if policy == "liquidity_splitting":
        assert simulation.events().counts()["PolicySplit"] > 0


def test_growth_no_payment_is_lost_when_a_batch_grows_in_the_middle_of_a_step():
    vec = make_vec(crowded(scripted=0, max_split=9), 5, learners="all", autoreset="disabled", max_queue_slots=8)
    vec.reset(3)
    first = vec.state(0).pay_id.size
    for step in range(vec.num_ticks):
        vec.step(legal(vec.masks, step))
        for number in range(5):
            state = vec.state(number)
            queued = np.isin(state.pay_place, [Place.QUEUE1, Place.QUEUE2])
            waiting = int(state.pay_remaining_cents[queued].sum())
            ended = int(state.settled_cents[0] + state.dropped_cents[0])
            assert int(state.arrived_cents[0]) == ended + waiting
            assert int(queued.sum()) == int(state.queue2_count[0] + state.bank_queue1_count.sum())
    assert vec.state(0).pay_id.size > first
    assert any(int(vec.state(number).dropped_count[0]) > 0 for number in range(5))


def test_growth_every_row_is_in_use_or_on_the_free_list_once():
    simulation = Simulation(crowded())
    while not simulation.is_over:
        simulation.tick()
        state, row, free = simulation._engine.state, int(simulation._engine.state.free_head[0]), []
        while row >= 0:
            free.append(row)
            row = int(state.pay_next[row])
        assert sorted(free) == np.flatnonzero(state.pay_place == Place.FREE).tolist()
        assert len(free) == int(state.free_count[0])


def test_growth_grown_rows_keep_every_value_and_offer_the_new_ones_first():
    simulation = Simulation(crowded())
    simulation.run(2)
    engine = simulation._engine
    rows, sizes = grow_payments(engine.row, engine.sizes)
    before, after = engine.state, plain_opener(State)(rows, sizes)
    old = before.pay_id.size
    assert after.pay_id.size == 2 * old
    assert int(after.free_head[0]) == old
    for name in State._fields:
        if name not in {"free_head", "free_count", "pay_next"}:
            values = getattr(before, name)
            assert np.array_equal(getattr(after, name)[: values.size], values), name


def test_growth_batch_grows_row_by_row_as_a_single_copy_does():
    rows = np.stack([Simulation(crowded(), seed=seed)._engine.row for seed in (1, 2, 3)])
    engine = Simulation(crowded(), seed=2)._engine
    together, _ = grow_payments(rows, engine.sizes)
    assert np.array_equal(together[1], grow_payments(engine.row, engine.sizes)[0])


def test_growth_event_log_grows_and_keeps_every_event():
    """In order of their ids the payments that arrived are all that were ever counted, none twice."""
    simulation = Simulation(crowded(rate=40.0, ticks=3, days=1))
    reports = simulation.run(3)
    assert max(len(report.events) for report in reports) > FIRST_LOG_ROWS
    arrivals = [event.tx for event in simulation.events() if event.kind == "Arrival"]
    assert arrivals == [f"tx_{number:08d}" for number in range(1, simulation.summary().arrived + 1)]
    assert sum(len(report.events) for report in reports) == len(simulation.events())


def test_growth_log_that_is_large_from_the_start_holds_the_same_events(monkeypatch):
    config = crowded(rate=20.0, ticks=3, days=1)
    grown = Simulation(config)
    monkeypatch.setattr("simcash_env.simulation.engine.FIRST_LOG_ROWS", 100_000)
    roomy = Simulation(config)
    assert grown.run_to_completion() == roomy.run_to_completion()
    assert np.array_equal(grown.events().rows, roomy.events().rows)


def test_growth_long_run_of_short_queues_keeps_its_rows():
    simulation = Simulation(quiet(ticks=100, days=20), events=False)
    simulation.run(200)
    rows = simulation._engine.row.size
    simulation.run_to_completion()
    assert simulation.summary().arrived > 100 * simulation._engine.state.pay_id.size
    assert simulation._engine.row.size == rows


def test_growth_batch_that_plays_many_episodes_keeps_its_rows():
    vec = make_vec(quiet(ticks=10, days=2), 4, learners="all")
    vec.reset(1)
    sizes = []
    for step in range(30 * vec.num_ticks):
        vec.step(np.where(vec.masks[..., 1] == 1, 1, 0))
        if (step + 1) % (10 * vec.num_ticks) == 0:
            sizes.append(vec._states.rows.size)
    assert len(set(sizes)) == 1
