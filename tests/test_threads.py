"""Thread pools across a fork."""

import os
import threading

from simcash_env.threads import Threads
from tests.forking import forked, needs_fork


def where() -> tuple[int, str]:
    """Process and thread in which this runs."""
    return os.getpid(), threading.current_thread().name


@needs_fork
def test_threads_fork_starts_threads_of_its_own() -> None:
    threads = Threads(2, "worker")

    def work() -> list[tuple[int, str]]:
        found = [threads.pool.submit(where).result() for _ in range(3)]
        threads.close()
        return found

    here = [threads.pool.submit(where).result() for _ in range(3)]
    away = forked(work)
    assert {process for process, _ in here} == {os.getpid()}
    assert os.getpid() not in {process for process, _ in away}
    assert all(name.startswith("worker") for _, name in here + away)
    assert threads.pool.submit(where).result()[0] == os.getpid(), "the child's end does not end the parent's threads"
    threads.close()


def test_threads_another_process_id_means_another_pool(monkeypatch) -> None:
    threads = Threads(1)
    first, process = threads.pool, os.getpid()
    assert threads.pool is first
    monkeypatch.setattr("simcash_env.threads.os.getpid", lambda: process + 1)
    second = threads.pool
    assert second is not first
    threads.close()
    first.shutdown()
