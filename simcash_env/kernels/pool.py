"""The liquidity pool: allocated at a day's start, set by a learner at its first decision, returned at the end."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.money import share_of
from simcash_env.kernels.record import record
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, EventKind

ALLOCATION = int(EventKind.LIQUIDITY_ALLOCATION)
RETURN = int(EventKind.LIQUIDITY_RETURN)


@kernel
def pool_share_ppm(steps: int, choice: int) -> int:
    """The share of a pool that a choice means on a grid of so many steps from 0 to all, in millionths."""
    return choice * (PPM // steps)


@kernel
def allocate_in_force(scenario: Scenario, state: State, work: Work) -> None:
    """Allocate every bank's pool at the fraction in force."""
    for bank in range(scenario.num_banks[0]):
        pool = scenario.bank_pool_cents[bank]
        if pool > 0:
            share = share_of(pool, state.bank_pool_fraction_ppm[bank])
            state.bank_pool_allocated_cents[bank] = share
            state.bank_balance_cents[bank] += share
            record(state, work, ALLOCATION, bank, NONE, NONE, share)


@kernel
def return_pool(scenario: Scenario, state: State, work: Work) -> None:
    """Take every allocation back, whatever the balance."""
    for bank in range(scenario.num_banks[0]):
        share = state.bank_pool_allocated_cents[bank]
        if share > 0:
            state.bank_pool_allocated_cents[bank] = 0
            state.bank_balance_cents[bank] -= share
            record(state, work, RETURN, bank, NONE, NONE, share)


@kernel
def may_allocate(scenario: Scenario, state: State, bank: int) -> bool:
    """True if the bank may set its share of the pool at this decision."""
    if scenario.bank_pool_cents[bank] == 0:
        return False
    tick = state.tick[0]
    is_first = tick % scenario.ticks_per_day[0] == 0
    return is_first and (tick == 0 or scenario.reallocates_pool_daily[0] != 0)


@kernel
def allocate_pool(scenario: Scenario, state: State, work: Work) -> None:
    """Apply the pool shares that learners chose; a share holds until the next choice."""
    tick = state.tick[0]
    if tick % scenario.ticks_per_day[0] != 0:
        return
    for bank in range(scenario.num_banks[0]):
        share_ppm = work.bank_pool_share_ppm[bank]
        if share_ppm == NONE or not scenario.bank_is_learning[bank] or not may_allocate(scenario, state, bank):
            continue
        state.bank_pool_fraction_ppm[bank] = share_ppm
        share = share_of(scenario.bank_pool_cents[bank], share_ppm)
        change = share - state.bank_pool_allocated_cents[bank]
        state.bank_pool_allocated_cents[bank] = share
        state.bank_balance_cents[bank] += change
        record(state, work, ALLOCATION, bank, NONE, NONE, change)
