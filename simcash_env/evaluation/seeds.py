"""Which seeds are for what. Training, validation and test never share one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.errors import ActionError
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64

FIRST_TRAINING_SEED: Final = 1  # published results were trained on the days from 1 on
SEEDS_PER_RUN: Final = 10_000
"""A training with seed ``s`` starts at training days ``s * 10_000`` and following."""
FIRST_VALIDATION_SEED: Final = 1_000_000
FIRST_TEST_SEED: Final = 2_000_000

_LARGEST_COUNT: Final = 1_000_000


def _consecutive(first: int, count: int, skip: int) -> tuple[int, ...]:
    number, before = whole_within(count, 1, _LARGEST_COUNT), whole_within(skip, 0, _LARGEST_COUNT)
    if number is None or before is None or before + number > _LARGEST_COUNT:
        message = f"seeds: need 1 to {_LARGEST_COUNT} in all, got {count!r} after skipping {skip!r}"
        raise ActionError(message)
    return tuple(range(first + before, first + before + number))


def checked_seeds(seeds: Iterable[int]) -> tuple[int, ...]:
    """Seeds of runs as Python's integers.

    Raises:
        ActionError: none at all, or some that are no whole numbers or out of range.
    """
    given = [] if isinstance(seeds, str | bytes) or not isinstance(seeds, Iterable) else list(seeds)
    found = [whole_within(seed, 0) for seed in given]
    if not found or None in found:
        message = f"seeds: need one or more whole numbers from 0 to 2**63 - 1, got {seeds!r}"
        raise ActionError(message)
    return tuple(seed for seed in found if seed is not None)


def seed_array(seeds: Iterable[int]) -> I64:
    """Seeds of runs as an array; one of int64 is checked as a whole, as a search plays the same days a million times.

    Raises:
        ActionError: as ``checked_seeds``.
    """
    if isinstance(seeds, np.ndarray) and _are_whole(seeds) and len(seeds) and (seeds >= 0).all():
        return seeds
    return np.array(checked_seeds(seeds), np.int64)


def _are_whole(numbers: npt.NDArray[Any]) -> bool:
    return numbers.dtype == np.int64 and numbers.ndim == 1


def training_seeds(count: int, skip: int = 0) -> tuple[int, ...]:
    """Days to learn from and to tune parameters on."""
    return _consecutive(FIRST_TRAINING_SEED, count, skip)


def validation_seeds(count: int, skip: int = 0) -> tuple[int, ...]:
    """Days to choose between trained policies and settings."""
    return _consecutive(FIRST_VALIDATION_SEED, count, skip)


def held_out_seeds(count: int, skip: int = 0) -> tuple[int, ...]:
    """Test days: only final figures are taken from them."""
    return _consecutive(FIRST_TEST_SEED, count, skip)


def fresh_seeds(seed: int, count: int) -> list[int]:
    """Seeds of days that go on from, or are independent of, the day of a seed; no seed is 0.

    More of them begin with the same ones.
    """
    drawn = np.random.SeedSequence(seed).generate_state(count, np.uint64) >> np.uint64(1)
    return [max(int(one), 1) for one in drawn]
