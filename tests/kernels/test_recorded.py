"""Recorded payments in their ticks, and the draw of days and blocks, compared with what was recorded."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from simcash_env import make_vec
from simcash_env.config.recorded import recorded_days
from simcash_env.evaluation.arrivals import arrived_payments
from simcash_env.simulation import Simulation
from tests.recorded import FIRST_DAY, WAYS, dates_of, payments_by_tick, recorded, write_rows

BLOCKS = {"resample": "blocks", "block_ticks": 2}


def test_recorded_payments_arrive_in_their_ticks_in_order_of_time():
    rows = [
        {"day": 0, "tick": 2, "sender": "ALFA", "receiver": "BRAVO", "amount": 30, "priority": 9},
        {"day": 0, "tick": 0, "sender": "BRAVO", "receiver": "ALFA", "amount": 10, "not_before": 2, "deadline": 3},
        {"day": 0, "tick": 0, "sender": "BRAVO", "receiver": "CHARLIE", "amount": 20, "priority": 0, "deadline": 0},
        {"day": 0, "tick": 5, "sender": "ALFA", "receiver": "CHARLIE", "amount": 40},
        {"day": 0, "tick": 2, "sender": "ALFA", "receiver": "BRAVO", "amount": 50, "deadline": 4, "divisible": True},
    ]
    simulation = Simulation(recorded(write_rows(rows, 6)))
    simulation.run_to_completion()
    assert payments_by_tick(simulation) == [
        (0, "BRAVO", "CHARLIE", 20, 1, 0),
        (2, "BRAVO", "ALFA", 10, 3, 5),
        (2, "ALFA", "BRAVO", 30, 5, 9),
        (2, "ALFA", "BRAVO", 50, 4, 5),
        (5, "ALFA", "CHARLIE", 40, 6, 5),
    ]
    assert dates_of(simulation) == [(0, "2025-01-30")]


def test_recorded_payment_is_divisible_as_recorded():
    rows = [
        {"day": 0, "tick": 0, "sender": "ALFA", "receiver": "BRAVO", "amount": 50, "divisible": divisible}
        for divisible in (True, False)
    ]
    simulation = Simulation(recorded(write_rows(rows, 6)))
    simulation.open_tick()
    assert [row["divisible"] for row in simulation.inspect()["payments"].values()] == [True, False]
    arrived = arrived_payments(recorded(write_rows(rows, 6)), 1)
    assert arrived.is_divisible.tolist() == [True, True]  # as far as the event log tells


def test_recorded_run_of_several_days_plays_consecutive_ones():
    starts = set()
    for seed in range(40):
        simulation = Simulation(recorded(days=3), seed=seed)
        simulation.run_to_completion()
        dates = [FIRST_DAY + timedelta(days=number) for number in range(5)]
        first = dates.index(next(day for day in dates if day.isoformat() == dates_of(simulation)[0][1]))
        assert dates_of(simulation) == [(6 * day, dates[first + day].isoformat()) for day in range(3)]
        starts.add(first)
    assert starts == {0, 1, 2}


@pytest.mark.parametrize(("way", "times"), [(WAYS[1], (0, 6)), (WAYS[2], range(12)), (WAYS[3], (0, 4, 6, 10))])
def test_recorded_days_and_blocks_are_drawn_where_they_begin(way, times):
    simulation = Simulation(recorded(days=2, recorded=way), seed=5)
    simulation.run_to_completion()
    assert [tick for tick, _ in dates_of(simulation)] == list(times)


def test_recorded_block_has_the_payments_of_its_day_and_ticks():
    config = recorded(days=2, recorded=BLOCKS)
    simulation = Simulation(config, seed=5)
    simulation.run_to_completion()
    by_day = {}
    for number, day in enumerate(recorded_days(config).days):
        of_day = Simulation(recorded(select=[day]), seed=1)
        of_day.run_to_completion()
        assert dates_of(of_day) == [(0, (FIRST_DAY + timedelta(days=number)).isoformat())]
        by_day[day.isoformat()] = [payment[:4] for payment in payments_by_tick(of_day)]
    chosen, expected = dict(dates_of(simulation)), []
    for tick in range(12):
        day = chosen[tick - tick % 2]
        expected += [(tick, *payment[1:]) for payment in by_day[day] if payment[0] == tick % 6]
    assert [payment[:4] for payment in payments_by_tick(simulation)] == expected


def test_recorded_day_is_drawn_uniformly_by_the_seed():
    chosen = Counter()
    for seed in range(500):
        simulation = Simulation(recorded(), seed=seed)
        simulation.open_tick()
        simulation.tick()
        chosen.update(date for _, date in dates_of(simulation))
    assert len(chosen) == 5
    assert all(70 <= times <= 130 for times in chosen.values())


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_recorded_parts_never_mix(part):
    config = recorded(select=part, recorded=BLOCKS)
    allowed = {
        recorded_days(config).days[day].isoformat() for day in config.arrivals.recorded.selected(recorded_days(config))
    }
    seen = set()
    for seed in range(20):
        simulation = Simulation(config, seed=seed)
        simulation.run_to_completion()
        seen |= {date for _, date in dates_of(simulation)}
    assert seen == allowed


def test_recorded_payments_resume_in_the_middle_of_a_tick_when_rows_are_doubled():
    rows = [
        {"day": 0, "tick": tick, "sender": "ALFA", "receiver": "BRAVO", "amount": 1 + number, "deadline": 5}
        for tick in (1, 3)
        for number in range(100)
    ]
    config = recorded(write_rows(rows, 6))
    simulation = Simulation(config, external="hold")
    simulation.run_to_completion()
    assert [payment[3] for payment in payments_by_tick(simulation)] == [*range(1, 101)] * 2
    vec = make_vec(config, 2, autoreset="disabled")
    vec.reset(seed=1)
    for _ in range(6):
        vec.step(np.zeros(vec.actions.shape, np.int64))
    assert vec.columns().arrived_count.ravel().tolist() == [200, 200]
