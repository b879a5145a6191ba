"""skrl's independent PPO through skrl's PettingZoo wrapper; the model reads the mask from the observation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.models.torch import DeterministicMixin, Model, MultiCategoricalMixin
from skrl.multi_agents.torch.ippo import IPPO, IPPO_CFG
from skrl.trainers.torch import SequentialTrainer
from torch import nn

from training.libraries.run import Library, Run

LIBRARY: Final = Library(
    title="skrl",
    packages=("skrl", "torch"),
    algorithm="IPPO",
    arguments='mask="flat", mask_in="observation"',
    masks="in the model: its input is the mask and the vector, concatenated",
)
ROLLOUT: Final = 192


def body(inputs: int, outputs: int) -> nn.Sequential:
    """A small network."""
    return nn.Sequential(nn.Linear(inputs, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs))


class MaskedPolicy(MultiCategoricalMixin, Model):
    """Logits of every head; those of illegal choices are lowered. skrl flattens dictionaries in order of their keys."""

    def __init__(self, observation_space: Any, action_space: Any, device: str) -> None:
        Model.__init__(self, observation_space=observation_space, action_space=action_space, device=device)
        MultiCategoricalMixin.__init__(self, unnormalized_log_prob=True, reduction="sum")
        self.num_choices = int(action_space.nvec.sum())
        self.net = body(self.num_observations - self.num_choices, self.num_choices)

    def compute(self, inputs: Any, role: str = "") -> Any:
        """Return the logits."""
        legal, seen = inputs["observations"].split([self.num_choices, self.num_observations - self.num_choices], dim=1)
        return self.net(seen).masked_fill(legal == 0, -1e9), {}


class Value(DeterministicMixin, Model):
    """Value of the vector."""

    def __init__(self, observation_space: Any, action_space: Any, device: str) -> None:
        Model.__init__(self, observation_space=observation_space, action_space=action_space, device=device)
        DeterministicMixin.__init__(self)
        self.net = body(self.num_observations, 1)

    def compute(self, inputs: Any, role: str = "") -> Any:
        """Return the value."""
        return self.net(inputs["observations"]), {}


def train(run: Run) -> None:
    """Train both banks, each with networks of its own."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    env = wrap_env(run.parallel_env(mask_in="observation"), wrapper="pettingzoo")
    agents = env.possible_agents
    models: dict[str, dict[str, Any]] = {
        one: {
            "policy": MaskedPolicy(env.observation_space(one), env.action_space(one), "cpu"),
            "value": Value(env.observation_space(one), env.action_space(one), "cpu"),
        }
        for one in agents
    }
    nothing: dict[str, Any] = {
        one: {} for one in agents
    }  # skrl 2.1.1 takes an empty dictionary for one without these agents
    config = IPPO_CFG(
        rollouts=ROLLOUT, learning_epochs=4, mini_batches=4, learning_rate=1e-3, discount_factor=1.0,
        learning_rate_scheduler_kwargs=nothing, observation_preprocessor_kwargs=nothing,
        state_preprocessor_kwargs=nothing, value_preprocessor_kwargs=nothing,
    )  # fmt: skip
    config.experiment.write_interval = config.experiment.checkpoint_interval = 0
    agent = IPPO(
        possible_agents=agents,
        models=models,
        memories={one: RandomMemory(memory_size=ROLLOUT, num_envs=1, device="cpu") for one in agents},
        cfg=config,
        observation_spaces=env.observation_spaces,
        state_spaces=env.state_spaces,
        action_spaces=env.action_spaces,
        device="cpu",
    )

    def act(observations: Any, masks: Any) -> Any:
        rows = torch.tensor(np.concatenate([masks, observations], axis=1), dtype=torch.float32)
        with torch.no_grad():
            chosen = [
                models[one]["policy"].act({"observations": rows[place : place + 1]}, role="policy")[0]
                for place, one in enumerate(agents)
            ]
        return torch.cat(chosen).numpy().astype(np.int64)

    run.before(act)
    with run.training():
        while not run.is_over():
            trainer = SequentialTrainer(
                cfg={"timesteps": 4 * ROLLOUT, "headless": True, "disable_progressbar": True}, env=env, agents=agent
            )
            trainer.train()
    run.after(act)
