"""Posted collateral: what may be posted and withdrawn, in exact integers, and what comes back by itself."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.queues import free_row, take_row, write_timer
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, EventKind

POSTED, WITHDRAWN = int(EventKind.COLLATERAL_POST), int(EventKind.COLLATERAL_WITHDRAW)
CAME_BACK, BLOCKED = int(EventKind.COLLATERAL_TIMER_WITHDRAWN), int(EventKind.COLLATERAL_TIMER_BLOCKED)


@kernel
def spare_collateral(scenario: Scenario, state: State, bank: int) -> int:
    """Collateral that backs no credit in use: what may be withdrawn without passing the overdraft limit."""
    posted = state.bank_posted_collateral_cents[bank]
    used = max(-state.bank_balance_cents[bank], 0) + scenario.bank_safety_buffer_cents[bank]
    required = max(used - state.bank_credit_limit_cents[bank], 0)
    kept = PPM - scenario.bank_haircut_ppm[bank]
    if kept == 0 or required == 0:
        return posted
    whole, rest = required // kept, required % kept
    backing = whole * PPM + (rest * PPM + kept - 1) // kept
    return max(posted - backing, 0)


@kernel
def move_collateral(scenario: Scenario, state: State, bank: int, cents: int) -> int:
    """Post (positive) or withdraw (negative), clipped to capacity and to what is not in use; returns what moved."""
    posted = state.bank_posted_collateral_cents[bank]
    if cents > 0:
        moved = min(cents, max(scenario.bank_collateral_capacity_cents[bank] - posted, 0))
    else:
        moved = -min(-cents, spare_collateral(scenario, state, bank))
    state.bank_posted_collateral_cents[bank] = posted + moved
    return moved


@kernel
def post_collateral(scenario: Scenario, state: State, work: Work, bank: int, cents: int, ticks: int) -> None:
    """Post as much as the capacity allows; with ``ticks`` it is withdrawn again after that number of ticks.

    The event has the requested cents. The caller has checked that there is a free row for the timer.
    """
    moved = move_collateral(scenario, state, bank, cents)
    record_collateral(state, work, POSTED, bank, moved, cents)
    if moved == 0:
        return
    state.bank_collateral_since_tick[bank] = state.tick[0]
    if ticks > 0:
        row = take_row(state)
        write_timer(state, row, bank, moved, state.tick[0] + ticks)
        append_timer(state, bank, row)


@kernel
def apply_collateral_decisions(scenario: Scenario, state: State, work: Work) -> None:
    """Carry out learners' collateral decisions: cents to post, or to withdraw if negative."""
    for bank in range(scenario.num_banks[0]):
        requested = work.bank_collateral_ask_cents[bank]
        if requested > 0:
            post_collateral(scenario, state, work, bank, requested, 0)
        elif requested < 0:
            withdraw_collateral(scenario, state, work, bank, -requested)
        work.bank_collateral_ask_cents[bank] = 0


@kernel
def append_timer(state: State, bank: int, row: int) -> None:
    """Put a timer at the end of its bank's list."""
    last = state.bank_timer_head[bank]
    if last == NONE:
        state.bank_timer_head[bank] = row
        return
    while state.pay_next[last] != NONE:
        last = state.pay_next[last]
    state.pay_next[last] = row


@kernel
def withdraw_collateral(scenario: Scenario, state: State, work: Work, bank: int, cents: int) -> None:
    """Withdraw as much as backs no credit in use and has been held long enough. The event has the requested cents."""
    record_collateral(state, work, WITHDRAWN, bank, take_back(scenario, state, bank, cents), cents)


@kernel
def take_back(scenario: Scenario, state: State, bank: int, cents: int) -> int:
    """Withdraw up to this number of cents; returns how many were withdrawn."""
    return -move_collateral(scenario, state, bank, -cents) if may_withdraw(scenario, state, bank) else 0


@kernel
def may_withdraw(scenario: Scenario, state: State, bank: int) -> bool:
    """True if the bank's collateral has been held long enough."""
    since = state.bank_collateral_since_tick[bank]
    return since == NONE or state.tick[0] - since >= scenario.bank_min_holding_ticks[bank]


@kernel
def run_collateral_timers(scenario: Scenario, state: State, work: Work) -> None:
    """Withdraw collateral whose timer ends; collateral that still backs credit stays until the next tick."""
    if scenario.num_collateral_trees[0] > 0:  # only trees set timers
        run_timers(scenario, state, work)


@unit
def run_timers(scenario: Scenario, state: State, work: Work) -> None:
    """Run the collateral timers of all banks."""
    for bank in range(scenario.num_banks[0]):
        before, row = NONE, state.bank_timer_head[bank]
        while row != NONE:
            after = state.pay_next[row]
            if state.pay_release_tick[row] <= state.tick[0]:
                requested = state.pay_remaining_cents[row]
                moved = take_back(scenario, state, bank, requested)
                state.pay_remaining_cents[row] = requested - moved
                if moved > 0:
                    record_collateral(state, work, CAME_BACK, bank, moved, requested)
                if moved < requested:
                    record_collateral(state, work, BLOCKED, bank, requested - moved, requested)
            if state.pay_remaining_cents[row] == 0:
                if before == NONE:
                    state.bank_timer_head[bank] = after
                else:
                    state.pay_next[before] = after
                free_row(state, row)
            else:
                before = row
            row = after


@kernel
def record_collateral(state: State, work: Work, kind: int, bank: int, cents: int, requested: int) -> None:
    """Log cents that moved, or could not, with the requested cents and the posted cents."""
    record_values(state, work, kind, bank, NONE, NONE, cents, requested, state.bank_posted_collateral_cents[bank])
