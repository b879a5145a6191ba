"""RL-Zoo3's own command with the hyper-parameter file ``configs/zoo/ppo.yml``; the action ``rank`` needs no masks."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import gymnasium
import numpy as np
import torch
from rl_zoo3.train import train as train_by_command
from stable_baselines3 import PPO

from training.libraries.run import ID, SLOTS, CountedSingle, Library, Run

LIBRARY: Final = Library(
    title="RL-Zoo3",
    packages=("rl-zoo3", "stable-baselines3", "torch"),
    algorithm="PPO, one bank",
    arguments="--gym-packages simcash_env --env-kwargs \"action:'rank'\"",
    masks="none needed: the library has no algorithm with masks",
)
FILE: Final = Path(__file__).resolve().parents[2] / "configs" / "zoo" / "ppo.yml"
RUNS: list[Run] = []
"""The run whose environments count; the zoo creates them itself, from the name of a wrapper."""


class Counted(CountedSingle):
    """The wrapper that the zoo is told by name."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        super().__init__(env, RUNS[-1].counter)


def command(run: Run, steps: int, folder: Path) -> list[str]:
    """Arguments of ``python -m rl_zoo3.train``."""
    return [
        *("train", "--algo", "ppo", "--env", ID, "--gym-packages", "simcash_env", "--conf-file", str(FILE)),
        *("--env-kwargs", "action:'rank'", f"max_queue_slots:{SLOTS}", "--seed", str(run.seed), "-n", str(steps)),
        *("--hyperparams", "env_wrapper:'training.libraries.rl_zoo.Counted'", "-f", str(folder), "--eval-freq", "-1"),
        *("--num-threads", "1", "--verbose", "0"),
    ]


def train(run: Run) -> None:
    """Train the first bank; the other one releases everything."""
    torch.set_num_threads(1)
    RUNS.append(run)
    untrained = PPO("MlpPolicy", run.gymnasium_env(action="rank"), seed=run.seed, device="cpu")
    one = {"learners": [untrained.get_env().get_attr("bank")[0]], "action": "rank"}  # type: ignore[union-attr]

    def actions_of(model: Any) -> Any:
        def act(observations: Any, masks: Any) -> Any:
            return np.clip(model.predict(observations)[0], -1.0, 1.0)

        return act

    run.before(actions_of(untrained), **one)
    with tempfile.TemporaryDirectory() as name:
        with run.training():
            sys.argv = command(run, int(2_500 * run.seconds), Path(name))
            train_by_command()
        (file,) = Path(name).rglob("*.zip")
        run.after(actions_of(PPO.load(file, device="cpu")), **one)
