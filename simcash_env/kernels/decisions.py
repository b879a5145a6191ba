"""Decisions on Queue-1 payments: first all are made against one snapshot, then all are carried out in order."""

from __future__ import annotations

from simcash_env.arrays import Scenario, State, Work
from simcash_env.codes import NONE, CostKind, EventKind, Place, Status, Verb
from simcash_env.kernels._jit import kernel
from simcash_env.kernels.charges import charge
from simcash_env.kernels.decision_tree import decide
from simcash_env.kernels.ledger import give_up
from simcash_env.kernels.queues import leave_queue1, take_row, write_payment
from simcash_env.kernels.record import record, record_values

OK = int(Status.OK)
NEEDS_ROOM = int(Status.NEEDS_ROOM)
HOLD = int(Verb.HOLD)
RELEASE = int(Verb.RELEASE)
DROP = int(Verb.DROP)
SPLIT = int(Verb.SPLIT)
PLACE_SPLIT = int(Place.SPLIT)
PLACE_SUBMITTED = int(Place.SUBMITTED)
SPLIT_FRICTION = int(CostKind.SPLIT_FRICTION)

SUBMIT_EVENT = int(EventKind.POLICY_SUBMIT)
HOLD_EVENT = int(EventKind.POLICY_HOLD)
DROP_EVENT = int(EventKind.POLICY_DROP)
SPLIT_EVENT = int(EventKind.POLICY_SPLIT)


@kernel
def decide_all(scenario: Scenario, state: State, work: Work) -> int:
    """Let every scripted bank decide on each of its Queue-1 payments; learning banks' decisions are there already.

    Nothing is changed but ``pay_decision``. Returns NEEDS_ROOM when the children of all splits would not fit.
    """
    children = 0
    for bank in range(scenario.num_banks[0]):
        root = scenario.bank_payment_root[bank]
        is_learning = scenario.bank_is_learning[bank] != 0
        row = state.bank_queue1_head[bank]
        while row != NONE:
            if not is_learning:
                work.pay_decision[row] = decide(scenario, state, work, root, row)
            parts = work.pay_decision[row] - SPLIT
            if parts > 0 and may_split(scenario, state, row, parts):
                children += parts
            row = state.pay_next[row]
    return OK if children <= state.free_count[0] else NEEDS_ROOM


@kernel
def may_split(scenario: Scenario, state: State, row: int, parts: int) -> bool:
    """A payment is split once, into two or more parts of at least a cent, where the rules allow it."""
    if parts < 2 or state.pay_parent[row] != NONE:
        return False
    if state.pay_remaining_cents[row] < parts:
        return False
    return scenario.splits_any[0] != 0 or state.pay_is_divisible[row] != 0  # type: ignore[no-any-return]


@kernel
def apply_decisions(scenario: Scenario, state: State, work: Work) -> int:
    """Carry the decisions out, bank by bank in queue order; returns how many payments ``pay_order`` submits."""
    submitted = 0
    for bank in range(scenario.num_banks[0]):
        row = state.bank_queue1_head[bank]
        while row != NONE:
            after = state.pay_next[row]
            decision = work.pay_decision[row]
            if decision == RELEASE:
                leave_queue1(state, row)
                submit(state, work, row, submitted)
                submitted += 1
            elif decision == DROP:
                drop(scenario, state, work, row)
            elif decision > SPLIT and may_split(scenario, state, row, decision - SPLIT):
                submitted = split(scenario, state, work, row, decision - SPLIT, submitted)
            elif work.log.shape[0] > 0:
                record(state, work, HOLD_EVENT, bank, state.pay_receiver[row], state.pay_id[row], NONE)
            row = after
    return submitted


@kernel
def submit(state: State, work: Work, row: int, position: int) -> None:
    """Put a payment on this tick's submission list."""
    state.pay_submit_tick[row] = state.tick[0]
    work.pay_order[position] = row
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    record_values(
        state, work, SUBMIT_EVENT, sender, receiver, state.pay_id[row], cents, state.pay_rtgs_priority[row], NONE
    )


@kernel
def drop(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Give a Queue-1 payment up for good, at its price."""
    leave_queue1(state, row)
    give_up(scenario, state, work, row, DROP_EVENT)


@kernel
def split(scenario: Scenario, state: State, work: Work, row: int, parts: int, submitted: int) -> int:
    """Replace a payment by parts that are submitted in its place; the last part takes the remainder."""
    leave_queue1(state, row)
    state.pay_place[row] = PLACE_SPLIT
    state.pay_open_children[row] = parts
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    share = cents // parts
    record_values(state, work, SPLIT_EVENT, sender, receiver, state.pay_id[row], cents, parts, state.next_id[0])
    for part in range(parts):
        child = take_row(state)
        child_cents = share if part + 1 < parts else cents - share * (parts - 1)
        deadline, priority = state.pay_deadline_tick[row], state.pay_priority[row]
        write_payment(state, child, sender, receiver, child_cents, deadline, priority, state.pay_is_divisible[row])
        state.pay_place[child] = PLACE_SUBMITTED
        state.pay_arrival_tick[child] = state.pay_arrival_tick[row]
        state.pay_rtgs_priority[child] = state.pay_rtgs_priority[row]
        state.pay_parent[child] = row
        submit(state, work, child, submitted + part)
    friction = scenario.split_friction_cents[0] * (parts - 1)
    charge(state, work, sender, SPLIT_FRICTION, friction, state.pay_id[row])
    return submitted + parts
