"""The options of an environment, by name or as objects; validated before anything is built."""

from __future__ import annotations

import math
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.envs.actions import ACTIONS, Action
from simcash_env.envs.observations import OBSERVATIONS, Full, Observation
from simcash_env.envs.rewards import REWARDS, CostReward, Reward
from simcash_env.envs.windows import LANGUAGES
from simcash_env.errors import ActionError, ConfigError, Fault
from simcash_env.integers import LARGEST_INT64, whole, whole_within

ActionLike: TypeAlias = Literal["queue", "budget", "threshold"] | Action
ObservationLike: TypeAlias = Literal["dict", "flat"] | Observation
RewardLike: TypeAlias = Literal["individual", "system", "mixed"] | Reward
Autoreset: TypeAlias = Literal["disabled", "next_step", "same_step"]

LARGEST_COUNT: Final = 2**31 - 1
"""Of copies, slots and threads; memory ends far below."""


def require(option: str, value: Any, is_right: bool, rule: str) -> None:  # noqa: FBT001 - it reads as a sentence
    """Refuse an option's value.

    Raises:
        ConfigError: it breaks the rule.
    """
    if not is_right:
        raise ConfigError([Fault(None, None, option, repr(value), rule)])


def required_whole(option: str, value: Any, least: int, most: int = LARGEST_COUNT) -> int:
    """The Python integer that an option's value is.

    Raises:
        ConfigError: it is no whole number, or out of range.
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
    """A limit in ticks, or None for none."""
    return None if value is None else required_whole(option, value, 1, LARGEST_INT64)


def require_truth(option: str, value: Any) -> None:
    """Refuse what is neither True nor False."""
    require(option, value, isinstance(value, (bool, np.bool_)), "must be True or False")


def array_of(name: str, value: Any) -> npt.NDArray[Any]:
    """An argument as an array.

    Raises:
        ActionError: it has rows of different lengths.
    """
    try:
        return np.asarray(value)
    except ValueError as error:
        message = f"{name}: has rows of different lengths, got {value!r}"
        raise ActionError(message) from error


def one_seed(seed: Any) -> int | None:
    """A seed as Python's integer, or None.

    Raises:
        ActionError: it is no whole number, or out of range.
    """
    number = whole_within(seed, 0)
    if seed is not None and number is None:
        message = f"seed: must be a whole number from 0 to 2**63 - 1, got {seed!r}"
        raise ActionError(message)
    return number


def resolve_action(action: ActionLike) -> Action:
    """The object that a name stands for, or the object itself."""
    if isinstance(action, Action):
        known = action.language in LANGUAGES
        require("action.language", action.language, known, f"must be one of {', '.join(LANGUAGES)}")
        return action
    known = isinstance(action, str) and action in ACTIONS
    require("action", action, known, f"must be one of {', '.join(ACTIONS)}, or an Action object")
    return ACTIONS[action]()


def resolve_observation(observation: ObservationLike, *, normalize: bool) -> Observation:
    """Likewise; ``normalize`` is for what has a name."""
    require_truth("normalize", normalize)
    if isinstance(observation, Observation):
        require("normalize", normalize, normalize, "is the business of the observation object, where one is given")
        _require_bounds(observation)
        return observation
    known = isinstance(observation, str) and observation in OBSERVATIONS
    require("observation", observation, known, f"must be one of {', '.join(OBSERVATIONS)}, or an Observation object")
    return Full(normalize=bool(normalize), with_mask=observation == "dict")


def _require_bounds(observation: Observation) -> None:
    """Refuse an object that declares no box: numbers of some kind between two bounds."""
    try:
        kind = np.dtype(observation.dtype).kind
    except TypeError:
        kind = "O"
    require("observation.dtype", observation.dtype, kind in "fiu", "must be a dtype of numbers")
    low, high = observation.low, observation.high
    is_ordered = is_real(low) and is_real(high) and low <= high
    require("observation.low, observation.high", (low, high), is_ordered, "must be two numbers in order")


def is_real(value: Any) -> bool:
    """Is this a number of Python or NumPy, and not NaN?"""
    is_number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    return is_number and not math.isnan(value)


def resolve_reward(reward: RewardLike, alpha: float | None) -> Reward:
    """Likewise; ``alpha`` is the weight of the mixed reward, which needs one, and changes no other."""
    if isinstance(reward, Reward):
        require("alpha", alpha, alpha is None, "is the business of the reward object, where one is given")
        _require_weight("reward.alpha", reward.alpha)
        return reward
    known = isinstance(reward, str) and reward in REWARDS
    require("reward", reward, known, f"must be one of {', '.join(REWARDS)}, or a Reward object")
    weight = REWARDS[reward]
    if weight is None:
        _require_weight("alpha", alpha)
        return CostReward(float(alpha))  # type: ignore[arg-type]
    is_said_twice = alpha is None or (is_real(alpha) and alpha == weight)
    require("alpha", alpha, is_said_twice, f'goes with reward="mixed"; reward="{reward}" has the weight {weight:g}')
    return CostReward(weight)


def _require_weight(option: str, alpha: Any) -> None:
    is_weight = is_real(alpha) and 0.0 <= alpha <= 1.0
    require(option, alpha, is_weight, "must be a number from 0, selfish, to 1, social")
