"""Limits of tails: with releases that know the future, nothing costs more than it does for the policy."""

import json

import numpy as np
import pytest

from benchmarks import tail_limits
from simcash_env.config import FifoPolicy
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.two_stage import relaxed_share_costs
from simcash_env.registry import load


def test_tail_limits_are_below_the_policy_and_other_rows_are_kept(tmp_path):
    kept = {"scenario": "2b-stress-v0", **ROW}
    (tmp_path / "tail-limits.json").write_text(json.dumps({"rows": [kept]}))
    tail_limits.main(["2b-3t-v0", "--days", "40", "--folder", str(tmp_path)])
    row, other = json.loads((tmp_path / "tail-limits.json").read_text())["rows"]
    assert other == kept
    assert [one["share"] for one in row["added"]] == list(tail_limits.ADDED)
    assert 0.9 * row["mean"] < row["added"][0]["mean"] < row["mean"]
    assert row["added"][0]["tails"] <= row["tails"]
    last = [one["tails"][1] for one in row["added"]]
    assert last[0] > last[2]  # more liquidity, cheaper bad days
    assert "| `2b-3t-v0` | 0.01 |" in (tmp_path / "tail-limits.md").read_text()


ROW = {
    "days": 40, "levels": [0.95, 0.99], "mean": 200.0, "tails": [400.0, 1_000.0],
    "added": [{"share": 0.02, "mean": 210.0, "tails": [300.0, 500.0]}],
    "made_by": {"version": "1", "commit": "abc", "machine": "of a test"},
}  # fmt: skip


def test_tail_limits_table_is_relative_to_the_policy():
    line = tail_limits.markdown([{"scenario": "2b-3t-v0", **ROW}]).splitlines()[2]
    assert line == "| `2b-3t-v0` | 0.02 | +5.0 | -25 | -50 |"


def test_tail_limits_scenario_without_tails_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        tail_limits.main(["two-banks-v0", "--folder", str(tmp_path)])
    assert "two-banks-v0: must be one of castro-12period-v0, " in capsys.readouterr().err


def test_relaxed_share_costs_are_below_fifo_with_the_same_shares_on_each_day():
    config, seeds = load("2b-3t-v0"), range(2_000_000, 2_000_010)
    shares = np.array([np.full((10, 2), 0.03), np.full((10, 2), 0.2)])
    costs = relaxed_share_costs(config, seeds, AllowedDecisions(pool="any"), shares)
    for chosen, found in zip(shares, costs, strict=True):
        assert (found <= evaluate_policy(config, FifoPolicy(), seeds, chosen[0]).totals() + 1).all()
    assert costs.shape == (2, 10)
