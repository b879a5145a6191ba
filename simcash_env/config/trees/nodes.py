"""Checking the nodes of trees: conditions, actions and their parameters; everything that is wrong at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from simcash_env.config.faults import Place
from simcash_env.config.texts import unusable
from simcash_env.config.trees.language import (
    ACTIONS,
    ALSO_NO_ACTION,
    ANNOTATIONS,
    REGISTER_PREFIX,
    TEXTS,
    TREES,
    Parameter,
    TreeActionSpec,
)
from simcash_env.config.trees.values import Facts, ValueCheck, among, is_number, is_source
from simcash_env.schema.codes import MAX_REGISTERS

MAX_DEPTH: Final = 100
"""Conditions on the way to a leaf, at most."""

MAX_NODES: Final = 10_000
"""Nodes of a file, at most."""


@dataclass
class TreeCheck(ValueCheck):
    """Checks a whole file."""

    ids: dict[str, Place] = field(default_factory=dict)
    num_nodes: int = 0

    def definition(self, value: Any, overrides: Mapping[str, Any]) -> None:
        """Check a file's content and the parameters that a scenario overrides."""
        self.broken += unusable(value)
        row = self.mapping(value, ())
        if row is None:
            return
        self.parameters = self.merged(row.get("parameters"), overrides)
        known = (*TEXTS, *TREES, "parameters")
        for key, content in row.items():
            if key in TEXTS and content is not None and not isinstance(content, (str, int, float)):
                self.fault((key,), "must be text", content)
            elif key not in known and not is_annotation(key):
                self.fault((key,), f"unknown key{among(key, known)}", content)
        if row.get("payment_tree") is None:
            self.fault(("payment_tree",), "is required: what the bank does with a payment", None)
        for name, kind in TREES.items():
            if row.get(name) is not None:
                self.kind = kind
                self.tree(row[name], (name,), {}, 0)
                self.node = ""
        if len(self.registers) > MAX_REGISTERS:
            rule = f"a policy must not use more than {MAX_REGISTERS} registers"
            self.fault((), rule, ", ".join(self.registers))

    def merged(self, declared: Any, overrides: Mapping[str, Any]) -> dict[str, float]:
        """Parameters with the values in force."""
        found: dict[str, float] = {}
        if declared is not None and not isinstance(declared, dict):
            self.fault(("parameters",), "must be a mapping of names to numbers", declared)
            declared = {}
        for name, value in (declared or {}).items():
            found[name] = 1.0
            if is_number(value):
                found[name] = float(value)
            else:
                self.fault(("parameters", name), "must be a finite number", value)
        for name, value in overrides.items():
            if name not in found:
                self.fault((name,), f"the tree has no such parameter{among(name, found)}", value)
            elif is_number(value):
                found[name] = float(value)
            else:
                self.fault((name,), "must be a finite number", value)
        return found

    def tree(self, value: Any, place: Place, facts: Facts, depth: int) -> int:
        """Check a node and all below it; returns how many there are."""
        above = self.node
        row = self.mapping(value, place)
        if row is None:
            return 0
        self.num_nodes += 1
        self.identify(row, place)
        count = 1
        if depth > MAX_DEPTH or self.num_nodes > MAX_NODES:
            limit = f"deeper than {MAX_DEPTH} conditions" if depth > MAX_DEPTH else f"larger than {MAX_NODES} nodes"
            self.fault(place, f"a tree must not be {limit}", None)
        elif row.get("type", "condition" if "condition" in row else "action") == "condition":
            count += self.decision(row, place, facts, depth)
        elif row.get("type", "action") == "action":
            self.leaf(row, place, facts)
        else:
            self.fault((*place, "type"), "must be condition or action", row["type"])
        self.node = above
        return count

    def identify(self, row: dict[str, Any], place: Place) -> None:
        """Every node has a name of its own."""
        name = row.get("node_id")
        if not isinstance(name, str) or not name:
            self.fault((*place, "node_id"), "is required" if name is None else "must be text", name)
            return
        self.node = name
        if name in self.ids:
            first = ".".join(map(str, self.ids[name]))
            self.fault((*place, "node_id"), f"is the name of two nodes, the other is {first}", name)
        self.ids.setdefault(name, place)

    def keys(self, row: dict[str, Any], place: Place, *known: str) -> None:
        """These keys, and annotations."""
        for key, content in row.items():
            if key not in {"type", "node_id", *known} and not is_annotation(key):
                self.fault((*place, key), f"unknown key{among(key, known)}", content)

    def decision(self, row: dict[str, Any], place: Place, facts: Facts, depth: int) -> int:
        """A condition and where it leads; returns how many nodes are below."""
        self.keys(row, place, "condition", "on_true", "on_false")
        truth = None
        if "condition" in row:
            truth = self.condition(row["condition"], (*place, "condition"), facts)
        else:
            self.fault((*place, "condition"), "is required", None)
        count = 0
        for branch, holds in (("on_true", True), ("on_false", False)):
            if row.get(branch) is None:
                self.fault((*place, branch), "is required", None)
                continue
            known = self.learned(row.get("condition"), facts, holds=holds)
            below = self.tree(row[branch], (*place, branch), known, depth + 1)
            count += below
            if truth is not None and truth is not holds:
                nodes = "1 node" if below == 1 else f"{below} nodes"
                self.note((*place, branch), f"never reached ({nodes}): the condition is always {truth}".lower())
        return count

    # -- actions ------------------------------------------------------------------------------------------------------

    def leaf(self, row: dict[str, Any], place: Place, facts: Facts) -> None:
        """An action that belongs into this kind of tree, with its parameters."""
        self.keys(row, place, "action", "parameters")
        name = row.get("action")
        action = ACTIONS.get(name) if isinstance(name, str) else None
        if action is None or not isinstance(name, str):
            rule = "is required" if name is None else f"unknown action{among(name, ACTIONS)}"
            self.fault((*place, "action"), rule, name)
            return
        is_nothing = self.kind == "bank" and name in ALSO_NO_ACTION
        if action.kind != self.kind and not is_nothing:
            known = ", ".join(other for other, rule in ACTIONS.items() if rule.kind == self.kind)
            self.fault((*place, "action"), f"a {self.kind} tree has {known}", name)
            return
        given = row.get("parameters")
        if given is not None and not isinstance(given, dict):
            self.fault((*place, "parameters"), "must be a mapping", given)
            return
        self.action(action, given or {}, (*place, "parameters"), facts)

    def action(self, action: TreeActionSpec, given: dict[str, Any], place: Place, facts: Facts) -> None:
        """The parameters of an action."""
        for key, value in given.items():
            rule = action.parameters.get(key)
            if rule is None:
                self.fault((*place, key), f"unknown parameter{among(key, action.parameters)}", value)
            else:
                self.argument(key, rule, value, (*place, key), facts)
        for key, rule in action.parameters.items():
            if rule.is_required and key not in given:
                self.fault((*place, key), "is required", None)

    def argument(self, key: str, rule: Parameter, value: Any, place: Place, facts: Facts) -> None:
        """One parameter of an action."""
        if rule.takes == "passed over":
            self.note(place, "has no effect, as in SimCash")
            return
        if rule.takes == "number":
            self.value(value, place, facts)
            low, high = self.bare(value, 0)
            if high < rule.bounds[0] or low > rule.bounds[1]:
                least, most = (int(bound) for bound in rule.bounds)
                self.fault(place, f"must be from {least} to {most}", low if low == high else None)
            return
        if rule.takes == "flag" and is_source(value) and not isinstance(value.get("value"), str):
            if "value" not in value:
                self.value(value, place, facts)
            self.note(place, "has no effect, as in SimCash")
            return
        content = value.get("value") if isinstance(value, dict) and len(value) == 1 else None
        if rule.takes == "list":
            if not isinstance(content, (list, tuple)) or not all(isinstance(name, str) for name in content):
                self.fault(place, 'must be {"value": [bank ids]}', value)
        elif not isinstance(content, str):
            self.fault(place, 'must be {"value": text}', value)
        elif rule.choices is not None and content not in rule.choices:
            self.fault(place, f"must be one of {', '.join(rule.choices)}", content)
        elif key == "key":
            self.register(content, place)

    def register(self, name: str, place: Place) -> None:
        """The name of something remembered."""
        if name.startswith(REGISTER_PREFIX):
            self.registers[name] = None
        else:
            self.fault((*place, "value"), f"the name of a register begins with {REGISTER_PREFIX}", name)


def is_annotation(key: Any) -> bool:
    """A key that is for readers only."""
    return isinstance(key, str) and (key in ANNOTATIONS or key.startswith("_"))


def check_definition(value: Any, overrides: Mapping[str, Any] | None = None) -> TreeCheck:
    """Check a tree file's content; ``broken`` holds every fault, ``notes`` what is hardly meant."""
    check = TreeCheck({})
    check.definition(value, overrides or {})
    return check
