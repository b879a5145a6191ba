"""Train with Stable-Baselines3's PPO or sb3-contrib's MaskablePPO: ``python -m training.sb3_ppo SCENARIO [--masked]``.

Every (copy, bank) pair is a row of one ``VecEnv``, and all rows share one policy. Without masks an illegal choice
counts as hold. The command prints the mean cost on test days next to FIFO's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch as th

from simcash_env.config import FifoPolicy
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED, held_out_seeds
from simcash_env.files import make_folder_of
from simcash_env.registry import load
from simcash_env.schema.arrays import I64

SLOTS: Final = 8
"""Payments of Queue 1 that a bank sees and decides on."""


class Sb3Agent:
    """A Stable-Baselines3 model that decides greedily for all learning banks of a batch.

    Args:
        model: a trained PPO or MaskablePPO.
        is_masked: whether the model takes masks.
    """

    def __init__(self, model: Any, *, is_masked: bool) -> None:
        self._model, self._is_masked = model, is_masked

    def act(self, vec: SimCashVec) -> I64:
        """Actions (N, L, H)."""
        num_rows = vec.num_envs * vec.num_banks
        bank_ids = np.tile(np.eye(vec.num_banks, dtype=np.float32), (vec.num_envs, 1))
        rows = np.hstack([vec.observations.reshape(num_rows, -1), bank_ids])
        masks = {}
        if self._is_masked:
            is_choice = np.arange(vec.masks.shape[3]) < vec.action_nvec[:, None]
            masks["action_masks"] = vec.masks[:, :, is_choice].reshape(num_rows, -1).astype(bool)
        chosen, _ = self._model.predict(rows, deterministic=True, **masks)
        actions: I64 = np.asarray(chosen, np.int64).reshape(vec.actions.shape)
        return actions


def train(scenario: str, *, is_masked: bool, steps: int, seed: int, copies: int = 256) -> Any:
    """Train a model with Stable-Baselines3's default network and a large batch."""
    th.set_num_threads(1)
    vec = make_vec(scenario, copies, max_queue_slots=SLOTS, final_observations=True)
    env = SimCashSB3Vec(vec, bank_id=True)
    env.seed(FIRST_TRAINING_SEED)
    ticks = min(vec.num_ticks, 32)
    settings: dict[str, Any] = {
        "n_steps": ticks, "batch_size": max(env.num_envs * ticks // 4, 1), "n_epochs": 4, "learning_rate": 1e-3,
        "gamma": 1.0, "seed": seed, "device": "cpu",
    }  # fmt: skip
    if is_masked:
        from sb3_contrib import MaskablePPO

        return MaskablePPO("MlpPolicy", env, **settings).learn(steps)
    from stable_baselines3 import PPO

    return PPO("MlpPolicy", env, **settings).learn(steps)


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, evaluate on test days, print."""
    parser = argparse.ArgumentParser(prog="python -m training.sb3_ppo", description=__doc__)
    parser.add_argument("scenario", help="id of the library, or a file")
    parser.add_argument("--masked", action="store_true", help="MaskablePPO, which draws legal choices only")
    parser.add_argument("--steps", type=int, default=1_000_000, help="decisions of banks")
    parser.add_argument("--seed", type=int, default=0, help="of the training")
    parser.add_argument("--test-days", type=int, default=1_000)
    parser.add_argument("--out", type=Path, default=None, help="where to save the model (.zip)")
    given: Any = parser.parse_args(arguments)
    model = train(given.scenario, is_masked=given.masked, steps=given.steps, seed=given.seed)
    if given.out is not None:
        make_folder_of(given.out)
        model.save(given.out)
    config, days = load(given.scenario), held_out_seeds(given.test_days)
    agent = Sb3Agent(model, is_masked=given.masked)
    learned = evaluate_agent(config, agent, days, max_queue_slots=SLOTS)
    fifo = evaluate_policy(config, FifoPolicy(), days)
    name = "MaskablePPO" if given.masked else "PPO"
    print(f"{name}, {model.num_timesteps:,} steps: {learned.total()} cents; FIFO: {fifo.total()} cents")


if __name__ == "__main__":
    main()
