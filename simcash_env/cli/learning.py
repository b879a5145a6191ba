"""The commands that need the training extra: benchmark, train, evaluate."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from simcash_env.cli.screen import data, needed, notes

EXTRA: Final = "training"


def benchmark(
    scenarios: Annotated[list[str] | None, typer.Argument(help="Ids or files; castro-12period-v0 by default.")] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Test days a policy is scored on.")] = 100,
    tuning_seeds: Annotated[int, typer.Option(min=0, help="Training days on which parameters are searched.")] = 100,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON list.")] = False,
) -> None:
    """Score the scripted policies on test seeds, with 95 % intervals and differences to fifo."""
    leaderboard = needed("baselines.leaderboard", EXTRA)
    report = notes.print if notes.is_terminal and not as_json else None
    names = scenarios or ["castro-12period-v0"]
    rows = leaderboard.run_benchmark(names, seeds, num_tuning_seeds=tuning_seeds, report=report)
    if as_json:
        typer.echo(leaderboard.rows_as_json(rows))
    else:
        data.print(leaderboard.format_table(rows))


def train(
    scenario: Annotated[str, typer.Argument(help="A scenario with a file in configs/training, or such a file.")],
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    steps: Annotated[int | None, typer.Option(min=1, help="Decisions of banks in all.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="The checkpoint to write.", show_default=False)] = None,
    resume: Annotated[Path | None, typer.Option(help="A checkpoint to go on from.", show_default=False)] = None,
    *,
    quiet: Annotated[bool, typer.Option(help="Print nothing.")] = False,
) -> None:
    """Train a learned cash manager; Ctrl-C saves what there is."""
    trained = needed("training.cli", EXTRA).cli_train(scenario, seed, steps, out, resume=resume, quiet=quiet)
    if not trained.is_complete:
        raise typer.Exit(130)


def evaluate(
    checkpoint: Annotated[
        Path, typer.Argument(help="A checkpoint that simcash train wrote.", exists=True, dir_okay=False)
    ],
    seeds: Annotated[int, typer.Option(min=2, help="Test days.")] = 200,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Play a checkpoint on test seeds and print what it costs."""
    needed("training.cli", EXTRA).cli_evaluate(checkpoint, seeds, as_json=as_json)
