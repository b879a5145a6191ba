"""Bilateral offsets: all payments waiting between two banks settle together, or none, or as many as can."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.ledger import (
    WITHIN_LIMITS,
    allowance,
    can_fund,
    check_limits,
    passes_limits_both_ways,
    settle_waiting,
)
from simcash_env.kernels.record import record_values
from simcash_env.kernels.sorting import sort_by_key
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

OFFSET = int(EventKind.LSM_BILATERAL_OFFSET)


@kernel
def offset_bilaterally(scenario: Scenario, state: State, work: Work) -> int:
    """Offset every pair that can, the largest offset first; returns how many payments settled."""
    settled = 0
    for at in range(list_pairs(scenario, state, work)):
        pair = work.pair_order[at]
        if can_offset(scenario, state, work, pair):
            settled += offset_pair(scenario, state, work, pair)
        elif scenario.offsets_subsets[0]:
            settled += offset_subset(scenario, state, work, pair)
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
def can_offset(scenario: Scenario, state: State, work: Work, pair: int) -> bool:
    """Can the net payer fund the difference, and do both sums pass the limits?"""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    there, back = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
    payer = low if there > back else high
    if state.bank_balance_cents[payer] - abs(there - back) < -allowance(scenario, state, payer):
        return False
    return passes_limits_both_ways(scenario, state, work, low, high, there, back)


@kernel
def offset_pair(scenario: Scenario, state: State, work: Work, pair: int) -> int:
    """Settle everything that waits between the two banks."""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    there, back = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
    return offset_first(scenario, state, work, pair, there, back)


@kernel
def offset_first(scenario: Scenario, state: State, work: Work, pair: int, there: int, back: int) -> int:
    """Settle what waits between two banks in queue order, up to these sums both ways."""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    record_values(state, work, OFFSET, low, high, NONE, min(there, back), there, back)
    state.tick_lsm_cents[0] += there + back
    settled, left_there, left_back = 0, there, back
    row = state.queue2_head[0]
    while row != NONE:
        after = state.pay_next[row]
        sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
        if sender == low and receiver == high and left_there > 0:
            left_there -= cents
            settle_waiting(scenario, state, work, row)
            settled += 1
        elif sender == high and receiver == low and left_back > 0:
            left_back -= cents
            settle_waiting(scenario, state, work, row)
            settled += 1
        row = after
    state.tick_lsm_count[0] += settled
    return settled


@kernel
def offset_subset(scenario: Scenario, state: State, work: Work, pair: int) -> int:
    """Settle the most valuable pair of prefixes in queue order that both banks can fund within their limits.

    More on one side never asks for less on the other: one walk over both sides finds the best pair.
    """
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    work.bank_edge[low], work.bank_edge[high] = list_edge(state, work, low, high), list_edge(state, work, high, low)
    there, back, best_there, best_back = 0, 0, 0, 0
    following = work.bank_edge[high]
    row = work.bank_edge[low]
    while row != NONE:
        there += state.pay_remaining_cents[row]
        while following != NONE and may_pay(
            scenario, state, high, low, back + state.pay_remaining_cents[following], there
        ):
            back += state.pay_remaining_cents[following]
            following = work.pay_scratch[following]
        if back > 0 and may_pay(scenario, state, low, high, there, back):
            best_there, best_back = there, back
        row = work.pay_scratch[row]
    return offset_first(scenario, state, work, pair, best_there, best_back) if best_there > 0 else 0


@kernel
def list_edge(state: State, work: Work, sender: int, receiver: int) -> int:
    """Chain what waits from one bank to another in queue order, links in ``pay_scratch``; returns the first."""
    first, last, row = NONE, NONE, state.queue2_head[0]
    while row != NONE:
        if state.pay_sender[row] == sender and state.pay_receiver[row] == receiver:
            if last == NONE:
                first = row
            else:
                work.pay_scratch[last] = row
            work.pay_scratch[row] = NONE
            last = row
        row = state.pay_next[row]
    return first


@kernel
def may_pay(scenario: Scenario, state: State, sender: int, receiver: int, paid: int, received: int) -> bool:
    """Can a bank fund its net of an offset, within its limits?"""
    if not can_fund(scenario, state, sender, paid, received):
        return False
    return check_limits(scenario, state, sender, receiver, paid, received, received) == WITHIN_LIMITS
