"""RLlib's PPO (new API stack, one policy for all banks) with RLlib's PettingZoo adapter and masked illegal choices.

python examples/rllib_ppo.py, in an environment made with constraints/rllib.txt
"""

import numpy as np
import torch
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module import MultiRLModuleSpec, RLModuleSpec
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

from simcash_env import simcash_v0
from simcash_env.learning.rllib_module import MaskedPPO


def make_env(_config: object = None) -> ParallelPettingZooEnv:
    """Return one copy with one agent per bank."""
    return ParallelPettingZooEnv(simcash_v0.parallel_env("castro-2period-v0", max_queue_slots=4, mask_in="observation"))


def returns(algorithm, episodes: int = 300) -> np.ndarray:
    """Return the undiscounted returns of a bank's days; legal actions are sampled from the policy."""
    torch.manual_seed(1)  # every evaluation uses the same random numbers
    env, module, totals = make_env().par_env, algorithm.get_module("bank"), []
    for episode in range(episodes):
        seen, _ = env.reset(seed=9_000 + episode)
        banks = list(seen)
        totals.append(np.zeros(len(banks)))
        while env.agents:
            rows = {key: torch.tensor(np.stack([seen[bank][key] for bank in banks])) for key in seen[banks[0]]}
            logits = module.forward_inference({"obs": rows})["action_dist_inputs"]
            actions = module.get_inference_action_dist_cls().from_logits(logits).sample().numpy()
            seen, rewards, *_ = env.step(dict(zip(banks, actions, strict=True)))
            totals[-1] += [rewards[bank] for bank in banks]
    return np.concatenate(totals)


def make_config(environment: str, ticks: int, seed: int) -> PPOConfig:
    """Return PPO with one masked policy for all banks, on batches of a number of ticks, in this process."""
    spec = MultiRLModuleSpec(rl_module_specs={"bank": RLModuleSpec(module_class=MaskedPPO)})
    return (
        PPOConfig()
        .environment(environment)
        .env_runners(num_env_runners=0)
        .multi_agent(policies={"bank"}, policy_mapping_fn=lambda *_, **__: "bank")
        .rl_module(rl_module_spec=spec)
        .training(train_batch_size_per_learner=ticks, minibatch_size=ticks // 2, num_epochs=4, lr=1e-3, gamma=1.0)
        .debugging(seed=seed, log_level="ERROR")
    )


def train(iterations: int = 40, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Train for ``iterations`` of 200 ticks; return the returns before and after."""
    register_env("simcash", make_env)
    algorithm = make_config("simcash", 200, seed).build_algo()
    before = returns(algorithm)
    for _ in range(iterations):
        algorithm.train()
    after = returns(algorithm)
    algorithm.stop()
    return before, after


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
