"""A submitted payment: at the end of its sender's Queue 1, and room is made where there is none."""

from tests.both import EXTERNAL, Both, named


def test_submission_joins_the_end_of_queue_1() -> None:
    payment = {"type": "payment", "tick": 1, "from_bank": "A", "to_bank": "B", "amount": 3, "deadline": 4}
    run = Both({"A": {"policy": EXTERNAL}, "B": {}}, events=[payment])
    first = run.submit("AB", 9)
    run.run(2)
    last = run.submit("AB", 1)
    assert run.simulation.queue1("A") == [first, "tx_00000002", last]


def test_submission_tells_deadline_and_priority() -> None:
    run = Both({"A": {"policy": EXTERNAL}, "B": {}})
    run.submit("AB", 9, 4, priority=7)
    (event,) = named(run.tick(), "Arrival")
    assert (event.amount, event.details) == (9, {"deadline_tick": 4, "priority": 7})


def test_submission_finds_room_when_every_row_is_taken() -> None:
    run = Both({"A": {"policy": EXTERNAL}, "B": {}})
    rows = run.simulation._engine.state.pay_id.size
    names = [run.submit("AB", cents) for cents in range(1, rows + 2)]
    run.tick()
    assert run.simulation.queue1("A") == names
    assert run.simulation._engine.state.pay_id.size > rows
