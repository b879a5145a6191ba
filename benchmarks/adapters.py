"""What other libraries' ways to our environment leave of its speed: ``python -m benchmarks.adapters [--venvs FOLDER]``.

Each route steps ``ten-banks-v0`` and takes its library's own adapter with random or fixed actions, no learning. A route
whose library is not installed here runs with the interpreter ``FOLDER/<library>/bin/python`` (``make adapters`` makes
them). In every process each route takes turns with a bare ``parallel_env``, so that ratios compare across processes.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.faces import AGENTS, COPIES, SCENARIO, ones, our_route, stepping, supersuit_route
from simcash_env import simcash_v0

ROUNDS: Final = 30
TICKS: Final = 20
"""Of a round, where the library's call takes many ticks at once."""

Route = tuple[Callable[[], Any], int]
"""A call, and the bank decisions that it makes."""


def sb3() -> Route:
    """Our rows for Stable-Baselines3."""
    return our_route(), AGENTS * COPIES


def supersuit() -> Route:
    """SuperSuit's rows for Stable-Baselines3."""
    return supersuit_route(), AGENTS * COPIES


def torchrl() -> Route:
    """TorchRL's own rollout with its own random policy."""
    from torchrl.envs.libs.pettingzoo import PettingZooWrapper

    env = simcash_v0.parallel_env(SCENARIO)
    wrapped = PettingZooWrapper(env, categorical_actions=True, group_map={"banks": env.possible_agents})
    return lambda: wrapped.rollout(TICKS, break_when_any_done=False), AGENTS * TICKS


def rllib() -> Route:
    """RLlib's env runner of its new API stack, with its own random actions."""
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner
    from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
    from ray.tune.registry import register_env

    register_env("simcash", lambda _: ParallelPettingZooEnv(simcash_v0.parallel_env(SCENARIO)))
    config = (
        PPOConfig()
        .environment("simcash")
        .env_runners(num_env_runners=0)
        .multi_agent(policies={"bank"}, policy_mapping_fn=lambda *_, **__: "bank")
    )
    runner = MultiAgentEnvRunner(config=config)
    return lambda: runner.sample(num_timesteps=TICKS, random_actions=True), AGENTS * TICKS


def tianshou() -> Route:
    """Tianshou's own environment over PettingZoo's AEC converter, a turn a bank."""
    from tianshou.env import PettingZooEnv

    env = PettingZooEnv(simcash_v0.env(SCENARIO))
    env.reset(seed=1)
    action = np.ones(env.action_space.shape, np.int64)

    def turns() -> None:
        for _ in range(AGENTS):
            *_, is_terminated, is_truncated, _ = env.step(action)
            if is_terminated or is_truncated:
                env.reset()

    return turns, AGENTS


ROUTES: Final[dict[str, tuple[str, Callable[[], Route], str]]] = {
    "sb3": ("stable_baselines3", sb3, f"Stable-Baselines3, `SimCashSB3Vec`, {COPIES} copies"),
    "supersuit": ("supersuit", supersuit, f"Stable-Baselines3, SuperSuit, {COPIES} copies"),
    "torchrl": ("torchrl", torchrl, "TorchRL, `PettingZooWrapper`, random policy"),
    "rllib": ("ray", rllib, "RLlib, `ParallelPettingZooEnv`, its env runner, random actions"),
    "tianshou": ("tianshou", tianshou, "Tianshou, `PettingZooEnv` over AEC"),
}
"""Module to look for, what makes the route, what it is called."""


def measure(route: str) -> dict[str, float]:
    """Bank decisions a second of a route and of a bare ``parallel_env``, best rounds in turn."""
    warnings.simplefilter("ignore")  # of the libraries
    bare_env = simcash_v0.parallel_env(SCENARIO)
    bare = stepping(bare_env, ones(bare_env))
    call, decisions = ROUTES[route][1]()
    calls = max(1, 300 // decisions)
    best = {"bare": 0.0, "route": 0.0}
    for _ in range(ROUNDS + 1):  # the first warms up and may count, as the best is kept
        for name, step, each, repetitions in (("bare", bare, AGENTS, 100), ("route", call, decisions, calls)):
            began = time.perf_counter()
            for _ in range(repetitions):
                step()
            best[name] = max(best[name], each * repetitions / (time.perf_counter() - began))
    return {"decisions_per_s": best["route"], "bare_per_s": best["bare"], "over_bare": best["route"] / best["bare"]}


def interpreter(route: str, venvs: Path) -> str | None:
    """Which Python has the route's library: this one, the one made for it, or none."""
    if importlib.util.find_spec(ROUTES[route][0]) is not None:
        return sys.executable
    made = venvs / route / "bin" / "python"
    return str(made) if made.exists() else None


def main() -> None:
    """Measure and print a table; a route without its library says so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--route", choices=list(ROUTES), help="this one only, in this process, as JSON")
    parser.add_argument("--venvs", type=Path, default=Path(".adapters"), help="folder of the libraries' interpreters")
    options = parser.parse_args()
    if options.route:
        print(json.dumps(measure(options.route)))
        return
    print("| route | bank decisions a second | relative to a bare `parallel_env` |\n|---|---:|---:|")
    for route, (_, _, title) in ROUTES.items():
        python = interpreter(route, options.venvs)
        if python is None:
            print(f"| {title} | not installed: `make adapters` |  |")
            continue
        done = subprocess.run(
            [python, "-m", "benchmarks.adapters", "--route", route],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        figures = json.loads(done.stdout.splitlines()[-1])
        print(f"| {title} | {figures['decisions_per_s']:,.0f} | {figures['over_bare']:,.3f} |", flush=True)


if __name__ == "__main__":
    main()
