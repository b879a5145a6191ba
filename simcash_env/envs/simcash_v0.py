"""SimCash as a PettingZoo environment, version 0: ``simcash_v0.parallel_env(scenario=...)``.

Version history: v0, first version.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from pettingzoo.utils.conversions import parallel_to_aec_wrapper
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from simcash_env._registration import BANKS_ID
from simcash_env.envs.episodes import IS_OVER, call_reset, require_begun
from simcash_env.envs.learners import DEFAULT_SCENARIO, ScenarioLike
from simcash_env.envs.options import one_seed
from simcash_env.envs.parallel import SimCashParallelEnv
from simcash_env.errors import ActionError

GAME_ID = BANKS_ID
"""General id in PettingZoo's registry (from 1.27 on): ``pettingzoo.make("parallel", "SimCash/Banks-v0", ...)``."""


def parallel_env(scenario: ScenarioLike = DEFAULT_SCENARIO, **options: Any) -> SimCashParallelEnv:
    """Create the parallel environment; the options are those of ``SimCashParallelEnv``."""
    return SimCashParallelEnv(scenario, **options)


class SimCashAecEnv(OrderEnforcingWrapper):
    """The AEC environment: PettingZoo's conversion of the parallel one, with the same errors."""

    @property
    def observation_layout(self) -> tuple[str, ...]:
        """Name of every entry of an observation."""
        return self._game.observation_layout

    @property
    def reward_scale(self) -> float:
        """Cents that correspond to a reward of -1."""
        return self._game.reward_scale

    @property
    def cost_names(self) -> tuple[str, ...]:
        """Kinds of cost, in the order of ``infos[agent]["costs"]`` and of vector rewards."""
        return self._game.cost_names

    @property
    def np_random(self) -> np.random.Generator:
        """Random generator for wrappers, seeded by ``reset``."""
        return self._game.np_random

    def reward_space(self, agent: str) -> spaces.Box:
        """Return the space of a bank's vector reward."""
        return self._game.reward_space(agent)

    @property
    def _game(self) -> SimCashParallelEnv:
        """The parallel environment."""
        game: SimCashParallelEnv = self.unwrapped
        return game

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """Start an episode, as ``SimCashParallelEnv.reset`` does."""
        super().reset(seed=one_seed(seed), options=options)

    def step(self, action: Any) -> None:
        """Apply the action of the selected agent; the action of the last agent runs the tick.

        Raises:
            ActionError: ``reset`` was not called, or the episode is over; or as ``SimCashParallelEnv.step``.
        """
        if not self._has_reset:
            raise ActionError(call_reset())
        if not self.agents:
            raise ActionError(IS_OVER)
        agent = self.agent_selection
        if action is not None and (self.terminations[agent] or self.truncations[agent]):
            message = f"actions.{agent}: the episode is over, so its action must be None, got {action!r}"
            raise ActionError(message)
        super().step(action)

    def observe(self, agent: str) -> Any:
        """Return the observation of an agent.

        Raises:
            ActionError: unknown agent, or ``reset`` was not called.
        """
        require_begun("observe", has_begun=self._has_reset)
        if not isinstance(agent, str) or agent not in self.possible_agents:
            message = f"observe: no agent {agent!r}; agents are {', '.join(self.possible_agents)}"
            raise ActionError(message)
        return super().observe(agent)

    def state(self) -> npt.NDArray[Any]:
        """Return the global state, as ``SimCashParallelEnv.state`` does.

        Raises:
            ActionError: ``reset`` was not called.
        """
        return self._game.state()

    def render(self) -> str | npt.NDArray[np.uint8] | None:
        """Render as ``SimCashParallelEnv.render`` does.

        Raises:
            ActionError: ``reset`` was not called.
        """
        return self._game.render()


def env(scenario: ScenarioLike = DEFAULT_SCENARIO, **options: Any) -> SimCashAecEnv:
    """Create the AEC environment; the options are those of ``SimCashParallelEnv``."""
    return SimCashAecEnv(parallel_to_aec_wrapper(parallel_env(scenario, **options)))


__all__ = ["GAME_ID", "env", "parallel_env"]
