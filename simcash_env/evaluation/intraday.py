"""Metrics of a run after each of its ticks; after its last tick they equal those of ``metrics.metrics_of``."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]


class Flows(NamedTuple):
    """What moved in each of T ticks, in cents.

    Attributes:
        arrived: (T,) payments that arrived.
        settled: (T,) payments that settled.
        dropped: (T,) payments that were dropped.
        net: (T, banks) received less paid.
        ideal_net: (T, banks) the same if every payment settled in the tick in which it arrives.
    """

    arrived: I64
    settled: I64
    dropped: I64
    net: I64
    ideal_net: I64


class Intraday(NamedTuple):
    """Figures after each of T ticks; of the day so far where they say so.

    Attributes:
        due: (T,) cents due in the day so far: what has arrived in it, and what waited when it began.
        paid: (T,) cents settled in the day so far.
        delay_indicator: (T,) of the run so far; NaN as long as nothing could have waited.
        position: (T, banks) net position of the day so far.
        liquidity_used: (T,) sum of the banks' largest net debits of the day so far.
        liquidity_lower: (T,) what the day's payments so far need at least.
        liquidity_upper: (T,) what they need if each settles in the tick in which it arrives.
    """

    due: I64
    paid: I64
    delay_indicator: F64
    position: I64
    liquidity_used: I64
    liquidity_lower: I64
    liquidity_upper: I64


def intraday(flows: Flows, ticks_per_day: int) -> Intraday:
    """The figures of a run from its first tick on; the last day may be incomplete."""
    num_ticks = len(flows.arrived)
    position, ideal = np.zeros_like(flows.net), np.zeros_like(flows.net)
    carried, paid, arrived = (np.zeros(num_ticks, np.int64) for _ in range(3))
    waiting = np.cumsum(flows.arrived - flows.settled - flows.dropped)
    used, lower, upper = (np.zeros(num_ticks, np.int64) for _ in range(3))
    for first in range(0, num_ticks, ticks_per_day):
        day = slice(first, first + ticks_per_day)
        carried[day] = waiting[first - 1] if first else 0
        arrived[day], paid[day] = np.cumsum(flows.arrived[day]), np.cumsum(flows.settled[day])
        position[day], ideal[day] = np.cumsum(flows.net[day], axis=0), np.cumsum(flows.ideal_net[day], axis=0)
        used[day], upper[day] = _peaks(position[day]), _peaks(ideal[day])
        lower[day] = np.maximum(-ideal[day], 0).sum(axis=1)
    due = carried + arrived
    can_wait = np.arange(num_ticks) % ticks_per_day < ticks_per_day - 1  # at the close nothing can wait any longer
    waited, longest = np.cumsum(waiting * can_wait, dtype=np.float64), np.cumsum(due * can_wait, dtype=np.float64)
    share = np.divide(waited, longest, out=np.full(num_ticks, np.nan), where=longest > 0)
    return Intraday(due, paid, share, position, used, lower, upper)


def _peaks(position: I64) -> I64:
    """(T,) sum over banks of the largest net debit up to each tick of a day."""
    peaks: I64 = np.maximum.accumulate(np.maximum(-position, 0), axis=0).sum(axis=1)
    return peaks
