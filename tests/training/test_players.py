"""Checkpoints of both algorithms are distilled, searched for and exported alike; cut pools come back whole."""

import pytest

from baselines.evaluate import evaluate_agent
from simcash_env.errors import ActionError
from training.distill import Options, distill
from training.ippo import train
from training.offline import roll_out
from training.players import open_checkpoint
from training.search_space import Range
from training.settings import IppoSettings
from training.tune import Plan, judge

GAME = "castro-3period-v0"


def settings(**changes):
    small = {"num_envs": 16, "total_steps": 192, "steps_per_rollout": 3, "num_minibatches": 2, "hidden": (8,)}
    return IppoSettings(scenario=GAME, max_queue_slots=4, **{**small, **changes})


def test_a_policy_with_a_finer_pool_is_distilled_to_shares_of_the_whole(tmp_path):
    path = tmp_path / "policy.pt"
    train(settings(largest_share=0.5), 0, out=path)
    player = open_checkpoint(path)
    tree = distill(player, Options(rounds=1, sample_days=4, choosing_days=2))
    banks = {bank.id: bank for bank in tree.scenario().banks}
    assert [banks[bank].liquidity_pool for bank in ("BANK_A", "BANK_B")] == [300_000, 300_000]
    assert all(0.0 <= share <= 0.5 for share in tree.shares)
    levels = evaluate_agent(player.config, player.agent, [1], max_queue_slots=4)
    assert levels.cents.sum() > 0
    if tree.num_nodes == 1:  # the game is the same every day: so is what was learned
        assert tree.evaluate([1]).by_kind()["liquidity"] == pytest.approx(levels.by_kind()["liquidity"], rel=0.02)
    rollouts = roll_out(player, [1])
    assert rollouts.facts["largest_share_of_pool"] == 0.5
    assert (rollouts.costs.sum(axis=0) == levels.cents).all()


def test_a_policy_that_does_not_decide_on_payments_is_refused(tmp_path):
    path = tmp_path / "policy.pt"
    train(settings(action="threshold"), 0, out=path)
    with pytest.raises(ActionError, match="threshold"):
        open_checkpoint(path)


def test_settings_of_our_own_ppo_can_be_searched():
    plan = Plan(settings(), {"learning_rate": Range(low=1e-4, high=1e-2)}, validation_days=3)
    assert len(judge(plan, {"learning_rate": 1e-3})) == 3
    assert plan.as_data()["algorithm"] == "IppoSettings"
