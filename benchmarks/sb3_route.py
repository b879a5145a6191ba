"""Speed of SB3 with our environment and with an idle one: ``python -m benchmarks.sb3_route [--json] [--rounds N]``.

PPO with the same settings on ``SimCashSB3Vec`` and on a ``VecEnv`` of the same spaces that does nothing, interleaved.
"""

from __future__ import annotations

import argparse
import json
import time
from typing import Any, Final

import numpy as np
import torch
from stable_baselines3 import PPO

from simcash_env import make_vec
from simcash_env.envs.sb3 import SimCashSB3Vec

SCENARIO: Final = "ten-banks-v0"
COPIES: Final = 32
STEPS: Final = 64
ROUNDS: Final = 5


class IdleVec(SimCashSB3Vec):
    """The same spaces; a step that returns what is there."""

    _idle: Any

    def step_wait(self) -> Any:
        """Nothing happens."""
        return self._idle

    def reset(self) -> Any:
        """Keep what to return."""
        observations = super().reset()
        rows = self.num_envs
        self._idle = observations, np.zeros(rows, np.float32), np.zeros(rows, bool), [{} for _ in range(rows)]
        return observations

    def step_async(self, actions: Any) -> None:
        """Nothing is kept."""


def trainer(kind: type[SimCashSB3Vec]) -> PPO:
    """PPO on the environment of this kind."""
    vec = make_vec(SCENARIO, COPIES, final_observations=True)
    rows = COPIES * vec.num_banks
    return PPO("MlpPolicy", kind(vec), n_steps=STEPS, batch_size=rows * STEPS // 4, n_epochs=2, seed=0, device="cpu")


def measure(rounds: int = ROUNDS) -> dict[str, float]:
    """Rows a second of both, best round, and their ratio."""
    torch.set_num_threads(1)
    ours, idle = trainer(SimCashSB3Vec), trainer(IdleVec)
    rows = COPIES * 10 * STEPS
    best = {"simcash": 0.0, "idle": 0.0}
    for _ in range(rounds):
        for name, model in (("simcash", ours), ("idle", idle)):
            began = time.perf_counter()
            model.learn(rows, reset_num_timesteps=False)
            best[name] = max(best[name], rows / (time.perf_counter() - began))
    return {
        "sb3_simcash_rows_per_s": best["simcash"],
        "sb3_idle_rows_per_s": best["idle"],
        "ratio": best["simcash"] / best["idle"],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="fewer are quicker and say less")
    options = parser.parse_args()
    figures = measure(options.rounds)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:14,.2f}")


if __name__ == "__main__":
    main()
