"""Run a simulation on the command line, with a progress bar or a live table on a terminal, and events on request."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final, Literal, TypeAlias

from rich.live import Live
from rich.table import Table

from simcash_env.amounts import amount_text, unit_name
from simcash_env.cli.fitting import fitted
from simcash_env.cli.screen import data, notes, tick_bar
from simcash_env.cli.stopping import stop_requests
from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation, Summary, TickResult

Show: TypeAlias = Literal["nothing", "bar", "live", "events"]
REDRAW_SECONDS: Final = 0.1


def play(tick: Callable[[], TickResult], simulation: Simulation, last_tick: int, show: Show) -> bool:
    """Run until ``last_tick`` ticks are closed; return whether it was interrupted. A started tick always finishes."""
    with stop_requests() as stop, ExitStack() as screens:
        watch = _watcher(simulation, last_tick, show, screens)
        while simulation.current_tick < last_tick and not stop.is_requested:
            watch(tick())
        return stop.is_requested


def _watcher(simulation: Simulation, last_tick: int, show: Show, screens: ExitStack) -> Callable[[TickResult], None]:
    """Return the function that runs after each tick."""
    if show == "events":
        return lambda result: print_tick(result, simulation.config)
    if show == "live":
        live = screens.enter_context(Live(console=notes, transient=True, auto_refresh=False))
        return _rarely(lambda: live.update(fitted(live_table(simulation, last_tick), notes), refresh=True))
    if show == "bar":
        bar = screens.enter_context(tick_bar())
        task = bar.add_task("ticks", total=last_tick, completed=simulation.current_tick)
        return _rarely(lambda: bar.update(task, completed=simulation.current_tick))
    return lambda _: None


def _rarely(redraw: Callable[[], Any]) -> Callable[[TickResult], None]:
    """Limit how often the display is redrawn."""
    drawn = 0.0

    def watch(_: TickResult) -> None:
        nonlocal drawn
        now = time.monotonic()
        if now - drawn >= REDRAW_SECONDS:
            drawn = now
            redraw()

    return watch


def live_table(simulation: Simulation, last_tick: int) -> Table:
    """Return the table of the current state of every bank."""
    tick = simulation.current_tick
    where = place_of(simulation.config, f"tick {tick:,} of {last_tick:,}", min(tick, last_tick - 1))
    table = bank_table(simulation, f"{where}; {amounts_in(simulation.config)}")
    table.caption = f"Queue 2: {len(simulation.queue2()):,} payments"
    return table


def place_of(config: ScenarioConfig, text: str, tick: int) -> str:
    """Return the text with day and time of day of a tick behind it."""
    day, clock = tick // config.simulation.ticks_per_day, config.simulation.clock
    return f"{text} (day {day})" if clock is None else f"{text} (day {day}, {clock(tick)})"


def amounts_in(config: ScenarioConfig) -> str:
    """Return what the amounts of a table are counted in."""
    return f"amounts in {unit_name(config.currency)}"


def bank_table(simulation: Simulation, title: str) -> Table:
    """Return a table with balance, queues and costs of every bank."""
    table = Table(title=title)
    table.add_column("bank")
    columns = (
        "balance_cents",
        "posted_collateral_cents",
        "queue1_count",
        "queue1_cents",
        "queue2_count",
        "queue2_cents",
    )
    for heading in ("balance", "collateral", "Queue 1", "Queue 1 value", "Queue 2", "Queue 2 value", "cost"):
        table.add_column(heading, justify="right", overflow="fold")
    figures = simulation.sample(columns).T.tolist()
    for bank, row in zip(simulation.bank_ids, figures, strict=True):
        balance, collateral, count1, value1, count2, value2 = row
        cost = sum(simulation.costs(bank).values())
        money = [amount_text(cents) for cents in (balance, collateral, value1, value2, cost)]
        table.add_row(bank, *money[:2], f"{count1:,}", money[2], f"{count2:,}", *money[3:])
    return table


def tick_line(result: TickResult, config: ScenarioConfig) -> str:
    """Return one line on a tick."""
    return (
        f"{place_of(config, f'tick {result.tick}', result.tick)}: {result.num_arrivals} arrived, "
        f"{result.num_settlements} settled, {result.num_lsm_releases} by liquidity saving, "
        f"{result.queue2_size} in Queue 2, cost {amount_text(result.total_cost, config.currency)}"
    )


def print_tick(result: TickResult, config: ScenarioConfig) -> None:
    """Print one line for a tick and one for each event, to stderr so that --json stays one object."""
    sys.stderr.write(f"{tick_line(result, config)}\n")
    for event in result.events:
        fields = event.as_dict()
        fields.pop("tick")
        kind = fields.pop("kind")
        fields_text = "  ".join(f"{name}={shown(name, value)}" for name, value in fields.items())
        sys.stderr.write(f"  {kind}  {fields_text}\n")


def shown(name: str, value: int | str) -> int | str:
    """Return a value of an event as it is printed; amounts are in currency units."""
    is_money = isinstance(value, int) and (name == "amount" or "cents" in name.split("_"))
    return amount_text(int(value)) if is_money else value


def print_summary(summary: Summary, config: ScenarioConfig) -> None:
    """Print a table of banks and a line of totals."""
    kinds = [kind for kind in next(iter(summary.costs.values())) if any(row[kind] for row in summary.costs.values())]
    table = Table(title=f"{summary.scenario}, seed {summary.seed}, {summary.ticks} ticks; {amounts_in(config)}")
    table.add_column("bank")
    for heading in ("balance", *(kind.replace("_", " ") for kind in kinds), "total cost"):
        table.add_column(heading, justify="right")
    for bank, costs in summary.costs.items():
        figures = (summary.final_balances[bank], *(costs[kind] for kind in kinds), sum(costs.values()))
        table.add_row(bank, *map(amount_text, figures))
    data.print(table)
    arrived, settled, cost = (
        amount_text(cents, config.currency)
        for cents in (summary.arrived_cents, summary.settled_cents, summary.total_cost)
    )
    data.print(
        f"arrived {summary.arrived:,} payments ({arrived}), settled {summary.settled:,} ({settled}), "
        f"dropped {summary.dropped:,}, queued {summary.queued:,}; total cost {cost}",
        highlight=False,
    )
