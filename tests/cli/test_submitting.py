"""``simcash submit`` as a user calls it."""

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import called
from tests.evaluation.submissions import FACTS, GAME, archive, policy
from tests.processes import simcash

OWN = (
    (Path(__file__).parents[2] / "configs" / "scenarios" / "2b-3t-v0.yaml")
    .read_text()
    .replace("name: 2b-3t-v0", "name: harbour")
)


def test_submit_writes_rows_next_to_the_scripts_and_replaces_them(tmp_path):
    archive(tmp_path)
    first = simcash("submit", "p.zip", "--seeds", "4", "--tuning-seeds", "2", "--quiet", cwd=tmp_path)
    assert (first.returncode, first.stderr) == (0, "")
    assert "release-all" in first.stdout
    assert "by A. Author; " in first.stdout
    again = simcash("submit", "p.zip", "--json", cwd=tmp_path)
    assert again.stderr == "written: leaderboard.json and leaderboard.md\n"
    (row,) = json.loads(again.stdout)
    assert row["row"]["total"]["mean"] == 16_000
    (board,) = json.loads((tmp_path / "leaderboard.json").read_text())["boards"]
    assert [entry["row"]["policy"] for entry in board["submissions"]] == ["release-all"]
    assert board["num_seeds"] == 4
    assert "| release-all |" in (tmp_path / "leaderboard.md").read_text()


def test_submit_check_writes_nothing(tmp_path, monkeypatch, capsys):
    archive(tmp_path)
    monkeypatch.chdir(tmp_path)
    code, told, _ = called(capsys, "submit", "p.zip", "--check")
    assert code == 0
    assert told.startswith(f"release-all: accepted on {GAME}: 1 validation days played twice, the same actions; ")
    code, told, _ = called(capsys, "submit", "p.zip", "--check", "--json")
    (row,) = json.loads(told)["scenarios"]
    assert (row["scenario"], row["days"], row["mean_cents"]) == (GAME, 1, 16_000)
    assert [path.name for path in tmp_path.iterdir()] == ["p.zip"]


def test_submit_scenario_of_ones_own(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "harbour.yaml").write_text(OWN)
    archive(tmp_path, facts=FACTS.replace(GAME, "harbour"))
    options = ("--scenario", "harbour.yaml", "--seeds", "3", "--tuning-seeds", "0", "--json")
    code, told, _ = called(capsys, "submit", "p.zip", *options)
    assert code == 0
    assert json.loads(told)[0]["row"]["scenario"] == "harbour"


@pytest.mark.parametrize(
    ("words", "code", "rule"),
    [
        (
            ["p.zip"],
            2,
            "scenarios.0: must be a scenario of the library, or the name of one given with --scenario, got 'harbour'",
        ),
        (["p.zip", "--scenario", "other.yaml"], 2, "--scenario: must be one of harbour, got 'other'"),
        (["none.zip"], 2, "none.zip: cannot be read"),
        (["p.zip", "--leaderboard", "l.txt"], 2, "--leaderboard: must end in .json, got 'l.txt'"),
        (["p.zip", "--leaderboard", "no/l.json"], 2, "the folder no does not exist"),
    ],
)
def test_submit_mistake_is_named_before_anything_is_played(words, code, rule, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.yaml").write_text(OWN.replace("harbour", "other"))
    archive(tmp_path, facts=FACTS.replace(GAME, "harbour"))
    left, _, told = called(capsys, "submit", *words)
    assert left == code
    assert rule in told
    assert not list(tmp_path.glob("leaderboard*"))


def test_submit_policy_that_fails_exits_with_1_and_leaves_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    archive(tmp_path, {"agent.py": policy(act="1 / 0")})
    code, _, told = called(capsys, "submit", "p.zip", "--seeds", "2", "--tuning-seeds", "0")
    assert code == 1
    assert "release-all: decide: ZeroDivisionError" in told
    assert not list(tmp_path.glob("leaderboard*"))
