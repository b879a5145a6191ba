"""What happens between rollouts: entropy and learning rate fall, the cost is noted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from training.settings import TrainingSettings


class TrainingCallback(BaseCallback):  # type: ignore[misc]
    """Anneals the entropy bonus and keeps the learning curve.

    Args:
        settings: of the training.
        curve: points of the training that is resumed.
        report: called after every rollout with steps done and mean cents of a bank's run.
        max_seconds: progress is measured by the clock, and training stops when it is up.
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
        """Share of the training that is done."""
        if self._max_seconds is not None:
            return min((time.monotonic() - self._begin) / self._max_seconds, 1.0)
        return min(self.num_timesteps / self._settings.total_steps, 1.0)

    def _on_rollout_start(self) -> None:
        settings, progress = self._settings, self.progress()
        left = max(1.0 - progress / settings.entropy_until, 0.0)
        self.model.ent_coef = settings.final_entropy + (settings.entropy - settings.final_entropy) * left

    def _on_step(self) -> bool:
        infos: list[dict[str, Any]] = self.locals["infos"]
        if self.locals["dones"].any():
            self._cents += [info["episode_cost"] for info in infos if "episode_cost" in info]
        return True

    def _on_rollout_end(self) -> None:
        progress = self.progress()
        if self._max_seconds is not None:
            self.model._current_progress_remaining = 1.0 - progress  # noqa: SLF001 - what the learning rate follows
        if self._cents:
            mean = float(np.mean(self._cents))
            self.curve.append((int(self.num_timesteps), mean))
            self._cents = []
            if self._report is not None:
                self._report(int(self.num_timesteps), mean)
