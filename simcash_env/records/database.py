"""Runs in a DuckDB file: events, balances, daily figures, and views for common queries."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from simcash_env.errors import RecordError, WriteError
from simcash_env.files import is_open_elsewhere
from simcash_env.records.columns import BANK_TICKS, CHUNK_ROWS, FORMAT
from simcash_env.records.drawing import tables_of
from simcash_env.records.facts import RunFacts
from simcash_env.records.inputs import Input
from simcash_env.records.recorder import Chunk
from simcash_env.records.schema import EVENTS, Decoder, Encoder
from simcash_env.records.tables import TABLES, VIEWS
from simcash_env.schema.arrays import I64
from simcash_env.simulation.run_tables import RunTables

SETTINGS: Final[dict[str, str | int | float | list[str]]] = {
    "memory_limit": "512MB",
    "threads": 1,
    "autoinstall_known_extensions": False,
}
"""Memory limit of DuckDB; it spills the rest to a file next to the database."""

TICKS_AT_A_TIME: Final = 256


class DatabaseSink:
    """Adds a run to a DuckDB file, a chunk a transaction: what was committed survives whatever comes.

    Args:
        path: the file; made where there is none, else it must hold records.
        facts: of the run about to be recorded.

    Raises:
        RecordError: the file is something else; it is left as it is.
        WriteError: it cannot be written; every method can raise this.

    Attributes:
        run: number of the run in the file.
    """

    def __init__(self, path: Path, facts: RunFacts) -> None:
        self.path = path
        self._encoder = Encoder(facts.bank_ids, facts.ticks_per_day)
        self._is_new = not path.exists()
        self._connection = _connect(path, read_only=False)
        try:
            if self._is_new:
                self._make_tables()
            require_records(self._connection, path)
            self._make_views()
            self.run = self._add_run(facts)
        except duckdb.Error as error:
            self._connection.close()
            raise WriteError.of(path, error) from error
        except RecordError:
            self._connection.close()
            raise

    def _make_tables(self) -> None:
        self._connection.begin()
        for name, columns in TABLES.items():
            self._connection.execute(f"CREATE TABLE {name} ({columns})")
        self._connection.execute("INSERT INTO record_format VALUES (?)", [FORMAT])
        self._connection.commit()

    def _make_views(self) -> None:
        """Write the views as this version defines them, also into a file of an older one."""
        self._connection.begin()
        for name, query in VIEWS.items():
            self._connection.execute(f"CREATE OR REPLACE VIEW {name} AS {query}")
        self._connection.commit()

    def _add_run(self, facts: RunFacts) -> int:
        self._connection.begin()
        (last,) = _one(self._connection.execute("SELECT coalesce(max(run), 0) FROM runs"))
        run, name = int(last) + 1, facts.scenario["name"]
        row = [run, name, facts.seed, facts.ticks_per_day, facts.ticks, facts.status, facts.version, facts.to_json()]
        self._connection.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._connection.commit()
        return run

    def write(self, chunk: Chunk, facts: RunFacts) -> None:
        """Add a chunk and what the run has come to, in one transaction."""
        encoder, samples = self._encoder, chunk.samples
        try:
            self._connection.begin()
            for at in range(0, len(chunk.rows), CHUNK_ROWS):
                rows = chunk.rows[at : at + CHUNK_ROWS]
                self._insert("events", encoder.events(rows, chunk.first_event + at, chunk.names))
            if len(samples):
                self._insert("bank_ticks", encoder.bank_ticks(chunk.first_tick, samples))
            if chunk.days:
                self._insert("bank_days", encoder.bank_days(chunk.days))
            if chunk.inputs:
                columns = zip(*chunk.inputs, strict=True)
                self._insert("inputs", pa.table(dict(zip(Input._fields, map(list, columns), strict=True))))
            self._connection.execute("UPDATE runs SET ticks = ? WHERE run = ?", [facts.ticks, self.run])
            self._connection.commit()
        except duckdb.Error as error:
            raise WriteError.of(self.path, error) from error

    def _insert(self, table: str, rows: pa.Table) -> None:
        self._connection.from_arrow(rows).project(f"{self.run} AS run, *").insert_into(table)

    def finish(self, facts: RunFacts) -> None:
        """Write down how the run ended, and close the file."""
        try:
            row = [facts.ticks, facts.status, facts.to_json(), self.run]
            self._connection.execute("UPDATE runs SET ticks = ?, status = ?, facts = ? WHERE run = ?", row)
            self._connection.execute("CHECKPOINT")
            self._connection.close()
        except duckdb.Error as error:
            self._close_quietly()
            raise WriteError.of(self.path, error) from error

    def abandon(self, facts: RunFacts) -> None:
        """Leave the run as it was last committed; it says ``running``, as that of a killed writer does."""
        del facts
        self._close_quietly()

    def _close_quietly(self) -> None:
        with contextlib.suppress(duckdb.Error):  # what was committed is in the file or its log
            self._connection.close()


class DatabaseRecord:
    """One run of a DuckDB file.

    Args:
        path: the file.
        run: its number; the last one by default.

    Raises:
        RecordError: no record, no such run, or damaged; every method can raise this.
    """

    def __init__(self, path: Path, run: int | None = None) -> None:
        self.path = path
        self.connection = _connect(path, read_only=True)
        try:
            require_records(self.connection, path)
            self.run, self.facts = _find_run(self.connection, path, run)
        except RecordError:
            self.connection.close()
            raise
        except duckdb.Error as error:
            self.connection.close()
            raise _damaged(path, error) from error

    def inputs(self) -> Iterator[Input]:
        """What came into the run from outside, in order."""
        query = "SELECT seq, tick, kind, content FROM inputs WHERE run = ? ORDER BY seq"
        try:
            yield from [Input(*row) for row in self.connection.execute(query, [self.run]).fetchall()]
        except duckdb.Error as error:
            raise _damaged(self.path, error) from error

    def chunks(self) -> Iterator[I64]:
        """The event log in (events, 8) pieces."""
        decoder = Decoder(self.facts.bank_ids)
        names = ", ".join(EVENTS.names)
        query = "SELECT * FROM events WHERE run = ? AND seq >= ? AND seq < ? ORDER BY seq"
        try:
            (total,) = _one(self.connection.execute("SELECT count(*) FROM events WHERE run = ?", [self.run]))
            for first in range(0, int(total), CHUNK_ROWS):
                found = self.connection.sql(query, params=[self.run, first, first + CHUNK_ROWS])
                yield decoder.rows(found.project(names).to_arrow_table())
        except duckdb.Error as error:
            raise _damaged(self.path, error) from error
        except RecordError as error:
            message = f"{self.path}: {error}"
            raise RecordError(message) from error

    def samples(self) -> Iterator[tuple[int, I64]]:
        """First tick and (ticks, columns, banks) figures of the banks.

        Raises:
            RecordError: they cannot be read.
        """
        facts = self.facts
        columns = ", ".join(BANK_TICKS)
        query = "SELECT * FROM bank_ticks WHERE run = ? AND tick >= ? AND tick < ? ORDER BY tick, bank"
        try:
            for first in range(facts.first_tick, facts.ticks, TICKS_AT_A_TIME):
                read = self.connection.sql(query, params=[self.run, first, first + TICKS_AT_A_TIME])
                found = read.project(columns).fetchnumpy()
                figures = np.stack([np.asarray(found[name], np.int64) for name in BANK_TICKS])
                yield first, figures.reshape(len(BANK_TICKS), -1, len(facts.bank_ids)).transpose(1, 0, 2)
        except (duckdb.Error, ValueError) as error:
            message = f"{self.path}: its table bank_ticks cannot be read, it may be damaged: {error}"
            raise RecordError(message) from error

    def tables(self) -> RunTables:
        """The run as Arrow tables; see ``drawing.tables_of``."""
        return tables_of(self)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def require_records(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Refuse a database that holds something else.

    Raises:
        RecordError: it has not our tables, or those of another format.
    """
    query = "SELECT count(*) FROM duckdb_tables() WHERE list_contains(?, table_name)"
    (known,) = _one(connection.execute(query, [list(TABLES)]))
    if known != len(TABLES):
        message = f"{path}: a DuckDB file, but no record of runs"
        raise RecordError(message)
    (found,) = _one(connection.execute("SELECT max(format) FROM record_format"))
    if found != FORMAT:
        message = f"{path}: a record of format {found}; this version knows {FORMAT}"
        raise RecordError(message)


def _find_run(connection: duckdb.DuckDBPyConnection, path: Path, run: int | None) -> tuple[int, RunFacts]:
    """A run by its number, or the last one."""
    query = "SELECT run, facts, ticks, status FROM runs WHERE run = coalesce(?, (SELECT max(run) FROM runs))"
    rows = connection.execute(query, [run]).fetchall()
    if not rows:
        (last,) = _one(connection.execute("SELECT coalesce(max(run), 0) FROM runs"))
        found = f"no run {run}; there are {last}" if run is not None else "no run has been recorded yet"
        message = f"{path}: {found}"
        raise RecordError(message)
    number, text, ticks, status = rows[0]
    try:
        facts = RunFacts.from_json(text)
    except RecordError as error:
        message = f"{path}: {error}"
        raise RecordError(message) from error
    if status == facts.status == "running":  # its facts were written when it began
        (events,) = _one(connection.execute("SELECT count(*) FROM events WHERE run = ?", [number]))
        facts = facts.after(ticks=int(ticks), num_events=int(events))
    return int(number), facts


def _connect(path: Path, *, read_only: bool) -> duckdb.DuckDBPyConnection:
    """Open the file of this name, also where DuckDB takes the name for something else: ``:memory:``, ``md:x``."""
    try:
        if path.exists() and path.stat().st_size == 0:  # DuckDB would take an empty file over
            message = f"{path}: an empty file, no record of runs"
            raise RecordError(message)
        connection = duckdb.connect(str(path.absolute()), read_only=read_only, config=dict(SETTINGS))
        connection.execute("SET enable_progress_bar = false")  # it would be drawn on stdout, into the data
    except (duckdb.Error, OSError) as error:
        if isinstance(error, duckdb.IOException) and is_open_elsewhere(path, read_only=read_only):
            message = f"{path}: another process has it open"
        else:
            message = f"{path}: cannot be opened: {str(error).splitlines()[0]}"
        raise RecordError(message) from error
    else:
        return connection


def _one(result: Any) -> tuple[Any, ...]:
    """The only row of a result."""
    row: tuple[Any, ...] = result.fetchall()[0]
    return row


def _damaged(path: Path, error: duckdb.Error) -> RecordError:
    return RecordError(f"{path}: cannot be read, it may be damaged: {str(error).splitlines()[0]}")
