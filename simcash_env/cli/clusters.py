"""``simcash rllib`` and ``simcash sweep``: training and sweeps on Ray, on this machine or on a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from simcash_env.amounts import amount_text
from simcash_env.cli.choices import Sets, chosen_changes, naming_sets
from simcash_env.cli.examples import examples
from simcash_env.cli.screen import data, needs_extra, notes

EXTRA = "rllib"
INTERRUPTED = 130
FOLDER = Path("results") / "rllib"

Address = Annotated[
    str | None,
    typer.Option(help="Address of a Ray cluster: HOST:PORT, or auto (default: start Ray on this machine)."),
]
Iterations = Annotated[int, typer.Option(min=1, help="Number of training iterations.")]
Batch = Annotated[int, typer.Option(min=1, help="Ticks sampled in each iteration.")]


@examples("simcash rllib castro-2period-v0 --runners 2")
def rllib(
    scenario: Annotated[str, typer.Argument(help="Scenario: an id of the library or a scenario file.")],
    address: Address = None,
    iterations: Iterations = 40,
    batch: Batch = 200,
    runners: Annotated[int, typer.Option(min=0, help="Number of processes that sample, on any node.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="Random seed of the training.")] = 0,
    every: Annotated[int, typer.Option(min=1, help="Number of iterations between checkpoints.")] = 5,
    seeds: Annotated[int, typer.Option(min=2, help="Number of validation seeds for the final evaluation.")] = 100,
    out: Annotated[Path | None, typer.Option(help="Folder for the checkpoint.", show_default=False)] = None,
    sets: Sets = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Train with RLlib's PPO. Repeat the command to continue from its last checkpoint, also after Ctrl-C.

    If a node fails, its sampling processes restart on other nodes and the training continues.
    """
    with needs_extra(EXTRA):
        from simcash_env.learning import rllib_ppo as rl
        from simcash_env.learning.rllib_settings import rllib_settings
    settings = rllib_settings(scenario, iterations=iterations, batch=batch, changes=chosen_changes(sets))
    with naming_sets():
        settings.config()
    folder = out or FOLDER / f"{Path(scenario).stem}-seed{seed}"
    report = print_iteration if notes.is_terminal else None
    with rl.connected(address, runners + 1):
        state, is_complete = rl.train_rllib(settings, seed, folder, runners=runners, every=every, report=report)
        cents = rl.evaluate_folder(folder, seeds) if is_complete else None
    result = {"folder": str(folder), "iterations": state.iterations, "curve": state.curve, "validation_cents": cents}
    if as_json:
        typer.echo(json.dumps(result))
    else:
        data.print(f"{state.iterations} iterations, checkpoint in {folder}", markup=False, highlight=False)
        if cents is not None:
            data.print(f"{amount_text(cents['mean'])} a run on {seeds} validation days", markup=False, highlight=False)
    if not is_complete:
        raise typer.Exit(INTERRUPTED)


def print_iteration(state: Any) -> None:
    """Print one line for an iteration."""
    mean = "none yet" if state.curve[-1] is None else f"{state.curve[-1]:.3f}"
    notes.print(f"iteration {state.iterations}: mean return of a bank's day {mean}", highlight=False)


@examples("simcash sweep castro-2period-v0 --trials 8 --address auto")
def sweep(
    scenario: Annotated[str, typer.Argument(help="Scenario: an id of the library or a scenario file.")],
    address: Address = None,
    trials: Annotated[int, typer.Option(min=1, help="Number of trials; each trains one policy.")] = 8,
    iterations: Iterations = 40,
    batch: Batch = 200,
    seeds: Annotated[int, typer.Option(min=2, help="Number of validation seeds that score a trial.")] = 100,
    every: Annotated[int, typer.Option(min=1, help="Number of iterations between checkpoints.")] = 5,
    space: Annotated[Path | None, typer.Option(help="YAML file with the search space.", show_default=False)] = None,
    cpus: Annotated[
        int | None, typer.Option(min=1, help="CPUs that Ray may use when it starts on this machine.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the sweep; on a cluster, a folder that all nodes share.", show_default=False),
    ] = None,
    sets: Sets = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Search settings of RLlib's PPO with Ray Tune. Repeat the command to continue an interrupted sweep.

    If a node fails, its trials continue on other nodes from their last checkpoints.
    """
    with needs_extra(EXTRA):
        from simcash_env.learning import ray_sweep as sweeps
        from simcash_env.learning import rllib_ppo as rl
        from simcash_env.learning.rllib_settings import SWEEP_SPACE, RllibSettings, rllib_settings
        from simcash_env.learning.search_space import read_space
    settings = rllib_settings(scenario, iterations=iterations, batch=batch, changes=chosen_changes(sets))
    with naming_sets():
        settings.config()
    searched = read_space(space, SWEEP_SPACE, RllibSettings)
    folder = out or FOLDER / f"{Path(scenario).stem}-sweep"
    with rl.connected(address, cpus):
        found = sweeps.sweep(sweeps.SweepPlan(settings, searched, trials, seeds, every), folder)
    if as_json:
        typer.echo(json.dumps(found))
        return
    data.print(f"{found['done']} of {trials} trials done, in {folder}", markup=False, highlight=False, soft_wrap=True)
    data.print(f"best: {amount_text(found['best'])} a run on {seeds} validation days", markup=False, highlight=False)
    for name, value in found["settings"].items():
        data.print(f"  {name}: {value}", markup=False, highlight=False)
