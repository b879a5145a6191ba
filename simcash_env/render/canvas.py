"""Lines, bands, discs and words on a white sheet, smoothed by drawing at twice the size."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

Point: TypeAlias = tuple[float, float]

SMOOTHING: Final = 2
"""Pixels drawn for each that is shown, in each direction."""

INK, GREY, FAINT, PAPER = "#1A1A1A", "#6B6B6B", "#DDDDDD", "#FFFFFF"
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY = "#0072B2", "#D55E00", "#009E73", "#AA4499", "#B97A00", "#56B4E9"
"""Colours that colour-blind readers can tell apart (after Okabe and Ito), dark enough for lines on white."""

SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, INK, SKY, VERMILION, GREY)


def require_pillow() -> None:
    """Refuse to go on without Pillow.

    Raises:
        ImportError: it is not installed; the message says what to install.
    """
    try:
        importlib.import_module("PIL.ImageFont")
    except ImportError as error:
        message = "render modes 'rgb_array' and 'human' need Pillow: pip install 'simcash-env[render]'"
        raise ImportError(message) from error


@cache
def _font(size: float) -> Any:
    """Pillow's own typeface at a size in drawn pixels."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


class Canvas:
    """An image of a given size in pixels; places are (x, y) from the upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        from PIL import Image, ImageDraw

        self._image = Image.new("RGB", (width * SMOOTHING, height * SMOOTHING), PAPER)
        self._pen = ImageDraw.Draw(self._image)

    def line(self, points: Iterable[Point], colour: str, width: float = 1.0) -> None:
        """A line through points, its corners rounded."""
        self._pen.line(_scaled(points), fill=colour, width=max(1, round(width * SMOOTHING)), joint="curve")

    def area(self, points: Iterable[Point], colour: str) -> None:
        """A filled polygon."""
        self._pen.polygon(_scaled(points), fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        """A filled rectangle."""
        self._pen.rectangle(_scaled(((left, top), (right, bottom))), fill=colour)

    def disc(self, centre: Point, radius: float, colour: str, edge: str | None = None) -> None:
        """A filled circle, perhaps with an edge."""
        (x, y), r = centre, radius
        places = _scaled(((x - r, y - r), (x + r, y + r)))
        self._pen.ellipse(places, fill=colour, outline=edge, width=SMOOTHING)

    def words(self, place: Point, text: str, colour: str = INK, size: float = 13, anchor: str = "lm") -> None:
        """Text; the anchor is Pillow's: l, m, r across and a, m, s down."""
        (spot,) = _scaled((place,))
        self._pen.text(spot, text, fill=colour, font=_font(size * SMOOTHING), anchor=anchor)

    def width_of(self, text: str, size: float = 13) -> float:
        """How wide a text will be."""
        return float(self._pen.textlength(text, font=_font(size * SMOOTHING))) / SMOOTHING

    def pixels(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) the sheet as shown."""
        return np.array(self._image.reduce(SMOOTHING), np.uint8)


def _scaled(points: Iterable[Point]) -> list[tuple[float, float]]:
    return [(x * SMOOTHING, y * SMOOTHING) for x, y in points]


def short(amount: float) -> str:
    """A number in a few letters: 0.75, 950, 12.5k, 3.2M, 1.5G."""
    for unit, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if abs(amount) >= unit:
            return f"{amount / unit:.3g}{letter}"
    return f"{amount:.3g}" if abs(amount) < 10 else f"{amount:.0f}"


def round_steps(low: float, high: float, count: int = 4) -> Sequence[float]:
    """About this number of round values that cover low to high."""
    if high <= low:
        high = low + 1
    raw = (high - low) / count
    power = 10.0 ** np.floor(np.log10(raw))
    step = power * next(factor for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    step = max(step, 1.0)
    return [float(mark) * step for mark in range(int(np.floor(low / step)), int(np.ceil(high / step)) + 1)]
