"""One meaning of a deadline everywhere: an absolute tick, or ticks from the arrival, by name; one default."""

import json
from pathlib import Path
from typing import Any

import pytest

from simcash_env.config import load_scenario
from simcash_env.errors import SimulationError
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.simulation import Simulation
from tests.config.worlds import faults
from tests.oracle.engine import Oracle
from tests.records.worlds import sinks_for


def rows(*events: dict[str, Any], ticks: int = 20, days: int = 2, **parts: Any) -> dict[str, Any]:
    payment = {"type": "payment", "tick": 3, "from_bank": "A", "to_bank": "B", "amount": 5}
    return {
        "format": 1,
        "name": "due",
        "simulation": {"ticks_per_day": ticks, "num_days": days},
        "banks": [{"id": "A", "policy": {"type": "external"}}, {"id": "B"}],
        "events": [{**payment, **event} for event in events],
        **parts,
    }


def due_of_event(**event: Any) -> list[int]:
    """Deadlines of what has arrived after four ticks, on the engine and the oracle."""
    config = load_scenario(rows(event))
    simulation, oracle = Simulation(config, external="hold"), Oracle(config, external="hold")
    for _ in range(4):
        simulation.tick({})
        oracle.tick()
    found = [simulation.transaction(tx).deadline_tick for tx in simulation.queue1("A")]
    assert [payment.deadline_tick for payment in oracle.world.banks["A"].queue1] == found
    return found


def due_of_submission(tick: int = 3, ticks: int = 20, **deadline: Any) -> int:
    config = load_scenario(rows(ticks=ticks))
    simulation, oracle = Simulation(config, external="hold"), Oracle(config, external="hold")
    for _ in range(tick):
        simulation.tick({})
        oracle.tick()
    due = simulation.transaction(simulation.submit_transaction("A", "B", 5, **deadline)).deadline_tick
    oracle.submit("A", "B", 5, **deadline)
    assert oracle.world.banks["A"].queue1[-1].deadline_tick == due
    return due


def test_deadlines_mean_the_same_in_events_and_submissions() -> None:
    """They were ticks from arrival in events and absolute in submissions, under one name."""
    assert due_of_event(deadline_in=6) == due_of_event(deadline_tick=9) == due_of_event(deadline=6) == [9]
    assert due_of_submission(deadline_in=6) == due_of_submission(deadline_tick=9) == due_of_submission(deadline=9) == 9


@pytest.mark.parametrize(("ticks", "left"), [(20, 5), (59, 5), (60, 6), (144, 14)])
def test_deadlines_default_is_a_tenth_of_a_day_and_at_least_five_ticks(ticks: int, left: int) -> None:
    simulation = Simulation(rows({}, ticks=ticks))
    for _ in range(3):
        simulation.tick({})
    simulation.open_tick()
    (tx,) = simulation.queue1("A")
    assert simulation.transaction(tx).deadline_tick == due_of_submission(ticks=ticks) == 3 + left


def test_deadlines_ticks_from_arrival_and_the_default_are_cut_at_the_end_of_the_run() -> None:
    assert due_of_submission(tick=38) == due_of_submission(tick=38, deadline_in=10**9) == 40
    assert due_of_submission(tick=0, deadline_tick=40) == 40


def test_every_deadline_is_cut_at_the_end_of_the_day_where_that_is_on() -> None:
    config = load_scenario(rows(switches={"deadline_cap_at_eod": True}))
    for deadline in ({}, {"deadline_in": 30}, {"deadline_tick": 30}):
        simulation, oracle = Simulation(config, external="hold"), Oracle(config, external="hold")
        for _ in range(17):
            simulation.tick({})
            oracle.tick()
        assert simulation.transaction(simulation.submit_transaction("A", "B", 5, **deadline)).deadline_tick == 19
        oracle.submit("A", "B", 5, **deadline)
        assert oracle.world.banks["A"].queue1[-1].deadline_tick == 19


@pytest.mark.parametrize(
    ("deadline", "message"),
    [
        ({"deadline_tick": 9, "deadline_in": 6}, "deadline_in: give either deadline_tick or deadline_in"),
        ({"deadline": 9, "deadline_tick": 9}, "deadline_tick: give either deadline or deadline_tick"),
        ({"deadline": 9, "deadline_in": 6}, "deadline_in: give either deadline or deadline_in"),
        ({"deadline_tick": 3}, "deadline_tick: must be a tick from 4 to 40, got 3"),
        ({"deadline_tick": 41}, "deadline_tick: must be a tick from 4 to 40, got 41"),
        ({"deadline": 41}, "deadline: must be a tick from 4 to 40, got 41"),
        ({"deadline_in": 0}, "deadline_in: must be a whole number of ticks from 1, got 0"),
        ({"deadline_in": 1.5}, "deadline_in: must be a whole number of ticks from 1, got 1.5"),
        ({"deadline_in": True}, "deadline_in: must be a whole number of ticks from 1, got True"),
    ],
)
def test_deadlines_submission_with_a_wrong_deadline_is_refused(deadline: dict[str, Any], message: str) -> None:
    with pytest.raises(SimulationError) as caught:
        due_of_submission(**deadline)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("event", "path", "rule"),
    [
        ({"deadline_tick": 9, "deadline_in": 6}, "deadline_in", "give either deadline_tick or deadline_in"),
        ({"deadline": 6, "deadline_in": 6}, "deadline", "give either deadline_in or deadline"),
        ({"deadline": 6, "deadline_tick": 9}, "deadline", "give either deadline_tick or deadline"),
        ({"deadline_tick": 3}, "deadline_tick", "must be after tick (3)"),
        ({"deadline_tick": 41}, "deadline_tick", "must be at most 40, the end of the run"),
        ({"deadline_tick": 9, "every": 2}, "deadline_tick", "a payment that repeats needs deadline_in"),
        ({"deadline_in": 0}, "deadline_in", "must be at least 1"),
        ({"deadline_tock": 9}, "deadline_tock", "unknown key. Did you mean deadline_tick?"),
    ],
)
def test_deadlines_event_with_a_wrong_deadline_is_refused(event: dict[str, Any], path: str, rule: str) -> None:
    (fault,) = faults(rows(event))
    assert (fault.path, fault.rule) == (f"events.0.{path}", rule)


@pytest.mark.parametrize("deadline", [{}, {"deadline": 6}, {"deadline_in": 6}, {"deadline_tick": 9}])
def test_deadlines_event_written_out_reads_back_the_same(deadline: dict[str, Any]) -> None:
    config = load_scenario(rows(deadline))
    assert load_scenario(config.model_dump()) == config
    assert load_scenario(json.loads(config.model_dump_json())) == config
    assert Simulation(json.loads(config.model_dump_json())).digest() == Simulation(config).digest()


def test_deadlines_payment_that_repeats_has_its_ticks_from_each_arrival() -> None:
    assert due_of_event(tick=1, every=2, deadline_in=4) == [5, 7]


def test_deadlines_recorded_run_with_every_kind_of_deadline_replays_to_the_same_events(tmp_path: Path) -> None:
    simulation = Simulation(rows())
    with Recorder(simulation, sinks_for(tmp_path, simulation)) as recorder:
        for deadline in ({}, {"deadline_in": 6}, {"deadline_tick": 9}, {"deadline": 9}):
            recorder.submit_transaction("A", "B", 5, **deadline)
        due = [simulation.transaction(tx).deadline_tick for tx in simulation.queue1("A")]
        while not simulation.is_over:
            recorder.tick({})
    assert due == [5, 6, 9, 9]
    assert replay(open_record(tmp_path / "run.parquet")).is_equal
