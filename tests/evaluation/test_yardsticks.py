"""The scripted policies that learned ones are compared with."""

import json
from pathlib import Path

from baselines import scripts
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.known_scripts import known_script, script_from_dict, scripts_file
from simcash_env.evaluation.yardsticks import play_yardsticks
from simcash_env.registry import load

BENCHMARK = Path(__file__).parents[2] / "docs" / "results" / "benchmark.json"
ROWS = json.loads(scripts_file().read_text(encoding="utf-8"))["rows"]


def test_yardsticks_shipped_scripts_are_of_scenarios_as_they_are():
    for row in ROWS:
        found = known_script(load(row["scenario"]))
        assert found is not None
        assert (found.name, found.parameters) == (row["name"], row["parameters"])
    benchmark = json.loads(BENCHMARK.read_text(encoding="utf-8"))["rows"]
    assert {row["scenario"] for row in ROWS} == {row["scenario"] for row in benchmark}


def test_yardsticks_changed_scenario_has_fifo_alone():
    config = load("two-banks-v0", changes={"costs.deadline_penalty": 501})
    assert known_script(config) is None
    assert [(played.policy, gap) for played, gap in play_yardsticks(config, (1, 2))] == [("fifo", None)]


def test_yardsticks_best_script_costs_less_than_fifo_and_has_a_gap():
    (fifo, fifo_gap), (best, best_gap) = play_yardsticks(load("2b-3t-v0"), tuple(range(1, 41)))
    assert best.evaluation.totals().mean() < fifo.evaluation.totals().mean()
    assert fifo_gap > best_gap > 0
    assert best.parameters.startswith("target_buffer")


def test_yardsticks_command_chooses_on_validation_days_what_is_shipped(tmp_path, capsys):
    benchmark = {"rows": [
        {"scenario": "two-banks-v0", "policy": "fifo", "values": {}},
        {"scenario": "two-banks-v0", "policy": "tuned:fifo", "values": {}, "parameters": "", "pool_shares": None},
        {"scenario": "two-banks-v0", "policy": "tuned:balance_first", "values": {"urgent_ticks": 1.0},
         "parameters": "urgent_ticks 1.0", "pool_shares": None},
    ]}  # fmt: skip
    source, target = tmp_path / "benchmark.json", tmp_path / "scripts.json"
    source.write_text(json.dumps(benchmark), encoding="utf-8")
    scripts.main(["--benchmark", str(source), "--file", str(target), "--days", "20"])
    assert capsys.readouterr().out == "two-banks-v0: tuned:balance_first urgent_ticks 1.0\n"
    (row,) = json.loads(target.read_text(encoding="utf-8"))["rows"]
    shipped = next(row for row in ROWS if row["scenario"] == "two-banks-v0")
    assert {**row, "validation_cents": 0, "validation_days": 0} == {
        **shipped,
        "validation_cents": 0,
        "validation_days": 0,
    }
    policy = script_from_dict(row).policy
    assert evaluate_policy(load("two-banks-v0"), policy, (1,)).totals().shape == (1,)
    for named, days in (("crisis-v0", 20), ("two-banks-v0", 10)):  # a row that is not named is kept
        scripts.main([named, "--benchmark", str(source), "--file", str(target), "--days", "10"])
        (row,) = json.loads(target.read_text(encoding="utf-8"))["rows"]
        assert row["validation_days"] == days
