"""Decisions on a bank's own payments in Queue 2: taken out, they stand at the end of Queue 1 until the next tick."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.payment_decisions import revoke_verb
from simcash_env.kernels.queues import join_queue1, leave_queue2
from simcash_env.kernels.record import record, record_values
from simcash_env.kernels.trees.bank_fields import note_nearest_deadlines
from simcash_env.kernels.trees.counterparties import note_commitments
from simcash_env.kernels.trees.interpreter import record_path, walk
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind, Verb

WAIT, RESUBMIT = int(Verb.WAIT), int(Verb.RESUBMIT)
WITHDRAWN = int(EventKind.RTGS_WITHDRAWAL)
RESUBMITTED = int(EventKind.RTGS_RESUBMISSION)


@unit
def revoke_from_queue2(scenario: Scenario, state: State, work: Work, submitted: int) -> None:
    """Let learners and trees revoke payments from Queue 2; all decide before any payment is revoked."""
    note_nearest_deadlines(scenario, state, work)
    note_commitments(scenario, state, work, submitted)
    row, num_decisions = state.queue2_head[0], 0
    while row != NONE:
        bank = state.pay_sender[row]
        if scenario.bank_is_learning[bank] and work.has_revocations[0]:
            work.pay_leaf[row] = NONE
            num_decisions += work.pay_decision[row] != WAIT
        elif scenario.bank_tree_revokes[bank]:
            leaf = walk(scenario, state, work, scenario.bank_payment_root[bank], bank, row)
            work.pay_leaf[row] = leaf
            work.pay_decision[row] = revoke_verb(scenario, leaf)
            if work.pay_decision[row] == RESUBMIT:
                work.pay_new_priority[row] = scenario.node_key[leaf]
            num_decisions += 1
        else:
            work.pay_decision[row] = WAIT
        row = state.pay_next[row]
    work.has_revocations[0] = 0
    if num_decisions > 0:
        apply_revocations(scenario, state, work)


@kernel
def apply_revocations(scenario: Scenario, state: State, work: Work) -> None:
    """Carry out the decisions on Queue 2, in its order."""
    row = state.queue2_head[0]
    while row != NONE:
        after = state.pay_next[row]
        if work.pay_decision[row] != WAIT:
            withdraw(scenario, state, work, row, work.pay_leaf[row])
        row = after


@kernel
def withdraw(scenario: Scenario, state: State, work: Work, row: int, leaf: int) -> None:
    """Move a payment from Queue 2 to the end of Queue 1; resubmitting also declares another RTGS priority."""
    sender, receiver, pay_id = state.pay_sender[row], state.pay_receiver[row], state.pay_id[row]
    cents = state.pay_remaining_cents[row]
    if leaf != NONE:
        record_path(scenario, state, work, sender, receiver, pay_id, leaf)
    leave_queue2(scenario.num_banks[0], state, row)
    state.pay_submit_tick[row] = NONE
    record(state, work, WITHDRAWN, sender, receiver, pay_id, cents)
    if work.pay_decision[row] == RESUBMIT:
        state.pay_rtgs_priority[row] = work.pay_new_priority[row]
        record_values(state, work, RESUBMITTED, sender, receiver, pay_id, cents, work.pay_new_priority[row], NONE)
    join_queue1(state, row)
