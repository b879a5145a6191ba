"""The PettingZoo environment: one copy, one agent per learning bank."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import ParallelEnv

from simcash_env.envs.actions import QueueAction
from simcash_env.envs.batch_view import I8
from simcash_env.envs.episodes import IS_OVER, call_reset, require_begun
from simcash_env.envs.learners import DEFAULT_SCENARIO, ScenarioLike
from simcash_env.envs.masks import Form
from simcash_env.envs.options import one_seed, optional_ticks, require, require_individual, require_truth
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.literal import facts_html, facts_text
from simcash_env.render import Renderer

Observation: TypeAlias = "dict[str, npt.NDArray[Any]]"
PerAgent: TypeAlias = "dict[str, Any]"
I64: TypeAlias = npt.NDArray[np.int64]

FRAMES_PER_SECOND = 4
RENDER_MODES = ("ansi", "rgb_array", "human")


def mask_space(vec: SimCashVec) -> spaces.Box | None:
    """Return the space of one bank's mask; None if the action has no masks."""
    masks = vec.action_masks
    return None if masks is None else spaces.Box(0, 1, masks.shape[2:], np.int8)


def observation_space(vec: SimCashVec) -> spaces.Space[Any]:
    """Return the observation space of one bank: a vector, and the mask where ``mask_in`` places it there."""
    seen, mask = vec.observation, mask_space(vec)
    vector = spaces.Box(seen.low, seen.high, (vec.observation_size,), seen.dtype)
    if mask is None or vec.mask_in == "info":
        return vector
    return spaces.Dict({"observation": vector, "action_mask": mask})


class SimCashParallelEnv(ParallelEnv):
    """PettingZoo parallel environment of one copy; each agent is a learning bank that decides on its Queue 1 payments.

    Args:
        scenario: library id, path of a scenario file, mapping or ``ScenarioConfig``.
        agent_names: ``"bank"`` (ids of the scenario) or ``"numbered"`` (``bank_0`` ... in the order of the ids).
        max_cycles: truncate the episode after this number of ticks; no effect if the run is not longer.
        render_mode: ``"ansi"`` (text), ``"rgb_array"`` (image), ``"human"`` (the same image in a window) or None.
        mask: form of the masks: ``"flat"``, one vector of length ``sum(nvec)``, or ``"matrix"`` (heads, choices),
            padded with zeros; masks of a ``Discrete`` action are vectors in both forms.
        vector_reward: return one component of the reward for each kind of cost (``cost_names``), as MOMAland does;
            needs ``reward="individual"``. ``reward_space`` is the space of the vectors.
        copy: False returns the same arrays and dictionaries on every step. They are views that the next step
            overwrites: for loops that neither keep nor change them.
        options: ``learners``, ``external``, ``max_queue_slots``, ``action``, ``observation``, ``mask_in``,
            ``normalize``, ``reward``, ``alpha``, ``randomize``, ``policy_path``, as in ``SimCashVec``.
    """

    metadata = {  # noqa: RUF012 - as PettingZoo has it
        "name": "simcash_v0",
        "render_modes": list(RENDER_MODES),
        "is_parallelizable": True,
        "render_fps": FRAMES_PER_SECOND,
    }

    def __init__(
        self,
        scenario: ScenarioLike = DEFAULT_SCENARIO,
        *,
        agent_names: Literal["bank", "numbered"] = "bank",
        max_cycles: int | None = None,
        render_mode: Literal["ansi", "rgb_array", "human"] | None = None,
        mask: Form = "flat",
        vector_reward: bool = False,
        copy: bool = True,
        **options: Any,
    ) -> None:
        is_naming = isinstance(agent_names, str) and agent_names in {"bank", "numbered"}
        require("agent_names", agent_names, is_naming, "must be one of bank, numbered")
        is_mode = render_mode is None or (isinstance(render_mode, str) and render_mode in RENDER_MODES)
        require("render_mode", render_mode, is_mode, f"must be one of {', '.join(RENDER_MODES)}, or None")
        require_truth("copy", copy)
        max_cycles = optional_ticks("max_cycles", max_cycles)
        self._vec = SimCashVec(scenario, 1, autoreset="disabled", max_ticks=max_cycles, mask=mask, **options)
        require_individual(self._vec.reward, vector_reward)
        self.vector_reward = bool(vector_reward)
        self._np_random: np.random.Generator | None = None
        self.render_mode = render_mode
        self._renderer = Renderer(self._vec, render_mode, frames_per_second=FRAMES_PER_SECOND)
        self.max_cycles = self._vec.num_ticks if max_cycles is None else max_cycles
        banks = self._vec.bank_ids
        self.possible_agents = list(banks) if agent_names == "bank" else [f"bank_{n}" for n in range(len(banks))]
        self.agents: list[str] = []
        self.observation_spaces = {agent: observation_space(self._vec) for agent in self.possible_agents}
        self.action_spaces = {agent: self._vec.action.space(self._vec) for agent in self.possible_agents}
        kinds = (len(self._vec.cost_names),)
        self.reward_spaces = {agent: spaces.Box(-np.inf, np.inf, kinds, np.float64) for agent in self.possible_agents}
        seen, size = self._vec.observation, len(banks) * self._vec.observation_size
        self.state_space = spaces.Box(seen.low, seen.high, (size,), seen.dtype)
        self._acting = frozenset(self.possible_agents)
        self._rows_shape = (len(banks), *(self._vec.single_action_space.shape or ()))
        self._takes_heads = type(self._vec.action) is QueueAction
        self._copies, self._is_dict = copy, self._vec.mask_in == "observation"
        self._lent: tuple[PerAgent, PerAgent] | None = None
        self._lent_masks: I8 | None = None
        self._lent_illegal: list[int] = []
        self._lent_totals: list[int] = []
        self._every_kind = np.ones(len(self._vec.cost_names), np.int64)
        self._going_on = dict.fromkeys(self.possible_agents, False)

    def _facts(self) -> dict[str, object]:
        """What a representation shows: the batch of one copy, and where the episode stands."""
        facts = self._vec._facts()  # noqa: SLF001 - one face over the other
        del facts["copies"]
        is_over = self._vec.has_begun and not self.agents
        tick = int(self._vec.state(0).tick[0]) if self._vec.has_begun else 0
        return {**facts, "tick": "before reset" if not self._vec.has_begun else "over" if is_over else tick}

    def __repr__(self) -> str:
        return facts_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        return facts_html(type(self).__name__, self._facts())

    @property
    def observation_layout(self) -> tuple[str, ...]:
        """Name of every entry of an observation."""
        return self._vec.observation_layout

    @property
    def reward_scale(self) -> float:
        """Cents that correspond to a reward of -1."""
        return self._vec.reward_scale

    @property
    def cost_names(self) -> tuple[str, ...]:
        """Kinds of cost, in the order of ``infos[agent]["costs"]`` and of vector rewards."""
        return self._vec.cost_names

    @property
    def np_random(self) -> np.random.Generator:
        """Random generator for wrappers, seeded by ``reset``; the environment itself does not draw from it."""
        if self._np_random is None:
            self._np_random = np.random.default_rng()
        return self._np_random

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Return the observation space of a bank; the same object on every call."""
        return self.observation_spaces[self._known(agent)]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Return the action space of a bank; the same object on every call."""
        return self.action_spaces[self._known(agent)]

    def reward_space(self, agent: str) -> spaces.Box:
        """Return the space of a bank's vector reward; the same object on every call."""
        return self.reward_spaces[self._known(agent)]

    def _known(self, agent: str) -> str:
        if not isinstance(agent, str) or agent not in self.observation_spaces:
            message = f"agent: must be one of {', '.join(self.possible_agents)}, got {agent!r}"
            raise ActionError(message)
        return agent

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[PerAgent, PerAgent]:
        """Start an episode and run it to its first decision; without a seed, one is derived from the previous one."""
        seed = one_seed(seed)
        if seed is None and not self._vec.has_begun:
            seed = int(np.random.default_rng().integers(1, 2**31))
        if seed is not None:
            self._np_random = np.random.default_rng(seed)
        self._vec.reset(seed)
        self._vec.costs[:] = 0
        self._vec.illegal[:] = 0
        self.agents = self.possible_agents.copy()
        self._renderer.begin()
        return self._observe()

    def step(self, actions: dict[str, Any]) -> tuple[PerAgent, PerAgent, PerAgent, PerAgent, PerAgent]:
        """Apply one action per bank and run to the next decision.

        Args:
            actions: one action per agent from its action space; for the queue action whole numbers (H,).

        Raises:
            ActionError: an unknown or missing agent; wrong shape, type or range; or ``reset`` was not called, or the
                episode is over. Nothing changes.
        """
        agents, vec = self.agents, self._vec
        if not agents:
            raise ActionError(IS_OVER if vec.has_begun else call_reset())
        rows = self._rows_of(actions)
        heads = rows[None] if self._takes_heads else vec.decode(rows[None])
        refused = vec.step_heads(heads)
        if refused >= 0:
            message = f"actions.{agents[refused]}: {vec.range_rule(heads[0, refused])}"
            raise ActionError(message)
        self._renderer.record()
        observations, infos = self._observe()
        earned = list(vec.vector_rewards[0]) if self.vector_reward else vec.rewards[0].tolist()
        rewards = dict(zip(agents, earned, strict=True))
        is_terminated, is_truncated = bool(vec.terminated[0]), bool(vec.truncated[0])
        if not (self._copies or is_terminated or is_truncated):
            return observations, rewards, self._going_on, self._going_on, infos
        terminations, truncations = dict.fromkeys(agents, is_terminated), dict.fromkeys(agents, is_truncated)
        if is_terminated or is_truncated:
            self.agents = []
        return observations, rewards, terminations, truncations, infos

    def _rows_of(self, actions: dict[str, Any]) -> npt.NDArray[Any]:
        """Return the actions (L, *shape) in the order of the agents; int64 arrays of the right shape need no checks."""
        if self._takes_heads and isinstance(actions, dict) and actions.keys() == self._acting:
            try:
                rows = np.array([actions[agent] for agent in self.agents])
            except ValueError:  # of different lengths
                return self._checked(actions)
            if rows.shape == self._rows_shape and rows.dtype == np.int64:
                return rows
        return self._checked(actions)

    def _checked(self, actions: Any) -> npt.NDArray[Any]:
        """Return the actions (L, *shape) from any sequences of numbers; the error names the agent."""
        shape, agents = self._rows_shape[1:], self.agents
        is_box = isinstance(self.action_spaces[agents[0]], spaces.Box)
        kinds, numbers = ("fiu", "numbers") if is_box else ("iu", "whole numbers")
        if not isinstance(actions, Mapping):
            message = f"actions: must be a mapping from agents to actions, got {actions!r}"
            raise ActionError(message)
        unknown = [agent for agent in actions if agent not in agents]
        if unknown:
            message = f"actions: no agent {unknown[0]!r} is acting; agents are {', '.join(agents)}"
            raise ActionError(message)
        rows = np.zeros(self._rows_shape, np.float64 if is_box else np.int64)
        for row, agent in enumerate(agents):
            if agent not in actions:
                message = f"actions: no action for {agent!r}; every acting agent needs one"
                raise ActionError(message)
            try:
                action = np.asarray(actions[agent])
            except ValueError:  # of different lengths
                action = np.array(None)
            if action.shape != shape or action.dtype.kind not in kinds:
                message = f"actions.{agent}: need {numbers} of shape {shape}, got {actions[agent]!r}"
                raise ActionError(message)
            if not self._takes_heads and not self.action_spaces[agent].contains(
                action.astype(self.action_spaces[agent].dtype)
            ):
                message = f"actions.{agent}: must lie in {self.action_spaces[agent]}, got {actions[agent]!r}"
                raise ActionError(message)
            rows[row] = action
        return rows

    def _observe(self) -> tuple[PerAgent, PerAgent]:
        """Return observations and infos by agent: copies, or the same views on every call."""
        vec = self._vec
        illegal, totals = vec.illegal[0].tolist(), vec.costs[0].dot(self._every_kind).tolist()
        if self._copies:
            masks = vec.action_masks
            own = None if masks is None else masks[0].copy()
            return self._by_agent(vec.observations[0].copy(), own, vec.costs[0].copy(), totals, illegal)
        if self._lent is None or not self._takes_heads:
            masks = self._masks_to_lend()
            own = None if masks is None else masks[0]
            self._lent = self._by_agent(vec.observations[0], own, vec.costs[0], totals, illegal)
            self._lent_illegal, self._lent_totals = illegal, totals
        elif self._lent_masks is not None:
            vec.mask_form(vec.masks).write(vec.masks, self._lent_masks)
        observations, infos = self._lent
        if totals != self._lent_totals:
            self._lent_totals = totals
            for info, cents in zip(infos.values(), totals, strict=True):
                info["cost"] = cents
        if illegal != self._lent_illegal:
            self._lent_illegal = illegal
            for info, count in zip(infos.values(), illegal, strict=True):
                info["illegal_actions"] = count
        return observations, infos

    def _masks_to_lend(self) -> I8 | None:
        """Return the masks (1, L, ...) in an array that stays the same, if the action's own array does."""
        vec = self._vec
        masks = vec.action.mask(vec)
        if masks is None or vec.mask == "matrix":
            return masks
        form = vec.mask_form(masks)
        if form.is_view and self._takes_heads:
            return form.show(masks)
        if self._lent_masks is None or self._lent is None:
            self._lent_masks = np.zeros((*masks.shape[:2], *form.shape), np.int8)
        form.write(masks, self._lent_masks)
        return self._lent_masks

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the views: copies of them would not be views of the batch."""
        return {**self.__dict__, "_lent": None}

    def _by_agent(
        self, vectors: npt.NDArray[Any], masks: I8 | None, costs: I64, totals: list[int], illegal: list[int]
    ) -> tuple[PerAgent, PerAgent]:
        """Return observations and infos by agent from these arrays; lists are the fastest way to make views."""
        agents, seen, cents = self.possible_agents, list(vectors), list(costs)
        if masks is None:
            infos: PerAgent = {
                agent: {"costs": cost, "cost": total, "illegal_actions": count}
                for agent, cost, total, count in zip(agents, cents, totals, illegal, strict=True)
            }
            return dict(zip(agents, seen, strict=True)), infos
        if self._is_dict:
            infos = {
                agent: {"costs": cost, "cost": total, "illegal_actions": count}
                for agent, cost, total, count in zip(agents, cents, totals, illegal, strict=True)
            }
            observations = {
                agent: {"observation": vector, "action_mask": mask}
                for agent, vector, mask in zip(agents, seen, list(masks), strict=True)
            }
            return observations, infos
        infos = {
            agent: {"costs": cost, "cost": total, "action_mask": mask, "illegal_actions": count}
            for agent, cost, total, mask, count in zip(agents, cents, totals, list(masks), illegal, strict=True)
        }
        return dict(zip(agents, seen, strict=True)), infos

    def state(self) -> npt.NDArray[Any]:
        """Return the global state for centralised critics: a copy of all observations, concatenated.

        Raises:
            ActionError: ``reset`` was not called.
        """
        require_begun("state", has_begun=self._vec.has_begun)
        flat: npt.NDArray[Any] = self._vec.observations[0].ravel()
        return flat.copy()

    # -- snapshots ----------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """Return the state of the run as versioned bytes, including its random stream.

        Raises:
            SnapshotError: no episode has started.
        """
        return self._vec.snapshot(0)

    def restore(self, snapshot: bytes) -> tuple[PerAgent, PerAgent]:
        """Restore a snapshot of the same scenario; return observations and infos as ``reset`` does.

        Raises:
            SnapshotError: damaged, or of another version or scenario. Nothing changes.
        """
        self._vec.restore(snapshot, 0)
        is_over = self._vec.is_terminated(0) or self._vec.is_truncated(0)
        self.agents = [] if is_over else self.possible_agents.copy()
        self._renderer.begin()
        return self._observe()

    def fork(self) -> SimCashParallelEnv:
        """Return an independent copy of the environment, for what-if questions."""
        import copy

        return copy.deepcopy(self)

    # -- looking at it ------------------------------------------------------------------------------------------------

    def render(self) -> str | npt.NDArray[np.uint8] | None:
        """Return a table as text (``ansi``) or an image (``rgb_array``), or update the window (``human``).

        Raises:
            ActionError: ``reset`` was not called.
        """
        require_begun("render", has_begun=self._vec.has_begun)
        return self._renderer.render()

    def close(self) -> None:
        """Close the window, if it is open."""
        self._renderer.close()

    def digest(self) -> str:
        """Return the SHA-256 of the run's state."""
        return self._vec.digest(0)
