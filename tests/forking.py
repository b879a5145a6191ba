"""Run something in a forked process, where the system has such processes."""

import multiprocessing
import warnings
from collections.abc import Callable
from typing import Any

import pytest

LONGEST_SECONDS = 60
"""A child that has not answered by then hangs; one that works answers at once."""

needs_fork = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system")


def forked(function: Callable[[], Any]) -> Any:
    """What a function returns in a fork of this process; an error there fails here."""
    context = multiprocessing.get_context("fork")
    answer, question = context.Pipe(duplex=False)

    def child() -> None:
        try:
            question.send(("returned", function()))
        except Exception as error:  # noqa: BLE001 - told by the parent
            question.send(("raised", repr(error)))

    process = context.Process(target=child)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # a fork of a process with threads is the case under test
        process.start()
    try:
        assert answer.poll(LONGEST_SECONDS), "the forked process hangs"
        outcome, value = answer.recv()
        process.join(LONGEST_SECONDS)
        assert process.exitcode == 0, f"the forked process ended with {process.exitcode}"
    finally:
        process.kill()
        process.join()
    assert outcome == "returned", value
    return value
