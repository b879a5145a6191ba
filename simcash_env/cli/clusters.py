"""``simcash rllib`` and ``simcash sweep``: training and sweeps on Ray, on this machine or on a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simcash_env.cli.screen import data, needs_extra, notes

EXTRA = "rllib"
INTERRUPTED = 130
FOLDER = Path("results") / "rllib"

Address = Annotated[
    str | None,
    typer.Option(help="Of a Ray cluster: host:port, or auto for this machine's; by default Ray starts here."),
]
Iterations = Annotated[int, typer.Option(min=1, help="Rounds of sampling and learning.")]
Batch = Annotated[int, typer.Option(min=1, help="Ticks of a round.")]


def rllib(
    scenario: Annotated[str, typer.Argument(help="An id of the library, or a file.")],
    address: Address = None,
    iterations: Iterations = 40,
    batch: Batch = 200,
    runners: Annotated[int, typer.Option(min=0, help="Processes that sample, anywhere in the cluster.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Of the training.")] = 0,
    every: Annotated[int, typer.Option(min=1, help="Iterations between two checkpoints.")] = 5,
    seeds: Annotated[int, typer.Option(min=2, help="Validation days on which the result is played.")] = 100,
    out: Annotated[Path | None, typer.Option(help="Folder of the checkpoint.", show_default=False)] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Train with RLlib's PPO. The same command goes on from its checkpoint, also after Ctrl-C.

    A node that dies takes its sampling processes with it; others are started elsewhere and the training goes on.
    """
    with needs_extra(EXTRA):
        from simcash_env.learning import rllib_ppo as rl
        from simcash_env.learning.rllib_settings import rllib_settings
    settings = rllib_settings(scenario, iterations=iterations, batch=batch)
    folder = out or FOLDER / f"{Path(scenario).stem}-seed{seed}"
    report = told_iteration if notes.is_terminal else None
    with rl.connected(address, runners + 1):
        state, is_complete = rl.train_rllib(settings, seed, folder, runners=runners, every=every, report=report)
        cents = rl.evaluate_folder(folder, seeds) if is_complete else None
    result = {"folder": str(folder), "iterations": state.iterations, "curve": state.curve, "validation_cents": cents}
    if as_json:
        typer.echo(json.dumps(result))
    else:
        data.print(f"{state.iterations} iterations, checkpoint in {folder}", markup=False, highlight=False)
        if cents is not None:
            data.print(f"{cents['mean']:,.0f} cents a run on {seeds} validation days", markup=False, highlight=False)
    if not is_complete:
        raise typer.Exit(INTERRUPTED)


def told_iteration(state: Any) -> None:
    """One line an iteration."""
    mean = "none yet" if state.curve[-1] is None else f"{state.curve[-1]:.3f}"
    notes.print(f"iteration {state.iterations}: mean return of a bank's day {mean}", highlight=False)


def sweep(
    scenario: Annotated[str, typer.Argument(help="An id of the library, or a file.")],
    address: Address = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings.")] = 8,
    iterations: Iterations = 40,
    batch: Batch = 200,
    seeds: Annotated[int, typer.Option(min=2, help="Number of validation seeds.")] = 100,
    every: Annotated[int, typer.Option(min=1, help="Iterations between two checkpoints.")] = 5,
    space: Annotated[Path | None, typer.Option(help="A YAML file of what is searched.", show_default=False)] = None,
    cpus: Annotated[int | None, typer.Option(min=1, help="Of this machine, where Ray starts here.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the sweep, on a cluster one that all nodes share.", show_default=False),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Search settings of RLlib's PPO with Ray Tune. The same command goes on with a sweep that was broken off.

    A trial whose node dies goes on elsewhere from its last checkpoint.
    """
    with needs_extra(EXTRA):
        from simcash_env.learning import ray_sweep as sweeps
        from simcash_env.learning import rllib_ppo as rl
        from simcash_env.learning.rllib_settings import SWEEP_SPACE, RllibSettings, rllib_settings
        from simcash_env.learning.search_space import read_space
    settings = rllib_settings(scenario, iterations=iterations, batch=batch)
    searched = read_space(space, SWEEP_SPACE, RllibSettings)
    folder = out or FOLDER / f"{Path(scenario).stem}-sweep"
    with rl.connected(address, cpus):
        found = sweeps.sweep(sweeps.SweepPlan(settings, searched, trials, seeds, every), folder)
    if as_json:
        typer.echo(json.dumps(found))
        return
    data.print(f"{found['done']} of {trials} trials done, in {folder}", markup=False, highlight=False, soft_wrap=True)
    data.print(f"best: {found['best']:,.0f} cents a run on {seeds} validation days", markup=False, highlight=False)
    for name, value in found["settings"].items():
        data.print(f"  {name}: {value}", markup=False, highlight=False)
