"""A training run of a network that can be saved and continued: what independent PPO and expert iteration share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, ClassVar

import torch as th

from simcash_env.errors import SnapshotError
from simcash_env.files import replacing
from simcash_env.learning.checkpoint import (
    CheckpointFacts,
    facts_to_resume,
    read_facts,
    resume_path,
    save_checkpoint,
)
from simcash_env.learning.policy import Policy
from simcash_env.learning.settings import TrainingSettings


class GradientRun(ABC):
    """A training run.

    Attributes:
        algorithm: name of the learner, in checkpoints.
        settings: of the run.
        seed: of weights, actions and days.
        policy: with its current weights.
        bank_ids: of the learning banks.
    """

    algorithm: ClassVar[str]
    settings: TrainingSettings
    seed: int
    policy: Policy
    bank_ids: tuple[str, ...]

    @property
    @abstractmethod
    def steps(self) -> int:
        """Decisions of banks so far, all copies together."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """All that is needed, besides the weights, to continue exactly as if the training had not been interrupted."""

    @abstractmethod
    def restore(self, weights: dict[str, Any], state: dict[str, Any]) -> None:
        """Continue from a policy's weights and a ``state``."""

    def facts(self, curve: Sequence[tuple[int, float]]) -> CheckpointFacts:
        """The metadata of a checkpoint with the current policy."""
        return CheckpointFacts(
            self.settings.scenario, self.seed, self.steps, self.settings.model_dump(mode="json"), self.bank_ids,
            curve=tuple(curve), algorithm=self.algorithm, shape=asdict(self.policy.shape),
        )  # fmt: skip

    def save(self, path: Path, curve: Sequence[tuple[int, float]]) -> CheckpointFacts:
        """Write the policy, its metadata and the state that a resumed training needs."""
        save_checkpoint(self.policy, path, self.facts(curve))
        facts = read_facts(path)
        with replacing(resume_path(path)) as fresh:
            th.save({"digest": facts.sha256, **self.state()}, fresh)
        return facts

    def resume(self, path: Path) -> list[tuple[int, float]]:
        """Bring a new run to the state of a checkpoint; returns the checkpoint's learning curve.

        Raises:
            SnapshotError: files are missing, of different moments, or of other settings than the run's.
        """
        facts = facts_to_resume(path, self.settings, self.seed, self.algorithm)
        try:
            state: dict[str, Any] = th.load(resume_path(path), weights_only=True)
        except OSError as error:
            message = f"{resume_path(path)}: needed to resume, and cannot be read: {error}"
            raise SnapshotError(message) from error
        if state["digest"] != facts.sha256:
            message = f"{resume_path(path)}: written at another moment than {path}"
            raise SnapshotError(message)
        self.restore(th.load(path, weights_only=True), state)
        return list(facts.curve)
