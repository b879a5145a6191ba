"""Opening what was recorded, whatever kind of file it is in."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from simcash_env.errors import RecordError, reason_of
from simcash_env.records.database import DatabaseRecord
from simcash_env.records.parquet import ParquetRecord
from simcash_env.records.record import Record

__all__ = ["Record", "open_record"]

PARQUET_MARK: Final = b"PAR1"
DUCKDB_MARK: Final = b"DUCK"
DUCKDB_MARK_AT: Final = 8


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
        if run is not None:
            message = f"{path}: a Parquet file holds one run; only a DuckDB file has runs by number"
            raise RecordError(message)
        return ParquetRecord(path)
    if head[DUCKDB_MARK_AT:] == DUCKDB_MARK:
        return DatabaseRecord(path, run)
    message = f"{path}: neither a Parquet nor a DuckDB file"
    raise RecordError(message)
