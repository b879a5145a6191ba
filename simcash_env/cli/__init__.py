"""The command line: data on stdout, progress and notes on stderr, exit codes 0, 1, 2 and 130."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any, Final

import typer

from simcash_env.cli import (
    calibrating,
    clusters,
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
    tuning,
)
from simcash_env.cli.screen import note, notes
from simcash_env.cli.streams import prepare_streams
from simcash_env.errors import ActionError, ConfigError, RecordError, SimcashError, SnapshotError

UsageMistake: Any = typer.BadParameter.__mro__[2]
"""The error for a mistyped command; some versions of typer have their own copy of click."""

RUN_FAILED: Final = 1
BAD_USAGE: Final = 2
INTERRUPTED: Final = 130

app = typer.Typer(
    name="simcash",
    help="Train and compare cash managers of banks in a real-time gross settlement system.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog="Examples: simcash run castro-12period-v0 --seed 42   |   simcash scenarios list",
)
app.add_typer(library.scenarios, name="scenarios")
app.add_typer(library.policies, name="policies")
app.add_typer(market.market, name="market")
app.command(epilog=running.EXAMPLES)(running.run)
app.command(epilog="Example: simcash create castro-12period-v0 saved.simcash --seed 42")(stepping.create)
app.command(
    epilog="Examples: simcash tick saved.simcash --count 3   |   simcash tick saved.simcash --actions moves.json --json"
)(stepping.tick)
app.command(epilog="Examples: simcash state saved.simcash   |   simcash state saved.simcash --bank BANK_A --json")(
    stepping.state
)
app.command(epilog="Examples: simcash replay run.parquet   |   simcash replay runs.duckdb --run 2")(recorded.replay)
app.command(epilog="Example: simcash plot runs.duckdb --out run.pdf")(recorded.plot)
app.command("import", epilog=importing.EXAMPLES)(importing.import_)
app.command(epilog=reporting.EXAMPLES)(reporting.report)
app.command(epilog=calibrating.CALIBRATE_EXAMPLES)(calibrating.calibrate)
app.command(epilog=calibrating.GENERATE_EXAMPLES)(calibrating.generate)
app.command(epilog="Example: simcash bench --json")(speed.bench)
app.command(epilog="Examples: simcash doctor   |   simcash doctor --json > report.json")(doctor.doctor)
app.command(epilog="Example: simcash validate my-scenario.yaml")(library.validate)
app.command(epilog="Example: simcash schema > scenario.schema.json")(library.schema)
app.command(
    epilog="Examples: simcash benchmark castro-12period-v0 --seeds 200   |   "
    "simcash benchmark 2b-3t-v0 --policy rollout:tuned --rollout samples=64"
)(learning.benchmark)
app.command(epilog=measuring.METRICS_EXAMPLES)(measuring.metrics)
app.command(epilog=measuring.COMPARE_EXAMPLES)(measuring.compare)
app.command(epilog="Example: simcash train castro-12period-v0 --seed 0")(learning.train)
app.command(epilog=serving.EXAMPLES)(serving.serve)
app.command(
    epilog="Examples: simcash evaluate results/training/castro-12period-v0-seed0.pt --json   |   "
    "simcash evaluate castro-12period-v0 --policy rollout:fifo --rollout samples=64"
)(learning.evaluate)
app.command(epilog="Example: simcash tune castro-12period-v0 --trials 20")(tuning.tune)
app.command(epilog="Example: simcash rllib castro-2period-v0 --runners 2")(clusters.rllib)
app.command(epilog="Example: simcash sweep castro-2period-v0 --trials 8 --address auto")(clusters.sweep)
app.command(epilog="Example: simcash distill results/training/castro-12period-v0-seed0.pt")(sharing.distill)
app.command(epilog="Example: simcash export castro-12period-v0 --policy random --runs 100")(sharing.export)


@app.callback(invoke_without_command=True)
def common(*, version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False) -> None:
    """Train and compare cash managers of banks in a real-time gross settlement system."""
    if version:
        from simcash_env import __version__

        typer.echo(__version__)
        raise typer.Exit


def main(arguments: list[str] | None = None) -> None:
    """Run a command; print a user's mistake as one message without a traceback."""
    prepare_streams()
    try:
        code = app(args=arguments, prog_name="simcash", standalone_mode=False)
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
