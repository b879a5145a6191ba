"""Posted collateral: what may be posted and withdrawn, in exact integers."""

from __future__ import annotations

from simcash_env.arrays import Scenario, State
from simcash_env.codes import PPM
from simcash_env.kernels._jit import kernel


@kernel
def spare_collateral(scenario: Scenario, state: State, bank: int) -> int:
    """Collateral that backs no credit in use: what may be withdrawn without passing the allowance."""
    posted = state.bank_posted_collateral_cents[bank]
    used = max(-state.bank_balance_cents[bank], 0) + scenario.bank_safety_buffer_cents[bank]
    needed = max(used - state.bank_credit_limit_cents[bank], 0)
    kept = PPM - scenario.bank_haircut_ppm[bank]
    if kept == 0 or needed == 0:
        return posted  # type: ignore[no-any-return]
    whole, rest = needed // kept, needed % kept
    backing = whole * PPM + (rest * PPM + kept - 1) // kept
    return max(posted - backing, 0)  # type: ignore[no-any-return]


@kernel
def move_collateral(scenario: Scenario, state: State, bank: int, cents: int) -> int:
    """Post (positive) or withdraw (negative), clipped to capacity and to what is not in use; returns what moved."""
    posted = state.bank_posted_collateral_cents[bank]
    if cents > 0:
        moved = min(cents, max(scenario.bank_collateral_capacity_cents[bank] - posted, 0))
    else:
        moved = -min(-cents, spare_collateral(scenario, state, bank))
    state.bank_posted_collateral_cents[bank] = posted + moved
    return moved  # type: ignore[no-any-return]
