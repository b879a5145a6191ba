"""Bilateral offsets: all payments waiting between two banks settle together, or none, or as many as can."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.ledger import (
    WITHIN_LIMITS,
    available_liquidity,
    can_fund,
    check_limits,
    overdraft_limit,
    passes_limits_both_ways,
    reserved_cents,
    reserved_from_pair,
    settle_waiting,
)
from simcash_env.kernels.pair_chains import chain_pairs
from simcash_env.kernels.record import record_values
from simcash_env.kernels.sorting import sort_by_key
from simcash_env.kernels.waiting_pairs import list_waiting_pairs
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

OFFSET = int(EventKind.LSM_BILATERAL_OFFSET)


@unit
def offset_bilaterally(scenario: Scenario, state: State, work: Work) -> int:
    """Offset every pair that can, the largest offset first; returns how many payments settled."""
    settled, has_chains = 0, False
    for at in range(list_pairs(scenario, state, work)):
        pair = work.pair_order[at]
        is_whole = can_offset(scenario, state, work, pair)
        if not (is_whole or scenario.offsets_subsets[0]):
            continue
        if not has_chains:  # of this queue: no payment joins it here, and each pair is looked at once
            chain_pairs(scenario.num_banks[0], state, work)
            has_chains = True
        if is_whole and is_short_enough(scenario, work, pair):
            settled += offset_pair(scenario, state, work, pair)
        elif scenario.offsets_subsets[0]:
            settled += offset_subset(scenario, state, work, pair)
    return settled


@kernel
def is_short_enough(scenario: Scenario, work: Work, pair: int) -> bool:
    """True if each of the two banks has at most as many payments waiting for the other as one offset may settle."""
    most, num_banks = scenario.max_offset_payments[0], scenario.num_banks[0]
    if most == NONE:
        return True
    for side in range(2):
        count, row = 0, work.pair_scratch[pair if side == 0 else pair % num_banks * num_banks + pair // num_banks]
        while row != NONE:
            count += 1
            if count > most:
                return False
            row = work.pay_scratch[row]
    return True


@kernel
def list_pairs(scenario: Scenario, state: State, work: Work) -> int:
    """List pairs with payments waiting both ways by min(sum, sum) descending, then by ids; returns how many."""
    num_banks = scenario.num_banks[0]
    count = 0
    for at in range(list_waiting_pairs(num_banks, state, work)):
        pair = work.pair_order[at]
        low, high = pair // num_banks, pair % num_banks
        incoming = state.pair_queue2_cents[high * num_banks + low] if low < high else 0
        if incoming > 0:
            work.pair_order[count] = pair
            work.pair_key[pair] = -min(state.pair_queue2_cents[pair], incoming)
            count += 1
    if count > 1:
        sort_by_key(work.pair_order, work.pair_key, work.pair_scratch, count)
    return count


@kernel
def can_offset(scenario: Scenario, state: State, work: Work, pair: int) -> bool:
    """True if the net payer can fund the difference and both sums pass the limits.

    Its reserve stays untouched unless all that it pays has priority.
    """
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    outgoing, incoming = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
    payer, net = low if outgoing > incoming else high, abs(outgoing - incoming)
    if state.bank_balance_cents[payer] - net < -overdraft_limit(scenario, state, payer):
        return False
    if net > 0 and state.sub_limit_cents.shape[0] > 0:
        reserved = reserved_from_pair(scenario, state, payer, low + high - payer)
        if available_liquidity(scenario, state, payer) - reserved < net:
            return False
    return passes_limits_both_ways(scenario, state, work, low, high, outgoing, incoming)


@kernel
def offset_pair(scenario: Scenario, state: State, work: Work, pair: int) -> int:
    """Settle everything that waits between the two banks."""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    outgoing, incoming = state.pair_queue2_cents[pair], state.pair_queue2_cents[high * num_banks + low]
    return offset_first(scenario, state, work, pair, outgoing, incoming)


@kernel
def offset_first(scenario: Scenario, state: State, work: Work, pair: int, outgoing: int, incoming: int) -> int:
    """Settle what waits between two banks in queue order, up to these sums both ways; needs the chains of pairs."""
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    record_values(state, work, OFFSET, low, high, NONE, min(outgoing, incoming), outgoing, incoming)
    state.tick_lsm_cents[0] += outgoing + incoming
    settled, left_outgoing, left_incoming = 0, outgoing, incoming
    first, answer = work.pair_scratch[pair], work.pair_scratch[high * num_banks + low]
    while left_outgoing > 0 or left_incoming > 0:
        if left_incoming == 0 or (left_outgoing > 0 and work.pay_key[first] < work.pay_key[answer]):
            row = first
            first = work.pay_scratch[row]
            left_outgoing -= state.pay_remaining_cents[row]
        else:
            row = answer
            answer = work.pay_scratch[row]
            left_incoming -= state.pay_remaining_cents[row]
        settle_waiting(scenario, state, work, row)
        settled += 1
    state.tick_lsm_count[0] += settled
    return settled


@kernel
def offset_subset(scenario: Scenario, state: State, work: Work, pair: int) -> int:
    """Settle the most valuable pair of prefixes in queue order that both banks can fund within their limits.

    More on one side never asks for less on the other: one walk over both sides finds the best pair. A bank keeps its
    reserve from the first payment on that has no priority, and settles no more payments than an offset may have.
    """
    num_banks = scenario.num_banks[0]
    low, high = pair // num_banks, pair % num_banks
    outgoing, incoming, best_outgoing, best_incoming = 0, 0, 0, 0
    kept_low, kept_high, most = 0, 0, scenario.max_offset_payments[0]
    count, answers = 0, 0
    row, following = work.pair_scratch[pair], work.pair_scratch[high * num_banks + low]
    while row != NONE and count != most:
        count += 1
        outgoing += state.pay_remaining_cents[row]
        kept_low = max(kept_low, reserved_cents(scenario, state, row))
        while following != NONE and answers != most:
            kept = max(kept_high, reserved_cents(scenario, state, following))
            if not may_pay(scenario, state, high, low, incoming + state.pay_remaining_cents[following], outgoing, kept):
                break
            kept_high = kept
            answers += 1
            incoming += state.pay_remaining_cents[following]
            following = work.pay_scratch[following]
        if incoming > 0 and may_pay(scenario, state, low, high, outgoing, incoming, kept_low):
            best_outgoing, best_incoming = outgoing, incoming
        row = work.pay_scratch[row]
    return offset_first(scenario, state, work, pair, best_outgoing, best_incoming) if best_outgoing > 0 else 0


@kernel
def may_pay(
    scenario: Scenario, state: State, sender: int, receiver: int, paid: int, received: int, reserved: int
) -> bool:
    """True if a bank can fund its net of an offset, within its limits, without what it reserves."""
    if not can_fund(scenario, state, sender, paid, received, reserved):
        return False
    return check_limits(scenario, state, sender, receiver, paid, received, received) == WITHIN_LIMITS
