"""Checks of the output of user-defined observation and reward objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from simcash_env.envs.batch_view import F64
from simcash_env.envs.options import require
from simcash_env.errors import SimulationError

if TYPE_CHECKING:
    from simcash_env.envs.observations import Observation
    from simcash_env.envs.rewards import Reward


def check_names(observation: Observation, names: Any) -> tuple[str, ...]:
    """Return the names of an observation's entries after checking that there is at least one and all differ.

    Raises:
        ConfigError: they do not.
    """
    is_right = isinstance(names, (tuple, list)) and all(isinstance(name, str) for name in names)
    is_right = is_right and 0 < len(names) == len(set(names))
    require(f"observation.names of {type(observation).__name__}", names, is_right, "must return different texts")
    return tuple(names)


def _require_in_place(what: str, answer: Any, out: Any) -> None:
    """Reject an object that returns a value instead of filling ``out``."""
    if answer is not None and answer is not out:
        message = f"{what}: must fill out in place and return None, returned {type(answer).__name__}"
        raise SimulationError(message)


def check_rewards(reward: Reward, rewards: F64, answer: Any, bank_ids: Sequence[str]) -> None:
    """Check the rewards (N, L) that a reward object wrote; ``answer`` is what it returned.

    Raises:
        SimulationError: it returned a value, or a reward is not finite.
    """
    what = f"reward.write of {type(reward).__name__}"
    _require_in_place(what, answer, rewards)
    is_finite = np.isfinite(rewards)
    if not is_finite.all():
        copy, bank = np.argwhere(~is_finite)[0].tolist()
        message = f"{what}: must write finite rewards, got {rewards[copy, bank]} for {bank_ids[bank]} in copy {copy}"
        raise SimulationError(message)


def check_observations(
    seen: Observation, shown: npt.NDArray[Any], answer: Any, names: Sequence[str], bank_ids: Sequence[str]
) -> None:
    """Check the observations (N, L, D) that a user's object wrote; ``answer`` is what it returned.

    Raises:
        SimulationError: it returned a value, or an entry is not a number or lies outside the declared bounds.
    """
    what = f"observation.write of {type(seen).__name__}"
    _require_in_place(what, answer, shown)
    low, high = shown.dtype.type(seen.low), shown.dtype.type(seen.high)
    is_within = (shown >= low) & (shown <= high)
    if not is_within.all():
        copy, bank, entry = np.argwhere(~is_within)[0].tolist()
        message = (
            f"{what}: {names[entry]} must lie from {seen.low} to {seen.high}, "
            f"got {shown[copy, bank, entry]} for {bank_ids[bank]} in copy {copy}"
        )
        raise SimulationError(message)
