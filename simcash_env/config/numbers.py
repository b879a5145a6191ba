"""Syntax of numbers: decimal, for all user input."""

from __future__ import annotations

import re

WHOLE = re.compile(r"[-+]?[0-9]+(?:_[0-9]+)*")
DECIMAL = re.compile(
    r"[-+]?(?:[0-9]+(?:_[0-9]+)*(?:\.(?:[0-9]+(?:_[0-9]+)*)?)?|\.[0-9]+(?:_[0-9]+)*)(?:[eE][-+]?[0-9]+)?"
)
"""Pattern of numbers; a ``WHOLE`` one is an integer, with or without leading zeros."""

OTHER_BASE = re.compile(r"[-+]?0(?:[bB][01_]+|[oO][0-7_]+|[xX][0-9a-fA-F_]+)")
SEXAGESIMAL = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
ODD_UNDERSCORES = re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?")

OCTAL = re.compile(r"[-+]?0[0-7_]+")
LEADING_ZERO = re.compile(r"[-+]?0_?[0-9][0-9_]*")


def number_in(text: str) -> int | float | None:
    """The decimal value of a text; None if it is not a number."""
    digits = text.replace("_", "")
    if WHOLE.fullmatch(text):
        return int(digits)
    return float(digits) if DECIMAL.fullmatch(text) else None


def has_two_meanings(text: str) -> bool:
    """True if YAML readers disagree on whether this is a number, or on its value."""
    others = OTHER_BASE, SEXAGESIMAL, ODD_UNDERSCORES
    return DECIMAL.fullmatch(text) is None and any(other.fullmatch(text) for other in others)
