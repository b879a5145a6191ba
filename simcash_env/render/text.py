"""Render mode ``ansi``: one table of the tick, one row a bank."""

from __future__ import annotations

from typing import Any, Final

from simcash_env.compile.market import with_interest

HEADS: Final = ("bank", "balance", "queue 1", "cents", "queue 2", "cents", "cost of tick", "cost of run")


def render_text(vec: Any, copy: int = 0) -> str:
    """The table of a copy as it stands: balances, payments waiting, costs; money in cents.

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
    rows = [
        (name, *(f"{number:,}" for number in row)) for name, row in zip(vec.scenario.bank_ids, numbers, strict=True)
    ]
    widths = [max(map(len, column)) for column in zip(HEADS, *rows, strict=True)]
    waiting = f"{int(state.queue2_count[0])} payments, {int(state.queue2_value_cents[0]):,} cents"
    title = (
        f"tick {int(state.tick[0])} of {vec.num_ticks}   Queue 2: {waiting}   settled {int(state.settled_count[0]):,}"
    )
    return "\n".join([title, *(_line(row, widths) for row in (HEADS, *rows))])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    """Names to the left, figures to the right."""
    name, *figures = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
    return "  ".join([f"{name.strip():<{widths[0]}}", *figures])
