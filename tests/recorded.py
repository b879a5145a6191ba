"""Small data sets of recorded payments, and scenarios that replay them: shared by the tests of all faces."""

import hashlib
import json
import random
import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.data.payments import Calendar, make_payments, write_payments
from simcash_env.schema.codes import EventKind
from simcash_env.simulation import Simulation

FIRST_DAY = date(2025, 1, 30)
OPEN_US, CLOSE_US = 7 * 3_600_000_000, 17 * 3_600_000_000
NAMES = ("ALFA", "BRAVO", "CHARLIE")

Row = dict[str, Any]

WAYS = [
    {},
    {"resample": "days"},
    {"resample": "blocks", "block_ticks": 1},
    {"resample": "blocks", "block_ticks": 4},
]


@cache
def folder() -> Path:
    """A folder that lives as long as the process."""
    holder = tempfile.TemporaryDirectory(prefix="recorded-")
    _HOLDERS.append(holder)
    return Path(holder.name)


_HOLDERS: list[Any] = []


def calendar(ticks: int) -> Calendar:
    """A day of 10 hours."""
    return Calendar(OPEN_US, CLOSE_US, ticks)


def write_rows(rows: Sequence[Row], ticks: int, path: Path | None = None) -> Path:
    """Write payments; rows give ``day`` (number), ``tick``, sender, receiver, amount, and optionally ticks of deadlines.

    Files of the same content are the same file.
    """
    clock = calendar(ticks)
    if path is None:
        name = hashlib.sha256(json.dumps([ticks, rows]).encode()).hexdigest()[:16]
        path = folder() / f"{name}.parquet"
        if path.exists():
            return path
    optional = {name: [_time(clock, row.get(name)) for row in rows] for name in ("deadline", "not_before")}
    columns = {
        "day": [FIRST_DAY + timedelta(days=row["day"]) for row in rows],
        "submitted": [clock.time_of(row["tick"]) for row in rows],
        "sender": [row["sender"] for row in rows],
        "receiver": [row["receiver"] for row in rows],
        "amount_cents": np.array([row["amount"] for row in rows], np.int64),
        "priority": np.array([row.get("priority", 5) for row in rows], np.int8),
        "divisible": [row.get("divisible", False) for row in rows],
        **{name: values for name, values in optional.items() if any(value is not None for value in values)},
    }
    write_payments(make_payments(columns, clock, currency="EUR", source="made by a test"), path)
    return path


def _time(clock: Calendar, tick: int | None) -> int | None:
    return None if tick is None else clock.time_of(tick)


def drawn_rows(days: int, ticks: int, per_day: int, names: Sequence[str] = NAMES, seed: int = 1) -> list[Row]:
    """Payments of some days, whose numbers differ from day to day."""
    draw = random.Random(seed)
    rows = []
    for day in range(days):
        for _ in range(per_day + day):
            sender, receiver = draw.sample(list(names), 2)
            tick = draw.randrange(ticks)
            row: Row = {"day": day, "tick": tick, "sender": sender, "receiver": receiver}
            row |= {"amount": draw.randint(1, 9_000), "priority": draw.randint(0, 10), "divisible": draw.random() < 0.5}
            if draw.random() < 0.7:
                row["deadline"] = draw.randint(tick, ticks - 1)
            rows.append(row)
    return rows


def recorded_file(days: int = 5, ticks: int = 6, per_day: int = 12) -> Path:
    """A data set of a few days."""
    return write_rows(drawn_rows(days, ticks, per_day), ticks)


def recorded_rows(
    file: Path | str | None = None,
    *,
    ticks: int = 6,
    days: int = 1,
    select: Any = "all",
    scripted: int = 1,
    **more: Any,
) -> Row:
    """A scenario of three banks with little money, two of which learn, as a mapping."""
    recorded = {"file": str(recorded_file(ticks=ticks) if file is None else file), "days": select}
    recorded |= more.pop("recorded", {})
    external = len(NAMES) - scripted
    return {
        "format": 1,
        "name": "recorded",
        "simulation": {"ticks_per_day": ticks, "num_days": days, "seed": 7},
        "banks": [
            {
                "id": name,
                "opening_balance": 6_000,
                "credit_limit": 4_000,
                "policy": {"type": "external" if place < external else "fifo"},
            }
            for place, name in enumerate(NAMES)
        ],
        "arrivals": {"recorded": recorded},
        "costs": {
            "overdraft_bps_per_tick": 40,
            "delay_cost_per_tick_per_cent": 0.01,
            "deadline_penalty": 300,
            "eod_penalty": {"bps": 500},
        },
        **more,
    }


def recorded(*arguments: Any, **options: Any) -> ScenarioConfig:
    """``recorded_rows``, loaded."""
    return load_scenario(recorded_rows(*arguments, **options))


def payments_by_tick(simulation: Simulation) -> list[tuple[Any, ...]]:
    """(tick, sender, receiver, cents, deadline, priority) of every arrival so far."""
    rows = simulation.events().of_kind(EventKind.ARRIVAL).rows
    return [
        (tick, simulation.bank_ids[bank], simulation.bank_ids[other], cents, due, priority)
        for tick, _, bank, other, _, cents, due, priority in rows.tolist()
    ]


def dates_of(simulation: Simulation) -> list[tuple[int, Any]]:
    """Tick and date of every recorded day that the run has chosen."""
    chosen = [event for event in simulation.events() if event.kind == "RecordedDay"]
    return [(event.tick, event.details["date"]) for event in chosen]
