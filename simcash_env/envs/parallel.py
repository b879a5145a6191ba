"""The PettingZoo face: one copy, one agent a learning bank."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo import ParallelEnv

from simcash_env.codes import CostKind
from simcash_env.envs.buffers import F32, I8
from simcash_env.envs.learners import ScenarioLike
from simcash_env.envs.spaces import MaskedMultiDiscrete
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError

Observation: TypeAlias = dict[str, npt.NDArray[Any]]
PerAgent: TypeAlias = dict[str, Any]
I64: TypeAlias = npt.NDArray[np.int64]

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
        copy: False hands out the same observations and infos on every step: views that the next step overwrites, for
            loops that keep none of them.
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
        copy: bool = True,
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
        self._acting = frozenset(self.possible_agents)
        self._rows_shape = self._vec.actions.shape[1:]
        self._copies = copy
        self._lent: tuple[PerAgent, PerAgent] | None = None

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
            actions: for every agent (H,) whole numbers within the action space.

        Raises:
            ActionError: an unknown agent or none, wrong shape, type or range; nothing has changed then.
        """
        agents, vec = self.agents, self._vec
        if not agents:
            return {}, {}, {}, {}, {}
        rows = self._rows_of(actions)
        refused = vec.step_rows(rows)
        if refused >= 0:
            message = f"actions.{agents[refused]}: {vec.range_rule(rows[refused])}"
            raise ActionError(message)
        observations, infos = self._observe()
        rewards = dict(zip(agents, vec.rewards[0].tolist(), strict=True))
        is_terminated, is_truncated = vec.is_terminated(0), vec.is_truncated(0)
        terminations, truncations = dict.fromkeys(agents, is_terminated), dict.fromkeys(agents, is_truncated)
        if is_terminated or is_truncated:
            self.agents = []
        return observations, rewards, terminations, truncations, infos

    def _rows_of(self, actions: dict[str, Any]) -> I64:
        """(L, H) the actions in the order of the agents; int64 arrays of the right shape go the quick way."""
        if actions.keys() == self._acting:
            try:
                rows = np.array([actions[agent] for agent in self.agents])
            except ValueError:  # of different lengths
                return self._checked(actions)
            if rows.shape == self._rows_shape and rows.dtype == np.int64:
                return rows
        return self._checked(actions)

    def _checked(self, actions: dict[str, Any]) -> I64:
        """The slow way: any sequence of whole numbers will do; what will not is named."""
        shape, agents = self._vec.actions.shape[2:], self.agents
        unknown = [agent for agent in actions if agent not in agents]
        if unknown:
            message = f"actions: no agent {unknown[0]!r} is acting; agents are {', '.join(agents)}"
            raise ActionError(message)
        rows = np.zeros((len(agents), *shape), np.int64)
        for row, agent in enumerate(agents):
            if agent not in actions:
                message = f"actions: no action for {agent!r}; every acting agent needs one"
                raise ActionError(message)
            try:
                action = np.asarray(actions[agent])
            except ValueError:  # of different lengths
                action = np.array(None)
            if action.shape != shape or action.dtype.kind not in "iu":
                message = f"actions.{agent}: need whole numbers of shape {shape}, got {actions[agent]!r}"
                raise ActionError(message)
            rows[row] = action
        return rows

    def _observe(self) -> tuple[PerAgent, PerAgent]:
        """What the batch wrote, by agent: copies of it, or the same views on every call."""
        vec = self._vec
        if self._copies:
            observations, infos = self._by_agent(vec.observations[0].copy(), vec.masks[0].copy(), vec.costs[0].copy())
        else:
            if self._lent is None:
                self._lent = self._by_agent(vec.observations[0], vec.masks[0], vec.costs[0])
            observations, infos = self._lent
        for info, count in zip(infos.values(), vec.illegal[0].tolist(), strict=True):
            info["illegal_actions"] = count
        return observations, infos

    def __getstate__(self) -> dict[str, Any]:
        """Views are not copied: they would no longer be views of the batch."""
        return {**self.__dict__, "_lent": None}

    def _by_agent(self, vectors: F32, masks: I8, costs: I64) -> tuple[PerAgent, PerAgent]:
        """Observations and infos of views of these arrays."""
        infos = {
            agent: {"action_mask": mask, "costs": cost}
            for agent, mask, cost in zip(self.possible_agents, masks, costs, strict=True)
        }
        if self._is_flat:
            return dict(zip(self.possible_agents, vectors, strict=True)), infos
        observations = {
            agent: {"observation": vector, "action_mask": info["action_mask"]}
            for (agent, info), vector in zip(infos.items(), vectors, strict=True)
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
