"""Offsets at entry: which waiting payments meet one that cannot be funded."""

import pytest

from tests.both import Both, named, penniless
from tests.drawing import Row

ENTRY: Row = {"lsm": {"algorithms": []}, "switches": {"entry_disposition_offsetting": True}}


def test_entry_disposition_meets_what_joined_the_queue_in_the_same_tick() -> None:
    """B's payments, which joined the queue a moment before, are what C's and A's are offset against."""
    run = Both(penniless("ABC"), **ENTRY)
    waiting = [run.submit("BC", cents) for cents in (10, 10)]
    run.tick()
    waiting += [run.submit("BC", cents) for cents in (10, 70)]
    offset = [run.submit("CB", cents) for cents in (20, 10, 60)]
    result = run.tick()
    settled = [event.tx for event in named(result, "LsmPaymentSettled")]
    assert settled == [offset[0], waiting[0], waiting[1], offset[1], waiting[2]]
    assert run.waiting() == ["BC", "CB"]


@pytest.mark.parametrize(("credit", "settled"), [(0, 0), (4, 0), (5, 6), (1_000, 6)])
def test_entry_disposition_shortest_prefix_decides(credit: int, settled: int) -> None:
    """Five payments of 9 let the sender of 40 fund its net; longer prefixes ask more of the receiver, never less."""
    run = Both({"A": {}, "B": {"credit_limit": credit if credit < 9 else 5}}, **ENTRY)
    for _ in range(12):
        run.submit("BA", 9)
    run.tick()
    run.submit("AB", 40)
    assert run.tick().num_lsm_releases == settled


def test_entry_disposition_after_a_list_has_been_used_up() -> None:
    run = Both(penniless("AB"), **ENTRY)
    first = [run.submit("AB", 5), run.submit("BA", 5)]
    second = [run.submit("AB", 7), run.submit("AB", 3), run.submit("BA", 10)]
    result = run.tick()
    assert len(named(result, "EntryDispositionOffset")) == 2
    assert {event.tx for event in named(result, "LsmPaymentSettled")} == {*first, *second}
