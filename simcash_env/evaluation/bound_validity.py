"""What a policy may do in a scenario: a bound on costs holds for those who may do no more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal

from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import PolicyConfig
from simcash_env.schema.limits import MAX_PARTS

Drops = Literal["never", "at_deadline", "any_time"]
Pool = Literal["grid", "any"]


@dataclass(frozen=True)
class AllowedDecisions:
    """Decisions that are allowed in addition to releasing and holding.

    Attributes:
        drops: True if a payment may be dropped.
        max_parts: parts that a payment may be split into, where the rules let it be split.
        pool: shares of the pool: the 21 levels of learners, or any.
        collateral: True if it may be posted and withdrawn.
        priorities: True if a payment's priority may be changed.
    """

    drops: Drops = "never"
    max_parts: int = 1
    pool: Pool = "grid"
    collateral: bool = False
    priorities: bool = False

    def permits(self, other: AllowedDecisions) -> bool:
        """Is everything allowed here that the other allows? Then a bound for these decisions holds for those too."""
        order = ("never", "at_deadline", "any_time")
        return (
            order.index(self.drops) >= order.index(other.drops)
            and self.max_parts >= other.max_parts
            and (self.pool == "any" or other.pool == "grid")
            and self.collateral >= other.collateral
            and self.priorities >= other.priorities
        )


SPLITTING: Final = frozenset({"Split", "PaceAndRelease", "StaggerSplit"})


def actions_of(tree: Any) -> set[str]:
    """The actions that a tree file names anywhere."""
    parts = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    own = {str(tree["action"])} if isinstance(tree, dict) and "action" in tree else set()
    return own.union(*(actions_of(part) for part in parts))


def decisions_of_learners(config: ScenarioConfig) -> AllowedDecisions:
    """What the actions of the environment offer, with the pool levels of its heads; ``rank`` chooses any share."""
    offered = config.actions
    drops: Drops = "any_time" if offered.allow_drop else "never"
    return AllowedDecisions(drops=drops, max_parts=offered.max_split, collateral=offered.collateral)


def decisions_of_policy(config: ScenarioConfig, policy: PolicyConfig) -> AllowedDecisions:
    """What a policy does in the kernel; under SimCash's rules three of the named ones drop at the deadline."""
    if policy.type == "external":
        return decisions_of_learners(config)
    if policy.type == "tree":
        does = actions_of(policy.definition)
        return AllowedDecisions(
            drops="any_time" if "Drop" in does else "never",
            max_parts=MAX_PARTS if does & SPLITTING else 1,
            pool="any",
            collateral=bool(does & {"PostCollateral", "WithdrawCollateral"}),
            priorities="Reprioritize" in does,
        )
    drops: Drops = "never"
    if policy.type in {"deadline", "liquidity_aware", "liquidity_splitting"} and config.rules.set == "simcash":
        drops = "at_deadline"
    parts = {"liquidity_splitting": MAX_PARTS, "mock_splitting": MAX_PARTS}.get(policy.type, 1)
    return AllowedDecisions(drops, parts, "any")
