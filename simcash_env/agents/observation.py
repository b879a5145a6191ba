"""The observation of a bank: one row for each entry, with its name, block, scale and meaning.

``ENTRIES`` is the only list of entries. Names, positions, sizes, scales and the documentation table follow from it. To
add an entry, add a row here and the line that writes it in ``observe.py`` (``market_entries.py`` for the market block).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from simcash_env.schema.layout import positions
from simcash_env.schema.limits import DUE_NOW_TICKS, DUE_SOON_TICKS, HIGHEST_PRIORITY, NORMAL_FROM, URGENT_FROM


class Block(Enum):
    """Blocks in the order of the observation; the slot block repeats, the last two are optional."""

    CLOCK = "clock"
    ACCOUNT = "own account"
    QUEUES = "own queues"
    FLOWS = "flows of the day"
    PUBLIC = "public signals"
    PRICES = "prices"
    SLOT = "slot"
    MARKET = "market"
    LIMITS = "own limits"


class Scale(Enum):
    """What an entry is divided by, or squashed with so that this value shows as one half."""

    SHARE = "unchanged"
    POOL = "unchanged; cents over the pool"
    PRIORITY = f"unchanged; over {HIGHEST_PRIORITY}"
    ONE = "1"
    COUNT = "8"
    DAY_TICKS = "ticks per day"
    FLOW = "value of a day's payments"
    PAYMENT = "mean payment"
    SYSTEM_PAYMENT = "mean payment, all banks"
    PAYMENT_COST = "highest cost of holding a mean payment for one tick"
    TEN_BPS = "10 bps"
    TENTH_OF_A_CENT = "0.1 cents"
    CORRIDOR = "width of the corridor"


class Entry(NamedTuple):
    """One entry of the observation."""

    name: str
    block: Block
    scale: Scale
    meaning: str


ENTRIES: Final = (
    Entry("day_position", Block.CLOCK, Scale.SHARE, "tick of the day over ticks per day"),
    Entry("run_position", Block.CLOCK, Scale.SHARE, "tick over ticks of the run"),
    Entry("ticks_left", Block.CLOCK, Scale.DAY_TICKS, "ticks to the end of the run"),
    Entry("is_first_decision", Block.CLOCK, Scale.SHARE, "1 at the first decision of a day"),
    Entry("is_last_decision", Block.CLOCK, Scale.SHARE, "1 at the last decision of a day"),
    Entry(
        "balance",
        Block.ACCOUNT,
        Scale.FLOW,
        "settlement account less reserves locked for resting asks; negative in overdraft",
    ),
    Entry("credit_used", Block.ACCOUNT, Scale.FLOW, "overdraft in use"),
    Entry("credit_left", Block.ACCOUNT, Scale.FLOW, "overdraft that may still be used"),
    Entry("available_liquidity", Block.ACCOUNT, Scale.FLOW, "balance plus overdraft limit, at least 0"),
    Entry("pool_allocated_share", Block.ACCOUNT, Scale.POOL, "share of the liquidity pool that is allocated"),
    Entry("posted_collateral", Block.ACCOUNT, Scale.FLOW, "collateral posted"),
    Entry("collateral_room", Block.ACCOUNT, Scale.FLOW, "collateral capacity less what is posted"),
    Entry(
        "outflow_limit_left",
        Block.ACCOUNT,
        Scale.FLOW,
        "room left today under the multilateral limit, to which receipts add under `limits_basis: net`; 1 if no limit",
    ),
    Entry("queue1_count", Block.QUEUES, Scale.COUNT, "payments in the internal queue (Queue 1)"),
    Entry("queue1_value", Block.QUEUES, Scale.FLOW, "their value"),
    Entry(
        "queue1_due_now",
        Block.QUEUES,
        Scale.FLOW,
        f"value of those with at most {DUE_NOW_TICKS} tick to the deadline, overdue included",
    ),
    Entry(
        "queue1_due_soon",
        Block.QUEUES,
        Scale.FLOW,
        f"value of those with {DUE_NOW_TICKS + 1} to {DUE_SOON_TICKS} ticks to the deadline",
    ),
    Entry("queue1_due_later", Block.QUEUES, Scale.FLOW, "the rest of the value"),
    Entry("queue2_count", Block.QUEUES, Scale.COUNT, "own payments in the central queue (Queue 2)"),
    Entry("queue2_value", Block.QUEUES, Scale.FLOW, "their value"),
    Entry("queue2_due_now", Block.QUEUES, Scale.FLOW, "as in Queue 1"),
    Entry("queue2_due_soon", Block.QUEUES, Scale.FLOW, "as in Queue 1"),
    Entry("queue2_due_later", Block.QUEUES, Scale.FLOW, "as in Queue 1"),
    Entry("queue1_gap", Block.QUEUES, Scale.FLOW, "value of Queue 1 less balance and overdraft limit"),
    Entry("paid_today", Block.FLOWS, Scale.FLOW, "settled out of the account today"),
    Entry("received_today", Block.FLOWS, Scale.FLOW, "settled into the account today"),
    Entry("expected", Block.FLOWS, Scale.FLOW, "value in the central queue that is addressed to the bank"),
    Entry("system_queue2_count", Block.PUBLIC, Scale.COUNT, "payments of all banks in the central queue"),
    Entry("system_queue2_value", Block.PUBLIC, Scale.FLOW, "their value"),
    Entry("system_settled_share", Block.PUBLIC, Scale.SHARE, "value settled today over value arrived today, at most 1"),
    Entry("system_lsm_releases", Block.PUBLIC, Scale.COUNT, "payments that liquidity saving settled in the last tick"),
    Entry("price_overdraft", Block.PRICES, Scale.TEN_BPS, "bps per tick"),
    Entry("price_delay", Block.PRICES, Scale.TENTH_OF_A_CENT, "cents per cent and tick"),
    Entry("price_collateral", Block.PRICES, Scale.TEN_BPS, "bps per tick"),
    Entry("price_liquidity", Block.PRICES, Scale.TEN_BPS, "bps per tick"),
    Entry("price_deadline_penalty", Block.PRICES, Scale.SYSTEM_PAYMENT, "deadline penalty for a mean-sized payment"),
    Entry("price_eod_penalty", Block.PRICES, Scale.SYSTEM_PAYMENT, "end-of-day penalty for a mean-sized payment"),
    Entry(
        "price_drop_penalty",
        Block.PRICES,
        Scale.SYSTEM_PAYMENT,
        "drop penalty for a mean-sized payment whose deadline penalty has not been charged",
    ),
    Entry("price_split_friction", Block.PRICES, Scale.SYSTEM_PAYMENT, "cents for each part but the first"),
    Entry("price_overdue_multiplier", Block.PRICES, Scale.ONE, "factor of the delay cost of overdue payments"),
    Entry(
        "price_urgent_multiplier",
        Block.PRICES,
        Scale.ONE,
        f"factor of the delay cost at priorities {URGENT_FROM} to {HIGHEST_PRIORITY}",
    ),
    Entry(
        "price_low_multiplier",
        Block.PRICES,
        Scale.ONE,
        f"factor of the delay cost at priorities 0 to {NORMAL_FROM - 1}",
    ),
    Entry("amount", Block.SLOT, Scale.PAYMENT, "original amount"),
    Entry("remaining", Block.SLOT, Scale.PAYMENT, "amount not yet settled"),
    Entry("ticks_to_deadline", Block.SLOT, Scale.COUNT, "negative after the deadline"),
    Entry("is_overdue", Block.SLOT, Scale.SHARE, "1 once the engine has marked the payment overdue"),
    Entry("priority", Block.SLOT, Scale.PRIORITY, f"priority over {HIGHEST_PRIORITY}"),
    Entry(
        "is_divisible",
        Block.SLOT,
        Scale.SHARE,
        "1 where the payment is marked as divisible; `split_scope: any` ignores the mark",
    ),
    Entry("age", Block.SLOT, Scale.COUNT, "ticks since arrival"),
    Entry(
        "delay_cost",
        Block.SLOT,
        Scale.PAYMENT_COST,
        "delay cost of holding it for one more tick, overdue by then included; 0 if it is dropped by then",
    ),
    Entry(
        "credit_cost",
        Block.SLOT,
        Scale.PAYMENT_COST,
        "cost of one tick of overdraft for what the balance does not cover",
    ),
    Entry("share_of_liquidity", Block.SLOT, Scale.ONE, "remaining amount over available liquidity"),
    Entry("counterparty_queued", Block.SLOT, Scale.PAYMENT, "value from its receiver to the bank in the central queue"),
    Entry("counterparty_net", Block.SLOT, Scale.PAYMENT, "paid to its receiver today less received from it"),
    Entry("market_is_open", Block.MARKET, Scale.SHARE, "1 where an order can be placed in the first book"),
    Entry("market_best_bid", Block.MARKET, Scale.CORRIDOR, "highest bid rate above the deposit rate; 0 without a bid"),
    Entry("market_bid_depth", Block.MARKET, Scale.FLOW, "cents bid at that rate"),
    Entry("market_best_ask", Block.MARKET, Scale.CORRIDOR, "lowest ask rate above the deposit rate; 0 without an ask"),
    Entry("market_ask_depth", Block.MARKET, Scale.FLOW, "cents offered at that rate"),
    Entry(
        "market_last_rate",
        Block.MARKET,
        Scale.CORRIDOR,
        "rate of the last trade above the deposit rate; 0 if there was no trade",
    ),
    Entry("market_locked", Block.MARKET, Scale.FLOW, "reserves that back the bank's resting asks"),
    Entry("market_credit_left", Block.MARKET, Scale.FLOW, "what the bank may still promise to repay"),
    Entry("market_lent", Block.MARKET, Scale.FLOW, "principal that the bank has lent"),
    Entry("market_borrowed", Block.MARKET, Scale.FLOW, "principal that the bank has borrowed"),
    Entry(
        "market_to_receive_soon",
        Block.MARKET,
        Scale.FLOW,
        f"repayments to the bank due within {DUE_SOON_TICKS} ticks, overdue included",
    ),
    Entry(
        "market_to_repay_soon",
        Block.MARKET,
        Scale.FLOW,
        f"repayments by the bank due within {DUE_SOON_TICKS} ticks, overdue included",
    ),
    Entry("sub_limit", Block.LIMITS, Scale.FLOW, "liquidity that the bank reserves for priority payments"),
    Entry("send_limit", Block.LIMITS, Scale.FLOW, "multilateral limit in force; 1 if there is none"),
    Entry("bilateral_send_limit", Block.LIMITS, Scale.FLOW, "lowest bilateral limit in force; 1 if there is none"),
)


def entries_of(*blocks: Block) -> tuple[Entry, ...]:
    """The entries of some blocks, in the order of the observation."""
    return tuple(entry for entry in ENTRIES if entry.block in blocks)


FIXED: Final = entries_of(*(block for block in Block if block not in {Block.SLOT, Block.MARKET, Block.LIMITS}))
SLOT: Final = entries_of(Block.SLOT)
MARKET: Final = entries_of(Block.MARKET)
LIMITS: Final = entries_of(Block.LIMITS)


def _positions(entries: Sequence[Entry]) -> Any:
    return positions("Positions", (entry.name for entry in entries))


AT: Final = _positions(FIXED)
"""Position of every entry before the slots, by name: ``AT.balance``."""
SLOT_AT: Final = _positions(SLOT)
"""Position within a slot, by name: ``SLOT_AT.remaining``."""
MARKET_AT: Final = _positions(MARKET)
"""Position within the market block, by name: ``MARKET_AT.market_lent``."""
LIMIT_AT: Final = _positions(LIMITS)
"""Position within the block of own limits, by name: ``LIMIT_AT.sub_limit``."""

NUM_SLOT: Final = len(SLOT)
NUM_MARKET: Final = len(MARKET)
NUM_LIMITS: Final = len(LIMITS)
SLOTS_AT: Final = len(FIXED)
"""Where the slots begin. They come after all fixed entries, so that their number changes no other position; where a
scenario has a market, its block follows them, then that of own limits where banks have a sub-limit or set limits."""
PRICES_AT: Final = FIXED.index(entries_of(Block.PRICES)[0])
"""Where the prices begin; they end where the slots begin."""


def observation_size(num_slots: int, *, has_market: bool = False, has_limits: bool = False) -> int:
    """Number of entries."""
    return SLOTS_AT + num_slots * NUM_SLOT + NUM_MARKET * has_market + NUM_LIMITS * has_limits


def layout(num_slots: int, *, has_market: bool = False, has_limits: bool = False) -> tuple[tuple[str, Entry], ...]:
    """Name and entry at every position; entries of slots have names such as ``slot3.ticks_to_deadline``."""
    fixed = tuple((entry.name, entry) for entry in FIXED)
    slots = tuple((f"slot{slot}.{entry.name}", entry) for slot in range(num_slots) for entry in SLOT)
    optional = (*(MARKET if has_market else ()), *(LIMITS if has_limits else ()))
    return fixed + slots + tuple((entry.name, entry) for entry in optional)


def observation_names(num_slots: int, *, has_market: bool = False, has_limits: bool = False) -> tuple[str, ...]:
    """The name at every position."""
    return tuple(name for name, _ in layout(num_slots, has_market=has_market, has_limits=has_limits))
