"""Which seeds are for what. Training, validation and test never share one."""

from __future__ import annotations

from typing import Final

FIRST_TRAINING_SEED: Final = 1  # published results were trained on the days from 1 on
FIRST_VALIDATION_SEED: Final = 1_000_000
FIRST_TEST_SEED: Final = 2_000_000

_LARGEST_COUNT: Final = 1_000_000


def _consecutive(first: int, count: int, skip: int) -> tuple[int, ...]:
    if count < 1 or skip < 0 or skip + count > _LARGEST_COUNT:
        message = f"seeds: need 1 to {_LARGEST_COUNT} in all, got {count} after skipping {skip}"
        raise ValueError(message)
    return tuple(range(first + skip, first + skip + count))


def training_seeds(count: int, skip: int = 0) -> tuple[int, ...]:
    """Days to learn from and to tune parameters on."""
    return _consecutive(FIRST_TRAINING_SEED, count, skip)


def validation_seeds(count: int, skip: int = 0) -> tuple[int, ...]:
    """Days to choose between trained policies and settings."""
    return _consecutive(FIRST_VALIDATION_SEED, count, skip)


def held_out_seeds(count: int, skip: int = 0) -> tuple[int, ...]:
    """Test days: only final figures are taken from them."""
    return _consecutive(FIRST_TEST_SEED, count, skip)
