"""Train TorchRL's PPO on the scenario of ``torchrl_ppo`` and pack the archive that ``simcash submit`` takes.

make adapters; .adapters/torchrl/bin/python -m examples.submissions.train_torchrl
"""

import argparse
from pathlib import Path

import torch
from tensordict.nn import TensorDictModule
from torch import nn

from examples.submissions.pack import pack
from examples.submissions.torchrl_ppo.agent import make_actor
from examples.torchrl_ppo import learn, make_env, make_loss

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
    loss_of = make_loss(actor, critic)
    optimizer = torch.optim.Adam(loss_of.parameters(), lr=1e-3)
    for _ in range(iterations):
        learn(env, actor, loss_of, optimizer, ticks=256)
    return actor


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--iterations", type=int, default=200)
    weights = Path("build") / f"{SCENARIO}-torchrl.pt"
    weights.parent.mkdir(exist_ok=True)
    torch.save(train(parser.parse_args().iterations).state_dict(), weights)
    print("packed:", pack(FOLDER, {f"{SCENARIO}.pt": weights}))
