"""What a learner is: anything that trains a policy on a scenario, saves it and loads it again.

``simcash train``, ``simcash evaluate``, ``simcash tune`` and the studies in ``training/`` use learners through this
protocol. To add one, write a module that satisfies it and add a line to ``LEARNERS``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from simcash_env.errors import ConfigError, Fault
from simcash_env.learning.settings import ALGORITHM, EXPERT_ITERATION, SEARCH

if TYPE_CHECKING:
    from simcash_env.config import ScenarioConfig
    from simcash_env.learning.checkpoint import Trained
    from simcash_env.learning.settings import TrainingSettings


class ActingPolicy(Protocol):
    """A trained policy."""

    def act(self, observations: Any, masks: Any, generator: Any = None) -> Any:
        """Actions (N, L, H) for observations (N, L, D) and masks (N, L, H, C): greedy, or sampled with a generator."""

    def save(self, file: Any) -> None:
        """Write the policy to an open binary file."""


class Learner(Protocol):
    """A way to train a policy."""

    ending: str
    """Of a checkpoint's file name."""

    def train(
        self,
        settings: TrainingSettings,
        seed: int,
        *,
        out: Path | None = None,
        resume: Path | None = None,
        config: ScenarioConfig | None = None,
        report: Callable[[int, float, float], None] | None = None,
        max_seconds: float | None = None,
        tensorboard: Path | None = None,
    ) -> Trained:
        """Train a policy; the arguments are those of ``simcash_env.learning.ippo.train``."""

    def load(self, path: Path) -> ActingPolicy:
        """The policy of a checkpoint.

        Raises:
            SnapshotError: it cannot be read.
        """


class IppoLearner:
    """Independent PPO with parameter sharing (``simcash_env/learning/ippo.py``); PyTorch is imported on first use."""

    ending = ".pt"

    def train(self, settings: TrainingSettings, seed: int, **options: Any) -> Trained:
        """Train a policy; see ``simcash_env.learning.ippo.train``."""
        from simcash_env.learning import ippo

        return ippo.train(settings, seed, **options)

    def load(self, path: Path) -> ActingPolicy:
        """The policy of a checkpoint."""
        from simcash_env.learning.policy import Policy

        loaded: ActingPolicy = Policy.load(path)
        return loaded


class RankSearchLearner:
    """Search over constants of a rank action with CMA-ES (``rank_search.py``); ``cmaes`` is imported on first use."""

    ending = ".npy"

    def train(self, settings: TrainingSettings, seed: int, **options: Any) -> Trained:
        """Search for constants; see ``simcash_env.learning.rank_search.train``."""
        from simcash_env.learning import rank_search

        return rank_search.train(settings, seed, **options)

    def load(self, path: Path) -> ActingPolicy:
        """The policy of a checkpoint."""
        from simcash_env.learning.rank_policy import RankPolicy

        loaded: ActingPolicy = RankPolicy.load(path)
        return loaded


class ExpertIterationLearner(IppoLearner):
    """Expert iteration with rollouts (``simcash_env/learning/expert_iteration.py``), with the same policies."""

    def train(self, settings: TrainingSettings, seed: int, **options: Any) -> Trained:
        """Train a policy; see ``simcash_env.learning.expert_iteration.train``."""
        from simcash_env.learning import expert_iteration

        return expert_iteration.train(settings, seed, **options)


LEARNERS: Final[dict[str, Learner]] = {
    ALGORITHM: IppoLearner(),
    EXPERT_ITERATION: ExpertIterationLearner(),
    SEARCH: RankSearchLearner(),
}
"""Learners by the name that ``--algorithm`` takes and checkpoints hold."""


def learner_named(name: str) -> Learner:
    """A learner by name.

    Raises:
        ConfigError: no learner of this name; the message lists those there are.
    """
    if name not in LEARNERS:
        rule = f"must be one of {', '.join(LEARNERS)}"
        raise ConfigError([Fault(None, None, "algorithm", repr(name), rule)])
    return LEARNERS[name]
