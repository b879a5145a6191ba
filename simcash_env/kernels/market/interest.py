"""Interest in exact integers: rates are hundredths of a basis point, so a million of them is the whole principal."""

from __future__ import annotations

from typing import Final

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.money import SAFE_PRODUCT
from simcash_env.schema.arrays import Scenario

MAX_INTEREST_CENTS: Final = 10**17
"""No loan is made, and no overdue one grows, beyond this."""

FACTOR_BITS: Final = 62


@kernel
def wide_multiply_divide(amount: int, factor: int, half: int, scale: int) -> int:
    """``(amount * factor + half) // scale`` without overflow; all below 2**62, the quotient too, half below scale."""
    if float(amount) * float(factor) < SAFE_PRODUCT:
        return (amount * factor + half) // scale
    whole, part = amount // scale, amount % scale
    quotient, rest = 0, 0
    for place in range(FACTOR_BITS):  # part * factor / scale, bit by bit from the highest
        quotient, rest = 2 * quotient, 2 * rest
        if rest >= scale:
            quotient, rest = quotient + 1, rest - scale
        if (factor >> (FACTOR_BITS - 1 - place)) & 1:
            rest += part
            if rest >= scale:
                quotient, rest = quotient + 1, rest - scale
    return whole * factor + quotient + (1 if rest >= scale - half else 0)


@kernel
def interest(scenario: Scenario, cents: int, rate: int, ticks: int) -> int:
    """Interest on a loan, rounded half up to the cent; at most ``MAX_INTEREST_CENTS``."""
    scale = scenario.market_interest_scale[0]
    if float(cents) * float(rate) * float(ticks) / float(scale) > MAX_INTEREST_CENTS:
        return MAX_INTEREST_CENTS
    return wide_multiply_divide(cents, rate * ticks, scale // 2, scale)


@kernel
def most_interest(scenario: Scenario, cents: int, rate: int, ticks: int) -> int:
    """Bounds the interest of any partial fills of a bid, each rounded: twice the exact interest of the whole."""
    scale = scenario.market_interest_scale[0]
    if 2.0 * float(cents) * float(rate) * float(ticks) / float(scale) > MAX_INTEREST_CENTS:
        return MAX_INTEREST_CENTS
    return wide_multiply_divide(2 * cents, rate * ticks, 0, scale)
