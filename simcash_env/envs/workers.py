"""Threads of a batch: each steps one contiguous chunk of copies with its own scratch space, the caller's thread too.

Kernels release the GIL, so chunks run in parallel. Chunks share no array that they write, so the results do not depend
on the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simcash_env.compile.scenario import CompiledScenario, initial_work
from simcash_env.schema.arrays import I64, State, Work
from simcash_env.schema.layout import PackedCall, plain_opener
from simcash_env.threads import Threads, even_slices


class BatchWorkers:
    """Step a batch in one chunk, or in several chunks with one thread each.

    Args:
        kernels: ``agents.step``.
        scenario: compiled scenario of the batch.
        arena: ``Arena`` of the batch without its work row.
        buffers: ``Buffers`` of the batch.
        shape: ``Shape`` of the batch.
        nvec: (H,) choices of every head.
        count: number of chunks.
    """

    def __init__(
        self, kernels: Any, scenario: CompiledScenario, arena: Any, buffers: Any, shape: Any, nvec: I64, count: int
    ) -> None:
        self._step, self._nvec = kernels.step_batch, nvec
        self._kernels, self._scenario, self._shape = kernels, scenario, shape
        self._arena, self._buffers = arena, buffers
        copies = len(buffers.pending)
        banks, entries = len(shape.window.learners), shape.window.num_entries
        self._chunks = even_slices(copies, count)
        self._calls: list[PackedCall] = []
        for chunk in self._chunks:
            first, last = chunk.start, chunk.stop
            work_row, work_sizes = initial_work(scenario, arena.state_sizes)
            own = arena._replace(states=arena.states[first:last], work_row=work_row, work_sizes=work_sizes)
            cut = {name: _chunk(array, first, last, copies) for name, array in buffers._asdict().items()}
            if len(buffers.raw) > entries:  # every row is kept, with one more behind them
                cut["raw"] = buffers.raw[first * banks * entries : (last * banks + 1) * entries]
            else:
                cut["raw"] = np.zeros(entries)
            call = kernels.Call(own, type(buffers)(**cut), shape, num_choices=nvec, is_backward=np.ones(1, np.int64))
            self._calls.append(PackedCall(call))
        self._threads = Threads(len(self._calls) - 1) if len(self._calls) > 1 else None

    def run(self, heads: I64) -> int:
        """Call ``step_batch`` on all chunks of actions (N, L, H); a rejected row, of N * L, changes nothing."""
        threads = self._threads
        if threads is None:
            unfinished: int = self._step(self._calls[0].address, heads)
            return unfinished
        if not len(heads):
            return self._run_chunks(threads, [heads] * len(self._calls))
        refused: int = self._kernels.refused_row(heads, self._nvec)  # before any chunk changes anything
        if refused >= 0:
            return -1 - refused
        return self._run_chunks(threads, [heads[chunk] for chunk in self._chunks])

    def decode(self, copy: int, heads: I64) -> tuple[int, State, Work]:
        """Call ``decode_copy`` on a state of its own.

        Args:
            copy: index of the copy.
            heads: (1, L, H) actions of the copy.

        Returns:
            What ``decode_copy`` returned, and the state and the working arrays that it wrote.
        """
        arena, buffers = self._arena, self._buffers
        work_row, work_sizes = initial_work(self._scenario, arena.state_sizes)
        row = arena.states[copy].copy()
        own = arena._replace(states=row, work_row=work_row, work_sizes=work_sizes)
        cut = {name: _chunk(array, copy, copy + 1, len(buffers.pending)) for name, array in buffers._asdict().items()}
        for name in ("actions", "illegal", "liquidity"):  # belong to the last step
            cut[name] = cut[name].copy()
        call = PackedCall(
            self._kernels.Call(
                own, type(buffers)(**cut), self._shape, num_choices=self._nvec, is_backward=np.zeros(1, np.int64)
            )
        )
        refused: int = self._kernels.decode_copy(call.address, heads)
        return refused, plain_opener(State)(row, arena.state_sizes), plain_opener(Work)(work_row, work_sizes)

    def _run_chunks(self, threads: Threads, heads: Sequence[I64]) -> int:
        """Call ``step_batch`` on every chunk; returns the sum of what it returned."""
        addresses = (call.address for call in self._calls)
        return sum(threads.call(self._step, list(zip(addresses, heads, strict=True))))

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.close()


def _chunk(array: Any, first: int, last: int, copies: int) -> Any:
    """The part of an array that belongs to these copies; every copy has the same number of entries."""
    width = len(array) // copies
    return array[first * width : last * width]
