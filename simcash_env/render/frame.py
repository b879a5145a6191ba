"""Render mode ``rgb_array``: the day on one sheet."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.amounts import CENTS_PER_UNIT
from simcash_env.render.canvas import FAINT, GREY, Canvas, short
from simcash_env.render.charts import draw_balances, draw_queues
from simcash_env.render.costs import draw_costs
from simcash_env.render.history import History
from simcash_env.render.network import draw_network

WIDTH: Final = 1_000
HEIGHT: Final = 640
_HEAD, _FOLD, _SPLIT = 44, 344, 580


def render_frame(history: History) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8: balances and queue values over the day, who waits for whom in Queue 2, cost by kind."""
    canvas = Canvas(WIDTH, HEIGHT)
    days = history.num_ticks // history.ticks_per_day
    when = f"day {history.day + 1} of {days}, " if days > 1 else ""
    time = "" if history.clock is None or history.is_over else f" ({history.clock(history.last)})"
    clock = "end of the run" if history.is_over else f"{when}tick {history.last} of {history.ticks_per_day}{time}"
    canvas.words((16, 22), history.title, size=19)
    moved, arrived = (short(cents / CENTS_PER_UNIT) for cents in (history.settled_cents, history.arrived_cents))
    settled = f"settled {moved} of {arrived} {history.unit} that came in"
    canvas.words((WIDTH - 16, 22), f"{clock}   -   {settled}", GREY, 15, anchor="rm")
    canvas.line(((0, _HEAD), (WIDTH, _HEAD)), FAINT)
    draw_balances(canvas, history, (8, _HEAD + 6, _SPLIT, _FOLD))
    draw_queues(canvas, history, (8, _FOLD + 6, _SPLIT, HEIGHT - 8))
    draw_network(canvas, history, (_SPLIT + 12, _HEAD + 6, WIDTH - 8, 414))
    draw_costs(canvas, history, (_SPLIT + 12, 424, WIDTH - 8, HEIGHT - 12))
    canvas.line(((_SPLIT + 6, _HEAD + 8), (_SPLIT + 6, HEIGHT - 8)), FAINT)
    return canvas.pixels()
