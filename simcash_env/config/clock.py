"""The clock of a business day: from ticks to times of day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from simcash_env.config.faults import RULE

Tick = TypeVar("Tick", int, Any)
"""A tick, or an integer array of ticks."""

MINUTE_US: Final = 60_000_000
HOUR_US: Final = 60 * MINUTE_US
MINUTES_PER_DAY: Final = 24 * 60
USUAL_OPEN, USUAL_CLOSE = "06:00", "18:00"
"""Hours of a day in reports on scenarios that state none."""

TIME: Final = re.compile(r"([0-9]{2}):([0-9]{2})", re.ASCII)


def time_problem(text: str) -> str | None:
    """The rule that a time of day breaks."""
    found = TIME.fullmatch(text)
    minutes = MINUTES_PER_DAY + 1 if found is None else 60 * int(found[1]) + int(found[2])
    is_time = found is not None and int(found[2]) < 60 and minutes <= MINUTES_PER_DAY
    return None if is_time else "must be a time of day HH:MM from 00:00 to 24:00"


def time_us(text: str) -> int:
    """Microseconds from midnight to a valid ``HH:MM``."""
    hours, minutes = text.split(":")
    return (60 * int(hours) + int(minutes)) * MINUTE_US


def _time(value: object) -> object:
    problem = time_problem(value) if isinstance(value, str) else None
    if problem is not None:
        raise PydanticCustomError(RULE, problem)
    return value


TimeOfDay = Annotated[str, Field(strict=True, description="time of day, HH:MM"), BeforeValidator(_time)]


@dataclass(frozen=True)
class Clock:
    """Opening hours, divided into ticks of equal length.

    Attributes:
        open_us: microseconds from midnight to the start of a day's first tick.
        close_us: to the end of its last tick.
        ticks_per_day: length of a day.
    """

    open_us: int
    close_us: int
    ticks_per_day: int

    @property
    def first_hour(self) -> int:
        """The hour of the day in which it opens."""
        return self.open_us // HOUR_US

    @property
    def num_hours(self) -> int:
        """Hours of the day in which it is open, counted from ``first_hour``."""
        return -(-self.close_us // HOUR_US) - self.first_hour

    def time_us(self, tick: Tick) -> Tick:
        """Microseconds from midnight to the start of a tick, which is counted from the start of the run."""
        return self.open_us - (self.open_us - self.close_us) * (tick % self.ticks_per_day) // self.ticks_per_day

    def __call__(self, tick: int) -> str:
        """Time of day at the start of a tick: ``HH:MM``, or ``HH:MM:SS`` where ticks do not start on full minutes."""
        return self._text(self.time_us(tick))

    @property
    def close(self) -> str:
        """Time of day at the end of a day's last tick, written as those of the ticks."""
        return self._text(self.close_us)

    def _text(self, time_us: int) -> str:
        seconds = time_us // 1_000_000
        minutes, hours = seconds // 60 % 60, seconds // 3600
        short = f"{hours:02}:{minutes:02}"
        is_by_minute = (self.close_us - self.open_us) % (self.ticks_per_day * MINUTE_US) == 0
        return short if is_by_minute else f"{short}:{seconds % 60:02}"

    def hour_of(self, tick: Tick) -> Tick:
        """Hour of the day, 0 to 23, in which a tick starts."""
        hour: Tick = self.time_us(tick) // HOUR_US
        return hour

    def tick_of_day(self, hour: float) -> float:
        """Ticks of a day that have passed at an hour, such as 14.5 for 14:30; 0 before it opens."""
        passed = (hour * HOUR_US - self.open_us) * self.ticks_per_day / (self.close_us - self.open_us)
        return min(max(passed, 0.0), float(self.ticks_per_day))


def clock_of(open_time: str | None, close_time: str | None, ticks_per_day: int) -> Clock:
    """The clock of these hours, or of the usual ones where a scenario states none."""
    return Clock(time_us(open_time or USUAL_OPEN), time_us(close_time or USUAL_CLOSE), ticks_per_day)
