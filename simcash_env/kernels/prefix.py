"""The prefix algorithm: as much of every bank's queue, in its order, as can settle at once."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.ledger import (
    available_liquidity,
    reserved_cents,
    settle_waiting,
    within_bilateral,
    within_multilateral,
)
from simcash_env.kernels.queues import fill_column
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

SETTLEMENT = int(EventKind.LSM_PREFIX_SETTLEMENT)


@unit
def settle_prefixes(scenario: Scenario, state: State, work: Work) -> int:
    """Settle the largest set of first payments that all banks can fund together; returns how many settled.

    All that waits is looked at; as long as a bank is short, or over a limit, its last payment is taken out. The same
    set remains whatever the order of banks.
    """
    look_at_all(scenario, state, work)
    while take_out_last(scenario, state, work):
        pass
    settled, cents, row = 0, 0, state.queue2_head[0]
    while row != NONE:
        cents += state.pay_remaining_cents[row] * work.pay_key[row]
        settled += work.pay_key[row]
        row = state.pay_next[row]
    if settled == 0:
        return 0
    record_values(state, work, SETTLEMENT, NONE, NONE, NONE, cents, settled, NONE)
    row = state.queue2_head[0]
    while row != NONE:
        after = state.pay_next[row]
        if work.pay_key[row] == 1:
            settle_waiting(scenario, state, work, row)
        row = after
    state.tick_lsm_count[0] += settled
    state.tick_lsm_cents[0] += cents
    return settled


@kernel
def look_at_all(scenario: Scenario, state: State, work: Work) -> None:
    """Begin with all that waits: ``pay_key`` is 1, chains by sender begin with the last, sums by bank and pair."""
    fill_column(work.bank_edge, NONE)
    for bank in range(scenario.num_banks[0]):
        work.bank_net_cents[bank] = state.bank_expected_cents[bank] - state.bank_queue2_cents[bank]
        work.bank_paid_cents[bank] = state.bank_queue2_cents[bank]
    for pair in range(work.pair_key.shape[0]):
        work.pair_key[pair] = state.pair_queue2_cents[pair]
    row = state.queue2_head[0]
    while row != NONE:
        sender = state.pay_sender[row]
        work.pay_key[row] = 1
        work.pay_scratch[row] = work.bank_edge[sender]
        work.bank_edge[sender] = row
        row = state.pay_next[row]


@kernel
def take_out_last(scenario: Scenario, state: State, work: Work) -> bool:
    """Take the last payments out of every bank that is short or over a limit; False where no bank is."""
    took_out, num_banks = False, scenario.num_banks[0]
    for bank in range(num_banks):
        while work.bank_edge[bank] != NONE and must_shrink(scenario, state, work, bank):
            row = work.bank_edge[bank]
            receiver, cents = state.pay_receiver[row], state.pay_remaining_cents[row]
            work.bank_edge[bank] = work.pay_scratch[row]
            work.pay_key[row] = 0
            work.bank_net_cents[bank] += cents
            work.bank_paid_cents[bank] -= cents
            work.bank_net_cents[receiver] -= cents
            work.pair_key[bank * num_banks + receiver] -= cents
            took_out = True
    return took_out


@kernel
def reserved_from_rest(scenario: Scenario, state: State, work: Work, bank: int) -> int:
    """Liquidity that the bank may not use for what is still looked at: 0 if all of it has priority."""
    kept = 0
    if state.sub_limit_cents.shape[0] > 0:
        row = work.bank_edge[bank]
        while row != NONE and kept == 0:
            kept = reserved_cents(scenario, state, row)
            row = work.pay_scratch[row]
    return kept


@kernel
def must_shrink(scenario: Scenario, state: State, work: Work, bank: int) -> bool:
    """True if the remaining candidates leave the bank short of funds or above one of its limits."""
    net = work.bank_net_cents[bank]
    left = available_liquidity(scenario, state, bank) + net
    if left < 0 or (net < 0 and left < reserved_from_rest(scenario, state, work, bank)):
        return True
    if scenario.pair_limit_cents.shape[0] == 0:
        return False
    num_banks, paid = scenario.num_banks[0], work.bank_paid_cents[bank]
    if not within_multilateral(scenario, state, bank, paid, work.bank_net_cents[bank] + paid):
        return True
    for receiver in range(num_banks):
        outgoing, incoming = work.pair_key[bank * num_banks + receiver], work.pair_key[receiver * num_banks + bank]
        if outgoing > 0 and not within_bilateral(scenario, state, bank, receiver, outgoing, incoming):
            return True
    return False
