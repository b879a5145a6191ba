"""Tree programs: what every scripted policy becomes, flat arrays that one kernel interprets.

A policy is written as nested nodes (``when(...)`` and leaves) and appended to a ``ProgramBuilder``, which all banks of
a scenario share; equal trees are stored once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from simcash_env.codes import NONE, Field, NodeKind, Op, TreeAction


@dataclass(frozen=True)
class Expression:
    """Postfix code: (operation, field, value) triples."""

    code: tuple[tuple[Op, int, float], ...]


@dataclass(frozen=True)
class Leaf:
    """What to do with the payment; ``parts`` and ``smallest_cents`` belong to a split."""

    action: TreeAction
    parts: int = NONE
    smallest_cents: int = 0


@dataclass(frozen=True)
class When:
    """Where the condition holds go one way, else the other."""

    condition: Expression
    on_true: Node
    on_false: Node


Node: TypeAlias = Leaf | When

HOLD = Leaf(TreeAction.HOLD)
RELEASE = Leaf(TreeAction.RELEASE)
DROP = Leaf(TreeAction.DROP)


def split_into(parts: int, smallest_cents: int = 0) -> Leaf:
    """Split into so many parts, none of them under ``smallest_cents``."""
    return Leaf(TreeAction.SPLIT, parts, smallest_cents)


def value(number: float) -> Expression:
    """A constant."""
    return Expression(((Op.CONSTANT, NONE, float(number)),))


def ask(name: Field) -> Expression:
    """A field."""
    return Expression(((Op.FIELD, int(name), 0.0),))


def apply(op: Op, *operands: Expression) -> Expression:
    """An operation on expressions."""
    code = [instruction for operand in operands for instruction in operand.code]
    return Expression((*code, (op, NONE, 0.0)))


@dataclass
class ProgramBuilder:
    """Collects the trees of all banks; ``add`` returns the root's node number."""

    nodes: list[tuple[int, int, int, int, int]] = field(default_factory=list)
    instructions: list[tuple[int, int, float]] = field(default_factory=list)
    known: dict[Node, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """Append a tree, children first; a tree that is there already is not stored again."""
        if node in self.known:
            return self.known[node]
        if isinstance(node, Leaf):
            row = (int(NodeKind.ACTION), int(node.action), NONE, node.parts, node.smallest_cents)
        else:
            on_true, on_false = self.add(node.on_true), self.add(node.on_false)
            first = len(self.instructions)
            self.instructions += [(int(op), name, number) for op, name, number in node.condition.code]
            row = (int(NodeKind.CONDITION), first, len(self.instructions), on_true, on_false)
        self.nodes.append(row)
        self.known[node] = len(self.nodes) - 1
        return self.known[node]

    def stack_depth(self) -> int:
        """The deepest stack that any expression needs."""
        depth = deepest = 0
        for op, _, _ in self.instructions:
            if op in {Op.CONSTANT, Op.FIELD}:
                depth += 1
            elif op == Op.DIVIDE_OR:
                depth -= 2
            elif op not in {Op.FLOOR, Op.CEIL, Op.ROUND, Op.ABS, Op.NOT}:
                depth -= 1
            deepest = max(deepest, depth)
        return deepest
