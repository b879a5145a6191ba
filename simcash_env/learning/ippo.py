"""Independent PPO over the batch, with parameter sharing or one policy for each bank (Schulman et al. 2017).

The loss follows CleanRL's ``ppo.py``. The parts: ``networks``, ``distributions``, ``policy``, ``rollout``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import torch as th
from torch import nn

from simcash_env.config import ScenarioConfig
from simcash_env.errors import SimulationError
from simcash_env.learning.checkpoint import Trained
from simcash_env.learning.expert import RolloutExpertSettings
from simcash_env.learning.gradient_run import GradientRun
from simcash_env.learning.labels import LabelFit, labels_of_expert
from simcash_env.learning.monitor import CtrlC, Log
from simcash_env.learning.policy import BatchShape, Policy
from simcash_env.learning.rollout import RolloutCollector, make_training_vec, minibatch
from simcash_env.learning.settings import ALGORITHM, TrainingSettings

SAVE_SECONDS: Final = 300.0
"""Between two checkpoints of a running training."""
Report: TypeAlias = Callable[[int, float, float], None]


class Ippo(GradientRun):
    """A training run; ``step`` collects a rollout and updates the policy on it.

    Args:
        settings: of the run.
        seed: of weights, actions and days.
        config: the scenario where ``settings.scenario`` is not to be loaded.
        restrict: forbids choices in place, given a copy of the masks (N, L, H, C) at every tick.
    """

    algorithm = ALGORITHM

    def __init__(
        self, settings: TrainingSettings, seed: int, config: ScenarioConfig | None = None,
        restrict: Callable[[Any], None] | None = None,
    ) -> None:  # fmt: skip
        self.settings, self.seed = settings, seed
        self.vec = vec = make_training_vec(settings, config)
        self.bank_ids = vec.bank_ids
        self.generator = th.Generator().manual_seed(seed)
        self.policy = Policy(settings, BatchShape.of(vec), self.generator)
        self.rollout = RolloutCollector(settings, seed, vec, self.policy, self.generator, restrict)
        self._fit: LabelFit | None = None
        self.optimizer = th.optim.Adam(
            self.policy.network.parameters(), lr=settings.learning_rate, eps=1e-5, fused=True
        )

    @property
    def steps(self) -> int:
        """Decisions of banks so far, all rows together."""
        return self.rollout.steps

    def learning_rate(self) -> float:
        """The learning rate now: constant while imitating, then falling linearly."""
        settings, progress = self.settings, self.rollout.progress
        if self.rollout.is_imitating:
            return settings.imitate_rate
        return settings.final_learning_rate + (settings.learning_rate - settings.final_learning_rate) * (1.0 - progress)

    def entropy_weight(self) -> float:
        """Weight of the entropy bonus now."""
        settings = self.settings
        falling = max(settings.entropy_until - settings.scarce_until, 1e-9)
        left = min(max((settings.entropy_until - self.rollout.progress) / falling, 0.0), 1.0)
        return settings.final_entropy + (settings.entropy - settings.final_entropy) * left

    def update(self) -> dict[str, float]:
        """Train on the rollout for all epochs; returns the mean losses for logging.

        Raises:
            SimulationError: the weights are no longer finite.
        """
        settings, rollout, network, heads = self.settings, self.rollout, self.policy.network, self.policy.heads
        advantages, returns = rollout.advantages_and_returns()
        mean, std = rollout.returns_scale.mean_and_std()
        targets = (returns - mean) / std
        entropy_weight, learning_rate = self.entropy_weight(), self.learning_rate()
        self.optimizer.param_groups[0]["lr"] = learning_rate
        buffers = (
            rollout.obs, rollout.masks, rollout.actions, rollout.log_probs, advantages, targets, rollout.learned,
        )  # fmt: skip
        pairs = settings.steps_per_rollout * self.vec.num_envs
        sums = th.zeros(4)
        for _ in range(settings.num_epochs):
            order = th.randperm(pairs, generator=self.generator)
            for chosen in order.tensor_split(settings.num_minibatches):
                obs, masks, actions, old_log_prob, advantage, target, learned = (
                    minibatch(buffer, chosen, self.vec.num_envs) for buffer in buffers
                )
                logits, values = network(obs)
                log_prob, entropy = heads.evaluate_actions(logits, masks, actions)
                logratio = log_prob - old_log_prob
                ratio = logratio.exp()
                clipped = ratio.clamp(1.0 - settings.clip_range, 1.0 + settings.clip_range)
                weight = learned / learned.sum(dim=1, keepdim=True).clamp_min(1.0)
                objective = log_prob if rollout.is_imitating else th.min(advantage * ratio, advantage * clipped)
                pg_loss = -(objective * weight).sum(dim=1)
                v_loss = 0.5 * ((values - target).square() * weight).sum(dim=1)
                entropy_loss = (entropy * weight).sum(dim=1)
                loss = (settings.value_weight * v_loss + pg_loss - entropy_weight * entropy_loss).sum()
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(network.parameters(), settings.max_grad_norm)
                self.optimizer.step()
                with th.no_grad():
                    approx_kl = (ratio - 1.0 - logratio).mean()
                    sums += th.stack([pg_loss.mean(), v_loss.mean(), entropy.mean(), approx_kl])
        if not all(th.isfinite(weights).all() for weights in network.parameters()):
            message = "the policy's weights are no longer finite; a smaller learning_rate or max_grad_norm may help"
            raise SimulationError(message)
        count = settings.num_epochs * settings.num_minibatches
        names = ("pg_loss", "v_loss", "entropy", "approx_kl")
        return {**dict(zip(names, (sums / count).tolist(), strict=True)), "learning_rate": learning_rate}

    def imitate(self) -> dict[str, float]:
        """Fit the policy to labels of a rollout expert, as many decisions as a rollout has; returns the mean losses."""
        rollout = self.rollout
        if self._fit is None:
            labels = labels_of_expert(self.settings, self.seed, self.vec.config)
            self._fit = LabelFit(self.policy, labels, rollout.returns_scale)
        self.optimizer.param_groups[0]["lr"] = learning_rate = self.learning_rate()
        copies = self.settings.steps_per_rollout * self.vec.num_envs
        figures = self._fit.update(self.optimizer, self.generator, copies)
        rollout.steps += copies * self.vec.num_banks
        return {**figures, "learning_rate": learning_rate}

    def step(self) -> dict[str, float]:
        """Collect a rollout and update on it, or imitate a rollout expert; returns figures for logging."""
        rollout = self.rollout
        rollout.progress = max(rollout.progress, min(rollout.steps / self.settings.total_steps, 1.0))
        if rollout.is_imitating and isinstance(self.settings.expert, RolloutExpertSettings):
            return self.imitate()
        rollout.collect()
        figures = self.update()
        rollout.steps += rollout.rewards.numel()
        if rollout.opponents.note(self.policy):
            rollout.assign_opponents()
        figures["reward"] = float(rollout.rewards.mean())
        if rollout.episode_costs:
            figures["cents"] = float(np.mean(rollout.episode_costs))
        return figures

    def state(self) -> dict[str, Any]:
        """All that is needed to continue exactly as if the training had not been interrupted."""
        return {
            "optimiser": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            **self.rollout.state(),
        }

    def restore(self, weights: dict[str, Any], state: dict[str, Any]) -> None:
        """Continue from a policy's weights and a ``state``."""
        self.policy.network.load_state_dict(weights)
        self.optimizer.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.rollout.restore(state)


def train(
    settings: TrainingSettings,
    seed: int,
    *,
    out: Path | None = None,
    resume: Path | None = None,
    config: ScenarioConfig | None = None,
    report: Report | None = None,
    max_seconds: float | None = None,
    tensorboard: Path | None = None,
    restrict: Callable[[Any], None] | None = None,
) -> Trained:
    """Train a policy; the same settings and seed give the same policy on the same machine, interrupted or not.

    Args:
        settings: of the training.
        seed: of networks, actions and days.
        out: where to save a ``.pt`` with its ``.json`` and ``.resume``: every few minutes, at the end and on Ctrl-C.
        resume: a checkpoint of the same settings and seed to continue from, exactly.
        config: the scenario itself where ``settings.scenario`` is not to be loaded.
        report: called after every rollout with steps, mean cost of a bank and episode in cents, and mean reward.
        max_seconds: stop after this time; learning rate and entropy weight then fall by the clock if that is ahead.
        tensorboard: folder for TensorBoard logs.
        restrict: forbids choices in place, given a copy of the masks (N, L, H, C) at every tick.

    Returns:
        The policy and its metadata; ``is_complete`` is False after Ctrl-C.

    Raises:
        SnapshotError: ``resume`` is not a checkpoint of these settings and this seed.
        SimulationError: the weights are no longer finite.
    """
    th.set_num_threads(1)
    run = Ippo(settings, seed, config, restrict)
    curve = [] if resume is None else run.resume(resume)
    began = saved = time.monotonic()
    with CtrlC() as pressed, Log(tensorboard) as log:
        while run.steps < settings.total_steps and not pressed.once:
            now = time.monotonic()
            if max_seconds is not None:
                run.rollout.progress = min((now - began) / max_seconds, 1.0)
                if run.rollout.progress == 1.0:
                    break
            if out is not None and now - saved > SAVE_SECONDS:
                run.save(out, curve)
                saved = now
            figures = run.step()
            speed = run.rollout.rewards.numel() / (time.monotonic() - now)
            log.write({**figures, "steps_per_second": speed}, run.steps)
            if "cents" in figures:
                curve.append((run.steps, figures["cents"]))
            if report is not None and "cents" in figures:
                report(run.steps, figures["cents"], figures["reward"])
    facts = run.facts(curve) if out is None else run.save(out, curve)
    return Trained(run.policy, facts, not pressed.once)
