"""A payment tree that decides in the batch during distillation; its teacher labels the states that it reaches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from simcash_env.config.policies import TreePolicy
from simcash_env.envs.vector import SimCashVec
from simcash_env.evaluation.scripted import ProgramAgent, View
from simcash_env.learning.tree_features import field
from simcash_env.policies.program import Node as ProgramNode
from simcash_env.policies.tree import build_trees
from simcash_env.schema.arrays import F64

Node = dict[str, Any]
Budget = Literal["none", "available_liquidity", "balance"]

SHARE_NAME: Final = "initial_liquidity_fraction"
"""The parameter in which SimCash's policy files keep the share of the pool that is allocated."""


def nodes(root: Node) -> Iterator[Node]:
    """A node and all below it."""
    yield root
    for branch in ("on_true", "on_false"):
        if branch in root:
            yield from nodes(root[branch])


def depth(root: Node) -> int:
    """Questions on the longest way."""
    return 1 + max(depth(root["on_true"]), depth(root["on_false"])) if "condition" in root else 0


@dataclass(frozen=True)
class TreeRule:
    """What a bank does with its queue: a payment tree, and how much it may release in a tick.

    The budget is what lets trees of SimCash's words release no more than there is: they cannot ask what the tick's
    earlier releases have taken.
    """

    root: Node
    budget: Budget = "none"

    @property
    def num_nodes(self) -> int:
        """Nodes of all trees in the file."""
        return sum(1 for _ in nodes(self.root)) + (self.budget != "none")

    def document(self, name: str, description: str, share: float | None = None) -> dict[str, Any]:
        """The tree file; ``share`` of the pool, where the bank has one."""
        whole: dict[str, Any] = {"version": "1.0", "policy_id": name, "description": description}
        if share is not None:
            whole["parameters"] = {SHARE_NAME: share}
        if self.budget != "none":
            whole["bank_tree"] = {
                "type": "action", "node_id": "budget", "action": "SetReleaseBudget",
                "parameters": {"max_value_to_release": field(self.budget)},
            }  # fmt: skip
        return {**whole, "payment_tree": self.root}

    def policy(self) -> TreePolicy:
        """The policy that a scenario may name."""
        return TreePolicy(tree=self.document("distilled", "Distilled from a trained policy."))


class Student(ProgramAgent):
    """Decides on payments as its trees do in the kernel, and on pool shares as given.

    Args:
        rules: one a learning bank, banks sorted by id.
    """

    def __init__(self, rules: Sequence[TreeRule]) -> None:
        super().__init__()
        self.rules = tuple(rules)
        built = {id(rule): build_trees({"payment_tree": rule.root}, {}).payment for rule in rules}
        self._trees = tuple(built[id(rule)] for rule in rules)

    def trees(self, vec: SimCashVec) -> Sequence[ProgramNode]:
        """Return the rules' payment trees."""
        return self._trees

    def budgets(self, view: View) -> F64 | None:
        """Return what each bank's rule lets it release."""
        if all(rule.budget == "none" for rule in self.rules):
            return None
        limits = [
            np.full(len(view["balance"]), np.inf) if rule.budget == "none" else view[rule.budget][:, at].astype(float)
            for at, rule in enumerate(self.rules)
        ]
        return np.stack(limits, axis=1)[:, :, None]
