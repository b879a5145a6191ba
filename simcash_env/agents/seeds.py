"""The seed of the episode that follows one."""

from __future__ import annotations

from typing import Final

import numpy as np

from simcash_env.kernels._numba.jit import entry, wrapping_kernel

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_A: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B: Final = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S1 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(1)


@wrapping_kernel
def next_seed(seed: int) -> int:
    """The seed of the episode after this one (splitmix64)."""
    word = np.uint64(seed) + _GOLDEN
    word = (word ^ (word >> _S30)) * _MIX_A
    word = (word ^ (word >> _S27)) * _MIX_B
    return np.int64((word ^ (word >> _S31)) >> _S1)  # type: ignore[return-value]


@entry
def next_seed_of(seed: int) -> int:
    """``next_seed`` for Python."""
    return next_seed(seed)
