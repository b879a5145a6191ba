"""Masked PPO over the batch: one policy shared by all learning banks of all copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch as th
from sb3_contrib import MaskablePPO

from simcash_env.agents.observation_layout import NUM_SLOT, SLOTS_AT
from simcash_env.config import ScenarioConfig
from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import make_vec
from simcash_env.evaluation.seeds import FIRST_TRAINING_SEED
from simcash_env.learning.checkpoint import CheckpointFacts, Trained, read_facts, save_checkpoint
from simcash_env.learning.sb3_callback import TrainingCallback
from simcash_env.learning.sb3_curriculum import ScarcityFirst
from simcash_env.learning.sb3_heads import HeadsPolicy
from simcash_env.learning.settings import TrainingSettings
from simcash_env.registry import load

SEEDS_PER_RUN = 10_000
"""Training run ``s`` begins its copies at seeds ``s * 10_000`` and following, all of them training seeds."""


@dataclass(frozen=True)
class Slope:
    """A learning rate that falls in a straight line."""

    first: float
    last: float

    def __call__(self, progress_remaining: float) -> float:
        """Rate at 1 (the beginning) to 0 (the end)."""
        return self.last + (self.first - self.last) * progress_remaining


def make_training_env(settings: TrainingSettings, config: ScenarioConfig | None = None) -> SimCashSB3Vec:
    """The batch as SB3 sees it."""
    vec = make_vec(
        load(settings.scenario) if config is None else config,
        settings.num_envs,
        learners="external",
        max_queue_slots=settings.max_queue_slots,
        reward=settings.reward,
        alpha=settings.alpha,
        autoreset="same_step",
        final_observations=True,
    )
    return ScarcityFirst(vec, settings.scarce_levels, bank_id=settings.bank_id)


def new_model(settings: TrainingSettings, env: SimCashSB3Vec, seed: int) -> Any:
    """An untrained policy and its optimiser."""
    rows = env.num_envs * settings.steps_per_rollout
    return MaskablePPO(
        HeadsPolicy,
        env,
        seed=seed,
        n_steps=settings.steps_per_rollout,
        batch_size=max(rows // settings.num_minibatches, 1),
        n_epochs=settings.num_epochs,
        learning_rate=Slope(settings.learning_rate, settings.final_learning_rate),
        ent_coef=settings.entropy,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        clip_range=settings.clip_range,
        vf_coef=settings.value_weight,
        max_grad_norm=settings.max_grad_norm,
        policy_kwargs={
            "slots": (SLOTS_AT, env.vec.num_slots, NUM_SLOT),
            "hidden": list(settings.hidden),
            "flow": env.vec.flow_in_payments,
            "entropy_weights": {at: settings.pool_entropy for name, at in env.vec.head_index.items() if name == "pool"},
        },
        device="cpu",
    )


def train(
    settings: TrainingSettings,
    seed: int,
    *,
    out: Path | None = None,
    resume: Path | None = None,
    config: ScenarioConfig | None = None,
    report: Callable[[int, float], None] | None = None,
    max_seconds: float | None = None,
) -> Trained:
    """Train a policy; the same settings and seed give the same policy on the same machine.

    Args:
        settings: of the training.
        seed: of networks, draws and days.
        out: where to save a ``.zip`` with its ``.json``, at the end and on Ctrl-C.
        resume: a checkpoint to go on from, with the networks and the optimiser's state; days and draws are new ones.
        config: the scenario itself where ``settings.scenario`` is not to be loaded.
        report: called after every rollout with steps done and the mean cost of a bank and run in cents.
        max_seconds: stop after so long; on a slow machine rates and entropy then fall by the clock, not by steps.

    Returns:
        The model and its facts; ``is_complete`` is False after Ctrl-C.
    """
    th.set_num_threads(1)
    env = make_training_env(settings, config)
    if resume is None:
        model, done = new_model(settings, env, seed), 0
        curve: tuple[tuple[int, float], ...] = ()
    else:
        before = read_facts(resume)
        model = MaskablePPO.load(resume, env=env, device="cpu")
        model.set_random_seed(seed + before.steps)
        done, curve = before.steps, before.curve
    env.seed(FIRST_TRAINING_SEED + seed * SEEDS_PER_RUN + done % SEEDS_PER_RUN)
    callback = TrainingCallback(settings, curve=curve, report=report, max_seconds=max_seconds)
    is_complete = True
    try:
        if settings.total_steps > done:
            model.learn(settings.total_steps - done, callback=callback, reset_num_timesteps=resume is None)
    except KeyboardInterrupt:
        is_complete = False
    facts = CheckpointFacts(
        scenario=settings.scenario,
        seed=seed,
        steps=int(model.num_timesteps),
        settings=settings.model_dump(mode="json"),
        bank_ids=env.vec.bank_ids,
        curve=tuple(callback.curve),
    )
    if out is not None:
        save_checkpoint(model, out, facts)
    return Trained(model, facts, is_complete)
