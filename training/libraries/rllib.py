"""RLlib's PPO, new API stack, with RLlib's PettingZoo adapter and the package's masking module."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.tune.registry import register_env

from examples.rllib_ppo import make_config
from training.libraries.run import Library, Run

LIBRARY: Final = Library(
    title="RLlib",
    packages=("ray", "torch"),
    algorithm="PPO",
    arguments='mask="flat", mask_in="observation"',
    masks="in `simcash_env.learning.rllib_module.MaskedPPO`; without it ignored",
)


RUNS: list[Run] = []
"""The run whose environments count; RLlib pickles what it is given."""


def make_env(_config: Any = None) -> ParallelPettingZooEnv:
    """Return one copy with one agent for each bank."""
    return ParallelPettingZooEnv(RUNS[-1].parallel_env(mask_in="observation"))


def train(run: Run) -> None:
    """Train one policy for both banks, in this process."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    RUNS.append(run)
    register_env("simcash", make_env)
    algorithm = make_config("simcash", 240, run.seed).build_algo()
    module = algorithm.get_module("bank")

    def act(observations: Any, masks: Any) -> Any:
        seen = {"observation": torch.tensor(observations), "action_mask": torch.tensor(masks)}
        with torch.no_grad():
            logits = module.forward_inference({"obs": seen})["action_dist_inputs"]
        return module.get_inference_action_dist_cls().from_logits(logits).sample().numpy().astype(np.int64)

    run.before(act)
    with run.training():
        while not run.is_over():
            algorithm.train()
    run.after(act)
    algorithm.stop()
