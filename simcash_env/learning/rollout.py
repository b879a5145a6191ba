"""Rollouts: the batch that is learned on, the buffers that hold a rollout, and generalised advantage estimates."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import torch as th

from simcash_env.config import ScenarioConfig
from simcash_env.envs.families import Randomize
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED, SEEDS_PER_RUN
from simcash_env.learning.expert import Expert, ExpertSettings
from simcash_env.learning.opponents import Opponents
from simcash_env.learning.policy import Policy
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import TrainingSettings
from simcash_env.schema.limits import POOL_LEVELS

RETURN_DECAY: Final = 0.95
"""Decay per rollout of the running mean and variance of returns."""


def make_training_vec(settings: TrainingSettings, config: ScenarioConfig | None = None) -> SimCashVec:
    """The batch that a policy is trained on.

    Args:
        settings: of the training.
        config: the scenario where ``settings.scenario`` is not to be loaded.
    """
    return make_vec(
        with_largest_share(settings.config() if config is None else config, settings.largest_share),
        settings.num_envs,
        learners=settings.learners,
        max_queue_slots=settings.max_queue_slots,
        action=settings.action,
        reward=settings.reward,
        alpha=settings.alpha,
        randomize=None if settings.randomize is None else Randomize(**settings.randomize),
        max_ticks=settings.max_ticks,
        final_observations=settings.max_ticks is not None,
    )


class ReturnNormalizer:
    """Exponentially decayed mean and standard deviation of returns, by which the critic's targets are normalised."""

    def __init__(self) -> None:
        self.mean_sum, self.square_sum, self.weight = (th.zeros(()) for _ in range(3))

    def update(self, returns: Any, learned: Any) -> None:
        """Take in the returns (P, T, R) of a rollout; ``learned`` is 1 for rows that are learned from, else 0."""
        count = learned.sum()
        for total, values in ((self.mean_sum, returns), (self.square_sum, returns.square())):
            total.mul_(RETURN_DECAY).add_((values * learned).sum() / count, alpha=1.0 - RETURN_DECAY)
        self.weight.mul_(RETURN_DECAY).add_(1.0 - RETURN_DECAY)

    def mean_and_std(self) -> tuple[Any, Any]:
        """Mean and standard deviation; (0, 1) before the first update."""
        weight = self.weight.clamp_min(1e-6)
        mean = self.mean_sum / weight
        is_empty = not self.weight > 0
        return mean, th.ones(()) if is_empty else (self.square_sum / weight - mean.square()).clamp_min(1e-8).sqrt()

    def state(self) -> Any:
        """The three running sums as one tensor."""
        return th.stack([self.mean_sum, self.square_sum, self.weight])

    def restore(self, state: Any) -> None:
        """Continue from ``state``."""
        for total, stored in zip((self.mean_sum, self.square_sum, self.weight), state, strict=True):
            total.copy_(stored)


class RolloutCollector:
    """Plays T ticks in every copy and keeps what PPO needs of them.

    Args:
        settings: of the training.
        seed: of the training.
        vec: the batch; it is reset to the training seeds of the run.
        policy: that acts.
        generator: of actions and of the expert's noise.
        restrict: forbids choices in place, given a copy of the masks (N, L, H, C) at every tick.

    Attributes:
        obs: (P, T + 1, R, columns) encoded rows.
        masks: (P, T, R, mask width) encoded masks.
        actions: (P, T, R, H).
        log_probs, rewards, dones: (P, T, R).
        values: (P, T + 1, R), not normalised.
        learned: (P, T, R) 1 for rows that are learned from, 0 for rows that opponents play.
        steps: decisions so far, all rows together.
        progress: share of the training that is done.
        episode_costs: mean cost in cents of a bank, for each episode that ended in the last rollout.
    """

    def __init__(
        self, settings: TrainingSettings, seed: int, vec: SimCashVec, policy: Policy, generator: Any,
        restrict: Callable[[Any], None] | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.vec, self.policy, self.generator = settings, vec, policy, generator
        self._restrict = restrict
        self.returns_scale = ReturnNormalizer()
        scripted = settings.expert if isinstance(settings.expert, ExpertSettings) else None
        self.expert: Any = None if scripted is None else Expert(scripted, settings.largest_share)
        self.opponents = Opponents(
            settings, vec.bank_ids, vec.num_envs, Policy.load, lambda: Policy(settings, policy.shape)
        )
        heads, ticks, rows = policy.heads, settings.steps_per_rollout, vec.num_envs * vec.num_banks // policy.policies
        flat = (policy.policies, ticks, rows)
        self.obs = policy.new_rows(ticks + 1, vec.num_envs)
        self.masks = th.zeros(*flat, heads.mask_width)
        self.actions = th.zeros(*flat, heads.num_heads, dtype=heads.dtype)
        self.log_probs, self.rewards, self.dones = (th.zeros(flat) for _ in range(3))
        self.learned = th.ones(flat)
        self.values = th.zeros(policy.policies, ticks + 1, rows)
        self.steps, self.progress = 0, 0.0
        self.costs = np.zeros((vec.num_envs, vec.num_banks), np.int64)
        self.episode_costs: list[float] = []
        self.assign_opponents()
        vec.reset(
            [FIRST_TRAINING_SEED + seed * SEEDS_PER_RUN + copy // settings.same_day for copy in range(vec.num_envs)]
        )

    def assign_opponents(self) -> None:
        """Mark the rows that are learned from, after opponents were dealt to copies."""
        self.learned[:] = self.policy.rows(self.opponents.learns).float().unsqueeze(1)

    @property
    def is_imitating(self) -> bool:
        """Whether the policy is trained to imitate the expert (behaviour cloning)."""
        return self.settings.expert is not None and self.steps < self.settings.imitate_steps

    @th.no_grad()
    def collect(self) -> None:
        """Play T ticks in every copy."""
        vec, policy, ticks = self.vec, self.policy, self.settings.steps_per_rollout
        mean, std = self.returns_scale.mean_and_std()
        self.episode_costs = []
        for tick in range(ticks):
            policy.encode(vec.observations, self.obs[:, tick])
            mask = self.masks[:, tick]
            policy.heads.encode_masks(policy.rows(self._masks()), mask)
            logits, values = policy.network(self.obs[:, tick])
            if self.is_imitating:
                actions = self._expert_actions()
                log_probs = policy.heads.evaluate_actions(logits, mask, actions)[0]
            else:
                actions, log_probs = policy.heads.sample(logits, mask, self.generator)
            self.actions[:, tick], self.log_probs[:, tick] = actions, log_probs
            self.values[:, tick] = values * std + mean
            batch_actions = policy.played(vec.observations, policy.batch(actions))
            if not self.opponents.is_idle:
                self.opponents.play(vec.observations, vec.masks, batch_actions)
            self._step(batch_actions)
            self.rewards[:, tick] = policy.rows(vec.rewards)
            self.dones[:, tick] = policy.rows_of_copies(vec.terminated | vec.truncated)
            if vec.truncated.any():  # bootstrap: a truncated episode would have gone on
                policy.encode(vec.final_observations, self.obs[:, ticks])
                final_values = policy.network(self.obs[:, ticks])[1] * std + mean
                self.rewards[:, tick] += self.settings.gamma * final_values * policy.rows_of_copies(vec.truncated)
        policy.encode(vec.observations, self.obs[:, ticks])
        self.values[:, ticks] = policy.network(self.obs[:, ticks])[1] * std + mean

    def _expert_actions(self) -> Any:
        """What the expert does (P, R, H)."""
        noise = th.randn((self.vec.num_envs, self.vec.num_banks), generator=self.generator, dtype=th.float64)
        return self.policy.rows(self.expert.act(self.vec, noise.numpy())).to(self.policy.heads.dtype)

    def _masks(self) -> Any:
        """The batch's masks, restricted; in the curriculum's first part the pool head allows small shares only."""
        masks, pool_head, levels = self.vec.masks, self.policy.pool, self.settings.scarce_levels
        if self._restrict is not None:
            masks = masks.copy()
            self._restrict(masks)
        is_scarce = self.progress < self.settings.scarce_until and not self.is_imitating
        if is_scarce and pool_head is not None and masks.size:
            masks = masks.copy()
            pool = masks[:, :, pool_head, :POOL_LEVELS]
            level = np.arange(POOL_LEVELS)
            is_small = ((levels[0] <= level) & (level <= levels[1])).astype(np.int8)
            pool &= np.where(pool[:, :, 1:].any(axis=2, keepdims=True), is_small, np.int8(1))
        return masks

    def _step(self, actions: Any) -> None:
        """Step the batch and note the cost of episodes that end."""
        vec = self.vec
        if self.policy.heads.dtype is th.float32:
            vec.step(actions)
        else:
            vec.step_heads(actions)  # argmax indices are always in range
        self.costs += vec.costs.sum(axis=2)
        over = vec.over()
        if over.any():
            self.episode_costs += self.costs[over].mean(axis=1).tolist()
            self.costs[over] = 0

    def advantages_and_returns(self) -> tuple[Any, Any]:
        """Normalised advantages and returns, both (P, T, R).

        Generalised advantage estimation (Schulman et al. 2016). Where several copies play the same day, the mean over
        them is subtracted: what a day brings does not depend on actions (input-dependent baseline, Mao et al. 2019).
        """
        settings = self.settings
        gamma, decay = settings.gamma, settings.gamma * settings.gae_lambda
        advantages, last = th.zeros_like(self.rewards), th.zeros_like(self.rewards[:, 0])
        for tick in reversed(range(settings.steps_per_rollout)):
            not_done = 1.0 - self.dones[:, tick]
            delta = self.rewards[:, tick] + gamma * not_done * self.values[:, tick + 1] - self.values[:, tick]
            advantages[:, tick] = last = delta + decay * not_done * last
        returns = advantages + self.values[:, :-1]
        share = self.learned / self.learned.sum(dim=(1, 2), keepdim=True).clamp_min(1.0)
        self.returns_scale.update(returns, self.learned)
        if settings.same_day > 1:
            days = advantages.unflatten(2, (-1, settings.same_day, len(advantages[0, 0]) // self.vec.num_envs))
            days -= days.mean(dim=3, keepdim=True)
        advantages -= (advantages * share).sum(dim=(1, 2), keepdim=True)
        std = (advantages.square() * share).sum(dim=(1, 2), keepdim=True).sqrt()
        return advantages / (std + 1e-8) * self.learned, returns

    def state(self) -> dict[str, Any]:
        """What a resumed training needs: the batch, the running sums and the opponents."""
        copies = [self.vec.snapshot(copy) for copy in range(self.vec.num_envs)]
        return {
            "returns": self.returns_scale.state(),
            "steps": self.steps,
            "cents": th.from_numpy(self.costs.copy()),
            "opponents": self.opponents.state(),
            "lengths": [len(copy) for copy in copies],
            "copies": th.frombuffer(bytearray(b"".join(copies)), dtype=th.uint8),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from ``state``."""
        self.returns_scale.restore(state["returns"])
        self.steps = state["steps"]
        self.costs[:] = state["cents"].numpy()
        self.opponents.restore(state["opponents"])
        self.assign_opponents()
        stored, at = state["copies"].numpy().tobytes(), 0
        for copy, length in enumerate(state["lengths"]):
            self.vec.restore(stored[at : at + length], copy)
            at += length


def minibatch(array: Any, chosen: Any, num_envs: int) -> Any:
    """(P, rows, ...) of the chosen (tick, copy) pairs of a buffer (P, T, R, ...), all banks of a copy together."""
    policies, ticks, rows = array.shape[:3]
    banks = rows // num_envs
    width = math.prod(array.shape[3:]) * banks
    picked = array.view(policies, ticks * num_envs, width).index_select(1, chosen)
    return picked.view(policies, len(chosen) * banks, *array.shape[3:])
