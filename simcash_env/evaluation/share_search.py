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


@dataclass(frozen=True, eq=False)
class OfShare:
    """A function of the share, linear between the shares at which it is given.

    Attributes:
        shares: ascending, from 0 to 1.
        cents: (shares,) value at each.
    """

    shares: F64
    cents: F64

    def at(self, share: float) -> float:
        """The value at a share."""
        return float(np.interp(share, self.shares, self.cents))

    def least(self, low: float, high: float) -> float:
        """The least value between two shares."""
        inside = self.cents[(self.shares > low) & (self.shares < high)]
        return min(self.at(low), self.at(high), float(inside.min(initial=np.inf)))


NOTHING: Final = OfShare(np.array([0.0, 1.0]), np.zeros(2))


class Model:
    """Lower bound on a convex function of the share, from values and slopes at some shares, plus a known function."""

    def __init__(self, added: OfShare) -> None:
        self._added = added
        self._cuts: list[tuple[float, float]] = []

    def add(self, share: float, cents: float, slope: float) -> None:
        """The convex function has this value and slope at a share."""
        self._cuts.append((cents - slope * share, slope))

    def least(self, low: float = 0.0, high: float = 1.0) -> tuple[float, float]:
        """The least bound between two shares, and where it is.

        The bound is linear but where two cuts meet and at the shares of the known function; it is least at one of these
        or at an end.
        """
        at_zero, slopes = np.array(self._cuts).T
        fall, rise = np.nonzero(slopes[:, None] < slopes)
        meets = (at_zero[fall] - at_zero[rise]) / (slopes[rise] - slopes[fall])
        places = np.concatenate([meets, self._added.shares])
        places = np.concatenate([[low, high], places[(places > low) & (places < high)]])
        bounds = (at_zero[:, None] + slopes[:, None] * places).max(axis=0)
        bounds += np.interp(places, self._added.shares, self._added.cents)
        best = int(bounds.argmin())
        return float(bounds[best]), float(places[best])


def least_over_shares(
    days: Sequence[Releases],
    pool_cents: int,
    price: float,
    *,
    is_whole: bool,
    tolerance: float,
    added: OfShare = NOTHING,
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
        added: to the mean cost; it need not be convex.
    """
    model, share, cents = _tangents(days, pool_cents, price, tolerance, added)
    if not is_whole:
        at_share = [price * share + added.at(share) + day.relaxed_cost(int(pool_cents * share))[0] for day in days]
        return LeastShare(min(model.least()[0], cents), share, np.array(at_share))
    return _whole(days, pool_cents, price, model, tolerance, added)


def _tangents(
    days: Sequence[Releases], pool_cents: int, price: float, tolerance: float, added: OfShare
) -> tuple[Model, float, float]:
    """Cutting planes (Kelley 1960): the model, the best share tried, and the mean cost there."""
    model, best, best_cents = Model(added), 1.0, float("inf")
    share = 1.0
    for _ in range(MOST_CUTS):
        allocated = int(pool_cents * share)
        found = np.mean([day.relaxed_cost(allocated) for day in days], axis=0)
        place = allocated / pool_cents
        cents = price * place + float(found[0])
        model.add(place, cents, price + float(found[1]) * pool_cents)
        if cents + added.at(place) < best_cents:
            best, best_cents = place, cents + added.at(place)
        least, share = model.least()
        if least >= best_cents * (1.0 - tolerance / 2):
            break
    return model, best, best_cents


def _whole(
    days: Sequence[Releases], pool_cents: int, price: float, model: Model, tolerance: float, added: OfShare
) -> LeastShare:
    """Branch and bound over ranges of shares."""

    def mean(share: float) -> float:
        return float(np.mean([day.cost(int(pool_cents * share)) for day in days]))

    def bounded(low: float, high: float, releases: float) -> float:
        return max(price * low + releases + added.least(low, high), model.least(low, high)[0])

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
        cents = price * share + found + added.at(share)
        if cents < best:
            best, best_share = cents, share
    at_best = [price * best_share + added.at(best_share) + day.cost(int(pool_cents * best_share)) for day in days]
    return LeastShare(min(lowest, best), best_share, np.array(at_best))
