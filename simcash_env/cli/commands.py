"""Groups of commands: a mistyped command is answered with the names that begin with it, or the most similar one."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer
from typer.core import TyperGroup

from simcash_env.cli.choices import leave_out_notice
from simcash_env.cli.screen import notes
from simcash_env.config.suggest import likely, suggestion

UsageMistake: Any = typer.BadParameter.__mro__[2]
"""The error for a mistyped command; some versions of typer have their own copy of click."""


def leave_out_notes(quiet: bool) -> bool:  # noqa: FBT001 - the signature typer asks for
    """Silence all notes until the command ends."""
    notes.quiet = leave_out_notice(quiet)
    return quiet


Silently = Annotated[bool, typer.Option("--quiet", help="Print no progress and no notes.", callback=leave_out_notes)]

HELP: Final = {"help_option_names": ["-h", "--help"]}
"""Settings of the outermost group; its commands take them over."""


def quietly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Return the command with the option ``--quiet``, if it has none: no progress and no notes on stderr."""
    signature = inspect.signature(command)
    if "quiet" in signature.parameters:
        return command

    @functools.wraps(command)
    def with_option(*args: Any, quiet: bool = False, **options: Any) -> Any:
        del quiet  # its callback has silenced the notes
        return command(*args, **options)

    added = inspect.Parameter("quiet", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=Silently)
    hints = typing.get_type_hints(command, include_extras=True)
    parameters = [one.replace(annotation=hints[name]) for name, one in signature.parameters.items()]
    with_option.__signature__ = signature.replace(parameters=[*parameters, added])  # type: ignore[attr-defined]
    with_option.__annotations__ = {**hints, "quiet": Silently}
    return with_option


class SuggestingGroup(TyperGroup):
    """A group that suggests commands by beginning and by similarity."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that the first word names."""
        try:
            return super().resolve_command(ctx, args)
        except UsageMistake as mistake:
            hint = suggestion(likely(args[0], self.list_commands(ctx)))
            mistake.message = f"No such command {args[0]!r}{hint or '.'}"
            raise
