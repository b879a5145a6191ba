"""Which ordered pairs of banks have payments in Queue 2: in ascending order, so that a sender's receivers are adjacent.

They are found in the matrix of sums, or in Queue 2 where that is shorter: with hundreds of banks most pairs have
nothing waiting.
"""

from __future__ import annotations

from typing import Final

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.pair_chains import pair_of
from simcash_env.kernels.sorting import sort_by_key
from simcash_env.schema.arrays import State, Work
from simcash_env.schema.codes import NONE

PAIRS_PER_PAYMENT: Final = 8
"""Elements of the matrix that take about as long as a payment of Queue 2, which is to be sorted too."""


@kernel
def list_waiting_pairs(num_banks: int, state: State, work: Work) -> int:
    """Write the pairs to ``pair_order``; returns how many there are. ``pair_key`` and ``pair_scratch`` are scratch."""
    if num_banks * num_banks <= PAIRS_PER_PAYMENT * state.queue2_count[0]:
        return pairs_of_matrix(num_banks, state, work)
    return pairs_of_queue(num_banks, state, work)


@kernel
def pairs_of_matrix(num_banks: int, state: State, work: Work) -> int:
    """``list_waiting_pairs`` from the sums of all pairs."""
    count = 0
    for sender in range(num_banks):
        if state.bank_queue2_cents[sender] == 0:
            continue
        for pair in range(sender * num_banks, (sender + 1) * num_banks):
            if state.pair_queue2_cents[pair] > 0:
                work.pair_order[count] = pair
                count += 1
    return count


@kernel
def pairs_of_queue(num_banks: int, state: State, work: Work) -> int:
    """``list_waiting_pairs`` from the payments that wait."""
    row = state.queue2_head[0]
    while row != NONE:
        work.pair_key[pair_of(num_banks, state, row)] = NONE
        row = state.pay_next[row]
    count, row = 0, state.queue2_head[0]
    while row != NONE:
        pair = pair_of(num_banks, state, row)
        if work.pair_key[pair] == NONE:
            work.pair_key[pair] = pair
            work.pair_order[count] = pair
            count += 1
        row = state.pay_next[row]
    sort_by_key(work.pair_order, work.pair_key, work.pair_scratch, count)
    return count
