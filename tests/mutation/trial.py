"""The trial of a mutant: the tests run on it in a process of their own until one fails."""

import itertools
import os
import resource
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.mutants import Mutant
from tests.runs.test_recorded_runs import recordings, ticks_of

PACKAGE = "simcash_env.kernels"
MEMORY = 6 * 2**30
RUN_SECONDS = 3.0
"""Of processor time for all recorded runs; they take half of one."""


class Watch:
    """Notes how long each test takes, stops one that takes far longer than it did before, and says which failed."""

    def __init__(self, usual: dict[str, float] | None = None) -> None:
        self.usual, self.seconds, self.failed = usual, dict[str, float](), ""

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        if self.usual is not None:  # the default of this signal ends the process
            signal.setitimer(signal.ITIMER_PROF, 5.0 + 5.0 * self.usual.get(item.nodeid, 1.0))
        before = time.process_time()
        yield
        self.seconds[item.nodeid] = time.process_time() - before
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        if self.usual is not None:  # the quick ones first: most mutants die of one of those
            items.sort(key=lambda item: self.usual.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid


def run_tests(tests: list[str], watch: Watch) -> int:
    """Run tests in this process, silently, up to the first that fails."""
    quiet = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:warnings", "--tb=no", "--no-header", *tests]
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        return int(pytest.main(quiet, plugins=[watch]))


def put_in_place(mutant: Mutant) -> None:
    """Let a mutant take its place in this process: every module that calls the kernel calls the mutant."""
    module: Any = sys.modules[f"{PACKAGE}.{mutant.module}"]
    if mutant.code is not None:
        getattr(module, mutant.function).__code__ = mutant.code
        return
    old = getattr(module, mutant.function)
    for other in [each for name, each in sys.modules.items() if name.startswith(PACKAGE)]:
        if vars(other).get(mutant.function) == old:
            setattr(other, mutant.function, mutant.value)


def differing_run() -> str:
    """The first recorded run that comes out otherwise: without pytest around it, what most mutants die of at once."""
    signal.setitimer(signal.ITIMER_PROF, RUN_SECONDS)
    for name, recorded in recordings().items():
        try:
            is_equal = all(now == then for now, then in itertools.zip_longest(ticks_of(name), recorded))
        except Exception as error:  # noqa: BLE001 - the rules are broken on purpose
            return f"{name}: {type(error).__name__}"
        if not is_equal:
            return name
    signal.setitimer(signal.ITIMER_PROF, 0.0)
    return ""


def survives(mutant: Mutant, tests: list[str], usual: dict[str, float]) -> tuple[bool, str]:
    """Do all tests pass with the mutant in place? And which test failed, or what else ended the process.

    Without tests the recorded runs are all.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        code = 1
        try:
            put_in_place(mutant)
            failed = differing_run()
            if not failed and not tests:
                code = 0
            elif not failed:
                watch = Watch(usual)
                code = run_tests(tests, watch)
                failed = watch.failed
            os.write(write, failed.encode())
        finally:
            os._exit(min(code, 1))
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        failed = pipe.read()
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        failed = f"signal {os.WTERMSIG(status)}"
    return status == 0, failed
