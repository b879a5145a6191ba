"""Run a record again and prove that every event is the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simcash_env.records.inputs import Inputs
from simcash_env.records.reading import Record
from simcash_env.schema.arrays import I64, LOG_WORDS
from simcash_env.simulation.event_log import Events


@dataclass(frozen=True)
class Replay:
    """What a replay found.

    Attributes:
        is_equal: True if every event, and the state at the end, is the same.
        ticks: that were run again.
        num_events: that were compared.
        difference: the first thing that differs, in words; empty where nothing does.
        has_other_kernels: True if the record was written with other kernel sources or compilers than are used here.
    """

    is_equal: bool
    ticks: int
    num_events: int
    difference: str
    has_other_kernels: bool


def replay(record: Record, *, progress: Callable[[int], None] | None = None) -> Replay:
    """Run a record's scenario again, with its seed and its inputs, and compare event for event.

    Args:
        record: an open one.
        progress: called with the number of ticks run so far.

    Raises:
        RecordError: the record is damaged, or this version cannot run it.
    """
    from simcash_env.kernels._numba.jit import source_digest

    facts, simulation = record.facts, record.facts.simulation()
    inputs, recorded = Inputs(record.inputs()), _Recorded(record)
    seen, difference = 0, ""
    while simulation.current_tick < facts.ticks and not difference:
        result = inputs.tick(simulation)
        difference = recorded.compare(result.events, seen)
        seen += len(result.events)
        if progress is not None:
            progress(simulation.current_tick - facts.first_tick)
    difference = difference or recorded.rest(seen)
    if not difference and facts.digest and facts.digest != simulation.digest():
        difference = f"the state after tick {facts.ticks - 1} differs though every event is equal"
    other = facts.kernels != source_digest()
    return Replay(not difference, simulation.current_tick - facts.first_tick, seen, difference, other)


class _Recorded:
    """The recorded events, taken piece by piece."""

    def __init__(self, record: Record) -> None:
        self._chunks = record.chunks()
        self._held = np.zeros((0, LOG_WORDS), np.int64)

    def take(self, count: int) -> I64:
        """The next rows, at most this number."""
        while len(self._held) < count:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            self._held = np.concatenate([self._held, chunk])
        taken, self._held = self._held[:count], self._held[count:]
        return taken

    def compare(self, replayed: Events, first: int) -> str:
        """The first difference to what happened now, in words."""
        then, now = self.take(len(replayed)), replayed.rows
        if np.array_equal(then, now):
            return ""
        common = min(len(then), len(now))
        at = next(iter(np.flatnonzero((then[:common] != now[:common]).any(axis=1)).tolist()), common)
        before, after = _event_at(replayed.with_rows(then), at), _event_at(replayed, at)
        if before == after:
            before, after = str(then[at].tolist()), str(now[at].tolist())
        return f"event {first + at}: recorded {before}, replayed {after}"

    def rest(self, seen: int) -> str:
        """What was recorded past the end of the replay."""
        left = len(self.take(1))
        return f"event {seen} was recorded, and the replay is over" if left else ""


def _event_at(events: Events, at: int) -> str:
    """An event in words, or as its row where it names a bank or a tree that this run does not have."""
    if at == len(events):
        return "nothing"
    try:
        return str(events[at])
    except (LookupError, ValueError):
        return str(events.rows[at].tolist())
