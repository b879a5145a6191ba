"""Between which values an expression of a tree lies, whatever its fields: what is never zero, what is always true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from simcash_env.config.trees.language import Interval
from simcash_env.schema.limits import TREE_TOLERANCE

ANYTHING: Final[Interval] = (-math.inf, math.inf)

Truth = bool | None
"""Always true, always false, or either."""


def excludes_zero(interval: Interval) -> bool:
    """True if no value in it is as small as a denominator that counts as zero."""
    return interval[0] >= TREE_TOLERANCE or interval[1] <= -TREE_TOLERANCE


def compute(op: str, operands: Sequence[Interval]) -> Interval:
    """Bounds of an operator's result."""
    first, second = operands[0], operands[-1]
    if op == "+":
        return _ordered(first[0] + second[0], first[1] + second[1])
    if op == "-":
        return _ordered(first[0] - second[1], first[1] - second[0])
    if op == "*":
        products = [_product(left, right) for left in first for right in second]
        return min(products), max(products)
    if op in {"max", "min"}:
        choose = max if op == "max" else min
        return choose(low for low, _ in operands), choose(high for _, high in operands)
    if op == "abs":
        low = 0.0 if first[0] <= 0.0 <= first[1] else min(abs(first[0]), abs(first[1]))
        return low, max(abs(first[0]), abs(first[1]))
    if op in {"floor", "ceil", "round"}:
        return _rounded(first[0], -1.0), _rounded(first[1], 1.0)
    if op == "clamp":
        _, least, most = operands
        return compute("min", [compute("max", [first, least]), most])
    return ANYTHING  # quotients


def _ordered(low: float, high: float) -> Interval:
    return (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)


def _product(left: float, right: float) -> float:
    return 0.0 if 0.0 in {left, right} else left * right


def _rounded(bound: float, slack: float) -> float:
    """A bound that holds whichever way is rounded."""
    return bound if bound.is_integer() else bound + slack


def compare_intervals(op: str, left: Interval, right: Interval) -> Truth:
    """The result of a comparison if the bounds alone decide it, else None."""
    if op in {">", ">="}:
        return compare_intervals("<" if op == ">" else "<=", right, left)
    if op == "<":
        return True if left[1] < right[0] else False if left[0] >= right[1] else None
    if op == "<=":
        return True if left[1] <= right[0] else False if left[0] > right[1] + TREE_TOLERANCE else None
    apart = left[1] < right[0] - TREE_TOLERANCE or right[1] < left[0] - TREE_TOLERANCE
    same = left == right and left[0] == left[1] and math.isfinite(left[0])
    equal = False if apart else True if same else None
    return equal if op == "==" or equal is None else not equal


def narrowed(op: str, field: Interval, other: Interval, *, holds: bool) -> Interval:
    """Bounds of a field once its comparison with something has come out."""
    if not holds:
        opposite = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
        return narrowed(opposite[op], field, other, holds=True)
    low, high = field
    if op in {"<", "<=", "=="}:
        high = min(high, other[1] + TREE_TOLERANCE)
    if op in {">", ">=", "=="}:
        low = max(low, other[0] - TREE_TOLERANCE)
    return (low, high) if low <= high else field


def every(truths: Sequence[Truth]) -> Truth:
    """Truth of a conjunction."""
    return False if False in truths else None if None in truths else True


def some(truths: Sequence[Truth]) -> Truth:
    """Truth of a disjunction."""
    return True if True in truths else None if None in truths else False
