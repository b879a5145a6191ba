"""``simcash tune``: a search for training settings."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from simcash_env.cli.screen import data, needs_extra, notes
from simcash_env.literal import literal_column

TUNE = "tune"
INTERRUPTED = 130


def tune(
    scenario: Annotated[str, typer.Argument(help="An id of the library, a file of settings, or a scenario file.")],
    trials: Annotated[int, typer.Option(min=1, help="Finished trials that the study is to have.")] = 20,
    storage: Annotated[
        Path | None,
        typer.Option(help="The study's file: a journal, or SQLite where it ends in .db.", show_default=False),
    ] = None,
    study: Annotated[str | None, typer.Option(help="Its name; by default the scenario's.", show_default=False)] = None,
    space: Annotated[Path | None, typer.Option(help="A YAML file of what is searched.", show_default=False)] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Of each training.", show_default=False)] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Number of validation seeds.")] = 200,
    runs: Annotated[int, typer.Option(min=1, help="Trainings a trial.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Write the best settings here, for simcash train.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Search training settings: trained on training seeds, evaluated on validation seeds alone.

    The study stays in its file: the same command goes on with it, also after Ctrl-C, and several may share it.
    """
    with needs_extra(TUNE, "optuna"):
        from simcash_env.learning import search_space as spaces
        from simcash_env.learning import tune as tuning
        from simcash_env.learning.settings import load_settings, require_a_rollout
    changes = {} if steps is None else {"total_steps": steps}
    settings = load_settings(scenario, **changes)
    require_a_rollout(settings, steps)
    name = study or Path(settings.scenario).stem
    path = storage or Path("results") / "tuning" / f"{name}.journal"
    plan = tuning.SearchPlan(settings, spaces.read_space(space, settings=type(settings)), seeds, runs)
    opened, was_interrupted = tuning.open_study(path, name, plan), False
    watch = TrialBar(trials, settings.total_steps) if notes.is_terminal else None
    try:
        with watch.bar if watch else nullcontext():
            found = tuning.search(
                opened, plan, trials, storage=str(path),
                report=watch.trial if watch else None, report_steps=watch.steps if watch else None,
            )  # fmt: skip
    except KeyboardInterrupt:
        was_interrupted, found = True, tuning.standing(opened, plan, str(path))
    if out is not None and found.settings is not None:
        tuning.write_settings(found, out)
    if as_json:
        typer.echo(json.dumps(found.as_data()))
    else:
        print_found(found)
    if was_interrupted:
        notes.print(f"interrupted: the study is in {path}, the same command goes on with it", markup=False)
        raise typer.Exit(INTERRUPTED)


class TrialBar:
    """Trials that are done, with the best cost, and how far the present training is."""

    def __init__(self, trials: int, total_steps: int) -> None:
        self.bar = Progress(
            literal_column("{task.description}"), BarColumn(), MofNCompleteColumn(),
            literal_column("{task.fields[cost]}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=notes,
        )  # fmt: skip
        self._trials = self.bar.add_task("trials", total=trials, cost="")
        self._steps = self.bar.add_task("steps", total=total_steps, cost="")

    def trial(self, found: Any) -> None:
        """A trial is done."""
        self.bar.update(self._trials, completed=found.done, cost=f"best {found.cents.mean:,.0f} cents a run")
        self.bar.reset(self._steps, cost="")

    def steps(self, steps: int, cents: float) -> None:
        """A rollout is done."""
        self.bar.update(self._steps, completed=steps, cost=f"{cents:,.0f} cents a bank and run")


def print_found(found: Any) -> None:
    """Where the study stands, in words."""
    line = f"study {found.study} in {found.storage}: {found.done} trial{'' if found.done == 1 else 's'} done"
    if found.failed:
        line += f", {found.failed} broken off (and tried again)"
    data.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.settings is not None:
        data.print(f"best: trial {found.best}, {found.cents} cents a run on validation days", markup=False)
        for name, value in found.settings.items():
            data.print(f"  {name}: {value}", markup=False, highlight=False)
