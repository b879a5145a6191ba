"""From a record to the picture of its run, and to its tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from simcash_env.errors import RecordError
from simcash_env.records.columns import BANK_TICKS
from simcash_env.records.inputs import Inputs
from simcash_env.records.picture import Picture
from simcash_env.records.record import Record
from simcash_env.schema.arrays import I64
from simcash_env.simulation.event_log import Events
from simcash_env.simulation.run_tables import RunTables, run_tables


def picture_of(record: Record, progress: Callable[[int], None] | None = None) -> Picture:
    """What the plots show: events from the record, balances and queues from it too or, where it has none, run again.

    Raises:
        RecordError: it is damaged; or it has events alone and its run does not repeat here.
    """
    picture = Picture(record.facts)
    num_events = 0
    for rows in record.chunks():
        picture.add_events(rows)
        num_events += len(rows)
    for first, samples in samples_of(record, num_events, progress):
        picture.add_samples(first, samples)
    return picture


def tables_of(record: Record, progress: Callable[[int], None] | None = None) -> RunTables:
    """The recorded run as Arrow tables, the same as ``Simulation.tables``.

    Raises:
        RecordError: it is damaged, begins in the middle of a run, or has events alone and its run does not repeat here.
    """
    facts = record.facts
    if facts.first_tick:
        message = f"{record.path}: begins at tick {facts.first_tick}; tables need a record from the first tick on"
        raise RecordError(message)
    events = Events.joined(list(record.chunks()), facts.bank_ids)
    shape = (-1, len(BANK_TICKS), len(facts.bank_ids))
    parts = [samples for _, samples in samples_of(record, len(events), progress)]
    samples = np.concatenate([np.zeros((0, *shape[1:]), np.int64), *parts])
    return run_tables(events, samples, facts.bank_ids, facts.hours, is_timed=facts.clock is not None)


def samples_of(
    record: Record, num_events: int, progress: Callable[[int], None] | None = None
) -> Iterator[tuple[int, I64]]:
    """Yield first tick and (ticks, columns, banks) figures of the banks: recorded, or from a repetition of the run.

    Raises:
        RecordError: it is damaged; or it has events alone and its run does not repeat here.
    """
    samples = record.samples()
    yield from _run_again(record, num_events, progress) if samples is None else samples


def _run_again(record: Record, num_events: int, progress: Callable[[int], None] | None) -> Iterator[tuple[int, I64]]:
    facts, inputs = record.facts, Inputs(record.inputs())
    simulation, replayed = facts.simulation(), 0
    while simulation.current_tick < facts.ticks:
        tick = simulation.current_tick
        replayed += len(inputs.tick(simulation).events)
        yield tick, simulation.sample(BANK_TICKS)[None]
        if progress is not None:
            progress(simulation.current_tick - facts.first_tick)
    if replayed != num_events or (facts.digest and facts.digest != simulation.digest()):
        message = f"{record.path}: holds events alone, and its run does not repeat here; see simcash replay"
        raise RecordError(message)
