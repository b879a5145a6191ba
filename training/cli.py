"""What ``simcash train`` and ``simcash evaluate`` do."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from baselines.seeds import held_out_seeds
from training.checkpoint import facts_path
from training.evaluate import LearnedResult, evaluate_checkpoint
from training.ppo import Trained, train
from training.settings import load_settings

DEFAULT_FOLDER = Path("results") / "training"


class TrainingProgress:
    """A bar with the present cost, where somebody is watching; otherwise silence."""

    def __init__(self, total_steps: int, console: Console) -> None:
        self._bar = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"),
            TextColumn("{task.fields[cost]}"), TimeElapsedColumn(), TimeRemainingColumn(), console=console,
        )  # fmt: skip
        self._is_watched = console.is_terminal
        self._task = self._bar.add_task("training", total=total_steps, cost="")

    def __enter__(self) -> Self:
        if self._is_watched:
            self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._is_watched:
            self._bar.stop()

    def report(self, steps: int, cents: float) -> None:
        """Move the bar."""
        self._bar.update(self._task, completed=steps, cost=f"{cents:,.0f} cents a bank and run")


def cli_train(
    scenario: str,
    seed: int = 0,
    steps: int | None = None,
    out: Path | None = None,
    *,
    resume: Path | None = None,
    quiet: bool = False,
    max_seconds: float | None = None,
    console: Console | None = None,
) -> Trained:
    """Train on a scenario and save a checkpoint; Ctrl-C saves what there is.

    Args:
        scenario: an id with a file in ``configs/training``, or such a file itself.
        seed: of the training.
        steps: decisions of banks in all; by default the settings' own.
        out: the ``.zip`` to write; by default ``results/training/SCENARIO-seedN.zip``.
        resume: a checkpoint to go on from.
        quiet: print nothing.
        max_seconds: stop after so long.
        console: where to print; standard error by default.
    """
    settings = load_settings(scenario, **({} if steps is None else {"total_steps": steps}))
    path = DEFAULT_FOLDER / f"{Path(settings.scenario).stem}-seed{seed}.zip" if out is None else out
    screen = console or Console(stderr=True)
    bar = None if quiet else TrainingProgress(settings.total_steps, screen)
    with bar or nullcontext():
        report = None if bar is None else bar.report
        trained = train(settings, seed, out=path, resume=resume, report=report, max_seconds=max_seconds)
    if not quiet:
        state = "finished" if trained.is_complete else "interrupted"
        screen.print(f"{state} after {trained.facts.steps:,} steps; saved {path} and {facts_path(path)}")
    return trained


def result_as_dict(result: LearnedResult) -> dict[str, Any]:
    """An evaluation as plain data."""
    evaluation, interval = result.evaluation, result.evaluation.total()
    return {
        "scenario": evaluation.scenario,
        "seed": result.facts.seed,
        "steps": result.facts.steps,
        "version": result.facts.version,
        "test_seeds": len(evaluation.seeds),
        "total_cost": {"mean": interval.mean, "low": interval.low, "high": interval.high},
        "by_kind": evaluation.by_kind(),
        "by_bank": evaluation.by_bank(),
        "pool_shares": dict(zip(result.facts.bank_ids, result.agent.pool_shares(), strict=False)),
        "released_share": result.agent.released / max(result.agent.seen, 1),
    }


def cli_evaluate(
    checkpoint: Path, seeds: int = 200, *, as_json: bool = False, console: Console | None = None
) -> LearnedResult:
    """Play a checkpoint's most likely choices on test seeds and print what it costs.

    Args:
        checkpoint: a ``.zip`` that ``cli_train`` wrote.
        seeds: number of test seeds.
        as_json: print one JSON object instead of a table.
        console: where to print; standard output by default.
    """
    result = evaluate_checkpoint(checkpoint, held_out_seeds(seeds))
    if as_json:
        print(json.dumps(result_as_dict(result), indent=1))
    else:
        (console or Console()).print(result_table(result))
    return result


def result_table(result: LearnedResult) -> Table:
    """Cost by bank, pool share by bank, total with its interval."""
    evaluation = result.evaluation
    table = Table(
        title=f"{evaluation.scenario}: learned policy, seed {result.facts.seed}, {result.facts.steps:,} steps",
        caption=f"means over {len(evaluation.seeds)} test seeds, cents a run; interval: 95 %, bootstrap",
    )
    table.add_column("bank")
    table.add_column("cost", justify="right")
    table.add_column("pool share", justify="right")
    shares = dict(zip(result.facts.bank_ids, result.agent.pool_shares(), strict=False))
    for bank, cents in evaluation.by_bank().items():
        share = shares.get(bank)
        table.add_row(bank, f"{cents:,.0f}", "" if share is None else f"{100 * share:.1f} %")
    table.add_section()
    table.add_row("all", str(evaluation.total()), "")
    return table
