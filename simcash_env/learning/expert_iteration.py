"""Expert iteration: play with the policy, label what it visits by rollouts, fit the policy to all labels, repeat.

The first iteration plays the rollout policy itself. Later ones play the policy's own sampled actions, and the rollouts
choose among their usual candidates and the policy's likeliest actions (Anthony, Tian and Barber, *Thinking Fast and
Slow with Deep Learning and Tree Search*, 2017). Labels of all iterations are kept, as in DAgger (Ross et al. 2011).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch as th

from simcash_env.config import ScenarioConfig
from simcash_env.envs.vector import SimCashVec
from simcash_env.evaluation.scripted import View
from simcash_env.learning.checkpoint import Trained
from simcash_env.learning.gradient_run import GradientRun
from simcash_env.learning.ippo import Report
from simcash_env.learning.labels import FIELDS, LabelFit, Labels, days_of, label_days, required_expert, rollout_agent
from simcash_env.learning.monitor import CtrlC, Log
from simcash_env.learning.policy import BatchShape, Policy
from simcash_env.learning.rollout import ReturnNormalizer, make_training_vec
from simcash_env.learning.settings import EXPERT_ITERATION, TrainingSettings
from simcash_env.schema.arrays import I64


class PolicyActions:
    """Candidates from a policy: its most likely action, and sampled ones.

    Args:
        policy: the policy.
        samples: number of sampled actions.
        generator: of the samples.
    """

    def __init__(self, policy: Policy, samples: int, generator: Any) -> None:
        self._policy, self._samples, self._generator = policy, samples, generator

    def propose(self, vec: SimCashVec, view: View, chosen: I64, bank: int | None) -> list[I64]:
        """``samples`` + 1 candidates."""
        generators = [None, *[self._generator] * self._samples]
        return [self._policy.act(vec.observations, vec.masks, each).astype(np.int64) for each in generators]


class ExpertIteration(GradientRun):
    """A training run; ``step`` labels the days of an iteration and fits the policy to all labels so far.

    Args:
        settings: of the run; ``num_envs`` days are labelled in an iteration.
        seed: of weights, actions and days.
        config: the scenario where ``settings.scenario`` is not to be loaded.

    Attributes:
        labelled: decisions of banks with labels so far.
        iterations: iterations so far.
    """

    algorithm = EXPERT_ITERATION

    def __init__(self, settings: TrainingSettings, seed: int, config: ScenarioConfig | None = None) -> None:
        required_expert(settings)
        self.settings, self.seed = settings, seed
        vec = make_training_vec(settings.model_copy(update={"num_envs": settings.same_day}), config)
        self.config, self.bank_ids = vec.config, vec.bank_ids
        self.generator = th.Generator().manual_seed(seed)
        self.policy = Policy(settings, BatchShape.of(vec), self.generator)
        self.optimizer = th.optim.Adam(self.policy.network.parameters(), lr=settings.imitate_rate, eps=1e-5)
        self.labels: list[Labels] = []
        self.labelled = self.iterations = 0

    @property
    def steps(self) -> int:
        """Decisions of banks so far: those with labels."""
        return self.labelled

    def step(self) -> dict[str, float]:
        """Label the days of an iteration and fit the policy; returns figures for logging."""
        settings = self.settings
        days = days_of(self.seed, self.iterations * settings.num_envs, settings.num_envs)
        is_first = self.iterations == 0
        candidates = [] if is_first else [PolicyActions(self.policy, settings.likeliest, self.generator)]
        agent = rollout_agent(settings, self.config, candidates)
        found = label_days(settings, self.config, days, agent, None if is_first else self._sampled)
        self.labels.append(found)
        fit = LabelFit(self.policy, Labels.joined(self.labels), ReturnNormalizer())
        for epoch in range(settings.fit_epochs):
            self.optimizer.param_groups[0]["lr"] = settings.imitate_rate * (1.0 - epoch / settings.fit_epochs)
            figures = fit.update(self.optimizer, self.generator, fit.num_states)
        self.labelled += found.actions.shape[0] * found.actions.shape[1]
        self.iterations += 1
        return {
            **figures,
            "milliseconds_per_decision": agent.milliseconds_per_decision,
            "cents": found.cents,
            "reward": float(found.returns[: settings.num_envs].mean()),
        }

    def _sampled(self, vec: SimCashVec) -> npt.NDArray[Any]:
        actions: npt.NDArray[Any] = self.policy.act(vec.observations, vec.masks, self.generator)
        return actions

    def state(self) -> dict[str, Any]:
        """All that is needed to continue exactly as if the training had not been interrupted."""
        whole = Labels.joined(self.labels)
        return {
            "optimiser": self.optimizer.state_dict(),
            "generator": self.generator.get_state(),
            "steps": self.labelled,
            "iterations": self.iterations,
            "cents": whole.cents,
            "labels": {name: th.from_numpy(getattr(whole, name)) for name in FIELDS},
        }

    def restore(self, weights: dict[str, Any], state: dict[str, Any]) -> None:
        """Continue from a policy's weights and a ``state``."""
        self.policy.network.load_state_dict(weights)
        self.optimizer.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.labelled, self.iterations = state["steps"], state["iterations"]
        self.labels = [Labels(**{name: state["labels"][name].numpy() for name in FIELDS}, cents=state["cents"])]


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
) -> Trained:
    """Train a policy until ``total_steps`` decisions are labelled; the arguments are those of ``ippo.train``.

    Raises:
        ConfigError: the settings have no rollout expert.
        SnapshotError: ``resume`` is not a checkpoint of these settings and this seed.
    """
    th.set_num_threads(1)
    run = ExpertIteration(settings, seed, config)
    curve = [] if resume is None else run.resume(resume)
    began = time.monotonic()
    with CtrlC() as pressed, Log(tensorboard) as log:
        while run.steps < settings.total_steps and not pressed.once:
            if max_seconds is not None and time.monotonic() - began > max_seconds:
                break
            figures = run.step()
            log.write(figures, run.steps)
            curve.append((run.steps, figures["cents"]))
            if out is not None:
                run.save(out, curve)
            if report is not None:
                report(run.steps, figures["cents"], figures["reward"])
    facts = run.facts(curve) if out is None else run.save(out, curve)
    return Trained(run.policy, facts, not pressed.once)
