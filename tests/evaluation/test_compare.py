"""Comparison of variants: the same figures as the metrics of single runs, paired by seed."""

from pathlib import Path

import pytest

from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.errors import ConfigError
from simcash_env.evaluation.compare import compare, draw_comparison, figures_of, shown, shown_interval
from simcash_env.evaluation.evaluate import evaluate_policy, with_common_policy
from simcash_env.evaluation.metrics import metrics_of
from simcash_env.evaluation.run_columns import record_run
from simcash_env.evaluation.statistics import Interval
from simcash_env.registry import load

SEEDS = (5, 6, 7)


@pytest.mark.parametrize("scenario", ["lynx-day-v0", "castro-12period-v0", "crisis-v0"])
def test_compare_figures_equal_the_metrics_of_single_runs(scenario: str) -> None:
    config = with_common_policy(load(scenario), FifoPolicy())
    figures = figures_of(config, SEEDS)
    for at, seed in enumerate(SEEDS):
        metrics = metrics_of(record_run(config, seed))
        for name in (
            *("settled_share_value", "delay_indicator", "throughput_1200", "throughput_1430", "unsettled_value"),
            *("liquidity_used", "turnover", "dropped_value", "total_cost"),
        ):
            assert figures[name][1][at] == pytest.approx(getattr(metrics, name), rel=1e-12, abs=0), name


def test_compare_pairs_seeds_and_names_the_reference() -> None:
    variants = {"on": load("lynx-day-v0"), "off": load("lynx-day-v0", changes={"lsm.algorithms": []})}
    found = compare(variants, SEEDS)
    costs = [evaluate_policy(config, FifoPolicy(), SEEDS).totals() for config in variants.values()]
    row = found.of("off", "total_cost")
    assert row.mean == costs[1].mean()
    assert row.difference is not None
    assert row.difference.mean == pytest.approx((costs[1] - costs[0]).mean())
    assert found.of("on", "total_cost").difference is None
    assert found.of("off", "settled_by_lsm").mean == 0.0
    assert compare(variants, SEEDS).rows == found.rows
    with pytest.raises(KeyError):
        found.of("off", "nothing")


def test_compare_of_a_scenario_without_randomness_is_played_once() -> None:
    config = load("castro-2period-v0")
    found = compare({"a": config, "b": config.model_copy(update={"currency": "EUR"})}, 20)
    assert len(found.seeds) == 1
    assert found.currency is None
    assert all(row.difference is None or row.difference.count == 1 for row in found.rows)


@pytest.mark.parametrize(
    ("variants", "rule"),
    [({}, "needs at least two"), ({"a": "lynx-day-v0", "b": 1}, "must be a ScenarioConfig, got 'lynx-day-v0'")],
)
def test_compare_bad_variants(variants: dict[str, ScenarioConfig], rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        compare(variants, SEEDS)


def test_compare_exports_and_draws(tmp_path: Path) -> None:
    found = compare({"on": load("lynx-day-v0"), "off": load("lynx-day-v0", changes={"lsm.algorithms": []})}, SEEDS)
    table = found.to_arrow()
    assert table["figure"].to_pylist()[: len(found.figures)] == list(found.figures)
    assert found.as_dict()["reference"] == "on"
    path = draw_comparison(found, tmp_path / "figures" / "lsm.svg")
    assert b"settled share value" in path.read_bytes() or path.stat().st_size > 10_000


def test_figures_are_shown_in_their_unit() -> None:
    assert [shown(123_456.0, "cents"), shown(0.5, "share"), shown(1.5, "ratio")] == ["1,234.56", "50.00 %", "1.500"]
    assert [shown(None, "cents"), shown_interval(None, "cents")] == ["-", "-"]
    assert shown_interval(Interval(1.0, 1.0, 1.0, 1), "ratio") == "1.000 (n = 1)"
    assert shown_interval(Interval(100.0, 50.0, 150.0, 9), "cents") == "1.00 [0.50, 1.50]"
