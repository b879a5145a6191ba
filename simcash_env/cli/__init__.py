"""The command line: data on stdout, progress and notes on stderr, exit codes 0, 1, 2 and 130."""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated, Final

import typer

from simcash_env.cli import (
    bounding,
    calibrating,
    clusters,
    creating,
    doctor,
    importing,
    learning,
    library,
    market,
    measuring,
    recorded,
    reporting,
    running,
    serving,
    sharing,
    speed,
    stepping,
    submitting,
    tuning,
)
from simcash_env.cli.commands import HELP, SuggestingGroup, UsageMistake, quietly
from simcash_env.cli.examples import epilog_of
from simcash_env.cli.screen import note, notes
from simcash_env.cli.streams import prepare_streams
from simcash_env.errors import ActionError, ConfigError, RecordError, SimcashError, SnapshotError

RUN_FAILED: Final = 1
BAD_USAGE: Final = 2
INTERRUPTED: Final = 130

app = typer.Typer(
    name="simcash",
    cls=SuggestingGroup,
    context_settings=HELP,
    help="Train and compare cash managers of banks in a real-time gross settlement system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Examples: simcash run castro-12period-v0 --seed 42   |   simcash scenarios list",
)
PANELS: Final = {
    "Run and look": (
        running.run, measuring.metrics, measuring.compare, serving.serve, recorded.plot, recorded.replay,
        stepping.create, stepping.tick, stepping.state,
    ),
    "Scenarios and policies": (creating.new, library.validate, library.schema),
    "Train and score": (
        learning.train, learning.evaluate, learning.benchmark, bounding.bound, submitting.submit, tuning.tune,
        clusters.rllib, clusters.sweep, sharing.distill, sharing.export,
    ),
    "Recorded payments": (importing.import_, reporting.report, calibrating.calibrate, calibrating.generate),
    "This machine": (doctor.doctor, speed.bench),
}  # fmt: skip
"""Functions of the commands by the heading of ``simcash --help``; a trailing underscore is not part of the name."""
COMMANDS: Final = tuple(command for commands in PANELS.values() for command in commands)

for panel, commands in PANELS.items():
    for command in commands:
        name = command.__name__.rstrip("_")
        app.command(name, epilog=epilog_of(command), rich_help_panel=panel)(command)
app.add_typer(library.scenarios, name="scenarios", rich_help_panel="Scenarios and policies")
app.add_typer(library.policies, name="policies", rich_help_panel="Scenarios and policies")
app.add_typer(market.market, name="market", rich_help_panel="Run and look")
for group in (app, library.scenarios, library.policies, market.market):
    for registered in group.registered_commands:
        if registered.callback is not None and registered.callback is not serving.serve:  # its log has a format
            registered.callback = quietly(registered.callback)


@app.callback(invoke_without_command=True)
def common(*, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Train and compare cash managers of banks in a real-time gross settlement system."""
    if version:
        from simcash_env import __version__

        typer.echo(__version__)
        raise typer.Exit


def end_quickly() -> None:
    """Leave what lives out of the interpreter's last searches for cycles: all of Numba takes them 0.2 s."""
    if "duckdb" not in sys.modules:  # its bindings report objects that are left
        gc.freeze()


def main(arguments: list[str] | None = None) -> None:
    """Run a command; print a user's mistake as one message without a traceback."""
    atexit.register(end_quickly)
    prepare_streams()
    notes.quiet = False
    try:
        try:
            code = app(args=arguments, prog_name="simcash", standalone_mode=False)
        finally:
            notes.quiet = False  # an error is printed under --quiet too
        sys.stdout.flush()
    except UsageMistake as mistake:
        mistake.show(sys.stderr)
        code = BAD_USAGE
    except (ConfigError, ActionError, SnapshotError, RecordError) as mistake:
        note(str(mistake), style="red")
        code = BAD_USAGE
    except SimcashError as failure:
        note(str(failure), style="red")
        code = RUN_FAILED
    except (KeyboardInterrupt, typer.Abort):
        notes.print("interrupted")
        code = INTERRUPTED
    except (BrokenPipeError, SystemExit) as leaving:  # typer and Rich leave with 1 where a pipe is broken
        if BrokenPipeError not in {type(leaving), type(leaving.__context__)}:
            raise  # the shell's completion has answered
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0  # the reader has closed the pipe
    except OSError as failure:
        note(f"system error: {failure}", style="red")
        code = RUN_FAILED
    sys.exit(code if isinstance(code, int) else 0)
