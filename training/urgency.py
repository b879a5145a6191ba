"""What a payment in the queue cannot know of itself: what liquidity those before it leave."""

from __future__ import annotations

from typing import Any, Final

import torch as th

from simcash_env.spaces.layout import ACCOUNT, ACCOUNT_AT, QUEUES, QUEUES_AT, SLOT

REMAINING, DEADLINE = SLOT.index("remaining"), SLOT.index("ticks_to_deadline")
LIQUIDITY = ACCOUNT_AT + ACCOUNT.index("available_liquidity")
WAITING = QUEUES_AT + QUEUES.index("queue2_value")
NUM_RANKED: Final = 4
TINY: Final = 1e-6


def by_urgency(features: Any, slots: Any, flow: float) -> Any:
    """What a slot cannot know of itself: (rows, slots, 4) liquidity left before and after it, most urgent first.

    Payments are taken by deadline, the larger first; once from all liquidity, once from what the bank's payments in the
    central queue would leave of it. Counted in mean payments and shown on the scale of (-1, 1), as the observation
    does; empty slots show 0.
    """
    remaining, deadline = slots[:, :, REMAINING], slots[:, :, DEADLINE]
    is_there = remaining > 0
    cents = raw(remaining) * is_there
    rank = deadline - cents * TINY
    is_before = rank.unsqueeze(1) < rank.unsqueeze(2)  # [row, slot, other]
    ahead = (is_before * cents.unsqueeze(1)).sum(dim=2)
    liquidity, waiting = raw(features[:, LIQUIDITY, None]) * flow, raw(features[:, WAITING, None]) * flow
    before, before_all = liquidity - ahead, liquidity - waiting - ahead
    left = th.stack([before, before - cents, before_all, before_all - cents], dim=2)
    return left / (left.abs() + 1.0) * is_there.unsqueeze(2)


def raw(shown: Any) -> Any:
    """Undo the observation's scale of (-1, 1): how many times the scale's unit."""
    return shown / (1.0 - shown.abs()).clamp_min(TINY)
