"""Entry disposition: a submitted payment that is not funded is offset against what waits the other way."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.ledger import can_fund, passes_limits_both_ways, reserved_cents, settle, settle_waiting
from simcash_env.kernels.pair_chains import pair_of
from simcash_env.kernels.record import record, record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

OFFSET = int(EventKind.ENTRY_DISPOSITION_OFFSET)
SETTLED = int(EventKind.LSM_PAYMENT_SETTLED)


@unit
def offset_at_entry(scenario: Scenario, state: State, work: Work, row: int) -> bool:
    """Settle a payment together with the shortest prefix of what its receiver has waiting for its sender.

    In queue order, as few payments as let both sides fund their net. All settle at once; none where a limit is passed.
    Needs the lists of ``list_by_pair``, and keeps them.
    """
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    reserved = reserved_cents(scenario, state, row)
    count, back = shortest_prefix(scenario, state, work, sender, receiver, cents, reserved)
    if count == 0 or not passes_limits_both_ways(scenario, state, work, sender, receiver, cents, back):
        return False
    record_values(state, work, OFFSET, sender, receiver, state.pay_id[row], cents, count, back)
    record(state, work, SETTLED, sender, receiver, state.pay_id[row], cents)
    settle(scenario, state, work, row)
    pair = receiver * scenario.num_banks[0] + sender
    first = work.pair_scratch[pair]
    work.pair_scratch[pair] = first + count
    for slot in range(first, first + count):
        settle_waiting(scenario, state, work, work.pay_scratch[slot])
    state.tick_lsm_count[0] += count + 1
    state.tick_lsm_cents[0] += cents + back
    return True


@kernel
def shortest_prefix(
    scenario: Scenario, state: State, work: Work, sender: int, receiver: int, cents: int, reserved: int
) -> tuple[int, int]:
    """How many waiting payments from ``receiver`` to ``sender`` it takes, and their sum; 0 and 0 where none will do.

    More payments ask less of the sender and more of the receiver: the first prefix that the sender can fund decides.
    """
    pair = receiver * scenario.num_banks[0] + sender
    total = state.pair_queue2_cents[pair]
    if total == 0 or not can_fund(scenario, state, sender, cents, total, reserved):
        return 0, 0
    first, last = work.pair_scratch[pair], work.pair_key[pair] - 1
    low, high = first, last
    while low < high:
        middle = (low + high) // 2
        if can_fund(scenario, state, sender, cents, cents_from(state, work, first, middle), reserved):
            high = middle
        else:
            low = middle + 1
    back = cents_from(state, work, first, low)
    kept = reserved_from_slots(scenario, state, work, first, low)
    return (low - first + 1, back) if can_fund(scenario, state, receiver, back, cents, kept) else (0, 0)


@kernel
def reserved_from_slots(scenario: Scenario, state: State, work: Work, first: int, last: int) -> int:
    """Liquidity that the sender may not use for a pair's payments from one slot to another, that included."""
    kept = 0
    if state.sub_limit_cents.shape[0] > 0:
        for slot in range(first, last + 1):
            kept = max(kept, reserved_cents(scenario, state, work.pay_scratch[slot]))
    return kept


@kernel
def cents_from(state: State, work: Work, first: int, last: int) -> int:
    """Cents of a pair's payments from one slot to another, that included."""
    return work.pay_key[last] - work.pay_key[first] + state.pay_remaining_cents[work.pay_scratch[last]]


@kernel
def list_by_pair(num_banks: int, state: State, work: Work, position: int, submitted: int) -> None:
    """List what waits in Queue 2 by ordered pair of banks, with room for what is submitted from a position on.

    A list is a stretch of slots: its first and one past its last in ``pair_scratch`` and ``pair_key``, in each slot a
    row (``pay_scratch``) and the cents of the rows before it (``pay_key``). A prefix is then found by bisection.
    """
    row = state.queue2_head[0]
    while row != NONE:
        work.pair_order[pair_of(num_banks, state, row)] = 0
        row = state.pay_next[row]
    for at in range(position, submitted):
        work.pair_order[pair_of(num_banks, state, work.pay_order[at])] = 0
    row = state.queue2_head[0]
    while row != NONE:
        work.pair_order[pair_of(num_banks, state, row)] += 1
        row = state.pay_next[row]
    for at in range(position, submitted):
        work.pair_order[pair_of(num_banks, state, work.pay_order[at])] += 1
    slot, row = 0, state.queue2_head[0]
    while row != NONE:
        slot = begin_list(work, pair_of(num_banks, state, row), slot)
        list_waiting(num_banks, state, work, row)
        row = state.pay_next[row]
    for at in range(position, submitted):
        slot = begin_list(work, pair_of(num_banks, state, work.pay_order[at]), slot)


@kernel
def begin_list(work: Work, pair: int, slot: int) -> int:
    """Begin a pair's list at this slot, once, with as much room as was counted; returns the next free slot."""
    room = work.pair_order[pair]
    if room > 0:
        work.pair_scratch[pair] = slot
        work.pair_key[pair] = slot
        work.pair_order[pair] = 0
    return slot + room


@kernel
def list_waiting(num_banks: int, state: State, work: Work, row: int) -> None:
    """Put a payment at the end of its pair's list."""
    pair = pair_of(num_banks, state, row)
    slot, before = work.pair_key[pair], 0
    if slot > work.pair_scratch[pair]:
        before = work.pay_key[slot - 1] + state.pay_remaining_cents[work.pay_scratch[slot - 1]]
    work.pay_scratch[slot] = row
    work.pay_key[slot] = before
    work.pair_key[pair] = slot + 1
