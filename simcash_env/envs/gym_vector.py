"""The Gymnasium vector environment: a batch in which one bank of every copy learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from simcash_env.envs.learners import DEFAULT_SCENARIO, ScenarioLike, pick_learner
from simcash_env.envs.masks import Form
from simcash_env.envs.options import array_of, require, require_individual, require_truth
from simcash_env.envs.parallel import observation_space
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError

MODES = {
    AutoresetMode.NEXT_STEP: "next_step",
    AutoresetMode.SAME_STEP: "same_step",
    AutoresetMode.DISABLED: "disabled",
}


class SimCashBankVec(VectorEnv[Any, Any, Any]):
    """Many copies of a scenario in which one bank learns, stepped by one kernel call.

    ``gymnasium.make_vec("simcash_env:SimCash/Bank-v0", num_envs=..., vectorization_mode="vector_entry_point",
    scenario=...)``.

    Args:
        scenario: library id, path of a scenario file, mapping or ``ScenarioConfig``.
        bank: id of the learning bank (default: the first bank, by id, whose policy is external).
        num_envs: number of copies.
        autoreset_mode: a mode of ``gymnasium.vector.AutoresetMode``, or its value.
        max_ticks: truncate episodes after this number of ticks.
        max_episode_steps: as ``max_ticks``, which ``gymnasium.make_vec`` passes for ids with a length.
        mask: form of the masks, ``"flat"`` or ``"matrix"``, as in ``SimCashParallelEnv``.
        vector_reward: return rewards (copies, kinds of cost), as in ``SimCashParallelEnv``.
        copy: False returns arrays that the next step overwrites.
        render_mode: must be None; render one copy with ``SimCashBankEnv``.
        options: further options of ``SimCashVec``.
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}  # noqa: RUF012 - as Gymnasium has it

    def __init__(
        self,
        scenario: ScenarioLike = DEFAULT_SCENARIO,
        bank: str | None = None,
        *,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        max_ticks: int | None = None,
        max_episode_steps: int | None = None,
        mask: Form = "flat",
        vector_reward: bool = False,
        copy: bool = True,
        render_mode: None = None,
        **options: Any,
    ) -> None:
        config, self.bank = pick_learner(scenario, bank, options.pop("policy_path", None))
        modes = [mode.value for mode in AutoresetMode]
        is_mode = isinstance(autoreset_mode, AutoresetMode) or (
            isinstance(autoreset_mode, str) and autoreset_mode in modes
        )
        require("autoreset_mode", autoreset_mode, is_mode, f"must be one of {', '.join(modes)}")
        require("render_mode", render_mode, render_mode is None, "must be None: look at one copy with SimCashBankEnv")
        require_truth("copy", copy)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.vec = SimCashVec(
            config,
            num_envs,
            learners=[self.bank],
            autoreset=MODES[self.autoreset_mode],  # type: ignore[arg-type]
            final_observations=self.autoreset_mode is AutoresetMode.SAME_STEP,
            max_ticks=max_episode_steps if max_ticks is None else max_ticks,
            mask=mask,
            **options,
        )
        require_individual(self.vec.reward, vector_reward)
        self.vector_reward = bool(vector_reward)
        self.reward_space = spaces.Box(-np.inf, np.inf, (len(self.cost_names),), np.float64)
        self.metadata = {**type(self).metadata, "autoreset_mode": self.autoreset_mode}
        self.num_envs, self.render_mode, self._copies = self.vec.num_envs, render_mode, copy
        self.single_observation_space = observation_space(self.vec)
        self.single_action_space = self.vec.single_action_space
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._is_dict = isinstance(self.single_observation_space, spaces.Dict)

    @property
    def observation_layout(self) -> tuple[str, ...]:
        """Name of every entry of an observation."""
        return self.vec.observation_layout

    @property
    def reward_scale(self) -> float:
        """Cents that correspond to a reward of -1."""
        return self.vec.reward_scale

    @property
    def cost_names(self) -> tuple[str, ...]:
        """Kinds of cost, in the order of ``infos["costs"]`` and of vector rewards."""
        return self.vec.cost_names

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Start new episodes; ``options={"reset_mask": flags}`` with flags (N,) resets only some copies."""
        given: Any = options
        if given is not None and not isinstance(given, Mapping):
            message = f"options: must be a mapping or None, got {options!r}"
            raise ActionError(message)
        mask = None if options is None else options.get("reset_mask")
        seeds = self._seeds(seed)
        self.vec.reset(seeds, mask=mask)
        if mask is None:
            self.vec.costs[:] = 0
        return self._observations(self.vec.observations, self.vec.action_masks), self._infos()

    def _seeds(self, seed: Any) -> Any:
        """Return the seeds for the batch; None in a list becomes the seed derived from the previous one."""
        if seed is None:
            return None if self.vec.has_begun else int(np.random.default_rng().integers(1, 2**31))
        if not isinstance(seed, list | tuple) or len(seed) != self.num_envs:
            return seed
        following = self.vec.following_seeds()
        return [old if new is None else new for new, old in zip(seed, following, strict=True)]

    def step(self, actions: Any) -> tuple[Any, npt.NDArray[np.float64], Any, Any, dict[str, Any]]:
        """Apply one action in every copy.

        Raises:
            ActionError: wrong shape, type or range. Nothing changes.
        """
        vec = self.vec
        given = array_of("actions", actions)
        if given.ndim == 0:
            message = f"actions: need one for each of {self.num_envs} copies, got {actions!r}"
            raise ActionError(message)
        vec.step(given[:, None])
        rewards = (vec.vector_rewards if self.vector_reward else vec.rewards)[:, 0].copy()
        terminated = vec.terminated.astype(bool)
        truncated, infos = vec.truncated.astype(bool), self._infos()
        over = terminated | truncated
        if self.autoreset_mode is AutoresetMode.SAME_STEP and over.any():
            self._add_final(infos, over)
        return self._observations(vec.observations, vec.action_masks), rewards, terminated, truncated, infos

    def _observations(self, vectors: npt.NDArray[Any], masks: Any) -> Any:
        seen = vectors[:, 0].copy() if self._copies else vectors[:, 0]
        if not self._is_dict:
            return seen
        return {"action_mask": masks[:, 0].copy() if self._copies else masks[:, 0], "observation": seen}

    def _infos(self) -> dict[str, Any]:
        everywhere = np.ones(self.num_envs, bool)
        costs = self.vec.costs[:, 0].copy()
        infos: dict[str, Any] = {
            "costs": costs,
            "cost": costs.sum(axis=1),
            "illegal_actions": self.vec.illegal[:, 0].copy(),
        }
        masks = self.vec.action_masks
        if masks is not None and not self._is_dict:
            infos["action_mask"] = masks[:, 0].copy()
        return infos | {f"_{name}": everywhere for name in infos}

    def _add_final(self, infos: dict[str, Any], over: npt.NDArray[np.bool_]) -> None:
        """Add the last observations and infos of copies that were reset, in Gymnasium's format."""
        vec = self.vec
        final, masks = np.full(self.num_envs, None, dtype=object), vec.final_action_masks
        for copy in np.flatnonzero(over):
            vector = vec.final_observations[copy, 0].copy()
            final[copy] = (
                vector
                if masks is None or not self._is_dict
                else {"action_mask": masks[copy, 0].copy(), "observation": vector}
            )
        infos["final_obs"], infos["_final_obs"] = final, over
        last = {"costs": infos["costs"], "cost": infos["cost"], "illegal_actions": infos["illegal_actions"]}
        if masks is not None and not self._is_dict:
            last["action_mask"] = masks[:, 0].copy()
        infos["final_info"] = last | {f"_{name}": over for name in last}
        infos["_final_info"] = over

    def render(self) -> None:
        """Do nothing: render one copy with ``SimCashBankEnv``."""

    def close_extras(self, **_kwargs: Any) -> None:
        """Stop the threads, if the constructor accepted its arguments: Gymnasium 1.1 closes what is left otherwise."""
        if hasattr(self, "vec"):
            self.vec.close()
