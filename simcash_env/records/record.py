"""What a reader of a recorded run provides, whatever kind of file it reads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from simcash_env.records.facts import RunFacts
from simcash_env.records.inputs import Input
from simcash_env.schema.arrays import I64
from simcash_env.simulation.run_tables import RunTables


class Record(Protocol):
    """One recorded run."""

    path: Path
    facts: RunFacts

    def inputs(self) -> Iterator[Input]:
        """What came into the run from outside, in order."""

    def chunks(self) -> Iterator[I64]:
        """The event log in (events, 8) pieces, in order."""

    def samples(self) -> Iterator[tuple[int, I64]] | None:
        """First tick and (ticks, columns, banks) figures of the banks; None where the record has none."""

    def tables(self) -> RunTables:
        """The run as Arrow tables, the same as ``Simulation.tables``."""

    def close(self) -> None:
        """Close the file."""
