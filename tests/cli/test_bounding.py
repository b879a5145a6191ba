"""Lower bounds on the command line."""

import json

import pytest
from typer.testing import CliRunner

from simcash_env.cli import app, bounding
from simcash_env.errors import ConfigError

GAME = "castro-2period-v0"


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Room for every column, whatever the width when the console was made."""
    monkeypatch.setattr(bounding.data, "_width", 250)


def told(*words):
    result = CliRunner().invoke(app, ["bound", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_bound_prints_all_kinds_of_a_scenario_in_currency_units():
    lines = told(GAME, "--days", "2", "--forks", "2")
    for words in ("clairvoyant", "constant-share, fractions", "first-observation, fractions", "currency units"):
        assert words in lines
    assert "19.99" in lines


def test_bound_of_one_kind_as_json_has_cents():
    (found,) = json.loads(told(GAME, "--kind", "constant-share", "--whole", "--json"))
    assert found["cents"] == pytest.approx(2_000, rel=0.003)
    assert found["is_whole"]
    assert found["shares"] == pytest.approx([0.0, 0.2], abs=0.001)


def test_bound_of_given_shares():
    found = json.loads(told(GAME, "--share", "0.2", "--share", "0.3", "--json"))
    assert [one["kind"] for one in found] == ["given-share"] * 2
    assert [one["cents"] for one in found] == pytest.approx([4_000, 6_000], abs=5)


def test_bound_of_an_unknown_kind_or_without_a_pool_is_an_error():
    for words, rule in (
        ([GAME, "--kind", "loose"], "must be one of clairvoyant"),
        (["two-banks-v0", "--kind", "constant-share", "--days", "2"], "liquidity_pool"),
    ):
        result = CliRunner().invoke(app, ["bound", *words])
        assert isinstance(result.exception, ConfigError)
        assert rule in str(result.exception)


class Terminal:
    is_terminal = True

    def __init__(self):
        self.lines = []

    def print(self, line):
        self.lines.append(line)


def test_bound_reports_progress_in_a_terminal(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(bounding, "notes", screen)
    told(GAME, "--kind", "clairvoyant")
    assert screen.lines == [f"{GAME}: clairvoyant"]
