"""From a record to the picture of its run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import duckdb
import numpy as np

from simcash_env.errors import RecordError
from simcash_env.records.columns import BANK_TICKS
from simcash_env.records.database import DatabaseRecord
from simcash_env.records.inputs import Inputs
from simcash_env.records.picture import Picture
from simcash_env.records.reading import Record

TICKS_AT_A_TIME: Final = 256


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
    if isinstance(record, DatabaseRecord):
        _add_recorded(picture, record)
    else:
        _add_run_again(picture, record, num_events, progress)
    return picture


def _add_recorded(picture: Picture, record: DatabaseRecord) -> None:
    facts = record.facts
    query = (
        f"SELECT {', '.join(BANK_TICKS)} FROM bank_ticks WHERE run = ? AND tick >= ? AND tick < ? ORDER BY tick, bank"  # noqa: S608 - our names
    )
    try:
        for first in range(facts.first_tick, facts.ticks, TICKS_AT_A_TIME):
            found = record.connection.execute(query, [record.run, first, first + TICKS_AT_A_TIME]).fetchnumpy()
            columns = np.stack([np.asarray(found[name], np.int64) for name in BANK_TICKS])
            samples = columns.reshape(len(BANK_TICKS), -1, len(facts.bank_ids)).transpose(1, 0, 2)
            picture.add_samples(first, samples)
    except (duckdb.Error, ValueError) as error:
        message = f"{record.path}: its table bank_ticks cannot be read, it may be damaged: {error}"
        raise RecordError(message) from error


def _add_run_again(picture: Picture, record: Record, num_events: int, progress: Callable[[int], None] | None) -> None:
    facts, inputs = record.facts, Inputs(record.inputs())
    simulation, replayed = facts.simulation(), 0
    while simulation.current_tick < facts.ticks:
        tick = simulation.current_tick
        replayed += len(inputs.tick(simulation).events)
        picture.add_samples(tick, simulation.sample(BANK_TICKS)[None])
        if progress is not None:
            progress(simulation.current_tick - facts.first_tick)
    if replayed != num_events or (facts.digest and facts.digest != simulation.digest()):
        message = f"{record.path}: holds events alone, and its run does not repeat here; see simcash replay"
        raise RecordError(message)
