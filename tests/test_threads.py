"""Parts of work, calls at once, and thread pools across a fork."""

import os
import threading

import pytest

from simcash_env.threads import Threads, even_slices
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


def test_threads_slices_cover_everything_in_order() -> None:
    assert even_slices(10, 3) == [slice(0, 3), slice(3, 6), slice(6, 10)]
    assert even_slices(2, 5) == [slice(0, 1), slice(1, 2)]
    assert even_slices(4, 0) == [slice(0, 4)]


def test_threads_call_returns_results_in_order_and_uses_the_callers_thread() -> None:
    threads = Threads(2)
    found = threads.call(lambda number: (number, threading.get_ident()), [(1,), (2,), (3,)])
    assert [number for number, _ in found] == [1, 2, 3]
    assert found[0][1] == threading.get_ident()
    with pytest.raises(ZeroDivisionError):
        threads.call(lambda number: 1 // number, [(1,), (0,)])
    threads.close()
