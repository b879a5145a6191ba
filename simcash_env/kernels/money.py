"""Exact integer arithmetic on money."""

from __future__ import annotations

from typing import Final

from simcash_env.kernels._numba.jit import kernel
from simcash_env.schema.codes import PPM

SAFE_PRODUCT: Final = 9.0e18
"""Products below this fit int64 whatever the rounding of their float estimate."""

BPS_SCALE: Final = 10**10
"""A rate in millionths of a basis point of an amount in cents."""

DELAY_SCALE: Final = 10**9
"""A rate in millionths of a cent a cent, of an amount in thousandths of cents."""

_PIECE: Final = 10**5


@kernel
def share_of(cents: int, share_ppm: int) -> int:
    """A share in millionths of non-negative cents, floored, without overflow."""
    return cents // PPM * share_ppm + cents % PPM * share_ppm // PPM


@kernel
def multiply_divide(amount: int, rate: int, half: int, scale: int) -> int:
    """``(amount * rate + half) // scale`` without overflow, for non-negative numbers and a scale that 10**5 divides.

    With ``half = scale // 2`` it rounds half up, with 0 down. The wide path splits the rate into pieces of 10**5,
    so that every intermediate product stays below 2**63.
    """
    if float(amount) * float(rate) < SAFE_PRODUCT:
        return (amount * rate + half) // scale
    whole, rest = amount // scale, amount % scale
    rate_whole, rate_rest = rate // scale, rate % scale
    high, low = rate_rest // _PIECE, rate_rest % _PIECE
    piece = scale // _PIECE
    carried = rest * high
    return whole * rate + rest * rate_whole + carried // piece + (carried % piece * _PIECE + rest * low + half) // scale


@kernel
def round_half_away(value: float) -> int:
    """The nearest integer, halves away from zero."""
    whole = int(abs(value) + 0.5)
    return whole if value >= 0.0 else -whole
