"""Queue 2 by ordered pair of banks: a chain a pair, in queue order, so that what concerns two banks is found at once.

The chains lie in scratch space: the first row of a pair in ``pair_scratch``, the next row in ``pay_scratch``, the place
in the queue in ``pay_key``. They are built in two passes over Queue 2 and hold until one of these columns is used
otherwise; a row that leaves Queue 2 stays in its chain. Only pairs with payments in Queue 2 when the chains are built
(``pair_queue2_cents``) have an entry.
"""

from __future__ import annotations

from simcash_env.kernels._numba.jit import inlined, kernel
from simcash_env.schema.arrays import State, Work
from simcash_env.schema.codes import NONE


@inlined
def pair_of(num_banks: int, state: State, row: int) -> int:
    """The ordered pair of banks of a payment."""
    return state.pay_sender[row] * num_banks + state.pay_receiver[row]


@kernel
def chain_pairs(num_banks: int, state: State, work: Work) -> None:
    """Build the chains of all that waits in Queue 2."""
    row, place = state.queue2_head[0], 0
    while row != NONE:
        work.pair_scratch[pair_of(num_banks, state, row)] = NONE
        work.pay_key[row] = place
        place += 1
        row = state.pay_next[row]
    row = state.queue2_tail[0]
    while row != NONE:
        pair = pair_of(num_banks, state, row)
        work.pay_scratch[row] = work.pair_scratch[pair]
        work.pair_scratch[pair] = row
        row = state.pay_prev[row]
