"""Least mean cost over all shares of a bank's pool, with a proven result."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from simcash_env.evaluation.statistics import F64

NARROW: Final = 1.0 / 128
"""Width of a range of shares up to which whole payments are planned; in wider ones the relaxation is enough."""
LEAST: Final = 2e-5
"""Ranges are not split further."""
MOST_CUTS: Final = 60


class Releases(Protocol):
    """What releases cost on one day, as a function of the cents allocated."""

    def cost(self, allocated_cents: int) -> float:
        """A bound with whole payments; it does not rise with the allocation."""

    def relaxed_cost(self, allocated_cents: int) -> tuple[float, float]:
        """A bound with fractions of payments, convex in the allocation, and its slope."""


@dataclass(frozen=True, eq=False)
class LeastShare:
    """The least mean cost of one bank over all shares of its pool.

    Attributes:
        cents: no share has a lower mean cost on these days.
        share: the share that cost least of those tried.
        day_cents: (days,) cost at that share, pool included.
    """

    cents: float
    share: float
    day_cents: F64


class ConvexModel:
    """Lower bound on a convex function of the share, from values and slopes at some shares."""

    def __init__(self) -> None:
        self._cuts: list[tuple[float, float, float]] = []

    def add(self, share: float, cents: float, slope: float) -> None:
        """The function has this value and slope at a share."""
        self._cuts.append((share, cents, slope))

    def at(self, share: float) -> float:
        """The bound at a share."""
        return max(cents + slope * (share - place) for place, cents, slope in self._cuts)

    def least(self, low: float = 0.0, high: float = 1.0) -> tuple[float, float]:
        """The least bound between two shares, and where it is.

        It lies at an end, or where a falling cut meets a rising one.
        """
        places = [low, high]
        for first, cents, slope in self._cuts:
            for second, others, rise in self._cuts:
                if slope < 0.0 < rise:
                    place = (others - rise * second - cents + slope * first) / (slope - rise)
                    places += [place] if low < place < high else []
        return min((self.at(place), place) for place in places)


def least_over_shares(
    days: Sequence[Releases], pool_cents: int, price: float, *, is_whole: bool, tolerance: float
) -> LeastShare:
    """Bound the mean cost over days from below for every share from 0 to 1.

    With fractions of payments the mean is convex in the share, and tangents bound it everywhere. With whole payments it
    is not. But between the shares a and b the pool costs at least what a costs, and releases cost at least what they
    cost at b, so that the sum bounds the range, as do the tangents. The range with the lowest bound is split until its
    bound is within the tolerance of the cost at some share.

    Args:
        days: what releases cost.
        pool_cents: the whole pool.
        price: of the whole pool over the run in cents; linear in the share.
        is_whole: plan whole payments.
        tolerance: relative to the mean cost.
    """
    model, share, cents = _tangents(days, pool_cents, price, tolerance)
    if not is_whole:
        at_share = np.array([price * share + day.relaxed_cost(int(pool_cents * share))[0] for day in days])
        return LeastShare(min(model.least()[0], cents), share, at_share)
    return _whole(days, pool_cents, price, model, tolerance)


def _tangents(
    days: Sequence[Releases], pool_cents: int, price: float, tolerance: float
) -> tuple[ConvexModel, float, float]:
    """Cutting planes (Kelley 1960): the model, the best share tried, and the mean cost there."""
    model, best, best_cents = ConvexModel(), 1.0, float("inf")
    share = 1.0
    for _ in range(MOST_CUTS):
        allocated = int(pool_cents * share)
        found = np.mean([day.relaxed_cost(allocated) for day in days], axis=0)
        place = allocated / pool_cents
        cents = price * place + float(found[0])
        model.add(place, cents, price + float(found[1]) * pool_cents)
        if cents < best_cents:
            best, best_cents = place, cents
        least, share = model.least()
        if least >= best_cents * (1.0 - tolerance / 2):
            break
    return model, best, best_cents


def _whole(days: Sequence[Releases], pool_cents: int, price: float, model: ConvexModel, tolerance: float) -> LeastShare:
    """Branch and bound over ranges of shares."""

    def mean(share: float) -> float:
        return float(np.mean([day.cost(int(pool_cents * share)) for day in days]))

    def bounded(low: float, high: float, releases: float) -> float:
        return max(price * low + releases, model.least(low, high)[0])

    ranges: list[tuple[float, float, float, float | None]] = [(model.least()[0], 0.0, 1.0, None)]
    best, best_share = float("inf"), 1.0
    while True:
        lowest, low, high, releases = heapq.heappop(ranges)
        if lowest >= best * (1.0 - tolerance) or (releases is not None and high - low <= LEAST):
            break
        middle = (low + high) / 2
        if releases is None and high - low > NARROW:
            heapq.heappush(ranges, (bounded(low, middle, 0.0), low, middle, None))
            heapq.heappush(ranges, (bounded(middle, high, 0.0), middle, high, None))
            continue
        share = high if releases is None else middle
        found = mean(share)
        heapq.heappush(ranges, (bounded(low, share, found), low, share, found))
        if releases is not None:
            heapq.heappush(ranges, (bounded(middle, high, releases), middle, high, releases))
        if price * share + found < best:
            best, best_share = price * share + found, share
    at_best = np.array([price * best_share + day.cost(int(pool_cents * best_share)) for day in days])
    return LeastShare(min(lowest, best), best_share, at_best)
