"""What holds for every test."""

import os
import signal
import sys
import threading

import pytest

os.environ.setdefault("SIMCASH_COMPILE_NOTICE", "0")  # what is on stderr must not depend on the cache

if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in the background of a shell, this process ignores Ctrl-C, and what it starts would too: tests send it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Save what a worker measures: one that takes long to end is killed, and its measurement would be lost."""
    coverage = sys.modules.get("coverage") if hasattr(session.config, "workerinput") else None
    if coverage is not None and (measured := coverage.Coverage.current()) is not None:
        measured.save()
