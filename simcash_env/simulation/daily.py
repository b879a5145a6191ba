"""A bank's day in figures, added up from the event log alone."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.schema.arrays import I64, LOG_COLUMNS
from simcash_env.schema.codes import CostKind, EventKind, ScheduledKind

COST_METRICS: Final = tuple(f"{kind.name.lower()}_cost_cents" for kind in CostKind)
METRICS: Final = (
    "opening_balance_cents",  # before the day's first tick
    "closing_balance_cents",  # after its last tick, or the last one so far
    "lowest_balance_cents",  # at the end of any of its ticks
    "highest_balance_cents",
    "arrived_count",  # payments to be paid by the bank; parts of a split are no arrivals
    "arrived_cents",
    "settled_count",  # payments that the bank paid; a split one counts as its parts
    "settled_cents",
    "received_count",
    "received_cents",
    "dropped_count",
    "dropped_cents",
    "overdue_count",  # payments that went overdue
    "queued_cents",  # in both queues after the last tick
    *COST_METRICS,
    "interest_cost_cents",  # of loans in the market, as they fall due; negative where a bank lent
    "total_cost_cents",
)
"""Figures of one bank on one day."""

FLOWS: Final = (
    *METRICS[METRICS.index("arrived_count") : METRICS.index("queued_cents")],
    *COST_METRICS,
    "interest_cost_cents",
)
"""Those that add up over time, in any period."""

SETTLEMENTS: Final = (
    int(EventKind.RTGS_IMMEDIATE_SETTLEMENT),
    int(EventKind.QUEUE2_LIQUIDITY_RELEASE),
    int(EventKind.LSM_PAYMENT_SETTLED),
)
"""Events that each move one payment's cents."""

LOANS: Final = (int(EventKind.MARKET_TRADE), int(EventKind.LOAN_REPAID))
"""Events that move a loan's cents: to the borrower, and back with interest."""

DROPPED: Final = (int(EventKind.POLICY_DROP), int(EventKind.TRANSACTION_EXPIRED))

BLOCK_TICKS: Final = 256
"""Balances are computed for this number of ticks at a time, so that memory does not grow with the day."""

TICK, KIND, BANK, COUNTERPARTY, PAY_ID, CENTS, VALUE = (LOG_COLUMNS.index(name) for name in LOG_COLUMNS[:7])


class DayBook:
    """The day that is under way, of all banks.

    Args:
        balances: (banks,) cents at the start.
        queued: (banks,) cents in both queues at the start.
        ticks_per_day: length of a day.
    """

    def __init__(self, balances: I64, queued: I64, ticks_per_day: int) -> None:
        self._balances, self._queued = balances.copy(), queued.copy()
        self._ticks_per_day = ticks_per_day
        self._begin()

    def _begin(self) -> None:
        self._opening = self._balances.copy()
        self._lowest: I64 | None = None
        self._highest: I64 | None = None
        self._flows = np.zeros((len(FLOWS), len(self._balances)), np.int64)

    def add(self, rows: I64) -> None:
        """Take in (events, 8) log rows of whole ticks, all of the day under way."""
        if not len(rows):
            return
        kinds = rows[:, KIND]
        moving = rows[np.isin(kinds, SETTLEMENTS)]
        add_flows(self._flows[:, None], rows, np.zeros(len(rows), np.int64))
        self._follow_balances(rows, np.concatenate([moving, rows[np.isin(kinds, LOANS)], _transfers(rows)]))

    def _follow_balances(self, rows: I64, moving: I64) -> None:
        """Book what moved, and look at the balances at the end of every tick."""
        kinds = rows[:, KIND]
        ticks = np.unique(rows[:, TICK])
        if self._lowest is None and ticks[0] % self._ticks_per_day != 0:
            self._look(self._balances[None])  # nothing happened in the day's first tick
        for block in range(0, len(ticks), BLOCK_TICKS):
            own = ticks[block : block + BLOCK_TICKS]
            moved = np.zeros((len(own), len(self._balances)), np.int64)
            for part, column, sign in (
                (moving, BANK, -1),
                (moving, COUNTERPARTY, 1),
                (rows[kinds == EventKind.LIQUIDITY_ALLOCATION], BANK, 1),
                (rows[kinds == EventKind.LIQUIDITY_RETURN], BANK, -1),
            ):
                inside = part[(part[:, TICK] >= own[0]) & (part[:, TICK] <= own[-1])]
                at = np.searchsorted(own, inside[:, TICK])
                np.add.at(moved, (at, inside[:, column]), sign * inside[:, CENTS])
            balances = self._balances + np.cumsum(moved, axis=0)
            self._look(balances)
            self._balances = balances[-1].copy()

    def _look(self, balances: I64) -> None:
        low, high = balances.min(axis=0), balances.max(axis=0)
        self._lowest = low if self._lowest is None else np.minimum(self._lowest, low)
        self._highest = high if self._highest is None else np.maximum(self._highest, high)

    def figures(self) -> I64:
        """(banks, metrics) of the day under way, up to the last tick that was added."""
        found = np.zeros((len(METRICS), len(self._balances)), np.int64)
        for name, values in zip(FLOWS, self._flows, strict=True):
            found[METRICS.index(name)] = values
        for name, values in (
            ("opening_balance_cents", self._opening),
            ("closing_balance_cents", self._balances),
            ("lowest_balance_cents", self._balances if self._lowest is None else self._lowest),
            ("highest_balance_cents", self._balances if self._highest is None else self._highest),
            ("queued_cents", self._queued_now()),
        ):
            found[METRICS.index(name)] = values
        found[METRICS.index("total_cost_cents")] = total_cost(self._flows)
        return np.ascontiguousarray(found.T)

    def close(self) -> I64:
        """The figures of the day, which is over; the next one begins."""
        found = self.figures()
        self._queued = self._queued_now()
        self._begin()
        return found

    def _queued_now(self) -> I64:
        value = self._row
        found: I64 = self._queued + value("arrived_cents") - value("settled_cents") - value("dropped_cents")
        return found

    def _row(self, name: str) -> I64:
        found: I64 = self._flows[FLOWS.index(name)]
        return found


def add_flows(flows: I64, rows: I64, bucket: I64) -> None:
    """Add events to sums by period.

    Args:
        flows: (``FLOWS``, periods, banks), written.
        rows: (events, 8) log rows.
        bucket: (events,) period of each.
    """

    def add(name: str, chosen: npt.NDArray[np.bool_], column: int, figure: I64 | int = 1) -> None:
        np.add.at(flows[FLOWS.index(name)], (bucket[chosen], rows[chosen, column]), figure)

    kinds, cents = rows[:, KIND], rows[:, CENTS]
    settled = np.isin(kinds, SETTLEMENTS)
    for name, chosen, column in (
        ("arrived", kinds == EventKind.ARRIVAL, BANK),
        ("settled", settled, BANK),
        ("received", settled, COUNTERPARTY),
        ("dropped", np.isin(kinds, DROPPED), BANK),
    ):
        add(f"{name}_count", chosen, column)
        add(f"{name}_cents", chosen, column, cents[chosen])
    add("overdue_count", kinds == EventKind.TRANSACTION_WENT_OVERDUE, BANK)
    charged = kinds == EventKind.COST_ACCRUAL
    for kind, name in enumerate(COST_METRICS):
        chosen = charged & (rows[:, VALUE] == kind)
        add(name, chosen, BANK, cents[chosen])
    interest = kinds == EventKind.INTEREST_ACCRUED
    add("interest_cost_cents", interest, BANK, cents[interest])
    add("interest_cost_cents", interest, COUNTERPARTY, -cents[interest])


def total_cost(flows: I64) -> I64:
    """Costs of all kinds and interest, from sums of ``FLOWS``."""
    found: I64 = flows[FLOWS.index(COST_METRICS[0]) :].sum(axis=0)
    return found


def _transfers(rows: I64) -> I64:
    """Scenario events that moved money at once: transfers, and settlements on a fixed date that were funded."""
    is_event = rows[:, KIND] == EventKind.SCENARIO_EVENT_EXECUTED
    moves = is_event & (rows[:, VALUE] == ScheduledKind.DIRECT_TRANSFER)
    dated = is_event & (rows[:, VALUE] == ScheduledKind.SCHEDULED_SETTLEMENT)
    if dated.any():  # one that was not funded arrives and joins Queue 2 in the next two rows
        padded = np.concatenate([rows[:, [KIND, PAY_ID]], np.full((2, 2), -1)])
        arrives = padded[1:-1, 0] == EventKind.ARRIVAL
        queues = (padded[2:, 0] == EventKind.QUEUED_RTGS) & (padded[2:, 1] == padded[1:-1, 1])
        moves |= dated & ~(arrives & queues)
    found: I64 = rows[moves]
    return found
