"""Tree programs on arrays: the same trees that a kernel interprets for one payment, for many payments at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from simcash_env.policies.program import Expression, Leaf, Node, expressions, leaves
from simcash_env.schema.arrays import F64, I64
from simcash_env.schema.codes import Field, Op, TreeAction, Verb
from simcash_env.schema.limits import TREE_TOLERANCE

Facts = Mapping[Field, F64]
"""What the fields of a tree are, as arrays that broadcast together."""

VERB_OF: Final = {
    TreeAction.HOLD: Verb.HOLD,
    TreeAction.RELEASE: Verb.RELEASE,
    TreeAction.SPLIT: Verb.SPLIT,
    TreeAction.DROP: Verb.DROP,
}
"""Leaves that a learning bank can carry out, and how."""


def _equal(left: F64, right: F64) -> Any:
    return np.abs(left - right) < TREE_TOLERANCE


def _quotient(left: F64, right: F64) -> F64:
    return np.divide(left, right, out=np.zeros(np.broadcast(left, right).shape), where=right != 0.0)


UNARY: Final[dict[Op, Callable[[F64], Any]]] = {Op.FLOOR: np.floor, Op.NOT: lambda value: value == 0.0}
BINARY: Final[dict[Op, Callable[[F64, F64], Any]]] = {
    Op.ADD: np.add,
    Op.SUBTRACT: np.subtract,
    Op.MULTIPLY: np.multiply,
    Op.DIVIDE: _quotient,
    Op.MINIMUM: np.minimum,
    Op.MAXIMUM: np.maximum,
    Op.EQUAL: _equal,
    Op.NOT_EQUAL: lambda left, right: np.abs(left - right) >= TREE_TOLERANCE,
    Op.LESS: np.less,
    Op.LESS_EQUAL: lambda left, right: (left <= right) | _equal(left, right),
    Op.GREATER: np.greater,
    Op.GREATER_EQUAL: lambda left, right: (left >= right) | _equal(left, right),
}


def evaluate(expression: Expression, facts: Facts) -> F64:
    """The value of an expression; comparisons are 1 or 0.

    Raises:
        KeyError: a field that is none of the facts, or an operation that is not supported on arrays.
    """
    return _run(expression.code, facts)


def _run(code: tuple[tuple[Op, int, float], ...], facts: Facts) -> F64:
    stack: list[F64] = []
    at = 0
    while at < len(code):
        op, name, number = code[at]
        at += 1
        if op == Op.CONSTANT:
            stack.append(np.asarray(number))
        elif op == Op.FIELD:
            stack.append(facts[Field(name)])
        elif op in {Op.SKIP_IF_FALSE, Op.SKIP_IF_TRUE}:
            first, rest = stack.pop(), _run(code[at : at + name], facts)
            stack.append(np.where((first != 0.0) == (op == Op.SKIP_IF_TRUE), first, rest))
            at += name
        elif op in UNARY:
            stack.append(np.asarray(UNARY[op](stack.pop()), np.float64))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(np.asarray(BINARY[op](left, right), np.float64))
    return stack[0]


def decide(tree: Node, facts: Facts, shape: tuple[int, ...]) -> I64:
    """What a payment tree decides for payments of this shape: a ``codes.Verb``, or ``Verb.SPLIT`` plus the parts."""
    if isinstance(tree, Leaf):
        parts = evaluate(tree.values[0], facts) if tree.action == TreeAction.SPLIT else 0
        return np.broadcast_to(int(VERB_OF[tree.action]) + np.asarray(parts, np.int64), shape)
    holds = evaluate(tree.condition, facts) != 0.0
    chosen: I64 = np.where(holds, decide(tree.on_true, facts, shape), decide(tree.on_false, facts, shape))
    return chosen


def reads(tree: Node, name: Field) -> bool:
    """True if any condition or value of a tree reads this field."""
    return any(op == Op.FIELD and asked == name for each in expressions(tree) for op, asked, _ in each.code)


def most_parts(tree: Node) -> int:
    """The largest number of parts that a tree splits a payment into, however large that is; 0 where it splits none."""
    unbounded = {Field.REMAINING_AMOUNT: np.asarray(np.inf)}
    splits = [leaf for leaf in leaves(tree) if leaf.action == TreeAction.SPLIT]
    return max((int(evaluate(leaf.values[0], unbounded)) for leaf in splits), default=0)
