"""Tree programs: what every scripted policy becomes, flat arrays that one kernel interprets.

A policy is written as nested nodes (``When`` and leaves) and appended to a ``ProgramBuilder``, which all banks of a
scenario share; equal trees are stored once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from simcash_env.schema.codes import NONE, Field, Op, TreeAction

T = TypeVar("T")


@dataclass(frozen=True)
class Expression:
    """Postfix code: (operation, field, value) triples."""

    code: tuple[tuple[Op, int, float], ...]


@dataclass(frozen=True)
class Leaf:
    """What to do: an action, the values that it is given, and what of it is fixed.

    ``key`` is the priority that a release sets, the RTGS priority of a resubmission, or the register of a bank's
    memory. ``focus`` names the counterparties that a release budget is for, all of them where it is empty.
    ``path`` are the names of the nodes that lead here, for the event log.
    """

    action: TreeAction
    values: tuple[Expression, ...] = ()
    key: int = NONE
    focus: tuple[str, ...] = ()
    path: str = ""


@dataclass(frozen=True)
class When:
    """Where the condition holds go one way, else the other."""

    condition: Expression
    on_true: Node
    on_false: Node


Node: TypeAlias = Leaf | When


@dataclass(frozen=True)
class Trees:
    """What a policy is made of; only the payment tree must be there."""

    payment: Node
    bank: Node | None = None
    strategic_collateral: Node | None = None
    end_collateral: Node | None = None
    registers: tuple[str, ...] = ()  # names of the memory in the order of its numbers


HOLD = Leaf(TreeAction.HOLD)
RELEASE = Leaf(TreeAction.RELEASE)
DROP = Leaf(TreeAction.DROP)


def split_into(parts: int, smallest_cents: int = 0) -> Leaf:
    """Split into this number of parts, or fewer so that none is below ``smallest_cents``; hold if that is one part."""
    if smallest_cents == 0:
        return Leaf(TreeAction.SPLIT, (value(parts),))
    most = apply(Op.FLOOR, apply(Op.DIVIDE, ask(Field.REMAINING_AMOUNT), value(smallest_cents)))
    return Leaf(TreeAction.SPLIT, (apply(Op.MINIMUM, value(parts), most),))


def value(number: float) -> Expression:
    """A constant."""
    return Expression(((Op.CONSTANT, NONE, float(number)),))


def ask(name: Field) -> Expression:
    """A field."""
    return Expression(((Op.FIELD, int(name), 0.0),))


def register_value(register: int) -> Expression:
    """A number that the bank remembers."""
    return Expression(((Op.REGISTER, register, 0.0),))


def apply(op: Op, *operands: Expression) -> Expression:
    """An operation on expressions."""
    code = [instruction for operand in operands for instruction in operand.code]
    return Expression((*code, (op, NONE, 0.0)))


def until(skip: Op, *operands: Expression) -> Expression:
    """Conditions one after another until one decides: the first false one (SKIP_IF_FALSE) or true one."""
    *rest, last = operands
    code = last.code
    for operand in reversed(rest):
        code = (*operand.code, (skip, len(code), 0.0), *code)
    return Expression(code)


def leaves(node: Node) -> Iterator[Leaf]:
    """Every leaf of a tree."""
    if isinstance(node, Leaf):
        yield node
    else:
        yield from leaves(node.on_true)
        yield from leaves(node.on_false)


def expressions(node: Node) -> Iterator[Expression]:
    """Every condition of a tree, and every value of its leaves."""
    if isinstance(node, Leaf):
        yield from node.values
    else:
        yield node.condition
        yield from expressions(node.on_true)
        yield from expressions(node.on_false)


def depth_of(expression: Expression) -> int:
    """The deepest stack that an expression needs."""
    depth = deepest = 0
    for op, _, _ in expression.code:
        if op <= Op.REGISTER:
            depth += 1
        elif op > Op.NOT:
            depth -= 2 if op in {Op.DIVIDE_OR, Op.CLAMP} else 1
        deepest = max(deepest, depth)
    return deepest


@dataclass
class ProgramBuilder:
    """Collects the trees of all banks; ``add`` returns the root's node number."""

    nodes: list[tuple[int, ...]] = field(default_factory=list)  # columns ``node_action`` to ``node_path``
    instructions: list[tuple[int, int, float]] = field(default_factory=list)
    focus: list[tuple[str, ...]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    known: dict[Node, int] = field(default_factory=dict)
    stack_depth: int = 1

    def add(self, node: Node) -> int:
        """Append a tree, children first; a tree that is there already is not stored again."""
        if node in self.known:
            return self.known[node]
        if isinstance(node, Leaf):
            first, end = self._append(*node.values)
            path = NONE if not node.path else self._number(self.paths, node.path)
            key = self._number(self.focus, node.focus) if node.focus else node.key
            row: tuple[int, ...] = (int(node.action), key, first, end, NONE, NONE, path)
        else:
            on_true, on_false = self.add(node.on_true), self.add(node.on_false)
            first, end = self._append(node.condition)
            row = (NONE, NONE, first, end, on_true, on_false, NONE)
        self.nodes.append(row)
        self.known[node] = len(self.nodes) - 1
        return self.known[node]

    def add_where_given(self, node: Node | None) -> int:
        """As ``add``; NONE for no tree."""
        return NONE if node is None else self.add(node)

    def reads(self, name: Field) -> bool:
        """True if any program reads this field."""
        return any(op == Op.FIELD and asked == name for op, asked, _ in self.instructions)

    def _append(self, *expressions: Expression) -> tuple[int, int]:
        """Append expressions that leave their values on the stack one above the other."""
        first = len(self.instructions)
        for below, expression in enumerate(expressions):
            self.instructions += [(int(op), name, number) for op, name, number in expression.code]
            self.stack_depth = max(self.stack_depth, below + depth_of(expression))
        return first, len(self.instructions)

    @staticmethod
    def _number(known: list[T], item: T) -> int:
        if item not in known:
            known.append(item)
        return known.index(item)
