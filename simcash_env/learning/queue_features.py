"""Features of a queued payment that depend on the payments before it: liquidity left, and whether it can be funded."""

from __future__ import annotations

from typing import Any, Final

import torch as th

from simcash_env.agents.observation import AT, SLOT_AT
from simcash_env.schema.limits import TYPICAL_TICKS

NUM_LIQUIDITY_LEFT: Final = 4
NUM_IS_FUNDED: Final = 3
NUM_QUEUE_FEATURES: Final = NUM_LIQUIDITY_LEFT + NUM_IS_FUNDED
URGENT_TICKS: Final = 2
ROUNDING: Final = 1e-4
"""Tolerance in mean payments when a payment is compared with liquidity: observations are rounded to float32."""
TINY: Final = 1e-6


def queue_features(rows: Any, slots: Any, day_flow: Any) -> Any:
    """(rows, slots, NUM_QUEUE_FEATURES): ``liquidity_left``, then ``is_funded``."""
    return th.cat([liquidity_left(rows, slots, day_flow), is_funded(rows, slots, day_flow)], dim=2)


def liquidity_left(rows: Any, slots: Any, day_flow: Any) -> Any:
    """(rows, slots, 4): liquidity before and after each payment when payments are released by urgency.

    Payments are taken by deadline, larger ones first. The first two columns start from available liquidity, the last
    two from available liquidity less the bank's value in the central queue. In mean payments, squashed to (-1, 1) as in
    the observation; 0 for empty slots.

    Args:
        rows: (rows, columns) observations.
        slots: (rows, slots, NUM_SLOT), the slot block of the same rows.
        day_flow: a bank's payments of a day, in mean payments: one number, or one a row.
    """
    remaining, deadline = slots[:, :, SLOT_AT.remaining], slots[:, :, SLOT_AT.ticks_to_deadline]
    is_present = remaining > 0
    amount = unsquash(remaining) * is_present
    rank = deadline - amount * TINY
    is_before = rank.unsqueeze(1) < rank.unsqueeze(2)  # [row, slot, other]
    ahead = (is_before * amount.unsqueeze(1)).sum(dim=2)
    day_flow = th.as_tensor(day_flow).reshape(-1, 1)
    liquidity, waiting = (
        unsquash(rows[:, AT.available_liquidity, None]) * day_flow,
        unsquash(rows[:, AT.queue2_value, None]) * day_flow,
    )
    before, before_waiting = liquidity - ahead, liquidity - waiting - ahead
    left = th.stack([before, before - amount, before_waiting, before_waiting - amount], dim=2)
    return left / (left.abs() + 1.0) * is_present.unsqueeze(2)


def is_funded(rows: Any, slots: Any, day_flow: Any) -> Any:
    """(rows, slots, 3): 1 for payments that can be funded one after another, skipping those that cannot.

    The three orders: by deadline, larger ones first, from available liquidity; payments due within two ticks first and
    then by size, from available liquidity; the same from the balance alone. Arguments as in ``liquidity_left``.
    """
    amount = unsquash(slots[:, :, SLOT_AT.remaining])
    ticks = unsquash(slots[:, :, SLOT_AT.ticks_to_deadline]) * TYPICAL_TICKS
    is_urgent = ticks < URGENT_TICKS + 0.5
    above_all = amount.amax(dim=1, keepdim=True) + 1.0
    by_deadline = ticks.round() * above_all - amount
    urgent_first = th.where(is_urgent, (ticks.round() - URGENT_TICKS - 2.0) * above_all, 0.0) - amount
    liquidity, balance = unsquash(rows[:, AT.available_liquidity]) * day_flow, unsquash(rows[:, AT.balance]) * day_flow
    funded = [
        _funded_in_order(by_deadline, amount, liquidity),
        _funded_in_order(urgent_first, amount, liquidity),
        _funded_in_order(urgent_first, amount, balance),
    ]
    return th.stack(funded, dim=2)


def _funded_in_order(keys: Any, amount: Any, funds: Any) -> Any:
    order = th.where(amount > 0, keys, th.inf).argsort(dim=1, stable=True)
    ordered = amount.gather(1, order)
    funded = th.zeros_like(ordered)
    left = funds + ROUNDING
    for place in range(ordered.shape[1]):
        need = ordered[:, place]
        fits = (need > 0) & (need <= left)
        left = left - need * fits
        funded[:, place] = fits
    return th.zeros_like(funded).scatter(1, order, funded)


def unsquash(shown: Any) -> Any:
    """Invert the observation's squashing to (-1, 1): the value in units of its scale."""
    return shown / (1.0 - shown.abs()).clamp_min(TINY)
