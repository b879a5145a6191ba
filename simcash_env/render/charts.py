"""The day in two charts: balances by bank, and what waits in the queues."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.amounts import CENTS_PER_UNIT
from simcash_env.config.clock import Clock
from simcash_env.render.canvas import (
    BLUE,
    FAINT,
    GREY,
    INK,
    SERIES,
    VERMILION,
    Canvas,
    Point,
    round_steps,
    short,
)
from simcash_env.render.history import History

Values = npt.NDArray[np.float64]

MOST_LINES: Final = len(SERIES)
"""With more banks than this, the chart of balances shows their spread instead of a line each."""

FEW_TICKS: Final = 24
"""Up to this number of ticks a day, every decision is marked with a dot."""

BAND, INNER_BAND = "#DCE9F2", "#A9CBE2"
LABEL_SPACING: Final = 15.0


class Frame(NamedTuple):
    """Where a chart lies, and what its edges stand for."""

    left: float
    top: float
    right: float
    bottom: float
    ticks: int
    low: float
    high: float

    def place(self, tick: float, value: float) -> Point:
        """The pixel of a value at a tick of the day."""
        across = self.left + (self.right - self.left) * tick / self.ticks
        down = self.bottom - (self.bottom - self.top) * (value - self.low) / (self.high - self.low)
        return across, down


def open_chart(
    canvas: Canvas,
    title: str,
    edges: tuple[float, float, float, float],
    ticks: int,
    values: Values,
    clock: Clock | None = None,
) -> Frame:
    """Title, gridlines with amounts, the day along the foot; room for names is left on the right."""
    left, top, right, bottom = edges
    marks = round_steps(min(0.0, float(values.min())), max(0.0, float(values.max())))
    frame = Frame(left + 58, top + 34, right - 110, bottom - 24, ticks, marks[0], marks[-1])
    canvas.words((left + 8, top + 12), title, size=15)
    for mark in marks:
        _, y = frame.place(0, mark)
        canvas.line(((frame.left, y), (frame.right, y)), GREY if mark == 0 else FAINT, 1.5 if mark == 0 else 1)
        canvas.words((frame.left - 8, y), short(mark), GREY, anchor="rm")
    for tick in round_steps(0, ticks, 6):
        if tick <= ticks:
            x, _ = frame.place(tick, frame.low)
            label = f"{tick:.0f}" if clock is None else "" if tick == ticks else clock(int(tick))
            canvas.words((x, frame.bottom + 6), label, GREY, anchor="ma")
    caption = "tick of day" if clock is None else "time of day"
    canvas.words((frame.right + 20, frame.bottom + 6), caption, GREY, anchor="la")
    return frame


def draw_line(canvas: Canvas, frame: Frame, first: int, values: Values, colour: str, width: float = 2.0) -> Point:
    """A line over the decisions from ``first`` on; returns where it ends."""
    points = [frame.place(first + step, value) for step, value in enumerate(values.tolist())]
    if len(points) > 1:
        canvas.line(points, colour, width)
    for point in points if frame.ticks <= FEW_TICKS else points[-1:]:
        canvas.disc(point, width + 1, colour)
    return points[-1]


def draw_band(canvas: Canvas, frame: Frame, first: int, low: Values, high: Values, colour: str) -> None:
    """The area between two lines."""
    over = [frame.place(first + step, value) for step, value in enumerate(high.tolist())]
    under = [frame.place(first + step, value) for step, value in enumerate(low.tolist())]
    if len(over) > 1:
        canvas.area([*over, *reversed(under)], colour)


def spread_out(heights: list[float], top: float, bottom: float) -> list[float]:
    """Heights for labels, moved apart so that none covers another, kept from top to bottom where they fit."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    placed, last = list(heights), top - LABEL_SPACING
    for at in order:
        placed[at] = last = max(heights[at], last + LABEL_SPACING)
    limit = bottom + LABEL_SPACING
    for at in reversed(order):
        placed[at] = limit = min(placed[at], limit - LABEL_SPACING)
    return placed


def name_lines(canvas: Canvas, frame: Frame, ends: list[tuple[Point, str, str]]) -> None:
    """The name of every line next to its end, (end, name, colour) each."""
    heights = spread_out([end[1] for end, _, _ in ends], frame.top, frame.bottom)
    for (end, name, colour), height in zip(ends, heights, strict=True):
        canvas.line(((end[0] + 4, end[1]), (frame.right + 8, height)), FAINT)
        canvas.words((frame.right + 12, height), fitted(canvas, name, 96), colour)


def fitted(canvas: Canvas, name: str, width: float, size: float = 13) -> str:
    """The name, its end replaced by an ellipsis where it is too wide."""
    if canvas.width_of(name, size) <= width:
        return name
    while name and canvas.width_of(name + "...", size) > width:
        name = name[:-1]
    return name + "..."


def draw_balances(canvas: Canvas, history: History, edges: tuple[float, float, float, float]) -> None:
    """A line a bank; with many banks their median, quartiles, extremes, and the bank that is lowest now."""
    values = history.balances[history.first : history.last + 1] / CENTS_PER_UNIT
    frame = open_chart(canvas, f"Balances, {history.unit}", edges, history.ticks_per_day, values, history.clock)
    first = history.first
    if len(history.names) <= MOST_LINES:
        named = zip(values.T, history.names, SERIES, strict=False)
        ends = [(draw_line(canvas, frame, first, line, colour), name, colour) for line, name, colour in named]
    else:
        low, lower, middle, upper, high = np.quantile(values, (0, 0.25, 0.5, 0.75, 1), axis=1)
        draw_band(canvas, frame, first, low, high, BAND)
        draw_band(canvas, frame, first, lower, upper, INNER_BAND)
        lowest = int(values[-1].argmin())
        worst = draw_line(canvas, frame, first, values[:, lowest], VERMILION)
        ends = [
            (frame.place(history.last, float(high[-1])), "highest", GREY),
            (draw_line(canvas, frame, first, middle, BLUE), "median", BLUE),
            (worst, history.names[lowest], VERMILION),
        ]
        canvas.words((frame.right, edges[1] + 12), "bands: all banks, middle half", GREY, anchor="rm")
    name_lines(canvas, frame, ends)


def draw_queues(canvas: Canvas, history: History, edges: tuple[float, float, float, float]) -> None:
    """What all banks hold in their own queues, and what waits in the central one."""
    shown = slice(history.first, history.last + 1)
    own = history.queue1[shown].sum(axis=1) / CENTS_PER_UNIT
    central = history.queue2[shown].sum(axis=1) / CENTS_PER_UNIT
    title = f"Payments waiting, all banks together, {history.unit}"
    frame = open_chart(canvas, title, edges, history.ticks_per_day, np.concatenate([own, central]), history.clock)
    lines = ((own, "Queue 1", INK), (central, "Queue 2", VERMILION))
    ends = [(draw_line(canvas, frame, history.first, line, colour), name, colour) for line, name, colour in lines]
    name_lines(canvas, frame, ends)
