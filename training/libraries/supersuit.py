"""Stable-Baselines3's PPO through SuperSuit's wrappers; the action ``rank`` needs no masks."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import supersuit
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from training.libraries.run import Library, Run

LIBRARY: Final = Library(
    title="SuperSuit and SB3",
    packages=("supersuit", "stable-baselines3", "torch"),
    algorithm="PPO",
    arguments='action="rank"',
    masks="none needed: MaskablePPO fails inside SuperSuit",
)
COPIES: Final = 8


class Watch(BaseCallback):
    """Counts the rows, which SuperSuit copies, and ends the training once it has taken its time."""

    def __init__(self, run: Run) -> None:
        super().__init__()
        self._run = run

    def _on_step(self) -> bool:
        infos = self.locals["infos"]
        self._run.counter.add(dict(enumerate(infos)))
        return not self._run.is_over()


def train(run: Run) -> None:
    """Train one policy for both banks."""
    torch.set_num_threads(1)
    rows = supersuit.pettingzoo_env_to_vec_env_v1(run.parallel_env(action="rank"))
    rows = supersuit.concat_vec_envs_v1(rows, COPIES, num_cpus=0, base_class="stable_baselines3")
    torch.manual_seed(run.seed)  # seed= of PPO fails inside SuperSuit
    model = PPO("MlpPolicy", rows, n_steps=24, batch_size=96, n_epochs=4, learning_rate=1e-3, gamma=1.0, device="cpu")

    def act(observations: Any, masks: Any) -> Any:
        return np.clip(model.predict(observations)[0], -1.0, 1.0)

    run.before(act, action="rank")
    with run.training():
        model.learn(10**9, callback=Watch(run))
    run.after(act, action="rank")
