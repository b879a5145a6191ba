"""From a checked tree file to tree programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simcash_env.config.trees.language import ACTIONS, FIELDS, REGISTER_PREFIX, chosen
from simcash_env.policies.program import Expression, Leaf, Node, Trees, When, apply, ask, register_value, until, value
from simcash_env.schema.codes import NONE, Op, TreeAction

BINARY: Final = {
    "+": Op.ADD,
    "-": Op.SUBTRACT,
    "*": Op.MULTIPLY,
    "/": Op.DIVIDE,
    "==": Op.EQUAL,
    "!=": Op.NOT_EQUAL,
    "<": Op.LESS,
    "<=": Op.LESS_EQUAL,
    ">": Op.GREATER,
    ">=": Op.GREATER_EQUAL,
}
UNARY: Final = {"ceil": Op.CEIL, "floor": Op.FLOOR, "round": Op.ROUND, "abs": Op.ABS}
FOLDED: Final = {"max": Op.MAXIMUM, "min": Op.MINIMUM}

Row = Mapping[str, Any]


def build_trees(definition: Row, values: Mapping[str, float]) -> Trees:
    """The trees of a file that has been found right, with its parameters' values put in."""
    compiler = _Compiler(values)
    payment = compiler.node(definition["payment_tree"])
    others = {
        name: None if definition.get(key) is None else compiler.node(definition[key])
        for name, key in (
            ("bank", "bank_tree"),
            ("strategic_collateral", "strategic_collateral_tree"),
            ("end_collateral", "end_of_tick_collateral_tree"),
        )
    }
    return Trees(payment, **others, registers=tuple(compiler.registers))


def build_value(row: Row) -> Expression:
    """A formula of the tree language that has been found right, without parameters and registers."""
    return _Compiler({}).value(row)


class _Compiler:
    """Compiles the trees of one file; a register gets its number when it is met first."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self.values = values
        self.registers: dict[str, int] = {}

    def node(self, row: Row, path: tuple[str, ...] = ()) -> Node:
        """A node and all below it."""
        path = (*path, row["node_id"])
        if "condition" in row:
            condition = self.condition(row["condition"])
            return When(condition, self.node(row["on_true"], path), self.node(row["on_false"], path))
        return self.leaf(row, " > ".join(path))

    def leaf(self, row: Row, path: str) -> Leaf:
        """An action with its values in the order of the language, and what of it is fixed."""
        action = ACTIONS[row["action"]]
        given = row.get("parameters") or {}
        numbers, key, focus = [], NONE, ()
        for name, rule in action.parameters.items():
            if name == "timed_for_tick" and name not in given:
                continue
            if rule.takes == "number":
                numbers.append(self.value(given[name]) if name in given else value(rule.otherwise))
            elif name in given and rule.choices is not None:
                word = chosen(rule, given[name])
                key = NONE if word is None else word
            elif name == "key":
                key = self.register(given[name]["value"])
            elif name in given and rule.takes == "list":
                focus = tuple(sorted(set(given[name]["value"])))
        if action.code == TreeAction.WITHDRAW_COLLATERAL:
            numbers.append(value(0.0))  # as a post that never comes back, so that both are read alike
        return Leaf(action.code, tuple(numbers), key, focus, path)

    def register(self, name: str) -> int:
        """The number of a register."""
        return self.registers.setdefault(name, len(self.registers))

    def condition(self, row: Row) -> Expression:
        """A comparison, or conditions that are evaluated one after another until one decides."""
        op = row["op"]
        if op == "not":
            return apply(Op.NOT, self.condition(row["condition"]))
        if op in {"and", "or"}:
            skip = Op.SKIP_IF_FALSE if op == "and" else Op.SKIP_IF_TRUE
            return until(skip, *map(self.condition, row["conditions"]))
        return apply(BINARY[op], self.value(row["left"]), self.value(row["right"]))

    def value(self, row: Row) -> Expression:
        """A field, a register, a parameter, a constant or a computation."""
        ((source, content),) = row.items()
        if source == "compute":
            return self.computation(content)
        if source == "value":
            return value(float(content))
        if source == "param":
            return value(self.values[content])
        if content.startswith(REGISTER_PREFIX):
            return register_value(self.register(content))
        return ask(FIELDS[content])

    def computation(self, row: Row) -> Expression:
        """An operator on values."""
        op = row["op"]
        if op in BINARY:
            return apply(BINARY[op], self.value(row["left"]), self.value(row["right"]))
        if op in UNARY:
            return apply(UNARY[op], self.value(row["value"]))
        if op == "clamp":
            return apply(Op.CLAMP, self.value(row["value"]), self.value(row["min"]), self.value(row["max"]))
        if op == "div0":
            operands = (self.value(row[key]) for key in ("numerator", "denominator", "default"))
            return apply(Op.DIVIDE_OR, *operands)
        first, *rest = map(self.value, row["values"])
        for operand in rest:
            first = apply(FOLDED[op], first, operand)
        return first
