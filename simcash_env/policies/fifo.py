"""Release everything, in order."""

from __future__ import annotations

from simcash_env.config import FifoPolicy
from simcash_env.policies.program import RELEASE, Node


def fifo(config: FifoPolicy, *, simcash: bool) -> Node:
    """One leaf."""
    return RELEASE
