"""Threads that compute at once: how many, on which parts, and a pool that can also be used after a fork."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numba import config


def usable_threads() -> int:
    """Threads that may compute at once: all cores, or ``NUMBA_NUM_THREADS``; one where kernels are plain Python."""
    return 1 if config.DISABLE_JIT else int(config.NUMBA_NUM_THREADS)


def even_slices(length: int, count: int) -> list[slice]:
    """Consecutive parts of about the same length, at most as many as there are elements, at least one."""
    bounds = np.linspace(0, length, max(min(count, length), 1) + 1).astype(int).tolist()
    return [slice(first, last) for first, last in itertools.pairwise(bounds)]


class Threads:
    """A thread pool that a forked process starts again.

    A fork copies the pool object but only the thread that forked, so that work handed to the copied pool is never done.

    Args:
        count: threads at most.
        name: what the threads' names begin with.
    """

    def __init__(self, count: int, name: str = "") -> None:
        self._count, self._name = count, name
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._pool = ThreadPoolExecutor(self._count, thread_name_prefix=self._name)

    @property
    def pool(self) -> ThreadPoolExecutor:
        """The pool of this process."""
        if self._process != os.getpid():
            self._start()
        return self._pool

    def call(self, function: Callable[..., Any], arguments: Sequence[tuple[Any, ...]]) -> list[Any]:
        """Call a function with each of these arguments at once, with the first in the caller's thread.

        Returns:
            What the calls returned, in the order of the arguments.

        Raises:
            Exception: what the first of the calls that failed raised.
        """
        own, *others = arguments
        begun = [self.pool.submit(function, *each) for each in others]
        return [function(*own), *(future.result() for future in begun)]

    def close(self) -> None:
        """Wait for what is under way and end the threads of this process."""
        self.pool.shutdown()
