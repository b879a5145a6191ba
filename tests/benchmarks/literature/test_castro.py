"""The study of Castro's games: equilibria, the planner, and short trainings."""

import json

import numpy as np
import pytest

from benchmarks.literature import castro
from benchmarks.literature.castro import (
    ALL,
    CHEAP_DELAY,
    FREE,
    PAIRS,
    day_costs,
    known_day_equilibria,
    learn,
    play,
    settle,
    twelve_periods,
)
from benchmarks.literature.castro_games import BASE, HUNDREDTH, POOL_CENTS, THREE_PERIODS, known_demand, random_demand
from simcash_env.config import FifoPolicy
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.seeds import held_out_seeds


@pytest.mark.parametrize(("prices", "cost"), [(BASE, 0.02), (CHEAP_DELAY, 0.04)])
def test_castro_joint_equilibrium_with_a_fifth_of_the_pool(prices, cost):
    """Nothing is cheaper than committing 0.2 and sending everything, for either order of prices."""
    found = settle(known_demand(THREE_PERIODS, prices, HUNDREDTH), ALL // 5)
    assert found == {"shares": [0.2, 0.2], "costs": [cost, cost], "sent": [[1.0, 1.0], [1.0, 1.0]]}


def test_castro_replies_that_do_not_settle():
    assert settle(known_demand(THREE_PERIODS, BASE, HUNDREDTH), ALL, rounds=1) is None


def test_castro_costs_of_a_day_are_those_of_its_shares():
    config, seeds = random_demand(BASE, PAIRS["unequal"]), held_out_seeds(2)
    costs = day_costs(config, seeds)
    assert costs.shape == (2, 21, 21, 2)
    one = evaluate_policy(config, FifoPolicy(), seeds, [0.1, 0.4]).cents.sum(axis=2)
    np.testing.assert_array_equal(costs[:, 2, 8], one / POOL_CENTS)


def test_castro_equilibrium_of_a_known_day():
    """Prisoner's dilemma: only the second choice of both is stable. Matching pennies: nothing is."""
    dilemma = np.array([[[2, 2], [10, 0]], [[0, 10], [6, 6]]], float)
    pennies = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]]], float)
    found = known_day_equilibria(np.stack([dilemma, pennies]))
    assert found[0].tolist() == [6, 6]
    assert np.isnan(found[1]).all()


def test_castro_planner_costs_no_more_than_any_equilibrium():
    found = twelve_periods(BASE, PAIRS["equal"], 5)
    assert found["planner"]["mean"] <= sum(found["known_day"]) + 1e-12
    assert found["planner"]["mean"] <= sum(found["costs"])
    assert found["planner"]["min"] <= found["planner"]["mean"] <= found["planner"]["max"]


def test_castro_replies_that_go_round_have_no_equilibrium(monkeypatch):
    monkeypatch.setattr(castro.Game, "follow_best_responses", lambda *_: None)
    found = twelve_periods(BASE, PAIRS["equal"], 1)
    assert found["shares"] is None
    assert "costs" not in found


def test_castro_forced_play_sends_everything():
    config = random_demand(BASE)
    policy = learn(config, 24 * 8, 0, is_forced=True, num_envs=8)
    played = play(policy, config, held_out_seeds(3), sample=None, is_forced=True)
    assert np.nanmin(played.sent) == 1.0
    assert evaluate_policy(config, FifoPolicy(), held_out_seeds(3)[:1], played.shares[0]).totals()[0] == (
        played.cents[0].sum()
    )


def test_castro_free_liquidity_teaches_to_send():
    config = random_demand(FREE, pool=False)
    before, after = (play(learn(config, steps, 0), config, held_out_seeds(20), sample=0, is_forced=False)
                     for steps in (3_072, 30_720))  # fmt: skip
    assert after.cents.sum() < before.cents.sum()
    assert np.nanmean(after.sent) > np.nanmean(before.sent)
    assert before.shares.sum() == 0


@pytest.mark.slow
def test_castro_command_writes_results_table_and_figure(tmp_path, monkeypatch):
    for name, value in {
        "GAME_STEPS": 512, "DAY_STEPS": 12_288, "INTRADAY_STEPS": (3_072,), "JOINT_STEPS": (768,), "SWEEP": ("0.1", "0.2"),
        "TUNING_DAYS": 5,
    }.items():  # fmt: skip
        monkeypatch.setattr(castro, name, value)
    castro.main(["--seeds", "1", "--days", "3", "--folder", str(tmp_path), "--assets", str(tmp_path)])
    results = json.loads((tmp_path / "castro-games.json").read_text(encoding="utf-8"))
    assert [one["shares"] for one in results["two_periods"]["r_c < r_b"]["equilibria"]] == [[0.0, 0.2]]
    page = (tmp_path / "castro-games.md").read_text(encoding="utf-8")
    assert "| 2 periods, r_c < r_b | 0 % / 20 %, cost 0 / 0.02 | 0 % / 20 %, cost 0.0000 / 0.0200 |" in page
    assert (tmp_path / "castro-games.png").read_bytes().startswith(b"\x89PNG")
    without = results | {"joint": {name: game | {"equilibria": [None]} for name, game in results["joint"].items()}}
    assert "replies do not settle" in castro.markdown(without)
