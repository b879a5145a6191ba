"""Checking the values and conditions of a tree, and what their bounds decide."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simcash_env.config.faults import Broken, Place
from simcash_env.config.suggest import nearest, suggestion
from simcash_env.config.trees import bounds as tree_bounds
from simcash_env.config.trees.bounds import ANYTHING, Truth
from simcash_env.config.trees.language import (
    COMPARISONS,
    FIELDS,
    LOGIC,
    OPERANDS,
    PAYMENT_FIELDS,
    REGISTER_PREFIX,
    Interval,
    Kind,
    field_bounds,
)

SOURCES: Final = ("field", "param", "value", "compute")
MAX_NESTING: Final = 50
"""How deeply conditions and computations may lie in one another."""

Facts = Mapping[str, Interval]
"""What the conditions above a node imply for its fields."""


def is_number(value: Any) -> bool:
    """A finite number that a float can hold; truth values count where ``isinstance`` says so, not here."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def is_source(value: Any) -> bool:
    """True for a mapping whose only key names a source of values; its content is not checked."""
    return isinstance(value, dict) and len(value) == 1 and next(iter(value)) in SOURCES


def among(name: Any, known: Any) -> str:
    """A hint at the nearest known word."""
    return suggestion(nearest(name, known)) if isinstance(name, str) else ""


@dataclass
class ValueCheck:
    """Checks values and conditions of one tree; faults and notes carry the id of the node that is being read."""

    parameters: Mapping[str, float]
    broken: list[Broken] = field(default_factory=list)
    notes: list[Broken] = field(default_factory=list)
    registers: dict[str, None] = field(default_factory=dict)
    kind: Kind = "payment"
    node: str = ""

    def fault(self, place: Place, rule: str, value: Any) -> None:
        """A broken rule at a place of the current node."""
        self.broken.append(Broken(place, f"node {self.node!r}: {rule}" if self.node else rule, value))

    def note(self, place: Place, text: str, value: Any = None) -> None:
        """Something that is no fault but hardly meant."""
        self.notes.append(Broken(place, f"node {self.node!r}: {text}" if self.node else text, value))

    def mapping(self, value: Any, place: Place) -> dict[str, Any] | None:
        """The value where it is a mapping."""
        if isinstance(value, dict):
            return value
        self.fault(place, "must be a mapping", value)
        return None

    # -- values -------------------------------------------------------------------------------------------------------

    def value(self, value: Any, place: Place, facts: Facts, nesting: int = 0) -> Interval:
        """Check ``{"field": ...}``, ``{"param": ...}``, ``{"value": ...}`` or ``{"compute": ...}``; returns bounds."""
        if is_number(value) or isinstance(value, bool):
            self.fault(place, f'must be {{"value": {value}}}: a number stands in a mapping of its own', value)
            return ANYTHING
        row = self.mapping(value, place)
        if row is None:
            return ANYTHING
        if len(row) != 1 or next(iter(row)) not in SOURCES:
            self.fault(place, "must have exactly one of field, param, value, compute", ", ".join(map(str, row)))
            return ANYTHING
        ((source, content),) = row.items()
        place = (*place, source)
        if source == "compute":
            return self.computation(content, place, facts, nesting + 1)
        if source == "value":
            return self.literal(content, place)
        if not isinstance(content, str):
            self.fault(place, "must be text", content)
            return ANYTHING
        return self.parameter(content, place) if source == "param" else self.field_name(content, place, facts)

    def literal(self, value: Any, place: Place) -> Interval:
        """A number or a truth value."""
        if isinstance(value, bool) or is_number(value):
            return float(value), float(value)
        rule = "must be a finite number" if isinstance(value, (int, float)) else "must be a number or a truth value"
        self.fault(place, rule, value)
        return ANYTHING

    def parameter(self, name: str, place: Place) -> Interval:
        """A parameter of the file."""
        if name in self.parameters:
            return self.parameters[name], self.parameters[name]
        self.fault(place, f"unknown parameter{among(name, self.parameters)}", name)
        return ANYTHING

    def field_name(self, name: str, place: Place, facts: Facts) -> Interval:
        """A field that exists and has a meaning in this kind of tree, or a register."""
        if name.startswith(REGISTER_PREFIX):
            self.registers[name] = None
        elif name not in FIELDS:
            self.fault(place, f"unknown field{among(name, FIELDS)}", name)
        elif name in PAYMENT_FIELDS and self.kind != "payment":
            self.fault(place, f"a field of payments has no meaning in a {self.kind} tree", name)
        return facts.get(name, field_bounds(name))

    def computation(self, value: Any, place: Place, facts: Facts, nesting: int) -> Interval:
        """An operator and its operands."""
        row = self.operation(value, place, OPERANDS, nesting)
        if row is None:
            return ANYTHING
        op = row["op"]
        keys = OPERANDS[op]
        self.expect_keys(row, place, ("op", *keys))
        operands = []
        for key in keys:
            items, at = row.get(key), (*place, key)
            if key != "values":
                operands.append(self.value(items, at, facts, nesting) if key in row else ANYTHING)
            elif not isinstance(items, (list, tuple)) or not items:
                self.fault(at, "must be a list of at least one value", items)
                return ANYTHING
            else:
                operands += [self.value(item, (*at, number), facts, nesting) for number, item in enumerate(items)]
        if op == "/" and "right" in row and not tree_bounds.excludes_zero(self.bare(row["right"], nesting)):
            rule = "may divide by zero: use div0 with numerator, denominator and default"
            self.fault((*place, "right"), rule, "a denominator that may be 0")
        return tree_bounds.compute(op, operands)

    def bare(self, value: Any, nesting: int) -> Interval:
        """Bounds of a value whatever the conditions above it."""
        quiet = ValueCheck(self.parameters, kind=self.kind)
        return quiet.value(value, (), {}, nesting)

    # -- conditions ---------------------------------------------------------------------------------------------------

    def condition(self, value: Any, place: Place, facts: Facts, nesting: int = 0) -> Truth:
        """Check a condition; returns True or False if it always has this value, else None."""
        row = self.operation(value, place, (*COMPARISONS, *LOGIC), nesting)
        if row is None:
            return None
        op = row["op"]
        if op in COMPARISONS:
            self.expect_keys(row, place, ("op", "left", "right"))
            if "left" not in row or "right" not in row:
                return None
            left = self.value(row["left"], (*place, "left"), facts, nesting)
            right = self.value(row["right"], (*place, "right"), facts, nesting)
            if row["left"] == row["right"]:
                return op in {"==", "<=", ">="}
            return tree_bounds.compare_intervals(op, left, right)
        if op == "not":
            self.expect_keys(row, place, ("op", "condition"))
            if "condition" not in row:
                return None
            inner = self.condition(row["condition"], (*place, "condition"), facts, nesting + 1)
            return None if inner is None else not inner
        self.expect_keys(row, place, ("op", "conditions"))
        items = row.get("conditions")
        if not isinstance(items, (list, tuple)) or not items:
            self.fault((*place, "conditions"), "must be a list of at least one condition", items)
            return None
        truths = [self.condition(item, (*place, "conditions", at), facts, nesting + 1) for at, item in enumerate(items)]
        return tree_bounds.every(truths) if op == "and" else tree_bounds.some(truths)

    def operation(self, value: Any, place: Place, known: Any, nesting: int) -> dict[str, Any] | None:
        """A mapping with a known operator, not nested too deeply."""
        if nesting > MAX_NESTING:
            self.fault(place, f"conditions and computations must not lie more than {MAX_NESTING} deep", None)
            return None
        row = self.mapping(value, place)
        if row is None:
            return None
        op = row.get("op")
        if isinstance(op, str) and op in known:
            return row
        self.fault((*place, "op"), "is required" if op is None else f"unknown operator{among(op, known)}", op)
        return None

    def expect_keys(self, row: dict[str, Any], place: Place, keys: tuple[str, ...]) -> None:
        """Exactly these keys."""
        for key in keys:
            if key not in row:
                self.fault((*place, key), "is required", None)
        for key, content in row.items():
            if key not in keys:
                self.fault((*place, key), f"unknown key{among(key, keys)}", content)

    def learned(self, condition: Any, facts: Facts, *, holds: bool) -> Facts:
        """What is known about fields below a condition that has come out."""
        if not isinstance(condition, dict):
            return facts
        op = str(condition.get("op"))
        if op == "not":
            return self.learned(condition.get("condition"), facts, holds=not holds)
        if op in {"and", "or"} and holds == (op == "and"):
            for item in condition.get("conditions") or ():
                facts = self.learned(item, facts, holds=holds)
        elif op in COMPARISONS:
            facts = self._compared(op, condition.get("left"), condition.get("right"), facts, holds=holds)
            mirrored = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(op, op)
            facts = self._compared(mirrored, condition.get("right"), condition.get("left"), facts, holds=holds)
        return facts

    def _compared(self, op: str, asked: Any, other: Any, facts: Facts, *, holds: bool) -> Facts:
        name = asked.get("field") if isinstance(asked, dict) else None
        if not isinstance(name, str):
            return facts
        quiet = ValueCheck(self.parameters, kind=self.kind)
        before = facts.get(name, field_bounds(name))
        bounds = quiet.value(other, (), facts)
        return {**facts, name: tree_bounds.narrowed(op, before, bounds, holds=holds)}
