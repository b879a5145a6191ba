"""Means with bootstrap intervals, and differences on common seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.amounts import amount_text

F64 = npt.NDArray[np.float64]

RESAMPLES: Final = 10_000
FEWEST_RESAMPLES: Final = 1_000
MOST_DRAWS: Final = 200_000_000
"""Of very large samples fewer resamples are drawn: what they cost grows with the sample, what they add does not."""

MOST_CORRECTED: Final = 20_000
"""Figures up to which an interval is corrected: the time of SciPy's acceleration grows with their square, and what it
corrects falls with the root of their number."""

CONFIDENCE: Final = 0.95
_CHUNK_ELEMENTS: Final = 4_000_000

SINGLE: Final = "n = 1"
"""Printed in place of an interval where there is one run only."""

PLAYED_ONCE: Final = f"{SINGLE}: nothing is random, so there is one run and no interval"
"""The caption of a table that has such rows."""


@dataclass(frozen=True)
class Interval:
    """A mean and the interval that holds the true one with the stated confidence.

    A single figure has no interval: ``count`` is 1 and both ends are the mean.
    """

    mean: float
    low: float
    high: float
    count: int

    def is_below(self, other: Interval) -> bool:
        """True if this interval lies wholly below the other."""
        return self.high < other.low

    def numbers(self) -> list[float]:
        """Mean, lower and upper end, as results in JSON have them."""
        return [self.mean, self.low, self.high]

    def range(self, separator: str = " to ") -> str:
        """Both ends in words, or ``n = 1`` for a single figure."""
        return SINGLE if self.count == 1 else f"{self.low:,.0f}{separator}{self.high:,.0f}"

    def amount_range(self, separator: str = " to ") -> str:
        """Both ends in currency units, where the figures are cents, or ``n = 1`` for a single figure."""
        return SINGLE if self.count == 1 else f"{amount_text(self.low)}{separator}{amount_text(self.high)}"

    def amount(self) -> str:
        """The mean with both ends in currency units, where the figures are cents."""
        mean = amount_text(self.mean)
        return f"{mean} ({SINGLE})" if self.count == 1 else f"{mean} [{self.amount_range(', ')}]"

    def __str__(self) -> str:
        return f"{self.mean:,.0f} ({SINGLE})" if self.count == 1 else f"{self.mean:,.0f} [{self.range(', ')}]"


def bootstrap_interval(
    values: npt.ArrayLike, *, confidence: float = CONFIDENCE, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """Mean of a sample with its bias-corrected, accelerated (BCa) bootstrap interval (Efron 1987), from SciPy.

    Costs of single days are skewed: a plain percentile interval would be too short on the expensive side. Above
    ``MOST_CORRECTED`` figures the interval is the percentile interval.

    Args:
        values: one figure a run; at least one.
        confidence: 0.95 gives a 95 % interval.
        resamples: number of samples drawn with replacement, fewer where that would be more than ``MOST_DRAWS``.
        seed: of the draws, so that a table can be remade to the digit.

    Raises:
        ValueError: no figure, or one that is not finite.
    """
    from scipy.stats import bootstrap

    sample: F64 = np.asarray(values, np.float64).ravel()
    if not len(sample) or not np.isfinite(sample).all():
        message = f"values: need at least one, all finite, got {len(sample)}"
        raise ValueError(message)
    mean = float(sample.mean())
    if len(sample) == 1 or not np.ptp(sample):
        return Interval(mean, mean, mean, len(sample))
    affordable = max(MOST_DRAWS // len(sample), FEWEST_RESAMPLES)
    found = bootstrap(
        (sample,), np.mean, confidence_level=confidence, n_resamples=min(resamples, affordable),
        batch=max(_CHUNK_ELEMENTS // len(sample), 1), method="BCa" if len(sample) <= MOST_CORRECTED else "percentile",
        rng=np.random.default_rng(seed),
    ).confidence_interval  # fmt: skip
    low, high = float(found.low), float(found.high)
    if not np.isfinite([low, high]).all():  # few resamples lie on one side of the mean
        low, high = float(sample.min()), float(sample.max())
    return Interval(mean, low, high, len(sample))


def paired_difference(values: npt.ArrayLike, reference: npt.ArrayLike, *, seed: int = 0) -> Interval:
    """Mean of ``values - reference``, seed by seed: what common days have in common cancels out."""
    first, second = np.asarray(values, np.float64), np.asarray(reference, np.float64)
    if first.shape != second.shape:
        message = f"both need the same seeds, got {first.shape} and {second.shape} figures"
        raise ValueError(message)
    return bootstrap_interval(first - second, seed=seed)


def conditional_value_at_risk(values: npt.ArrayLike, level: float) -> float:
    """Mean of the largest ``1 - level`` of the figures (CVaR, expected shortfall; Rockafellar and Uryasev 2002).

    A figure at the edge counts in part, so that exactly that share is averaged; of few figures it is the largest one.

    Args:
        values: one figure a run, such as its cost; at least one.
        level: 0.95 gives the mean of the largest 5 %.
    """
    ordered: F64 = np.sort(np.asarray(values, np.float64).ravel())[::-1]
    if not len(ordered) or not np.isfinite(ordered).all():
        message = f"values: need at least one, all finite, got {len(ordered)}"
        raise ValueError(message)
    tail = (1.0 - level) * len(ordered)
    weights = np.clip(tail - np.arange(len(ordered)), 0.0, 1.0)
    return float(weights @ ordered / weights.sum())


def interquartile_mean(values: npt.ArrayLike) -> float:
    """Mean of the middle half, a quarter cut off at each end; fractions of a figure count in part."""
    ordered = np.sort(np.asarray(values, np.float64).ravel())
    if not len(ordered) or not np.isfinite(ordered).all():
        message = f"values: need at least one, all finite, got {len(ordered)}"
        raise ValueError(message)
    weights = _middle_half(len(ordered))
    return float(weights @ ordered / weights.sum())


@cache
def _middle_half(count: int) -> F64:
    """(count,) weights of ordered figures in the mean of their middle half."""
    cut, ranks = count / 4.0, np.arange(count)
    weights: F64 = np.clip(np.minimum(ranks + 1, count - cut) - np.maximum(ranks, cut), 0.0, 1.0)
    weights.setflags(write=False)
    return weights


def stratified_interval(
    strata: Sequence[npt.ArrayLike], *, confidence: float = CONFIDENCE, resamples: int = 2_000, seed: int = 0
) -> Interval:
    """Interquartile mean over several scenarios, with a bootstrap that draws within each (Agarwal and others 2021).

    Args:
        strata: the figures of each scenario, brought to a common scale, such as cost over FIFO's mean cost.
        confidence: 0.95 gives a 95 % interval.
        resamples: how many samples are drawn, each stratum in its own size.
        seed: of the draws.
    """
    samples = [np.asarray(values, np.float64).ravel() for values in strata]
    point = interquartile_mean(np.concatenate(samples))
    rng = np.random.default_rng(seed)
    drawn = [
        interquartile_mean(np.concatenate([sample[rng.integers(0, len(sample), len(sample))] for sample in samples]))
        for _ in range(resamples)
    ]
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(drawn, [tail, 1.0 - tail])
    return Interval(point, float(low), float(high), sum(map(len, samples)))
