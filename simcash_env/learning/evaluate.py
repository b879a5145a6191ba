"""A trained policy as an agent of the batch, and what it costs on test seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch as th
from sb3_contrib import MaskablePPO

from simcash_env.config import ScenarioConfig
from simcash_env.envs.learners import assign_learners
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import SnapshotError
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks, evaluate_agent, played_seeds
from simcash_env.learning.checkpoint import CheckpointFacts, read_facts
from simcash_env.learning.opponents import Opponents
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import IppoSettings, TrainingSettings
from simcash_env.registry import load
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import POOL_LEVELS


class LearnedAgent:
    """Takes the most likely choice of every head.

    Args:
        model: a trained ``MaskablePPO``.
        settings: it was trained with.

    Attributes:
        levels: (runs, learning banks) pool levels chosen at the first decision, of all runs played so far.
        released: payments released and seen, of all runs played so far.
    """

    def __init__(self, model: Any, settings: TrainingSettings) -> None:
        self._model, self._settings = model, settings
        self.levels: list[npt.NDArray[np.int64]] = []
        self.released = self.seen = 0

    def act(self, vec: SimCashVec) -> I64:
        """Decide for all learning banks of all copies."""
        rows = vec.num_envs * vec.num_banks
        observations = vec.observations.reshape(rows, -1)
        if self._settings.bank_id:
            observations = np.hstack(
                [observations, np.tile(np.eye(vec.num_banks, dtype=np.float32), (vec.num_envs, 1))]
            )
        is_choice = np.arange(vec.masks.shape[3]) < vec.action_nvec[:, None]
        masks = vec.masks[:, :, is_choice].reshape(rows, -1).astype(bool)
        chosen, _ = self._model.predict(observations, deterministic=True, action_masks=masks)
        actions: I64 = chosen.reshape(vec.actions.shape).astype(np.int64)
        self._remember(vec, actions)
        return actions

    def _remember(self, vec: SimCashVec, actions: I64) -> None:
        present = vec.queue1_view()["present"].astype(bool)
        self.seen += int(present.sum())
        self.released += int((actions[:, :, : vec.num_slots] != 0)[present].sum())
        is_first = (vec.observations[:, :, vec.observation_layout.index("run_position")] == 0.0).all()
        if is_first and "pool" in vec.head_index:
            self.levels.append(actions[:, :, vec.head_index["pool"]].copy())

    def pool_levels(self) -> npt.NDArray[np.int64]:
        """(runs, learning banks) chosen levels of 0 to 20; no rows where no bank has a pool."""
        return np.concatenate(self.levels) if self.levels else np.zeros((0, 0), np.int64)

    def pool_shares(self) -> tuple[float, ...]:
        """Mean share of the pool by learning bank."""
        return tuple((self.pool_levels().mean(axis=0) / (POOL_LEVELS - 1)).tolist()) if self.levels else ()


class IppoAgent(LearnedAgent):
    """The same for a ``Player`` of ``simcash_env/learning/ippo.py``; banks that it was not trained for are played by opponents.

    Args:
        player: the policies.
        settings: they were trained with.
        bank_ids: of the learning banks.
    """

    def __init__(self, player: Any, settings: IppoSettings, bank_ids: tuple[str, ...]) -> None:
        super().__init__(player, settings)
        self._player, self._ippo, self._bank_ids = player, settings, bank_ids
        self._opponents: Any = None

    def act(self, vec: SimCashVec) -> Any:
        """Decide for all learning banks of all copies, in the form that ``vec.step`` takes."""
        actions = self._player.act(vec.observations, vec.masks)
        if self._ippo.opponents:
            if self._opponents is None or len(self._opponents.plays) != vec.num_envs:
                self._opponents = Opponents(self._ippo, self._bank_ids, vec.num_envs, type(self._player).load)
            self._opponents.play(vec.observations, vec.masks, actions)
        if self._ippo.action == "queue":
            self._remember(vec, actions)
        elif self._ippo.action == "budget":
            return np.ravel_multi_index(tuple(np.moveaxis(actions, 2, 0)), tuple(vec.action_nvec.tolist()))
        return actions

    def pool_shares(self) -> tuple[float, ...]:
        """Mean share of the whole pool by learning bank."""
        return tuple(share * self._ippo.largest_share for share in super().pool_shares())


@dataclass(frozen=True, eq=False)
class LearnedResult:
    """What a checkpoint came to on some seeds."""

    facts: CheckpointFacts
    evaluation: Evaluation
    agent: LearnedAgent


def evaluate_model(
    model: Any, settings: TrainingSettings, config: ScenarioConfig, seeds: Sequence[int]
) -> tuple[Evaluation, LearnedAgent]:
    """Play a model's most likely choices."""
    th.set_num_threads(1)
    agent = LearnedAgent(model, settings)
    return evaluate_agent(config, agent, seeds, max_queue_slots=settings.max_queue_slots), agent


def evaluate_player(
    player: Any, config: ScenarioConfig, seeds: Sequence[int], *, copies: int = 1_000
) -> tuple[Evaluation, IppoAgent]:
    """Play the most likely choices of policies of ``simcash_env/learning/ippo.py``."""
    th.set_num_threads(1)
    settings = player.settings
    played = assign_learners(with_largest_share(config, settings.largest_share), settings.learners)
    agent = IppoAgent(player, settings, deciding_banks(played))
    slots, action = settings.max_queue_slots, settings.action
    return evaluate_agent(played, agent, seeds, max_queue_slots=slots, action=action, copies=copies), agent


def evaluate_checkpoint(checkpoint: Path, seeds: Sequence[int], *, once: bool = False) -> LearnedResult:
    """Load a checkpoint and play it.

    Args:
        checkpoint: its file.
        seeds: one a run.
        once: play a scenario that draws nothing at random on the first seed only.

    Raises:
        SnapshotError: the checkpoint cannot be read, or its scenario has other banks now.
    """
    facts = read_facts(checkpoint)
    config = load(facts.scenario)
    seeds = played_seeds(config, seeds) if once else seeds
    settings = facts.training_settings()
    learners = settings.learners if isinstance(settings, IppoSettings) else "external"
    learning = deciding_banks(assign_learners(config, learners))
    if learning != facts.bank_ids:
        message = f"{checkpoint}: trained for banks {facts.bank_ids}, the scenario now has {learning}"
        raise SnapshotError(message)
    if isinstance(settings, IppoSettings):
        from simcash_env.learning.ippo import Player

        return LearnedResult(facts, *evaluate_player(Player.load(checkpoint), config, seeds))
    model = MaskablePPO.load(checkpoint, device="cpu")
    return LearnedResult(facts, *evaluate_model(model, settings, config, seeds))
