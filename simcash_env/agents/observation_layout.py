"""The observation vector: every entry by name, in blocks, of one length for all banks of an environment."""

from __future__ import annotations

from typing import Final

CLOCK: Final = ("day_position", "run_position", "ticks_left", "is_first_decision", "is_last_decision")
ACCOUNT: Final = (
    "balance",
    "credit_used",
    "credit_left",
    "available_liquidity",
    "pool_allocated_share",
    "posted_collateral",
    "collateral_room",
    "outflow_limit_left",
)
BANDS: Final = ("due_now", "due_soon", "due_later")
QUEUES: Final = (
    "queue1_count",
    "queue1_value",
    *(f"queue1_{band}" for band in BANDS),
    "queue2_count",
    "queue2_value",
    *(f"queue2_{band}" for band in BANDS),
    "queue1_gap",
)
FLOWS: Final = ("paid_today", "received_today", "expected")
PUBLIC: Final = ("system_queue2_count", "system_queue2_value", "system_settled_share", "system_lsm_releases")
PRICES: Final = (
    "price_overdraft",
    "price_delay",
    "price_collateral",
    "price_liquidity",
    "price_deadline_penalty",
    "price_eod_penalty",
    "price_drop_penalty",
    "price_split_friction",
    "price_overdue_multiplier",
    "price_urgent_multiplier",
    "price_low_multiplier",
)
SLOT: Final = (
    "amount",
    "remaining",
    "ticks_to_deadline",
    "is_overdue",
    "priority",
    "is_divisible",
    "age",
    "delay_cost",
    "credit_cost",
    "share_of_liquidity",
    "counterparty_queued",
    "counterparty_net",
)

MARKET: Final = (
    "market_is_open",
    "market_best_bid",
    "market_bid_depth",
    "market_best_ask",
    "market_ask_depth",
    "market_last_rate",
    "market_locked",
    "market_credit_left",
    "market_lent",
    "market_borrowed",
    "market_to_receive_soon",
    "market_to_repay_soon",
)

NUM_MARKET = len(MARKET)
NUM_CLOCK, NUM_ACCOUNT, NUM_QUEUES = len(CLOCK), len(ACCOUNT), len(QUEUES)
NUM_FLOWS, NUM_PUBLIC, NUM_PRICES, NUM_SLOT = len(FLOWS), len(PUBLIC), len(PRICES), len(SLOT)

CLOCK_AT = 0
ACCOUNT_AT = CLOCK_AT + NUM_CLOCK
QUEUES_AT = ACCOUNT_AT + NUM_ACCOUNT
FLOWS_AT = QUEUES_AT + NUM_QUEUES
PUBLIC_AT = FLOWS_AT + NUM_FLOWS
PRICES_AT = PUBLIC_AT + NUM_PUBLIC
SLOTS_AT = PRICES_AT + NUM_PRICES
"""Where each block begins; the slots come last, so that their number changes no other index. Where a scenario has a
market, its block follows them."""

DUE_NOW_TICKS: Final = 1
DUE_SOON_TICKS: Final = 4
"""A payment is due now with at most one tick left to its deadline, soon with at most four."""


def observation_names(num_slots: int, *, has_market: bool = False) -> tuple[str, ...]:
    """The name of every entry, such as ``slot3.ticks_to_deadline``."""
    fixed = CLOCK + ACCOUNT + QUEUES + FLOWS + PUBLIC + PRICES
    slots = tuple(f"slot{slot}.{name}" for slot in range(num_slots) for name in SLOT)
    return fixed + slots + (MARKET if has_market else ())
