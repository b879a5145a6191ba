"""Amounts as people read them: whole currency units with two decimals, and the currency's label where it is known."""

from __future__ import annotations

from typing import Final

CENTS_PER_UNIT: Final = 100


def amount_text(cents: float, currency: str | None = None, *, signed: bool = False) -> str:
    """Cents in currency units, such as ``1,234.50`` or ``1,234.50 EUR``; whole cents are converted exactly.

    Args:
        cents: whole cents; a float, such as a mean, is rounded to the nearest cent.
        currency: label after the amount; None leaves it out.
        signed: write ``+`` before an amount of 0 or more.
    """
    whole = cents if isinstance(cents, int) else round(float(cents))
    units, rest = divmod(abs(whole), CENTS_PER_UNIT)
    text = f"{'-' if whole < 0 else '+' if signed else ''}{units:,}.{rest:02}"
    return text if currency is None else f"{text} {currency}"


def unit_name(currency: str | None) -> str:
    """What amounts are counted in, for headings and axes: the currency's label, or ``currency units``."""
    return "currency units" if currency is None else currency
