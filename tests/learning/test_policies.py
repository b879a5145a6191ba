"""Checkpoints are distilled, searched for and exported; cut pools come back whole."""

import numpy as np
import pytest

from simcash_env.errors import ActionError, SnapshotError
from simcash_env.evaluation.evaluate import evaluate_agent
from simcash_env.evaluation.run_columns import record_agent
from simcash_env.learning.checkpoint_plots import draw_checkpoint
from simcash_env.learning.distill import Options, distill
from simcash_env.learning.evaluate import evaluate_checkpoint
from simcash_env.learning.ippo import train
from simcash_env.learning.offline_data import roll_out
from simcash_env.learning.policies import open_checkpoint
from simcash_env.learning.rollout import make_training_vec
from simcash_env.learning.search_space import Range
from simcash_env.learning.settings import TrainingSettings
from simcash_env.learning.tune import SearchPlan, validation_costs

GAME = "castro-3period-v0"
PNG = b"\x89PNG\r\n\x1a\n"
SCENARIO = """
format: 1
name: own
simulation: {ticks_per_day: 4, num_days: 1, seed: 1}
banks:
  - {id: A, opening_balance: 10_000, policy: {type: external}}
  - {id: B, opening_balance: 10_000, policy: {type: external}}
"""


def settings(**changes):
    small = {"num_envs": 16, "total_steps": 192, "steps_per_rollout": 3, "num_minibatches": 2, "hidden": (8,)}
    return TrainingSettings(scenario=GAME, max_queue_slots=4, **{**small, **changes})


def test_policy_with_a_finer_pool_is_distilled_to_shares_of_the_whole(tmp_path):
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


@pytest.mark.parametrize("action", ["budget", "threshold"])
def test_policy_of_every_action_is_played_and_recorded(tmp_path, action):
    path = tmp_path / "policy.pt"
    train(settings(action=action), 0, out=path)
    player = open_checkpoint(path)
    assert player.action == action
    with pytest.raises(ActionError, match=f"^policy: was trained with action '{action}'; this needs decisions on pay"):
        player.require_payment_choices()
    record = record_agent(player.config, player.agent, 5, max_queue_slots=4, action=action)
    assert (record.costs == evaluate_checkpoint(path, [5]).evaluation.cents[0]).all()


def test_policies_settings_of_our_own_ppo_can_be_searched():
    plan = SearchPlan(settings(), {"learning_rate": Range(low=1e-4, high=1e-2)}, validation_days=3)
    assert len(validation_costs(plan, {"learning_rate": 1e-3})) == 3
    assert plan.as_data()["algorithm"] == "ippo"


def test_policy_for_banks_that_the_scenario_has_no_longer_is_refused(tmp_path):
    path, scenario = tmp_path / "policy", tmp_path / "own.yaml"
    scenario.write_text(SCENARIO)
    small = {"scenario": str(scenario), "num_envs": 4, "total_steps": 32, "steps_per_rollout": 4, "hidden": (8,)}
    train(TrainingSettings(**small), 0, out=path)
    scenario.write_text(SCENARIO.replace("id: B", "id: C"))
    for opened in (open_checkpoint, lambda path: evaluate_checkpoint(path, [1])):
        with pytest.raises(SnapshotError, match=r"trained for banks \('A', 'B'\), the scenario now has \('A', 'C'\)"):
            opened(path)


@pytest.mark.parametrize("action", ["budget", "threshold"])
def test_policy_of_another_action_costs_what_its_numbers_cost_in_training(tmp_path, action):
    path = tmp_path / "policy.pt"
    trained = train(settings(action=action), 0, out=path)
    result = evaluate_checkpoint(path, [1, 2])
    vec = make_training_vec(settings(action=action, num_envs=2))
    vec.reset([1, 2])
    cents = np.zeros((2, 2), np.int64)
    for _ in range(vec.num_ticks):
        chosen = trained.policy.act(vec.observations, vec.masks)
        if action == "budget":
            vec.step_heads(chosen)
        else:
            vec.step(chosen)
        cents += vec.costs.sum(axis=2)
    assert result.evaluation.cents.sum(axis=2).tolist() == cents.tolist()
    assert cents.sum() > 0


def test_policies_figures_of_a_policy_are_what_can_be_drawn_of_it(tmp_path):
    """Without a day that ended there is no curve."""
    short = TrainingSettings(scenario="castro-12period-v0", num_envs=2, total_steps=1, steps_per_rollout=2, hidden=(8,))
    for name, how in (("short", short), ("thresholds", settings(action="threshold")), ("whole", settings())):
        train(how, 0, out=tmp_path / f"{name}.pt")
        drawn = draw_checkpoint(tmp_path / f"{name}.pt", tmp_path / name)
        assert {path.name for path in (tmp_path / name).iterdir()} == {path.name for path in drawn}
        assert all(path.read_bytes().startswith(PNG) for path in drawn)
    names = {name: {path.stem for path in (tmp_path / name).iterdir()} for name in ("short", "thresholds", "whole")}
    assert names == {
        "short": {"short-balances"},
        "thresholds": {"thresholds-learning", "thresholds-balances"},
        "whole": {"whole-learning", "whole-balances"},
    }
