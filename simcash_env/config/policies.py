"""Policies of scripted banks: one model for each type."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, model_validator

from simcash_env.config.faults import broken_rules, fault_at
from simcash_env.config.fields import Cents, Model, Text, Ticks
from simcash_env.config.trees.files import LoadedTree, inline_tree, tree_of_file
from simcash_env.config.trees.nodes import TreeCheck
from simcash_env.schema.limits import MAX_PARTS, MIN_PARTS

Parts = Annotated[int, Field(strict=True, ge=MIN_PARTS, le=MAX_PARTS, description="number of parts, at least 2")]


class FifoPolicy(Model):
    """Release every payment immediately."""

    type: Literal["fifo"] = "fifo"


class DeadlinePolicy(Model):
    """Release payments due within urgency_threshold ticks, hold the rest."""

    type: Literal["deadline"] = "deadline"
    urgency_threshold: Ticks


class LiquidityAwarePolicy(Model):
    """Release while target_buffer remains on the balance; release urgent payments whenever they are affordable."""

    type: Literal["liquidity_aware"] = "liquidity_aware"
    target_buffer: Cents
    urgency_threshold: Ticks


class LiquiditySplittingPolicy(Model):
    """Release what the balance covers, split larger payments."""

    type: Literal["liquidity_splitting"] = "liquidity_splitting"
    max_splits: Parts
    min_split_amount: Cents


class LiquidityReservePolicy(Model):
    """Keep target_buffer, counting payments released earlier in the tick; urgent payments may use credit."""

    type: Literal["liquidity_reserve"] = "liquidity_reserve"
    target_buffer: Cents
    urgency_threshold: Ticks


class MockSplittingPolicy(Model):
    """Split every payment. For tests."""

    type: Literal["mock_splitting"] = "mock_splitting"
    num_splits: Parts


class TreePolicy(Model):
    """A decision tree, from a file or inline."""

    type: Literal["tree"] = "tree"
    file: Text | None = None
    tree: dict[str, Any] | None = None
    parameters: dict[Text, Annotated[float, Field(strict=True)]] = Field(default_factory=dict)
    _loaded: LoadedTree = PrivateAttr()

    @model_validator(mode="after")
    def _is_usable(self) -> TreePolicy:
        if self.file is None:
            if self.tree is None:
                raise fault_at((), "give either file or tree", self.file)
            loaded, broken = inline_tree(self.tree, self.parameters)
        elif self.tree is None:
            found, broken = tree_of_file(self.file, self.parameters)
            loaded = found or LoadedTree({}, {}, TreeCheck({}))
        else:
            raise fault_at((), "give either file or tree", self.file)
        if broken:
            raise broken_rules(broken)
        self._loaded = loaded
        return self

    @property
    def definition(self) -> dict[str, Any]:
        """The content of the tree file."""
        return self._loaded.definition

    @property
    def values(self) -> dict[str, float]:
        """The tree's parameters, with the scenario's overrides."""
        return self._loaded.values


class ExternalPolicy(Model):
    """A learning bank: the environment or another caller decides."""

    type: Literal["external"] = "external"


PolicyConfig = Annotated[
    FifoPolicy
    | DeadlinePolicy
    | LiquidityAwarePolicy
    | LiquiditySplittingPolicy
    | LiquidityReservePolicy
    | MockSplittingPolicy
    | TreePolicy
    | ExternalPolicy,
    Field(discriminator="type"),
]
