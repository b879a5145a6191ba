"""sb3-contrib's MaskablePPO on the rows of the batch: one policy for all banks of all copies."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback

from simcash_env import make_vec
from simcash_env.envs.sb3 import SimCashSB3Vec
from training.libraries.run import SCENARIO, SLOTS, Library, Run

LIBRARY: Final = Library(
    title="Stable-Baselines3",
    packages=("stable-baselines3", "sb3-contrib", "torch"),
    algorithm="MaskablePPO",
    arguments="SimCashSB3Vec(make_vec(..., final_observations=True))",
    masks="by the library, from `action_masks()`",
)
COPIES: Final = 32


class Watch(BaseCallback):
    """Counts the steps of the rows, and ends the training once it has taken its time."""

    def __init__(self, run: Run, rows: SimCashSB3Vec) -> None:
        super().__init__()
        self._run, self._rows = run, rows

    def _on_step(self) -> bool:
        self._run.counter.decisions += self._rows.num_envs
        self._run.counter.illegal += int(self._rows.vec.illegal.sum())
        return not self._run.is_over()


def train(run: Run) -> None:
    """Train one policy for both banks."""
    torch.set_num_threads(1)
    rows = SimCashSB3Vec(make_vec(SCENARIO, COPIES, max_queue_slots=SLOTS, final_observations=True))
    rows.seed(1_000)
    model = MaskablePPO(
        "MlpPolicy",
        rows,
        seed=run.seed,
        n_steps=24,
        batch_size=384,
        n_epochs=4,
        learning_rate=1e-3,
        gamma=1.0,
        device="cpu",
    )

    def act(observations: Any, masks: Any) -> Any:
        return np.asarray(model.predict(observations, action_masks=masks.astype(bool))[0], np.int64)

    run.before(act)
    with run.training():
        model.learn(10**9, callback=Watch(run, rows))
    run.after(act)
