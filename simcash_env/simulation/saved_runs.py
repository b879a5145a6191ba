"""Keeping a ``Simulation``: as bytes, in a file, as a copy that goes its own way."""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias

import numpy as np
from pydantic import ValidationError

from simcash_env.compile.scenario import CompiledScenario, compile_scenario
from simcash_env.config import ScenarioConfig
from simcash_env.config.changes import self_contained
from simcash_env.config.external import HOLD, RELEASE, External, default_policy, plain_external
from simcash_env.errors import ConfigError, Fault, SnapshotError, WriteError, reason_of
from simcash_env.files import write_atomically
from simcash_env.schema.arrays import LOG_WORDS
from simcash_env.simulation.snapshot import Snapshot, new_header, read_snapshot, require_scenario
from simcash_env.simulation.tree_names import Naming

if TYPE_CHECKING:
    from simcash_env.schema.arrays import I64
    from simcash_env.simulation.engine import Engine


EventsKept: TypeAlias = bool | Literal["tick"]
"""Keep the event log; hand each tick's events out and keep none (``"tick"``); log nothing."""


EVENTS_KEPT: Final[dict[Any, EventsKept]] = {True: True, False: False, "tick": "tick"}
NO_SENSE: Final = (LookupError, TypeError, ValueError, AttributeError, OverflowError)
"""What another header raises where it is used: only one that somebody has signed anew can be another."""


def events_kept(events: Any) -> EventsKept:
    """What is to be done with events.

    Raises:
        ConfigError: it is neither True, False nor ``"tick"``.
    """
    if isinstance(events, str) and events == "tick":
        return "tick"
    if isinstance(events, (bool, np.bool_)):
        return bool(events)
    raise ConfigError([Fault(None, None, "events", repr(events), 'must be True, False or "tick"')])


class SavedRunMixin:
    """What ``Simulation`` knows of saving; it has these attributes."""

    config: ScenarioConfig
    seed: int
    _engine: Engine
    _events_kept: EventsKept
    _naming: Naming
    _log: list[I64]
    _tick_log: list[I64]

    def __init__(
        self, config: Any, *, seed: int | None = None, events: EventsKept = True, external: External = RELEASE
    ) -> None:
        """As ``Simulation``: the scenario is loaded, the run stands before its first tick."""
        raise NotImplementedError

    def snapshot(self, *, log: bool = True) -> bytes:
        """The whole run so far as bytes; at any time, also while a tick is open.

        Args:
            log: with the events that are kept; without them the run resumes as one that keeps none.
        """
        header = new_header(
            self._engine.scenario,
            config=self_contained(self.config).model_dump(mode="json"),
            seed=self.seed,
            events=self._events_kept if log else "tick",
            naming=self._naming.to_header(),
            external=plain_external(self._engine.scenario.external),
        )
        kept = (self._log if log else [], self._tick_log)
        logs = [np.concatenate([np.zeros(0, np.int64), *map(np.ravel, rows)]) for rows in kept]
        return Snapshot(header, self._engine.row, self._engine.sizes, *logs).to_bytes()

    def restore(self, snapshot: bytes) -> None:
        """Go back, or on, to where a snapshot of this scenario was taken.

        Raises:
            SnapshotError: damaged, of another version or scenario; nothing has changed then.
        """
        read = read_snapshot(snapshot)
        scenario = self._scenario_of(read)
        require_scenario(read, scenario)
        try:
            seed, events = int(read.header["seed"]), EVENTS_KEPT[read.header["events"]]
            naming = Naming.from_header(read.header.get("naming", {}), scenario)
            log, tick_log = ([rows.reshape(-1, LOG_WORDS)] for rows in (read.log, read.open_log))
        except NO_SENSE as error:
            message = f"snapshot: invalid header or events: {type(error).__name__}: {error}"
            raise SnapshotError(message) from error
        self._engine.scenario = scenario
        self._engine.replace_row(read.row, read.sizes)
        self.seed, self._events_kept, self._naming = seed, events, naming
        self._engine.keep_log(events=bool(events))
        self._log, self._tick_log = log, tick_log

    def _scenario_of(self, read: Snapshot) -> CompiledScenario:
        """The scenario with the default of external banks that the snapshot has, which is part of a run.

        Snapshots of versions that knew no default lack it: their external banks held.

        Raises:
            SnapshotError: its header has no such default.
        """
        scenario, external = self._engine.scenario, read.header.get("external", HOLD)
        if external == plain_external(scenario.external):
            return scenario
        try:
            return compile_scenario(self.config, default_policy(external))
        except ConfigError as error:
            message = f"snapshot: invalid header: {error}"
            raise SnapshotError(message) from error

    def log_events(self, events: EventsKept) -> None:
        """From here on keep events, hand them out tick by tick, or log none; what was kept goes otherwise.

        Raises:
            ConfigError: ``events`` is none of these.
        """
        events = events_kept(events)
        self._events_kept = events
        self._engine.keep_log(events=bool(events))
        if events is not True:
            self._log = []

    def fork(self) -> Self:
        """A copy that goes its own way from here: what would happen if."""
        return copy.deepcopy(self)

    def save(self, path: str | Path) -> None:
        """Write ``snapshot()`` to a file; a crash leaves the old file or the new one, never half of one.

        Raises:
            WriteError: the file cannot be written; what was there is as it was.
        """
        given: Any = path
        if not isinstance(given, (str, os.PathLike)):
            message = f"path: must name a file, got {path!r}"
            raise WriteError(message)
        write_atomically(Path(path), self.snapshot())

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The run that was saved there, scenario included.

        Raises:
            SnapshotError: the file cannot be read, is damaged, or of another version.
        """
        try:
            data = Path(path).read_bytes()
        except (OSError, ValueError, TypeError) as error:  # no such file, a null character in its name, no name at all
            message = f"{path!s}: cannot be read: {reason_of(error)}"
            raise SnapshotError(message) from error
        try:
            header = read_snapshot(data).header
            external = header.get("external", HOLD)
            simulation = cls(ScenarioConfig.model_validate(header["config"]), seed=header["seed"], external=external)
            simulation.restore(data)
        except (SnapshotError, ConfigError, ValidationError, *NO_SENSE) as error:
            message = f"{path}: {error}"
            raise SnapshotError(message) from error
        return simulation
