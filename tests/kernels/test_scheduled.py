"""Scheduled events: their order, and the room that they take."""

from simcash_env.simulation import Simulation
from tests.both import Both, named
from tests.worlds import quiet


def test_scheduled_events_run_in_file_order_whether_they_repeat_or_not() -> None:
    """Also where the rows for payments run out in the middle of a tick."""
    ticks = [3, 1, 0, 3, 1, 3, 2, 0, 1, 3]
    every = [None, 1, 3, None, None, 2, 1, None, 2, None]
    payment = {"type": "payment", "from_bank": "A", "to_bank": "B", "amount": 1, "deadline": 2}
    events = [{**payment, "tick": tick, "every": gap} for tick, gap in zip(ticks, every, strict=True)] * 3
    run = Both({"A": {}, "B": {}}, events=events)
    for tick in range(6):
        due = [
            number
            for number, event in enumerate(events)
            if event["tick"] == tick
            or (event["every"] and tick > event["tick"] and (tick - event["tick"]) % event["every"] == 0)
        ]
        ran = [event.details["event_number"] for event in named(run.tick(), "ScenarioEventExecuted")]
        assert ran == due


def test_scheduled_events_take_no_payment_rows_before_they_are_due() -> None:
    payment = {"type": "payment", "from_bank": "ALFA", "to_bank": "BRAVO", "amount": 1, "deadline": 2}
    many = Simulation(quiet(events=[{**payment, "tick": tick % 30} for tick in range(3_000)]))
    assert many._engine.state.pay_id.size == Simulation(quiet())._engine.state.pay_id.size
    assert many.run_to_completion().arrived >= 3_000
