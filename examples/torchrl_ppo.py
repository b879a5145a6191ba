"""TorchRL's PPO with TorchRL's PettingZoo adapter, one policy for all banks and masked illegal choices.

python examples/torchrl_ppo.py, in an environment made with constraints/torchrl.txt
"""

import numpy as np
import torch
from gymnasium.spaces import MultiDiscrete
from pettingzoo.utils import BaseParallelWrapper
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.envs import ExplorationType, set_exploration_type
from torchrl.envs.libs.pettingzoo import PettingZooWrapper
from torchrl.modules import MaskedCategorical, ProbabilisticActor
from torchrl.objectives import ClipPPOLoss

from simcash_env import simcash_v0


class MaskedHeads(torch.distributions.Independent):
    """One masked categorical per head; the log-probability is their sum."""

    def __init__(self, logits: torch.Tensor, mask: torch.Tensor) -> None:
        super().__init__(MaskedCategorical(logits=logits, mask=mask, neg_inf=-1e9, use_cross_entropy=False), 1)


class EqualHeads(BaseParallelWrapper):
    """Heads padded to one size, as TorchRL needs for a (heads, choices) mask; the mask forbids the added choices."""

    def __init__(self, env: object) -> None:
        super().__init__(env)
        heads = {agent: env.action_space(agent).nvec for agent in env.possible_agents}
        self.action_spaces = {agent: MultiDiscrete(np.full_like(nvec, nvec.max())) for agent, nvec in heads.items()}

    def action_space(self, agent: str) -> MultiDiscrete:
        """Return the action space; the same object on every call."""
        return self.action_spaces[agent]


def make_env() -> PettingZooWrapper:
    """Return one copy with all banks in one group; masks are matrices in the infos."""
    env = simcash_v0.parallel_env("castro-2period-v0", max_queue_slots=4, mask="matrix")
    return PettingZooWrapper(EqualHeads(env), categorical_actions=True, group_map={"banks": env.possible_agents})


def make_networks(env: PettingZooWrapper) -> tuple[ProbabilisticActor, TensorDictModule]:
    """Return policy and value, two small networks shared by all banks."""
    heads, choices = env.observation_spec["banks", "action_mask"].shape[-2:]
    seen = ("banks", "observation")
    entries = env.observation_spec[seen].shape[-1]

    def body(out):
        return nn.Sequential(nn.Linear(entries, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, out))

    logits = nn.Sequential(body(heads * choices), nn.Unflatten(-1, (heads, choices)))
    actor = ProbabilisticActor(
        TensorDictModule(logits, [seen], [("banks", "logits")]),
        in_keys={"logits": ("banks", "logits"), "mask": ("banks", "action_mask")},
        out_keys=[("banks", "action")],
        distribution_class=MaskedHeads,
        return_log_prob=True,
        log_prob_key=("banks", "log_prob"),
    )
    return actor, TensorDictModule(body(1), [seen], [("banks", "state_value")])


def returns(actor: ProbabilisticActor, episodes: int = 300) -> np.ndarray:
    """Return the undiscounted returns of a bank's days; legal actions are sampled from the policy."""
    torch.manual_seed(1)  # every evaluation uses the same random numbers
    env = make_env()
    env.set_seed(9_000)
    with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
        days = [env.rollout(2, actor)["next", "banks", "reward"].sum(dim=0) for _ in range(episodes)]
    return torch.cat(days).squeeze(-1).numpy()


def make_loss(actor: ProbabilisticActor, critic: TensorDictModule) -> ClipPPOLoss:
    """Return the loss of PPO, without discounting."""
    loss_of = ClipPPOLoss(actor, critic, entropy_coeff=0.001, critic_coeff=0.5)
    keys = {name: ("banks", name) for name in ("action", "reward", "done", "terminated", "advantage", "value_target")}
    loss_of.set_keys(sample_log_prob=("banks", "log_prob"), value=("banks", "state_value"), **keys)
    loss_of.make_value_estimator(gamma=1.0, lmbda=0.95, average_gae=True)
    return loss_of


def learn(
    env: PettingZooWrapper, actor: ProbabilisticActor, loss_of: ClipPPOLoss, optimizer: object, ticks: int
) -> None:
    """Play a number of ticks and learn from them in four epochs of four minibatches."""
    with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
        batch = env.rollout(ticks, actor, break_when_any_done=False)
        loss_of.value_estimator(batch, params=loss_of.critic_network_params)
    for _ in range(4):
        for rows in torch.randperm(ticks).split(ticks // 4):
            losses = loss_of(batch[rows])
            optimizer.zero_grad()
            (losses["loss_objective"] + losses["loss_critic"] + losses["loss_entropy"]).backward()
            optimizer.step()


def train(iterations: int = 20, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Train for ``iterations`` of 256 ticks; return the returns before and after."""
    torch.set_num_threads(1)
    torch.manual_seed(seed)
    env = make_env()
    env.set_seed(1_000)
    actor, critic = make_networks(env)
    before = returns(actor)
    loss_of = make_loss(actor, critic)
    optimizer = torch.optim.Adam(loss_of.parameters(), lr=1e-3)
    torch.manual_seed(seed)
    for _ in range(iterations):
        learn(env, actor, loss_of, optimizer, ticks=256)
    return before, returns(actor)


if __name__ == "__main__":
    before, after = train()
    print(f"mean return of a bank's day: {before.mean():.3f} before, {after.mean():.3f} after")
