"""What a bank does with its queue: each policy, named or from a tree file, builds tree programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from simcash_env.policies.deadline import deadline
from simcash_env.policies.fifo import fifo
from simcash_env.policies.liquidity_aware import liquidity_aware
from simcash_env.policies.liquidity_reserve import liquidity_reserve
from simcash_env.policies.program import Trees
from simcash_env.policies.splitting import liquidity_splitting, mock_splitting
from simcash_env.policies.tree import build_trees

if TYPE_CHECKING:
    from simcash_env.policies.program import Node


class Builder(Protocol):
    """Builds the payment tree of a policy."""

    def __call__(self, config: Any, /, *, simcash: bool) -> Node:
        """Return the tree; ``simcash``: whether SimCash's rules hold."""


POLICIES: Final[dict[str, Builder]] = {
    "fifo": fifo,
    "deadline": deadline,
    "liquidity_aware": liquidity_aware,
    "liquidity_reserve": liquidity_reserve,
    "liquidity_splitting": liquidity_splitting,
    "mock_splitting": mock_splitting,
}
"""Builder of each named policy."""


def trees_of(policy: Any, *, simcash: bool) -> Trees | None:
    """The trees of a policy; None for a learning bank, which has none."""
    return None if policy.type == "external" else scripted_trees(policy, simcash=simcash)


def scripted_trees(policy: Any, *, simcash: bool) -> Trees:
    """The trees of a named policy or of a tree file."""
    if policy.type == "tree":
        return build_trees(policy.definition, policy.values)
    return Trees(POLICIES[policy.type](policy, simcash=simcash))
