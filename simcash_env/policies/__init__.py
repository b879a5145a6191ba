"""What a bank does with its queue: each policy, named or from a tree file, builds tree programs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from simcash_env.policies.deadline import deadline
from simcash_env.policies.fifo import fifo
from simcash_env.policies.liquidity_aware import liquidity_aware
from simcash_env.policies.liquidity_reserve import liquidity_reserve
from simcash_env.policies.program import Trees
from simcash_env.policies.splitting import liquidity_splitting, mock_splitting
from simcash_env.policies.tree import build_trees

if TYPE_CHECKING:
    from simcash_env.policies.program import Node

POLICIES: Final[dict[str, Callable[[Any, bool], Node]]] = {
    "fifo": fifo,
    "deadline": deadline,
    "liquidity_aware": liquidity_aware,
    "liquidity_reserve": liquidity_reserve,
    "liquidity_splitting": liquidity_splitting,
    "mock_splitting": mock_splitting,
}
"""Name → builder; a builder takes the policy's configuration and whether SimCash's rules hold."""


def trees_of(policy: Any, *, simcash: bool) -> Trees | None:
    """The trees of a policy; None for a learning bank, which has none."""
    if policy.type == "external":
        return None
    if policy.type == "tree":
        return build_trees(policy.definition, policy.values)
    return Trees(POLICIES[policy.type](policy, simcash))
