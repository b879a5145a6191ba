"""The monitoring tools of BCBS 248 that apply to a bank in a payment system (Basel Committee, April 2013)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.config.clock import Clock
from simcash_env.evaluation.run_columns import RunRecord
from simcash_env.evaluation.throughput import throughput_at
from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]

PEAKS: Final = 3


@dataclass(frozen=True)
class Position:
    """A bank's cumulative net position over a day: its largest net debit and net credit, in cents."""

    largest_usage: int
    usage_at: float | None
    largest_positive: int
    sent: int
    received: int


@dataclass(frozen=True)
class Monitoring:
    """One bank's reports over a run; money in cents.

    Attributes:
        largest_usages: the three largest daily maximum usages of intraday liquidity, largest first (tool A(i)).
        mean_usage: their mean over all days.
        largest_positives: the three largest net cumulative positions.
        start_liquidity: available at the start of each day (A(ii)).
        sent: value of payments made (A(iii)).
        unsettled: value that the bank had to pay and had not paid when the run ended, dropped payments included.
        received: value of payments received.
        timed_count: payments due before their day's close (A(iv)), with their value, and those missed.
        hourly_throughput: share of the value of a day's payments made that was made by each hour, mean over the days
            with any (C(i)). The denominator of that tool is what the bank made, so it ends at 1; see ``unsettled``.
        hourly_throughput_due: share of the value that a bank had to pay in a day that it had paid by each hour, mean
            over the days with any; below 1 at the close if some stays unsettled.
    """

    largest_usages: tuple[int, ...]
    mean_usage: float
    largest_positives: tuple[int, ...]
    start_liquidity: tuple[int, ...]
    sent: int
    received: int
    unsettled: int
    timed_count: int
    timed_value: int
    timed_missed_count: int
    timed_missed_value: int
    hourly_throughput: tuple[float, ...]
    hourly_throughput_due: tuple[float | None, ...]


def hours_of(clock: Clock) -> range:
    """Full hours at which throughput is reported: the end of each hour in which it is open."""
    return range(clock.first_hour + 1, clock.first_hour + clock.num_hours + 1)


def position(received: Sequence[tuple[float, int]], made: Sequence[tuple[float, int]]) -> Position:
    """From payments as (time, cents): the net cumulative position after every moment with a payment.

    What falls into one moment is netted.
    """
    times = np.array([time for time, _ in (*received, *made)], float)
    cents = np.array([amount for _, amount in received] + [-amount for _, amount in made], np.int64)
    moments, place = np.unique(times, return_inverse=True)
    steps = np.zeros(len(moments), np.int64)
    np.add.at(steps, place, cents)
    path = np.cumsum(steps)
    lowest = int(path.min(initial=0))
    return Position(
        largest_usage=-lowest,
        usage_at=float(moments[path.argmin()]) if lowest < 0 else None,
        largest_positive=int(path.max(initial=0)),
        sent=sum(amount for _, amount in made),
        received=sum(amount for _, amount in received),
    )


def throughput(made: Sequence[tuple[float, int]], times: Sequence[float]) -> tuple[float, ...]:
    """Share of the outgoing value made that was made by each time; 0 throughout where nothing was (BCBS 248, C(i))."""
    paid = np.array([time for time, _ in made], float)
    cents = np.array([amount for _, amount in made], float)
    whole = cents.sum()
    return tuple(float(cents[paid <= time].sum() / whole) if whole else 0.0 for time in times)


def monitor(record: RunRecord, bank: int) -> Monitoring:
    """One bank's reports over a run; the clock is the tick of the day."""
    usages, positives, hourly = [], [], []
    sent = received = 0
    moves, payments, per_day = record.settled, record.payments, record.ticks_per_day
    out, back = payments.sender[moves.payment] == bank, payments.receiver[moves.payment] == bank
    hours = [record.hours.tick_of_day(hour) - 1 for hour in hours_of(record.hours)]  # ticks that have ended by then
    for day in range(record.num_days):
        of_day = moves.tick // per_day == day
        made, got = _timed(record, of_day & out), _timed(record, of_day & back)
        found = position(got, made)
        usages.append(found.largest_usage)
        positives.append(found.largest_positive)
        sent, received = sent + found.sent, received + found.received
        if made:
            hourly.append(throughput(made, hours))
    timed, missed = timed_obligations(record, bank)
    mine = payments.sender == bank
    by_due = (throughput_at(record, hour, mine) for hour in hours_of(record.hours))
    return Monitoring(
        largest_usages=tuple(sorted(usages, reverse=True)[:PEAKS]),
        mean_usage=float(np.mean(usages)),
        largest_positives=tuple(sorted(positives, reverse=True)[:PEAKS]),
        start_liquidity=tuple(record.start_liquidity[:, bank].tolist()),
        sent=sent,
        received=received,
        unsettled=int(payments.cents[payments.sender == bank].sum()) - sent,
        timed_count=int(timed.sum()),
        timed_value=int(payments.cents[timed].sum()),
        timed_missed_count=int(missed.sum()),
        timed_missed_value=int(payments.cents[missed].sum()),
        hourly_throughput=tuple(np.mean(hourly, axis=0).tolist()) if hourly else (0.0,) * len(hours),
        hourly_throughput_due=tuple(by_due),
    )


def _timed(record: RunRecord, chosen: npt.NDArray[np.bool_]) -> list[tuple[float, int]]:
    ticks = record.settled.tick[chosen] % record.ticks_per_day
    return list(zip(ticks.astype(float).tolist(), record.settled.cents[chosen].tolist(), strict=True))


def timed_obligations(record: RunRecord, bank: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """(payments,) of a bank that are due before the close of the day on which they arrive; those not paid in time."""
    payments, per_day = record.payments, record.ticks_per_day
    close = (payments.arrival_tick // per_day + 1) * per_day - 1
    timed = (payments.sender == bank) & (payments.deadline_tick < close)
    moves = record.settled
    in_time = moves.tick <= payments.deadline_tick[moves.payment]
    paid: I64 = np.zeros(len(payments.cents), np.int64)
    np.add.at(paid, moves.payment[in_time], moves.cents[in_time])
    return timed, timed & (paid < payments.cents)
