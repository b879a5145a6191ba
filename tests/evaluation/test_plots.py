"""Figures are drawn from rows, records and cross-play, and the cross-play is what single games cost."""

import numpy as np
import pytest

from simcash_env.config import FifoPolicy
from simcash_env.evaluation.contenders import play_policy
from simcash_env.evaluation.crossplay import cross_play
from simcash_env.evaluation.equilibrium import Game, Strategy
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.leaderboard import run_benchmark
from simcash_env.evaluation.plots import draw_all, draw_cross_play, draw_learning_curves, plot_balances
from simcash_env.evaluation.rollout_plots import draw_played, mean_share, with_played_shares
from simcash_env.evaluation.run_columns import record_run
from simcash_env.registry import load

PNG = b"\x89PNG"


def test_plots_costs_and_frontier_are_drawn_for_every_scenario(tmp_path):
    rows = run_benchmark(["two-banks-v0", "castro-2period-v0"], 4, num_tuning_seeds=0, num_measured=2)
    paths = draw_all(rows, tmp_path / "figures")
    assert sorted(path.name for path in paths) == [
        "castro-2period-v0-costs.png", "castro-2period-v0-frontier.png",
        "two-banks-v0-costs.png", "two-banks-v0-frontier.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(PNG) for path in paths)


def test_plots_scenario_without_metrics_has_no_frontier(tmp_path):
    rows = run_benchmark(["castro-2period-v0"], 2, num_tuning_seeds=0)
    assert [path.name for path in draw_all(rows, tmp_path)] == ["castro-2period-v0-costs.png"]


def test_plots_policies_of_the_kernel_are_played_again_and_drawn_by_scenario(tmp_path):
    played = []
    run_benchmark(["castro-2period-v0", "castro-3period-v0"], 2, num_tuning_seeds=0, keep=played)
    agents = [one for one in played if one.kernel_policy is None]
    first = [one for one in played if one.evaluation.scenario == "castro-2period-v0"]
    assert {one.policy for one in agents} == {"hold_all", "random"}
    assert draw_played(agents, tmp_path) == []
    paths = draw_played([first[0], *played[len(first) :]], tmp_path)
    assert [path.name for path in paths] == [
        "castro-2period-v0-balances.png",  # of one policy alone there is no cross-play
        "castro-3period-v0-balances.png", "castro-3period-v0-cross-play.png",
    ]  # fmt: skip
    assert all(path.read_bytes().startswith(PNG) for path in paths)
    with pytest.raises(ValueError, match="hold_all does not run in the kernel"):
        with_played_shares(agents[0])


def test_plots_policy_is_played_again_with_the_shares_that_it_had():
    config = load("castro-2period-v0")
    half = play_policy(config, "fifo", "pool 50 %", FifoPolicy(), [1], [0.5, 0.25])
    assert [bank.liquidity_allocation_fraction for bank in with_played_shares(half).banks] == [0.5, 0.25]
    assert mean_share(half) == 0.375
    assert with_played_shares(play_policy(config, "fifo", "", FifoPolicy(), [1])) == with_common_policy(
        config, FifoPolicy()
    )


def test_plots_learning_curves_are_drawn(tmp_path):
    curves = {"seed 0": [(1_000, 52_000.0), (2_000, 0.0)], "seed 1": []}
    path = draw_learning_curves(curves, "two-banks-v0", tmp_path / "curves.png")
    assert path.read_bytes().startswith(PNG)


def test_plots_balances_of_many_runs_are_drawn(tmp_path):
    config = with_common_policy(load("two-banks-v0"), FifoPolicy())
    records = [record_run(config, seed) for seed in range(1, 5)]
    path = plot_balances(records, 0, "two-banks-v0, fifo", tmp_path / "fan.png")
    assert path.read_bytes().startswith(PNG)


def test_plots_cross_play_is_the_mean_over_which_bank_differs(tmp_path):
    game = Game(load("castro-3period-v0"), [1])
    mine, yours = Strategy(0.2), Strategy(0.4)
    table = cross_play(game, [mine, yours])
    costs = game.costs([(mine, mine), (mine, yours), (yours, mine), (yours, yours)])
    assert table[0, 0] == 6_000
    assert table[0, 1] == pytest.approx((costs[1][0] + costs[2][1]) / 2)
    assert table[1, 0] == pytest.approx((costs[2][0] + costs[1][1]) / 2)
    assert table.argmin(axis=0).tolist() == [0, 0]
    path = draw_cross_play(np.asarray(table), ["0.2", "0.4"], "castro-3period-v0", tmp_path / "cross.png")
    assert path.read_bytes().startswith(PNG)
