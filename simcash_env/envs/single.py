"""The Gymnasium environment: one bank learns, every other bank follows its policy."""

from __future__ import annotations

from typing import Any, Literal

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from simcash_env.envs.learners import DEFAULT_SCENARIO, ScenarioLike, pick_learner
from simcash_env.envs.options import one_seed, optional_ticks
from simcash_env.envs.parallel import FRAMES_PER_SECOND, SimCashParallelEnv
from simcash_env.literal import facts_html, facts_text


class SimCashBankEnv(gymnasium.Env[Any, Any]):
    """One bank of a scenario: ``gymnasium.make("simcash_env:SimCash/Bank-v0", scenario=..., bank=...)``.

    Args:
        scenario: library id, path of a scenario file, mapping or ``ScenarioConfig``.
        bank: id of the learning bank (default: the first bank, by id, whose policy is external). The others follow
            their policies; external ones follow the option ``external`` (default: ``"release"``).
        max_ticks: truncate episodes after this number of ticks.
        render_mode: as in ``SimCashParallelEnv``.
        options: further options of ``SimCashParallelEnv``, such as ``mask``, ``mask_in`` and
            ``vector_reward``.
    """

    metadata = {  # noqa: RUF012 - as Gymnasium has it
        "render_modes": ["ansi", "rgb_array", "human"],
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        scenario: ScenarioLike = DEFAULT_SCENARIO,
        bank: str | None = None,
        *,
        max_ticks: int | None = None,
        render_mode: Literal["ansi", "rgb_array", "human"] | None = None,
        **options: Any,
    ) -> None:
        max_ticks = optional_ticks("max_ticks", max_ticks)
        config, self.bank = pick_learner(scenario, bank, options.pop("policy_path", None))
        self.game = SimCashParallelEnv(
            config,
            learners=[self.bank],
            max_cycles=max_ticks,
            render_mode=render_mode,
            **options,
        )
        self.render_mode = render_mode
        self.observation_space = self.game.observation_space(self.bank)
        self.action_space = self.game.action_space(self.bank)

    def _facts(self) -> dict[str, object]:
        """What a representation shows."""
        return self.game._facts()  # noqa: SLF001 - one face over the other

    def __repr__(self) -> str:
        return facts_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        return facts_html(type(self).__name__, self._facts())

    __str__ = __repr__

    @property
    def observation_layout(self) -> tuple[str, ...]:
        """Name of every entry of an observation."""
        return self.game.observation_layout

    @property
    def reward_scale(self) -> float:
        """Cents that correspond to a reward of -1."""
        return self.game.reward_scale

    @property
    def cost_names(self) -> tuple[str, ...]:
        """Kinds of cost, in the order of ``info["costs"]`` and of vector rewards."""
        return self.game.cost_names

    @property
    def reward_space(self) -> spaces.Box:
        """Space of vector rewards, as MO-Gymnasium names it."""
        return self.game.reward_space(self.bank)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode and run it to its first decision; without a seed, one is derived from the previous one."""
        seed = one_seed(seed)
        super().reset(seed=seed)
        observations, infos = self.game.reset(seed, options)
        return observations[self.bank], infos[self.bank]

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        """Apply the bank's action and run to the next decision.

        Raises:
            ActionError: wrong shape, type or range. Nothing changes.
        """
        observations, rewards, terminations, truncations, infos = self.game.step({self.bank: action})
        bank = self.bank
        return observations[bank], rewards[bank], terminations[bank], truncations[bank], infos[bank]

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Return flags of the legal choices, heads concatenated, for sb3-contrib's MaskablePPO."""
        masks = self.game._vec.flat_masks  # noqa: SLF001 - one face over the other
        if masks is None:
            message = "this action has no masks"
            raise AttributeError(message)
        flags: npt.NDArray[np.bool_] = masks[0, 0].astype(bool)
        return flags

    def snapshot(self) -> bytes:
        """Return the state of the run as versioned bytes."""
        return self.game.snapshot()

    def restore(self, snapshot: bytes) -> tuple[Any, dict[str, Any]]:
        """Restore a snapshot of the same scenario; return the same as ``reset``."""
        observations, infos = self.game.restore(snapshot)
        return observations[self.bank], infos[self.bank]

    def fork(self) -> SimCashBankEnv:
        """Return an independent copy of the environment."""
        import copy

        return copy.deepcopy(self)

    def render(self) -> Any:
        """Render as ``SimCashParallelEnv.render`` does."""
        return self.game.render()

    def close(self) -> None:
        """Close the window, if it is open."""
        self.game.close()
