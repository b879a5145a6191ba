"""Rows of Stable-Baselines3: PPO, and MaskablePPO of sb3-contrib, on the rows of the batch with one shared policy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch as th
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import make_vec
from simcash_env.evaluation.seeds import SEEDS_PER_RUN, training_seeds
from training.algorithms.contest import SLOTS, Contest
from training.sb3_ppo import Sb3Agent


class Watch(BaseCallback):
    """Evaluates the policy before every rollout, and ends the training with the budget."""

    def __init__(self, contest: Contest, *, is_masked: bool) -> None:
        super().__init__()
        self._contest, self._is_masked = contest, is_masked

    def _on_rollout_start(self) -> None:
        self._contest.at(self.num_timesteps, Sb3Agent(self.model, is_masked=self._is_masked))

    def _on_step(self) -> bool:
        return not self._contest.is_over


def play(contest: Contest, *, is_masked: bool) -> None:
    """Train with the budget."""
    th.set_num_threads(1)
    vec = make_vec(
        contest.config, contest.copies, max_queue_slots=SLOTS, reward=contest.settings.reward, final_observations=True
    )
    env = SimCashSB3Vec(vec, bank_id=True)
    env.seed(training_seeds(1, contest.seed * SEEDS_PER_RUN)[0])
    kind: Any = PPO
    if is_masked:
        from sb3_contrib import MaskablePPO

        kind = MaskablePPO
    model = kind(
        "MlpPolicy", env, n_steps=contest.ticks, batch_size=env.num_envs * contest.ticks // 4, n_epochs=4,
        learning_rate=1e-3, gamma=contest.settings.gamma, seed=contest.seed, device="cpu",
    )  # fmt: skip
    model.learn(contest.budget + env.num_envs * contest.ticks, callback=Watch(contest, is_masked=is_masked))


def plain(contest: Contest, _folder: Path) -> None:
    """PPO; illegal choices count as hold."""
    play(contest, is_masked=False)


def masked(contest: Contest, _folder: Path) -> None:
    """MaskablePPO."""
    play(contest, is_masked=True)
