"""Render mode ``ansi``: one table of the tick, one row a bank."""

from __future__ import annotations

from typing import Any, Final

from simcash_env.amounts import amount_text, unit_name
from simcash_env.compile.market import with_interest

HEADS: Final = ("bank", "balance", "queue 1", "value", "queue 2", "value", "cost of tick", "cost of run")


def render_text(vec: Any, copy: int = 0) -> str:
    """The table of a copy as it stands: balances, payments waiting, costs; amounts in currency units.

    Args:
        vec: a batch with ``state(copy)``, ``scenario`` and ``num_ticks``.
        copy: which of its copies.
    """
    state = vec.state(copy)
    tick_costs = with_interest(state.tick_cost_cents, state.trader_tick_interest_cents).sum(axis=1)
    run_costs = with_interest(state.run_cost_cents, state.trader_run_interest_cents).sum(axis=1)
    numbers = zip(
        state.bank_balance_cents.tolist(),
        state.bank_queue1_count.tolist(),
        state.bank_queue1_cents.tolist(),
        state.bank_queue2_count.tolist(),
        state.bank_queue2_cents.tolist(),
        tick_costs.tolist(),
        run_costs.tolist(),
        strict=True,
    )
    is_count = [head.startswith("queue") for head in HEADS[1:]]
    rows = [
        (name, *(f"{cell:,}" if counts else amount_text(cell) for cell, counts in zip(row, is_count, strict=True)))
        for name, row in zip(vec.scenario.bank_ids, numbers, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    tick, unit, clock = int(state.tick[0]), unit_name(vec.config.currency), vec.config.simulation.clock
    waiting = f"{int(state.queue2_count[0])} payments, {amount_text(int(state.queue2_value_cents[0]))} {unit}"
    time = "" if clock is None or tick >= vec.num_ticks else f" ({clock(tick)})"
    title = f"tick {tick} of {vec.num_ticks}{time}   Queue 2: {waiting}   settled {int(state.settled_count[0]):,}"
    return "\n".join([title, *(_line(row, widths) for row in (HEADS, *rows))])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """Names to the left, figures to the right."""
    name, *figures = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
    return "  ".join([f"{name.strip():<{widths[0]}}", *figures])
