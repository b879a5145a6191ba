"""A payment submitted by a caller: it arrives in the open tick, or the next, at the end of its sender's Queue 1."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import entry, kernel
from simcash_env.kernels.deadlines import cap_deadline, default_deadline
from simcash_env.kernels.queues import admit_payment
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import NONE


@kernel
def submit(scenario: Scenario, state: State, work: Work, payment: I64) -> int:
    """Write the payment (sender, receiver, cents, deadline, priority, divisible, RTGS priority); returns its id.

    The deadline is a tick, or NONE for the default.
    """
    if state.free_count[0] == 0:
        return NONE
    sender, receiver, cents, priority = payment[0], payment[1], payment[2], payment[4]
    requested = default_deadline(scenario, state) if payment[3] == NONE else payment[3]
    deadline = cap_deadline(scenario, state, requested, 0)
    row = admit_payment(state, work, sender, receiver, cents, deadline, priority, payment[5])
    state.pay_rtgs_priority[row] = payment[6]
    return state.pay_id[row]


@entry
def submit_row(
    scenario_row: I64,
    scenario_sizes: I64,
    state_row: I64,
    state_sizes: I64,
    work_row: I64,
    work_sizes: I64,
    payment: I64,
) -> int:
    """``submit`` on arena rows; NONE when there is no free row."""
    scenario, state = open_scenario(scenario_row, scenario_sizes), open_state(state_row, state_sizes)
    return submit(scenario, state, open_work(work_row, work_sizes), payment)
