"""A saved simulation, advanced step by step from files: create, tick, state."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simcash_env.amounts import amount_text
from simcash_env.cli.choices import (
    AsJson,
    External,
    Policies,
    PolicyPath,
    Quiet,
    ScenarioName,
    Seed,
    Sets,
    chosen_changes,
    chosen_external,
    chosen_policies,
    complete_file,
    naming_sets,
    print_notices,
    replace_policies,
)
from simcash_env.cli.examples import examples
from simcash_env.cli.outputs import unusable_path
from simcash_env.cli.playing import amounts_in, bank_table, tick_line
from simcash_env.cli.screen import data, note, progress
from simcash_env.cli.stopping import stop_requests
from simcash_env.config import load_scenario
from simcash_env.config.clock import Clock
from simcash_env.config.documents import read_document
from simcash_env.config.report import broken_of
from simcash_env.errors import ConfigError, Fault, SimulationError
from simcash_env.files import held_alone
from simcash_env.schema.limits import MAX_TICKS
from simcash_env.simulation import Simulation, TickResult
from simcash_env.simulation.decisions import arguments_of
from simcash_env.simulation.saved_runs import EventsKept

INTERRUPTED: Final = 130

StateFile = Annotated[
    Path,
    typer.Argument(
        help="Saved simulation, written by simcash create.", autocompletion=complete_file, show_default=False
    ),
]


class HandedIn(BaseModel):
    """A payment in an actions file."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sender: str
    receiver: str
    amount: int
    deadline_tick: int | None = None
    deadline_in: int | None = None
    deadline: int | None = None
    priority: int = 5
    divisible: bool = False
    rtgs_priority: str = "normal"


class StepInput(BaseModel):
    """An actions file: decisions of external banks for one tick, and payments submitted before it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    transactions: list[HandedIn] = Field(default_factory=list)
    actions: dict[str, dict[str, str | list[str | int]]] | None = None
    pool_levels: dict[str, int] = Field(default_factory=dict)
    collateral: dict[str, int] = Field(default_factory=dict)
    orders: dict[str, list[str | int | float] | None] = Field(default_factory=dict)
    sub_limits: dict[str, int] = Field(default_factory=dict)
    pool_shares: dict[str, float] = Field(default_factory=dict)
    send_limits: dict[str, int | dict[str, int | None] | None] = Field(default_factory=dict)


@examples("simcash create castro-12period-v0 saved.simcash --seed 42")
def create(
    scenario: ScenarioName,
    file: Annotated[Path, typer.Argument(help="File for the saved simulation.", show_default=False)],
    seed: Seed = None,
    policy: Policies = None,
    sets: Sets = None,
    external: External = None,
    policy_path: PolicyPath = None,
    *,
    keep_events: Annotated[
        bool, typer.Option("--keep-events", help="Save the event log too; the file grows with it.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Create a simulation at its first tick and save it to a file."""
    problem = unusable_path(file) or ("exists; --force replaces it" if file.exists() and not force else "")
    if problem:
        raise ConfigError([Fault(None, None, "FILE", repr(str(file)), problem)])
    changes, notice = chosen_changes(sets), (lambda _: None) if quiet else None
    with naming_sets():
        config = load_scenario(scenario, changes=changes, policy_path=policy_path, notice=notice)
    config = replace_policies(config, chosen_policies(config, policy or []))
    kept: EventsKept = True if keep_events else "tick"
    simulation = Simulation(config, seed=seed, events=kept, external=chosen_external(external))
    with held_alone(file):
        simulation.save(file)
    print_notices(simulation, quiet=quiet)
    if as_json:
        typer.echo(json.dumps(_position(simulation, file)))
    else:
        data.print(
            f"{file}: {config.name}, seed {simulation.seed}, {simulation.num_ticks} ticks to come", soft_wrap=True
        )


@examples("simcash tick saved.simcash --count 3", "simcash tick saved.simcash --actions moves.json --json")
def tick(
    file: StateFile,
    count: Annotated[int, typer.Option(min=1, max=MAX_TICKS, help="Number of ticks to run.")] = 1,
    actions: Annotated[
        Path | None,
        typer.Option(help="JSON or YAML file with the decisions of external banks in the first tick."),
    ] = None,
    *,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Run ticks of a saved simulation and save it again, unless a tick fails."""
    with held_alone(file):
        run_ticks(file, count, actions, quiet=quiet, as_json=as_json)


def run_ticks(file: Path, count: int, actions: Path | None, *, quiet: bool, as_json: bool) -> None:
    """Load, run and save; the caller holds the file's lock."""
    simulation = Simulation.load(file)
    moves = StepInput() if actions is None else _read_moves(actions)
    for place, payment in enumerate(moves.transactions):
        try:
            simulation.submit_transaction(**payment.model_dump(exclude_none=True))
        except SimulationError as error:  # what the file says is wrong, not the run
            raise ConfigError([Fault(str(actions), None, f"transactions.{place}", None, str(error))]) from error
    if simulation.is_over:
        message = f"{file}: the run is over: all {simulation.num_ticks} ticks have been closed"
        raise SimulationError(message)
    last_tick = min(simulation.num_ticks, simulation.current_tick + count)
    if moves.actions is None or last_tick > simulation.current_tick + 1:
        print_notices(simulation, quiet=quiet)
    results = []
    with stop_requests() as stop, progress(last_tick - simulation.current_tick, quiet=quiet) as advance:
        decided: dict[str, Any] = arguments_of(moves.model_dump(exclude={"transactions"}))
        while simulation.current_tick < last_tick and not stop.is_requested:
            results.append(simulation.tick(**decided))
            decided = {}
            if advance is not None:
                advance(len(results))
        simulation.save(file)
    if as_json:
        typer.echo(json.dumps({**_position(simulation, file), "results": [_result(row) for row in results]}))
    else:
        for row in results:
            data.print(tick_line(row, simulation.config), highlight=False, soft_wrap=True)
    if stop.is_requested:
        note(f"interrupted after {len(results)} ticks: they are saved")
        raise typer.Exit(INTERRUPTED)
    if len(results) < count and not quiet:
        note(f"the run is over after {len(results)} of {count} ticks")


@examples("simcash state saved.simcash", "simcash state saved.simcash --bank BANK_A --json")
def state(
    file: StateFile,
    bank: Annotated[str | None, typer.Option(help="Show only this bank, with its queue.", show_default=False)] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show the state of a saved simulation without changing it."""
    simulation = Simulation.load(file)
    if bank is not None:
        simulation.bank_number(bank)
    inspected = simulation.inspect()
    if as_json:
        if bank is not None:
            mine = {"queue1": inspected["queue1"][bank], **inspected["banks"][bank]}
            typer.echo(json.dumps({**_position(simulation, file), "bank": bank, **mine}))
        else:
            typer.echo(
                json.dumps({**_position(simulation, file), "summary": asdict(simulation.summary()), **inspected})
            )
        return
    summary = simulation.summary()
    played = f"{summary.scenario}, seed {summary.seed}, {summary.ticks:,} of {simulation.num_ticks:,} ticks"
    clock, currency = simulation.config.simulation.clock, simulation.config.currency
    at = "" if clock is None or simulation.is_over else f", {clock(simulation.current_tick)}"
    where = f"{played}{at}; {amounts_in(simulation.config)}"
    if bank is None:
        data.print(bank_table(simulation, where))
        return
    data.print(f"{bank}: {where}", highlight=False)
    for name, value in inspected["banks"][bank].items():
        data.print(f"  {name.replace('_', ' ')}: {_shown(name, value, clock)}", highlight=False, markup=False)
    for tx in inspected["queue1"][bank]:
        payment = simulation.transaction(tx)
        amount, due = amount_text(payment.remaining, currency), _time(payment.deadline_tick, clock)
        text = f"{amount} to {payment.receiver}, due at {due}, priority {payment.priority}"
        data.print(f"  {tx}: {text}", highlight=False, markup=False)


def _read_moves(file: Path) -> StepInput:
    """Read an actions file.

    Raises:
        ConfigError: lists everything that is wrong with it.
    """
    document = read_document(file)
    if document.broken:
        raise document.error(document.broken)
    try:
        return StepInput.model_validate(document.value)
    except ValidationError as error:
        raise document.error(broken_of(error, document.value)) from None


def _position(simulation: Simulation, file: Path) -> dict[str, Any]:
    return {
        "file": str(file),
        "scenario": simulation.config.name,
        "seed": simulation.seed,
        "current_tick": simulation.current_tick,
        "current_day": simulation.current_day,
        "num_ticks": simulation.num_ticks,
        "is_over": simulation.is_over,
        "notices": list(simulation.notices),
    }


def _result(result: TickResult) -> dict[str, Any]:
    fields = {name: value for name, value in vars(result).items() if name != "events"}
    return {**fields, "events": [event.as_dict() for event in result.events]}


def _time(tick: int, clock: Clock | None) -> str:
    """A tick, with its time of day where the scenario has opening hours."""
    return f"tick {tick}" if clock is None else f"tick {tick} ({clock(tick)})"


def _shown(name: str, value: Any, clock: Clock | None) -> str:
    """A figure of a bank, amounts in currency units."""
    if name == "timers":
        return ", ".join(f"{amount_text(cents)} at {_time(tick, clock)}" for cents, tick in value) or "none"
    if name == "registers":
        return ", ".join(f"{key} {register}" for key, register in value.items()) or "none"
    if isinstance(value, dict):
        return ", ".join(f"{key} {amount_text(cents)}" for key, cents in value.items()) or "none"
    return amount_text(value)
