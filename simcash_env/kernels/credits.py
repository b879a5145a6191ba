"""Deferred credits: applied to the balances at the end of the tick."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.record import record
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

APPLIED = int(EventKind.DEFERRED_CREDIT_APPLIED)


@kernel
def apply_deferred_credits(scenario: Scenario, state: State, work: Work) -> None:
    """Under deferred crediting, add this tick's receipts to the balances."""
    if not scenario.defers_credits[0]:
        return
    for bank in range(scenario.num_banks[0]):
        cents = state.bank_deferred_cents[bank]
        if cents > 0:
            state.bank_balance_cents[bank] += cents
            state.bank_deferred_cents[bank] = 0
            record(state, work, APPLIED, bank, NONE, NONE, cents)
