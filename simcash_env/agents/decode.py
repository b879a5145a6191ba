"""From learners' actions to decisions on payments; one function a kind of action, then the optional heads."""

from __future__ import annotations

from simcash_env.agents.heads import decode_heads
from simcash_env.agents.rank import decode_rank, note_liquidity
from simcash_env.agents.tables import BUDGET as BUDGET_KIND
from simcash_env.agents.tables import I32, QUEUE, THRESHOLD, Buffers, Window
from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.views import part
from simcash_env.kernels.payment_decisions import may_do
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NO_CHANGE, NONE, Phase, Verb
from simcash_env.schema.limits import BUDGET_LEVELS, HIGHEST_PRIORITY, THRESHOLD_STEPS, TYPICAL_TICKS

HOLD = int(Verb.HOLD)
RELEASE = int(Verb.RELEASE)
CLOSING = int(Phase.CLOSING)
FULL_BUDGET = BUDGET_LEVELS - 1


@kernel
def decode(scenario: Scenario, state: State, work: Work, window: Window, copy: int, buffers: Buffers) -> None:
    """Write the decisions of all learning banks; a choice that may not be carried out counts as hold and is counted.

    After a call for room in mid-tick the decisions are written again; what was counted before stands.
    """
    num_learners = window.learners.shape[0]
    work.has_revocations[0] = 0
    for index in range(num_learners):
        bank, row = window.learners[index], copy * num_learners + index
        choices = part(buffers.actions, row * window.num_heads, window.num_heads)
        if window.kind == QUEUE:
            refused = decode_queue(scenario, state, work, window, bank, choices)
        elif window.kind == BUDGET_KIND:
            refused = decode_budget(state, work, bank, choices[0])
        else:
            note_liquidity(scenario, state, window, bank, choices, buffers.liquidity, row)
            balance, limit = buffers.liquidity[2 * row], buffers.liquidity[2 * row + 1]
            if window.kind == THRESHOLD:
                refused = decode_threshold(scenario, state, work, bank, choices, max(balance + limit, 0))
            else:
                refused = decode_rank(scenario, state, work, bank, choices, balance, limit)
        refused += decode_heads(scenario, state, work, window, bank, choices)
        if state.phase[0] != CLOSING:
            buffers.illegal[row] = refused


@kernel
def decode_queue(scenario: Scenario, state: State, work: Work, window: Window, bank: int, choices: I32) -> int:
    """A verb for each payment that is shown, in order; what is beyond them is held. Returns the illegal verbs."""
    slot, illegal, num_slots = 0, 0, window.num_slots
    row = state.bank_queue1_head[bank]
    while row != NONE:
        decision = HOLD
        if slot < num_slots:
            verb, parts = scenario.choice_verb[choices[slot]], scenario.choice_parts[choices[slot]]
            if may_do(scenario, state, row, verb, parts):
                decision = verb + parts
            else:
                illegal += 1
            slot += 1
        work.pay_decision[row] = decision
        row = state.pay_next[row]
    for empty in range(slot, num_slots):  # has no payment
        illegal += choices[empty] != NO_CHANGE
    return illegal


@kernel
def decode_budget(state: State, work: Work, bank: int, level: int) -> int:
    """Release in queue order as long as the sum stays within a share of the queued value (in steps of 5 %).

    Returns 1 where there is nothing to send.
    """
    queued, spent, is_open = state.bank_queue1_cents[bank], 0, True
    budget = queued // FULL_BUDGET * level + queued % FULL_BUDGET * level // FULL_BUDGET
    row = state.bank_queue1_head[bank]
    while row != NONE:
        spent += state.pay_remaining_cents[row]
        is_open = is_open and spent <= budget
        work.pay_decision[row] = RELEASE if is_open else HOLD
        row = state.pay_next[row]
    return int(level > 0 and state.bank_queue1_head[bank] == NONE)


@kernel
def decode_threshold(scenario: Scenario, state: State, work: Work, bank: int, choices: I32, liquidity: int) -> int:
    """Release what is more urgent, smaller or of higher priority than thresholds, within a share of the liquidity.

    Ticks to the deadline and cents are compared on the scales of the observation; 0, 0 and 1 switch a threshold off.
    What does not fit within the share any more is held, what comes behind it is still looked at.
    """
    urgency, size, priority, share = choices[0], choices[1], choices[2], choices[3]
    left = liquidity // THRESHOLD_STEPS * share + liquidity % THRESHOLD_STEPS * share // THRESHOLD_STEPS
    scale, row = scenario.bank_payment_scale_cents[bank], state.bank_queue1_head[bank]
    while row != NONE:
        cents, ticks = state.pay_remaining_cents[row], max(state.pay_deadline_tick[row] - state.tick[0], 0)
        is_urgent = ticks * THRESHOLD_STEPS < urgency * (ticks + TYPICAL_TICKS)
        is_small = cents * THRESHOLD_STEPS < size * (cents + scale)
        is_high = state.pay_priority[row] * THRESHOLD_STEPS > priority * HIGHEST_PRIORITY
        decision = HOLD
        if (is_urgent or is_small or is_high) and cents <= left:
            decision = RELEASE
            left -= cents
        work.pay_decision[row] = decision
        row = state.pay_next[row]
    return 0
