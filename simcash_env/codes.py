"""Every code shared by Python and the kernels; no rule holds a bare number in its place.

Kernels read these as frozen globals, users meet them as names: ``EventKind.ARRIVAL.label`` is ``"Arrival"``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

NONE: Final = -1
"""No row, no bank, no tick, no limit: every field that may be empty uses it."""

PPM: Final = 1_000_000
"""Fractions, haircuts and rates are whole millionths of their unit."""

POOL_LEVELS: Final = 21
"""A learner chooses its share of the liquidity pool on a grid of 0, 5, ... 100 per cent."""


class Phase(IntEnum):
    """Where a copy stands between two calls."""

    CLOSED = 0  # the tick has not begun: nothing has arrived yet
    OPENING = 1  # interrupted for want of payment rows while events and arrivals come in
    DECIDING = 2  # events and arrivals have happened, decisions are awaited
    OVER = 3  # the last tick has been closed


class Status(IntEnum):
    """What a kernel that may need room or refuse returns."""

    OK = 0
    NEEDS_ROOM = 1  # no free payment row: grow the arena and call again, it goes on where it stopped
    MONEY_OVERFLOW = 2  # a sum would leave the range that int64 cents can hold


class Place(IntEnum):
    """Where a payment row is."""

    FREE = 0
    QUEUE1 = 1
    QUEUE2 = 2
    SPLIT = 3  # a parent whose children are under way
    SUBMITTED = 4  # on its way from Queue 1, within a tick only


class Verb(IntEnum):
    """What a bank decides for one payment. Part counts of a split are added to ``SPLIT``: 2 parts are ``SPLIT + 2``."""

    HOLD = 0
    RELEASE = 1
    DROP = 2
    SPLIT = 8


class CostKind(IntEnum):
    """What a bank is charged for; the order of the columns of every cost array."""

    OVERDRAFT = 0
    DELAY = 1
    COLLATERAL = 2
    LIQUIDITY = 3
    DEADLINE_PENALTY = 4
    EOD_PENALTY = 5
    SPLIT_FRICTION = 6
    DROP_PENALTY = 7


NUM_COSTS: Final = len(CostKind)


class AmountKind(IntEnum):
    """Distributions of a random amount."""

    UNIFORM = 0
    NORMAL = 1
    LOGNORMAL = 2
    EXPONENTIAL = 3


class PriorityKind(IntEnum):
    """Distributions of a random priority."""

    FIXED = 0
    UNIFORM = 1
    CATEGORICAL = 2


class RtgsPriority(IntEnum):
    """Priority in the central queue; the lower goes first."""

    HIGHLY_URGENT = 0
    URGENT = 1
    NORMAL = 2


class EscalationCurve(IntEnum):
    """How a priority rises from the first tick of its window to the deadline."""

    LINEAR = 0
    EXPONENTIAL = 1
    STEP = 2


class ScheduledKind(IntEnum):
    """Scenario events."""

    PAYMENT = 0
    DIRECT_TRANSFER = 1
    SCHEDULED_SETTLEMENT = 2
    COLLATERAL_ADJUSTMENT = 3
    CREDIT_LIMIT_CHANGE = 4
    GLOBAL_ARRIVAL_RATE_CHANGE = 5
    ARRIVAL_RATE_CHANGE = 6
    COUNTERPARTY_WEIGHT_CHANGE = 7
    DEADLINE_WINDOW_CHANGE = 8


class LsmAlgorithm(IntEnum):
    """Liquidity-saving algorithms, run in the order that the scenario lists."""

    BILATERAL = 0
    CYCLES = 1
    PREFIX = 2


class EventKind(IntEnum):
    """Rows of the event log."""

    ARRIVAL = 0
    POLICY_SUBMIT = 1
    POLICY_HOLD = 2
    POLICY_DROP = 3
    POLICY_SPLIT = 4
    PRIORITY_ESCALATED = 5
    RTGS_IMMEDIATE_SETTLEMENT = 6
    QUEUED_RTGS = 7
    QUEUE2_LIQUIDITY_RELEASE = 8
    LSM_BILATERAL_OFFSET = 9
    LSM_CYCLE_SETTLEMENT = 10
    LSM_PAYMENT_SETTLED = 11
    BILATERAL_LIMIT_EXCEEDED = 12
    MULTILATERAL_LIMIT_EXCEEDED = 13
    DEFERRED_CREDIT_APPLIED = 14
    COST_ACCRUAL = 15
    TRANSACTION_WENT_OVERDUE = 16
    OVERDUE_TRANSACTION_SETTLED = 17
    LIQUIDITY_ALLOCATION = 18
    LIQUIDITY_RETURN = 19
    SCENARIO_EVENT_EXECUTED = 20
    ALGORITHM_EXECUTION = 21
    END_OF_DAY = 22
    TRANSACTION_EXPIRED = 23
    PARENT_SETTLED = 24
    ENTRY_DISPOSITION_OFFSET = 25
    LSM_PREFIX_SETTLEMENT = 26
    COLLATERAL_POST = 27
    COLLATERAL_WITHDRAW = 28
    COLLATERAL_TIMER_WITHDRAWN = 29
    COLLATERAL_TIMER_BLOCKED = 30

    @property
    def label(self) -> str:
        """The kind's name in records, such as ``QueuedRtgs``."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class NodeKind(IntEnum):
    """Nodes of a tree program."""

    ACTION = 0
    CONDITION = 1


class TreeAction(IntEnum):
    """Leaves of a payment tree."""

    HOLD = 0
    RELEASE = 1
    DROP = 2
    SPLIT = 3


class Op(IntEnum):
    """Instructions of the expression code that a condition runs on a small stack of floats."""

    CONSTANT = 0
    FIELD = 1
    ADD = 2
    SUBTRACT = 3
    MULTIPLY = 4
    DIVIDE_OR = 5
    MINIMUM = 6
    MAXIMUM = 7
    FLOOR = 8
    CEIL = 9
    ROUND = 10
    ABS = 11
    EQUAL = 12
    NOT_EQUAL = 13
    LESS = 14
    LESS_EQUAL = 15
    GREATER = 16
    GREATER_EQUAL = 17
    AND = 18
    OR = 19
    NOT = 20


class Field(IntEnum):
    """What a tree may ask about a payment, its bank and the system."""

    AMOUNT = 0
    REMAINING_AMOUNT = 1
    ARRIVAL_TICK = 2
    DEADLINE_TICK = 3
    TICKS_TO_DEADLINE = 4
    PRIORITY = 5
    QUEUE_AGE = 6
    BALANCE = 7
    CREDIT_LIMIT = 8
    AVAILABLE_LIQUIDITY = 9
    CREDIT_USED = 10
    EFFECTIVE_LIQUIDITY = 11
    OUTGOING_QUEUE_SIZE = 12
    QUEUE1_TOTAL_VALUE = 13
    CURRENT_TICK = 14
    RTGS_QUEUE_SIZE = 15
    RTGS_QUEUE_VALUE = 16
    SYSTEM_TICKS_PER_DAY = 17
    SYSTEM_CURRENT_DAY = 18
    SYSTEM_TICK_IN_DAY = 19
    IS_CHILD = 20
    IS_DIVISIBLE = 21
