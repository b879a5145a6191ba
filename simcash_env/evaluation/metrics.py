"""Figures of one run that a table shows next to its cost. ``docs/benchmark.md`` has every formula and source."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.evaluation.bcbs248 import Monitoring, hours_of, monitor
from simcash_env.evaluation.run_columns import MECHANISMS, RunRecord
from simcash_env.evaluation.throughput import (
    dropped_by_payment,
    due_by_payment,
    settled_by_payment,
    share,
    throughput_at,
)
from simcash_env.market.statistics import vwap_percent
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import COST_COLUMNS

F64 = npt.NDArray[np.float64]

GUIDELINE: Final = {"throughput_1200": 12.0, "throughput_1430": 14.5}
"""Hours at which CHAPS asks for 50 % and 75 % of the value that is due in the day."""


@dataclass(frozen=True)
class Metrics:
    """One run. Money in cents, time in ticks, shares from 0 to 1; None where there is nothing to take a share of.

    Attributes:
        delay_indicator: 0 where all settles at once, 1 where nothing settles before the day's last tick.
        liquidity_used: sum of the banks' largest net debits, mean over days.
        liquidity_position: 0 at the lower bound, 1 at the upper one, of what a day's payments need.
        throughput_1200: share of the value due in a day that had settled by noon, mean over days; due is what arrives
            in the day and what waited when it began.
        throughput_1430: the same by 14:30.
        throughput_by_hour: the same by each full hour, such as ``07:00``, and by the close of the day.
        unsettled_value: cents that arrived and had not settled when the run ended, dropped ones included.
        gini: of the banks' relative liquidity provision.
        gridlocks: spells in which payments wait and nothing settles although some set of them could.
        market_volume: cents lent in the market.
        market_vwap: volume-weighted mean rate of the loans, per cent; None without a loan.
        deadlocks: such spells in which no set of them could.
    """

    total_cost: int
    cost_by_kind: dict[str, int]
    cost_by_bank: dict[str, int]
    settled_share_value: float | None
    settled_share_count: float | None
    delay_indicator: float | None
    value_weighted_delay: float | None
    throughput_1200: float | None
    throughput_1430: float | None
    throughput_by_hour: dict[str, float | None]
    unsettled_value: int
    peak_net_debit_by_bank: dict[str, float]
    liquidity_used: float
    liquidity_upper: float
    liquidity_lower: float
    liquidity_position: float | None
    turnover: float | None
    provision_by_bank: dict[str, float]
    gini: float | None
    gridlocks: int
    deadlocks: int
    stalled_ticks: int
    value_by_mechanism: dict[str, int]
    deadline_misses: int
    deadline_misses_value: int
    dropped_value: int
    market_volume: int
    market_vwap: float | None
    monitoring: dict[str, Monitoring]

    def as_dict(self) -> dict[str, Any]:
        """Plain Python, ready for JSON."""
        return asdict(self)


def metrics_of(record: RunRecord) -> Metrics:
    """All figures of a run."""
    banks = record.bank_ids
    flows = net_flows(record)
    peaks = peak_debits(flows)
    used, upper = float(peaks.sum(axis=1).mean()), float(peak_debits(ideal_flows(record)).sum(axis=1).mean())
    lower = float(np.maximum(-ideal_flows(record).sum(axis=1), 0).sum(axis=1).mean())
    settled = int(record.settled.cents.sum())
    provision = relative_provision(record, peaks)
    starts = spells(record.stalls.is_stalled)
    gridlocks = int(record.stalls.is_gridlock[starts].sum())
    done = settled_by_payment(record)
    late = is_late(record)
    return Metrics(
        total_cost=int(record.costs.sum()),
        cost_by_kind=dict(zip(COST_COLUMNS, record.costs.sum(axis=0).tolist(), strict=False)),
        cost_by_bank=dict(zip(banks, record.costs.sum(axis=1).tolist(), strict=True)),
        settled_share_value=share(settled, record.payments.cents.sum()),
        settled_share_count=share((done == record.payments.cents).sum(), len(done)),
        delay_indicator=delay_indicator(record),
        value_weighted_delay=value_weighted_delay(record),
        **{name: throughput_at(record, hour) for name, hour in GUIDELINE.items()},
        throughput_by_hour={f"{hour:02}:00": throughput_at(record, hour) for hour in hours_of(record.hours)},
        unsettled_value=int(record.payments.cents.sum()) - settled,
        peak_net_debit_by_bank=dict(zip(banks, peaks.mean(axis=0).tolist(), strict=True)),
        liquidity_used=used,
        liquidity_upper=upper,
        liquidity_lower=lower,
        liquidity_position=share(used - lower, upper - lower),
        turnover=share(settled / record.num_days, used),
        provision_by_bank=provision,
        gini=gini(np.array(list(provision.values()))),
        gridlocks=gridlocks,
        deadlocks=len(starts) - gridlocks,
        stalled_ticks=int(record.stalls.is_stalled.sum()),
        value_by_mechanism={
            name: int(record.settled.cents[record.settled.mechanism == place].sum())
            for place, name in enumerate(MECHANISMS)
        },
        deadline_misses=int(late.sum()),
        deadline_misses_value=int(record.payments.cents[late].sum()),
        dropped_value=int(record.dropped.cents.sum()),
        market_volume=int(record.trades[:, 0].sum()),
        market_vwap=vwap_percent(record.trades.tolist()),
        monitoring={bank: monitor(record, number) for number, bank in enumerate(banks)},
    )


# -- time -------------------------------------------------------------------------------------------------------------


def delay_indicator(record: RunRecord) -> float | None:
    """Value that waits, summed over ticks, over what it would be if all waited until the day's last tick.

    What is carried into a day counts from its first tick; what arrives in a day's last tick cannot wait and is left
    out.
    """
    queued = denominator = 0.0
    per_day = record.ticks_per_day
    payments = record.payments
    for day in range(record.num_days):
        first, last = day * per_day, (day + 1) * per_day - 1
        open_cents = due_by_payment(record, day)
        since = np.maximum(payments.arrival_tick, first)
        denominator += float((open_cents * (last - since))[open_cents > 0].sum())
        waited = float((open_cents * (last - since))[open_cents > 0].sum())
        for moves in (record.settled, record.dropped):
            of_day = (moves.tick >= first) & (moves.tick <= last)
            waited -= float((moves.cents[of_day] * (last - moves.tick[of_day])).sum())
        queued += waited
    return share(queued, denominator)


def value_weighted_delay(record: RunRecord) -> float | None:
    """Ticks from arrival to settlement, weighted by cents, of what settled."""
    moves = record.settled
    waited = moves.tick - record.payments.arrival_tick[moves.payment]
    return share(float((waited * moves.cents).sum()), float(moves.cents.sum()))


def is_late(record: RunRecord) -> npt.NDArray[np.bool_]:
    """(payments,) True if any part settled after the deadline, or was open past it when the run ended."""
    deadline = record.payments.deadline_tick
    late = np.zeros(len(deadline), bool)
    moves = record.settled
    late[moves.payment[moves.tick > deadline[moves.payment]]] = True
    left = record.payments.cents - settled_by_payment(record) - dropped_by_payment(record)
    return late | ((left > 0) & (deadline < record.num_ticks - 1))


# -- liquidity --------------------------------------------------------------------------------------------------------


def net_flows(record: RunRecord) -> I64:
    """(days, ticks, banks) received less paid in each tick, settled payments only."""
    moves, payments = record.settled, record.payments
    return _flows(record, moves.tick, payments.sender[moves.payment], payments.receiver[moves.payment], moves.cents)


def ideal_flows(record: RunRecord) -> I64:
    """The same if every payment settled in the tick in which it arrives."""
    payments = record.payments
    return _flows(record, payments.arrival_tick, payments.sender, payments.receiver, payments.cents)


def _flows(record: RunRecord, tick: I64, sender: I64, receiver: I64, cents: I64) -> I64:
    flows = np.zeros((record.num_ticks, len(record.bank_ids)), np.int64)
    np.add.at(flows, (tick, sender), -cents)
    np.add.at(flows, (tick, receiver), cents)
    return flows.reshape(record.num_days, record.ticks_per_day, -1)


def peak_debits(flows: I64) -> I64:
    """(days, banks) the most that a bank had paid more than received since its day began, after any tick."""
    peaks: I64 = np.maximum(-np.cumsum(flows, axis=1), 0).max(axis=1)
    return peaks


def relative_provision(record: RunRecord, peaks: I64) -> dict[str, float]:
    """A bank's share of the liquidity used over its share of the value sent; banks that send nothing are left out."""
    sent = np.bincount(
        record.payments.sender[record.settled.payment], record.settled.cents, minlength=len(record.bank_ids)
    )
    provided = peaks.sum(axis=0)
    if not provided.sum():
        return {}
    shares = {
        bank: (provided[row] / provided.sum(), sent[row] / sent.sum()) for row, bank in enumerate(record.bank_ids)
    }
    return {bank: float(given / used) for bank, (given, used) in shares.items() if used > 0}


def gini(values: F64) -> float | None:
    """Gini coefficient: 0 where all are equal, towards 1 where one has all."""
    if not len(values) or not values.sum():
        return None
    ordered = np.sort(values)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum()))


def spells(is_on: npt.NDArray[np.bool_]) -> I64:
    """Ticks at which a spell begins."""
    before = np.concatenate([[False], is_on[:-1]])
    return np.flatnonzero(is_on & ~before).astype(np.int64)
