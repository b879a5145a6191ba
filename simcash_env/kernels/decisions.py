"""Decisions on Queue-1 payments: first all are made against one snapshot, then all are carried out in order."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.charges import charge
from simcash_env.kernels.ledger import drop_payment
from simcash_env.kernels.payment_decisions import decide_payments, may_split
from simcash_env.kernels.queues import join_queue1, leave_queue1, take_row, write_payment
from simcash_env.kernels.record import record, record_values
from simcash_env.kernels.trees.bank_fields import note_nearest_deadlines
from simcash_env.kernels.trees.interpreter import record_path
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, CostKind, EventKind, Place, Status, TreeAction, Verb

OK = int(Status.OK)
NEEDS_ROOM = int(Status.NEEDS_ROOM)
HOLD, RELEASE, DROP, WAIT = int(Verb.HOLD), int(Verb.RELEASE), int(Verb.DROP), int(Verb.WAIT)
REPRIORITIZE, SPLIT = int(Verb.REPRIORITIZE), int(Verb.SPLIT)
TREE_RELEASE = int(TreeAction.RELEASE)
PLACE_SPLIT = int(Place.SPLIT)
PLACE_SUBMITTED = int(Place.SUBMITTED)
SPLIT_FRICTION = int(CostKind.SPLIT_FRICTION)

SUBMIT_EVENT = int(EventKind.POLICY_SUBMIT)
HOLD_EVENT = int(EventKind.POLICY_HOLD)
DROP_EVENT = int(EventKind.POLICY_DROP)
SPLIT_EVENT = int(EventKind.POLICY_SPLIT)
REPRIORITIZED = int(EventKind.TRANSACTION_REPRIORITIZED)


@kernel
def decide_all(scenario: Scenario, state: State, work: Work) -> int:
    """Let every bank with a program decide on each of its Queue-1 payments; external decisions are already set.

    Only decisions are written. Returns NEEDS_ROOM when the children of all splits would not fit.
    """
    children = 0
    note_nearest_deadlines(scenario, state, work)
    for bank in range(scenario.num_banks[0]):
        row = state.bank_queue1_head[bank]
        work.bank_committed_cents[bank] = 0
        if row == NONE:
            continue
        if scenario.bank_payment_root[bank] == NONE:
            children += complete_decisions(scenario, state, work, row)
            continue
        children += decide_payments(scenario, state, work, bank)
    required = children + scenario.num_collateral_trees[0]  # those that run at the end of the tick may set timers
    return OK if required <= state.free_count[0] else NEEDS_ROOM


@kernel
def complete_decisions(scenario: Scenario, state: State, work: Work, row: int) -> int:
    """What a learner's decisions leave unsaid, from this payment on; returns the children of its splits."""
    children = 0
    while row != NONE:
        work.pay_leaf[row] = NONE
        parts = work.pay_decision[row] - SPLIT
        if parts > 0 and may_split(scenario, state, row, parts):
            work.pay_parts_now[row] = parts
            work.pay_new_priority[row] = state.pay_priority[row]
            children += parts
        row = state.pay_next[row]
    return children


@kernel
def apply_decisions(scenario: Scenario, state: State, work: Work) -> int:
    """Carry out decisions, bank by bank in queue order; returns the number of payments in ``pay_order``."""
    submitted = 0
    for bank in range(scenario.num_banks[0]):
        row = state.bank_queue1_head[bank]
        while row != NONE:
            after = state.pay_next[row]
            decision, leaf = work.pay_decision[row], work.pay_leaf[row]
            if leaf != NONE:
                follow_leaf(scenario, state, work, bank, row, leaf)
            if decision == RELEASE:
                leave_queue1(state, row)
                submit(state, work, row, submitted)
                submitted += 1
            elif decision == DROP:
                drop(scenario, state, work, row)
            elif decision > SPLIT and may_split(scenario, state, row, decision - SPLIT):
                submitted = split(scenario, state, work, row, decision - SPLIT, submitted)
            elif decision == REPRIORITIZE:
                set_priority(state, work, row, work.pay_new_priority[row])
            elif decision != WAIT and work.log.shape[0] > 0:
                record(state, work, HOLD_EVENT, bank, state.pay_receiver[row], state.pay_id[row], NONE)
            row = after
    return submitted


@kernel
def follow_leaf(scenario: Scenario, state: State, work: Work, bank: int, row: int, leaf: int) -> None:
    """Log the way that a tree file's tree took; set the priority that a release comes with, held back or not."""
    record_path(scenario, state, work, bank, state.pay_receiver[row], state.pay_id[row], leaf)
    if scenario.node_action[leaf] == TREE_RELEASE and scenario.node_key[leaf] != NONE:
        set_priority(state, work, row, scenario.node_key[leaf])


@kernel
def set_priority(state: State, work: Work, row: int, priority: int) -> None:
    """Give a payment another priority."""
    before = state.pay_priority[row]
    state.pay_priority[row] = priority
    if before != priority:
        sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
        record_values(state, work, REPRIORITIZED, sender, receiver, state.pay_id[row], cents, before, priority)


@kernel
def submit(state: State, work: Work, row: int, position: int) -> None:
    """Put a payment on this tick's submission list."""
    state.pay_submit_tick[row] = state.tick[0]
    state.pay_release_tick[row] = NONE
    work.pay_order[position] = row
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    record_values(
        state, work, SUBMIT_EVENT, sender, receiver, state.pay_id[row], cents, state.pay_rtgs_priority[row], NONE
    )


@kernel
def drop(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Give a Queue-1 payment up for good, at its price."""
    leave_queue1(state, row)
    drop_payment(scenario, state, work, row, DROP_EVENT)


@unit
def split(scenario: Scenario, state: State, work: Work, row: int, parts: int, submitted: int) -> int:
    """Replace a payment by parts, submitted in its place or waiting for their tick at the end of Queue 1.

    The last part takes the remainder. Returns how many payments have been submitted with these.
    """
    leave_queue1(state, row)
    state.pay_place[row] = PLACE_SPLIT
    state.pay_open_children[row] = parts
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    share, now = cents // parts, work.pay_parts_now[row]
    record_values(state, work, SPLIT_EVENT, sender, receiver, state.pay_id[row], cents, parts, state.next_id[0])
    for part in range(parts):
        child = take_row(state)
        child_cents = share if part + 1 < parts else cents - share * (parts - 1)
        write_child(scenario, state, row, child, child_cents, work.pay_new_priority[row])
        if part < now:
            submit(state, work, child, submitted + part)
        else:
            state.pay_release_tick[child] = state.tick[0] + (part - now + 1) * work.pay_gap_ticks[row]
            work.pay_decision[child] = WAIT
            work.pay_leaf[child] = NONE
            join_queue1(state, child)
    friction = scenario.split_friction_cents[0] * (parts - 1)
    charge(state, work, sender, SPLIT_FRICTION, friction, state.pay_id[row])
    return submitted + now


@kernel
def write_child(scenario: Scenario, state: State, parent: int, child: int, cents: int, priority: int) -> None:
    """Fill a row with a part of a payment: all as its parent but the cents and the priority.

    The parts of an overdue payment are overdue since the same tick: its deadline penalty has been charged.
    """
    sender, receiver, deadline = state.pay_sender[parent], state.pay_receiver[parent], state.pay_deadline_tick[parent]
    write_payment(state, child, sender, receiver, cents, deadline, priority, state.pay_is_divisible[parent])
    state.pay_place[child] = PLACE_SUBMITTED
    state.pay_arrival_tick[child] = state.pay_arrival_tick[parent]
    state.pay_rtgs_priority[child] = state.pay_rtgs_priority[parent]
    state.pay_parent[child] = parent
    if not scenario.penalises_parts_again[0]:
        state.pay_overdue_since[child] = state.pay_overdue_since[parent]
