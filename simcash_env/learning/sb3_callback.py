"""What happens between rollouts: scarcity ends, entropy and learning rate fall, the cost is noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from simcash_env.learning.settings import TrainingSettings


class TrainingCallback(BaseCallback):
    """Anneals the entropy bonus and keeps the learning curve.

    Args:
        settings: of the training.
        curve: points of the training that is resumed.
        report: called after every rollout with steps done and mean cents of a bank's run.
        max_seconds: training stops when they are up; rates and entropy fall by the clock where that is ahead.
    """

    def __init__(
        self,
        settings: TrainingSettings,
        *,
        curve: Iterable[tuple[int, float]] = (),
        report: Callable[[int, float], None] | None = None,
        max_seconds: float | None = None,
    ) -> None:
        super().__init__()
        self.curve = list(curve)
        self._settings = settings
        self._report = report
        self._max_seconds = max_seconds
        self._begin = time.monotonic()
        self._cents: list[int] = []

    def progress(self) -> float:
        """Share of the training that is done, by steps or by the clock, whichever is further."""
        done = self.num_timesteps / self._settings.total_steps
        if self._max_seconds is not None:
            done = max(done, (time.monotonic() - self._begin) / self._max_seconds)
        return min(done, 1.0)

    def _on_rollout_start(self) -> None:
        model: Any = self.model
        settings, progress = self._settings, self.progress()
        falling = max(settings.entropy_until - settings.scarce_until, 1e-9)
        left = min(max((settings.entropy_until - progress) / falling, 0.0), 1.0)
        env: Any = self.training_env
        env.is_scarce = progress < settings.scarce_until
        model.ent_coef = settings.final_entropy + (settings.entropy - settings.final_entropy) * left

    def _on_step(self) -> bool:
        infos: list[dict[str, Any]] = self.locals["infos"]
        if self.locals["dones"].any():
            self._cents += [info["episode_cost"] for info in infos if "episode_cost" in info]
        return self._max_seconds is None or time.monotonic() - self._begin < self._max_seconds

    def _on_rollout_end(self) -> None:
        model: Any = self.model
        model._current_progress_remaining = 1.0 - self.progress()  # noqa: SLF001 - what the learning rate follows
        if self._cents:
            mean = float(np.mean(self._cents))
            self.curve.append((int(self.num_timesteps), mean))
            self._cents = []
            if self._report is not None:
                self._report(int(self.num_timesteps), mean)
