"""Evaluate a trained policy: play it greedily on given seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch as th

from simcash_env.config import ScenarioConfig
from simcash_env.config.changes import with_changes
from simcash_env.config.overrides import Changes
from simcash_env.envs.learners import assign_learners
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import SnapshotError
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks, evaluate_agent, played_seeds
from simcash_env.learning.checkpoint import CheckpointFacts, read_facts
from simcash_env.learning.learner import ActingPolicy, learner_named
from simcash_env.learning.opponents import Opponents
from simcash_env.learning.policy import Policy
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import TrainingSettings
from simcash_env.schema.codes import Verb
from simcash_env.schema.limits import POOL_LEVELS


class LearnedAgent:
    """A trained policy that decides greedily for all learning banks; opponents play the banks it was not trained for.

    Args:
        policy: the policy.
        settings: of its training.
        bank_ids: of the learning banks.

    Attributes:
        levels: (runs, learning banks) pool levels chosen at the first decision, of all runs so far (queue action).
        shares: (runs, learning banks) pool shares chosen at the first decision, of all runs so far (rank action).
        released: payments released in all runs so far (queue action).
        seen: decisions on payments in all runs so far (queue action).
    """

    def __init__(self, policy: ActingPolicy, settings: TrainingSettings, bank_ids: tuple[str, ...]) -> None:
        self._policy, self._settings, self._bank_ids = policy, settings, bank_ids
        self._opponents: Any = None
        self.levels: list[npt.NDArray[np.int64]] = []
        self.shares: list[npt.NDArray[np.float64]] = []
        self.released = self.seen = 0

    def act(self, vec: SimCashVec) -> Any:
        """Decide for all learning banks of all copies, in the form that ``vec.step`` takes."""
        actions = self._policy.act(vec.observations, vec.masks)
        if self._settings.opponents:
            if self._opponents is None or len(self._opponents.plays) != vec.num_envs:
                self._opponents = Opponents(self._settings, self._bank_ids, vec.num_envs, Policy.load)
            self._opponents.play(vec.observations, vec.masks, actions)
        if self._settings.action == "queue":
            self._note(vec, actions)
        elif self._settings.action == "rank" and self._is_first_with_pool(vec):
            self.shares.append((actions[:, :, vec.head_index["pool"]] + 1.0) / 2.0)
        elif self._settings.action == "budget":
            return np.ravel_multi_index(tuple(np.moveaxis(actions, 2, 0)), tuple(vec.action_nvec.tolist()))
        return actions

    def _note(self, vec: SimCashVec, actions: Any) -> None:
        present = vec.queue1_view()["present"].astype(bool)
        self.seen += int(present.sum())
        is_held = vec.slot_choices.means(actions[:, :, : vec.num_slots], Verb.HOLD)
        self.released += int((~is_held)[present].sum())
        if self._is_first_with_pool(vec):
            self.levels.append(actions[:, :, vec.head_index["pool"]].copy())

    def _is_first_with_pool(self, vec: SimCashVec) -> bool:
        is_first = (vec.observations[:, :, vec.observation_layout.index("run_position")] == 0.0).all()
        return bool(is_first) and "pool" in vec.head_index

    def pool_levels(self) -> npt.NDArray[np.int64]:
        """(runs, learning banks) chosen levels, 0 to 20; no rows where no bank has a pool."""
        return np.concatenate(self.levels) if self.levels else np.zeros((0, 0), np.int64)

    def pool_shares(self) -> tuple[float, ...]:
        """Mean share of the whole pool by learning bank; empty where no bank has a pool."""
        largest = self._settings.largest_share
        if self.shares:
            return tuple((np.concatenate(self.shares).mean(axis=0) * largest).tolist())
        if not self.levels:
            return ()
        return tuple((self.pool_levels().mean(axis=0) / (POOL_LEVELS - 1) * largest).tolist())


@dataclass(frozen=True, eq=False)
class LearnedResult:
    """A checkpoint's costs on some seeds of its scenario."""

    facts: CheckpointFacts
    evaluation: Evaluation
    agent: LearnedAgent
    config: ScenarioConfig


def evaluate_learned(
    policy: Any, config: ScenarioConfig, seeds: Sequence[int], *, copies: int = 1_000
) -> tuple[Evaluation, LearnedAgent]:
    """Play a trained policy greedily, ``copies`` runs at a time."""
    th.set_num_threads(1)
    settings = policy.settings
    scenario = assign_learners(with_largest_share(config, settings.largest_share), settings.learners)
    agent = LearnedAgent(policy, settings, deciding_banks(scenario))
    slots, action = settings.max_queue_slots, settings.action
    return evaluate_agent(scenario, agent, seeds, max_queue_slots=slots, action=action, copies=copies), agent


def require_same_banks(checkpoint: Path, facts: CheckpointFacts, config: ScenarioConfig) -> None:
    """Check that a scenario's learning banks are those that a checkpoint was trained for.

    Raises:
        SnapshotError: they are not.
    """
    learning = deciding_banks(config)
    if learning != facts.bank_ids:
        message = f"{checkpoint}: trained for banks {facts.bank_ids}, the scenario now has {learning}"
        raise SnapshotError(message)


def evaluate_checkpoint(
    checkpoint: Path, seeds: Sequence[int], *, once: bool = False, changes: Changes | None = None
) -> LearnedResult:
    """Load a checkpoint and play it greedily; ``once`` plays a scenario without randomness on one seed only.

    Args:
        checkpoint: its file.
        seeds: one a run.
        once: play a scenario that draws nothing at random on the first seed only.
        changes: new values of the scenario by dotted key, after those that it was trained with.

    Raises:
        SnapshotError: the checkpoint cannot be read, or its scenario has other banks now.
    """
    facts = read_facts(checkpoint)
    settings = facts.training_settings()
    config = with_changes(settings.config(), changes or {})
    require_same_banks(checkpoint, facts, assign_learners(config, settings.learners))
    seeds = played_seeds(config, seeds) if once else seeds
    evaluation, agent = evaluate_learned(learner_named(facts.algorithm).load(checkpoint), config, seeds)
    return LearnedResult(facts, evaluation, agent, config)
