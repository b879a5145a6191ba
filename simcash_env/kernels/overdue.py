"""A payment past its deadline: marked once, charged once."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.charges import charge, deadline_penalty
from simcash_env.kernels.record import record
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, CostKind, EventKind

DEADLINE_PENALTY = int(CostKind.DEADLINE_PENALTY)
WENT_OVERDUE = int(EventKind.TRANSACTION_WENT_OVERDUE)


@kernel
def mark_overdue(state: State, work: Work, row: int) -> None:
    """Mark a queued payment whose deadline has passed, once."""
    if state.pay_overdue_since[row] != NONE or state.tick[0] <= state.pay_deadline_tick[row]:
        return
    state.pay_overdue_since[row] = state.tick[0]
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    record(state, work, WENT_OVERDUE, sender, receiver, state.pay_id[row], cents)


@kernel
def penalise_overdue(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Charge the deadline penalty once, in the tick in which the payment went overdue."""
    if state.pay_overdue_since[row] == state.tick[0]:
        cents = deadline_penalty(scenario, state.pay_amount_cents[row])
        charge(state, work, state.pay_sender[row], DEADLINE_PENALTY, cents, state.pay_id[row])
