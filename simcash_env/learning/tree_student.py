"""A payment tree that decides through the batch while it is learned: where it leads, its teacher is asked next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import TreePolicy
from simcash_env.envs.vector import SimCashVec
from simcash_env.evaluation.scripted import ScriptedAgent, View
from simcash_env.learning.tree_features import F64, Facts, account_facts, feature_value, field, payment_facts
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import Verb
from simcash_env.schema.verbs import SlotChoices

Node = dict[str, Any]
Budget = Literal["none", "available_liquidity", "balance"]

LEAF_OF_VERB: Final = {Verb.HOLD: "Hold", Verb.RELEASE: "Release", Verb.SPLIT: "Split", Verb.DROP: "Drop"}
"""The action of the tree language that means a verb."""

_VERB_OF_LEAF: Final = {leaf: verb for verb, leaf in LEAF_OF_VERB.items()}
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


def label_of(leaf: Node, config: ScenarioConfig) -> int:
    """The choice of the batch that a leaf means."""
    verb = _VERB_OF_LEAF[leaf["action"]]
    parts = int(leaf["parameters"]["num_splits"]["value"]) if verb == Verb.SPLIT else 0
    return SlotChoices.of(config.actions).choice(verb, parts)


def decide(root: Node, facts: Facts, shape: tuple[int, ...], config: ScenarioConfig) -> I64:
    """Choices (shape) of a tree."""
    if "condition" not in root:
        return np.full(shape, label_of(root, config), np.int64)
    condition = root["condition"]
    holds = np.broadcast_to(feature_value(condition["left"], facts) <= condition["right"]["value"], shape)
    yes, no = (decide(root[branch], facts, shape, config) for branch in ("on_true", "on_false"))
    chosen: I64 = np.where(holds, yes, no)
    return chosen


class Student(ScriptedAgent):
    """Decides on payments as its trees do in the kernel, and on pool shares as it is told.

    Args:
        rules: one a learning bank, banks sorted by id.
    """

    def __init__(self, rules: Sequence[TreeRule]) -> None:
        super().__init__()
        self.rules = tuple(rules)

    def act(self, vec: SimCashVec) -> I64:
        """Slot by slot, because a tree may ask what it has released before, and a budget runs out."""
        actions, view = self.begin(vec)
        choices = vec.slot_choices
        accounts = account_facts(vec, view)
        charged = np.zeros(view["balance"].shape)
        committed = np.zeros_like(charged)
        budget = self._budgets(view)
        for slot in range(vec.num_slots):
            facts = accounts | payment_facts(view, slice(slot, slot + 1))
            facts["committed_value"] = committed[:, :, None]
            chosen = self._choose(vec, facts)[:, :, 0]
            chosen = np.where(view["present"][:, :, slot].astype(bool), chosen, choices.hold)
            cents = view["remaining"][:, :, slot]
            is_over = (chosen == choices.release) & (charged + cents > budget)
            chosen = np.where(is_over, choices.hold, chosen)
            charged += np.where(chosen == choices.release, cents, 0)
            committed += np.where(choices.means(chosen, Verb.RELEASE, Verb.SPLIT), cents, 0)
            actions[:, :, slot] = chosen
        return actions

    def _choose(self, vec: SimCashVec, facts: Facts) -> I64:
        """(N, L, 1) choices in one slot; banks with the same tree are asked together."""
        shape = (vec.num_envs, vec.num_banks, 1)
        if len({id(rule) for rule in self.rules}) == 1:
            return decide(self.rules[0].root, facts, shape, vec.config)
        one = (vec.num_envs, 1, 1)
        parts = [
            decide(rule.root, {name: values[:, at : at + 1] for name, values in facts.items()}, one, vec.config)
            for at, rule in enumerate(self.rules)
        ]
        return np.concatenate(parts, axis=1)

    def _budgets(self, view: View) -> F64:
        """(N, L) cents that may be released in this tick."""
        limits = [
            np.full(len(view["balance"]), np.inf) if rule.budget == "none" else view[rule.budget][:, at].astype(float)
            for at, rule in enumerate(self.rules)
        ]
        return np.stack(limits, axis=1)
