"""``simcash tune``: a search for training settings."""

from __future__ import annotations

import json
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn, TimeRemainingColumn

from simcash_env.amounts import amount_text
from simcash_env.cli.choices import Sets, chosen_changes, naming_sets
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, needs_extra, notes
from simcash_env.literal import literal_column

TUNE = "tune"
INTERRUPTED = 130


@examples("simcash tune castro-12period-v0 --trials 20")
def tune(
    scenario: Annotated[str, typer.Argument(help="An id of the library, a settings file or a scenario file.")],
    trials: Annotated[int, typer.Option(min=1, help="Total number of finished trials in the study.")] = 20,
    storage: Annotated[
        Path | None,
        typer.Option(help="File of the study: a journal, or SQLite if it ends in .db.", show_default=False),
    ] = None,
    study: Annotated[
        str | None, typer.Option(help="Name of the study (default: the name of the scenario).", show_default=False)
    ] = None,
    space: Annotated[Path | None, typer.Option(help="YAML file with the search space.", show_default=False)] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Number of bank decisions in each training.", show_default=False)
    ] = None,
    seeds: Annotated[int, typer.Option(min=2, help="Number of validation seeds that score a trial.")] = 200,
    runs: Annotated[int, typer.Option(min=1, help="Number of trainings in each trial.")] = 1,
    out: Annotated[
        Path | None, typer.Option(help="Settings file to write for simcash train: the best settings.")
    ] = None,
    sets: Sets = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Search training settings: train on training seeds, score on validation seeds.

    The study stays in its file. Repeat the command to continue it, also after Ctrl-C; several processes may share it.
    """
    with needs_extra(TUNE, "optuna"):
        from simcash_env.learning import search_space as spaces
        from simcash_env.learning import tune as tuning
        from simcash_env.learning.settings import load_settings, require_a_rollout
    chosen: dict[str, Any] = {} if steps is None else {"total_steps": steps}
    changes = chosen_changes(sets)
    chosen |= {"changes": changes} if changes else {}
    settings = load_settings(scenario, **chosen)
    with naming_sets():
        settings.config()
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
        notes.print(f"interrupted: the study is in {path}, repeat the command to continue it", markup=False)
        raise typer.Exit(INTERRUPTED)


class TrialBar:
    """Progress bars for finished trials, with the best cost, and for the current training."""

    def __init__(self, trials: int, total_steps: int) -> None:
        self.bar = Progress(
            literal_column("{task.description}"), BarColumn(), MofNCompleteColumn(),
            literal_column("{task.fields[cost]}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=notes,
        )  # fmt: skip
        self._trials = self.bar.add_task("trials", total=trials, cost="")
        self._steps = self.bar.add_task("steps", total=total_steps, cost="")

    def trial(self, found: Any) -> None:
        """Update after a trial."""
        self.bar.update(self._trials, completed=found.done, cost=f"best {amount_text(found.cents.mean)} a run")
        self.bar.reset(self._steps, cost="")

    def steps(self, steps: int, cents: float) -> None:
        """Update after a rollout."""
        self.bar.update(self._steps, completed=steps, cost=f"{amount_text(cents)} a bank and run")


def print_found(found: Any) -> None:
    """Print the state of the study."""
    line = f"study {found.study} in {found.storage}: {found.done} trial{'' if found.done == 1 else 's'} done"
    if found.failed:
        line += f", {found.failed} interrupted (and repeated)"
    data.print(line, markup=False, highlight=False, soft_wrap=True)
    if found.settings is not None:
        data.print(f"best: trial {found.best}, {found.cents.amount()} a run on validation days", markup=False)
        for name, value in found.settings.items():
            data.print(f"  {name}: {value}", markup=False, highlight=False)
