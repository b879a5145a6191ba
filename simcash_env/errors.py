"""Everything the package raises on purpose.

SimcashError
├── ConfigError            a scenario that cannot be run; lists all its faults
│   ├── PolicyError        a policy that cannot be run
│   └── DataError          payments or banks that cannot be read or break a rule
├── ActionError            an action that is not legal here (also a ValueError)
│   └── OrderError         an order that the intraday market refuses
├── MarketError            a budget, a slot or a saved market run that does not allow the request
├── SnapshotError          a saved run that cannot be read or does not fit
├── RecordError            a record of a run that cannot be read or does not fit
├── WriteError             a file that cannot be written
├── SubmissionError        a submitted policy that fails, or breaks a limit or a rule of the leaderboard
└── SimulationError        a run that cannot go on
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]")


SUGGESTION: Final = ". Did you mean "
"""Before the suggestion at the end of a rule; a message names the value first."""


def printable(text: str) -> str:
    """The text with control characters and halves of surrogate pairs written as escapes."""
    return UNPRINTABLE.sub(lambda found: ascii(found.group())[1:-1], text)


def reason_of(error: BaseException) -> str:
    """What the system says of a file, in one line."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error).splitlines()[0]


class SimcashError(Exception):
    """Base of all errors of this package; what a message quotes is printable."""

    def __init__(self, message: object = "") -> None:
        super().__init__(printable(str(message)))


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an input."""

    file: str | None
    line: int | None
    path: str
    value: str | None
    rule: str

    def __post_init__(self) -> None:
        """Write what cannot be printed as its escape: a fault must reach every terminal, file and answer."""
        for name in ("file", "path", "value", "rule"):
            text = getattr(self, name)
            if text is not None:
                object.__setattr__(self, name, printable(text))

    def __str__(self) -> str:
        """``file:line: path: rule, got value. Did you mean x?``, leaving out what is not known."""
        place = "" if self.file is None else f"{self.file}: " if self.line is None else f"{self.file}:{self.line}: "
        path = f"{self.path}: " if self.path else ""
        value = "" if self.value is None else f", got {self.value}"
        rule, question, suggestion = self.rule.partition(SUGGESTION)
        return f"{place}{path}{rule}{value}{question}{suggestion}"


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


class DataError(ConfigError):
    """Payments or banks that cannot be read or break a rule; the line of a fault is the row, its path the column."""


class ActionError(SimcashError, ValueError):
    """An action that is not legal here."""


class OrderError(ActionError):
    """An order that the intraday market refuses; the book and all budgets are as before."""


class MarketError(SimcashError):
    """A budget, a slot or a saved market run that does not allow the request."""


class SnapshotError(SimcashError):
    """A saved run that cannot be read or does not fit."""


class RecordError(SimcashError):
    """A record of a run that cannot be read or does not fit."""


class WriteError(SimcashError):
    """A file that cannot be written; what was there before is as it was."""

    @classmethod
    def of(cls, path: Path, error: BaseException) -> Self:
        """Name the file and what the system said."""
        return cls(f"{path}: cannot be written: {reason_of(error)}")


class SubmissionError(SimcashError):
    """A submitted policy that fails, or breaks a limit or a rule of the leaderboard."""


class SimulationError(SimcashError):
    """A run that cannot go on, or a request that makes no sense at its present tick."""


class RoomError(SimulationError):
    """A run that may not grow as far as its payments or events want it to."""
