"""Whole numbers as arguments: Python's and NumPy's are the same; truth values, floats and text are none."""

from __future__ import annotations

from numbers import Integral
from typing import Any, Final

LARGEST_INT64: Final = 2**63 - 1

_PLAIN: Final = frozenset({str, int, float, bool, type(None)})
_DEEPEST: Final = 64


def whole(value: object) -> int | None:
    """The Python integer that a whole number is; None if it is not one."""
    if type(value) is int:
        return value
    if isinstance(value, bool) or not isinstance(value, Integral):
        return None
    dtype = getattr(value, "dtype", None)  # a time span of NumPy is registered as an integer, and is none
    return int(value) if dtype is None or dtype.kind in "iu" else None


def whole_within(value: object, least: int, most: int = LARGEST_INT64) -> int | None:
    """The same, of a number from ``least`` to ``most``."""
    number = whole(value)
    return number if number is not None and least <= number <= most else None


def with_plain_integers(value: Any, depth: int = _DEEPEST) -> Any:
    """A document, or part of one, with NumPy's integers as Python's; what has none in it is returned unchanged."""
    if type(value) in _PLAIN or depth == 0:
        return value
    number = whole(value)
    if number is not None:
        return number
    if isinstance(value, dict):
        changed = {key: with_plain_integers(item, depth - 1) for key, item in value.items()}
        return changed if any(changed[key] is not item for key, item in value.items()) else value
    if type(value) in {list, tuple}:
        items = [with_plain_integers(item, depth - 1) for item in value]
        return type(value)(items) if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value
