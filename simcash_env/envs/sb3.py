"""Stable-Baselines3's ``VecEnv`` over the batch: every (copy, learning bank) pair is one row, one shared policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from simcash_env.envs.actions import QueueAction
from simcash_env.envs.options import array_of, one_seed
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError


class SimCashSB3Vec(VecEnv):
    """A Stable-Baselines3 ``VecEnv`` over a batch, for PPO or for sb3-contrib's MaskablePPO.

    Args:
        vec: batch created with ``autoreset="same_step"`` and ``final_observations=True``.
        bank_id: append a one-hot of the bank to each observation, so that a shared policy can distinguish banks.
    """

    def __init__(self, vec: SimCashVec, *, bank_id: bool = False) -> None:
        is_batch = isinstance(vec, SimCashVec)
        if not is_batch or vec.autoreset != "same_step" or not len(vec.final_observations):
            message = "SimCashSB3Vec needs a batch made with autoreset='same_step' and final_observations=True"
            raise ActionError(message)
        self.vec = vec
        self._ids = np.eye(vec.num_banks, dtype=np.float32) if bank_id else np.zeros((vec.num_banks, 0), np.float32)
        seen, size = vec.observation, vec.observation_size
        width = size + self._ids.shape[1]
        self._rows = np.zeros((vec.num_envs, vec.num_banks, width), seen.dtype)
        self._rows[:, :, size:] = self._ids
        self._actions: npt.NDArray[Any] | None = None
        self._returns = np.zeros((vec.num_envs, vec.num_banks))
        self._cents = np.zeros((vec.num_envs, vec.num_banks), np.int64)
        self._lengths = np.zeros(vec.num_envs, np.int64)
        self._nothing: list[dict[str, Any]] = [{} for _ in range(vec.num_envs * vec.num_banks)]
        self.render_mode = None
        low, high = np.full(width, seen.low, seen.dtype), np.full(width, seen.high, seen.dtype)
        low[size:], high[size:] = np.minimum(low[size:], 0), np.maximum(high[size:], 1)  # of the one-hot
        box, chosen = spaces.Box(low, high, dtype=seen.dtype), vec.single_action_space
        if type(vec.action) is QueueAction:
            chosen = spaces.MultiDiscrete(vec.action_nvec)
        super().__init__(vec.num_envs * vec.num_banks, box, chosen)

    def _observations(self) -> npt.NDArray[Any]:
        self._rows[:, :, : self.vec.observation_size] = self.vec.observations
        return self._rows.reshape(self.num_envs, -1).copy()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """Set the seeds of the next ``reset``: copy ``e`` gets ``seed + e``."""
        chosen: Sequence[int | None] = super().seed(one_seed(seed))
        return chosen

    def reset(self) -> npt.NDArray[Any]:
        """Start new episodes; after ``seed(s)``, copy ``e`` gets the seed ``s + e``."""
        first = self._seeds[0]
        self.vec.reset(None if first is None else int(first))
        self._reset_seeds()
        self._returns[:], self._cents[:], self._lengths[:] = 0.0, 0, 0
        return self._observations()

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Store the actions (rows, *shape of the action space) for ``step_wait``.

        Raises:
            ActionError: wrong shape; ``step_wait`` checks type and range.
        """
        vec, one = self.vec, self.action_space.shape or ()
        given, shape = array_of("actions", actions), (self.num_envs, *one)
        if given.shape != shape:
            numbers = "numbers" if isinstance(self.action_space, spaces.Box) else "whole numbers"
            message = f"actions: need {numbers} of shape {shape}, got {given.dtype} of {given.shape}"
            raise ActionError(message)
        self._actions = given.reshape(vec.num_envs, vec.num_banks, *one)

    def step_wait(self) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32], npt.NDArray[np.bool_], Any]:
        """Step every row with the stored actions.

        Raises:
            ActionError: no actions are stored, or ``SimCashVec.step`` rejects them. Nothing changes.
        """
        vec, actions = self.vec, self._actions
        if actions is None:
            message = "step_wait: call step_async with actions first"
            raise ActionError(message)
        self._actions = None
        vec.step(actions)
        self._returns += vec.rewards
        self._cents += vec.costs.sum(axis=2)
        self._lengths += 1
        over = vec.over()
        infos = self._nothing
        if over.any():
            infos = [{} for _ in range(self.num_envs)]
            for copy in np.flatnonzero(over):
                self._write_end(infos, int(copy))
        dones = np.repeat(over, vec.num_banks)
        return self._observations(), vec.rewards.reshape(-1).astype(np.float32), dones, infos

    def _write_end(self, infos: list[dict[str, Any]], copy: int) -> None:
        """Write the infos that SB3 expects of rows whose episode is over."""
        vec = self.vec
        for bank in range(vec.num_banks):
            final = np.concatenate([vec.final_observations[copy, bank], self._ids[bank]], dtype=self._rows.dtype)
            infos[copy * vec.num_banks + bank].update(
                terminal_observation=final,
                episode={"r": float(self._returns[copy, bank]), "l": int(self._lengths[copy]), "t": 0.0},
                episode_cost=int(self._cents[copy, bank]),
            )
            infos[copy * vec.num_banks + bank]["TimeLimit.truncated"] = vec.is_truncated(copy)
        self._returns[copy], self._cents[copy], self._lengths[copy] = 0.0, 0, 0

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return flags (rows, total choices) of the legal choices of each row, heads concatenated.

        Raises:
            AttributeError: this action has no masks.
        """
        masks = self.vec.flat_masks
        if masks is None:
            message = "this action has no masks"
            raise AttributeError(message)
        flags: npt.NDArray[np.bool_] = masks.reshape(self.num_envs, -1).astype(bool)
        return flags

    def env_method(self, method_name: str, *_args: Any, indices: Any = None, **_kwargs: Any) -> list[Any]:
        """Call ``action_masks``, the only supported method, for rows; MaskablePPO uses it."""
        if method_name != "action_masks":
            raise AttributeError(method_name)
        rows = self.action_masks()
        return [rows[row] for row in self._get_indices(indices)]

    def has_attr(self, attr_name: str) -> bool:
        """Return whether wrappers can read this attribute."""
        return attr_name == "render_mode" or (attr_name == "action_masks" and self.vec.action_masks is not None)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute for rows; it is the same for all rows."""
        if not self.has_attr(attr_name):
            raise AttributeError(attr_name)
        value = self.render_mode if attr_name == "render_mode" else self.action_masks
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Raise ``AttributeError``: rows have no attributes of their own."""
        raise AttributeError(attr_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for every row: rows have no wrappers."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """Return None for every row: rows are not rendered."""
        return [None] * self.num_envs

    def close(self) -> None:
        """Do nothing."""
