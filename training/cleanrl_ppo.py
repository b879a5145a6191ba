"""PPO in the pattern of CleanRL: one file, Gymnasium's vector interface, flat masks from the infos.

``python -m training.cleanrl_ppo``. One bank learns, the others follow their policies. The masked distribution is that
of CleanRL's ``ppo_multidiscrete_mask.py``: one categorical per head, illegal choices at a large negative logit.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from torch import nn, optim
from torch.distributions import Categorical

import simcash_env.envs  # noqa: F401 - registers the ids


@dataclass
class Args:
    """Settings of a training."""

    env_id: str = "SimCash/Castro12-v0"
    max_queue_slots: int = 8
    seed: int = 0
    total_timesteps: int = 200_000
    num_envs: int = 16
    num_steps: int = 24
    learning_rate: float = 1e-3
    gamma: float = 1.0
    gae_lambda: float = 0.95
    num_minibatches: int = 4
    update_epochs: int = 4
    clip_coef: float = 0.2
    ent_coef: float = 0.001
    vf_coef: float = 0.5
    max_grad_norm: float = 0.5


class MaskedHeads:
    """One masked categorical per head; log-probability and entropy are sums over the heads."""

    def __init__(self, logits: torch.Tensor, mask: torch.Tensor, nvec: list[int]) -> None:
        masked = logits.masked_fill(mask == 0, -1e8)
        self.heads = [Categorical(logits=head) for head in torch.split(masked, nvec, dim=1)]

    def sample(self) -> torch.Tensor:
        """Draw a choice of every head (rows, heads)."""
        return torch.stack([head.sample() for head in self.heads], dim=1)

    def log_prob(self, action: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities (rows,)."""
        return torch.stack([head.log_prob(action[:, at]) for at, head in enumerate(self.heads)]).sum(0)

    def entropy(self) -> torch.Tensor:
        """Return the entropies (rows,)."""
        return torch.stack([head.entropy() for head in self.heads]).sum(0)


class Agent(nn.Module):
    """Policy and value, two small networks."""

    def __init__(self, entries: int, nvec: list[int]) -> None:
        super().__init__()
        self.nvec = nvec
        self.critic, self.actor = (
            nn.Sequential(nn.Linear(entries, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, outputs))
            for outputs in (1, sum(nvec))
        )

    def get_value(self, x: torch.Tensor) -> torch.Tensor:
        """Return the values (rows,)."""
        value: torch.Tensor = self.critic(x)
        return value.flatten()

    def get_action_and_value(self, x: torch.Tensor, mask: torch.Tensor, action: Any = None) -> tuple[Any, ...]:
        """Return actions, log-probabilities, entropies and values."""
        heads = MaskedHeads(self.actor(x), mask, self.nvec)
        action = heads.sample() if action is None else action
        return action, heads.log_prob(action), heads.entropy(), self.get_value(x)


def make_envs(args: Args) -> Any:
    """Return the vector environment, stepped by one kernel call."""
    return gym.make_vec(
        args.env_id,
        num_envs=args.num_envs,
        vectorization_mode="vector_entry_point",
        max_queue_slots=args.max_queue_slots,
        autoreset_mode=gym.vector.AutoresetMode.SAME_STEP,
    )


def train(
    args: Args,
    envs: Any,
    agent: Agent,
    is_over: Callable[[], bool] = lambda: False,
    count: Callable[[Any], None] = lambda infos: None,
) -> None:
    """Train the agent.

    Args:
        args: settings.
        envs: vector environment.
        agent: policy and value.
        is_over: called after every update; True ends the training early.
        count: called with the infos of every step.
    """
    optimizer = optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5)
    shape = (args.num_steps, args.num_envs)
    nvec = agent.nvec
    obs = torch.zeros((*shape, *envs.single_observation_space.shape))
    masks, actions = torch.zeros((*shape, sum(nvec))), torch.zeros((*shape, len(nvec)), dtype=torch.long)
    logprobs, rewards, dones, values = (torch.zeros(shape) for _ in range(4))
    next_obs, infos = envs.reset(seed=args.seed + 1_000)
    next_obs, next_mask = torch.tensor(next_obs), torch.tensor(infos["action_mask"])
    batch_size = args.num_envs * args.num_steps
    for _ in range(args.total_timesteps // batch_size):
        for step in range(args.num_steps):
            obs[step], masks[step] = next_obs, next_mask
            with torch.no_grad():
                actions[step], logprobs[step], _, values[step] = agent.get_action_and_value(next_obs, next_mask)
            next_obs, reward, terminations, truncations, infos = envs.step(actions[step].numpy())
            count(infos)
            rewards[step] = torch.tensor(reward)
            dones[step] = torch.tensor(np.logical_or(terminations, truncations))  # the step's own: resets are immediate
            next_obs, next_mask = torch.tensor(next_obs), torch.tensor(infos["action_mask"])
        with torch.no_grad():
            next_value, lastgaelam = agent.get_value(next_obs), torch.zeros(args.num_envs)
            advantages = torch.zeros(shape)
            for t in reversed(range(args.num_steps)):
                nextnonterminal = 1.0 - dones[t]
                following = next_value if t == args.num_steps - 1 else values[t + 1]
                delta = rewards[t] + args.gamma * following * nextnonterminal - values[t]
                lastgaelam = delta + args.gamma * args.gae_lambda * nextnonterminal * lastgaelam
                advantages[t] = lastgaelam
            returns = advantages + values
        b_obs, b_masks, b_actions = (rows.flatten(0, 1) for rows in (obs, masks, actions))
        b_logprobs, b_advantages, b_returns = (rows.flatten() for rows in (logprobs, advantages, returns))
        for _ in range(args.update_epochs):
            for mb in torch.randperm(batch_size).split(batch_size // args.num_minibatches):
                _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[mb], b_masks[mb], b_actions[mb])
                ratio = (newlogprob - b_logprobs[mb]).exp()
                mb_advantages = b_advantages[mb]
                mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)
                clipped = torch.clamp(ratio, 1 - args.clip_coef, 1 + args.clip_coef)
                pg_loss = torch.max(-mb_advantages * ratio, -mb_advantages * clipped).mean()
                v_loss = 0.5 * (newvalue - b_returns[mb]).pow(2).mean()
                loss = pg_loss - args.ent_coef * entropy.mean() + args.vf_coef * v_loss
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()
        if is_over():
            return


def returns(args: Args, envs: Any, agent: Agent, days: int = 160) -> float:
    """Return the mean undiscounted return of the bank's days; legal actions are sampled from the policy."""
    total = np.zeros(args.num_envs)
    ended: list[float] = []
    obs, infos = envs.reset(seed=9_000)
    while len(ended) < days:
        with torch.no_grad():
            action, *_ = agent.get_action_and_value(torch.tensor(obs), torch.tensor(infos["action_mask"]))
        obs, reward, terminations, truncations, infos = envs.step(action.numpy())
        total += reward
        over = np.logical_or(terminations, truncations)
        ended += total[over].tolist()
        total[over] = 0.0
    return float(np.mean(ended))


def main() -> None:
    """Train with the default settings and print the returns before and after."""
    parser = argparse.ArgumentParser(prog="python -m training.cleanrl_ppo", description="PPO in CleanRL's pattern.")
    parser.add_argument("--total-timesteps", type=int, default=Args.total_timesteps, help="decisions (default: 200000)")
    parser.add_argument("--seed", type=int, default=0, help="random seed (default: 0)")
    options = parser.parse_args()
    args = Args(total_timesteps=options.total_timesteps, seed=options.seed)
    torch.set_num_threads(1)
    torch.manual_seed(args.seed)
    envs = make_envs(args)
    agent = Agent(envs.single_observation_space.shape[0], envs.single_action_space.nvec.tolist())
    before = returns(args, envs, agent)
    train(args, envs, agent)
    print(f"mean return of a bank's day: {before:.3f} before, {returns(args, envs, agent):.3f} after")


if __name__ == "__main__":
    main()
