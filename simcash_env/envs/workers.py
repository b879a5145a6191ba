"""Worker threads of a batch: each steps one contiguous chunk of copies with its own scratch space.

Kernels release the GIL, so chunks run in parallel. Chunks share no array that they write, so the results do not depend
on the number of threads.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from simcash_env.compile.scenario import CompiledScenario, initial_work
from simcash_env.schema.arrays import I64
from simcash_env.schema.layout import pack_arguments
from simcash_env.threads import Threads


class PackedCall:
    """The arguments of a chunk's step as one array of words: boxing every array would cost more than a small step.

    Keeps the arrays of a ``Call`` (``agents/tables.py``) alive, and the words by which the kernel finds them.
    """

    def __init__(self, call: Any) -> None:
        self._call = call
        self.words: I64 = pack_arguments(call)


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
        copies = len(buffers.pending)
        bounds = np.linspace(0, copies, min(count, copies) + 1).astype(int).tolist()
        banks, entries = len(shape.window.learners), shape.window.num_entries
        self._rows: list[slice] = []
        self._calls: list[PackedCall] = []
        for first, last in itertools.pairwise(bounds):
            work_row, work_sizes = initial_work(scenario, arena.state_sizes)
            own = arena._replace(states=arena.states[first:last], work_row=work_row, work_sizes=work_sizes)
            cut = {name: _chunk(array, first, last, copies) for name, array in buffers._asdict().items()}
            if len(buffers.raw) > entries:  # every row is kept, with one more behind them
                cut["raw"] = buffers.raw[first * banks * entries : (last * banks + 1) * entries]
            else:
                cut["raw"] = np.zeros(entries)
            call = kernels.Call(own, type(buffers)(**cut), shape, num_choices=nvec, is_backward=np.ones(1, np.int64))
            self._calls.append(PackedCall(call))
            self._rows.append(slice(first * banks, last * banks))
        self._threads = Threads(len(self._calls)) if len(self._calls) > 1 else None

    def run(self, rows: I64) -> int:
        """Call ``step_batch`` on all chunks; a rejected row changes nothing."""
        threads = self._threads
        if threads is None:
            return int(self._step(self._calls[0].words, rows))
        if not len(rows):
            return sum(self._map(threads, [rows] * len(self._calls)))
        wrong = ((rows < 0) | (rows >= self._nvec)).any(axis=1)
        if wrong.any():
            return -1 - int(wrong.argmax())
        return sum(self._map(threads, [rows[chunk] for chunk in self._rows]))

    def _map(self, threads: Threads, rows: Sequence[I64]) -> list[int]:
        words = [call.words for call in self._calls]
        return [int(unfinished) for unfinished in threads.pool.map(self._step, words, rows)]

    def close(self) -> None:
        """End the threads."""
        if self._threads is not None:
            self._threads.close()


def _chunk(array: Any, first: int, last: int, copies: int) -> Any:
    """The part of an array that belongs to these copies; every copy has the same number of entries."""
    width = len(array) // copies
    return array[first * width : last * width]
