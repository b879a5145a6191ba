"""One bank learns, the others are scripted: the Gymnasium face with an algorithm that knows Gymnasium alone.

pip install 'simcash-env[training]'; python examples/gymnasium_ppo.py
"""

import gymnasium
import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor


def make_env() -> gymnasium.Env:
    """BANK_B, whose best choice does not depend on what BANK_A does."""
    options = {"scenario": "castro-2period-v0", "bank": "BANK_B", "observation": "flat", "max_queue_slots": 4}
    return Monitor(gymnasium.make("simcash_env:SimCash/Bank-v0", **options))


def returns(model: PPO, episodes: int = 500) -> np.ndarray:
    """Undiscounted returns of the bank's day, actions drawn from the policy."""
    torch.manual_seed(1)  # the draws of every evaluation are the same
    found, _ = evaluate_policy(model, make_env(), episodes, deterministic=False, return_episode_rewards=True)
    return np.array(found)


def train(steps: int = 10_240, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Returns before and after so many decisions of the bank."""
    torch.set_num_threads(1)  # a second thread costs more than it brings at this size
    network = {"net_arch": [64, 64]}
    sizes = {"n_steps": 512, "batch_size": 128, "n_epochs": 4}
    model = PPO("MlpPolicy", make_env(), 1e-3, **sizes, seed=seed, gamma=1.0, policy_kwargs=network, device="cpu")
    before = returns(model)
    model.learn(steps)
    return before, returns(model)


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
