"""Exact decimal arithmetic: how written numbers become integers."""

import math
from decimal import Decimal
from fractions import Fraction

MILLION = 10**6


def as_fraction(number: float | Decimal) -> Fraction:
    """The decimal that was written (0.1 is one tenth, not the binary double next to it)."""
    return Fraction(str(number))


def round_half_away(number: Fraction) -> int:
    """R(x): to the nearest integer, halves away from zero."""
    magnitude = (2 * abs(number.numerator) + number.denominator) // (2 * number.denominator)
    return magnitude if number >= 0 else -magnitude


def round_double(number: float) -> int:
    """R(x) of a binary double."""
    return round_half_away(Fraction(number))


def millionths(number: float | Decimal) -> int:
    """A written number in units of 10⁻⁶, rounded half away."""
    return round_half_away(as_fraction(number) * MILLION)


def thousandths(number: float | Decimal) -> int:
    """A written number in units of 10⁻³, rounded half away."""
    return round_half_away(as_fraction(number) * 1000)


def millionths_truncated(number: float | Decimal) -> int:
    """A written number in units of 10⁻⁶, cut off."""
    return math.trunc(as_fraction(number) * MILLION)


def ceil_div(numerator: int, denominator: int) -> int:
    """Integer division rounded up."""
    return -(-numerator // denominator)
