"""A pool of threads that can also be used after a fork."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from numba import config


def usable_threads() -> int:
    """Threads that may compute at once: all cores, or ``NUMBA_NUM_THREADS``; one where kernels are plain Python."""
    return 1 if config.DISABLE_JIT else int(config.NUMBA_NUM_THREADS)


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

    def close(self) -> None:
        """Wait for what is under way and end the threads of this process."""
        self.pool.shutdown()
