"""All codes shared by Python and the kernels.

Kernels read them as constant globals; users see their names: ``EventKind.ARRIVAL.label`` is ``"Arrival"``.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

NONE: Final = -1
"""Missing value: no row, no bank, no tick, no limit."""

PPM: Final = 1_000_000
"""Fractions, haircuts and rates are whole millionths of their unit."""
STATE_OF_SEED_0: Final = 0x9E3779B97F4A7C15 - 2**64
"""Initial state of the random stream of seed 0, as int64, because xorshift cannot start at 0. No seed is negative."""
UNLISTED: Final = -1.0
"""Weight of a receiver that has no weight in the file or from an event."""

NO_CHANGE: Final = 0
"""The choice of every head, of a payment or optional, that leaves things as they are."""

COLLATERAL_CHOICES: Final = 7
"""Choices of the collateral head: keep; post a quarter, half or all of the maximum; withdraw the same shares."""


KEEP: Final = -2
"""A decision that changes nothing, where ``NONE`` means that there is no limit."""

SUB_LIMIT_CHOICES: Final = 7
"""Choices of the sub-limit head: keep; none; a 16th, 8th, quarter, half or all of the liquidity at the start."""

SEND_LIMIT_CHOICES: Final = 9
"""Choices of the send limit head: keep; no limit; 0; a 32nd to all of the expected outflow of a day, by doubling."""


class SendLimitScope(IntEnum):
    """What the send limit head of a learning bank limits."""

    NONE = 0  # no head; the limits of the scenario hold
    MULTILATERAL = 1  # outflow towards all other banks together
    BILATERAL = 2  # outflow towards each other bank


class RevokeChoice(IntEnum):
    """Choices of the revoke head for the bank's payments in Queue 2; resubmission needs priority mode."""

    KEEP = 0
    WITHDRAW_LARGEST = 1
    WITHDRAW_ALL = 2
    RESUBMIT_NORMAL = 3
    RESUBMIT_URGENT = 4
    RESUBMIT_HIGHLY_URGENT = 5


REVOKE_CHOICES: Final = len(RevokeChoice)

MARKET_RATES: Final = 3
"""Rates of the market head: a quarter, half and three quarters of the way from lowest to highest allowed rate."""

MARKET_SIZES: Final = 3
"""Sizes of the market head: a quarter, half or all of what the bank can borrow or lend."""

MARKET_CHOICES: Final = 1 + 2 * MARKET_RATES * MARKET_SIZES
"""Choices of the market head: no order; bids by rate, then size; asks by rate, then size."""


class Phase(IntEnum):
    """Phase of a copy between two calls."""

    CLOSED = 0  # the tick has not started
    OPENING = 1  # interrupted during events and arrivals: no free payment row
    DECIDING = 2  # events and arrivals are done, decisions are pending
    OVER = 3  # the last tick has been closed
    CLOSING = 4  # interrupted after the bank trees: no free payment row


class Status(IntEnum):
    """Return value of a kernel that may need rows or fail."""

    OK = 0
    NEEDS_ROOM = 1  # no free payment row: double the rows and call again to resume
    MONEY_OVERFLOW = 2  # a sum would overflow int64


class Place(IntEnum):
    """Where a payment row is."""

    FREE = 0
    QUEUE1 = 1
    QUEUE2 = 2
    SPLIT = 3  # a split parent with unsettled parts
    SUBMITTED = 4  # submitted from Queue 1; within a tick only
    TIMER = 5  # not a payment: collateral with a withdrawal timer


class Verb(IntEnum):
    """A bank's decision on one payment. A split into n parts is ``SPLIT + n``."""

    HOLD = 0
    RELEASE = 1
    DROP = 2
    WAIT = 3  # as HOLD, but without an event: part of a staggered split before its release tick
    REPRIORITIZE = 4
    WITHDRAW = 5
    RESUBMIT = 6
    SPLIT = 8


class CostKind(IntEnum):
    """Kinds of cost, in the column order of every cost array."""

    OVERDRAFT = 0
    DELAY = 1
    COLLATERAL = 2
    LIQUIDITY = 3
    DEADLINE_PENALTY = 4
    EOD_PENALTY = 5
    SPLIT_FRICTION = 6
    DROP_PENALTY = 7


NUM_COSTS: Final = len(CostKind)

COST_COLUMNS: Final = (*(kind.name.lower() for kind in CostKind), "interest")
"""Column names of a cost array; the last (interest paid minus interest earned) only with a market."""


class AmountKind(IntEnum):
    """Distributions of a random amount."""

    UNIFORM = 0
    NORMAL = 1
    LOGNORMAL = 2
    EXPONENTIAL = 3
    MIXTURE = 4
    EMPIRICAL = 5


class PriorityKind(IntEnum):
    """Distributions of a random priority."""

    FIXED = 0
    UNIFORM = 1
    CATEGORICAL = 2


class RtgsPriority(IntEnum):
    """Priority in the central queue; the lowest code goes first."""

    HIGHLY_URGENT = 0
    URGENT = 1
    NORMAL = 2


class EscalationCurve(IntEnum):
    """Curve of priority escalation from the start of its window to the deadline."""

    LINEAR = 0
    EXPONENTIAL = 1
    STEP = 2


class ScheduledKind(IntEnum):
    """Kinds of scenario events."""

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
    """Liquidity-saving algorithms; they run in the order of the scenario."""

    BILATERAL = 0
    CYCLES = 1
    PREFIX = 2


class Side(IntEnum):
    """Side of an order in the intraday market."""

    BID = 0  # borrows
    ASK = 1  # lends


class Maturity(IntEnum):
    """When the loans of a book are repaid."""

    INTRADAY = 0  # in the last tick of the day
    OVERNIGHT = 1  # in the first tick of the next day
    TICKS = 2  # a number of ticks later


class TraderKind(IntEnum):
    """Kinds of scripted traders."""

    NOBODY = 0
    CORRIDOR = 1


class OrderRefusal(IntEnum):
    """Reason for rejecting an order; the book and all budgets stay unchanged."""

    CLOSED = 1  # the loan would be due now, or after the end of the run
    NOT_POSITIVE = 2
    BELOW_DEPOSIT_RATE = 3
    ABOVE_LENDING_RATE = 4
    BELOW_BAND = 5
    ABOVE_BAND = 6
    NO_RESERVES = 7  # an ask for more than the balance
    NO_CREDIT_LINE = 8  # a bid whose repayment may exceed the remaining credit line
    NO_ROOM = 9  # no free row for orders or loans


class Resampling(IntEnum):
    """How the recorded days of a run are chosen."""

    NONE = 0
    DAYS = 1
    BLOCKS = 2


class EventKind(IntEnum):
    """Kinds of events in the event log."""

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
    TREE_DECISION = 31
    TRANSACTION_REPRIORITIZED = 32
    RTGS_WITHDRAWAL = 33
    RTGS_RESUBMISSION = 34
    BANK_BUDGET_SET = 35
    STATE_REGISTER_SET = 36
    MARKET_BID = 37
    MARKET_ASK = 38
    MARKET_ORDER_REFUSED = 39
    MARKET_ORDER_CANCELLED = 40
    MARKET_ORDER_EXPIRED = 41
    MARKET_TRADE = 42
    LOAN_REPAID = 43
    LOAN_WENT_OVERDUE = 44
    INTEREST_ACCRUED = 45
    RECORDED_DAY = 46
    SUB_LIMIT_SET = 47
    SEND_LIMIT_SET = 48

    @property
    def label(self) -> str:
        """Name of the kind in records, such as ``QueuedRtgs``."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class TreeAction(IntEnum):
    """Leaves of a tree: actions of payment trees, then of bank trees, then of collateral trees."""

    HOLD = 0
    RELEASE = 1
    DROP = 2
    SPLIT = 3
    STAGGER_SPLIT = 4
    REPRIORITIZE = 5
    WITHDRAW_FROM_RTGS = 6
    RESUBMIT_TO_RTGS = 7
    SET_RELEASE_BUDGET = 8
    SET_STATE = 9
    ADD_STATE = 10
    NO_ACTION = 11
    POST_COLLATERAL = 12
    WITHDRAW_COLLATERAL = 13
    HOLD_COLLATERAL = 14


class Op(IntEnum):
    """Instructions of the expression code, which runs on a stack of floats."""

    # -- push one value --
    CONSTANT = 0
    FIELD = 1
    REGISTER = 2  # of the bank's memory, by number
    # -- change the value on top --
    FLOOR = 3
    CEIL = 4
    ROUND = 5
    ABS = 6
    NOT = 7
    # -- two values become one --
    ADD = 8
    SUBTRACT = 9
    MULTIPLY = 10
    DIVIDE = 11
    MINIMUM = 12
    MAXIMUM = 13
    EQUAL = 14
    NOT_EQUAL = 15
    LESS = 16
    LESS_EQUAL = 17
    GREATER = 18
    GREATER_EQUAL = 19
    # -- three values become one --
    DIVIDE_OR = 20
    CLAMP = 21
    # -- if the value on top decides, skip a number of instructions; else remove it --
    SKIP_IF_FALSE = 22
    SKIP_IF_TRUE = 23


class Field(IntEnum):
    """Fields of a tree: names of tree files in upper case; docs and messages show the file names."""

    # -- the payment, in payment trees only --
    AMOUNT = 0
    REMAINING_AMOUNT = 1
    SETTLED_AMOUNT = 2
    ARRIVAL_TICK = 3
    DEADLINE_TICK = 4
    PRIORITY = 5
    IS_SPLIT = 6
    IS_DIVISIBLE = 7
    IS_PAST_DEADLINE = 8
    IS_OVERDUE = 9
    IS_IN_QUEUE2 = 10
    OVERDUE_DURATION = 11
    TICKS_TO_DEADLINE = 12
    QUEUE_AGE = 13
    COST_DELAY_THIS_TX_ONE_TICK = 14
    COST_OVERDRAFT_THIS_AMOUNT_ONE_TICK = 15
    # -- the payment's receiver, in payment trees only --
    MY_Q2_OUT_VALUE_TO_COUNTERPARTY = 16
    MY_Q2_IN_VALUE_FROM_COUNTERPARTY = 17
    MY_BILATERAL_NET_Q2 = 18
    TX_COUNTERPARTY_ID = 19
    TX_IS_TOP_COUNTERPARTY = 20
    COMMITTED_TO_COUNTERPARTY = 21
    # -- the bank's largest counterparties in Queue 2 --
    MY_Q2_OUT_VALUE_TOP_1 = 22
    MY_Q2_OUT_VALUE_TOP_2 = 23
    MY_Q2_OUT_VALUE_TOP_3 = 24
    MY_Q2_OUT_VALUE_TOP_4 = 25
    MY_Q2_OUT_VALUE_TOP_5 = 26
    MY_Q2_IN_VALUE_TOP_1 = 27
    MY_Q2_IN_VALUE_TOP_2 = 28
    MY_Q2_IN_VALUE_TOP_3 = 29
    MY_Q2_IN_VALUE_TOP_4 = 30
    MY_Q2_IN_VALUE_TOP_5 = 31
    MY_BILATERAL_NET_Q2_TOP_1 = 32
    MY_BILATERAL_NET_Q2_TOP_2 = 33
    MY_BILATERAL_NET_Q2_TOP_3 = 34
    MY_BILATERAL_NET_Q2_TOP_4 = 35
    MY_BILATERAL_NET_Q2_TOP_5 = 36
    TOP_CPTY_1_ID_HASH = 37
    TOP_CPTY_2_ID_HASH = 38
    TOP_CPTY_3_ID_HASH = 39
    TOP_CPTY_4_ID_HASH = 40
    TOP_CPTY_5_ID_HASH = 41
    # -- the bank's account --
    BALANCE = 42
    CREDIT_LIMIT = 43
    UNSECURED_CAP = 44
    AVAILABLE_LIQUIDITY = 45
    CREDIT_USED = 46
    EFFECTIVE_LIQUIDITY = 47
    CREDIT_HEADROOM = 48
    IS_USING_CREDIT = 49
    LIQUIDITY_BUFFER = 50
    INCOMING_EXPECTED_COUNT = 51
    LIQUIDITY_PRESSURE = 52
    IS_OVERDRAFT_CAPPED = 53
    COMMITTED_VALUE = 54
    # -- the bank's collateral --
    POSTED_COLLATERAL = 55
    MAX_COLLATERAL_CAPACITY = 56
    REMAINING_COLLATERAL_CAPACITY = 57
    COLLATERAL_UTILIZATION = 58
    COLLATERAL_HAIRCUT = 59
    REQUIRED_COLLATERAL_FOR_USAGE = 60
    EXCESS_COLLATERAL = 61
    ALLOWED_OVERDRAFT_LIMIT = 62
    OVERDRAFT_HEADROOM = 63
    OVERDRAFT_UTILIZATION = 64
    # -- queues --
    OUTGOING_QUEUE_SIZE = 65
    QUEUE1_TOTAL_VALUE = 66
    QUEUE1_LIQUIDITY_GAP = 67
    HEADROOM = 68
    RTGS_QUEUE_SIZE = 69
    RTGS_QUEUE_VALUE = 70
    QUEUE2_SIZE = 71
    QUEUE2_COUNT_FOR_AGENT = 72
    QUEUE2_NEAREST_DEADLINE = 73
    TICKS_TO_NEAREST_QUEUE2_DEADLINE = 74
    SYSTEM_QUEUE2_PRESSURE_INDEX = 75
    LSM_RUN_RATE_LAST_10_TICKS = 76
    MY_THROUGHPUT_FRACTION_TODAY = 77
    THROUGHPUT_GAP = 78
    # -- prices --
    COST_OVERDRAFT_BPS_PER_TICK = 79
    COST_DELAY_PER_TICK_PER_CENT = 80
    COST_COLLATERAL_BPS_PER_TICK = 81
    COST_SPLIT_FRICTION = 82
    COST_DEADLINE_PENALTY = 83
    COST_EOD_PENALTY = 84
    MARKET_BEST_BID = 85
    MARKET_BEST_ASK = 86
    # -- the clock and the system --
    CURRENT_TICK = 87
    TOTAL_AGENTS = 88
    SYSTEM_TICKS_PER_DAY = 89
    SYSTEM_CURRENT_DAY = 90
    SYSTEM_TICK_IN_DAY = 91
    TICKS_REMAINING_IN_DAY = 92
    DAY_PROGRESS_FRACTION = 93
    IS_EOD_RUSH = 94
    EXPECTED_THROUGHPUT_FRACTION_BY_NOW = 95
    SYSTEM_THROUGHPUT_GUIDANCE_FRACTION_BY_TICK = 96


MAX_REGISTERS: Final = 10
"""Maximum number of registers of a bank; they keep their values within a day."""

TOP_COUNTERPARTIES: Final = 5
"""Number of largest counterparties that a tree can refer to."""
