"""TorchRL's PPO through TorchRL's PettingZoo wrapper; the distribution splits the flat logits and masks into heads."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torch import nn
from torchrl.envs import ExplorationType, check_env_specs, set_exploration_type
from torchrl.envs.libs.pettingzoo import PettingZooWrapper
from torchrl.modules import ProbabilisticActor

from examples.torchrl_ppo import learn, make_loss
from training.libraries.run import Library, Run

LIBRARY: Final = Library(
    title="TorchRL",
    packages=("torchrl", "tensordict", "torch"),
    algorithm="PPO",
    arguments='mask="flat", mask_in="info"',
    masks="in a distribution of 20 lines; TorchRL's `check_env_specs` passes",
)
GROUP: Final = "banks"
TICKS: Final = 240


class MaskedHeads(torch.distributions.Distribution):
    """One masked categorical per head, from flat logits and masks (..., sum of choices)."""

    has_enumerate_support = False
    arg_constraints: dict[str, Any] = {}  # noqa: RUF012 - PyTorch's

    def __init__(self, logits: torch.Tensor, mask: torch.Tensor, nvec: tuple[int, ...]) -> None:
        masked = logits.masked_fill(~mask.bool(), -1e9)
        self.heads = [torch.distributions.Categorical(logits=head) for head in masked.split(nvec, dim=-1)]
        super().__init__(logits.shape[:-1], (len(nvec),), validate_args=False)

    @property
    def deterministic_sample(self) -> torch.Tensor:
        """The most likely choice of every head."""
        return torch.stack([head.logits.argmax(-1) for head in self.heads], dim=-1)

    def sample(self, sample_shape: Any = ()) -> torch.Tensor:
        """Draw a choice of every head."""
        return torch.stack([head.sample(sample_shape) for head in self.heads], dim=-1)

    def log_prob(self, value: torch.Tensor) -> torch.Tensor:
        """Sum over the heads."""
        return torch.stack([head.log_prob(value[..., at]) for at, head in enumerate(self.heads)]).sum(0)

    def entropy(self) -> torch.Tensor:
        """Sum over the heads."""
        return torch.stack([head.entropy() for head in self.heads]).sum(0)


def train(run: Run) -> None:
    """Train one policy for both banks."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    env = run.parallel_env()
    nvec = tuple(env.action_space(env.possible_agents[0]).nvec.tolist())
    wrapped = PettingZooWrapper(env, categorical_actions=True, group_map={GROUP: env.possible_agents})
    check_env_specs(wrapped)
    wrapped.set_seed(1_000)
    entries = wrapped.observation_spec[GROUP, "observation"].shape[-1]

    def body(out: int) -> nn.Sequential:
        return nn.Sequential(nn.Linear(entries, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, out))

    actor = ProbabilisticActor(
        TensorDictModule(body(sum(nvec)), [(GROUP, "observation")], [(GROUP, "logits")]),
        in_keys={"logits": (GROUP, "logits"), "mask": (GROUP, "action_mask")},
        out_keys=[(GROUP, "action")],
        distribution_class=MaskedHeads,
        distribution_kwargs={"nvec": nvec},
        return_log_prob=True,
        log_prob_key=(GROUP, "log_prob"),
    )
    critic = TensorDictModule(body(1), [(GROUP, "observation")], [(GROUP, "state_value")])
    loss_of = make_loss(actor, critic)
    optimizer = torch.optim.Adam(loss_of.parameters(), lr=1e-3)

    def act(observations: Any, masks: Any) -> Any:
        rows = {"observation": torch.tensor(observations), "action_mask": torch.tensor(masks, dtype=torch.bool)}
        seen = TensorDict({GROUP: TensorDict(rows, [len(observations)])}, [])
        with torch.no_grad(), set_exploration_type(ExplorationType.RANDOM):
            return actor(seen)[GROUP, "action"].numpy().astype(np.int64)

    run.before(act)
    with run.training():
        while not run.is_over():
            learn(wrapped, actor, loss_of, optimizer, TICKS)
    run.after(act)
