"""Estimates and their intervals, against SciPy and figures worked out by hand."""

import math

import numpy as np
import pytest
from scipy import stats

from simcash_env.data.estimates import (
    day_variation,
    fit_mixture,
    fit_table,
    poisson_rate,
    quantile,
    share,
    smooth_profile,
)


def test_estimates_poisson_rate_has_the_exact_interval() -> None:
    found = poisson_rate(10, 4.0)
    assert found.value == 2.5
    assert stats.poisson.sf(9, 4 * found.low) == pytest.approx(0.025)
    assert stats.poisson.cdf(10, 4 * found.high) == pytest.approx(0.025)
    assert (poisson_rate(0, 2.0).low, poisson_rate(0, 2.0).high) == (0.0, pytest.approx(-math.log(0.025) / 2))


def test_estimates_variation_of_days_widens_the_interval_of_a_rate() -> None:
    alone, varied = poisson_rate(400, 10.0), poisson_rate(400, 10.0, 0.01)
    assert varied.low < alone.low < 40.0 < alone.high < varied.high
    assert math.log(varied.high / 40.0) == pytest.approx(1.959964 * math.sqrt(1 / 400 + 0.01))


def test_estimates_share_has_the_interval_of_wilson() -> None:
    found = share(3, 10)
    assert (found.low, found.high) == (pytest.approx(0.10779, abs=1e-5), pytest.approx(0.60322, abs=1e-5))


def test_estimates_quantile_is_a_recorded_value() -> None:
    found = quantile(np.arange(1, 101), 0.5)
    assert (found.value, found.low, found.high) == (50.0, 40.0, 61.0)
    assert quantile(np.array([4, 4, 4]), 0.99).high == 4.0


def test_estimates_mixture_finds_the_components() -> None:
    rng = np.random.default_rng(1)
    logs = np.concatenate([rng.normal(8.0, 0.5, 3_000), rng.normal(13.0, 1.0, 1_000)])
    fit = fit_mixture(np.rint(np.exp(logs)).astype(np.int64))
    assert len(fit.components) == 2
    assert fit.bic[1] < min(fit.bic[0], fit.bic[2])
    for part, truth in zip(fit.components, ((0.75, 8.0, 0.5), (0.25, 13.0, 1.0)), strict=True):
        for estimate, value in zip((part.weight, part.log_mean, part.log_std_dev), truth, strict=True):
            assert estimate.low < value < estimate.high
            assert estimate.high - estimate.low < 0.2
    law = fit.law(10**9)
    assert (law["type"], law["max"]) == ("mixture", 10**9)


def test_estimates_mixture_of_one_amount_and_of_many() -> None:
    (part,) = fit_mixture(np.full(50, 1_000)).components
    assert (part.weight.value, part.log_std_dev.value) == (1.0, pytest.approx(0.001))
    assert part.log_mean.value == pytest.approx(math.log(1_000))
    many = np.rint(np.exp(np.random.default_rng(2).normal(9.0, 1.0, 25_000))).astype(np.int64)
    fit = fit_mixture(many, seed=4)
    assert fit.components[0].log_mean == fit_mixture(many, seed=4).components[0].log_mean


def test_estimates_single_component_interval_is_that_of_a_normal_sample() -> None:
    logs = np.random.default_rng(3).normal(10.0, 2.0, 4_000)
    (part,) = fit_mixture(np.rint(np.exp(logs)).astype(np.int64)).components
    error = (part.log_mean.high - part.log_mean.low) / 2 / 1.959964
    assert error == pytest.approx(2.0 / math.sqrt(4_000), rel=0.05)
    error = math.log(part.log_std_dev.high / part.log_std_dev.low) / 2 / 1.959964
    assert error == pytest.approx(1 / math.sqrt(2 * 4_000), rel=0.1)


def test_estimates_table_recovers_a_pareto_tail() -> None:
    cents = np.rint(1_000 * (1 + np.random.default_rng(5).pareto(1.5, 40_000))).astype(np.int64)
    fit = fit_table(cents)
    assert fit.exponent is not None
    assert fit.exponent.low < 1.5 < fit.exponent.high
    assert fit.probabilities[-1] == 0.99
    assert fit.quantiles[0] == cents.min()
    assert fit.law(10**9)["tail"] == {"exponent": pytest.approx(fit.exponent.value)}


def test_estimates_table_without_a_tail_ends_with_the_largest_amount() -> None:
    few = fit_table(np.array([5, 9, 30]))
    assert (few.probabilities, few.quantiles, few.exponent) == ((0.0, 0.5, 1.0), (5, 9, 30), None)
    assert fit_table(np.array([7])).quantiles == (7, 7)
    flat = fit_table(np.full(5_000, 700))
    assert (flat.probabilities[-1], flat.quantiles[-1], flat.exponent) == (1.0, 700, None)
    assert "tail" not in flat.law(700)


def test_estimates_profile_keeps_the_sum_and_smooths_noise() -> None:
    rng = np.random.default_rng(6)
    truth = 2.0 + np.sin(np.arange(96) / 15.0)
    counts = rng.poisson(truth, (20, 96))
    fit = smooth_profile(counts)
    assert fit.bandwidth_ticks >= 2
    assert fit.per_tick.sum() == pytest.approx(counts.sum() / 20)
    raw = counts.mean(axis=0)
    assert np.abs(fit.per_tick - truth).mean() < 0.6 * np.abs(raw - truth).mean()


def test_estimates_profile_of_a_constant_rate_is_constant() -> None:
    fit = smooth_profile(np.full((3, 8), 5))
    assert np.ptp(fit.per_tick) < 1e-9
    noise = smooth_profile(np.random.default_rng(7).poisson(0.3, (4, 60)))
    assert math.isinf(noise.bandwidth_ticks)
    assert np.ptp(noise.per_tick) == 0.0


def test_estimates_profile_of_jumps_is_not_smoothed() -> None:
    counts = np.random.default_rng(8).poisson(np.tile([1.0, 400.0], 20), (10, 40))
    assert smooth_profile(counts).bandwidth_ticks == 0.0


def test_estimates_profile_of_one_day_has_a_fixed_bandwidth() -> None:
    assert smooth_profile(np.ones((1, 200), np.int64)).bandwidth_ticks == 4.0


def test_estimates_variation_of_days_recovers_the_common_factor() -> None:
    rng = np.random.default_rng(9)
    factor = np.exp(rng.normal(-0.02, 0.2, 200))
    found = day_variation(rng.poisson(np.outer(factor, [300.0, 200.0])))
    assert found is not None
    assert found.is_significant
    assert found.log_std.low < 0.2 < found.log_std.high
    assert found.other_variance == pytest.approx(1.0, abs=0.2)


def test_estimates_variation_of_poisson_days_is_not_significant() -> None:
    found = day_variation(np.random.default_rng(10).poisson(400.0, (30, 1)))
    assert found is not None
    assert not found.is_significant
    assert found.other_variance is None
    assert day_variation(np.ones((2, 3), np.int64)) is None
