"""``simcash run``: one run of a scenario, or of a saved simulation."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from simcash_env.cli.choices import (
    AsJson,
    External,
    Policies,
    PolicyPath,
    Quiet,
    Seed,
    Sets,
    chosen_changes,
    chosen_external,
    chosen_policies,
    complete_file,
    complete_scenario,
    naming_sets,
    print_notices,
    replace_policies,
)
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import Outputs
from simcash_env.cli.playing import Show, play, print_summary
from simcash_env.cli.screen import needs_extra, note, notes
from simcash_env.config import load_scenario
from simcash_env.errors import ConfigError, Fault
from simcash_env.files import held_alone
from simcash_env.simulation import Simulation
from simcash_env.simulation.run_tables import FORMATS, Format

INTERRUPTED: Final = 130


@examples(
    "simcash run castro-12period-v0 --seed 42",
    "simcash run ten-banks-v0 --json --quiet",
    "simcash run my.yaml --policy BANK_A=deadline:urgency_threshold=2",
    "simcash run ten-banks-v0 --events run.parquet --db runs.duckdb --plot run.png",
    "simcash run lynx-day-v0 --set lsm.algorithms=[] --set banks.*.credit_limit=0",
    "simcash run --state saved.simcash --ticks 10",
)
def run(
    scenario: Annotated[
        str | None,
        typer.Argument(
            help="Scenario: an id of the library or a scenario file.",
            autocompletion=complete_scenario,
            show_default=False,
        ),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Continue this saved simulation, and save it again.", autocompletion=complete_file),
    ] = None,
    ticks: Annotated[
        int | None,
        typer.Option(min=1, help="Number of ticks to run, at most those left.", show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, help="Number of days to run, at most those left.", show_default=False),
    ] = None,
    seed: Seed = None,
    policy: Policies = None,
    sets: Sets = None,
    external: External = None,
    policy_path: PolicyPath = None,
    events: Annotated[
        Path | None, typer.Option(help="Write every event to this Parquet file.", autocompletion=complete_file)
    ] = None,
    db: Annotated[
        Path | None, typer.Option(help="Add the run to this DuckDB file.", autocompletion=complete_file)
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Plot the run to this file: .png, .svg or .pdf.", autocompletion=complete_file)
    ] = None,
    tables: Annotated[
        Path | None,
        typer.Option(help="Write tables of payments, banks and system to this folder.", autocompletion=complete_file),
    ] = None,
    table_format: Annotated[
        str, typer.Option("--format", help="Format of --tables: csv, parquet or arrow.")
    ] = "parquet",
    *,
    live: Annotated[
        bool, typer.Option("--live", help="Show a table of the banks during the run, on a terminal.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print the events of every tick.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario with scripted banks, or continue a saved simulation, and print its costs."""
    outputs = Outputs(events, db, plot, state, tables)
    _require_sense(
        scenario, state, seed, policy_path, external, sets, tables, live=live, quiet_or_verbose=quiet or verbose
    )
    changes, written = chosen_changes(sets), chosen_format(table_format)
    outputs.require_usable()
    with nullcontext() if state is None else held_alone(state):
        if state is None:
            notice = (lambda _: None) if quiet else None
            with naming_sets():
                config = load_scenario(str(scenario), changes=changes, policy_path=policy_path, notice=notice)
            config = replace_policies(config, chosen_policies(config, policy or []))
            simulation = Simulation(config, seed=seed, events=tables is not None, external=chosen_external(external))
            chosen: dict[str, Any] = {}
        else:
            simulation = Simulation.load(state)
            chosen = chosen_policies(simulation.config, policy or [])
        if (verbose or outputs) and not simulation.logs_events:
            simulation.log_events("tick")
        print_notices(simulation, quiet=quiet)
        last_tick = _last_tick(simulation, ticks, days)
        show = _show(live=live, verbose=verbose, quiet=quiet)
        was_interrupted = _record(simulation, last_tick, chosen, outputs, show, quiet=quiet)
        if state is not None:
            simulation.save(state)
    if tables is not None:
        for path in simulation.tables().write(tables, written):
            if not quiet:
                note(f"{path}: written")
    summary = simulation.summary()
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
    else:
        print_summary(summary, simulation.config)
    if was_interrupted:
        notes.print(f"interrupted after {summary.ticks} of {last_tick} ticks; the results cover these ticks")
        raise typer.Exit(INTERRUPTED)


def chosen_format(text: str) -> Format:
    """Parse ``--format``.

    Raises:
        ConfigError: no such format.
    """
    for known in FORMATS:
        if text == known:
            return known
    raise ConfigError([Fault(None, None, "--format", repr(text), f"must be one of {', '.join(FORMATS)}")])


def _require_sense(
    scenario: str | None,
    state: Path | None,
    seed: int | None,
    policy_path: Path | None,
    external: str | None,
    sets: list[str] | None,
    tables: Path | None,
    *,
    live: bool,
    quiet_or_verbose: bool,
) -> None:
    """Reject options that contradict each other.

    Raises:
        ConfigError: lists them.
    """
    faults = []
    if (scenario is None) == (state is None):
        faults.append(("SCENARIO", "give a scenario or --state FILE, one of the two"))
    if state is not None and seed is not None:
        faults.append(("--seed", "a saved simulation has its seed"))
    if state is not None and policy_path is not None:
        faults.append(("--policy-path", "a saved simulation has its tree files in it"))
    if state is not None and external is not None:
        faults.append(("--external", "a saved simulation has its default (simcash create --external)"))
    if state is not None and sets:
        faults.append(("--set", "a saved simulation has its scenario (simcash create --set)"))
    if state is not None and tables is not None:
        faults.append(("--tables", "needs a run from its first tick on"))
    if live and quiet_or_verbose:
        faults.append(("--live", "cannot be combined with --quiet or --verbose"))
    if faults:
        raise ConfigError(Fault(None, None, place, None, rule) for place, rule in faults)


def _last_tick(simulation: Simulation, ticks: int | None, days: int | None) -> int:
    """Return the tick before which the run stops.

    Raises:
        ConfigError: more ticks or days than the run has left.
    """
    begun, num_ticks = simulation.current_tick, simulation.num_ticks
    ticks_per_day, faults, last_tick = simulation.config.simulation.ticks_per_day, [], num_ticks
    for place, number, unit in (("--ticks", ticks, 1), ("--days", days, ticks_per_day)):
        if number is None:
            continue
        most = -(-(num_ticks - begun) // unit)  # a day that has begun counts as one
        if number > most:
            left = "has" if begun == 0 else f"stands at tick {begun} and has left"
            rule = f"the run {left} {most} {place.removeprefix('--')} ({num_ticks} ticks in all)"
            faults.append(Fault(None, None, place, str(number), rule))
        last_tick = min(last_tick, begun + number * unit)
    if faults:
        raise ConfigError(faults)
    return last_tick


def _show(*, live: bool, verbose: bool, quiet: bool) -> Show:
    if verbose:
        return "events"
    if live and not notes.is_terminal:
        note("--live: no terminal to draw on")
    if quiet or not notes.is_terminal:
        return "nothing"
    return "live" if live else "bar"


def _record(
    simulation: Simulation, last_tick: int, chosen: dict[str, Any], outputs: Outputs, show: Show, *, quiet: bool
) -> bool:
    """Run, with a recorder if output files are requested; returns whether it was interrupted."""
    policies = {bank: policy.model_dump(mode="json") for bank, policy in chosen.items()}
    if not outputs:
        for bank, policy in policies.items():
            simulation.set_policy(bank, policy)
        return play(simulation.tick, simulation, last_tick, show)
    recorder, picture = outputs.recorder(simulation)
    with recorder:
        for bank, policy in policies.items():
            recorder.set_policy(bank, policy)
        was_interrupted = play(recorder.tick, simulation, last_tick, show)
        facts = recorder.close("interrupted" if was_interrupted else None)
    if picture is not None and outputs.plot is not None:
        with needs_extra("plots"):
            from simcash_env.records.plots import draw
        draw(picture, outputs.plot)
    if not quiet:
        outputs.print_paths(facts.num_events)
    return was_interrupted
