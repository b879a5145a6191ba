"""Recorded payments: which day is played, and what arrives of it in a tick; read from the file without the package."""

import json
from dataclasses import dataclass
from datetime import date, time
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from functools import cache
from typing import Any

import pyarrow.parquet as pq

from simcash_env.config import ScenarioConfig
from tests.oracle.random_stream import RandomStream

PARTS = ("train", "validation", "test")


@dataclass
class RecordedPayment:
    """One row of the table, in ticks of its day."""

    sender: str
    receiver: str
    amount: int
    tick: int
    ticks_to_deadline: int
    priority: int
    divisible: bool


@dataclass
class Replay:
    """The days that may be played, and the one that is."""

    settings: Any  # RecordedConfig
    days: list[list[RecordedPayment]]
    ticks_per_day: int
    num_days: int
    place: int = 0

    def choose(self, rng: RandomStream, tick: int) -> None:
        """Draw a day where one begins, or a block does."""
        now = tick % self.ticks_per_day
        if self.settings.resample == "blocks":
            if now % (self.settings.block_ticks or 1) == 0:
                self.place = rng.integer(0, len(self.days) - 1)
        elif now == 0 and self.settings.resample == "days":
            self.place = rng.integer(0, len(self.days) - 1)
        elif now == 0 and tick == 0:
            self.place = rng.integer(0, len(self.days) - self.num_days)
        elif now == 0:
            self.place += 1

    def due(self, tick: int) -> list[RecordedPayment]:
        """The payments of a tick, in order."""
        return [payment for payment in self.days[self.place] if payment.tick == tick % self.ticks_per_day]


def build_replay(config: ScenarioConfig) -> Replay | None:
    """The recorded payments of a scenario, where it has any."""
    if config.arrivals is None:
        return None
    settings, simulation = config.arrivals.recorded, config.simulation
    table = read_days(settings.file, simulation.ticks_per_day)
    dates = chosen_dates(settings, sorted(table))
    return Replay(settings, [table[day] for day in dates], simulation.ticks_per_day, simulation.num_days)


def chosen_dates(settings: Any, dates: list[date]) -> list[date]:
    """What ``days`` and ``split`` select."""
    if settings.days == "all":
        return dates
    if not isinstance(settings.days, str):
        return [day for day in dates if day in settings.days]
    ends, share = [0], Decimal(0)
    for part in settings.split:
        share += Decimal(str(part))
        ends.append(int((share * len(dates)).to_integral_value(ROUND_HALF_UP)))
    place = PARTS.index(settings.days)
    return dates[ends[place] : ends[place + 1]]


@cache
def read_days(file: str, ticks: int) -> dict[date, list[RecordedPayment]]:
    """All payments by day, in order of the time from which they can settle, ties in the order of the file."""
    table = pq.read_table(file)
    facts = json.loads(table.schema.metadata[b"simcash_env.payments"])
    first, last = (seconds(time.fromisoformat(facts[name])) for name in ("open", "close"))

    def tick_of(moment: time) -> int:
        return int(((seconds(moment) - first) * ticks / (last - first)).to_integral_value(ROUND_FLOOR))

    rows: dict[date, list[tuple[time, RecordedPayment]]] = {}
    for row in table.to_pylist():
        start = max(row["submitted"], row["not_before"] or row["submitted"])
        tick = tick_of(start)
        due = ticks - 1 if row["deadline"] is None else min(tick_of(row["deadline"]), ticks - 1)
        rows.setdefault(row["day"], []).append((start, _payment(row, tick, max(due - tick, 1))))
    return {day: [payment for _, payment in sorted(pairs, key=lambda pair: pair[0])] for day, pairs in rows.items()}


def _payment(row: dict[str, Any], tick: int, ticks_to_deadline: int) -> RecordedPayment:
    return RecordedPayment(
        row["sender"],
        row["receiver"],
        row["amount_cents"],
        tick,
        ticks_to_deadline,
        row["priority"],
        row["divisible"],
    )


def seconds(moment: time) -> Decimal:
    """Seconds from midnight, exactly."""
    return Decimal(3600 * moment.hour + 60 * moment.minute + moment.second) + Decimal(moment.microsecond) / 10**6
