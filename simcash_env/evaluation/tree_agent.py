"""A payment tree of the tree language, decided through the environment's public batch for all copies at once.

It asks only what the batch shows of a bank's own account and queue. Trees that ask more, remember, set budgets or move
collateral run in the kernel alone; such a tree is refused with what it asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import AT
from simcash_env.config.policies import TreePolicy
from simcash_env.config.trees.nodes import is_annotation
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError
from simcash_env.evaluation.scripted import ScriptedAgent
from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]

TOLERANCE: Final = 1e-9
SLOT_FIELDS: Final = {
    "amount": "amount",
    "remaining_amount": "remaining",
    "ticks_to_deadline": "ticks_to_deadline",
    "priority": "priority",
}
ACCOUNT_FIELDS: Final = ("balance", "available_liquidity", "effective_liquidity")
CLOCK_FIELDS: Final = ("committed_value", "ticks_remaining_in_day", "current_tick", "system_tick_in_day")
COMPARE: Final[dict[str, Any]] = {
    "==": lambda one, other: np.abs(one - other) < TOLERANCE,
    "!=": lambda one, other: np.abs(one - other) >= TOLERANCE,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other + TOLERANCE,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other - TOLERANCE,
}
CALCULATE: Final[dict[str, Any]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "max": np.maximum,
    "min": np.minimum,
}
RELEASES: Final = frozenset({"Release", "ReleaseWithCredit"})


class TreeAgent(ScriptedAgent):
    """Decides as a payment tree does in the kernel.

    Args:
        policy: the tree.
        levels: as of every scripted agent.

    Raises:
        ActionError: the tree asks or does what the batch does not offer.
    """

    def __init__(self, policy: TreePolicy, levels: int | Sequence[int] | None = None) -> None:
        super().__init__(levels)
        self._tree = policy.definition["payment_tree"]
        self._values = policy.values
        others = [name for name in policy.definition if name.endswith("_tree") and name != "payment_tree"]
        if others:
            message = f"{', '.join(others)}: only payment trees can be decided through the batch"
            raise ActionError(message)
        check_node(self._tree)

    def act(self, vec: SimCashVec) -> I64:
        """Slot by slot, because a tree may ask what it has released before."""
        actions, view = self.begin(vec)
        num_slots, choices = vec.num_slots, vec.slot_choices
        tick = np.rint(vec.features[:, :, AT.run_position] * vec.num_ticks)
        in_day = tick % vec.config.simulation.ticks_per_day
        facts: dict[str, F64] = {name: view[name].astype(float) for name in ACCOUNT_FIELDS}
        facts |= {"current_tick": tick, "system_tick_in_day": in_day, "committed_value": np.zeros(tick.shape)}
        facts["ticks_remaining_in_day"] = vec.config.simulation.ticks_per_day - 1 - in_day
        present = view["present"].astype(bool)
        for slot in range(num_slots):
            facts |= {name: view[column][:, :, slot].astype(float) for name, column in SLOT_FIELDS.items()}
            releases = self._releases(self._tree, facts) & present[:, :, slot]
            actions[:, :, slot] = np.where(releases, choices.release, choices.hold)
            facts["committed_value"] = facts["committed_value"] + np.where(releases, facts["remaining_amount"], 0.0)
        return actions

    def _releases(self, node: dict[str, Any], facts: dict[str, F64]) -> npt.NDArray[np.bool_]:
        shape = facts["balance"].shape
        if "condition" not in node:
            return np.full(shape, node["action"] in RELEASES)
        holds = np.broadcast_to(self._holds(node["condition"], facts), shape)
        return np.where(holds, self._releases(node["on_true"], facts), self._releases(node["on_false"], facts))

    def _holds(self, condition: dict[str, Any], facts: dict[str, F64]) -> Any:
        operator = condition["op"]
        if operator == "and":
            return np.logical_and.reduce([self._holds(part, facts) for part in condition["conditions"]])
        if operator == "or":
            return np.logical_or.reduce([self._holds(part, facts) for part in condition["conditions"]])
        if operator == "not":
            return ~self._holds(condition["condition"], facts)
        return COMPARE[operator](self._value(condition["left"], facts), self._value(condition["right"], facts))

    def _value(self, node: Any, facts: dict[str, F64]) -> Any:
        if "field" in node:
            return facts[node["field"]]
        if "param" in node:
            return self._values[node["param"]]
        if "value" in node:
            return float(node["value"])
        inner = node["compute"]
        parts = inner.get("values") or (inner["left"], inner["right"])
        found = self._value(parts[0], facts)
        for part in parts[1:]:
            found = CALCULATE[inner["op"]](found, self._value(part, facts))
        return found


def check_node(node: Any) -> None:
    """Refuse what the agent cannot do.

    Raises:
        ActionError: names it.
    """
    if isinstance(node, list):
        for part in node:
            check_node(part)
    if not isinstance(node, dict):
        return
    if "action" in node and (node["action"] not in {*RELEASES, "Hold"} or node.get("parameters")):
        message = f"{node.get('node_id')}: the action {node['action']!r} cannot be decided through the batch"
        raise ActionError(message)
    if "field" in node and node["field"] not in {*SLOT_FIELDS, *ACCOUNT_FIELDS, *CLOCK_FIELDS}:
        message = f"field {node['field']!r}: the batch does not show it; this tree runs in the kernel only"
        raise ActionError(message)
    if "compute" in node and node["compute"].get("op") not in CALCULATE:
        message = f"operator {node['compute'].get('op')!r} cannot be decided through the batch"
        raise ActionError(message)
    for key, part in node.items():
        if not is_annotation(key):
            check_node(part)
