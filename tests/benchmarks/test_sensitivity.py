"""Single changes of a searched policy: the cheapest are found, and played again on other days."""

import json

import pytest

from benchmarks import sensitivity

SCENARIO = "5b-12t-v0"


def test_sensitivity_finds_the_cheapest_changes_and_keeps_other_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(sensitivity, "COMPONENTS", ("balance_share",))
    monkeypatch.setattr(sensitivity, "ENTRIES", ("queue1_value",))
    monkeypatch.setattr(sensitivity, "AGAIN", 2)
    kept = {"scenario": "crisis-v0", **ROW}
    (tmp_path / "sensitivity.json").write_text(json.dumps({"rows": [kept]}))
    sensitivity.main([SCENARIO, "--days", "6", "--folder", str(tmp_path)])
    other, row = json.loads((tmp_path / "sensitivity.json").read_text())["rows"]
    assert other == kept
    constants = 17 + 1 + 2 + 2  # of the rank action, over the day, of the pool, slopes in one entry
    assert row["changes"] == 2 * constants
    first, second = row["best"]
    assert first["difference"][0] <= second["difference"][0]
    assert first["again"] != first["difference"]
    assert "| `5b-12t-v0` | `" in (tmp_path / "sensitivity.md").read_text()


ROW = {
    "days": 6, "changes": 44, "mean": 200.0, "made_by": {"version": "1", "commit": "abc", "machine": "of a test"},
    "best": [{"name": "pool", "by": -0.008, "difference": [-4.0, -6.0, -2.0], "again": [1.0, -1.0, 3.0]}],
}  # fmt: skip


def test_sensitivity_table_is_relative_to_the_search():
    line = sensitivity.markdown([{"scenario": SCENARIO, **ROW}]).splitlines()[2]
    assert line == "| `5b-12t-v0` | `pool` | -0.008 | -2.00 [-3.00, -1.00] | +0.50 [-0.50, +1.50] |"


def test_sensitivity_scenario_with_slopes_is_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        sensitivity.main(["2b-3t-v0", "--folder", str(tmp_path)])
    assert "2b-3t-v0: must be one of crisis-v0, " in capsys.readouterr().err
