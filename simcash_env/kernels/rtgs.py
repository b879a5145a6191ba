"""Gross settlement: what was submitted in this tick, then the central queue in order."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.entry_disposition import list_by_pair, list_waiting, offset_at_entry
from simcash_env.kernels.ledger import (
    WITHIN_LIMITS,
    available_liquidity,
    can_settle,
    check_limits,
    record_limit,
    reserved_cents,
    settle,
)
from simcash_env.kernels.overdue import mark_overdue
from simcash_env.kernels.queues import join_queue2, leave_queue2
from simcash_env.kernels.record import record, record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

SETTLED = int(EventKind.RTGS_IMMEDIATE_SETTLEMENT)
QUEUED = int(EventKind.QUEUED_RTGS)
RELEASED = int(EventKind.QUEUE2_LIQUIDITY_RELEASE)


@kernel
def settle_submitted(scenario: Scenario, state: State, work: Work, submitted: int) -> None:
    """Try to settle every submitted payment gross, in order of submission; the others join Queue 2.

    Where the system offsets at entry, a payment that is not funded is first tried against what waits the other way.
    """
    has_lists = False
    for position in range(submitted):
        row = work.pay_order[position]
        sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
        pay_id = state.pay_id[row]
        if available_liquidity(scenario, state, sender) - reserved_cents(scenario, state, row) >= cents:
            outcome = check_limits(scenario, state, sender, receiver, cents, 0, 0)
            if outcome == WITHIN_LIMITS:
                record(state, work, SETTLED, sender, receiver, pay_id, cents)
                settle(scenario, state, work, row)
                continue
            record_limit(state, work, outcome, sender, receiver, pay_id, cents)
        elif scenario.offsets_at_entry[0]:
            if not has_lists:
                list_by_pair(scenario.num_banks[0], state, work, position, submitted)
                has_lists = True
            if offset_at_entry(scenario, state, work, row):
                continue
        record(state, work, QUEUED, sender, receiver, pay_id, cents)
        if has_lists:
            list_waiting(scenario.num_banks[0], state, work, row)
        join_queue2(scenario.num_banks[0], state, row)


@kernel
def retry_queue2(scenario: Scenario, state: State, work: Work) -> None:
    """Make one pass over Queue 2 from the front (FIFO-bypass: a blocked payment does not block those behind it)."""
    row = state.queue2_head[0]
    while row != NONE:
        after = state.pay_next[row]
        mark_overdue(state, work, row)
        if can_settle(scenario, state, row):
            sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
            waited = state.tick[0] - state.pay_submit_tick[row]
            record_values(state, work, RELEASED, sender, receiver, state.pay_id[row], cents, waited, NONE)
            leave_queue2(scenario.num_banks[0], state, row)
            settle(scenario, state, work, row)
        row = after
