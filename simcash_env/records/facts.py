"""What a record says of its run: all that is needed to run it again."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Literal, Self, TypeAlias

from simcash_env._version import __version__
from simcash_env.config import ScenarioConfig
from simcash_env.config.changes import self_contained
from simcash_env.config.clock import Clock, clock_of
from simcash_env.config.external import HOLD
from simcash_env.errors import ConfigError, RecordError
from simcash_env.records.columns import FORMAT
from simcash_env.simulation import Simulation

Status: TypeAlias = Literal["running", "complete", "stopped", "interrupted", "failed"]
"""``running``: still being written, or its writer was killed; ``stopped``: up to the requested tick."""


@dataclass(frozen=True)
class RunFacts:
    """One recorded run.

    Attributes:
        format: of the record.
        version: of the package that wrote it.
        kernels: digest of the sources that the kernels were compiled from.
        scenario: the scenario in the native format, tree files written out.
        seed: of the random stream.
        start: base64 of a snapshot, where the record begins in the middle of a run.
        first_tick: the first tick recorded.
        ticks: ticks closed when the record ended.
        num_events: rows of the event log.
        status: how the record ended.
        digest: of the state at the end; empty while it runs.
        external: what external banks do in ticks without actions, as ``Simulation.external``; records of versions
            that knew no default lack it, and their external banks held.
    """

    format: int
    version: str
    kernels: str
    scenario: dict[str, Any]
    seed: int
    start: str
    first_tick: int
    ticks: int
    num_events: int
    status: Status
    digest: str
    external: str | dict[str, Any] = HOLD

    @classmethod
    def of(cls, simulation: Simulation) -> Self:
        """Of a run that is about to be recorded, as it stands now."""
        from simcash_env.kernels._numba.jit import source_digest

        scenario = self_contained(simulation.config).model_dump(mode="json")
        is_fresh = simulation.current_tick == 0 and not simulation.is_open
        start = "" if is_fresh else base64.b64encode(simulation.snapshot(log=False)).decode()
        tick = simulation.current_tick
        kernels, seed, external = source_digest(), simulation.seed, simulation.external
        return cls(FORMAT, __version__, kernels, scenario, seed, start, tick, tick, 0, "running", "", external)

    def after(self, *, ticks: int, num_events: int, status: Status = "running", digest: str = "") -> Self:
        """The facts at a later time."""
        return replace(self, ticks=ticks, num_events=num_events, status=status, digest=digest)

    @property
    def ticks_per_day(self) -> int:
        """Length of a day."""
        return int(self.scenario["simulation"]["ticks_per_day"])

    @property
    def clock(self) -> Clock | None:
        """Converts ticks to times of day; None without opening hours."""
        return None if self.scenario["simulation"].get("open") is None else self.hours

    @property
    def hours(self) -> Clock:
        """The clock, or one from 06:00 to 18:00 without opening hours, for figures by hour."""
        calendar = self.scenario["simulation"]
        return clock_of(calendar.get("open"), calendar.get("close"), self.ticks_per_day)

    @property
    def currency(self) -> str | None:
        """Label of amounts."""
        found: str | None = self.scenario.get("currency")
        return found

    @property
    def bank_ids(self) -> tuple[str, ...]:
        """Banks in the order of their numbers."""
        return tuple(sorted(bank["id"] for bank in self.scenario["banks"]))

    def to_json(self) -> str:
        """One object; ``from_json`` refuses it where a character has changed."""
        content = dict(vars(self))
        return json.dumps({**content, "sha256": _digest(content)})

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Back from ``to_json``.

        Raises:
            RecordError: it is damaged, or of another format.
        """
        try:
            content = json.loads(text)
            digest = content.pop("sha256")
            written_by, its_format = content["version"], content["format"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = "its facts of the run cannot be read: the record is damaged"
            raise RecordError(message) from error
        if its_format != FORMAT:
            message = f"a record of format {its_format}, written by version {written_by}; this version reads {FORMAT}"
            raise RecordError(message)
        known = {field.name for field in fields(cls)}
        if digest != _digest(content) or set(content) | {"external"} != known:
            message = "its facts of the run do not fit their checksum: the record is damaged"
            raise RecordError(message)
        odd = [name for name, kind in _KINDS.items() if type(content[name]) is not kind]
        odd += ["external"] * (type(content.get("external", HOLD)) not in {str, dict})
        facts = cls(**content)
        try:
            is_usable = not odd and facts.ticks_per_day > 0 and all(type(name) is str for name in facts.bank_ids)
        except (LookupError, TypeError, ValueError):
            is_usable = False
        if not is_usable:
            message = f"invalid facts of the run: {', '.join(odd) or 'scenario'}"
            raise RecordError(message)
        return facts

    def simulation(self) -> Simulation:
        """The run as it stood when the recording began.

        Raises:
            RecordError: this version cannot run it.
        """
        try:
            config = ScenarioConfig.model_validate(self.scenario)
            simulation = Simulation(config, seed=self.seed, events="tick", external=self.external)
            if self.start:
                simulation.restore(base64.b64decode(self.start, validate=True))
        except (ValueError, ConfigError) as error:  # pydantic's, and base64's; of the default policy
            message = f"this version cannot run the recorded scenario: {error}"
            raise RecordError(message) from error
        return simulation


_KINDS: Final[dict[str, type]] = {
    **dict.fromkeys(("format", "seed", "first_tick", "ticks", "num_events"), int),
    **dict.fromkeys(("version", "kernels", "start", "status", "digest"), str),
    "scenario": dict,
}


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
