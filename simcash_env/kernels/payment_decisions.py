"""What a bank's payment tree decides on one payment, and what that commits the bank to."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.trees.interpreter import to_whole, walk
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, TreeAction, Verb
from simcash_env.schema.limits import HIGHEST_PRIORITY, MAX_PARTS, MAX_TICKS, MIN_PARTS

HOLD, RELEASE, DROP, WAIT = int(Verb.HOLD), int(Verb.RELEASE), int(Verb.DROP), int(Verb.WAIT)
REPRIORITIZE, WITHDRAW, RESUBMIT, SPLIT = (
    int(Verb.REPRIORITIZE),
    int(Verb.WITHDRAW),
    int(Verb.RESUBMIT),
    int(Verb.SPLIT),
)
TREE_RELEASE, TREE_DROP = int(TreeAction.RELEASE), int(TreeAction.DROP)
TREE_SPLIT, TREE_STAGGER = int(TreeAction.SPLIT), int(TreeAction.STAGGER_SPLIT)
TREE_REPRIORITIZE = int(TreeAction.REPRIORITIZE)
TREE_WITHDRAW, TREE_RESUBMIT = int(TreeAction.WITHDRAW_FROM_RTGS), int(TreeAction.RESUBMIT_TO_RTGS)


@kernel
def may_split(scenario: Scenario, state: State, row: int, parts: int) -> bool:
    """A payment is split once, into two or more parts of at least a cent, where the rules allow it."""
    if parts < MIN_PARTS or state.pay_parent[row] != NONE:
        return False
    if state.pay_remaining_cents[row] < parts:
        return False
    return scenario.splits_any[0] != 0 or state.pay_is_divisible[row] != 0


@kernel
def may_do(scenario: Scenario, state: State, row: int, verb: int, parts: int) -> bool:
    """True if a learner's verb for a payment of its queue can be carried out; verbs not offered are no choices."""
    return may_split(scenario, state, row, parts) if verb == SPLIT else True


@unit
def decide_payments(scenario: Scenario, state: State, work: Work, bank: int) -> int:
    """Decide on all payments in the Queue 1 of a bank with a program; returns the parts of all splits."""
    start_commitments(scenario, state, work, bank)
    parts, root, row = 0, scenario.bank_payment_root[bank], state.bank_queue1_head[bank]
    while row != NONE:
        parts += decide_payment(scenario, state, work, bank, root, row)
        row = state.pay_next[row]
    return parts


@kernel
def decide_payment(scenario: Scenario, state: State, work: Work, bank: int, root: int, row: int) -> int:
    """Decide on a Queue-1 payment; writes the decision and its leaf, and returns the parts that it would be split into.

    A part of a staggered split is not decided again: it is released at its tick.
    """
    due = state.pay_release_tick[row]
    if due == NONE:
        leaf = walk(scenario, state, work, root, bank, row)
        decision = verb_of(scenario, state, work, bank, row, leaf)
    else:
        leaf = NONE
        decision = RELEASE if state.tick[0] >= due else WAIT
    work.pay_leaf[row] = leaf
    work.pay_decision[row] = decision
    if decision == RELEASE:
        commit(scenario, state, work, bank, row, state.pay_remaining_cents[row])
    elif decision > SPLIT:
        parts, now = decision - SPLIT, work.pay_parts_now[row]
        cents = state.pay_remaining_cents[row]
        commit(scenario, state, work, bank, row, cents if now == parts else cents // parts * now)
        return parts
    return 0


@kernel
def verb_of(scenario: Scenario, state: State, work: Work, bank: int, row: int, leaf: int) -> int:
    """What a leaf, whose values lie on the stack, means for this payment; what cannot be done is a hold."""
    action = scenario.node_action[leaf]
    if action == TREE_RELEASE:
        return release_verb(scenario, state, work, bank, row, leaf)
    if action == TREE_DROP:
        return DROP
    if action == TREE_SPLIT or action == TREE_STAGGER:
        return split_verb(scenario, state, work, row, leaf)
    if action == TREE_REPRIORITIZE:
        work.pay_new_priority[row] = min(max(to_whole(float(work.stack[0])), 0), HIGHEST_PRIORITY)
        return REPRIORITIZE
    return HOLD


@kernel
def revoke_verb(scenario: Scenario, leaf: int) -> int:
    """What a leaf means for a payment in Queue 2: take it out, with another RTGS priority or without, or nothing."""
    action = scenario.node_action[leaf]
    if action == TREE_WITHDRAW:
        return WITHDRAW
    return RESUBMIT if action == TREE_RESUBMIT else WAIT


@kernel
def release_verb(scenario: Scenario, state: State, work: Work, bank: int, row: int, leaf: int) -> int:
    """Release now, or wait for the tick that the leaf names, or hold where the release budget is used up."""
    if scenario.node_first[leaf] < scenario.node_end[leaf] and to_whole(float(work.stack[0])) > state.tick[0]:
        return WAIT
    if state.bank_budget_node[bank] == NONE:
        return RELEASE
    return RELEASE if charge_budget(scenario, state, work, bank, row) else HOLD


@kernel
def split_verb(scenario: Scenario, state: State, work: Work, row: int, leaf: int) -> int:
    """Split at once, or staggered: a number of parts now, one more after each gap, with a priority of their own."""
    stack = work.stack
    parts = to_whole(float(stack[0]))
    if parts > MAX_PARTS or not may_split(scenario, state, row, parts):
        return HOLD
    now, gap, priority = parts, 0, state.pay_priority[row]
    if scenario.node_action[leaf] == TREE_STAGGER:
        now = max(to_whole(float(stack[1])), 0)
        gap = min(max(to_whole(float(stack[2])), 0), MAX_TICKS)
        priority = min(priority + min(max(to_whole(float(stack[3])), 0), HIGHEST_PRIORITY), HIGHEST_PRIORITY)
        if now > parts:
            return HOLD
        if gap == 0:
            now = parts
    work.pay_parts_now[row] = now
    work.pay_gap_ticks[row] = gap
    work.pay_new_priority[row] = priority
    return SPLIT + parts


@kernel
def charge_budget(scenario: Scenario, state: State, work: Work, bank: int, row: int) -> bool:
    """True if the release budget of this tick allows the payment, which is then charged to it."""
    cents, receiver = state.pay_remaining_cents[row], state.pay_receiver[row]
    if work.bank_charged_cents[bank] + cents > state.bank_budget_cents[bank]:
        return False
    focus = scenario.node_key[state.bank_budget_node[bank]]
    if focus != NONE and scenario.focus_has_bank[focus * scenario.num_banks[0] + receiver] == 0:
        return False
    if work.to_charged_cents[receiver] + cents > state.bank_budget_each_cents[bank]:
        return False
    work.bank_charged_cents[bank] += cents
    work.to_charged_cents[receiver] += cents
    return True


@kernel
def start_commitments(scenario: Scenario, state: State, work: Work, bank: int) -> None:
    """Before a bank decides on its Queue 1 it has released nothing to anybody, nor charged anything to its budget."""
    work.bank_charged_cents[bank] = 0
    work.committed_owner[0] = bank
    if scenario.reads_committed_to[0]:
        for other in range(scenario.num_banks[0]):
            work.to_committed_cents[other] = 0
    if state.bank_budget_node[bank] != NONE:
        for other in range(scenario.num_banks[0]):
            work.to_charged_cents[other] = 0


@kernel
def commit(scenario: Scenario, state: State, work: Work, bank: int, row: int, cents: int) -> None:
    """Count what a decision releases, so that later decisions of the tick can see it."""
    work.bank_committed_cents[bank] += cents
    if scenario.reads_committed_to[0]:
        work.to_committed_cents[state.pay_receiver[row]] += cents
