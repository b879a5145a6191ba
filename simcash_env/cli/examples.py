"""Example commands, shown below the help of the command that they are an example of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])

_EXAMPLES: Final[dict[Callable[..., Any], tuple[str, ...]]] = {}


def examples(*lines: str) -> Callable[[Command], Command]:
    """Decorator: attach example command lines to the function of a command."""

    def attach(command: Command) -> Command:
        _EXAMPLES[command] = lines
        return command

    return attach


def epilog_of(command: Callable[..., Any]) -> str:
    """Return the examples of a command as the text below its help."""
    lines = _EXAMPLES[command]
    return f"Example{'s' if len(lines) > 1 else ''}: {'   |   '.join(lines)}"
