"""The options of an environment, by name or as objects; judged before anything is built."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from simcash_env.envs.actions import ACTIONS, Action
from simcash_env.envs.observations import OBSERVATIONS, Full, Observation
from simcash_env.envs.rewards import REWARDS, CostReward, Reward
from simcash_env.errors import ConfigError, Fault

ActionLike: TypeAlias = Literal["queue", "budget", "threshold"] | Action
ObservationLike: TypeAlias = Literal["dict", "flat"] | Observation
RewardLike: TypeAlias = Literal["individual", "system", "mixed"] | Reward
Autoreset: TypeAlias = Literal["disabled", "next_step", "same_step"]


def require(option: str, value: Any, is_right: bool, rule: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Refuse an option's value.

    Raises:
        ConfigError: it breaks the rule.
    """
    if not is_right:
        raise ConfigError([Fault(None, None, option, repr(value), rule)])


def resolve_action(action: ActionLike) -> Action:
    """The object that a name stands for, or the object itself."""
    if isinstance(action, Action):
        return action
    known = isinstance(action, str) and action in ACTIONS
    require("action", action, known, f"must be one of {', '.join(ACTIONS)}, or an Action object")
    return ACTIONS[action]()


def resolve_observation(observation: ObservationLike, *, normalize: bool) -> Observation:
    """Likewise; ``normalize`` is for what has a name."""
    if isinstance(observation, Observation):
        require("normalize", normalize, normalize, "is the business of the observation object, where one is given")
        return observation
    known = observation in OBSERVATIONS
    require("observation", observation, known, f"must be one of {', '.join(OBSERVATIONS)}, or an Observation object")
    return Full(normalize=normalize, with_mask=observation == "dict")


def resolve_reward(reward: RewardLike, alpha: float | None) -> Reward:
    """Likewise; ``alpha`` is for what has a name."""
    if isinstance(reward, Reward):
        require("alpha", alpha, alpha is None, "is the business of the reward object, where one is given")
        return reward
    known = isinstance(reward, str) and reward in REWARDS
    require("reward", reward, known, f"must be one of {', '.join(REWARDS)}, or a Reward object")
    require("alpha", alpha, alpha is None or 0.0 <= alpha <= 1.0, "must be from 0, selfish, to 1, social")
    return CostReward(REWARDS[reward] if alpha is None else float(alpha))
