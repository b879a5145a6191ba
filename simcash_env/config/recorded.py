"""Recorded payments as arrivals: keys of the scenario, and the rules between them, the data and the other parts."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from simcash_env.config.banks import BankConfig
from simcash_env.config.clock import time_us
from simcash_env.config.exact import written
from simcash_env.config.faults import RULE, Broken, Place, broken_rules
from simcash_env.config.fields import Model, Name, PositiveTicks, Share
from simcash_env.config.recorded_days import RecordedDays, checksum_of, read_recorded_days
from simcash_env.config.rules import RulesConfig, SimulationConfig
from simcash_env.errors import ConfigError, Fault, SimcashError

Part: TypeAlias = Literal["train", "validation", "test"]

PARTS: Final[tuple[Part, ...]] = ("train", "validation", "test")
"""Parts of the recorded days, in order of date."""

PLACE: Final = ("arrivals", "recorded")
MOST_NAMES: Final = 5
DAYS_RULE: Final = "must be train, validation, test, all or a list of dates (YYYY-MM-DD)"


def _days(value: Any) -> Any:
    """A part by name, or dates in order."""
    if isinstance(value, str) and value in {*PARTS, "all"}:
        return value
    if not isinstance(value, (list, tuple)) or not value:
        raise PydanticCustomError(RULE, DAYS_RULE)
    dates = [_date(item) for item in value]
    if len(set(dates)) < len(dates):
        raise PydanticCustomError(RULE, "must not name a date twice")
    return tuple(sorted(dates))


def _date(value: Any) -> date:
    if isinstance(value, date):
        return date(value.year, value.month, value.day)
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise PydanticCustomError(RULE, DAYS_RULE) from None


Days = Annotated[
    Literal["train", "validation", "test", "all"] | tuple[date, ...],
    Field(description="`train`, `validation`, `test`, `all` or a list of dates"),
    BeforeValidator(_days),
]
Split = Annotated[
    tuple[Share, Share, Share], Field(description="shares of train, validation and test, 0 to 1, that sum to 1")
]
CHECKSUM: Final = re.compile("sha256:[0-9a-f]{64}")


def _checksum(value: Any) -> Any:
    if not isinstance(value, str) or CHECKSUM.fullmatch(value) is None:
        raise PydanticCustomError(RULE, "must be sha256: and 64 hexadecimal digits")
    return value


Checksum = Annotated[str, Field(description="`sha256:` and 64 hexadecimal digits"), BeforeValidator(_checksum)]


class RecordedConfig(Model):
    """Recorded payments as arrivals: an episode plays a recorded day, or parts of several days.

    ``file`` is a payments table (Parquet), relative to the scenario file, or to the working folder where the scenario
    is not read from a file. ``checksum`` is filled in if it is missing, so that a saved run is never continued with
    other payments.

    ``days`` selects the days that are played: a part of the recorded days (``split``: shares of train, validation and
    test, in order of date), all of them, or a list of dates. The seed draws the day. A run of several days plays
    consecutive days of the selection. ``resample: days`` draws every day of the run independently; ``resample: blocks``
    draws a day for every ``block_ticks`` ticks (block bootstrap).
    """

    file: Name
    checksum: Checksum | None = None
    days: Days = "train"
    split: Split = (0.6, 0.2, 0.2)
    resample: Literal["none", "days", "blocks"] = "none"
    block_ticks: PositiveTicks | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_checksum(cls, value: Any) -> Any:
        """Make the path absolute, and add the checksum of the file; a file that cannot be read is reported later."""
        if not isinstance(value, Mapping) or not isinstance(value.get("file"), str) or not value["file"]:
            return value
        try:
            path = os.path.abspath(value["file"])  # noqa: PTH100 - without .., and symbolic links as they are named
            checksum = value.get("checksum") or checksum_of(path)
        except (SimcashError, ValueError):
            return value
        return {**value, "file": path, "checksum": checksum}

    @model_validator(mode="after")
    def _is_complete(self) -> RecordedConfig:
        broken = []
        if abs(sum(map(_exact, self.split), Fraction(-1))) > Fraction(1, 10**9):
            broken.append(Broken(("split",), "must sum to 1", list(self.split)))
        if self.resample == "blocks" and self.block_ticks is None:
            broken.append(Broken(("block_ticks",), "is required for resample: blocks", None))
        if self.resample != "blocks" and self.block_ticks is not None:
            broken.append(Broken(("block_ticks",), "can only be given with resample: blocks", self.block_ticks))
        if broken:
            raise broken_rules(broken)
        return self

    def read(self) -> RecordedDays:
        """The data set, from memory if it was read before.

        Raises:
            DataError: the file cannot be read, or breaks a rule of the payments table.
        """
        return read_recorded_days(self.file)

    def selected(self, data: RecordedDays) -> tuple[int, ...]:
        """Numbers of the days that may be played, in order of date; dates that the data lack are left out."""
        if isinstance(self.days, tuple):
            numbers = {day: number for number, day in enumerate(data.days)}
            return tuple(numbers[day] for day in self.days if day in numbers)
        return tuple(range(len(data.days))) if self.days == "all" else self.part(data, self.days)

    def part(self, data: RecordedDays, name: Part) -> tuple[int, ...]:
        """Numbers of the days of one part: it begins and ends where its shares do, rounded half up."""
        place, bounds, share = PARTS.index(name), [0], Fraction(0)
        for part in self.split:
            share += _exact(part)
            bounds.append(min(int(share * len(data.days) + Fraction(1, 2)), len(data.days)))
        return tuple(range(bounds[place], bounds[place + 1]))

    def typical(self, data: RecordedDays) -> tuple[int, ...]:
        """Numbers of the days from which scales are derived: the training days, whichever days are played."""
        return self.part(data, "train") or self.selected(data)


class ArrivalsConfig(Model):
    """Arrivals of the whole system, in addition to the random arrivals of its banks."""

    recorded: RecordedConfig


def _exact(share: float) -> Fraction:
    return Fraction(written(share))


class ReplayedScenario(Protocol):
    """The parts of a scenario on which its recorded payments depend."""

    @property
    def rules(self) -> RulesConfig:
        """Rule set."""

    @property
    def simulation(self) -> SimulationConfig:
        """Clock and length of the run."""

    @property
    def banks(self) -> tuple[BankConfig, ...]:
        """Banks with their accounts and arrivals."""

    @property
    def arrivals(self) -> ArrivalsConfig | None:
        """Recorded payments, or None."""


def find_recorded_file(scenario: dict[str, Any], folder: Path | None) -> None:
    """Replace the file of recorded payments, which is relative to the folder of the scenario file, by its path."""
    arrivals = scenario.get("arrivals")
    recorded = arrivals.get("recorded") if isinstance(arrivals, dict) else None
    if folder is not None and isinstance(recorded, dict) and isinstance(recorded.get("file"), str) and recorded["file"]:
        recorded["file"] = str(folder / recorded["file"])


def recorded_days(config: ReplayedScenario) -> RecordedDays | None:
    """The recorded days of a valid scenario; None if it has none."""
    return None if config.arrivals is None else config.arrivals.recorded.read()


def has_choice_of_days(config: ReplayedScenario) -> bool:
    """True if the seed of a valid scenario chooses between recorded days."""
    data = recorded_days(config)
    if data is None or config.arrivals is None:
        return False
    recorded = config.arrivals.recorded
    length = config.simulation.num_days if recorded.resample == "none" else 1
    return len(recorded.selected(data)) > length


def recorded_faults(config: ReplayedScenario) -> Iterator[Broken]:
    """Yield every broken rule between the recorded payments and the other parts of a scenario."""
    if config.arrivals is None:
        return
    recorded = config.arrivals.recorded
    if config.rules.set == "simcash":
        rule = "recorded arrivals need the rule set standard, whose rules can be changed one by one"
        yield Broken(("rules", "set"), rule, "simcash")
    try:
        data = recorded.read()
    except ConfigError as error:
        yield from (Broken((*PLACE, "file"), _worded(fault), recorded.file) for fault in error.faults)
        return
    except SimcashError as error:  # a library is missing
        yield Broken((*PLACE, "file"), str(error), recorded.file)
        return
    if data.checksum != recorded.checksum:
        rule = f"must be that of {recorded.file}, {data.checksum}: the file is another one or has changed"
        yield Broken((*PLACE, "checksum"), rule, recorded.checksum)
        return
    yield from _calendar_faults(config, data)
    unknown = sorted(set(data.bank_ids) - {bank.id for bank in config.banks})
    if unknown:
        more = f" and {len(unknown) - MOST_NAMES} more" if len(unknown) > MOST_NAMES else ""
        rule = f"has payments of banks that the scenario does not have: {', '.join(unknown[:MOST_NAMES])}{more}"
        yield Broken((*PLACE, "file"), rule, recorded.file)
    yield from _day_faults(config, data)


def _worded(fault: Fault) -> str:
    """A fault of a data file, worded as the rule that the key of its file breaks."""
    row = "" if fault.line is None else f"row {fault.line}: "
    return f"{row}{Fault(None, None, fault.path, fault.value, fault.rule)}"


def _calendar_faults(config: ReplayedScenario, data: RecordedDays) -> Iterator[Broken]:
    simulation, place = config.simulation, config.arrivals and config.arrivals.recorded.file
    if simulation.ticks_per_day != data.ticks_per_day:
        rule = f"must be {data.ticks_per_day}, as in {place}"
        yield Broken(("simulation", "ticks_per_day"), rule, simulation.ticks_per_day)
    hours = (("open", data.open_us, data.open_text), ("close", data.close_us, data.close_text))
    for name, recorded_us, text in hours:
        given = getattr(simulation, name)
        if given is not None and time_us(given) != recorded_us:
            yield Broken(("simulation", name), f"must be {text}, as in {place}", given)


def _day_faults(config: ReplayedScenario, data: RecordedDays) -> Iterator[Broken]:
    assert config.arrivals is not None
    recorded, num_days = config.arrivals.recorded, config.simulation.num_days
    place: Place = (*PLACE, "days")
    first, last, count = data.days[0], data.days[-1], len(data.days)
    unknown = [day for day in recorded.days if day not in data.days] if isinstance(recorded.days, tuple) else []
    for day in unknown:
        yield Broken(place, f"must be recorded days, from {first} to {last}", day.isoformat())
    selected = recorded.selected(data)
    if not selected and not unknown:
        rule = f"has no days: the file has {count}, the split is {list(recorded.split)}"
        yield Broken(place, rule, recorded.days)
    elif recorded.resample == "none" and num_days > len(selected) and not unknown:
        rule = (
            f"must be at most {len(selected)}, the number of days selected by arrivals.recorded.days, or resample them"
        )
        yield Broken(("simulation", "num_days"), rule, num_days)
    if (recorded.block_ticks or 0) > data.ticks_per_day:
        rule = f"must be at most the {data.ticks_per_day} ticks of a day"
        yield Broken((*PLACE, "block_ticks"), rule, recorded.block_ticks)
