import numpy as np
import pytest
from scipy import stats

from simcash_env.evaluation.statistics import (
    MOST_CORRECTED,
    Interval,
    bootstrap_interval,
    conditional_value_at_risk,
    interquartile_mean,
    paired_difference,
    stratified_interval,
)


def test_statistics_large_normal_sample_has_the_textbook_interval():
    sample = np.random.default_rng(1).normal(100.0, 20.0, 2_000)
    found, (low, high) = bootstrap_interval(sample), stats.norm.interval(0.95, sample.mean(), stats.sem(sample))
    assert found.mean == pytest.approx(sample.mean())
    assert found.low == pytest.approx(low, abs=0.08)
    assert found.high == pytest.approx(high, abs=0.08)


def test_statistics_skewed_sample_has_scipys_interval():
    sample = np.random.default_rng(2).lognormal(0.0, 1.5, 150)
    found = bootstrap_interval(sample)
    scipys = stats.bootstrap(
        (sample,), np.mean, n_resamples=10_000, method="BCa", rng=np.random.default_rng(3)
    ).confidence_interval
    assert found.low == pytest.approx(scipys.low, rel=0.02)
    assert found.high == pytest.approx(scipys.high, rel=0.02)
    assert found.high - found.mean > found.mean - found.low


def test_statistics_interval_holds_the_true_mean_about_19_times_in_20():
    rng = np.random.default_rng(4)
    hits = 0
    for _ in range(300):
        interval = bootstrap_interval(rng.exponential(10.0, 100), resamples=500)
        hits += interval.low <= 10.0 <= interval.high
    assert 0.90 <= hits / 300 <= 0.98


def test_statistics_equal_figures_have_an_interval_of_no_width():
    assert bootstrap_interval([7, 7, 7]) == Interval(7.0, 7.0, 7.0, 3)
    assert bootstrap_interval([7]) == Interval(7.0, 7.0, 7.0, 1)


def test_statistics_few_figures_off_one_value_have_an_interval_that_holds_them():
    found = bootstrap_interval([0.0] * 40 + [1.0], resamples=20)
    assert 0.0 <= found.low <= found.mean <= found.high <= 1.0


def test_statistics_very_large_sample_has_the_percentile_interval():
    sample = np.random.default_rng(8).exponential(1.0, MOST_CORRECTED + 1)
    found, error = bootstrap_interval(sample, resamples=500), stats.sem(sample)
    assert found.low == pytest.approx(sample.mean() - 1.96 * error, abs=error / 4)
    assert found.high == pytest.approx(sample.mean() + 1.96 * error, abs=error / 4)


def test_statistics_what_common_days_share_cancels_out_of_a_paired_difference():
    rng = np.random.default_rng(5)
    days = rng.normal(0.0, 1_000.0, 200)
    better = paired_difference(days - 10 + rng.normal(0, 1, 200), days)
    assert better.high < -9.5
    assert better.low > -10.5


def test_statistics_same_seed_gives_the_same_interval():
    sample = np.random.default_rng(6).exponential(1.0, 50)
    assert bootstrap_interval(sample, seed=1) == bootstrap_interval(sample, seed=1)
    assert bootstrap_interval(sample, seed=1) != bootstrap_interval(sample, seed=2)


@pytest.mark.parametrize("values", [[], [1.0, float("nan")]])
def test_statistics_figures_that_give_no_mean_are_refused(values):
    with pytest.raises(ValueError, match="at least one, all finite"):
        bootstrap_interval(values)


def test_statistics_interval_is_below_another_where_they_do_not_meet():
    cheap, dear = Interval(1_000.0, 900.0, 1_100.0, 5), Interval(1_300.0, 1_101.0, 1_500.0, 5)
    assert (cheap.is_below(dear), dear.is_below(cheap)) == (True, False)
    assert not cheap.is_below(Interval(1_300.0, 1_100.0, 1_500.0, 5))
    assert str(dear) == "1,300 [1,101, 1,500]"


def test_statistics_differences_need_common_seeds():
    with pytest.raises(ValueError, match="same seeds"):
        paired_difference([1, 2], [1])


def test_statistics_interquartile_mean_cuts_off_a_quarter_at_each_end():
    assert interquartile_mean([1, 2, 3, 4, 5, 6, 7, 1_000]) == pytest.approx((3 + 4 + 5 + 6) / 4)
    assert interquartile_mean([5]) == 5
    # of five figures a quarter is 1.25: the second and the fourth count three quarters each
    assert interquartile_mean([0, 1, 2, 3, 100]) == pytest.approx((0.75 * 1 + 2 + 0.75 * 3) / 2.5)
    with pytest.raises(ValueError, match="at least one"):
        interquartile_mean([])


def test_statistics_stratified_bootstrap_draws_within_each_scenario():
    rng = np.random.default_rng(3)
    strata = [rng.normal(1.0, 0.1, 60), rng.normal(2.0, 0.1, 60)]
    found = stratified_interval(strata, resamples=400)
    assert found.low < found.mean < found.high
    assert found.count == 120
    assert found.mean == pytest.approx(interquartile_mean(np.concatenate(strata)))
    mixed = bootstrap_interval(np.concatenate(strata), resamples=1_000)
    assert found.high - found.low < mixed.high - mixed.low  # between scenarios nothing varies
    assert stratified_interval([[3.0], [3.0]]) == Interval(3.0, 3.0, 3.0, 2)


def test_conditional_value_at_risk_is_the_mean_of_the_tail():
    values = np.arange(1.0, 201.0)
    assert conditional_value_at_risk(values, 0.95) == pytest.approx(np.arange(191, 201).mean())
    assert conditional_value_at_risk(values, 0.99) == pytest.approx(199.5)
    # 1.5 of 30 days: the largest, and half of the next
    assert conditional_value_at_risk(np.arange(1.0, 31.0), 0.95) == pytest.approx((30 + 0.5 * 29) / 1.5)
    assert conditional_value_at_risk([7.0, 3.0], 0.99) == 7.0
    with pytest.raises(ValueError, match="at least one, all finite"):
        conditional_value_at_risk([], 0.95)
