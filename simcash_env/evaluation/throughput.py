"""Value that is due, settled and dropped, by payment, and throughput: settled value over the value due in a day."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simcash_env.evaluation.run_columns import RunRecord
from simcash_env.schema.arrays import I64

Truths = npt.NDArray[np.bool_]


def share(part: float, whole: float) -> float | None:
    """``part / whole``, None where there is no whole."""
    return float(part) / float(whole) if whole else None


def throughput_at(record: RunRecord, hour: float, chosen: Truths | None = None) -> float | None:
    """Share of the value due in a day that had settled by an hour, mean over the days in which any was due.

    Args:
        record: the run.
        hour: such as 14.5 for 14:30.
        chosen: (payments,) those that count; all by default.
    """
    counts = np.ones(len(record.payments.ids), bool) if chosen is None else chosen
    ticks = record.hours.tick_of_day(hour)
    moves, shares = record.settled, []
    for day in range(record.num_days):
        of_day = moves.tick // record.ticks_per_day == day
        by_then = of_day & (moves.tick % record.ticks_per_day + 1 <= ticks)
        found = share(
            float(moves.cents[by_then & counts[moves.payment]].sum()), float(due_by_payment(record, day)[counts].sum())
        )
        shares += [] if found is None else [found]
    return share(sum(shares), len(shares))


def due_by_payment(record: RunRecord, day: int) -> I64:
    """(payments,) cents due in a day: what arrives in it, and what waited when it began."""
    first, last = day * record.ticks_per_day, (day + 1) * record.ticks_per_day - 1
    gone_before = settled_by_payment(record, until=first - 1) + dropped_by_payment(record, until=first - 1)
    due: I64 = np.where(record.payments.arrival_tick <= last, record.payments.cents - gone_before, 0)
    return due


def settled_by_payment(record: RunRecord, until: int | None = None) -> I64:
    """(payments,) cents settled up to the end of a tick; by default of the run."""
    return _by_payment(record, record.settled.tick, record.settled.payment, record.settled.cents, until)


def dropped_by_payment(record: RunRecord, until: int | None = None) -> I64:
    """(payments,) cents dropped up to the end of a tick; by default of the run."""
    return _by_payment(record, record.dropped.tick, record.dropped.payment, record.dropped.cents, until)


def _by_payment(record: RunRecord, tick: I64, payment: I64, cents: I64, until: int | None) -> I64:
    sums = np.zeros(len(record.payments.ids), np.int64)
    chosen = slice(None) if until is None else tick <= until
    np.add.at(sums, payment[chosen], cents[chosen])
    return sums
