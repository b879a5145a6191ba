"""The random stream: xorshift64* (shifts 12, 25, 27) and the draws made from it. One stream a copy, in its state."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from simcash_env.kernels._numba.jit import inlined, kernel, wrapping_kernel
from simcash_env.schema.arrays import State
from simcash_env.schema.codes import STATE_OF_SEED_0

_MULTIPLIER: Final = np.uint64(0x2545F4914F6CDD1D)
_SHIFT_A: Final = np.uint64(12)
_SHIFT_B: Final = np.uint64(25)
_SHIFT_C: Final = np.uint64(27)
_SHIFT_FLOAT: Final = np.uint64(11)
_FLOAT_STEP: Final = 1.0 / (1 << 53)
_LARGEST_RATE_IN_ONE_DRAW: Final = 30.0


@wrapping_kernel
def next_word(state: State) -> np.uint64:
    """The next 64 random bits."""
    word = np.uint64(state.rng[0])
    word ^= word >> _SHIFT_A
    word ^= word << _SHIFT_B
    word ^= word >> _SHIFT_C
    state.rng[0] = np.int64(word)
    return word * _MULTIPLIER


@kernel
def start_stream(state: State, seed: int) -> None:
    """Begin the stream of a seed: the seed is its first word, and for seed 0 a word that is no seed."""
    state.rng[0] = STATE_OF_SEED_0 if seed == 0 else seed


@kernel
def draw_float(state: State) -> float:
    """Uniform in [0, 1), 53 bits."""
    return np.float64(next_word(state) >> _SHIFT_FLOAT) * _FLOAT_STEP


@kernel
def draw_positive_float(state: State) -> float:
    """Uniform in (0, 1): what a logarithm needs; 0 becomes the smallest step."""
    return max(draw_float(state), _FLOAT_STEP)


@kernel
def draw_integer(state: State, low: int, high: int) -> int:
    """Uniform in [low, high], by modulo as the reference engine does."""
    return low + np.int64(next_word(state) % np.uint64(high - low + 1))  # type: ignore[return-value]


@kernel
def draw_normal(state: State) -> float:
    """Standard normal by Box and Muller; two uniforms a draw, the second variate is not kept."""
    radius = math.sqrt(-2.0 * math.log(draw_positive_float(state)))
    return radius * math.cos(2.0 * math.pi * draw_float(state))


@inlined
def _draw_small_poisson(state: State, exp_neg_rate: float) -> int:
    count, product = 0, draw_float(state)
    while product > exp_neg_rate:
        count += 1
        product *= draw_float(state)
    return count


@inlined
def draw_poisson(state: State, rate: float, exp_neg_rate: float) -> int:
    """Poisson by multiplying uniforms; rates above 30 are drawn in parts, which keeps the product above underflow."""
    if rate <= _LARGEST_RATE_IN_ONE_DRAW:
        return _draw_small_poisson(state, exp_neg_rate)
    count = 0
    while rate > _LARGEST_RATE_IN_ONE_DRAW:
        count += _draw_small_poisson(state, math.exp(-_LARGEST_RATE_IN_ONE_DRAW))
        rate -= _LARGEST_RATE_IN_ONE_DRAW
    return count + _draw_small_poisson(state, math.exp(-rate))
