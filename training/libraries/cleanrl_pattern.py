"""The single-file PPO of ``training/cleanrl_ppo.py``, in CleanRL's pattern."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch

from training import cleanrl_ppo
from training.libraries.run import Library, Run

LIBRARY: Final = Library(
    title="CleanRL pattern",
    packages=("torch",),
    algorithm="PPO, one bank",
    arguments='gymnasium.make_vec(..., mask="flat", mask_in="info")',
    masks="in the single file",
)


def train(run: Run) -> None:
    """Train the first bank; the other one releases everything."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    args = cleanrl_ppo.Args(seed=run.seed, total_timesteps=10**9)
    envs = cleanrl_ppo.make_envs(args)
    agent = cleanrl_ppo.Agent(envs.single_observation_space.shape[0], envs.single_action_space.nvec.tolist())

    def act(observations: Any, masks: Any) -> Any:
        with torch.no_grad():
            action, *_ = agent.get_action_and_value(torch.tensor(observations), torch.tensor(masks))
        return action.numpy().astype(np.int64)

    def count(infos: Any) -> None:
        run.counter.decisions += len(infos["illegal_actions"])
        run.counter.illegal += int(infos["illegal_actions"].sum())

    run.before(act, learners=[envs.bank])
    with run.training():
        cleanrl_ppo.train(args, envs, agent, run.is_over, count)
    run.after(act, learners=[envs.bank])
