"""Synthetic days: the random payments of a scenario as a payments table.

Arrivals depend on the scenario and the seed alone, never on what banks decide. They are read from the engine's state as
each tick opens. Banks release everything and have ample liquidity, so that queues stay short.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import pyarrow as pa

from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import FifoPolicy, ScenarioConfig, load_scenario
from simcash_env.data.payments import Calendar, Payments, make_payments
from simcash_env.errors import DataError, Fault
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import Place
from simcash_env.schema.limits import MAX_SEED
from simcash_env.simulation.engine import Engine

Times = Literal["start", "uniform"]
"""Where in its tick a payment is submitted: at the start, or at a time drawn uniformly."""

FIRST_DAY: Final = date(2026, 1, 5)
"""Date of the first generated day by default, a Monday."""

AMPLE_CENTS: Final = 10**14
"""Opening balance of every bank while arrivals are drawn."""

MAX_DAYS: Final = 10_000
SATURDAY: Final = 5
COLUMNS: Final = ("sender", "receiver", "amount_cents", "tick", "deadline_tick", "priority", "divisible")


@dataclass(frozen=True)
class Arrivals:
    """Payments that arrived, one element each, in the order of arrival; ticks and days count from 0."""

    day: I64
    tick: I64
    sender: I64
    receiver: I64
    amount_cents: I64
    deadline_tick: I64
    priority: I64
    divisible: I64


def generate(
    scenario: ScenarioConfig | str | Path | Mapping[str, Any],
    *,
    days: int,
    seed: int | None = None,
    times: Times = "start",
    start: date = FIRST_DAY,
) -> Payments:
    """Synthetic business days of a scenario.

    The scenario is run as often as the days need, with the seeds ``seed``, ``seed + 1``, ...; a run with one of these
    seeds sees the same payments. Dates are weekdays.

    Args:
        scenario: a scenario, or what ``load_scenario`` reads. Without ``simulation.open`` and ``close`` a day runs from
            06:00 to 18:00.
        days: number of days.
        seed: of the first run; the scenario's own by default.
        times: ``start``: payments are submitted at the start of their tick; ``uniform``: at a time within it, drawn
            uniformly from a stream of its own.
        start: date of the first day, or the Saturday or Sunday before it.

    Returns:
        Payments in the order of submission. A deadline after the last tick of its day is null.

    Raises:
        ConfigError: the scenario cannot be loaded.
        DataError: an argument is out of range, or the scenario has no payments.
    """
    config = scenario if isinstance(scenario, ScenarioConfig) else load_scenario(scenario)
    first = config.simulation.seed if seed is None else seed
    _require(config, days, first, times)
    hours = config.simulation.hours
    calendar = Calendar(hours.open_us, hours.close_us, config.simulation.ticks_per_day)
    found = draw_arrivals(config, days, first)
    if not len(found.tick):
        raise DataError([Fault(None, None, "scenario", repr(config.name), "must have payments on the generated days")])
    submitted = submission_times(found.tick, calendar, times, first)
    has_deadline = found.deadline_tick < calendar.ticks_per_day
    deadline = calendar.time_of(np.where(has_deadline, found.deadline_tick, 0))
    names = pa.array(sorted(bank.id for bank in config.banks))
    columns = {
        "day": pa.array(np.array(dates_from(start, days), "datetime64[D]")[found.day]),
        "submitted": pa.array(submitted, pa.time64("us")),
        "sender": pa.DictionaryArray.from_arrays(pa.array(found.sender, pa.int32()), names),
        "receiver": pa.DictionaryArray.from_arrays(pa.array(found.receiver, pa.int32()), names),
        "amount_cents": pa.array(found.amount_cents),
        "priority": pa.array(found.priority, pa.int8()),
        "deadline": pa.array(deadline, pa.time64("us"), mask=~has_deadline),
        "divisible": pa.array(found.divisible != 0),
    }
    return make_payments(columns, calendar, currency=config.currency, source=f"generated from {config.name}")


def _require(config: ScenarioConfig, days: int, seed: int, times: str) -> None:
    faults = []
    if whole_within(days, 1, MAX_DAYS) is None:
        faults.append(Fault(None, None, "days", repr(days), f"must be a whole number from 1 to {MAX_DAYS:,}"))
    elif whole_within(seed, 0, MAX_SEED - days) is None:
        faults.append(Fault(None, None, "seed", repr(seed), "must be a whole number from 0 to 2**63 - 1 - days"))
    if times not in get_args(Times):
        faults.append(Fault(None, None, "times", repr(times), "must be start or uniform"))
    if config.arrivals is not None:
        rule = "must have random arrivals only: the scenario replays recorded payments"
        faults.append(Fault(None, None, "arrivals", repr(config.name), rule))
    if faults:
        raise DataError(faults)


def dates_from(start: date, days: int) -> list[date]:
    """The first ``days`` weekdays from a date on."""
    found: list[date] = []
    day = start
    while len(found) < days:
        if day.weekday() < SATURDAY:
            found.append(day)
        day += timedelta(days=1)
    return found


def submission_times(ticks: I64, calendar: Calendar, times: str, seed: int) -> I64:
    """Microseconds of the day at which payments of these ticks of the day are submitted."""
    start = calendar.time_of(ticks)
    if times == "start":
        return start
    length = calendar.time_of(ticks + 1) - start
    found: I64 = start + np.random.default_rng([seed, 1]).integers(0, length)
    return found


def with_ample_liquidity(config: ScenarioConfig) -> ScenarioConfig:
    """The scenario with the same arrivals, in which everything settles at once and nothing costs."""
    banks = [
        {
            "id": bank.id,
            "opening_balance": AMPLE_CENTS,
            "policy": FifoPolicy(),
            "arrivals": bank.arrivals,
            "arrival_bands": bank.arrival_bands,
        }
        for bank in config.banks
    ]
    return ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": config.name,
            "rules": config.rules,
            "simulation": config.simulation,
            "banks": banks,
            "lsm": {"algorithms": []},
            "switches": {"deadline_cap_at_eod": config.switches.deadline_cap_at_eod},
            "events": config.events,
        }
    )


def draw_arrivals(config: ScenarioConfig, days: int, seed: int) -> Arrivals:
    """The payments that arrive in the banks' queues, for a number of days."""
    scenario = compile_scenario(with_ample_liquidity(config))
    per_day, per_run = config.simulation.ticks_per_day, config.simulation.num_days
    pieces: list[list[I64]] = []
    for day in range(days):
        if day % per_run == 0:
            engine = Engine(scenario, seed + day // per_run, events=False)
        for tick in range(per_day):
            engine.open_tick()
            pieces.append(_arrived(engine, day, tick))
            engine.close_tick()
    return Arrivals(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


def _arrived(engine: Engine, day: int, tick: int) -> list[I64]:
    """Columns of ``Arrivals`` for the payments of the tick that has just been opened."""
    state = engine.state
    now = int(state.tick[0])
    rows = np.flatnonzero((state.pay_place == Place.QUEUE1) & (state.pay_arrival_tick == now))
    rows = rows[np.argsort(state.pay_id[rows], kind="stable")]
    return [
        np.full(len(rows), day),
        np.full(len(rows), tick),
        state.pay_sender[rows],
        state.pay_receiver[rows],
        state.pay_amount_cents[rows],
        state.pay_deadline_tick[rows] - (now - tick),
        state.pay_original_priority[rows],
        state.pay_is_divisible[rows],
    ]
