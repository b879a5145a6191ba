import json

import pytest
from rich.table import Table

from baselines import bounds as command
from simcash_env.config import FifoPolicy
from simcash_env.evaluation import control, known_bounds
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.known_bounds import Reference, bound_from_dict
from simcash_env.evaluation.known_bounds import known_bounds as bounds_of
from simcash_env.evaluation.leaderboard import caption, run_benchmark
from simcash_env.evaluation.lower_bounds import lower_bound
from simcash_env.evaluation.results import HEADS, add_columns, bound_note, markdown_lines, result, result_of_row
from simcash_env.evaluation.scenario_digest import scenario_digest
from simcash_env.evaluation.scripted import agent_for
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.statistics import Interval
from simcash_env.evaluation.two_stage import first_arrivals_are_certain
from simcash_env.registry import load


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setattr(control, "MOST_CONTROL_DAYS", 200)
    monkeypatch.setattr(control, "MOST_TUNING_DAYS", 60)
    path = tmp_path / "bounds.json"
    monkeypatch.setattr(known_bounds, "bounds_file", lambda: path)
    return path


def test_result_cells_are_in_currency_units():
    found = result("fifo", [100_00, 300_00], Interval(200_00, 150_00, 250_00, 2), 0.98765, 0.1234)
    assert found.cells() == [
        "fifo", "200.00", "150.00 to 250.00", "12.3%", "300.00", "300.00", "300.00", "98.77%",
    ]  # fmt: skip
    once = result("fifo", [5], Interval(5, 5, 5, 1))
    assert once.cells() == ["fifo", "0.05", "n = 1", "", "0.05", "0.05", "0.05", ""]
    table = Table()
    add_columns(table)
    assert [column.header for column in table.columns] == list(HEADS)
    assert markdown_lines([("`a`", once, "x")])[2] == "| `a` | fifo | 0.05 | n = 1 |  | 0.05 | 0.05 | 0.05 |  | x |"


def test_result_of_an_older_row_is_made_from_its_days():
    row = {
        "policy": "fifo", "total": {"mean": 2.0, "low": 1.0, "high": 3.0, "count": 2}, "totals": [1, 3],
        "metrics": {"settled_share_value": 0.5},
    }  # fmt: skip
    found = result_of_row(row)
    assert (found.settled_share, found.worst_cents, found.gap) == (0.5, 3.0, None)


def test_settled_share_is_the_same_in_the_kernel_and_in_the_environment():
    config, seeds = load("castro-12period-v0"), held_out_seeds(3)
    kernel = evaluate_policy(config, FifoPolicy(), seeds, [0.0, 0.0])
    played = evaluate_agent(config, agent_for(FifoPolicy(), 0), seeds, max_queue_slots=64)
    assert kernel.value_cents == played.value_cents
    assert 0.0 <= kernel.settled_share < 0.5
    assert evaluate_policy(config, FifoPolicy(), seeds, [1.0, 1.0]).settled_share > 0.9


def test_settled_share_without_a_measurement_is_missing():
    found = evaluate_policy(load("castro-2period-v0"), FifoPolicy(), [1])
    object.__setattr__(found, "value_cents", None)
    assert found.settled_share is None


def test_bounds_command_goes_on_where_it_stopped(file, monkeypatch, capsys):
    command.main(["2b-3t-v0", "money-market-v0", "--file", str(file), "--days", "4"])
    rows = json.loads(file.read_text())["rows"]
    assert [row["kind"] for row in rows] == ["clairvoyant", "constant-share", "first-observation", "own-observation"]
    assert "money-market-v0: clairvoyant: " in capsys.readouterr().err
    monkeypatch.setattr(command, "made", None)  # nothing is made again
    monkeypatch.setattr(command, "WHOLE", {})
    command.main(["2b-3t-v0", "--file", str(file)])
    assert json.loads(file.read_text())["rows"] == rows
    assert [bound.kind for bound in bounds_of(load("2b-3t-v0"))] == [row["kind"] for row in rows]
    assert bounds_of(load("2b-3t-v0", changes={"costs.deadline_penalty": 3})) == []


def test_bounds_command_raises_a_bound_by_whole_payments_where_it_stopped(file, monkeypatch, capsys):
    given = ["2b-3t-v0", "--file", str(file), "--kinds", "own-observation"]
    command.main([*given, "--days", "4"])
    (parts,) = json.loads(file.read_text())["rows"]
    assert parts["raised"] == []
    found = []
    for count in (2, 3):
        monkeypatch.setattr(command, "WHOLE", {"2b-3t-v0": count})
        command.main(given)
        found += json.loads(file.read_text())["rows"]
    two, three = found
    assert three["raised"][:2] == two["raised"]
    assert three["made_by"] == parts["made_by"]
    assert three["raised_by"].keys() == parts["made_by"].keys()
    assert len(bound_from_dict(three).raised) == 3
    assert three["cents"] == pytest.approx(parts["cents"] + sum(three["raised"]) / 3)
    assert "own-observation" in capsys.readouterr().err


def test_bounds_are_read_as_they_were_written():
    for scenario, kind in (("2b-3t-v0", "constant-share"), ("castro-2period-v0", "clairvoyant")):
        found = lower_bound(load(scenario), kind, num_days=4)
        assert bound_from_dict(json.loads(json.dumps({"digest": "", "made_by": {}} | found.as_dict()))) == found
    note = bound_note(found.scenario, found.kind, found.cents, found.standard_error)
    assert note == "castro-2period-v0: bound 19.99 (standard error 0.00), clairvoyant"


def test_reference_is_the_highest_bound_that_holds_for_the_policies(file):
    config, seeds = load("2b-3t-v0"), held_out_seeds(10)
    nothing = Reference(config, seeds)
    assert nothing.gap(100.0, AllowedDecisions()) is None
    assert nothing.note == ""
    command.main(["2b-3t-v0", "--file", str(file), "--days", "6"])
    reference = Reference(config, seeds)
    assert reference.bound.kind != "constant-share"
    together = Reference(config, seeds, is_joint=True)
    assert together.bound.kind != "own-observation"
    assert together.bound.cents <= reference.bound.cents
    assert reference.note.startswith("2b-3t-v0: bound ")
    rows = run_benchmark(["2b-3t-v0"], 3, num_tuning_seeds=0)
    assert reference.note in caption(rows)
    assert all(row.gap > 0 for row in rows)
    assert reference.gap(reference.cents * 1.25, AllowedDecisions(pool="any")) == pytest.approx(0.25)
    assert reference.gap(100.0, AllowedDecisions(drops="any_time")) is None


def test_reference_is_the_bound_of_constant_shares_where_nothing_is_known_at_the_first_decision():
    assert first_arrivals_are_certain(load("bis-box3-v0"))
    assert first_arrivals_are_certain(load("castro-2period-v0"))
    assert Reference(load("bis-box3-v0"), held_out_seeds(3)).bound.kind == "constant-share"
    changes = {
        "bis-box3-v0": [{"banks.1.arrivals.rate_per_tick_of_day": [0.1, 1.0, 0.0]}, {"simulation.num_days": 2}],
        "bis-box3-v1": [{"events.0.probability": 0.5}],
        "castro-12period-v0": [{}],
    }
    for name, changed in changes.items():
        for change in changed:
            assert not first_arrivals_are_certain(load(name, changes=change)), (name, change)


def test_scenario_digest_leaves_out_what_a_bound_does_not_depend_on():
    config = load("2b-3t-v0")
    assert scenario_digest(config) == scenario_digest(load("2b-3t-v0", changes={"simulation.seed": 9, "name": "x"}))
    assert scenario_digest(config) != scenario_digest(load("2b-3t-v0", changes={"costs.deadline_penalty": 3}))
