"""Which of the cycles that were found is attempted first: by total descending, then bank ids, then payment ids.

A candidate is a row of words: total, kind (0: edges, 1: payments), length, then banks, then payment rows. For a cycle
of three the sums of its edges stand in place of the rows.
"""

from __future__ import annotations

import numpy as np

from simcash_env.kernels._numba.jit import kernel
from simcash_env.schema.arrays import I64, State

TOTAL, IS_SINGLE, LENGTH, FIRST_BANK = 0, 1, 2, 3


@kernel
def goes_before(state: State, left: I64, right: I64) -> bool:
    """Order of two candidates: larger total, then bank ids, then payment ids; a prefix before what extends it."""
    if left[TOTAL] != right[TOTAL]:
        return left[TOTAL] > right[TOTAL]
    shorter = min(left[LENGTH], right[LENGTH])
    for at in range(FIRST_BANK, FIRST_BANK + shorter):
        if left[at] != right[at]:
            return left[at] < right[at]
    if left[LENGTH] != right[LENGTH]:
        return left[LENGTH] < right[LENGTH]
    for at in range(FIRST_BANK + shorter, FIRST_BANK + 2 * shorter):  # pragma: no branch - no cycle is listed twice
        if left[at] != right[at]:
            return state.pay_id[left[at]] < state.pay_id[right[at]]
    return False  # pragma: no cover - no cycle is listed twice


@kernel
def build_heap(state: State, candidates: I64, found: int) -> I64:
    """Indices of the candidates as a heap: the first to be attempted on top. Only a few of many are ever taken."""
    heap = np.arange(found)
    for at in range(found // 2 - 1, -1, -1):
        sift_down(state, candidates, heap, at, found)
    return heap


@kernel
def pop_first(state: State, candidates: I64, heap: I64, left: int) -> int:
    """Remove the top of a heap of this size; its last place becomes free."""
    first = heap[0]
    heap[0] = heap[left - 1]
    sift_down(state, candidates, heap, 0, left - 1)
    return first


@kernel
def sift_down(state: State, candidates: I64, heap: I64, at: int, left: int) -> None:
    """Let an entry of the heap sift down below those that are attempted before it."""
    moved = heap[at]
    while 2 * at + 1 < left:
        below = 2 * at + 1
        if below + 1 < left and goes_before(state, candidates[heap[below + 1]], candidates[heap[below]]):
            below += 1
        if not goes_before(state, candidates[heap[below]], candidates[moved]):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = moved
