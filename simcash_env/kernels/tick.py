"""The tick: what happens in which order. A tick is opened, decided upon from outside, then closed."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.arrivals import draw_arrivals
from simcash_env.kernels.collateral import apply_collateral_decisions, run_collateral_timers
from simcash_env.kernels.costs import accrue_costs
from simcash_env.kernels.credits import apply_deferred_credits
from simcash_env.kernels.day_end import end_day, is_last_tick_of_day
from simcash_env.kernels.day_start import start_day
from simcash_env.kernels.decisions import apply_decisions, decide_all
from simcash_env.kernels.lsm import save_liquidity
from simcash_env.kernels.market.session import run_market_session, set_orders_aside
from simcash_env.kernels.ordering import escalate_priorities, order_queue1, order_queue2
from simcash_env.kernels.own_limits import apply_limit_decisions
from simcash_env.kernels.pool import allocate_pool
from simcash_env.kernels.queues import fill_column
from simcash_env.kernels.recorded import replay_payments
from simcash_env.kernels.revocations import revoke_from_queue2
from simcash_env.kernels.rtgs import retry_queue2, settle_submitted
from simcash_env.kernels.scheduled import run_scheduled_events
from simcash_env.kernels.trees.bank_trees import run_bank_trees
from simcash_env.kernels.trees.collateral_trees import run_end_of_tick_trees, run_strategic_trees
from simcash_env.schema.arrays import RECENT_TICKS, Scenario, State, Work
from simcash_env.schema.codes import NONE, Phase, Status

OK, NEEDS_ROOM = int(Status.OK), int(Status.NEEDS_ROOM)
CLOSED, OPENING, DECIDING = int(Phase.CLOSED), int(Phase.OPENING), int(Phase.DECIDING)
CLOSING, OVER = int(Phase.CLOSING), int(Phase.OVER)


@unit
def open_tick(scenario: Scenario, state: State, work: Work) -> int:
    """Everything before decisions. NEEDS_ROOM: give the state more payment rows and call again."""
    if state.phase[0] == CLOSED:
        state.phase[0] = OPENING
        state.tick_arrived_count[0] = 0
        state.cursor_recorded[0] = NONE
        start_day(scenario, state, work)
    status = run_scheduled_events(scenario, state, work)
    if status == OK:
        status = replay_payments(scenario, state, work)
    if status == OK:
        status = draw_arrivals(scenario, state, work)
    if status != OK:
        return status
    escalate_priorities(scenario, state, work)
    order_queue1(scenario, state, work)
    state.phase[0] = DECIDING
    return state.fault[0]


@unit
def close_tick(scenario: Scenario, state: State, work: Work) -> int:
    """Everything from the decisions on. NEEDS_ROOM: no payment has moved yet; make room for splits and call again."""
    if state.phase[0] != CLOSING:
        if state.free_count[0] < scenario.num_collateral_trees[0]:
            return NEEDS_ROOM
        start_accounts(state, work)
        apply_collateral_decisions(scenario, state, work)
        allocate_pool(scenario, state, work)
        apply_limit_decisions(scenario, state, work)
        set_orders_aside(scenario, state, work)
        run_strategic_trees(scenario, state, work)
        run_bank_trees(scenario, state, work)
        run_collateral_timers(scenario, state, work)
        state.phase[0] = CLOSING
    status = decide_all(scenario, state, work)
    if status != OK:
        return status
    submitted = apply_decisions(scenario, state, work)
    if (scenario.any_tree_revokes[0] or work.has_revocations[0]) and state.queue2_count[0] > 0:
        revoke_from_queue2(scenario, state, work, submitted)
    settle_submitted(scenario, state, work, submitted)
    order_queue2(scenario, state, work)
    retry_queue2(scenario, state, work)
    save_liquidity(scenario, state, work)
    run_market_session(scenario, state, work)
    run_end_of_tick_trees(scenario, state, work)
    apply_deferred_credits(scenario, state, work)
    accrue_costs(scenario, state, work)
    if is_last_tick_of_day(scenario, state):
        settle_last(scenario, state, work)
        end_day(scenario, state, work)
    advance_clock(scenario, state)
    return state.fault[0]


@kernel
def start_accounts(state: State, work: Work) -> None:
    """Reset the totals of the tick, and the released values that trees read."""
    fill_column(work.bank_committed_cents, 0)
    if state.tick_is_charged[0]:
        fill_column(state.tick_cost_cents, 0)
        state.tick_is_charged[0] = 0
    state.tick_settled_count[0] = 0
    state.tick_lsm_count[0] = 0
    state.tick_lsm_cents[0] = 0
    state.tick_cycle_attempts[0] = 0
    state.tick_work_limit_hit[0] = 0


@kernel
def settle_last(scenario: Scenario, state: State, work: Work) -> None:
    """If the rules settle at day end: one pass over Queue 2, liquidity saving, credits."""
    if scenario.settles_at_day_end[0] and state.queue2_count[0] > 0:
        retry_queue2(scenario, state, work)
        save_liquidity(scenario, state, work)
        apply_deferred_credits(scenario, state, work)


@kernel
def advance_clock(scenario: Scenario, state: State) -> None:
    """Move to the next tick, or end the run."""
    state.recent_lsm_count[state.tick[0] % RECENT_TICKS] = state.tick_lsm_count[0]
    state.lsm_released_count[0] += state.tick_lsm_count[0]
    state.lsm_released_cents[0] += state.tick_lsm_cents[0]
    state.tick[0] += 1
    state.phase[0] = OVER if state.tick[0] >= scenario.num_ticks[0] else CLOSED
