"""The value of foresight: releases planned under the shares that a policy chose cost no more than the policy."""

import json

import pytest

from benchmarks import foresight

SCENARIO = "2b-3t-v0"


def test_foresight_planned_releases_cost_no_more_and_other_rows_are_kept(tmp_path):
    (tmp_path / "foresight.json").write_text(json.dumps({"rows": [{**ROW, "scenario": "5b-12t-v0"}]}))
    foresight.main([SCENARIO, "--days", "4", "--folder", str(tmp_path)])
    row, kept = json.loads((tmp_path / "foresight.json").read_text())["rows"]
    assert kept["scenario"] == "5b-12t-v0"
    assert row["days"] == 4
    assert 0.0 <= row["saved"][0] == pytest.approx(row["mean"] - row["planned"])
    assert row["planned"] > 0.0
    assert "| `2b-3t-v0` | `2b-3t-v0-slopes` | 4 |" in (tmp_path / "foresight.md").read_text()


ROW = {
    "policy": "5b-12t-v0-rank", "days": 1000, "mean": 20_000.0, "planned": 19_000.0, "saved": [1_000.0, 500.0, 1_500.0],
    "made_by": {"version": "1", "commit": "abc", "machine": "of a test"},
}  # fmt: skip


def test_foresight_table_has_shares_of_the_policys_cost():
    line = foresight.markdown([{**ROW, "scenario": "5b-12t-v0"}]).splitlines()[2]
    assert line == "| `5b-12t-v0` | `5b-12t-v0-rank` | 1,000 | 200.00 | 190.00 | 5.0% [2.5%, 7.5%] |"


def test_foresight_scenario_without_a_pool_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        foresight.main(["two-banks-v0", "--folder", str(tmp_path)])
    assert "two-banks-v0: must be one of 2b-3t-v0, " in capsys.readouterr().err
