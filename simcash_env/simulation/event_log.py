"""The event log of a run: what happened, in order, as columns and as readable rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple, overload

import numpy as np

from simcash_env.schema.arrays import I64, LOG_COLUMNS, LOG_WORDS
from simcash_env.schema.codes import NONE, CostKind, EventKind, LsmAlgorithm, OrderRefusal, RtgsPriority, ScheduledKind

DIGITS_OF_INT64: Final = 19

VALUE_NAMES: Final[dict[EventKind, tuple[str | None, str | None]]] = {
    EventKind.ARRIVAL: ("deadline_tick", "priority"),
    EventKind.POLICY_SUBMIT: ("rtgs_priority", None),
    EventKind.POLICY_SPLIT: ("parts", "first_child"),
    EventKind.PRIORITY_ESCALATED: ("old_priority", "new_priority"),
    EventKind.QUEUE2_LIQUIDITY_RELEASE: ("waited_ticks", None),
    EventKind.LSM_BILATERAL_OFFSET: ("cents_there", "cents_back"),
    EventKind.LSM_CYCLE_SETTLEMENT: ("length", None),
    EventKind.COST_ACCRUAL: ("cost", None),
    EventKind.SCENARIO_EVENT_EXECUTED: ("event_type", "event_number"),
    EventKind.ALGORITHM_EXECUTION: ("algorithm", "settled"),
    EventKind.END_OF_DAY: ("queued", None),
    EventKind.ENTRY_DISPOSITION_OFFSET: ("queued", "queued_cents"),
    EventKind.LSM_PREFIX_SETTLEMENT: ("settled", None),
    EventKind.COLLATERAL_POST: ("requested_cents", "posted_cents"),
    EventKind.COLLATERAL_WITHDRAW: ("requested_cents", "posted_cents"),
    EventKind.COLLATERAL_TIMER_WITHDRAWN: ("requested_cents", "posted_cents"),
    EventKind.COLLATERAL_TIMER_BLOCKED: ("requested_cents", "posted_cents"),
    EventKind.TREE_DECISION: ("path", None),
    EventKind.TRANSACTION_REPRIORITIZED: ("old_priority", "new_priority"),
    EventKind.RTGS_RESUBMISSION: ("rtgs_priority", None),
    EventKind.BANK_BUDGET_SET: ("max_per_counterparty", None),
    EventKind.STATE_REGISTER_SET: ("register", "millionths"),
    EventKind.MARKET_BID: ("order", "rate"),
    EventKind.MARKET_ASK: ("order", "rate"),
    EventKind.MARKET_ORDER_REFUSED: ("refusal", "rate"),
    EventKind.MARKET_ORDER_CANCELLED: ("order", "rate"),
    EventKind.MARKET_ORDER_EXPIRED: ("order", "rate"),
    EventKind.MARKET_TRADE: ("loan", "rate"),
    EventKind.LOAN_REPAID: ("loan", "interest_cents"),
    EventKind.LOAN_WENT_OVERDUE: ("loan", "rate"),
    EventKind.INTEREST_ACCRUED: ("loan", None),
    EventKind.RECORDED_DAY: ("date", None),
    EventKind.SUB_LIMIT_SET: ("old_cents", None),
    EventKind.SEND_LIMIT_SET: ("old_cents", None),
}
"""What the two values of an event's own mean, by kind."""

CODED_VALUES: Final[dict[str, type[IntEnum]]] = {
    "cost": CostKind,
    "event_type": ScheduledKind,
    "algorithm": LsmAlgorithm,
    "rtgs_priority": RtgsPriority,
    "refusal": OrderRefusal,
}
"""Values that are codes, and what they are codes of."""


@dataclass(frozen=True)
class Event:
    """One event; what a kind has no use for is None."""

    tick: int
    kind: str
    bank: str | None
    counterparty: str | None
    tx: str | None
    amount: int | None
    details: dict[str, int | str]

    def as_dict(self) -> dict[str, int | str]:
        """Flat and JSON-ready, without what is None."""
        flat: dict[str, int | str | None] = {"tick": self.tick, "kind": self.kind, "bank": self.bank}
        flat |= {"counterparty": self.counterparty, "tx": self.tx, "amount": self.amount, **self.details}
        return {name: value for name, value in flat.items() if value is not None}


def tx_name(number: int) -> str:
    """``tx_00000001`` for the first payment of a run."""
    return f"tx_{number:08d}"


def tx_number(tx: object) -> int | None:
    """The number of a payment's id, as ``tx_name`` writes it; None of anything else."""
    digits = tx[3:] if isinstance(tx, str) and tx.startswith("tx_") else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) < DIGITS_OF_INT64):
        return None
    return int(digits) if tx_name(int(digits)) == tx else None


class TreeNames(NamedTuple):
    """What the numbers of tree decisions stand for: node ids from root to leaf, and each bank's registers."""

    paths: tuple[str, ...] = ()
    registers: tuple[tuple[str, ...], ...] = ()


NO_TREES: Final = TreeNames()


class Events(Sequence[Event]):
    """Events in order: a sequence of rows over one (events, 8) int64 array, ``arrays.LOG_COLUMNS``."""

    def __init__(self, rows: I64, bank_ids: Sequence[str], trees: TreeNames = NO_TREES) -> None:
        self.rows = rows
        self._bank_ids = bank_ids
        self._trees = trees

    @staticmethod
    def joined(parts: Sequence[I64], bank_ids: Sequence[str], trees: TreeNames = NO_TREES) -> Events:
        """Several logs, concatenated."""
        empty = np.zeros((0, LOG_WORDS), np.int64)
        return Events(np.concatenate([empty, *parts]), bank_ids, trees)

    def column(self, name: str) -> I64:
        """One column of ``arrays.LOG_COLUMNS``; kinds are ``codes.EventKind``, absent values -1."""
        column: I64 = self.rows[:, LOG_COLUMNS.index(name)]
        return column

    def with_rows(self, rows: I64) -> Events:
        """Other rows of the same run."""
        return Events(rows, self._bank_ids, self._trees)

    def of_kind(self, *kinds: EventKind) -> Events:
        """Only the events of these kinds."""
        return Events(
            self.rows[np.isin(self.column("kind"), [int(kind) for kind in kinds])], self._bank_ids, self._trees
        )

    def counts(self) -> dict[str, int]:
        """How many events of each kind there are."""
        return dict(Counter(EventKind(kind).label for kind in self.column("kind").tolist()))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Event]:
        return map(self._event, self.rows.tolist())

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Events: ...

    def __getitem__(self, index: int | slice) -> Event | Events:
        if isinstance(index, slice):
            return Events(self.rows[index], self._bank_ids, self._trees)
        return self._event(self.rows[index].tolist())

    def _event(self, row: list[int]) -> Event:
        tick, code, bank, counterparty, pay_id, cents, *values = row
        kind = EventKind(code)
        details: dict[str, int | str] = {}
        for name, value in zip(VALUE_NAMES.get(kind, (None, None)), values, strict=True):
            if name == "first_child":
                details[name] = tx_name(value)
            elif name == "path":
                details[name] = self._trees.paths[value]
            elif name == "register":
                details[name] = self._trees.registers[bank][value]
            elif name == "date":
                details[name] = f"{value // 10_000:04}-{value // 100 % 100:02}-{value % 100:02}"
            elif name is not None:
                details[name] = CODED_VALUES[name](value).name.lower() if name in CODED_VALUES else value
        return Event(
            tick,
            kind.label,
            None if bank == NONE else self._bank_ids[bank],
            None if counterparty == NONE else self._bank_ids[counterparty],
            None if pay_id == NONE else tx_name(pay_id),
            None if cents == NONE else cents,
            details,
        )
