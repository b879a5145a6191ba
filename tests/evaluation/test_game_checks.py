"""Warnings about scenarios that are no game."""

import json

import pytest

from simcash_env.evaluation.game_checks import game_warnings, price_warnings
from simcash_env.registry import load, scenario_ids
from tests.cli.test_commands import called
from tests.worlds import CALIBRATED


@pytest.mark.parametrize("scenario", [name for name in scenario_ids() if name not in CALIBRATED])
def test_game_checks_have_nothing_to_say_of_the_library(scenario):
    assert game_warnings(load(scenario)) == []


@pytest.mark.parametrize(
    ("changes", "path", "said"),
    [
        ({"costs.overdraft_bps_per_tick": 0}, "costs.overdraft_bps_per_tick", "an overdraft costs nothing, and 2 "),
        ({"costs.deadline_penalty": 5}, "costs.deadline_penalty", "0.05 for a mean payment of 55.00 is less than 3 ticks"),
        ({"costs.eod_penalty": {"bps": 10}}, "costs.eod_penalty", "0.06 for a mean payment of 55.00 is less than 3"),
        ({"costs.deadline_penalty": 2, "simulation.ticks_per_day": 6}, "costs.deadline_penalty", "less than a tick"),
    ],
)  # fmt: skip
def test_game_checks_prices_that_make_no_game_are_named(changes, path, said):
    (warning,) = price_warnings(load("two-banks-v0", changes=changes))
    assert warning.path == path
    assert said in str(warning)


@pytest.mark.parametrize(
    "changes",
    [{"costs.delay_cost_per_tick_per_cent": 0}, {"banks.*.arrivals": None}, {"costs.eod_penalty": 0}],
)
def test_game_checks_prices_without_delay_payments_or_penalty_are_no_matter(changes):
    assert price_warnings(load("two-banks-v0", changes=changes)) == []


def test_game_checks_scenario_in_which_releasing_at_once_is_best_is_named():
    changes = {"costs.delay_cost_per_tick_per_cent": 0.9, "costs.overdraft_bps_per_tick": 0.1}
    config = load("two-banks-v0", changes={**changes, "costs.deadline_penalty": 90_000, "costs.eod_penalty": 90_000})
    (warning,) = game_warnings(config, num_days=4)
    assert warning.path == ""
    assert str(warning).startswith("FIFO costs ")
    assert "none of 30 other policies and pool shares costs less on 4 days" in str(warning)


def test_game_checks_are_printed_by_validate(capsys, tmp_path):
    free = ("--set", "costs.overdraft_bps_per_tick=0", "--set", "banks.*.credit_limit=1_000_000")
    words = ("validate", "two-banks-v0", *free)
    code, out, err = called(capsys, *words)
    assert (code, out) == (0, "two-banks-v0: ok\n")
    assert "two-banks-v0: warning: costs.overdraft_bps_per_tick: an overdraft costs nothing" in err
    assert "two-banks-v0: warning: FIFO costs " in err
    code, out, err = called(capsys, *words, "--quick", "--json")
    (row,) = json.loads(out)
    assert (code, row["ok"], len(row["warnings"]), err) == (0, True, 1, "")
    code, out, err = called(capsys, *words, "--quick", "--quiet")
    assert (code, out, err) == (0, "two-banks-v0: ok\n", "")
