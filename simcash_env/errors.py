"""Everything the package raises on purpose.

SimcashError
├── ConfigError            a scenario that cannot be run; lists all its faults
│   └── PolicyError        a policy that cannot be run
├── ActionError            an action that is not legal here (also a ValueError)
│   └── OrderError         an order that the intraday market refuses
├── MarketError            a budget, a slot or a saved market run that does not allow what is asked
├── SnapshotError          a saved run that cannot be read or does not fit
├── RecordError            a record of a run that cannot be read or does not fit
├── WriteError             a file that cannot be written
└── SimulationError        a run that cannot go on
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self


class SimcashError(Exception):
    """Base of all errors of this package."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input."""

    file: str | None
    line: int | None
    path: str
    value: str | None
    rule: str

    def __str__(self) -> str:
        """``file:line: path: rule, got value``, leaving out what is not known."""
        place = "" if self.file is None else f"{self.file}: " if self.line is None else f"{self.file}:{self.line}: "
        path = f"{self.path}: " if self.path else ""
        value = "" if self.value is None else f", got {self.value}"
        return f"{place}{path}{self.rule}{value}"


class ConfigError(SimcashError):
    """A scenario that cannot be run.

    Attributes:
        faults: all of them, in the order of the file.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[ConfigError], tuple[tuple[Fault, ...]]]:
        """Pickle by the faults, so that the error survives the way back from a worker process."""
        return type(self), (self.faults,)


class PolicyError(ConfigError):
    """A policy that cannot be run."""


class ActionError(SimcashError, ValueError):
    """An action that is not legal here."""


class OrderError(ActionError):
    """An order that the intraday market refuses; the book and all budgets are as before."""


class MarketError(SimcashError):
    """A budget, a slot or a saved market run that does not allow what is asked."""


class SnapshotError(SimcashError):
    """A saved run that cannot be read or does not fit."""


class RecordError(SimcashError):
    """A record of a run that cannot be read or does not fit."""


class WriteError(SimcashError):
    """A file that cannot be written; what was there before is as it was."""

    @classmethod
    def of(cls, path: Path, error: BaseException) -> Self:
        """Name the file and what the system said."""
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]
        return cls(f"{path}: cannot be written: {reason}")


class SimulationError(SimcashError):
    """A run that cannot go on, or a request that makes no sense at its present tick."""


class RoomError(SimulationError):
    """A run that may not grow as far as its payments or events want it to."""
