"""Train TorchRL's PPO on the scenario of ``torchrl_ppo`` and pack the archive that ``simcash submit`` takes.

make adapters; .adapters/torchrl/bin/python -m examples.submissions.train_torchrl
"""

import argparse
from pathlib import Path

import torch
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.envs import ExplorationType, set_exploration_type
from torchrl.objectives import ClipPPOLoss

from examples.submissions.pack import pack
from examples.submissions.torchrl_ppo.agent import make_actor
from examples.torchrl_ppo import make_env

FOLDER = Path(__file__).parent / "torchrl_ppo"
SCENARIO = "castro-2period-v0"


def train(iterations: int, seed: int = 0) -> nn.Module:
    """Train for ``iterations`` of 256 ticks and return the actor."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    env = make_env()
    env.set_seed(1)
    heads, choices = env.observation_spec["banks", "action_mask"].shape[-2:]
    entries = env.observation_spec["banks", "observation"].shape[-1]
    actor = make_actor(entries, heads, choices)
    value = nn.Sequential(nn.Linear(entries, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    critic = TensorDictModule(value, [("banks", "observation")], [("banks", "state_value")])
    loss_of = ClipPPOLoss(actor, critic, entropy_coeff=0.001, critic_coeff=0.5)
    keys = {name: ("banks", name) for name in ("action", "reward", "done", "terminated", "advantage", "value_target")}
    loss_of.set_keys(sample_log_prob=("banks", "log_prob"), value=("banks", "state_value"), **keys)
    loss_of.make_value_estimator(gamma=1.0, lmbda=0.95, average_gae=True)
    optimizer = torch.optim.Adam(loss_of.parameters(), lr=1e-3)
    for _ in range(iterations):
        with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
            batch = env.rollout(256, actor, break_when_any_done=False)
            loss_of.value_estimator(batch, params=loss_of.critic_network_params)
        for _ in range(4):
            for rows in torch.randperm(256).split(64):
                losses = loss_of(batch[rows])
                optimizer.zero_grad()
                (losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]).backward()
                optimizer.step()
    return actor


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=200)
    weights = Path("build") / f"{SCENARIO}-torchrl.pt"
    weights.parent.mkdir(exist_ok=True)
    torch.save(train(parser.parse_args().iterations).state_dict(), weights)
    print("packed:", pack(FOLDER, {f"{SCENARIO}.pt": weights}))
