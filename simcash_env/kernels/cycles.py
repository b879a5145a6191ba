"""Cycles: payments that run around three or more banks settle together where every net payer can fund its net.

Cycles of three take all payments of each edge, in both rotations. Longer ones, up to ``max_cycle_length``, take single
payments, and each is found once: from its smallest bank. Candidates are found on the queue as it stands, rows of an
array that grows, and then attempted; ``cycle_order.py`` says how a row is laid out, and which goes first.
"""

from __future__ import annotations

import numpy as np

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.cycle_order import FIRST_BANK, IS_SINGLE, LENGTH, TOTAL, build_heap, pop_first
from simcash_env.kernels.ledger import (
    WITHIN_LIMITS,
    check_limits,
    overdraft_limit,
    record_limit,
    reserved_cents,
    settle_waiting,
)
from simcash_env.kernels.pair_chains import chain_pairs
from simcash_env.kernels.queues import fill_column
from simcash_env.kernels.record import record_values
from simcash_env.kernels.waiting_pairs import list_waiting_pairs
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind, Place

QUEUE2 = int(Place.QUEUE2)
CYCLE = int(EventKind.LSM_CYCLE_SETTLEMENT)

SHORTEST = 3
FIRST_ROOM = 16


@unit
def settle_cycles(scenario: Scenario, state: State, work: Work) -> tuple[int, int]:
    """Find and attempt cycles; returns how many candidates there were and how many payments settled."""
    if count_cycle_banks(scenario, state) < SHORTEST:
        return 0, 0
    longest = min(scenario.max_cycle_length[0], scenario.num_banks[0])
    width = FIRST_BANK + 2 * max(longest, SHORTEST)
    candidates = np.zeros((FIRST_ROOM, width), np.int64)
    candidates, triangles = find_triangles(scenario, state, work, candidates)
    found = triangles
    if longest > SHORTEST:
        candidates, found = find_long_cycles(scenario, state, work, candidates, found, longest)
    if state.tick_cycle_attempts[0] >= scenario.max_cycles_per_tick[0]:
        return found, 0
    if triangles > 0:
        chain_pairs(scenario.num_banks[0], state, work)
    heap, left, settled = build_heap(state, candidates, found), found, 0
    while left > 0 and state.tick_cycle_attempts[0] < scenario.max_cycles_per_tick[0]:
        candidate = candidates[pop_first(state, candidates, heap, left)]
        left -= 1
        if is_intact(scenario, state, candidate):
            state.tick_cycle_attempts[0] += 1
            if can_settle_cycle(scenario, state, work, candidate):
                settled += settle_cycle(scenario, state, work, candidate)
    return found, settled


@kernel
def count_cycle_banks(scenario: Scenario, state: State) -> int:
    """Banks that both pay and receive in Queue 2: a cycle needs three."""
    count = 0
    for bank in range(scenario.num_banks[0]):
        if state.bank_queue2_cents[bank] > 0 and state.bank_expected_cents[bank] > 0:
            count += 1
    return count


@kernel
def with_room(candidates: I64, found: int) -> I64:
    """The candidates' array, doubled when it is full."""
    if found < candidates.shape[0]:
        return candidates
    larger = np.empty((2 * found, candidates.shape[1]), np.int64)
    for at in range(found):
        for word in range(candidates.shape[1]):
            larger[at, word] = candidates[at, word]
    return larger


@kernel
def find_triangles(scenario: Scenario, state: State, work: Work, candidates: I64) -> tuple[I64, int]:
    """Every cycle of three banks, first bank the smallest, in both rotations."""
    num_banks, sums, found = scenario.num_banks[0], state.pair_queue2_cents, 0
    count = list_waiting_pairs(num_banks, state, work)
    for at in range(count):
        first, second = work.pair_order[at] // num_banks, work.pair_order[at] % num_banks
        if second < first or state.bank_expected_cents[first] == 0 or state.bank_queue2_cents[second] == 0:
            continue
        edge_1 = sums[work.pair_order[at]]
        following = first_pair_of(num_banks, work, second, at, count)
        while following < count and work.pair_order[following] < (second + 1) * num_banks:
            third = work.pair_order[following] - second * num_banks
            edge_2, edge_3 = sums[work.pair_order[following]], sums[third * num_banks + first]
            following += 1
            if third <= first or edge_3 == 0:
                continue
            candidates = with_room(candidates, found)
            write_triangle(candidates[found], (first, second, third), (edge_1, edge_2, edge_3))
            found += 1
    return candidates, found


@kernel
def first_pair_of(num_banks: int, work: Work, sender: int, first: int, end: int) -> int:
    """The place in ``pair_order``, from ``first`` to ``end``, of the first pair of a sender or of one behind it."""
    low, high = first, end
    while low < high:
        middle = (low + high) // 2
        if work.pair_order[middle] < sender * num_banks:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def write_triangle(candidate: I64, banks: tuple[int, int, int], edges: tuple[int, int, int]) -> None:
    """Write a cycle of three: its banks and the sums of its edges."""
    for at in range(SHORTEST):
        candidate[FIRST_BANK + at] = banks[at]
        candidate[FIRST_BANK + SHORTEST + at] = edges[at]
    candidate[TOTAL], candidate[IS_SINGLE], candidate[LENGTH] = edges[0] + edges[1] + edges[2], 0, SHORTEST


@kernel
def list_by_sender(state: State, work: Work) -> None:
    """Chain the waiting payments of each bank in queue order: heads in ``bank_edge``, links in ``pay_scratch``."""
    fill_column(work.bank_edge, NONE)
    row = state.queue2_tail[0]
    while row != NONE:
        sender = state.pay_sender[row]
        work.pay_scratch[row] = work.bank_edge[sender]
        work.bank_edge[sender] = row
        row = state.pay_prev[row]


@kernel
def find_long_cycles(
    scenario: Scenario, state: State, work: Work, candidates: I64, found: int, longest: int
) -> tuple[I64, int]:
    """Depth-first search over single payments for cycles of four banks and more, within the work limit."""
    list_by_sender(state, work)
    path = np.empty(longest, np.int64)
    on_path = np.zeros(scenario.num_banks[0], np.int64)
    steps, limit = 0, scenario.cycle_work_limit[0]
    for start in range(scenario.num_banks[0]):
        if state.bank_expected_cents[start] == 0 or work.bank_edge[start] == NONE:
            continue
        depth, row = 0, work.bank_edge[start]
        on_path[start] = 1
        while depth >= 0:
            if row == NONE:  # this bank is exhausted: step back
                depth -= 1
                if depth >= 0:
                    on_path[state.pay_receiver[path[depth]]] = 0
                    row = work.pay_scratch[path[depth]]
                continue
            if steps >= limit:
                state.tick_work_limit_hit[0] = 1
                return candidates, found
            steps += 1
            bank = state.pay_receiver[row]
            path[depth] = row
            if bank == start and depth + 1 > SHORTEST:
                candidates = with_room(candidates, found)
                write_cycle(state, candidates[found], path, depth + 1)
                found += 1
                row = work.pay_scratch[row]
            elif bank > start and on_path[bank] == 0 and depth + 1 < longest and work.bank_edge[bank] != NONE:
                on_path[bank] = 1
                depth += 1
                row = work.bank_edge[bank]
            else:
                row = work.pay_scratch[row]
        on_path[start] = 0
    return candidates, found


@kernel
def write_cycle(state: State, candidate: I64, path: I64, length: int) -> None:
    """Write a cycle of single payments."""
    total = 0
    for at in range(length):
        total += state.pay_remaining_cents[path[at]]
        candidate[FIRST_BANK + at] = state.pay_sender[path[at]]
        candidate[FIRST_BANK + length + at] = path[at]
    candidate[TOTAL], candidate[IS_SINGLE], candidate[LENGTH] = total, 1, length


@kernel
def is_intact(scenario: Scenario, state: State, candidate: I64) -> bool:
    """True if every payment of the cycle is still waiting."""
    length = candidate[LENGTH]
    for at in range(length):
        kept = candidate[FIRST_BANK + length + at]
        if candidate[IS_SINGLE]:
            if state.pay_place[kept] != QUEUE2:
                return False
        else:
            following = candidate[FIRST_BANK + (at + 1) % length]
            pair = candidate[FIRST_BANK + at] * scenario.num_banks[0] + following
            if state.pair_queue2_cents[pair] != kept:
                return False
    return True


@kernel
def edge_cents(state: State, candidate: I64, at: int) -> int:
    """Cents that the bank at this place of the cycle pays."""
    kept = candidate[FIRST_BANK + candidate[LENGTH] + at]
    return state.pay_remaining_cents[kept] if candidate[IS_SINGLE] else kept


@kernel
def can_settle_cycle(scenario: Scenario, state: State, work: Work, candidate: I64) -> bool:
    """True if every net payer can fund its net and the cycle passes all limits.

    Gross limits are checked for each payment, net limits for all that a bank pays and receives together.
    """
    length = candidate[LENGTH]
    for at in range(length):
        bank = candidate[FIRST_BANK + at]
        cents, received = edge_cents(state, candidate, at), edge_cents(state, candidate, (at + length - 1) % length)
        net = received - cents
        following = candidate[FIRST_BANK + (at + 1) % length]
        if net < 0:
            kept = reserved_from_edge(scenario, state, work, candidate, at, following)
            if state.bank_balance_cents[bank] + net < kept - overdraft_limit(scenario, state, bank):
                return False
        if candidate[IS_SINGLE] or scenario.nets_limits[0]:
            outcome = check_limits(scenario, state, bank, following, cents, 0, received)
            record_limit(state, work, outcome, bank, following, NONE, cents)
            if outcome != WITHIN_LIMITS:
                return False
        elif not edge_passes_limits(scenario, state, work, bank, following):
            return False
    return True


@kernel
def reserved_from_edge(scenario: Scenario, state: State, work: Work, candidate: I64, at: int, following: int) -> int:
    """Liquidity that the bank at this place of the cycle may not use for what it pays: 0 if all of it has priority."""
    if state.sub_limit_cents.shape[0] == 0:
        return 0
    if candidate[IS_SINGLE]:
        return reserved_cents(scenario, state, candidate[FIRST_BANK + candidate[LENGTH] + at])
    kept, row = 0, work.pair_scratch[candidate[FIRST_BANK + at] * scenario.num_banks[0] + following]
    while row != NONE:
        kept = max(kept, reserved_cents(scenario, state, row))
        row = work.pay_scratch[row]
    return kept


@kernel
def edge_passes_limits(scenario: Scenario, state: State, work: Work, sender: int, receiver: int) -> bool:
    """True if each waiting payment of an edge, taken alone, passes the sender's limits."""
    if scenario.pair_limit_cents.shape[0] == 0:
        return True
    row = work.pair_scratch[sender * scenario.num_banks[0] + receiver]
    while row != NONE:
        cents = state.pay_remaining_cents[row]
        outcome = check_limits(scenario, state, sender, receiver, cents, 0, 0)
        record_limit(state, work, outcome, sender, receiver, state.pay_id[row], cents)
        if outcome != WITHIN_LIMITS:
            return False
        row = work.pay_scratch[row]
    return True


@kernel
def settle_cycle(scenario: Scenario, state: State, work: Work, candidate: I64) -> int:
    """Settle every payment of the cycle. The chains of an intact cycle of three are intact: no payment has left."""
    length, settled = candidate[LENGTH], 0
    record_values(state, work, CYCLE, candidate[FIRST_BANK], NONE, NONE, candidate[TOTAL], length, NONE)
    for at in range(length):
        if candidate[IS_SINGLE]:
            settle_waiting(scenario, state, work, candidate[FIRST_BANK + length + at])
            settled += 1
            continue
        sender, receiver = candidate[FIRST_BANK + at], candidate[FIRST_BANK + (at + 1) % length]
        row = work.pair_scratch[sender * scenario.num_banks[0] + receiver]
        while row != NONE:
            settle_waiting(scenario, state, work, row)
            settled += 1
            row = work.pay_scratch[row]
    state.tick_lsm_count[0] += settled
    state.tick_lsm_cents[0] += candidate[TOTAL]
    return settled
