"""Two threads over two halves of a batch, against one, and against Numba's ``prange``; alone and with busy processes.

Run it: ``python -m benchmarks.threads [--rounds N]``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from simcash_env import make_vec
from simcash_env.agents.step import step_batch
from simcash_env.agents.tables import TO_STEP
from simcash_env.envs.vector import NO_ACTIONS, SimCashVec

SCENARIO, COPIES, ROUNDS, SECONDS = "ten-banks-v0", 1_024, 7, 0.5


@numba.njit(parallel=True, nogil=True)
def step_all(calls: Any, given: Any) -> Any:
    """One kernel call per chunk, in Numba's own threads."""
    unfinished = np.zeros(calls.shape[0], np.int64)
    for chunk in numba.prange(calls.shape[0]):
        unfinished[chunk] = step_batch(calls[chunk], given)
    return unfinished


def stepper(num_threads: int) -> Callable[[], Any]:
    """A step of the batch in this number of chunks, each in a thread."""
    vec = make_vec(SCENARIO, COPIES, num_threads=num_threads)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(30):
        vec.step(actions)
    return lambda: vec.step(actions)


def calls_of(vec: SimCashVec) -> npt.NDArray[np.int64]:
    """Where the calls of a batch's chunks lie."""
    return np.array([call.address for call in vec._workers._calls])  # noqa: SLF001 - what is compared


def prange_stepper() -> Callable[[], Any]:
    """The same chunks stepped by ``prange``; the actions lie in the buffers already."""
    vec = make_vec(SCENARIO, COPIES, num_threads=2)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(30):
        vec.step(actions)

    calls = calls_of(vec)

    def step() -> None:
        nonlocal calls
        vec._arrays.buffers.pending[:] = TO_STEP  # noqa: SLF001 - what is compared
        if step_all(calls, NO_ACTIONS).any():
            vec._finish()  # noqa: SLF001 - gives the queues more room
            calls = calls_of(vec)

    step()
    return step


def spin() -> None:
    """Keep a core busy."""
    while True:
        pass


@contextmanager
def busy_neighbours(count: int) -> Iterator[None]:
    """Processes that do nothing but compute."""
    started = [multiprocessing.get_context("spawn").Process(target=spin, daemon=True) for _ in range(count)]
    for process in started:
        process.start()
    time.sleep(1.0 if started else 0.0)
    try:
        yield
    finally:
        for process in started:
            process.terminate()
            process.join()


def rate(step: Callable[[], Any]) -> float:
    """Steps a second over a short while."""
    count, began = 0, time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        step()
        count += 1
    return count / (time.perf_counter() - began)


def main() -> None:
    """Rounds of all of them in turn; the median against one thread of the same round."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="fewer are quicker and say less")
    count = parser.parse_args().rounds
    steppers = {"1 thread": stepper(1), "2 threads": stepper(2), "prange": prange_stepper()}
    for neighbours in (0, 1, 2):
        with busy_neighbours(neighbours):
            rounds = [{name: rate(step) for name, step in steppers.items()} for _ in range(count)]
        ratios = {name: np.median([row[name] / row["1 thread"] for row in rounds]) for name in steppers}
        shown = ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
        print(f"{neighbours} busy neighbours: {shown} (steps a second over those of one thread)")


if __name__ == "__main__":
    main()
