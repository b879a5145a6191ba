"""The database of simulations: SQLite in WAL mode, one transaction per call, on disk before the response."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env.errors import ConfigError, Fault, SimulationError
from simcash_env.schema.arrays import I64, LOG_WORDS

APPLICATION_ID: Final = 0x53434153  # "SCAS": tells our files from other SQLite files
FORMAT: Final = 1

TABLES: Final = """
CREATE TABLE simulations (
    id TEXT PRIMARY KEY,
    created TEXT NOT NULL,
    origin TEXT NOT NULL,          -- JSON: scenario, seed, events, notices
    state BLOB NOT NULL            -- snapshot without the log of closed ticks
) STRICT;
CREATE TABLE calls (
    simulation TEXT NOT NULL REFERENCES simulations (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    inputs TEXT NOT NULL,          -- JSON: decisions and submitted payments
    reports TEXT NOT NULL,         -- JSON: a report a tick
    events BLOB NOT NULL,          -- zlib: rows of 8 int64, little-endian
    PRIMARY KEY (simulation, number)
) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True, eq=False)
class Change:
    """The additions of one call to a simulation."""

    inputs: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    events: list[I64]


@dataclass(frozen=True, eq=False)
class Kept:
    """A simulation as saved."""

    id: str
    created: str
    origin: dict[str, Any]
    inputs: list[dict[str, Any]]
    reports: list[dict[str, Any]]
    log: list[I64]
    state: bytes
    num_calls: int


class Store:
    """An open database, locked against other processes.

    Raises:
        ConfigError: the file cannot be opened, is none of ours, damaged, or in use; it is left as it is.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._path, self._process = path, os.getpid()
        try:
            # an absolute path, so that a file named :memory: is a file
            self._connection = sqlite3.connect(
                path.absolute(), check_same_thread=False, timeout=1.0, isolation_level=None
            )
            try:
                self._open()
            except BaseException:
                self._connection.close()
                raise
        except (sqlite3.Error, OSError) as error:
            raise self._refused(f"cannot be used: {error}") from error

    def _refused(self, rule: str) -> ConfigError:
        return ConfigError([Fault(None, None, "--db", repr(str(self._path)), rule)])

    def _open(self) -> None:
        ask = self._connection.execute
        ask("PRAGMA locking_mode = EXCLUSIVE")
        (application,) = ask("PRAGMA application_id").fetchone()
        (version,) = ask("PRAGMA user_version").fetchone()
        (tables,) = ask("SELECT count(*) FROM sqlite_master").fetchone()
        if tables and application != APPLICATION_ID:
            raise self._refused("is the database of another program")
        if tables and version != FORMAT:
            raise self._refused(f"has format {version}, this version reads format {FORMAT}")
        ask("PRAGMA journal_mode = WAL")
        ask("PRAGMA synchronous = FULL")
        ask("PRAGMA foreign_keys = ON")
        ask("BEGIN IMMEDIATE")
        if not tables:
            for statement in TABLES.strip().split(";\n"):
                ask(statement)
            ask(f"PRAGMA application_id = {APPLICATION_ID}")
            ask(f"PRAGMA user_version = {FORMAT}")
        ask("COMMIT")
        self.names()  # fails where the file is damaged

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Give one thread at a time the connection, in the process that opened it.

        Raises:
            SimulationError: the process was forked: SQLite connections, and the file's lock, do not survive that.
        """
        if self._process != os.getpid():
            opened = f"{self._path}: opened by process {self._process}, used by process {os.getpid()}"
            message = f"{opened}, which was forked from it; open the database after the fork"
            raise SimulationError(message)
        with self._lock:
            yield

    def _write(self, *statements: tuple[str, tuple[Any, ...]]) -> None:
        """Execute all statements in one transaction, on disk on return.

        Raises:
            SimulationError: the disk is full or broken; nothing has been written.
        """
        with self._alone():
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                for statement, values in statements:
                    self._connection.execute(statement, values)
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                message = f"the database cannot be written: {error}"
                raise SimulationError(message) from error

    def add(self, name: str, created: str, origin: dict[str, Any], state: bytes) -> None:
        """Save a new simulation."""
        row = (name, created, json.dumps(origin), state)
        self._write(("INSERT INTO simulations (id, created, origin, state) VALUES (?, ?, ?, ?)", row))

    def append(self, name: str, number: int, change: Change, state: bytes) -> None:
        """Save the changes of a call and the state after it."""
        events = zlib.compress(b"".join(np.ascontiguousarray(part, "<i8").tobytes() for part in change.events), 1)
        row = (name, number, json.dumps(change.inputs), json.dumps(change.reports), events)
        self._write(
            ("INSERT INTO calls (simulation, number, inputs, reports, events) VALUES (?, ?, ?, ?, ?)", row),
            ("UPDATE simulations SET state = ? WHERE id = ?", (state, name)),
        )

    def delete(self, name: str) -> None:
        """Delete a simulation."""
        self._write(("DELETE FROM simulations WHERE id = ?", (name,)))

    def names(self) -> list[str]:
        """Return the ids in order of creation."""
        with self._alone():
            found = self._connection.execute("SELECT id FROM simulations ORDER BY created, id").fetchall()
        return [name for (name,) in found]

    def load(self, name: str) -> Kept:
        """Load one simulation.

        Raises:
            ValueError: what stands there is damaged.
        """
        with self._alone():
            try:
                find = "SELECT created, origin, state FROM simulations WHERE id = ?"
                created, origin, state = self._connection.execute(find, (name,)).fetchone()
                calls = self._connection.execute(
                    "SELECT inputs, reports, events FROM calls WHERE simulation = ? ORDER BY number", (name,)
                ).fetchall()
            except sqlite3.Error as error:
                message = f"cannot be read: {error}"
                raise ValueError(message) from error
        try:
            return Kept(
                id=name,
                created=created,
                origin=json.loads(origin),
                inputs=[entry for inputs, _, _ in calls for entry in json.loads(inputs)],
                reports=[report for _, reports, _ in calls for report in json.loads(reports)],
                log=[part for _, _, events in calls for part in _parts(events)],
                state=state,
                num_calls=len(calls),
            )
        except zlib.error as error:
            message = f"damaged events: {error}"
            raise ValueError(message) from error

    def close(self) -> None:
        """Checkpoint the WAL and close the file."""
        with self._alone():
            self._connection.close()


def _parts(events: bytes) -> Iterator[I64]:
    rows = np.frombuffer(zlib.decompress(events), "<i8").astype(np.int64).reshape(-1, LOG_WORDS)
    if len(rows):
        yield rows
