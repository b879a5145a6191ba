"""``simcash run``: one run of a scenario, tick by tick."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer
from pydantic import TypeAdapter, ValidationError
from rich.progress import Progress
from rich.table import Table

from simcash_env.cli.library import PolicyPath
from simcash_env.cli.screen import data, notes
from simcash_env.config import PolicyConfig, ScenarioConfig, load_scenario
from simcash_env.errors import ConfigError, Fault
from simcash_env.simulation import Simulation, Summary, TickResult

EXAMPLES: Final = (
    "Examples: simcash run castro-12period-v0 --seed 42   |   simcash run ten-banks-v0 --json --quiet   |   "
    "simcash run my.yaml --policy BANK_A=deadline:urgency_threshold=2"
)
INTERRUPTED: Final = 130


def run(
    scenario: Annotated[str, typer.Argument(help="An id of the library, or a file.")],
    ticks: Annotated[int | None, typer.Option(min=1, help="Stop after so many ticks.", show_default=False)] = None,
    days: Annotated[int | None, typer.Option(min=1, help="Stop after so many days.", show_default=False)] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the random stream; the file's own by default.")] = None,
    policy: Annotated[
        list[str] | None, typer.Option(help="BANK=NAME or BANK=NAME:parameter=value,...; may be repeated.")
    ] = None,
    policy_path: PolicyPath = None,
    *,
    verbose: Annotated[bool, typer.Option(help="Print the events of every tick.")] = False,
    quiet: Annotated[bool, typer.Option(help="No progress, no notes.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Run a scenario with scripted banks and print what it cost."""
    config = load_scenario(scenario, policy_path=policy_path, notice=(lambda _: None) if quiet else None)
    config = with_policies(config, policy or [], quiet=quiet)
    simulation = Simulation(config, seed=seed, events=verbose)
    asked = [ticks, None if days is None else days * config.simulation.ticks_per_day]
    wanted = min([simulation.num_ticks, *(stop for stop in asked if stop is not None)])
    was_interrupted = play(simulation, wanted, verbose=verbose, quiet=quiet)
    summary = simulation.summary()
    if as_json:
        typer.echo(json.dumps(asdict(summary)))
    else:
        print_summary(summary)
    if was_interrupted:
        notes.print(f"interrupted after {summary.ticks} of {wanted} ticks: the figures are of these")
        raise typer.Exit(INTERRUPTED)


def play(simulation: Simulation, wanted: int, *, verbose: bool, quiet: bool) -> bool:
    """Run so many ticks, with a bar where somebody is watching; was it interrupted?"""
    watched = notes.is_terminal and not quiet and not verbose
    bar = Progress(console=notes, transient=True) if watched else None
    try:
        with bar or nullcontext():
            task = None if bar is None else bar.add_task("ticks", total=wanted)
            while simulation.current_tick < wanted:
                result = simulation.tick()
                if verbose:
                    print_tick(result)
                if bar is not None and task is not None:
                    bar.update(task, completed=simulation.current_tick)
    except KeyboardInterrupt:
        return True
    return False


def print_tick(result: TickResult) -> None:
    """One line a tick, then one an event; to stderr, so that --json stays one object."""
    sys.stderr.write(
        f"tick {result.tick} (day {result.day}): {result.num_arrivals} arrived, {result.num_settlements} settled, "
        f"{result.num_lsm_releases} by liquidity saving, {result.queue2_size} in Queue 2, {result.total_cost} cents\n"
    )
    for event in result.events:
        fields = event.as_dict()
        fields.pop("tick")
        kind = fields.pop("kind")
        sys.stderr.write(f"  {kind}  " + "  ".join(f"{name}={value}" for name, value in fields.items()) + "\n")


def print_summary(summary: Summary) -> None:
    """A table of banks and a line of totals."""
    kinds = [kind for kind in next(iter(summary.costs.values())) if any(row[kind] for row in summary.costs.values())]
    table = Table(title=f"{summary.scenario}, seed {summary.seed}, {summary.ticks} ticks; cents")
    table.add_column("bank")
    for heading in ("balance", *(kind.replace("_", " ") for kind in kinds), "total cost"):
        table.add_column(heading, justify="right")
    for bank, costs in summary.costs.items():
        figures = (summary.final_balances[bank], *(costs[kind] for kind in kinds), sum(costs.values()))
        table.add_row(bank, *(f"{figure:,}" for figure in figures))
    data.print(table)
    data.print(
        f"arrived {summary.arrived:,} payments ({summary.arrived_cents:,} cents), settled {summary.settled:,} "
        f"({summary.settled_cents:,} cents), dropped {summary.dropped:,}, queued {summary.queued:,}; "
        f"total cost {summary.total_cost:,} cents",
        highlight=False,
    )


def with_policies(config: ScenarioConfig, choices: list[str], *, quiet: bool) -> ScenarioConfig:
    """The scenario with the chosen policies; an external bank without one releases everything (fifo).

    Raises:
        ConfigError: an unknown bank, policy or parameter, all of them at once.
    """
    faults: list[Fault] = []
    chosen: dict[str, Any] = {}
    names = {bank.id for bank in config.banks}
    for choice in choices:
        bank, _, text = choice.partition("=")
        if bank not in names:
            rule = f"unknown bank, banks are {', '.join(sorted(names))}"
            faults.append(Fault(None, None, f"--policy {choice}", repr(bank), rule))
            continue
        try:
            chosen[bank] = parse_policy(text)
        except ValidationError as error:
            for detail in error.errors():
                place = "".join(f": {part}" for part in detail["loc"])
                faults.append(Fault(None, None, f"--policy {choice}{place}", repr(detail["input"]), detail["msg"]))
    if faults:
        raise ConfigError(faults)
    waiting = [bank.id for bank in config.banks if bank.policy.type == "external" and bank.id not in chosen]
    if waiting and not quiet:
        notes.print(f"nobody decides for {', '.join(waiting)}: running fifo (choose with --policy BANK=NAME)")
    chosen |= {bank: parse_policy("fifo") for bank in waiting}
    banks = tuple(bank.model_copy(update={"policy": chosen.get(bank.id, bank.policy)}) for bank in config.banks)
    return config.model_copy(update={"banks": banks})


def parse_policy(text: str) -> Any:
    """``name`` or ``name:parameter=value,...`` as a policy's configuration."""
    name, _, rest = text.partition(":")
    fields: dict[str, Any] = {"type": name}
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        fields[key] = int(value) if value.lstrip("-").isdigit() else value
    return TypeAdapter(PolicyConfig).validate_python(fields)
