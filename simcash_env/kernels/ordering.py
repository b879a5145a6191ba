"""Priority escalation and the two queue orders."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.money import round_half_away
from simcash_env.kernels.record import record_values
from simcash_env.kernels.sorting import sort_by_key
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EscalationCurve, EventKind
from simcash_env.schema.limits import HIGHEST_PRIORITY

ESCALATED = int(EventKind.PRIORITY_ESCALATED)
EXPONENTIAL, STEP = int(EscalationCurve.EXPONENTIAL), int(EscalationCurve.STEP)
STEEPNESS = 16.0  # an exponential rise doubles its gain with every quarter of the window
TICK_BITS = 40  # a tick fits 40 bits, so one word holds a priority and a tick


@kernel
def escalate_priorities(scenario: Scenario, state: State, work: Work) -> None:
    """Raise the priority of queued payments near their deadline: Queue 1 by bank, then Queue 2."""
    if scenario.escalation_start_ticks[0] == NONE:
        return
    for bank in range(scenario.num_banks[0]):
        escalate_chain(scenario, state, work, state.bank_queue1_head[bank])
    escalate_chain(scenario, state, work, state.queue2_head[0])


@unit
def escalate_chain(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Lift the priorities of a queue, in its order; never above 10, never down."""
    start, tick, max_boost = scenario.escalation_start_ticks[0], state.tick[0], scenario.escalation_max_boost[0]
    while row != NONE:
        left = max(state.pay_deadline_tick[row] - tick, 0)
        if left <= start:
            boost = round_half_away(max_boost * closeness(left, start, scenario.escalation_curve[0]))
            lifted = min(state.pay_original_priority[row] + boost, HIGHEST_PRIORITY)
            before = state.pay_priority[row]
            if lifted > before:
                state.pay_priority[row] = lifted
                sender, receiver = state.pay_sender[row], state.pay_receiver[row]
                cents = state.pay_remaining_cents[row]
                record_values(state, work, ESCALATED, sender, receiver, state.pay_id[row], cents, before, lifted)
        row = state.pay_next[row]


@kernel
def closeness(left: int, start: int, curve: int) -> float:
    """How far a priority has risen, 0 to 1, with this number of ticks left of its window."""
    if start == 0 or curve == STEP:
        return 1.0
    share = 1.0 - left / start
    return (STEEPNESS**share - 1.0) / (STEEPNESS - 1.0) if curve == EXPONENTIAL else share


@kernel
def order_queue1(scenario: Scenario, state: State, work: Work) -> None:
    """If configured, sort Queue 1 by descending priority, then ascending deadline."""
    if not scenario.orders_queue1_by_priority[0]:
        return
    for bank in range(scenario.num_banks[0]):
        count = 0
        row = state.bank_queue1_head[bank]
        while row != NONE:
            work.pay_order[count] = row
            rank = HIGHEST_PRIORITY - state.pay_priority[row]
            work.pay_key[row] = (rank << TICK_BITS) + state.pay_deadline_tick[row]
            count += 1
            row = state.pay_next[row]
        if count > 1:
            sort_by_key(work.pay_order, work.pay_key, work.pay_scratch, count)
            state.bank_queue1_head[bank] = work.pay_order[0]
            state.bank_queue1_tail[bank] = work.pay_order[count - 1]
            link(state, work, count)


@kernel
def order_queue2(scenario: Scenario, state: State, work: Work) -> None:
    """Sort Queue 2 by RTGS priority, then submission tick; without priority mode keep the order of entry."""
    if not scenario.orders_queue2_by_priority[0] or state.queue2_count[0] < 2:
        return
    count = 0
    row = state.queue2_head[0]
    while row != NONE:
        work.pay_order[count] = row
        work.pay_key[row] = (state.pay_rtgs_priority[row] << TICK_BITS) + state.pay_submit_tick[row]
        count += 1
        row = state.pay_next[row]
    sort_by_key(work.pay_order, work.pay_key, work.pay_scratch, count)
    state.queue2_head[0] = work.pay_order[0]
    state.queue2_tail[0] = work.pay_order[count - 1]
    link(state, work, count)


@kernel
def link(state: State, work: Work, count: int) -> None:
    """Chain the rows of ``pay_order`` in their order."""
    before = NONE
    for at in range(count):
        row = work.pay_order[at]
        state.pay_prev[row] = before
        state.pay_next[row] = work.pay_order[at + 1] if at + 1 < count else NONE
        before = row
