"""Opening what was recorded, whatever kind of file it is in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from simcash_env.errors import RecordError, reason_of
from simcash_env.records.facts import RunFacts
from simcash_env.records.inputs import Input
from simcash_env.schema.arrays import I64
from simcash_env.simulation.run_tables import RunTables

PARQUET_MARK: Final = b"PAR1"
DUCKDB_MARK: Final = b"DUCK"
DUCKDB_MARK_AT: Final = 8


class Record(Protocol):
    """One recorded run."""

    path: Path
    facts: RunFacts

    def inputs(self) -> Iterator[Input]:
        """What came into the run from outside, in order."""

    def chunks(self) -> Iterator[I64]:
        """The event log in (events, 8) pieces, in order."""

    def tables(self) -> RunTables:
        """The run as Arrow tables, the same as ``Simulation.tables``."""

    def close(self) -> None:
        """Close the file."""


def open_record(path: Path, run: int | None = None) -> Record:
    """Open a Parquet or DuckDB record, distinguished by its content.

    Args:
        path: the file.
        run: number of the run in a DuckDB file; the last one by default.

    Raises:
        RecordError: it cannot be read, is no record, or is damaged.
    """
    try:
        with path.open("rb") as file:
            head = file.read(DUCKDB_MARK_AT + len(DUCKDB_MARK))
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        message = f"{path}: cannot be read: {reason_of(error)}"
        raise RecordError(message) from error
    if head.startswith(PARQUET_MARK):
        from simcash_env.records.parquet import ParquetRecord

        if run is not None:
            message = f"{path}: a Parquet file holds one run; only a DuckDB file has runs by number"
            raise RecordError(message)
        return ParquetRecord(path)
    if head[DUCKDB_MARK_AT:] == DUCKDB_MARK:
        from simcash_env.records.database import DatabaseRecord

        return DatabaseRecord(path, run)
    message = f"{path}: neither a Parquet nor a DuckDB file"
    raise RecordError(message)
