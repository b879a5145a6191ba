"""A bank's day in figures, added up from the event log alone."""

from __future__ import annotations

from typing import Final

import numpy as np

from simcash_env.schema.arrays import I64, LOG_COLUMNS
from simcash_env.schema.codes import NUM_COSTS, CostKind, EventKind, ScheduledKind

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
        self._figures = np.zeros((len(METRICS), len(self._balances)), np.int64)

    def add(self, rows: I64) -> None:
        """Take in (events, 8) log rows of whole ticks, all of the day under way."""
        if not len(rows):
            return
        kinds = rows[:, KIND]
        moving = rows[np.isin(kinds, SETTLEMENTS)]
        self._count("settled", moving, BANK)
        self._count("received", moving, COUNTERPARTY)
        self._count("arrived", rows[kinds == EventKind.ARRIVAL], BANK)
        self._count("dropped", rows[np.isin(kinds, DROPPED)], BANK)
        overdue = rows[kinds == EventKind.TRANSACTION_WENT_OVERDUE]
        np.add.at(self._row("overdue_count"), overdue[:, BANK], 1)
        charged = rows[kinds == EventKind.COST_ACCRUAL]
        first = METRICS.index(COST_METRICS[0])
        np.add.at(self._figures, (first + charged[:, VALUE], charged[:, BANK]), charged[:, CENTS])
        interest, paid = rows[kinds == EventKind.INTEREST_ACCRUED], self._row("interest_cost_cents")
        np.add.at(paid, interest[:, BANK], interest[:, CENTS])
        np.subtract.at(paid, interest[:, COUNTERPARTY], interest[:, CENTS])
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
        found = self._figures.copy()
        for name, values in (
            ("opening_balance_cents", self._opening),
            ("closing_balance_cents", self._balances),
            ("lowest_balance_cents", self._balances if self._lowest is None else self._lowest),
            ("highest_balance_cents", self._balances if self._highest is None else self._highest),
            ("queued_cents", self._queued_now()),
        ):
            found[METRICS.index(name)] = values
        first = METRICS.index(COST_METRICS[0])
        found[METRICS.index("total_cost_cents")] = found[first : first + NUM_COSTS + 1].sum(axis=0)  # and interest
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
        found: I64 = self._figures[METRICS.index(name)]
        return found

    def _count(self, name: str, rows: I64, column: int) -> None:
        np.add.at(self._row(f"{name}_count"), rows[:, column], 1)
        np.add.at(self._row(f"{name}_cents"), rows[:, column], rows[:, CENTS])


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
