"""The scale of every entry of an observation, from the scenario and never from the running episode.

A number ``x`` is shown as ``x / (|x| * spread + offset)``: squashed to (-1, 1) with ``offset`` showing as one half
where spread is 1, divided by ``offset`` where spread is 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import Scale, layout
from simcash_env.agents.units import TEN_BPS, TENTH_OF_A_CENT_PER_CENT, TYPICAL_COUNT
from simcash_env.schema.limits import HIGHEST_PRIORITY

if TYPE_CHECKING:
    from simcash_env.schema.arrays import Scenario

DIVIDED = frozenset({Scale.SHARE, Scale.POOL, Scale.PRIORITY})
"""Entries that lie within [-1, 1] once they are divided; all others are squashed."""


def offsets_of_bank(view: Scenario, bank: int) -> dict[Scale, float]:
    """The offset of each scale for a bank."""
    mean_payment = int(view.bank_payment_scale_cents.sum()) / int(view.num_banks[0])
    corridor: Any = view.market_lending_rate - view.market_deposit_rate
    return {
        Scale.SHARE: 1.0,
        Scale.POOL: float(max(view.bank_pool_cents[bank], 1)),
        Scale.PRIORITY: float(HIGHEST_PRIORITY),
        Scale.ONE: 1.0,
        Scale.COUNT: TYPICAL_COUNT,
        Scale.DAY_TICKS: float(view.ticks_per_day[0]),
        Scale.FLOW: float(view.bank_flow_scale_cents[bank]),
        Scale.PAYMENT: float(view.bank_payment_scale_cents[bank]),
        Scale.SYSTEM_PAYMENT: mean_payment,
        Scale.PAYMENT_COST: float(view.bank_cost_scale_cents[bank]),
        Scale.TEN_BPS: TEN_BPS,
        Scale.TENTH_OF_A_CENT: TENTH_OF_A_CENT_PER_CENT,
        Scale.CORRIDOR: float(corridor[0]) if len(corridor) else 1.0,
    }


def observation_scales(
    view: Scenario,
    learners: npt.NDArray[np.int64],
    num_slots: int,
    *,
    has_market: bool,
    has_limits: bool,
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Spread and offset (L * D,) of all learning banks of a scenario, concatenated."""
    scales = [entry.scale for _, entry in layout(num_slots, has_market=has_market, has_limits=has_limits)]
    spread = np.array([scale not in DIVIDED for scale in scales], np.float32)
    offsets = [offsets_of_bank(view, int(bank)) for bank in learners]
    offset = np.array([[of_bank[scale] for scale in scales] for of_bank in offsets], np.float32)
    return np.tile(spread, len(learners)), offset.reshape(-1)
