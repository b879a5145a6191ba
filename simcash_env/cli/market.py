"""``simcash market``: a schedule of trades through the book, stopped and resumed at will."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.table import Table

from simcash_env.amounts import amount_text
from simcash_env.cli.choices import External, Sets, chosen_changes, chosen_external, naming_sets, print_notices
from simcash_env.cli.commands import SuggestingGroup
from simcash_env.cli.running import INTERRUPTED
from simcash_env.cli.screen import data, notes
from simcash_env.config import load_scenario
from simcash_env.files import held_alone
from simcash_env.market.processor import Answer, MarketRun, ask_without_terminal
from simcash_env.market.slots import Slot
from simcash_env.market.statistics import Statistics
from simcash_env.market.store import MarketStore, run_to_bytes

market = typer.Typer(cls=SuggestingGroup, help="Run a schedule of trades in the intraday market.", no_args_is_help=True)

Folder = Annotated[Path, typer.Option("--dir", help="Folder of saved runs.")]
HERE: Final = Path("market-runs")
ANSWERS: Final[dict[str, Answer]] = {"r": "retry", "s": "skip", "c": "continue", "q": "quit"}


def ask_person(slot: Slot) -> Answer:
    """Ask at the terminal what to do with a slot, until the answer is valid."""
    notes.print(f"slot {slot.number} ({slot.account} {slot.side} {slot.amount} @ {slot.rate}): {slot.problem}")
    while True:
        answer = typer.prompt("[r]etry, [s]kip, [c]ontinue or [q]uit", err=True).strip().lower()
        if answer[:1] in ANSWERS:
            return ANSWERS[answer[:1]]
        notes.print(f"{answer!r} is not one of r, s, c, q")


def _ask_function() -> Any:
    return ask_person if sys.stdin.isatty() else ask_without_terminal


class RunSaver:
    """Saves a run after each slot, or at its end or interruption."""

    def __init__(
        self, run: MarketRun, store: MarketStore, name: str | None, stop_after: int | None, *, each: bool
    ) -> None:
        self.store, self.name, self.each, self.stop_after = store, name, each, stop_after
        self.last = b"" if name is None else run_to_bytes(run)
        if name is not None and each:
            store.write(name, self.last)

    def __call__(self, run: MarketRun) -> None:
        """Save after a slot; interrupt at the requested slot."""
        if self.name is not None:
            self.last = run_to_bytes(run)
            if self.each:
                self.store.write(self.name, self.last)
        if self.stop_after is not None and run.cursor >= self.stop_after:
            raise KeyboardInterrupt

    def close(self) -> None:
        """Write the last state."""
        if self.name is not None:
            self.store.write(self.name, self.last)


def _go(run: MarketRun, keeper: RunSaver, *, as_json: bool) -> None:
    run.ask = _ask_function()
    interrupted = False
    try:
        run.run(keeper)
    except KeyboardInterrupt:
        interrupted = True
    finally:
        keeper.close()
    _print(run, as_json=as_json)
    if interrupted:
        at = f"interrupted after {run.cursor} of {len(run.slots)} slots"
        notes.print(
            at if keeper.name is None else f"{at}; to continue, run simcash market resume {keeper.name}", soft_wrap=True
        )
        raise typer.Exit(INTERRUPTED)


@market.command("run", epilog="Example: simcash market run my-market.yaml --save monday")
def run_market(
    scenario: Annotated[
        str, typer.Argument(help="Scenario whose market has a schedule: an id of the library or a file.")
    ],
    seed: Annotated[
        int | None, typer.Option(min=0, help="Random seed of the payments (default: the seed in the file).")
    ] = None,
    save: Annotated[str | None, typer.Option(help="Save the run under this name.", show_default=False)] = None,
    folder: Folder = HERE,
    slots_per_tick: Annotated[int, typer.Option(min=0, help="Number of slots before each tick closes (0: all).")] = 0,
    slots: Annotated[
        int | None, typer.Option(min=1, help="Stop after this number of slots.", show_default=False)
    ] = None,
    external: External = None,
    sets: Sets = None,
    delay: Annotated[str, typer.Option(help="Unit of the delay before a retry: ms or ticks.")] = "ms",
    *,
    auto_save: Annotated[bool, typer.Option(help="Save after each slot, not only at the end.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Run the schedule of a scenario's market, then the scenario to its end."""
    if delay not in {"ms", "ticks"}:
        message = f"--delay must be ms or ticks, got {delay!r}"
        raise typer.BadParameter(message)
    with naming_sets():
        config = load_scenario(scenario, changes=chosen_changes(sets))
    run = MarketRun.start(
        config,
        seed=seed,
        external=chosen_external(external),
        delay=delay,
        slots_per_tick=slots_per_tick,
    )
    print_notices(run.simulation)
    store = MarketStore(folder)
    with nullcontext() if save is None else held_alone(store.path(save)):
        _go(run, RunSaver(run, store, save, slots, each=auto_save), as_json=as_json)


@market.command("resume", epilog="Example: simcash market resume monday")
def resume_market(
    name: Annotated[str, typer.Argument(help="Name of the saved run.")],
    folder: Folder = HERE,
    slots: Annotated[
        int | None, typer.Option(min=1, help="Stop after this total number of slots.", show_default=False)
    ] = None,
    *,
    auto_save: Annotated[bool, typer.Option(help="Save after each slot, not only at the end.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Continue a saved run, with the same result as an uninterrupted one."""
    store = MarketStore(folder)
    with held_alone(store.path(name)):
        run = store.load(name)
        run.resume()
        _go(run, RunSaver(run, store, name, slots, each=auto_save), as_json=as_json)


@market.command("show", epilog="Example: simcash market show monday --json")
def show_market(
    name: Annotated[str, typer.Argument(help="Name of the saved run.")],
    folder: Folder = HERE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Print the state of a saved run."""
    _print(MarketStore(folder).load(name), as_json=as_json)


@market.command("list", epilog="Examples: simcash market list   |   simcash market list --json")
def list_markets(
    folder: Folder = HERE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON list.")] = False,
) -> None:
    """List saved runs."""
    saved = MarketStore(folder).list()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in saved]))
        return
    table = Table("name", "scenario", "slots", "state", box=None)
    for one in saved:
        state = one.problem or ("done" if one.is_done else "to be resumed")
        table.add_row(one.name, one.scenario, f"{one.cursor} of {one.slots}", state)
    if saved:
        data.print(table)
    else:
        typer.echo(f"no saved runs in {folder}")


@market.command("delete", epilog="Example: simcash market delete monday")
def delete_market(
    name: Annotated[str, typer.Argument(help="Name of the saved run.")],
    folder: Folder = HERE,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
) -> None:
    """Delete a saved run."""
    MarketStore(folder).delete(name)
    if as_json:
        typer.echo(json.dumps({"deleted": name}))
    else:
        notes.print(f"{name}: removed")


def _print(run: MarketRun, *, as_json: bool) -> None:
    statistics = run.statistics()
    if as_json:
        typer.echo(json.dumps(_as_json(run, statistics)))
        return
    table = Table("slot", "account", "side", "market", "amount", "rate", "state", "attempts", box=None)
    for slot in run.slots:
        state = str(slot.state) + (f": {slot.problem}" if slot.problem else "")
        row = (slot.number, slot.account, slot.side, slot.market, amount_text(slot.amount), f"{slot.rate:.4f}", state)
        table.add_row(*map(str, row), str(slot.attempts))
    data.print(table)
    rate = "-" if statistics.vwap is None else f"{statistics.vwap:.6f}"
    typer.echo(
        f"{statistics.completed} completed, {statistics.failed} failed, {statistics.skipped} skipped, "
        f"{statistics.open} open; {statistics.orders_created} orders, {statistics.matches} trades, "
        f"{amount_text(statistics.volume, run.simulation.config.currency)} at {rate} on average"
    )
    for asset, percent in statistics.utilisation["total"].items():
        typer.echo(f"{asset}: {percent:.2f} % in use or spent")
    for depletion in statistics.depletions:
        typer.echo(f"depleted: {depletion}")


def _as_json(run: MarketRun, statistics: Statistics) -> dict[str, Any]:
    return {
        "scenario": run.simulation.config.name,
        "slots": [slot.as_dict() for slot in run.slots],
        "cursor": run.cursor,
        "is_done": run.is_done,
        "is_stopped": run.is_stopped,
        "statistics": statistics.as_dict(),
        "tick": run.simulation.current_tick,
        "digest": run.simulation.digest(),
        "notices": list(run.simulation.notices),
        "ledger": run.ledger.as_dict(),
    }
