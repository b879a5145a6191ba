"""SimCash as a PettingZoo environment, version 0: ``simcash_v0.parallel_env(scenario=...)``.

Version history: v0, first version.
"""

from __future__ import annotations

from typing import Any

from pettingzoo.utils.conversions import parallel_to_aec_wrapper
from pettingzoo.utils.wrappers import OrderEnforcingWrapper

from simcash_env._registration import BANKS_ID
from simcash_env.envs.episodes import IS_OVER, call_reset
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
            ActionError: unknown agent.
        """
        if not isinstance(agent, str) or agent not in self.possible_agents:
            message = f"observe: no agent {agent!r}; agents are {', '.join(self.possible_agents)}"
            raise ActionError(message)
        return super().observe(agent)


def env(scenario: ScenarioLike = DEFAULT_SCENARIO, **options: Any) -> SimCashAecEnv:
    """Create the AEC environment; the options are those of ``SimCashParallelEnv``."""
    return SimCashAecEnv(parallel_to_aec_wrapper(parallel_env(scenario, **options)))


__all__ = ["GAME_ID", "env", "parallel_env"]
