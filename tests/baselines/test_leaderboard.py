import json

import pytest

from baselines.evaluate import evaluate_policy
from baselines.leaderboard import format_table, main, rows_as_json, run_benchmark
from simcash_env.config import FifoPolicy
from simcash_env.registry import load
from tests.baselines.worlds import random_day


def test_the_benchmark_scores_every_policy_on_test_seeds():
    rows = run_benchmark(["castro-2period-v0"], 3, num_tuning_seeds=2)
    by_policy = {(row.policy, row.parameters): row.total.mean for row in rows}
    assert by_policy["tuned:fifo", "pool 0 % / 20 %"] == 2_000
    assert by_policy["fifo", "pool as configured"] == 20_000
    assert by_policy["fifo", "pool 50 %"] == 10_000
    assert min(by_policy.values()) == 2_000
    for row in rows:
        assert sum(row.by_kind.values()) == pytest.approx(row.total.mean)
        assert sum(row.by_bank.values()) == pytest.approx(row.total.mean)


def test_rows_are_printed_as_a_table_and_as_json(capsys):
    rows = run_benchmark(["castro-2period-v0"], 2, num_tuning_seeds=0)
    assert format_table(rows).row_count == len(rows)
    assert json.loads(rows_as_json(rows))[0]["total"]["count"] == 2
    main(["castro-3period-v0", "--seeds", "2", "--tuning-seeds", "0", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert {row["scenario"] for row in printed} == {"castro-3period-v0"}


def test_agents_are_compared_on_common_seeds_only():
    config = random_day()
    first = evaluate_policy(config, FifoPolicy(), [1, 2])
    second = evaluate_policy(config, FifoPolicy(), [3, 4])
    with pytest.raises(ValueError, match="common seeds"):
        first.minus(second)


def test_a_scenario_of_the_library_needs_no_external_bank():
    evaluation = evaluate_policy(load("two-banks-v0"), FifoPolicy(), [1, 2, 3])
    assert evaluation.cents.shape[:2] == (3, 2)
