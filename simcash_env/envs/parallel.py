"""The PettingZoo face: one copy, one agent a learning bank."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import ParallelEnv

from simcash_env.codes import CostKind
from simcash_env.envs.learners import ScenarioLike
from simcash_env.envs.spaces import MaskedMultiDiscrete
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError

Observation: TypeAlias = dict[str, npt.NDArray[Any]]
PerAgent: TypeAlias = dict[str, Any]

COST_NAMES = tuple(kind.name.lower() for kind in CostKind)
"""Names of the entries of ``infos[bank]["costs"]``."""


class SimCashParallelEnv(ParallelEnv):  # type: ignore[misc]
    """Banks that hold, release, split or drop the payments of their own queues.

    Args:
        scenario: an id of the library, a file, a mapping or a configuration.
        observation: ``"dict"`` (``observation`` and ``action_mask``) or ``"flat"`` (the vector alone).
        agent_names: ``"bank"`` (the scenario's ids) or ``"numbered"`` (``bank_0`` ... in id order).
        max_cycles: truncate the game after so many ticks; by default it ends with the scenario.
        render_mode: ``"ansi"`` or None.
        options: ``learners``, ``max_queue_slots``, ``reward``, ``alpha``, ``policy_path``, as in ``SimCashVec``.
    """

    metadata = {"name": "simcash_v0", "render_modes": ["ansi"], "is_parallelizable": True, "render_fps": 4}  # noqa: RUF012

    def __init__(
        self,
        scenario: ScenarioLike,
        *,
        observation: Literal["dict", "flat"] = "dict",
        agent_names: Literal["bank", "numbered"] = "bank",
        max_cycles: int | None = None,
        render_mode: Literal["ansi"] | None = None,
        **options: Any,
    ) -> None:
        self._vec = SimCashVec(scenario, 1, autoreset="disabled", max_ticks=max_cycles, **options)
        self._is_flat = observation == "flat"
        self.render_mode = render_mode
        self.max_cycles = self._vec.num_ticks if max_cycles is None else max_cycles
        banks = self._vec.bank_ids
        self.possible_agents = list(banks) if agent_names == "bank" else [f"bank_{n}" for n in range(len(banks))]
        self.agents: list[str] = []
        vector = spaces.Box(-1.0, 1.0, (self._vec.observation_size,), np.float32)
        mask = spaces.Box(0, 1, self._vec.masks.shape[2:], np.int8)
        self._has_begun = False
        self.observation_spaces = {
            agent: vector if self._is_flat else spaces.Dict({"observation": vector, "action_mask": mask})
            for agent in self.possible_agents
        }
        self.action_spaces = {agent: MaskedMultiDiscrete(self._vec.action_nvec) for agent in self.possible_agents}
        self.state_space = spaces.Box(-1.0, 1.0, (len(banks) * self._vec.observation_size,), np.float32)
        self._action_shape = self._vec.actions.shape[2:]
        self._staging = np.zeros(self._vec.actions.shape, np.int64)

    @property
    def observation_layout(self) -> tuple[str, ...]:
        """The name of every entry of an observation."""
        return self._vec.observation_layout

    @property
    def reward_scale(self) -> float:
        """Cents that a reward of -1 stands for."""
        return self._vec.reward_scale

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """What a bank sees; the same object on every call."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> MaskedMultiDiscrete:
        """What a bank chooses; the same object on every call."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[PerAgent, PerAgent]:  # noqa: ARG002 - PettingZoo's signature
        """Begin a run and carry it to its first decision; without a seed the next run follows from the last."""
        if seed is None and not self._has_begun:
            seed = int(np.random.default_rng().integers(1, 2**31))
        self._has_begun = True
        self._vec.reset(seed)
        self._vec.costs[:] = 0
        self._vec.illegal[:] = 0
        self.agents = self.possible_agents.copy()
        return self._observe()

    def step(self, actions: dict[str, Any]) -> tuple[PerAgent, PerAgent, PerAgent, PerAgent, PerAgent]:
        """Decide for every bank at this tick.

        Args:
            actions: by agent, (H,) whole numbers within the action space; an agent without one holds everything.

        Raises:
            ActionError: an unknown agent, wrong shape, type or range; nothing has changed then.
        """
        agents = self.agents
        if not agents:
            return {}, {}, {}, {}, {}
        self._write_actions(actions)
        vec = self._vec
        vec.step_written()
        observations, infos = self._observe()
        rewards = dict(zip(agents, vec.rewards[0].tolist(), strict=True))
        is_terminated, is_truncated = vec.is_terminated(0), vec.is_truncated(0)
        terminations, truncations = dict.fromkeys(agents, is_terminated), dict.fromkeys(agents, is_truncated)
        if is_terminated or is_truncated:
            self.agents = []
        return observations, rewards, terminations, truncations, infos

    def _write_actions(self, actions: dict[str, Any]) -> None:
        """Copy the actions into the batch's buffer; wrong ones leave the game as it was."""
        shape = self._action_shape
        if len(actions) != len(self.agents):
            unknown = [agent for agent in actions if agent not in self.agents]
            if unknown:
                message = f"actions: no agent {unknown[0]!r} is acting; agents are {', '.join(self.agents)}"
                raise ActionError(message)
            nothing = np.zeros(shape, np.int64)
            actions = {agent: actions.get(agent, nothing) for agent in self.agents}
        try:
            chosen = [actions[agent] for agent in self.agents]
            if {action.shape for action in chosen} != {shape}:
                self._staging[0] = self._checked(actions)
            else:
                np.concatenate(chosen, out=self._staging.reshape(-1), casting="same_kind")
        except (AttributeError, KeyError, TypeError):  # a list, an unknown agent, numbers that are not whole
            self._staging[0] = self._checked(actions)
        self._vec.write_actions(self._staging)

    def _checked(self, actions: dict[str, Any]) -> list[npt.NDArray[Any]]:
        """The slow way: any sequence of whole numbers will do; what will not is named."""
        checked = []
        for agent in self.agents:
            if agent not in actions:
                unknown = sorted(set(actions) - set(self.agents))
                message = f"actions: no agent {unknown[0]!r} is acting; agents are {', '.join(self.agents)}"
                raise ActionError(message)
            action = np.asarray(actions[agent])
            if action.shape != self._action_shape or action.dtype.kind not in "iu":
                message = f"actions.{agent}: need whole numbers of shape {self._action_shape}, got {actions[agent]!r}"
                raise ActionError(message)
            checked.append(action)
        return checked

    def _observe(self) -> tuple[PerAgent, PerAgent]:
        """Copies of what the batch wrote, by agent."""
        vec, agents = self._vec, self.agents
        vectors, masks = list(vec.observations[0].copy()), list(vec.masks[0].copy())
        costs, illegal = list(vec.costs[0].copy()), vec.illegal[0].tolist()
        infos = {
            agent: {"action_mask": mask, "costs": cost, "illegal_actions": count}
            for agent, mask, cost, count in zip(agents, masks, costs, illegal, strict=True)
        }
        if self._is_flat:
            return dict(zip(agents, vectors, strict=True)), infos
        observations = {
            agent: {"observation": vector, "action_mask": mask}
            for agent, vector, mask in zip(agents, vectors, masks, strict=True)
        }
        return observations, infos

    def state(self) -> npt.NDArray[np.float32]:
        """The global state for centralised critics: all banks' observations behind one another, copied."""
        return self._vec.observations[0].ravel().copy()  # type: ignore[no-any-return]

    def render(self) -> str | None:
        """A table of the banks as text, in render mode ``ansi``."""
        if self.render_mode is None:
            return None
        state, ids = self._vec.state(0), self._vec.scenario.bank_ids
        lines = [f"tick {int(state.tick[0])} of {self._vec.num_ticks}   Queue 2: {int(state.queue2_count[0])} payments"]
        lines.append(f"{'bank':<16}{'balance':>16}{'queue 1':>10}{'cents':>16}{'queue 2':>10}{'cents':>16}")
        for bank, name in enumerate(ids):
            queued = f"{int(state.bank_queue1_count[bank]):>10}{int(state.bank_queue1_cents[bank]):>16,}"
            waiting = f"{int(state.bank_queue2_count[bank]):>10}{int(state.bank_queue2_cents[bank]):>16,}"
            lines.append(f"{name:<16}{int(state.bank_balance_cents[bank]):>16,}{queued}{waiting}")
        return "\n".join(lines)

    def close(self) -> None:
        """Nothing to release."""

    def digest(self) -> str:
        """SHA-256 of the run's state."""
        return self._vec.digest(0)
