"""Day end: penalties on what is unsettled, counters cleared, the pool returned."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.charges import charge, eod_penalty
from simcash_env.kernels.pool import return_pool
from simcash_env.kernels.queues import fill_column
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, CostKind, EventKind

EOD_PENALTY = int(CostKind.EOD_PENALTY)
END_OF_DAY = int(EventKind.END_OF_DAY)


@kernel
def is_last_tick_of_day(scenario: Scenario, state: State) -> bool:
    """Return whether the day ends with this tick."""
    return (state.tick[0] + 1) % scenario.ticks_per_day[0] == 0


@kernel
def end_day(scenario: Scenario, state: State, work: Work) -> None:
    """Charge end-of-day penalties and close the counters of the day."""
    queued = 0
    for bank in range(scenario.num_banks[0]):
        queued += penalise_queue(scenario, state, work, state.bank_queue1_head[bank])
    queued += penalise_queue(scenario, state, work, state.queue2_head[0])
    fill_column(state.bank_outflow_cents, 0)
    fill_column(state.bank_inflow_cents, 0)
    fill_column(state.pair_outflow_cents, 0)
    for at in range(state.register_value.shape[0]):  # trees remember nothing overnight
        state.register_value[at] = 0.0
    waiting = state.queue2_value_cents[0]
    for bank in range(scenario.num_banks[0]):
        waiting += state.bank_queue1_cents[bank]
    record_values(state, work, END_OF_DAY, NONE, NONE, NONE, waiting, queued, NONE)
    if scenario.reallocates_pool_daily[0]:
        return_pool(scenario, state, work)


@kernel
def penalise_queue(scenario: Scenario, state: State, work: Work, row: int) -> int:
    """Charge the payments from this row to the end of its queue; returns how many there are."""
    count = 0
    while row != NONE:
        if scenario.is_eod_penalty_for_all[0] or state.pay_deadline_tick[row] < state.tick[0]:
            cents = eod_penalty(scenario, state.pay_remaining_cents[row])
            charge(state, work, state.pay_sender[row], EOD_PENALTY, cents, state.pay_id[row])
        count += 1
        row = state.pay_next[row]
    return count
