"""Speed of the interfaces compared with other environments: ``python -m benchmarks.faces [--json | --markdown]``.

All environments alternate in one run; each figure is the best of several rounds. Needs the extra ``bench`` (mpe2 and
SuperSuit). The other environments:

- ``mpe2.simple_spread_v3`` with the same number of agents: a typical PettingZoo environment;
- a no-op ParallelEnv with the same agents and spaces: the cost of the protocol itself, once with new dictionaries of
  the same arrays, and once with copies of all arrays, as ``copy=True`` returns them;
- SuperSuit from our PettingZoo environment to Stable-Baselines3, with the same number of copies.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from pettingzoo import ParallelEnv

from benchmarks.speed import timed
from simcash_env import __version__, make_vec, simcash_v0
from simcash_env.machine import machine

SCENARIO: Final = "ten-banks-v0"
AGENTS: Final = 10
COPIES: Final = 32
ROUNDS: Final = 200

Step = Callable[[], Any]


class IdleEnv(ParallelEnv):
    """The agents and the spaces of another environment; nothing happens."""

    metadata: dict[str, Any] = {"name": "idle_v0"}  # noqa: RUF012 - PettingZoo's way

    def __init__(self, like: Any) -> None:
        self.possible_agents = list(like.possible_agents)
        self.observation_spaces, self.action_spaces = like.observation_spaces, like.action_spaces
        self._seen, self._infos = like.reset(seed=1)
        self.agents = self.possible_agents.copy()

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        """What is always seen."""
        return self._seen, self._infos

    def step(self, actions: Any) -> Any:
        """New dicts by agent of the same observations and infos."""
        agents = self.agents
        over = dict.fromkeys(agents, False), dict.fromkeys(agents, False)
        return dict(self._seen), dict.fromkeys(agents, 0.0), *over, dict(self._infos)


class FreshIdleEnv(IdleEnv):
    """The same with observations and infos that are its caller's to keep."""

    def step(self, actions: Any) -> Any:
        """New dicts by agent of new observations and infos; arrays are copied."""
        _, *rest, _ = super().step(actions)
        seen = {agent: one.copy() for agent, one in self._seen.items()}
        info = {
            agent: {"action_mask": one["action_mask"].copy(), "costs": one["costs"].copy(), "illegal_actions": 0}
            for agent, one in self._infos.items()
        }
        return seen, *rest, info


def stepping(env: Any, actions: Any) -> Step:
    """A step of a parallel environment; a new run begins where one is over."""
    env.reset(seed=1)

    def step() -> None:
        if not env.agents:
            env.reset()
        env.step(actions)

    return step


def ones(env: Any) -> Any:
    """For every agent: choice 1 of every head, which releases all payments."""
    return {agent: np.ones(env.action_space(agent).shape, np.int64) for agent in env.possible_agents}


def supersuit_route() -> Step:
    """A step of all copies through SuperSuit to Stable-Baselines3."""
    import supersuit

    env = simcash_v0.parallel_env(SCENARIO)
    rows = supersuit.concat_vec_envs_v1(
        supersuit.pettingzoo_env_to_vec_env_v1(env), COPIES, num_cpus=0, base_class="stable_baselines3"
    )
    rows.reset()
    actions = np.ones((rows.num_envs, *rows.action_space.shape), np.int64)
    return lambda: rows.step(actions)


def our_route() -> Step:
    """A step of as many copies through ours."""
    from simcash_env.envs.sb3 import SimCashSB3Vec

    rows = SimCashSB3Vec(make_vec(SCENARIO, COPIES, final_observations=True))
    rows.reset()
    actions = np.ones((rows.num_envs, *(rows.action_space.shape or ())), np.int64)
    return lambda: rows.step(actions)


def contestants() -> dict[str, tuple[Step, int, int]]:
    """A step each, how many agents it steps, how often it is called in a round: each for a few milliseconds."""
    from mpe2 import simple_spread_v3

    spread = simple_spread_v3.parallel_env(N=AGENTS, max_cycles=1_000)
    spread.reset(seed=1)
    kept, uncopied = (simcash_v0.parallel_env(SCENARIO, copy=copy) for copy in (True, False))
    idle, fresh = (kind(simcash_v0.parallel_env(SCENARIO)) for kind in (IdleEnv, FreshIdleEnv))
    return {
        "mpe2": (stepping(spread, dict.fromkeys(spread.possible_agents, 1)), AGENTS, 1),
        "idle": (stepping(idle, ones(idle)), AGENTS, 400),
        "fresh_idle": (stepping(fresh, ones(fresh)), AGENTS, 200),
        "parallel_env": (stepping(kept, ones(kept)), AGENTS, 100),
        "parallel_env_views": (stepping(uncopied, ones(uncopied)), AGENTS, 100),
        "supersuit_route": (supersuit_route(), AGENTS * COPIES, 1),
        "sb3_route": (our_route(), AGENTS * COPIES, 20),
    }


RATIOS: Final = {
    "parallel_env_over_mpe2": ("parallel_env", "mpe2", 250.0),
    "parallel_env_over_fresh_idle": ("parallel_env", "fresh_idle", 0.5),
    "parallel_env_over_idle": ("parallel_env", "idle", 0.5),
    "parallel_env_views_over_mpe2": ("parallel_env_views", "mpe2", 250.0),
    "parallel_env_views_over_idle": ("parallel_env_views", "idle", 0.5),
    "sb3_route_over_supersuit": ("sb3_route", "supersuit_route", 5.0),
}
"""By name of a ratio: numerator, denominator and target."""


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Agent-steps a second of each, best round, and the ratios."""
    warnings.simplefilter("ignore")  # others' deprecations are not the matter here
    steps = contestants()
    for step, _, _ in steps.values():
        timed(step, 5)
    found = [{name: timed(step, calls) for name, (step, _, calls) in steps.items()} for _ in range(rounds)]
    best = {name: agents / min(times[name] for times in found) for name, (_, agents, _) in steps.items()}
    return best | {name: best[ours] / best[theirs] for name, (ours, theirs, _) in RATIOS.items()}


TITLES: Final = {
    "mpe2": f"`mpe2.simple_spread_v3`, {AGENTS} agents",
    "idle": "a no-op ParallelEnv",
    "fresh_idle": "a no-op ParallelEnv that copies its outputs",
    "parallel_env": "simcash_env, `parallel_env`",
    "parallel_env_views": "simcash_env, `parallel_env(copy=False)`",
    "supersuit_route": f"simcash_env, {COPIES} copies, SuperSuit to SB3",
    "sb3_route": f"simcash_env, {COPIES} copies, `SimCashSB3Vec`",
}


def as_markdown(figures: dict[str, float]) -> str:
    """Return two Markdown tables: speeds, and ratios with their targets."""
    lines = ["| environment | agent-steps per second |", "|---|---:|"]
    lines += [f"| {title} | {figures[name]:,.0f} |" for name, title in TITLES.items()]
    lines += ["", "| ratio | measured | target |", "|---|---:|---:|"]
    for name, (ours, theirs, aim) in RATIOS.items():
        lines.append(f"| {TITLES[ours]} over {TITLES[theirs]} | {figures[name]:,.2f} | {aim:g} |")
    lines += ["", f"`{SCENARIO}`, best of {ROUNDS} alternating rounds, version {__version__} on {machine()}:"]
    return "\n".join([*lines, "`python -m benchmarks.faces --markdown`."])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--markdown", action="store_true", help="tables")
    options = parser.parse_args()
    figures = measure()
    if options.json:
        print(json.dumps(figures))
    elif options.markdown:
        print(as_markdown(figures))
    else:
        for name, value in figures.items():
            print(f"{name:32} {value:18,.2f}")


if __name__ == "__main__":
    main()
