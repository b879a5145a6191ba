"""Bilateral offsets: all payments waiting between two banks settle together, or none of them."""

from __future__ import annotations

from simcash_env.arrays import Scenario, State, Work
from simcash_env.codes import NONE, EventKind
from simcash_env.kernels._jit import kernel
from simcash_env.kernels.ledger import WITHIN_LIMITS, allowance, check_limits, settle
from simcash_env.kernels.queues import leave_queue2
from simcash_env.kernels.record import record, record_values
from simcash_env.kernels.sorting import sort_by_key

OFFSET = int(EventKind.LSM_BILATERAL_OFFSET)
SETTLED = int(EventKind.LSM_PAYMENT_SETTLED)


@kernel
def offset_bilaterally(scenario: Scenario, state: State, work: Work) -> int:
    """Offset every pair that can, the largest offset first; returns how many payments settled."""
    settled = 0
    for at in range(list_pairs(scenario, state, work)):
        pair = work.pair_order[at]
        if can_offset(scenario, state, pair):
            settled += offset_pair(scenario, state, work, pair)
    return settled


@kernel
def list_pairs(scenario: Scenario, state: State, work: Work) -> int:
    """List pairs with payments waiting both ways by min(sum, sum) descending, then by ids; returns how many."""
    num_banks = scenario.num_banks[0]
    count = 0
    for low in range(num_banks):
        if state.bank_queue2_cents[low] == 0 or state.bank_expected_cents[low] == 0:
            continue
        for high in range(low + 1, num_banks):
            pair = low * num_banks + high
            there, back = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
            if there > 0 and back > 0:
                work.pair_order[count] = pair
                work.pair_key[pair] = -min(there, back)
                count += 1
    if count > 1:
        sort_by_key(work.pair_order, work.pair_key, work.pair_scratch, count)
    return count


@kernel
def can_offset(scenario: Scenario, state: State, pair: int) -> bool:
    """Can the net payer fund the difference, and do both sums pass the limits gross?"""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    there, back = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
    payer = low if there > back else high
    if state.bank_balance_cents[payer] - abs(there - back) < -allowance(scenario, state, payer):
        return False
    if check_limits(scenario, state, low, high, there) != WITHIN_LIMITS:
        return False
    return check_limits(scenario, state, high, low, back) == WITHIN_LIMITS


@kernel
def offset_pair(scenario: Scenario, state: State, work: Work, pair: int) -> int:
    """Settle everything that waits between the two banks."""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    there, back = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
    record_values(state, work, OFFSET, low, high, NONE, min(there, back), there, back)
    settled = 0
    row = state.queue2_head[0]
    while row != NONE:
        after = state.pay_next[row]
        sender, receiver = state.pay_sender[row], state.pay_receiver[row]
        if (sender == low and receiver == high) or (sender == high and receiver == low):
            record(state, work, SETTLED, sender, receiver, state.pay_id[row], state.pay_remaining_cents[row])
            leave_queue2(num_banks, state, row)
            settle(scenario, state, work, row)
            settled += 1
        row = after
    state.tick_lsm_count[0] += settled
    state.tick_lsm_cents[0] += there + back
    return settled
