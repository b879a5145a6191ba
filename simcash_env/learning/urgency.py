"""What a payment in the queue cannot know of itself: what liquidity those before it leave."""

from __future__ import annotations

from typing import Any, Final

import torch as th

from simcash_env.agents.observation_layout import ACCOUNT, ACCOUNT_AT, QUEUES, QUEUES_AT, SLOT
from simcash_env.agents.units import TYPICAL_TICKS

REMAINING, DEADLINE = SLOT.index("remaining"), SLOT.index("ticks_to_deadline")
LIQUIDITY = ACCOUNT_AT + ACCOUNT.index("available_liquidity")
WAITING = QUEUES_AT + QUEUES.index("queue2_value")
BALANCE = ACCOUNT_AT + ACCOUNT.index("balance")
NUM_RANKED: Final = 4
NUM_FUNDED: Final = 3
URGENT_TICKS: Final = 2
ENOUGH: Final = 1e-4
"""Mean payments by which liquidity may fall short of a payment that fits: the observation is rounded to float32."""
TINY: Final = 1e-6


def by_urgency(features: Any, slots: Any, flow: Any) -> Any:
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
    flow = th.as_tensor(flow).reshape(-1, 1)  # of a day, in mean payments: one for all rows or one a row
    liquidity, waiting = raw(features[:, LIQUIDITY, None]) * flow, raw(features[:, WAITING, None]) * flow
    before, before_all = liquidity - ahead, liquidity - waiting - ahead
    left = th.stack([before, before - cents, before_all, before_all - cents], dim=2)
    return left / (left.abs() + 1.0) * is_there.unsqueeze(2)


def funded(features: Any, slots: Any, flow: Any) -> Any:
    """(rows, slots, 3) which payments fit, one after another: a payment that does not is passed over.

    Taken by deadline, the larger first, from all liquidity; then those due in two ticks first and all others by size,
    from all liquidity, and from the balance alone.
    """
    cents = raw(slots[:, :, REMAINING])
    ticks = raw(slots[:, :, DEADLINE]) * TYPICAL_TICKS
    is_urgent = ticks < URGENT_TICKS + 0.5
    far = cents.amax(dim=1, keepdim=True) + 1.0
    by_deadline = ticks.round() * far - cents
    urgent_first = th.where(is_urgent, (ticks.round() - URGENT_TICKS - 2.0) * far, 0.0) - cents
    funds, balance = raw(features[:, LIQUIDITY]) * flow, raw(features[:, BALANCE]) * flow
    fits = [_fits(by_deadline, cents, funds), _fits(urgent_first, cents, funds), _fits(urgent_first, cents, balance)]
    return th.stack(fits, dim=2)


def _fits(keys: Any, cents: Any, funds: Any) -> Any:
    order = th.where(cents > 0, keys, th.inf).argsort(dim=1, stable=True)
    wanted = cents.gather(1, order)
    taken = th.zeros_like(wanted)
    left = funds + ENOUGH
    for place in range(wanted.shape[1]):
        need = wanted[:, place]
        goes = (need > 0) & (need <= left)
        left = left - need * goes
        taken[:, place] = goes
    return th.zeros_like(taken).scatter(1, order, taken)


def raw(shown: Any) -> Any:
    """Undo the observation's scale of (-1, 1): how many times the scale's unit."""
    return shown / (1.0 - shown.abs()).clamp_min(TINY)
