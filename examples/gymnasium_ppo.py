"""One bank learns, the others are scripted: the Gymnasium environment with a single-agent algorithm.

pip install '.[training]'; python examples/gymnasium_ppo.py
"""

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor


def make_env() -> gymnasium.Env:
    """Return the environment of BANK_B, whose best action does not depend on BANK_A."""
    options = {"scenario": "castro-2period-v0", "bank": "BANK_B", "observation": "flat", "max_queue_slots": 4}
    return Monitor(gymnasium.make("simcash_env:SimCash/Bank-v0", **options))


def returns(model: PPO, episodes: int = 500) -> np.ndarray:
    """Return the undiscounted returns of the bank's days; actions are sampled from the policy."""
    torch.manual_seed(1)  # every evaluation uses the same random numbers
    found, _ = evaluate_policy(model, make_env(), episodes, deterministic=False, return_episode_rewards=True)
    return np.array(found)


def train(steps: int = 10_240, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Train for ``steps`` decisions of the bank; return the returns before and after."""
    torch.set_num_threads(1)  # a second thread is slower at this size
    network = {"net_arch": [64, 64]}
    sizes = {"n_steps": 512, "batch_size": 128, "n_epochs": 4}
    model = PPO("MlpPolicy", make_env(), 1e-3, **sizes, seed=seed, gamma=1.0, policy_kwargs=network, device="cpu")
    before = returns(model)
    model.learn(steps)
    return before, returns(model)


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
