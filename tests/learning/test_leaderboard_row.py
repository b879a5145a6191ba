"""Learned policies beside scripted ones, and scenario files that are trained on as they are."""

import json

import pytest
from typer.testing import CliRunner

from simcash_env.cli import app
from simcash_env.errors import ConfigError
from simcash_env.learning.settings import load_settings

GAME = "castro-2period-v0"
SCENARIO = """
format: 1
name: own
simulation: {ticks_per_day: 4, num_days: 1, seed: 1}
banks:
  - {id: A, opening_balance: 10_000, policy: {type: external}, arrivals: {rate_per_tick: 1.0, amount: {type: uniform, min: 100, max: 9_000}, deadline_range: [1, 3]}}
  - {id: B, opening_balance: 10_000, policy: {type: external}, arrivals: {rate_per_tick: 1.0, amount: {type: uniform, min: 100, max: 9_000}, deadline_range: [1, 3]}}
"""


def told(*words):
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_leaderboard_row_shipped_policy_is_a_row_beside_the_scripts():
    few = ("--seeds", "20", "--tuning-seeds", "0", "--json")
    plain = json.loads(told("benchmark", GAME, *few))
    rows = json.loads(told("benchmark", GAME, *few, "--learned", GAME))
    assert rows[:-1] == plain
    assert rows[-1]["policy"] == "learned"
    assert rows[-1]["total"]["mean"] == 2_000.0
    fifo = rows[0]["total"]["mean"]
    assert rows[-1]["difference_to_fifo"]["mean"] == 2_000.0 - fifo < 0


def test_leaderboard_row_scenario_file_is_trained_on_and_its_policy_takes_its_row(tmp_path):
    path, out = tmp_path / "own.yaml", tmp_path / "own.pt"
    path.write_text(SCENARIO)
    told("train", str(path), "--algorithm", "ippo", "--steps", "12288", "--out", str(out), "--quiet")
    rows = json.loads(
        told("benchmark", str(path), "--seeds", "5", "--tuning-seeds", "0", "--learned", str(out), "--json")
    )
    assert [row["policy"] for row in rows] == ["fifo", "hold_all", "random", "learned"]
    assert rows[-1]["parameters"].startswith("ippo, ")
    assert load_settings(path).scenario == str(path)


def test_leaderboard_row_policy_of_another_scenario_is_refused_before_anything_is_played():
    result = CliRunner().invoke(app, ["benchmark", GAME, "--learned", "2b-3t-v0"])
    assert result.exit_code != 0
    assert isinstance(result.exception, ConfigError)
    with pytest.raises(ConfigError, match=f"2b-3t-v0.*must be one of {GAME}"):
        raise result.exception
