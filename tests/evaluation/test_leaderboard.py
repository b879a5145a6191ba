import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from baselines import publish
from simcash_env.config import FifoPolicy, load_scenario
from simcash_env.evaluation import policy_families as families
from simcash_env.evaluation.benchmark_table import shortened
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.contenders import best_tuned
from simcash_env.evaluation.evaluate import evaluate_policy, is_random
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.leaderboard import (
    across_scenarios,
    caption,
    edge_warnings,
    format_table,
    rows_as_json,
    rows_from_json,
    run_benchmark,
)
from simcash_env.evaluation.policy_families import FAMILIES
from simcash_env.evaluation.regret import Bounds
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.learning.checkpoint import find_checkpoint
from simcash_env.learning.evaluate import evaluate_checkpoint
from simcash_env.registry import load
from tests.evaluation.worlds import random_day


def test_leaderboard_benchmark_scores_every_policy_on_test_seeds():
    rows = run_benchmark(["castro-2period-v0"], 3, num_tuning_seeds=2)
    by_policy = {(row.policy, row.parameters): row.total.mean for row in rows}
    assert by_policy["tuned:fifo", "pool 0 % / 20 %"] == 2_000
    assert by_policy["fifo", "pool as configured"] == 20_000
    assert by_policy["fifo", "pool 50 %"] == 10_000
    assert min(by_policy.values()) == 2_000
    for row in rows:
        assert sum(row.by_kind.values()) == pytest.approx(row.total.mean)
        assert sum(row.by_bank.values()) == pytest.approx(row.total.mean)


def test_leaderboard_rows_are_written_as_a_table_and_as_json():
    rows = run_benchmark(["castro-2period-v0"], 2, num_tuning_seeds=0)
    assert format_table(rows).row_count == len(rows)
    assert json.loads(rows_as_json(rows))[0]["total"]["count"] == 1
    random = run_benchmark(["2b-3t-v0"], 2, num_tuning_seeds=0)
    assert json.loads(rows_as_json(random))[0]["total"]["count"] == 2


def test_leaderboard_benchmark_plays_a_scenario_without_randomness_once():
    """Two hundred equal runs were shown with an interval that had no width."""
    rows = run_benchmark(["castro-2period-v0"], 5, num_tuning_seeds=3, num_measured=2)
    assert {(row.policy, row.total.count) for row in rows} == {
        ("fifo", 1), ("hold_all", 1), *((f"tuned:{family}", 1) for family in FAMILIES),
        ("random", 5),
    }  # fmt: skip
    (drawn,) = (row for row in rows if row.policy == "random")
    assert drawn.regret.count == 2
    assert drawn.regret.mean == pytest.approx(np.mean(drawn.totals[:2]) - 2_000, abs=2)
    assert drawn.difference_to_fifo.mean == pytest.approx(drawn.total.mean - 20_000)
    assert "n = 1: nothing is random" in caption(rows)
    assert "over 5 test seeds" in caption(rows)
    expected = (
        "n = 1: nothing is random, so there is one run and no interval; less is better; castro-2period-v0: bound 19.99"
    )
    assert caption([rows[0]]).startswith(expected)
    cells = [list(column.cells) for column in format_table(rows).columns]
    assert cells[2].count("n = 1") == len(rows) - 1
    assert publish.table(json.loads(rows_as_json(rows)))[2].split("|")[4].strip() == "n = 1"
    assert "n = 1: nothing" in publish.markdown(publish.with_rows(json.loads(rows_as_json(rows))))


def test_leaderboard_benchmark_of_a_random_scenario_names_no_single_run():
    rows = run_benchmark(["2b-3t-v0"], 3, num_tuning_seeds=0)
    assert {row.total.count for row in rows} == {3}
    assert "n = 1" not in caption(rows)
    assert "n = 1" not in publish.markdown(publish.with_rows(json.loads(rows_as_json(rows))))


def test_leaderboard_evaluation_is_repeated_only_where_nothing_is_random():
    fixed = evaluate_policy(load("castro-2period-v0"), FifoPolicy(), [1])
    assert fixed.repeated([4, 5, 6]).totals().tolist() == [20_000] * 3
    with pytest.raises(ValueError, match="castro-2period-v0: only one run"):
        fixed.repeated([4, 5]).repeated([1])
    with pytest.raises(ValueError, match="random-day: only one run"):
        evaluate_policy(random_day(), FifoPolicy(), [1]).repeated([2, 3])


@pytest.mark.parametrize("scenario", ["castro-2period-v0", "castro-3period-v0", "2b-3t-v0", "crisis-v0"])
def test_leaderboard_randomness_is_told_from_the_configuration(scenario):
    config = load(scenario)
    assert is_random(config) == (not scenario.startswith("castro"))
    first, second = (evaluate_policy(config, FifoPolicy(), [seed]).totals()[0] for seed in (1, 2))
    assert (first != second) == is_random(config) or scenario == "2b-3t-v0"  # there FIFO pays its pool and no more


def test_leaderboard_rate_of_zero_draws_nothing():
    document = random_day().model_dump(mode="json", exclude_none=True)
    for bank in document["banks"]:
        bank["arrivals"]["rate_per_tick"] = 0.0
    assert not is_random(load_scenario(document))
    document["banks"][0]["arrivals"] |= {"rate_per_tick": 1.0, "rate_per_tick_of_day": [0.0] * 8}
    assert not is_random(load_scenario(document))
    document["banks"][0]["arrivals"] |= {"rate_per_tick_of_day": [0.0] * 7 + [0.5]}
    assert is_random(load_scenario(document))


def test_leaderboard_best_tuned_family_is_chosen_on_validation_days():
    rows = run_benchmark(["2b-3t-v0"], 4, num_tuning_seeds=3, only_best=True)
    (best,) = (row for row in rows if row.policy.startswith("tuned:"))
    config, days = load("2b-3t-v0"), validation_seeds(30)
    found = {family: tune(config, family, training_seeds(3)) for family in FAMILIES}
    cents = {
        family: evaluate_policy(config, tuned.policy, days, tuned.shares).totals().mean()
        for family, tuned in found.items()
    }
    assert best.policy == f"tuned:{min(cents, key=cents.get)}"
    assert best_tuned(config, found, 3)[0] == best.policy.removeprefix("tuned:")
    assert [row.policy for row in rows].count("fifo") == 2


def test_leaderboard_edges_of_the_grid_are_in_rows_and_warnings(monkeypatch):
    monkeypatch.setattr(families, "SPLITS", (2,))
    rows = run_benchmark(["2b-3t-v0"], 2, num_tuning_seeds=2, families=("fifo", "liquidity_splitting"))
    assert [row.edges for row in rows if row.edges] == [("max_splits 2",)]
    (warning,) = edge_warnings(rows)
    assert warning.startswith("2b-3t-v0: tuned:liquidity_splitting: max_splits 2 is the largest value that was tried")
    written = json.loads(rows_as_json(rows))
    assert written[-1]["edges"] == ["max_splits 2"]
    assert rows_from_json(written) == rows
    del written[-1]["edges"]  # as in results that were written before there were edges
    assert rows_from_json(written)[-1].edges == ()


def test_leaderboard_agents_are_compared_on_common_seeds_only():
    config = random_day()
    first = evaluate_policy(config, FifoPolicy(), [1, 2])
    second = evaluate_policy(config, FifoPolicy(), [3, 4])
    with pytest.raises(ValueError, match="common seeds"):
        first.minus(second)


def test_leaderboard_scenario_of_the_library_needs_no_external_bank():
    evaluation = evaluate_policy(load("two-banks-v0"), FifoPolicy(), [1, 2, 3])
    assert evaluation.cents.shape[:2] == (3, 2)


def test_leaderboard_regret_and_metrics_stand_beside_the_cost():
    rows = run_benchmark(["castro-2period-v0"], 3, num_tuning_seeds=2, num_measured=2)
    by_policy = {(row.policy, row.parameters): row for row in rows}
    best = by_policy["tuned:fifo", "pool 0 % / 20 %"]
    assert best.bound == "exact"
    assert best.regret.mean == pytest.approx(
        1, abs=1
    )  # any share of the pool may be chosen: half a cent a bank and tick
    assert best.metrics["delay_indicator"] == 0
    assert best.metrics["settled_by_gross"] == 1
    assert by_policy["hold_all", ""].regret.mean == pytest.approx(15_000, abs=1)
    assert by_policy["hold_all", ""].metrics["settled_share_value"] == 0
    assert [len(row.totals) for row in rows] == [3 if row.policy == "random" else 1 for row in rows]
    assert rows_from_json(json.loads(rows_as_json(rows))) == rows


def test_leaderboard_over_all_scenarios_a_cost_is_a_share_of_fifos():
    rows = run_benchmark(["castro-2period-v0", "castro-3period-v0"], 3, num_tuning_seeds=2)
    found = across_scenarios(rows)
    assert list(found)[-1] == "hold_all" or found["hold_all"].mean > 1
    assert found["fifo"].mean == 1
    assert found["tuned:fifo"].mean == pytest.approx((2_000 / 20_000 + 12_000 / 60_000) / 2)


def test_leaderboard_scenario_without_a_bound_has_no_regret():
    assert Bounds(load("ten-banks-v0"), [1]).of(AllowedDecisions()) is None
    assert Bounds(load("lynx-day-v0"), [1]).kind == "relaxed"
    assert Bounds(load("castro-12period-v0"), [1]).kind == "exact"


def test_leaderboard_scenario_that_cannot_be_bounded_is_measured_without_regret(tmp_path):
    row = random_day(ticks=4).model_dump(mode="json")
    row["actions"] |= {"collateral": True}
    row["banks"][0] |= {"max_collateral_capacity": 9_000}
    row["events"] = [{"type": "scheduled_settlement", "tick": 1, "from_bank": "A", "to_bank": "B", "amount": 1_000}]
    file = tmp_path / "uncovered.yaml"
    file.write_text(json.dumps(row), encoding="utf-8")
    rows = run_benchmark([str(file)], 2, num_tuning_seeds=0, num_measured=2)
    assert [(one.regret, one.bound) for one in rows] == [(None, "none")] * len(rows)
    assert {one.policy for one in rows if one.metrics} == {one.policy for one in rows} == {"fifo", "hold_all", "random"}


def test_leaderboard_table_of_a_terminal_has_currency_units_and_scenarios_where_there_are_several(capsys):
    Console(width=200).print(format_table(run_benchmark(["castro-2period-v0"], 2, num_tuning_seeds=0, num_measured=2)))
    lines = capsys.readouterr().out.splitlines()
    assert "castro-2period-v0: cost of a run in currency units" in " ".join(lines)
    (held,) = (line.split() for line in lines if "hold_all" in line)
    assert held.count("170.00") == 4  # mean, CVaR at both levels, worst day
    assert "0.00%" in held
    table = format_table(run_benchmark(["castro-2period-v0", "castro-3period-v0"], 2, num_tuning_seeds=0))
    names = list(table.columns[0].cells)
    assert [name for name in names if name] == ["castro-2period-v0", "castro-3period-v0"]


def test_leaderboard_many_pool_shares_are_not_written_out_in_the_published_table():
    few, many = "pool 0 % / 20 %", f"urgency_threshold 2, pool {' / '.join(['5 %'] * 6)}"
    assert shortened(few) == few
    assert shortened(many) == "urgency_threshold 2, pool by bank"


def test_leaderboard_publishing_keeps_the_results_of_other_scenarios(tmp_path, monkeypatch):
    for name, few in (("TEST_DAYS", 3), ("TUNING_DAYS", 2), ("MEASURED_DAYS", 2)):
        monkeypatch.setattr(publish, name, few)
    monkeypatch.setattr(publish, "ALL_FAMILIES", ("fifo",))
    publish.main(["castro-2period-v0", "--folder", str(tmp_path)])
    publish.main(["castro-3period-v0", "--folder", str(tmp_path)])
    raw = json.loads((tmp_path / "benchmark.json").read_text("utf-8"))
    assert {row["scenario"] for row in raw["rows"]} == {"castro-2period-v0", "castro-3period-v0"}
    table = (tmp_path / "benchmark.md").read_text("utf-8")
    assert "| `castro-3period-v0` | tuned:fifo | 120.00 | n = 1 |" in table
    (tmp_path / "benchmark.md").write_text("", "utf-8")
    publish.main(["--tables", "--folder", str(tmp_path)])
    assert (tmp_path / "benchmark.md").read_text("utf-8") == table


def test_leaderboard_published_search_is_played_alone_and_other_rows_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(publish, "TEST_DAYS", 20)
    other = {**json.loads(rows_as_json(publish.search_rows("2b-3t-v0")))[0], "policy": "fifo"}
    (tmp_path / "benchmark.json").write_text(publish.as_json(publish.with_rows([other])))
    publish.main(["2b-3t-v0", "castro-2period-v0", "--searches", "--folder", str(tmp_path)])
    fifo, search = json.loads((tmp_path / "benchmark.json").read_text())["rows"]
    assert fifo == other
    assert (search["policy"], search["parameters"], search["total"]["count"]) == ("search", "2b-3t-v0-rank", 20)
    played = evaluate_checkpoint(find_checkpoint(Path("2b-3t-v0-rank")), held_out_seeds(20)).evaluation
    assert search["totals"] == played.totals().tolist()
    assert search["gap"] == pytest.approx(search["total"]["mean"] / Reference(load("2b-3t-v0"), played.seeds).cents - 1)
