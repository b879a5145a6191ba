"""What the run has cost all banks so far, by kind."""

from __future__ import annotations

from typing import Final

from simcash_env.amounts import CENTS_PER_UNIT, amount_text
from simcash_env.render.canvas import BLUE, FAINT, GREY, INK, Canvas, short
from simcash_env.render.history import History
from simcash_env.schema.codes import CostKind

NAMES: Final = tuple(kind.name.lower().replace("_", " ").replace("eod", "end-of-day") for kind in CostKind)


def draw_costs(canvas: Canvas, history: History, edges: tuple[float, float, float, float]) -> None:
    """One bar for each kind of cost, the highest at full length; kinds without cost keep their place."""
    left, top, right, bottom = edges
    total, most = int(history.costs.sum()), max(int(history.costs.max()), 1)
    canvas.words((left + 8, top + 12), f"Cost of the run so far: {amount_text(total)} {history.unit}", size=15)
    first, room = left + 126, right - left - 126 - 96
    height = (bottom - top - 32) / len(NAMES)
    for row, (name, cents) in enumerate(zip(NAMES, history.costs.tolist(), strict=True)):
        y = top + 32 + (row + 0.5) * height
        canvas.words((first - 8, y), name, INK if cents else GREY, anchor="rm")
        canvas.box(first, y - height * 0.33, first + room, y + height * 0.33, "#F4F4F4")
        if cents:
            canvas.box(first, y - height * 0.33, first + max(1.0, room * cents / most), y + height * 0.33, BLUE)
            share = f"{short(cents / CENTS_PER_UNIT)}  {100 * cents / total:.0f} %"
            canvas.words((first + room + 8, y), share)
    canvas.line(((first, top + 32), (first, bottom)), FAINT)
