"""Decision trees from a teacher's decisions: fitted by scikit-learn, written in the tree language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.learning.tree_features import Formula
from simcash_env.learning.tree_student import Node
from simcash_env.schema.arrays import F64, I64
from simcash_env.schema.codes import Verb
from simcash_env.schema.verbs import SlotChoices

LEAF_OF_VERB: Final = {Verb.HOLD: "Hold", Verb.RELEASE: "Release", Verb.SPLIT: "Split", Verb.DROP: "Drop"}
"""The action of the tree language that means a verb."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Decisions of a teacher, one row a payment and tick.

    Attributes:
        values: (rows, words) values of the vocabulary's words.
        chosen: (rows,) choices of the batch.
        bank: (rows,) numbers of the learning banks.
    """

    values: F64
    chosen: I64
    bank: I64

    def __add__(self, other: Sample) -> Sample:
        return Sample(
            np.concatenate([self.values, other.values]),
            np.concatenate([self.chosen, other.chosen]),
            np.concatenate([self.bank, other.bank]),
        )

    def of_bank(self, bank: int) -> Sample:
        """The rows of one bank."""
        own = self.bank == bank
        return Sample(self.values[own], self.chosen[own], self.bank[own])


def action_node(node_id: str, choice: int, config: ScenarioConfig) -> Node:
    """The leaf that means a choice of the batch."""
    choices = SlotChoices.of(config.actions)
    leaf: Node = {"type": "action", "node_id": node_id, "action": LEAF_OF_VERB[choices.verbs[choice]]}
    parts = choices.parts[choice]
    return leaf | {"parameters": {"num_splits": {"value": parts}}} if parts else leaf


def fit(
    sample: Sample, words: Mapping[str, Formula], most_leaves: int, config: ScenarioConfig, weight: str | None = None
) -> Node:
    """The tree that decides most like the teacher, with a limited number of leaves.

    Args:
        sample: the decisions.
        words: the vocabulary, in the order of the sample's columns.
        most_leaves: at least 1.
        config: the scenario, which says what choices mean.
        weight: ``"balanced"`` counts rare choices as much as common ones.
    """
    from sklearn.tree import DecisionTreeClassifier

    kinds = np.unique(sample.chosen)
    if most_leaves == 1 or len(kinds) == 1:
        common = (
            int(np.bincount(sample.chosen).argmax()) if len(sample.chosen) else SlotChoices.of(config.actions).release
        )
        return action_node("n1", common, config)
    model = DecisionTreeClassifier(max_leaf_nodes=most_leaves, class_weight=weight, random_state=0)
    model.fit(sample.values, sample.chosen)
    return numbered(_node(model.tree_, 0, model.classes_, list(words.values()), config))


def _node(tree: Any, at: int, kinds: I64, formulas: list[Formula], config: ScenarioConfig) -> Node:
    """Values are whole numbers, so a threshold is rounded down; equal branches are merged."""
    if tree.children_left[at] < 0:
        return action_node("", int(kinds[tree.value[at][0].argmax()]), config)
    branches = (tree.children_left[at], tree.children_right[at])
    yes, no = (_node(tree, int(branch), kinds, formulas, config) for branch in branches)
    if yes == no and "action" in yes:
        return yes
    threshold = int(np.floor(tree.threshold[at]))
    condition = {"op": "<=", "left": formulas[int(tree.feature[at])], "right": {"value": threshold}}
    return {"type": "condition", "node_id": "", "condition": condition, "on_true": yes, "on_false": no}


def numbered(root: Node) -> Node:
    """The same tree, its nodes numbered from the root on, depth first."""
    count = 0

    def copy(node: Node) -> Node:
        nonlocal count
        count += 1
        whole = {**node, "node_id": f"n{count}"}
        if "condition" in node:
            whole |= {"on_true": copy(node["on_true"]), "on_false": copy(node["on_false"])}
        return whole

    return copy(root)
