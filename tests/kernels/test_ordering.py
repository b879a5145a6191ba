"""Priorities that rise are told in the order of the queues, wherever in memory their payments lie."""

from typing import Any

from tests.both import EXTERNAL, Both, named

RISING = {"start_ticks": 6, "max_boost": 6}


def rises(result: Any) -> list[str | None]:
    """Whose priority rose, in the order of the events."""
    return [event.tx for event in named(result, "PriorityEscalated")]


def test_ordering_queue_1_comes_bank_by_bank_and_then_queue_2() -> None:
    run = Both(
        {"A": {"policy": EXTERNAL}, "B": {"policy": EXTERNAL}, "C": {"policy": {"type": "fifo"}}},
        priority_escalation=RISING,
    )
    central = run.submit("CA", 5)
    run.tick()
    second, first = run.submit("BA", 5), run.submit("AB", 5)
    run.tick()
    assert rises(run.tick()) == [first, second, central]


def test_ordering_queue_is_told_in_its_own_order() -> None:
    """The urgent one was handed in last and stands first."""
    run = Both(
        {"A": {"policy": EXTERNAL}, "B": {}},
        priority_escalation=RISING,
        switches={"queue1_ordering": "priority_deadline"},
    )
    calm, urgent = run.submit("AB", 5, priority=1), run.submit("AB", 5, priority=3)
    run.tick()
    assert rises(run.tick()) == [urgent, calm]
