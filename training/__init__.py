"""Training cash managers with reinforcement learning, and what the trained ones are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simcash_env.cli.training import cli_evaluate, cli_train

__all__ = ["cli_evaluate", "cli_train"]


def __getattr__(name: str) -> Any:
    """Import on first use: torch is heavy."""
    if name not in __all__:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from simcash_env.cli import training as cli

    return getattr(cli, name)
