"""Speed of this machine: ``python -m benchmarks.speed [--json | --markdown] [--rounds N]``.

Everything is measured in one run together with a reference, Gymnasium's own CartPole batch of 1,024 copies, because
machines differ. Each figure is the best of N rounds, which alternate with the reference.

The scenario is ``ten-banks-v0``: 10 banks, arrivals 0.5 a bank and tick, every payment of Queue 1 released by actions,
bilateral offsetting on, observation and mask written for every bank.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any, Final

import gymnasium
import numpy as np

from simcash_env import __version__, make_vec, simcash_v0
from simcash_env.machine import machine

SCENARIO: Final = "ten-banks-v0"
COPIES: Final = 1_024
FEW_COPIES: Final = 64
"""This number fits the cache of a core."""
WARM_UP_STEPS: Final = 250
ROUNDS: Final = 60

FIRST_STEP: Final = f"""
import time
began = time.perf_counter()
from simcash_env import simcash_v0
env = simcash_v0.parallel_env({SCENARIO!r})
_, infos = env.reset(seed=1)
env.step({{bank: env.action_space(bank).sample(infos[bank]["action_mask"]) for bank in env.agents}})
print(time.perf_counter() - began)
"""
IMPORT: Final = "import time; began = time.perf_counter(); import simcash_env; print(time.perf_counter() - began)"


def timed(call: Callable[[], Any], repetitions: int) -> float:
    """Seconds per call, over a number of calls."""
    began = time.perf_counter()
    for _ in range(repetitions):
        call()
    return (time.perf_counter() - began) / repetitions


def cartpole_batch() -> Callable[[], Any]:
    """A step of the reference."""
    env = gymnasium.make_vec("CartPole-v1", num_envs=COPIES, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    actions = np.random.default_rng(0).integers(0, 2, COPIES)
    return lambda: env.step(actions)


def simcash_batch(copies: int) -> tuple[Callable[[], Any], int]:
    """A step of our batch, and the banks that it steps."""
    vec = make_vec(SCENARIO, copies)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(WARM_UP_STEPS):
        vec.step(actions)
    return lambda: vec.step(actions), copies * vec.num_banks


def single_call() -> Callable[[], Any]:
    """A step of one copy through the batch's face."""
    vec = make_vec(SCENARIO, 1)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    return lambda: vec.step(actions)


def parallel_env(*, copy: bool) -> tuple[Callable[[], Any], int]:
    """A step of the PettingZoo face, and its agents; a new run begins where one is over."""
    env = simcash_v0.parallel_env(SCENARIO, copy=copy)
    env.reset(seed=1)
    actions = {bank: np.zeros_like(env.action_space(bank).sample()) + 1 for bank in env.agents}

    def step() -> None:
        if not env.agents:
            env.reset()
        env.step(actions)

    return step, len(actions)


def in_fresh_process(program: str, cache: str) -> float:
    """Seconds that a program measures of itself in a new process with this cache folder."""
    environment = {**os.environ, "SIMCASH_CACHE_DIR": cache}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    return float(done.stdout)


def measure(rounds: int = ROUNDS, *, with_cold_start: bool = True) -> dict[str, int | float | str]:
    """All figures: bank-steps and steps a second, microseconds a call, seconds of a start."""
    cartpole = cartpole_batch()
    batch, banks = simcash_batch(COPIES)
    few, few_banks = simcash_batch(FEW_COPIES)
    parallel, agents = parallel_env(copy=True)
    uncopied, _ = parallel_env(copy=False)
    single = single_call()
    for call in (cartpole, batch, parallel, single, uncopied, few):
        timed(call, 20)
    calls = ((cartpole, 50), (batch, 40), (parallel, 200), (single, 500), (uncopied, 200), (few, 400))
    taken = [[timed(call, repetitions) for call, repetitions in calls] for _ in range(rounds)]
    best = [min(column) for column in zip(*taken, strict=True)]
    figures: dict[str, int | float | str] = {
        "cartpole_steps_per_s": COPIES / best[0],
        "batch_bank_steps_per_s": banks / best[1],
        "few_copies_bank_steps_per_s": few_banks / best[5],
        "parallel_env_bank_steps_per_s": agents / best[2],
        "parallel_env_views_bank_steps_per_s": agents / best[4],
        "single_call_us": best[3] * 1e6,
    }
    figures["batch_over_cartpole"] = banks / best[1] / (COPIES / best[0])
    if with_cold_start:
        with tempfile.TemporaryDirectory() as cache:
            figures["cold_first_step_s"] = in_fresh_process(FIRST_STEP, cache)
            figures["warm_first_step_s"] = in_fresh_process(FIRST_STEP, cache)
            figures["import_s"] = min(in_fresh_process(IMPORT, cache) for _ in range(3))
    figures["rounds"] = rounds
    figures["version"] = __version__
    figures["machine"] = machine()
    return figures


CARTPOLE: Final = "cartpole_steps_per_s"
TITLES: Final = {
    "batch_bank_steps_per_s": (f"batch of {COPIES:,} copies, `make_vec`", "bank decisions a second"),
    "few_copies_bank_steps_per_s": (f"batch of {FEW_COPIES} copies", "bank decisions a second"),
    "parallel_env_bank_steps_per_s": ("one copy, `parallel_env`", "bank decisions a second"),
    "parallel_env_views_bank_steps_per_s": ("one copy, `parallel_env(copy=False)`", "bank decisions a second"),
    CARTPOLE: (f"reference: Gymnasium's CartPole, its own batch of {COPIES:,}", "steps a second"),
    "single_call_us": ("one step of one copy, `make_vec`", "microseconds"),
    "cold_first_step_s": ("start to first step, nothing compiled yet", "seconds"),
    "warm_first_step_s": ("start to first step, kernels in the cache", "seconds"),
    "import_s": ("`import simcash_env`", "seconds"),
}
"""What each figure is called in a table, and its unit."""


def as_markdown(figures: dict[str, int | float | str]) -> str:
    """A table with each speed's ratio to the cartpole, and what it was measured on."""
    lines = ["| what | figure | unit | ratio to CartPole |", "|---|---:|---|---:|"]
    for name, (title, unit) in TITLES.items():
        if name not in figures:
            continue
        value = float(figures[name])
        shown = f"{value:,.0f}" if name.endswith("_per_s") else f"{value:,.2f}"
        ratio = f"{value / float(figures[CARTPOLE]):,.2f}" if name.endswith("_per_s") else ""
        lines.append(f"| {title} | {shown} | {unit} | {ratio} |")
    measured_on = f"version {figures['version']} on {figures['machine']}"
    lines += ["", f"`{SCENARIO}`, best of {figures['rounds']} rounds, alternating with CartPole, {measured_on}:"]
    return "\n".join([*lines, "`python -m benchmarks.speed --markdown`."])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--markdown", action="store_true", help="a table")
    parser.add_argument("--warm", action="store_true", help="leave out the cold start (about half a minute)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="fewer are quicker and say less")
    options = parser.parse_args()
    figures = measure(options.rounds, with_cold_start=not options.warm)
    if options.json:
        print(json.dumps(figures))
        return
    if options.markdown:
        print(as_markdown(figures))
        return
    for name, value in figures.items():
        shown = f"{value:,.2f}" if isinstance(value, float) else value
        print(f"{name:32} {shown:>18}")


if __name__ == "__main__":
    main()
