"""Run a simulation on the command line, with a progress bar or a live table on a terminal, and events on request."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Final, Literal, TypeAlias

from rich.live import Live
from rich.table import Table

from simcash_env.cli.screen import data, notes, tick_bar
from simcash_env.cli.stopping import stop_requests
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
        return print_tick
    if show == "live":
        live = screens.enter_context(Live(console=notes, transient=True, auto_refresh=False))
        return _rarely(lambda: live.update(live_table(simulation, last_tick), refresh=True))
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
    table = bank_table(simulation, f"tick {tick:,} of {last_tick:,}, day {simulation.current_day}")
    table.caption = f"Queue 2: {len(simulation.queue2()):,} payments"
    return table


def bank_table(simulation: Simulation, title: str) -> Table:
    """Return a table with balance, queues and costs of every bank, in cents."""
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
    for heading in ("balance", "collateral", "Queue 1", "cents", "Queue 2", "cents", "cost"):
        table.add_column(heading, justify="right", overflow="fold")
    figures = simulation.sample(columns).T.tolist()
    for bank, row in zip(simulation.bank_ids, figures, strict=True):
        table.add_row(bank, *(f"{figure:,}" for figure in (*row, sum(simulation.costs(bank).values()))))
    return table


def print_tick(result: TickResult) -> None:
    """Print one line for a tick and one for each event, to stderr so that --json stays one object."""
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
    """Print a table of banks and a line of totals."""
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
