"""What a bank does with its queue: each named policy builds a tree program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from simcash_env.policies.deadline import deadline
from simcash_env.policies.fifo import fifo
from simcash_env.policies.liquidity_aware import liquidity_aware
from simcash_env.policies.splitting import liquidity_splitting, mock_splitting

if TYPE_CHECKING:
    from simcash_env.policies.program import Node

POLICIES: Final[dict[str, Callable[[Any, bool], Node]]] = {
    "fifo": fifo,
    "deadline": deadline,
    "liquidity_aware": liquidity_aware,
    "liquidity_splitting": liquidity_splitting,
    "mock_splitting": mock_splitting,
}
"""Name → builder; a builder takes the policy's configuration and whether SimCash's rules hold."""
