"""Conversion of decimal numbers to scaled integers without binary rounding."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

PPM = 10**6
THOUSAND = 10**3


def written(number: float) -> Decimal:
    """The shortest decimal that parses to this float, as written in the file (0.1 is one tenth)."""
    return Decimal(str(number))


def scaled(number: float, scale: int, rounding: str = ROUND_HALF_UP) -> int:
    """``number * scale`` as an integer, halves away from zero by default."""
    with localcontext(prec=400):
        return int((written(number) * scale).to_integral_value(rounding=rounding))


def millionths(number: float) -> int:
    """In units of 10⁻⁶, rounded half away from zero."""
    return scaled(number, PPM)


def millionths_truncated(number: float) -> int:
    """In units of 10⁻⁶, truncated."""
    return scaled(number, PPM, ROUND_DOWN)


def millionths_of_part(number: float, parts: int) -> int:
    """``number / parts`` in units of 10⁻⁶, rounded half away from zero once."""
    exact = Fraction(written(number)) * PPM / parts
    magnitude = (2 * abs(exact.numerator) + exact.denominator) // (2 * exact.denominator)
    return magnitude if exact >= 0 else -magnitude


def thousandths(number: float) -> int:
    """In units of 10⁻³, rounded half away from zero."""
    return scaled(number, THOUSAND)
