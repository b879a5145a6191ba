"""The command line: data on stdout, progress and notes on stderr, exit codes 0, 1, 2 and 130."""

from __future__ import annotations

import os
import sys
from typing import Any, Final

import typer

from simcash_env.cli import learning, library, market, running
from simcash_env.cli.screen import notes
from simcash_env.errors import ActionError, ConfigError, SimcashError

UsageMistake: Any = typer.BadParameter.__mro__[2]
"""What a mistyped command raises; typer brings its own copy of click or not, by version."""

RUN_FAILED: Final = 1
BAD_USAGE: Final = 2
INTERRUPTED: Final = 130

app = typer.Typer(
    name="simcash",
    help="Train and compare cash managers of banks in a real-time gross settlement system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Example: simcash run castro-12period-v0 --seed 42",
)
app.add_typer(library.scenarios, name="scenarios")
app.add_typer(library.policies, name="policies")
app.add_typer(market.market, name="market")
app.command(epilog=running.EXAMPLES)(running.run)
app.command(epilog="Example: simcash validate my-scenario.yaml")(library.validate)
app.command(epilog="Example: simcash schema > scenario.schema.json")(library.schema)
app.command(epilog="Example: simcash benchmark castro-12period-v0 --seeds 200")(learning.benchmark)
app.command(epilog="Example: simcash train castro-12period-v0 --seed 0")(learning.train)
app.command(epilog="Example: simcash evaluate results/training/castro-12period-v0-seed0.zip --json")(learning.evaluate)


@app.callback(invoke_without_command=True)
def common(version: bool = typer.Option(False, "--version", help="Print the version and leave.")) -> None:  # noqa: FBT001, FBT003
    """Train and compare cash managers of banks in a real-time gross settlement system."""
    if version:
        from simcash_env import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run a command; a user's mistake is one clear message, never a traceback."""
    try:
        code = app(args=arguments, prog_name="simcash", standalone_mode=False)
    except typer.Exit as leaving:
        code = leaving.exit_code
    except UsageMistake as mistake:
        mistake.show(sys.stderr)
        code = BAD_USAGE
    except (ConfigError, ActionError) as mistake:
        notes.print(str(mistake), style="red", markup=False, highlight=False, soft_wrap=True)
        code = BAD_USAGE
    except SimcashError as failure:
        notes.print(str(failure), style="red", markup=False, highlight=False, soft_wrap=True)
        code = RUN_FAILED
    except (KeyboardInterrupt, typer.Abort):
        notes.print("interrupted")
        code = INTERRUPTED
    except BrokenPipeError:  # the reader has gone: no data is owed to anybody
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code if isinstance(code, int) else 0)
