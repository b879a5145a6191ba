"""Estimates with 95 % intervals: rates, shares, amounts, and how much days differ.

SciPy and scikit-learn do the statistics. Amounts are fitted by their natural logarithm in cents.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage, stats

from simcash_env.errors import SimcashError
from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]

LEVEL: Final = 0.95
"""Confidence level of every interval."""

MAX_COMPONENTS: Final = 6
"""Most lognormals tried for the amounts of one bank."""

MAX_FITTED: Final = 20_000
"""Most amounts of one bank to which a mixture is fitted; more are sampled, with a fixed seed."""

TOLERANCE: Final = 1e-7
"""Gain in mean log-likelihood below which the fit of a mixture ends."""

TABLE_TOP: Final = 0.99
"""Probability of the last quantile of an empirical table; a Pareto tail lies above it."""

TABLE_SIZE: Final = 200
"""Quantiles of an empirical table."""

MIN_TAIL: Final = 30
"""Fewest amounts above the last quantile from which a tail is fitted."""

Z: Final = float(stats.norm.ppf((1 + LEVEL) / 2))


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, and how the interval was found."""

    value: float
    low: float
    high: float
    method: str


def poisson_rate(count: int, exposure: float, day_variance: float = 0.0) -> Estimate:
    """Events per unit of exposure.

    Args:
        count: events seen.
        exposure: ticks in which they could arrive, over all days.
        day_variance: variance that the common factor of days adds to the logarithm of the rate; with 0 the interval is
            the exact Poisson interval.
    """
    value = count / exposure
    if day_variance > 0.0 and count:
        spread = math.exp(Z * math.sqrt(1 / count + day_variance))
        return Estimate(value, value / spread, value * spread, "log-normal, with the variation of days")
    tail = (1 - LEVEL) / 2
    low = float(stats.chi2.ppf(tail, 2 * count)) / 2 if count else 0.0
    return Estimate(value, low / exposure, float(stats.chi2.isf(tail, 2 * count + 2)) / 2 / exposure, "exact Poisson")


def share(count: int, total: int) -> Estimate:
    """The share ``count / total`` with its Wilson interval."""
    interval = stats.binomtest(count, total).proportion_ci(LEVEL, "wilson")
    return Estimate(count / total, float(interval.low), float(interval.high), "Wilson")


def quantile(values: I64, probability: float) -> Estimate:
    """A quantile of whole numbers, with the distribution-free interval; an open end is the extreme value."""
    value = float(np.quantile(values, probability, method="inverted_cdf"))
    interval = stats.quantile_test(values, q=value, p=probability).confidence_interval(LEVEL)
    low, high = (float(end) for end in interval)
    low = float(values.min()) if math.isnan(low) else low
    high = float(values.max()) if math.isnan(high) else high
    return Estimate(value, low, high, "order statistics")


# -- amounts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Component:
    """A lognormal of a mixture; mean and standard deviation are those of the logarithm of the cents."""

    weight: Estimate
    log_mean: Estimate
    log_std_dev: Estimate


@dataclass(frozen=True)
class MixtureFit:
    """A mixture of lognormals.

    Attributes:
        components: in ascending order of ``log_mean``.
        bic: Bayesian information criterion by number of components, as far as it was tried.
    """

    components: tuple[Component, ...]
    bic: tuple[float, ...]

    def law(self, largest_cents: int) -> dict[str, Any]:
        """The distribution as a scenario writes it."""
        rows = [
            {
                "weight": plain(part.weight.value),
                "log_mean": plain(part.log_mean.value),
                "log_std_dev": plain(part.log_std_dev.value),
            }
            for part in self.components
        ]
        return {"type": "mixture", "components": rows, "max": largest_cents}


@dataclass(frozen=True)
class TableFit:
    """A table of quantiles; ``exponent`` is that of the Pareto tail, None without one."""

    probabilities: tuple[float, ...]
    quantiles: tuple[int, ...]
    exponent: Estimate | None

    def law(self, largest_cents: int) -> dict[str, Any]:
        """The distribution as a scenario writes it."""
        row: dict[str, Any] = {
            "type": "empirical",
            "probabilities": list(self.probabilities),
            "quantiles": list(self.quantiles),
            "max": largest_cents,
        }
        return row if self.exponent is None else {**row, "tail": {"exponent": plain(self.exponent.value)}}


def plain(value: float) -> float:
    """A number with eight significant digits: what a scenario file states."""
    return float(f"{value:.8g}")


def fit_mixture(amounts_cents: I64, seed: int = 0) -> MixtureFit:
    """Fit lognormals, one more as long as the Bayesian information criterion falls.

    Args:
        amounts_cents: at least one amount.
        seed: of the start of the fit, and of the sample of more than ``MAX_FITTED`` amounts.

    Raises:
        SimcashError: scikit-learn is not installed.
    """
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.mixture import GaussianMixture
    except ModuleNotFoundError as missing:  # pragma: no cover - the tests have it
        message = f"calibration needs {missing.name}: pip install 'simcash-env[data]'"
        raise SimcashError(message) from missing
    rng = np.random.default_rng([seed, 2])
    if len(amounts_cents) > MAX_FITTED:
        amounts_cents = rng.choice(amounts_cents, MAX_FITTED, replace=False)
    logs = np.log(amounts_cents.astype(np.float64)).repeat(2 if len(amounts_cents) == 1 else 1)
    criteria: list[float] = []
    best: Any = None
    for count in range(1, min(MAX_COMPONENTS, len(np.unique(logs))) + 1):
        model = GaussianMixture(count, tol=TOLERANCE, max_iter=2_000, random_state=seed % 2**32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # the criterion still judges it
            model.fit(logs[:, None])
        criterion = float(model.bic(logs[:, None])) if count * 3 <= len(logs) else math.inf
        if criteria and criterion >= criteria[-1]:
            criteria.append(criterion)
            break
        criteria.append(criterion)
        best = model
    order = np.argsort(best.means_[:, 0], kind="stable")
    weights, means = best.weights_[order], best.means_[order, 0]
    deviations = np.sqrt(best.covariances_[order, 0, 0])
    return MixtureFit(_with_intervals(logs, weights, means, deviations), tuple(criteria))


def _with_intervals(logs: F64, weights: F64, means: F64, deviations: F64) -> tuple[Component, ...]:
    """Intervals from the information matrix, estimated by the outer product of the scores.

    Weights are transformed by the logit and deviations by the logarithm, so that intervals stay in their range.
    """
    count = len(weights)
    densities = weights * stats.norm.pdf(logs[:, None], means, deviations)
    shares = densities / np.maximum(densities.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    standard = (logs[:, None] - means) / deviations
    scores = np.concatenate(
        [
            shares[:, :-1] / weights[:-1] - shares[:, -1:] / weights[-1],
            shares * standard / deviations,
            shares * (standard**2 - 1),  # of the logarithm of the deviation
        ],
        axis=1,
    )
    covariance = np.linalg.pinv(scores.T @ scores)
    free = count - 1
    last = covariance[:free, :free].sum()
    of_weights = np.sqrt(np.append(np.diag(covariance)[:free], last))
    of_means = np.sqrt(np.diag(covariance)[free : free + count])
    of_deviations = np.sqrt(np.diag(covariance)[free + count :])
    return tuple(
        Component(
            _logit_interval(float(weights[row]), float(of_weights[row])),
            Estimate(
                float(means[row]),
                float(means[row] - Z * of_means[row]),
                float(means[row] + Z * of_means[row]),
                "asymptotic",
            ),
            Estimate(
                float(deviations[row]),
                float(deviations[row] * math.exp(-Z * of_deviations[row])),
                float(deviations[row] * math.exp(Z * of_deviations[row])),
                "asymptotic, of the logarithm",
            ),
        )
        for row in range(count)
    )


def _logit_interval(weight: float, error: float) -> Estimate:
    if weight >= 1.0:
        return Estimate(1.0, 1.0, 1.0, "only component")
    logit, width = math.log(weight / (1 - weight)), Z * error / (weight * (1 - weight))
    low, high = (1 / (1 + math.exp(-min(max(end, -700.0), 700.0))) for end in (logit - width, logit + width))
    return Estimate(weight, low, high, "asymptotic, of the logit")


def fit_table(amounts_cents: I64) -> TableFit:
    """A table of quantiles, and above the last one a Pareto tail where enough amounts lie there."""
    is_tailed = (1 - TABLE_TOP) * len(amounts_cents) >= MIN_TAIL
    size = max(min(TABLE_SIZE, len(amounts_cents)), 2)
    places = np.linspace(0.0, TABLE_TOP if is_tailed else 1.0, size)
    table = np.quantile(amounts_cents, places, method="inverted_cdf").astype(np.int64)
    exponent = None
    if is_tailed:
        above = amounts_cents[amounts_cents > table[-1]]
        logs = float(np.log(above / table[-1]).sum())
        if len(above) >= MIN_TAIL and logs > 0.0:
            low, high = (float(stats.chi2.ppf(tail, 2 * len(above))) / 2 / logs for tail in (0.025, 0.975))
            exponent = Estimate(len(above) / logs, low, high, "exact, maximum likelihood of Pareto")
    if is_tailed and exponent is None:
        places[-1], table[-1] = 1.0, amounts_cents.max()
    return TableFit(tuple(map(plain, places.tolist())), tuple(table.tolist()), exponent)


# -- profile of a day, and variation of days --------------------------------------------------------------------------


@dataclass(frozen=True)
class ProfileFit:
    """A smoothed profile.

    Attributes:
        per_tick: (ticks of a day,) expected payments in each tick.
        bandwidth_ticks: standard deviation of the Gaussian kernel; infinite for a constant rate.
    """

    per_tick: F64
    bandwidth_ticks: float


def smooth_profile(counts: I64) -> ProfileFit:
    """Expected payments by tick of the day, smoothed by a Gaussian kernel that keeps their sum.

    The bandwidth has the largest Poisson likelihood when each day is predicted from the others; with a single day it is
    a fiftieth of the day, at least one tick.

    Args:
        counts: (days, ticks of a day) payments.
    """
    num_days, num_ticks = counts.shape
    total = counts.sum(axis=0).astype(np.float64)
    if num_days == 1:
        chosen = max(num_ticks / 50, 1.0)
        return ProfileFit(_smoothed(total, chosen), chosen)
    others = (total - counts) / (num_days - 1)
    candidates = [0.0, *(2.0**power for power in range(-1, 12) if 2.0**power <= num_ticks / 8), math.inf]
    likelihoods = []
    for bandwidth in candidates:
        predicted = _smoothed(others, bandwidth)
        mean = predicted.mean(axis=1, keepdims=True)
        predicted = np.maximum(0.999 * predicted + 0.001 * mean, 1e-12)
        likelihoods.append(float((counts * np.log(predicted) - predicted).sum()))
    chosen = candidates[int(np.argmax(likelihoods))]
    return ProfileFit(_smoothed(total / num_days, chosen), chosen)


def _smoothed(values: F64, bandwidth: float) -> F64:
    if bandwidth == 0.0:
        return values
    if math.isinf(bandwidth):
        return np.broadcast_to(values.mean(axis=-1, keepdims=True), values.shape).copy()
    found: F64 = ndimage.gaussian_filter1d(values, bandwidth, axis=-1, mode="reflect")
    return found


@dataclass(frozen=True)
class DayVariation:
    """How much the number of payments differs between days.

    Attributes:
        log_std: standard deviation of the logarithm of a factor that is common to all banks on a day.
        p_value: probability of a dispersion as large if days differed only as Poisson counts do.
        other_variance: variance of the banks' daily counts over their expected counts, given the day's total; 1 for
            Poisson counts. None for fewer than two banks.
    """

    log_std: Estimate
    p_value: float
    other_variance: float | None

    @property
    def is_significant(self) -> bool:
        """True if days differ by more than Poisson counts, at the 5 % level."""
        return self.p_value < 1 - LEVEL


def day_variation(counts: I64) -> DayVariation | None:
    """The common factor of days, by the method of moments; None for fewer than three days.

    Args:
        counts: (days, banks) payments.
    """
    num_days, num_banks = counts.shape
    totals = counts.sum(axis=1)
    if num_days < 3:
        return None
    mean, variance, free = float(totals.mean()), float(totals.var(ddof=1)), num_days - 1
    tail = (1 - LEVEL) / 2
    ends = [variance, *(free * variance / float(stats.chi2.ppf(place, free)) for place in (1 - tail, tail))]
    value, low, high = (math.sqrt(math.log1p(max(each - mean, 0.0) / mean**2)) for each in ends)
    expected = np.outer(totals, counts.sum(axis=0)) / totals.sum()
    free_of_banks = (num_days - 1) * (num_banks - 1)
    other = None
    if free_of_banks:
        pearson = (counts - expected) ** 2 / np.where(expected > 0, expected, 1.0)
        other = float(pearson.sum()) / free_of_banks
    p_value = float(stats.chi2.sf(free * variance / mean, free))
    return DayVariation(Estimate(value, low, high, "moments, chi-square"), p_value, other)


def sorted_counts(codes: I64, names: Sequence[str]) -> list[tuple[str, int]]:
    """Names with their number of occurrences, most frequent first; names that do not occur are left out."""
    counts = np.bincount(codes, minlength=len(names)).tolist()
    return sorted(((name, count) for name, count in zip(names, counts, strict=True) if count), key=lambda row: -row[1])
