"""Stable-Baselines3's ``VecEnv`` over the batch: every (copy, learning bank) pair is one row, one shared policy."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, Final, Literal

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec
from stable_baselines3.common.vec_env import VecEnv

from simcash_env._registration import BANK_ID, environment_id
from simcash_env.envs.actions import QueueAction
from simcash_env.envs.episodes import require_begun
from simcash_env.envs.options import array_of, one_seed, require, require_truth
from simcash_env.envs.parallel import FRAMES_PER_SECOND
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.render import Renderer

ATTRIBUTES: Final = ("render_mode", "metadata", "spec", "observation_layout", "reward_scale", "cost_names", "bank")
"""Attributes that ``get_attr`` returns for rows, besides ``action_masks``."""


class SimCashSB3Vec(VecEnv):
    """A Stable-Baselines3 ``VecEnv`` over a batch, for PPO or for sb3-contrib's MaskablePPO.

    Args:
        vec: batch created with ``autoreset="same_step"`` and ``final_observations=True``.
        bank_id: append a one-hot of the bank to each observation, so that a shared policy can distinguish banks.
        render_mode: ``"rgb_array"`` for images, or None. There is one image for each copy, which shows all its banks.
        cost_infos: write ``cost``, the cents of the step, into the info of every row, for safe RL.
    """

    def __init__(
        self,
        vec: SimCashVec,
        *,
        bank_id: bool = False,
        render_mode: Literal["rgb_array"] | None = None,
        cost_infos: bool = False,
    ) -> None:
        is_batch = isinstance(vec, SimCashVec)
        if not is_batch or vec.autoreset != "same_step" or not len(vec.final_observations):
            message = "SimCashSB3Vec needs a batch made with autoreset='same_step' and final_observations=True"
            raise ActionError(message)
        is_mode = render_mode in {None, "rgb_array"}
        require("render_mode", render_mode, is_mode, "must be rgb_array or None")
        require_truth("cost_infos", cost_infos)
        self.vec, self._has_cost_infos = vec, bool(cost_infos)
        self._renderers = [Renderer(vec, render_mode, copy=copy) for copy in range(vec.num_envs if render_mode else 0)]
        self.spec = _spec(vec)
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
        self.render_mode = render_mode
        low, high = np.full(width, seen.low, seen.dtype), np.full(width, seen.high, seen.dtype)
        low[size:], high[size:] = np.minimum(low[size:], 0), np.maximum(high[size:], 1)  # of the one-hot
        box, chosen = spaces.Box(low, high, dtype=seen.dtype), vec.single_action_space
        if type(vec.action) is QueueAction:
            chosen = spaces.MultiDiscrete(vec.action_nvec)
        super().__init__(vec.num_envs * vec.num_banks, box, chosen)
        self.metadata: dict[str, Any] = {**self.metadata, "render_fps": FRAMES_PER_SECOND}

    @property
    def observation_layout(self) -> tuple[str, ...]:
        """Name of every entry of an observation, the one-hot of the bank included."""
        ids = self.vec.bank_ids if self._ids.shape[1] else ()
        return (*self.vec.observation_layout, *(f"is_{bank}" for bank in ids))

    @property
    def reward_scale(self) -> float:
        """Cents that correspond to a reward of -1."""
        return self.vec.reward_scale

    @property
    def cost_names(self) -> tuple[str, ...]:
        """Kinds of cost, in the order of ``vec.costs``."""
        return self.vec.cost_names

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
        for renderer in self._renderers:
            renderer.begin()
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
        cents = vec.costs.sum(axis=2)
        self._cents += cents
        self._lengths += 1
        over = vec.over()
        infos = self._nothing
        if self._has_cost_infos:
            infos = [{"cost": cost} for cost in cents.reshape(-1).tolist()]
        elif over.any():
            infos = [{} for _ in range(self.num_envs)]
        if over.any():
            for copy in np.flatnonzero(over):
                self._write_end(infos, int(copy))
        for renderer, is_new in zip(self._renderers, over, strict=False):  # no renderers without a render mode
            renderer.begin() if is_new else renderer.record()
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
        return attr_name in ATTRIBUTES or (attr_name == "action_masks" and self.vec.flat_masks is not None)

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute for rows; only ``bank`` differs between them."""
        if not self.has_attr(attr_name):
            raise AttributeError(attr_name)
        if attr_name == "bank":
            return [self.vec.bank_ids[row % self.vec.num_banks] for row in self._get_indices(indices)]
        return [getattr(self, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Raise ``AttributeError``: rows have no attributes of their own."""
        raise AttributeError(attr_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Return False for every row: rows have no wrappers."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[npt.NDArray[np.uint8] | None]:
        """Return one image for each copy, all its banks on it; None for every row without a render mode."""
        if not self._renderers:
            return [None] * self.num_envs
        require_begun("get_images", has_begun=self.vec.has_begun)
        images: list[Any] = [renderer.render() for renderer in self._renderers]
        return images

    def close(self) -> None:
        """Do nothing."""


def _spec(vec: SimCashVec) -> EnvSpec:
    """Return the Gymnasium specification of the scenario; that of the general id if it is not of the library."""
    known = environment_id(vec.config.name)
    if known in gymnasium.registry and gymnasium.spec(known).max_episode_steps == vec.num_ticks:
        return deepcopy(gymnasium.spec(known))
    return EnvSpec(BANK_ID, max_episode_steps=vec.num_ticks)
