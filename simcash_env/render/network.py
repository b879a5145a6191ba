"""Banks on a ring, an arrow for what waits in Queue 2 between two of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from simcash_env.amounts import CENTS_PER_UNIT
from simcash_env.render.canvas import BLUE, GREY, PAPER, VERMILION, Canvas, Point, short
from simcash_env.render.charts import fitted
from simcash_env.render.history import History

MOST_EDGES: Final = 40
MOST_NAMES: Final = 16
"""Above these numbers only the largest edges and names are drawn; the image says if edges are left out."""

ARROW: Final = "#4D4D4D"

BEND: Final = 0.10
"""How far an arrow bows to its right, as a share of its length: arrows there and back stay apart."""


def draw_network(canvas: Canvas, history: History, edges: tuple[float, float, float, float]) -> None:
    """Discs grow with a bank's own queue, blue with money and vermilion on credit; arrows with what waits."""
    left, top, right, bottom = edges
    places, radii = ring(history, edges)
    senders, receivers = np.nonzero(history.pairs)
    order = np.argsort(-history.pairs[senders, receivers], kind="stable")
    shown = order[:MOST_EDGES]
    canvas.words((left + 8, top + 12), "Waiting in Queue 2, from payer to payee", size=15)
    counted = (
        f"{len(shown)} largest of {len(order)} pairs"
        if len(shown) < len(order)
        else f"{len(order)} pair{'s' * (len(order) != 1)}"
    )
    waiting = short(int(history.pairs.sum()) / CENTS_PER_UNIT)
    canvas.words((left + 8, top + 32), f"{counted}, {waiting} {history.unit}", GREY)
    thickest = 5 * min(1.0, 15 / max(len(shown), 1))
    for edge in shown[::-1].tolist():
        sender, receiver = int(senders[edge]), int(receivers[edge])
        share = float(history.pairs[sender, receiver] / history.pairs.max())
        draw_arrow(canvas, places[sender], places[receiver], radii[receiver], 1 + thickest * share)
    now = history.balances[history.last]
    for place, radius, cents in zip(places, radii, now.tolist(), strict=True):
        canvas.disc(place, radius, VERMILION if cents < 0 else BLUE, PAPER)
    name_banks(canvas, history, places, radii, edges)
    y = bottom - 10
    canvas.disc((left + 14, y), 5, BLUE)
    canvas.words((left + 24, y), "has money", GREY, 12)
    canvas.disc((left + 102, y), 5, VERMILION)
    canvas.words((left + 112, y), "below zero", GREY, 12)
    canvas.words((right - 8, y), "size: Queue 1", GREY, 12, anchor="rm")


def ring(history: History, edges: tuple[float, float, float, float]) -> tuple[list[Point], list[float]]:
    """Centre and radius of every bank's disc."""
    left, top, right, bottom = edges
    count = len(history.names)
    centre = ((left + right) / 2, (top + bottom) / 2 + 10)
    reach_x, reach_y = (right - left) / 2 - 86, (bottom - top) / 2 - 66
    start = np.pi if count == 2 else -np.pi / 2
    angles = start + 2 * np.pi * np.arange(count) / count
    places = [(centre[0] + reach_x * float(np.cos(a)), centre[1] + reach_y * float(np.sin(a))) for a in angles]
    waiting = history.queue1[history.last].astype(np.float64)
    room = min(22.0, 2.2 * min(reach_x, reach_y) / max(count, 4))
    sizes = np.sqrt(waiting / max(float(waiting.max()), 1.0))
    return places, [float(room * (0.4 + 0.6 * size)) for size in sizes]


def draw_arrow(canvas: Canvas, start: Point, end: Point, gap: float, width: float) -> None:
    """A bowed arrow from one disc to the edge of another."""
    one, other = np.array(start), np.array(end)
    along = other - one
    length = float(np.hypot(*along))
    middle = (one + other) / 2 + BEND * np.array((-along[1], along[0]))
    heading = (other - middle) / float(np.hypot(*(other - middle)))
    head = 6.0 + 1.5 * width
    tip = other - heading * (gap + 1)
    foot = tip - heading * min(head, length / 3)
    cuts = np.linspace(0, 1, 17)[:, None]
    curve = (1 - cuts) ** 2 * one + 2 * cuts * (1 - cuts) * middle + cuts**2 * foot
    canvas.line([(float(x), float(y)) for x, y in curve], ARROW, width)
    side = np.array((-heading[1], heading[0])) * (3.0 + width)
    canvas.area([(float(x), float(y)) for x, y in (tip, foot + side, foot - side)], ARROW)


def name_banks(
    canvas: Canvas,
    history: History,
    places: list[Point],
    radii: list[float],
    edges: tuple[float, float, float, float],
) -> None:
    """Names outside the ring: all of a few banks, of many those with most waiting in Queue 2."""
    left, _, right, _ = edges
    chosen = list(range(len(places)))
    if len(places) > MOST_NAMES:
        waiting = history.pairs.sum(axis=0) + history.pairs.sum(axis=1)
        chosen = [int(bank) for bank in np.argsort(-waiting, kind="stable")[: MOST_NAMES // 2] if waiting[bank]]
    middle = np.mean(places, axis=0)
    for bank in chosen:
        place, radius, name = np.array(places[bank]), radii[bank], history.names[bank]
        away = (place - middle) / max(float(np.hypot(*(place - middle))), 1.0)
        x, y = (float(part) for part in place + away * (radius + 6))
        if abs(away[0]) < 0.35:
            canvas.words((x, y), fitted(canvas, name, 120), anchor="ms" if away[1] < 0 else "ma")
        else:
            room = right - x if away[0] > 0 else x - left
            canvas.words((x, y), fitted(canvas, name, room - 2), anchor="lm" if away[0] > 0 else "rm")
