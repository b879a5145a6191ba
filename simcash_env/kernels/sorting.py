"""Stable sort of a list of rows by an integer key, in place and without allocating."""

from __future__ import annotations

from typing import Final

from simcash_env.kernels._numba.jit import kernel
from simcash_env.schema.arrays import I64

_RUN: Final = 16


@kernel
def _insertion_sort(order: I64, key: I64, start: int, end: int) -> None:
    for here in range(start + 1, end):
        item = order[here]
        value = key[item]
        at = here - 1
        while at >= start and key[order[at]] > value:
            order[at + 1] = order[at]
            at -= 1
        order[at + 1] = item


@kernel
def _merge(order: I64, key: I64, scratch: I64, start: int, middle: int, end: int) -> None:
    for at in range(start, middle):
        scratch[at] = order[at]
    left, right, out = start, middle, start
    while left < middle:
        if right < end and key[order[right]] < key[scratch[left]]:
            order[out] = order[right]
            right += 1
        else:
            order[out] = scratch[left]
            left += 1
        out += 1


@kernel
def sort_by_key(order: I64, key: I64, scratch: I64, count: int) -> None:
    """Sort ``order[:count]`` by ascending ``key[item]``; equal keys keep their order. Merge sort over short runs."""
    for start in range(0, count, _RUN):
        _insertion_sort(order, key, start, min(start + _RUN, count))
    width = _RUN
    while width < count:
        for start in range(0, count - width, 2 * width):
            _merge(order, key, scratch, start, start + width, min(start + 2 * width, count))
        width *= 2
