"""What ``simcash train`` and ``simcash evaluate`` do."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, Self, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from simcash_env.amounts import amount_text, unit_name
from simcash_env.cli.screen import data_console
from simcash_env.config import FifoPolicy
from simcash_env.config.overrides import Changes
from simcash_env.envs.learners import assign_learners
from simcash_env.evaluation.contenders import Contender
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks, evaluate_policy
from simcash_env.evaluation.known_scripts import UNKNOWN
from simcash_env.evaluation.results import add_columns
from simcash_env.evaluation.results import result as figures
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import PLAYED_ONCE, conditional_value_at_risk
from simcash_env.evaluation.yardsticks import play_yardsticks
from simcash_env.learning.checkpoint import Trained, facts_path, find_checkpoint
from simcash_env.learning.checkpoint_plots import draw_curve
from simcash_env.learning.evaluate import LearnedResult, evaluate_checkpoint
from simcash_env.learning.leaderboard_row import learned_gap
from simcash_env.learning.learner import learner_named
from simcash_env.learning.monitor import Log
from simcash_env.learning.reference_levels import reference_levels
from simcash_env.learning.settings import ALGORITHM, TrainingSettings, load_settings, planned_steps
from simcash_env.literal import literal_column, literal_console

DEFAULT_FOLDER = Path("results") / "training"
FIFO_DAYS = 200


class TrainingProgress:
    """A progress bar with cost, return, speed and remaining time.

    Args:
        total_steps: of the training.
        console: a terminal.
        fifo_cents: what FIFO costs a bank and run; None where there is no such figure.
    """

    def __init__(self, total_steps: int, console: Console, fifo_cents: float | None = None) -> None:
        self._bar = Progress(
            literal_column("{task.description}"), BarColumn(), literal_column("{task.percentage:>3.0f} %"),
            literal_column("{task.fields[cost]}"), TimeElapsedColumn(), TimeRemainingColumn(), console=console,
        )  # fmt: skip
        self._fifo_cents = fifo_cents
        self._last: tuple[int, float] | None = None
        self._task = self._bar.add_task("training", total=total_steps, cost="")

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def report(self, steps: int, cents: float, reward: float | None = None) -> None:
        """Move the bar."""
        now = time.monotonic()
        parts = [f"{amount_text(cents)} a bank and run"]
        if self._fifo_cents:
            parts.append(f"{cents / self._fifo_cents:.3f} of FIFO's")
        if reward is not None:
            parts.append(f"return {reward:.3f} a tick")
        if self._last is not None and now > self._last[1]:
            parts.append(f"{(steps - self._last[0]) / (now - self._last[1]):,.0f} steps/s")
        self._last = steps, now
        self._bar.update(self._task, completed=steps, cost=" · ".join(parts))


def fifo_cents(settings: TrainingSettings) -> float | None:
    """Return FIFO's mean cost per learning bank and run on training seeds; None for a family of scenarios."""
    if settings.randomize is not None:
        return None
    config = settings.config()
    learning = deciding_banks(assign_learners(config, settings.learners))
    costs = evaluate_policy(config, FifoPolicy(), training_seeds(FIFO_DAYS)).by_bank()
    return sum(costs[bank] for bank in learning) / len(learning)


def cli_train(
    scenario: str,
    seed: int = 0,
    steps: int | None = None,
    out: Path | None = None,
    *,
    algorithm: str = ALGORITHM,
    resume: Path | None = None,
    quiet: bool = False,
    max_seconds: float | None = None,
    tensorboard: Path | None = None,
    console: Console | None = None,
    changes: Changes | None = None,
    curve: Path | None = None,
) -> Trained:
    """Train on a scenario and save a checkpoint, also after Ctrl-C.

    Args:
        scenario: an id of the library, a file of settings, or a scenario file.
        seed: of the training.
        steps: decisions of banks in all; by default the settings' own.
        out: the file to write; by default ``results/training/SCENARIO-seedN.pt``, or
            ``SCENARIO-ALGORITHM-seedN`` with another learner than PPO.
        algorithm: a learner of ``simcash_env.learning.learner.LEARNERS``.
        resume: a checkpoint to continue from, exactly as if the training had not been interrupted.
        quiet: print nothing.
        max_seconds: stop after so long.
        tensorboard: folder for TensorBoard logs.
        console: where to print; standard error by default.
        changes: new values of the scenario by dotted key.
        curve: file for the learning curve: .png, .svg or .pdf.

    Raises:
        ConfigError: no such learner or settings.
    """
    chosen: dict[str, Any] = {} if steps is None else {"total_steps": steps}
    chosen |= {"changes": dict(changes)} if changes else {}
    learner = learner_named(algorithm)
    settings = load_settings(scenario, **chosen)
    if steps is not None:  # also of a search, whose settings count generations
        settings = settings.model_copy(update={"search": settings.search.model_copy(update={"generations": 0})})
    kind = "" if algorithm == ALGORITHM else f"-{algorithm}"
    name = f"{Path(settings.scenario).stem}{kind}-seed{seed}{learner.ending}"
    path = DEFAULT_FOLDER / name if out is None else out
    screen = console or literal_console(stderr=True)
    is_watched = screen.is_terminal and not quiet
    bar = TrainingProgress(planned_steps(settings, algorithm), screen, fifo_cents(settings)) if is_watched else None
    with bar or nullcontext():
        trained = learner.train(
            settings, seed, out=path, resume=resume, max_seconds=max_seconds, tensorboard=tensorboard,
            report=None if bar is None else bar.report,
        )  # fmt: skip
    if tensorboard is not None:
        with Log(tensorboard) as log:
            for name, cents in reference_levels(settings).items():
                for at in (0, trained.facts.steps):
                    log.write({f"levels/{name}": cents}, at)
    if curve is not None:
        draw_curve(trained.facts, path.stem, curve)
    if not quiet:
        state = "finished" if trained.is_complete else "interrupted"
        screen.print(f"{state} after {trained.facts.steps:,} steps; saved {path} and {facts_path(path)}")
    return trained


Yardsticks: TypeAlias = Sequence[tuple[Contender, float | None]]
"""FIFO and the best tuned policy, played on the same days, each with its gap to the lower bound."""


def yardsticks_of(result: LearnedResult) -> Yardsticks:
    """Return the scripted policies that a checkpoint is compared with; they decide for the banks that learn."""
    config = assign_learners(result.config, result.facts.training_settings().learners)
    return play_yardsticks(config, result.evaluation.seeds)


def yardstick_as_dict(played: Contender, gap: float | None, learned: Evaluation) -> dict[str, Any]:
    """Return a scripted policy as plain data; ``difference`` is learned cost minus its cost."""
    totals, total = played.evaluation.totals(), played.evaluation.total()
    difference = learned.minus(played.evaluation)
    return {
        "policy": played.policy,
        "parameters": played.parameters,
        "total_cost": {"mean": total.mean, "low": total.low, "high": total.high},
        "difference": {"mean": difference.mean, "low": difference.low, "high": difference.high},
        "gap_to_bound": gap,
        "cvar95": conditional_value_at_risk(totals, 0.95),
        "cvar99": conditional_value_at_risk(totals, 0.99),
        "worst_day": int(totals.max()),
        "settled_share": played.evaluation.settled_share,
    }


def knows_tuned(yardsticks: Yardsticks) -> bool:
    """Return whether a tuned policy is among the scripted ones."""
    return len(yardsticks) > 1


def result_as_dict(result: LearnedResult, yardsticks: Yardsticks = ()) -> dict[str, Any]:
    """Return an evaluation as plain data."""
    evaluation, interval = result.evaluation, result.evaluation.total()
    return {
        "scenario": evaluation.scenario,
        "seed": result.facts.seed,
        "steps": result.facts.steps,
        "version": result.facts.version,
        "test_seeds": len(evaluation.seeds),
        "gap_to_bound": learned_gap(result),
        "cvar95": conditional_value_at_risk(evaluation.totals(), 0.95),
        "cvar99": conditional_value_at_risk(evaluation.totals(), 0.99),
        "worst_day": int(evaluation.totals().max()),
        "settled_share": evaluation.settled_share,
        "total_cost": {"mean": interval.mean, "low": interval.low, "high": interval.high},
        "by_kind": evaluation.by_kind(),
        "by_bank": evaluation.by_bank(),
        "pool_shares": dict(zip(result.facts.bank_ids, result.agent.pool_shares(), strict=False)),
        "released_share": result.agent.released / max(result.agent.seen, 1),
        "yardsticks": [yardstick_as_dict(played, gap, evaluation) for played, gap in yardsticks],
        "yardsticks_note": None if knows_tuned(yardsticks) else UNKNOWN,
    }


def cli_evaluate(
    checkpoint: Path,
    seeds: int = 200,
    *,
    as_json: bool = False,
    console: Console | None = None,
    changes: Changes | None = None,
) -> LearnedResult:
    """Evaluate a checkpoint's most likely actions on test seeds and print the costs.

    Args:
        checkpoint: a file that ``cli_train`` wrote, or a scenario's id whose policy is shipped.
        seeds: number of test seeds; a scenario that draws nothing at random is played once.
        as_json: print one JSON object instead of a table.
        console: where to print; standard output by default.
        changes: new values of the scenario by dotted key.
    """
    result = evaluate_checkpoint(find_checkpoint(checkpoint), held_out_seeds(seeds), once=True, changes=changes)
    yardsticks = yardsticks_of(result)
    if as_json:
        typer.echo(json.dumps(result_as_dict(result, yardsticks), indent=1))
    else:
        screen = console or data_console()
        screen.print(result_table(result))
        screen.print(figures_table(result, yardsticks))
    return result


def result_table(result: LearnedResult) -> Table:
    """Return a table with cost and pool share by bank, and the total with its interval."""
    evaluation = result.evaluation
    count = len(evaluation.seeds)
    over = f"means over {count:,} test seeds, {unit_name(result.config.currency)} a run"
    table = Table(
        title=f"{evaluation.scenario}: learned policy, seed {result.facts.seed}, {result.facts.steps:,} steps",
        caption=PLAYED_ONCE if count == 1 else over,
    )
    table.add_column("bank")
    table.add_column("cost", justify="right")
    table.add_column("pool share", justify="right")
    shares = dict(zip(result.facts.bank_ids, result.agent.pool_shares(), strict=False))
    for bank, cents in evaluation.by_bank().items():
        share = shares.get(bank)
        table.add_row(bank, amount_text(cents), "" if share is None else f"{100 * share:.1f} %")
    table.add_section()
    table.add_row("all", amount_text(evaluation.total().mean), "")
    return table


def figures_table(result: LearnedResult, yardsticks: Yardsticks = ()) -> Table:
    """Return the rows of the table of results: all banks together, the learned policy first."""
    evaluation = result.evaluation
    caption = f"all banks, {unit_name(result.config.currency)} a run; intervals: 95 %, bootstrap"
    table = Table(caption=caption if knows_tuned(yardsticks) else f"{caption}\n{UNKNOWN}")
    add_columns(table)
    table.add_column("learned minus this", justify="right")
    row = figures("learned", evaluation.totals(), evaluation.total(), evaluation.settled_share, learned_gap(result))
    table.add_row(*row.cells(), "")
    for played, gap in yardsticks:
        own = played.evaluation
        row = figures(played.policy, own.totals(), own.total(), own.settled_share, gap)
        table.add_row(*row.cells(), evaluation.minus(own).amount())
    return table
