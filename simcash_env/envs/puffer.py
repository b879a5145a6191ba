"""A native PufferLib environment over the batch: every (copy, learning bank) pair is one agent, one shared policy.

Needs ``pufferlib-core`` (``constraints/pufferlib.txt``). PufferLib's own ``masks`` say which agents act, not what they
may do, so the masks of choices are part of the observation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pufferlib.pufferlib import PufferEnv

from simcash_env.envs.actions import QueueAction
from simcash_env.envs.learners import DEFAULT_SCENARIO, ScenarioLike
from simcash_env.envs.vector import SimCashVec


class SimCashPuffer(PufferEnv):
    """A ``PufferEnv``: its observations are the vector of a bank, then the flat mask of its choices.

    Args:
        scenario: library id, path of a scenario file, mapping or ``ScenarioConfig``.
        num_envs: number of copies.
        buf: PufferLib's buffers, or None for buffers of its own.
        seed: seed of the first episodes, if ``reset`` gets none.
        options: further options of ``SimCashVec``.

    Attributes:
        num_choices: length of the mask at the end of an observation; 0 if the action has no masks.
    """

    def __init__(
        self,
        scenario: ScenarioLike = DEFAULT_SCENARIO,
        num_envs: int = 1,
        *,
        buf: Any = None,
        seed: int | None = None,
        **options: Any,
    ) -> None:
        self.vec = vec = SimCashVec(scenario, num_envs, autoreset="same_step", **options)
        self._seed = seed
        masks, seen = vec.flat_masks, vec.observation
        self.num_choices = 0 if masks is None else masks.shape[2]
        size = vec.observation_size + self.num_choices
        low, high = min(seen.low, 0.0), max(seen.high, 1.0)
        self.single_observation_space = spaces.Box(low, high, (size,), seen.dtype)
        is_queue = type(vec.action) is QueueAction  # PufferLib takes no subclass of MultiDiscrete
        self.single_action_space = spaces.MultiDiscrete(vec.action_nvec) if is_queue else vec.single_action_space
        self.num_agents = vec.num_envs * vec.num_banks
        self._returns = np.zeros((vec.num_envs, vec.num_banks))
        super().__init__(buf)

    def _write(self) -> None:
        """Copy observations and masks into PufferLib's buffer."""
        size = self.vec.observation_size
        self.observations[:, :size] = self.vec.observations.reshape(self.num_agents, -1)
        masks = self.vec.flat_masks
        if masks is not None:
            self.observations[:, size:] = masks.reshape(self.num_agents, -1)

    def reset(self, seed: int | None = None) -> tuple[npt.NDArray[Any], list[dict[str, Any]]]:
        """Start new episodes; copy ``e`` gets ``seed + e``."""
        self.vec.reset(self._seed if seed is None else seed)
        self._returns[:] = 0.0
        self._write()
        return self.observations, []

    def step(self, actions: npt.NDArray[Any]) -> tuple[Any, ...]:
        """Step all copies; the infos have the returns and cents of the episodes that ended.

        Raises:
            ActionError: wrong shape, type or range. Nothing changes.
        """
        vec, one = self.vec, self.vec.single_action_space
        given = np.asarray(actions, one.dtype).reshape(vec.num_envs, vec.num_banks, *(one.shape or ()))
        vec.step(given)
        self._returns += vec.rewards
        self.rewards[:] = vec.rewards.reshape(-1)
        self.terminals[:] = np.repeat(vec.terminated, vec.num_banks)
        self.truncations[:] = np.repeat(vec.truncated, vec.num_banks)
        over = vec.over()
        infos = [{"episode_return": float(self._returns[copy].mean())} for copy in np.flatnonzero(over)]
        self._returns[over] = 0.0
        self._write()
        return self.observations, self.rewards, self.terminals, self.truncations, infos

    def close(self) -> None:
        """Stop the threads of the batch."""
        self.vec.close()
