"""Release everything, in order."""

from __future__ import annotations

from simcash_env.config import FifoPolicy
from simcash_env.policies.program import RELEASE, Node


def fifo(_config: FifoPolicy, _simcash: bool) -> Node:  # noqa: FBT001 - every builder has this signature
    """One leaf."""
    return RELEASE
