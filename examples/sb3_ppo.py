"""Stable-Baselines3 PPO on the batch, without masks: an illegal choice counts as hold.

pip install '.[training]'; python examples/sb3_ppo.py
"""

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy

from simcash_env import make_vec
from simcash_env.envs.sb3 import SimCashSB3Vec


def make_env(copies: int) -> SimCashSB3Vec:
    """Return a batch with one row for each copy and bank; all rows share one policy, which observes the bank's id."""
    vec = make_vec("castro-2period-v0", copies, max_queue_slots=4, final_observations=True)
    return SimCashSB3Vec(vec, bank_id=True)


def returns(model: PPO, episodes: int = 1_000) -> np.ndarray:
    """Return the undiscounted returns of a bank's days; actions are sampled from the policy."""
    torch.manual_seed(1)  # every evaluation uses the same random numbers
    found, _ = evaluate_policy(
        model, make_env(100), episodes, deterministic=False, return_episode_rewards=True, warn=False
    )
    return np.array(found)


def train(steps: int = 40_960, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Train for ``steps`` bank decisions, all banks together; return the returns before and after."""
    torch.set_num_threads(1)  # a second thread is slower at this size
    env = make_env(64)
    env.seed(1_000)
    model = PPO(
        "MlpPolicy",
        env,
        seed=seed,
        n_steps=16,
        batch_size=512,
        n_epochs=4,
        learning_rate=1e-3,
        gamma=1.0,
        policy_kwargs={"net_arch": [64, 64]},
        device="cpu",
    )
    before = returns(model)
    model.learn(steps)
    return before, returns(model)


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
