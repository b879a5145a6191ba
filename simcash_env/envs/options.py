"""Options of an environment, by name or as objects; validated before anything is created."""

from __future__ import annotations

import math
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.envs.actions import ACTIONS, POOLS, Action
from simcash_env.envs.observations import OBSERVATIONS, Full, Observation
from simcash_env.envs.rewards import REWARDS, CostReward, Reward
from simcash_env.envs.windows import LANGUAGES, MASKED
from simcash_env.errors import ActionError, ConfigError, Fault
from simcash_env.integers import LARGEST_INT64, whole, whole_within

ActionLike: TypeAlias = Literal["queue", "budget", "threshold", "rank"] | Action
ObservationLike: TypeAlias = Literal["vector", "flat", "dict"] | Observation
RewardLike: TypeAlias = Literal["individual", "system", "mixed"] | Reward
Autoreset: TypeAlias = Literal["disabled", "next_step", "same_step"]

LARGEST_COUNT: Final = 2**31 - 1
"""Largest number of copies, slots or threads; memory is exhausted far below."""


def require(option: str, value: Any, is_right: bool, rule: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Reject an option's value if it breaks the rule.

    Raises:
        ConfigError: ``is_right`` is False.
    """
    if not is_right:
        raise ConfigError([Fault(None, None, option, repr(value), rule)])


def required_whole(option: str, value: Any, least: int, most: int = LARGEST_COUNT) -> int:
    """Return an option's value as a Python integer.

    Raises:
        ConfigError: not a whole number, or out of range.
    """
    number = whole_within(value, least, most)
    if number is not None:
        return number
    found = whole(value)
    rule = (
        f"must be a whole number of at least {least}" if found is None or found < least else f"must be at most {most}"
    )
    raise ConfigError([Fault(None, None, option, repr(value), rule)])


def optional_ticks(option: str, value: Any) -> int | None:
    """Return a limit in ticks, or None."""
    return None if value is None else required_whole(option, value, 1, LARGEST_INT64)


def require_truth(option: str, value: Any) -> None:
    """Reject a value that is neither True nor False."""
    require(option, value, isinstance(value, (bool, np.bool_)), "must be True or False")


def array_of(name: str, value: Any) -> npt.NDArray[Any]:
    """Return an argument as an array.

    Raises:
        ActionError: it has rows of different lengths.
    """
    try:
        return np.asarray(value)
    except ValueError as error:
        message = f"{name}: has rows of different lengths, got {value!r}"
        raise ActionError(message) from error


def one_seed(seed: Any) -> int | None:
    """Return a seed as a Python integer, or None.

    Raises:
        ActionError: not a whole number, or out of range.
    """
    number = whole_within(seed, 0)
    if seed is not None and number is None:
        message = f"seed: must be a whole number from 0 to 2**63 - 1, got {seed!r}"
        raise ActionError(message)
    return number


def resolve_action(action: ActionLike) -> Action:
    """Return the action object for a name, or the object itself."""
    if isinstance(action, Action):
        known = action.language in LANGUAGES
        require("action.language", action.language, known, f"must be one of {', '.join(LANGUAGES)}")
        known = action.pool in POOLS
        require("action.pool", action.pool, known, f"must be one of {', '.join(POOLS)}")
        fits = action.pool == "levels" or action.language not in MASKED
        require("action.pool", action.pool, fits, f"must be 'levels' where choices have masks: {', '.join(MASKED)}")
        return action
    known = isinstance(action, str) and action in ACTIONS
    require("action", action, known, f"must be one of {', '.join(ACTIONS)}, or an Action object")
    return ACTIONS[action]()


def resolve_observation(observation: ObservationLike, *, normalize: bool) -> Observation:
    """Return the observation object for a name, or the object itself; ``normalize`` applies to names only."""
    require_truth("normalize", normalize)
    if isinstance(observation, Observation):
        require("normalize", normalize, normalize, "cannot be combined with an Observation object")
        _require_bounds(observation)
        return observation
    known = isinstance(observation, str) and observation in OBSERVATIONS
    require("observation", observation, known, f"must be one of {', '.join(OBSERVATIONS)}, or an Observation object")
    return Full(normalize=bool(normalize))


def _require_bounds(observation: Observation) -> None:
    """Reject an object whose type and bounds do not describe a box of numbers."""
    try:
        kind = np.dtype(observation.dtype).kind
    except TypeError:
        kind = "O"
    require("observation.dtype", observation.dtype, kind in "fiu", "must be a dtype of numbers")
    low, high = observation.low, observation.high
    is_ordered = is_real(low) and is_real(high) and low <= high
    require("observation.low, observation.high", (low, high), is_ordered, "must be two numbers in order")


def is_real(value: Any) -> bool:
    """Return whether this is a Python or NumPy number other than NaN."""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return is_number and not math.isnan(value)


def resolve_reward(reward: RewardLike, alpha: float | None) -> Reward:
    """Return the reward object for a name, or the object itself; ``alpha`` is the weight of the mixed reward."""
    if isinstance(reward, Reward):
        require("alpha", alpha, alpha is None, "cannot be combined with a Reward object")
        _require_weight("reward.alpha", reward.alpha)
        return reward
    known = isinstance(reward, str) and reward in REWARDS
    require("reward", reward, known, f"must be one of {', '.join(REWARDS)}, or a Reward object")
    weight = REWARDS[reward]
    if weight is None:
        _require_weight("alpha", alpha)
        return CostReward(float(alpha))  # type: ignore[arg-type]
    is_said_twice = alpha is None or (is_real(alpha) and alpha == weight)
    require("alpha", alpha, is_said_twice, f'requires reward="mixed"; reward="{reward}" has the weight {weight:g}')
    return CostReward(weight)


def require_individual(reward: Reward, vector_reward: Any) -> None:
    """Reject a vector reward whose components would not add up to the reward.

    Raises:
        ConfigError: ``vector_reward`` is no truth value, or combined with another reward than the individual one.
    """
    require_truth("vector_reward", vector_reward)
    is_individual = type(reward) is CostReward and reward.alpha == 0.0
    rule = 'requires reward="individual": its components are the bank\'s own costs'
    require("vector_reward", vector_reward, not vector_reward or is_individual, rule)


def _require_weight(option: str, alpha: Any) -> None:
    is_weight = is_real(alpha) and 0.0 <= alpha <= 1.0
    require(option, alpha, is_weight, "must be a number from 0, own cost only, to 1, mean cost only")
