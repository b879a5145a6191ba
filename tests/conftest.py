"""What holds for every test."""

import gc
import math
import os
import signal
import sys
import threading

import pytest

from simcash_env.config import money_bounds

os.environ.setdefault("SIMCASH_COMPILE_NOTICE", "0")  # what is on stderr must not depend on the cache

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell, this process ignores Ctrl-C, and what it starts would too: tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Accept scenarios whose totals can overflow: the kernels check them too, in case a bound is ever wrong."""
    monkeypatch.setattr(money_bounds, "MAX_RUN_CENTS", math.inf)


def pytest_collection_finish() -> None:
    """Collect garbage seldom, and leave what was imported out of it: walking it took a tenth of the tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Free what was frozen, and save what a worker measures: one that takes long to end is killed, with its measurement."""
    gc.unfreeze()
    coverage = sys.modules.get("coverage") if hasattr(session.config, "workerinput") else None
    if coverage is not None and (measured := coverage.Coverage.current()) is not None:
        measured.save()
