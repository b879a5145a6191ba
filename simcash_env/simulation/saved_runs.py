"""Runs of a ``Simulation`` as bytes and as files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from simcash_env.compile.scenario import CompiledScenario, compile_scenario
from simcash_env.config import ScenarioConfig
from simcash_env.config.changes import self_contained
from simcash_env.config.external import HOLD, default_policy, plain_external
from simcash_env.errors import ConfigError, Fault, SnapshotError, WriteError, reason_of
from simcash_env.files import write_atomically
from simcash_env.schema.arrays import I64, LOG_WORDS
from simcash_env.simulation.snapshot import Snapshot, new_header, read_snapshot, require_scenario
from simcash_env.simulation.tree_names import Naming

EventsKept: TypeAlias = bool | Literal["tick"]
"""True keeps the event log, ``"tick"`` returns the events of each tick and keeps none, False logs nothing."""


EVENTS_KEPT: Final[dict[Any, EventsKept]] = {True: True, False: False, "tick": "tick"}
INVALID_HEADER: Final = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""Errors that a header with a valid checksum can still raise where it is used: somebody has edited and signed it."""


def events_kept(events: Any) -> EventsKept:
    """Return the validated option ``events``.

    Raises:
        ConfigError: it is neither True, False nor ``"tick"``.
    """
    if isinstance(events, str) and events == "tick":
        return "tick"
    if isinstance(events, (bool, np.bool_)):
        return bool(events)
    raise ConfigError([Fault(None, None, "events", repr(events), 'must be True, False or "tick"')])


class SavedRun(NamedTuple):
    """What a snapshot holds of a run.

    Attributes:
        scenario: compiled scenario, with the default of external banks.
        row: state row.
        sizes: its sizes.
        seed: seed of the run.
        events: option ``events`` of the run.
        naming: names in events of trees.
        log: kept log rows of closed ticks, in parts.
        tick_log: log rows of the open tick, in parts.
    """

    scenario: CompiledScenario
    row: I64
    sizes: I64
    seed: int
    events: EventsKept
    naming: Naming
    log: list[I64]
    tick_log: list[I64]


def run_to_bytes(run: SavedRun, config: ScenarioConfig) -> bytes:
    """Return a run of this scenario as versioned bytes with a checksum."""
    header = new_header(
        run.scenario,
        config=self_contained(config).model_dump(mode="json"),
        seed=run.seed,
        events=run.events,
        naming=run.naming.to_header(),
        external=plain_external(run.scenario.external),
    )
    logs = [np.concatenate([np.zeros(0, np.int64), *map(np.ravel, rows)]) for rows in (run.log, run.tick_log)]
    return Snapshot(header, run.row, run.sizes, *logs).to_bytes()


def run_from_bytes(snapshot: bytes, config: ScenarioConfig, scenario: CompiledScenario) -> SavedRun:
    """Return the run in a snapshot of this scenario.

    Raises:
        SnapshotError: damaged, or of another version or scenario.
    """
    read = read_snapshot(snapshot)
    scenario = _with_default(read, config, scenario)
    require_scenario(read, scenario)
    try:
        return SavedRun(
            scenario,
            read.row,
            read.sizes,
            int(read.header["seed"]),
            EVENTS_KEPT[read.header["events"]],
            Naming.from_header(read.header.get("naming", {}), scenario),
            [read.log.reshape(-1, LOG_WORDS)],
            [read.open_log.reshape(-1, LOG_WORDS)],
        )
    except INVALID_HEADER as error:
        message = f"snapshot: invalid header or events: {type(error).__name__}: {error}"
        raise SnapshotError(message) from error


def _with_default(read: Snapshot, config: ScenarioConfig, scenario: CompiledScenario) -> CompiledScenario:
    """Return the scenario with the default of external banks that the snapshot has.

    Snapshots of versions without such defaults lack it: their external banks held.

    Raises:
        SnapshotError: the default in the header is invalid.
    """
    external = read.header.get("external", HOLD)
    if external == plain_external(scenario.external):
        return scenario
    try:
        return compile_scenario(config, default_policy(external))
    except ConfigError as error:
        message = f"snapshot: invalid header: {error}"
        raise SnapshotError(message) from error


def write_run_file(path: str | Path, snapshot: bytes) -> None:
    """Write a snapshot to a file; after a crash the file is the old one or the new one, never a part of it.

    Raises:
        WriteError: the file cannot be written; an existing file is unchanged.
    """
    given: Any = path
    if not isinstance(given, (str, os.PathLike)):
        message = f"path: must name a file, got {path!r}"
        raise WriteError(message)
    write_atomically(Path(path), snapshot)


def read_run_file(path: str | Path) -> bytes:
    """Return the bytes of a saved run.

    Raises:
        SnapshotError: the file cannot be read.
    """
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError, TypeError) as error:  # no such file, a null character in its name, no name at all
        message = f"{path!s}: cannot be read: {reason_of(error)}"
        raise SnapshotError(message) from error
