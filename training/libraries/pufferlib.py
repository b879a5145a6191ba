"""PufferLib's own trainer on the native environment; the policy reads the mask at the end of the observation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from pufferlib.pufferl import PuffeRL
from pufferlib.pytorch import sample_logits
from torch import nn

from simcash_env.envs.puffer import SimCashPuffer
from training.libraries.run import SCENARIO, SLOTS, Library, Run

LIBRARY: Final = Library(
    title="PufferLib",
    packages=("pufferlib-core", "torch"),
    algorithm="PPO",
    arguments="SimCashPuffer(...)",
    masks="in the policy: the observation ends with the mask",
)
COPIES: Final = 32
TICKS: Final = 12


class Counted(SimCashPuffer):
    """The environment of the run; its steps count."""

    def __init__(self, run: Run) -> None:
        super().__init__(SCENARIO, COPIES, max_queue_slots=SLOTS)
        self._run = run

    def step(self, actions: Any) -> Any:
        """Step and count."""
        result = super().step(actions)
        self._run.counter.decisions += self.num_agents
        self._run.counter.illegal += int(self.vec.illegal.sum())
        return result


class MaskedPolicy(nn.Module):
    """Logits of every head, those of illegal choices lowered, and the value."""

    def __init__(self, env: SimCashPuffer) -> None:
        super().__init__()
        self.parts = [env.single_observation_space.shape[0] - env.num_choices, env.num_choices]
        self.nvec = tuple(env.vec.action_nvec)
        self.body = nn.Sequential(nn.Linear(self.parts[0], 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.logits, self.value = nn.Linear(64, env.num_choices), nn.Linear(64, 1)

    def forward(self, observations: Any, state: Any = None) -> Any:
        """Return logits by head and values (agents, 1)."""
        seen, legal = observations.split(self.parts, dim=-1)
        hidden = self.body(seen)
        return self.logits(hidden).masked_fill(legal == 0, -1e9).split(self.nvec, dim=-1), self.value(hidden)

    def forward_eval(self, observations: Any, state: Any = None) -> Any:
        """Return the same while PufferLib collects."""
        return self.forward(observations)


class Quiet(PuffeRL):
    """The trainer without its dashboard."""

    def print_dashboard(self, *_: Any, **__: Any) -> None:
        """Print nothing."""


def configuration() -> dict[str, Any]:
    """Settings of the trainer, all of which it expects: those of plain PPO."""
    batch = 2 * COPIES * TICKS
    machine = {
        "device": "cpu",
        "precision": "float32",
        "torch_deterministic": True,
        "compile": False,
        "cpu_offload": False,
    }
    batches = {"batch_size": batch, "bptt_horizon": TICKS, "minibatch_size": batch // 4, "max_minibatch_size": batch}
    adam = {"optimizer": "adam", "learning_rate": 1e-3, "adam_beta1": 0.9, "adam_beta2": 0.999, "adam_eps": 1e-8}
    ppo = {"gamma": 1.0, "gae_lambda": 0.95, "clip_coef": 0.2, "vf_clip_coef": 10.0, "vf_coef": 0.5, "ent_coef": 0.001}
    off = {"use_rnn": False, "anneal_lr": False, "prio_alpha": 0.0, "prio_beta0": 1.0}
    trace = {"vtrace_rho_clip": 1.0, "vtrace_c_clip": 1.0}
    length = {"total_timesteps": 10**9, "update_epochs": 4, "max_grad_norm": 0.5}
    return (
        {"seed": 1_000, "data_dir": "", "checkpoint_interval": 10**9}
        | machine
        | batches
        | adam
        | ppo
        | off
        | trace
        | length
    )


def train(run: Run) -> None:
    """Train one policy for both banks."""
    torch.set_num_threads(1)
    torch.manual_seed(run.seed)
    env = Counted(run)
    policy = MaskedPolicy(env)

    def act(observations: Any, masks: Any) -> Any:
        rows = torch.tensor(np.concatenate([observations, masks], axis=1), dtype=torch.float32)
        with torch.no_grad():
            logits, _ = policy(rows)
            return sample_logits(logits)[0].numpy().astype(np.int64)

    run.before(act)
    trainer = Quiet(configuration(), env, policy)
    with run.training():
        while not run.is_over():
            trainer.evaluate()
            trainer.train()
    trainer.utilization.stop()
    run.after(act)
    env.close()
