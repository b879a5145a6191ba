import json
from pathlib import Path

import numpy as np
import pytest
import torch as th

from simcash_env.config import FifoPolicy
from simcash_env.envs.vector import make_vec
from simcash_env.errors import SnapshotError
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import Tuned
from simcash_env.evaluation.scripted import agent_for
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.learning.checkpoint import find_checkpoint
from simcash_env.learning.expert import (
    BalanceThresholds,
    Expert,
    ExpertSettings,
    UrgentFirst,
    agent_of,
    cost,
    search_expert,
)
from simcash_env.learning.exploitability import exploitability_of_policies
from simcash_env.learning.ippo import Ippo
from simcash_env.learning.policy import BatchShape, Policy
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import TrainingSettings, load_settings
from simcash_env.registry import load
from training import cli_evaluate
from training.publish import PUBLISHED, verdict
from training.table import markdown
from training.tuned_baselines import PUBLISHED as PUBLISHED_BASELINES
from training.tuned_baselines import published, tuned_baselines, tuned_policy

DAY = "2b-3t-v0"


def test_expert_smaller_pool_with_a_larger_share_of_it_costs_the_same_cents():
    config, days = load(DAY), range(1, 40)
    whole = evaluate_policy(config, FifoPolicy(), days, [0.06, 0.045])
    narrow = evaluate_policy(with_largest_share(config, 0.12), FifoPolicy(), days, [0.5, 0.375])
    assert (whole.cents == narrow.cents).all()
    assert with_largest_share(config, 1.0) is config


def test_expert_teachers_share_follows_what_waits_and_its_levels_reach_the_largest_share():
    settings = ExpertSettings(policy={"type": "fifo"}, shares=(0.02, 0.03), arrivals=1.0, noise=0.0)
    vec = make_vec(with_largest_share(load(DAY), 0.1), 50)
    vec.reset(1)
    waiting = (vec.queue1_view()["remaining"]).sum(axis=2) / 1_000_000
    levels = Expert(settings, 0.1).act(vec, np.zeros((50, 2)))[:, :, vec.head_index["pool"]]
    expected = np.rint((np.array([0.02, 0.03]) + waiting) / 0.1 * 20).clip(0, 20)
    assert (levels == expected).all()
    assert len(np.unique(levels)) > 5


def test_expert_thresholds_release_what_the_balance_covers_and_what_is_due_on_credit():
    config = load("core-periphery-50-v0")
    vec = make_vec(config, 3, max_queue_slots=8, action="threshold")
    vec.reset(1)
    script, is_due_somewhere = BalanceThresholds(urgent_ticks=1), False
    for _ in range(12):
        view = vec.queue1_view()
        numbers = script.act(vec)
        assert ((numbers >= -1.0) & (numbers <= 1.0)).all()
        is_due = ((view["ticks_to_deadline"] <= 1) & view["present"].astype(bool)).any(axis=2)
        is_due_somewhere |= bool(is_due.any())
        covered = np.clip(view["balance"], 0, None) / np.maximum(view["available_liquidity"], 1)
        assert len(np.unique(numbers[is_due], axis=0)) == is_due.any()
        assert np.allclose((numbers[~is_due][:, 3] + 1.0) / 2.0, covered[~is_due])
        vec.step(numbers)
    assert is_due_somewhere
    taught = ExpertSettings(policy={"type": "balance_thresholds", "urgent_ticks": 1})
    days = range(1, 6)
    fifo = evaluate_policy(config, FifoPolicy(), days).totals().mean()
    assert cost(config, taught, 1.0, days, "threshold").totals().mean() < fifo


def test_expert_search_of_a_teacher_finds_that_a_third_of_the_day_is_worth_looking_at():
    days = range(1, 300)
    teacher, cents = search_expert(load(DAY), (0.07, 0.05), 0.12, days)
    assert teacher.arrivals > 0.0
    assert teacher.shares[0] > teacher.shares[1]
    blind = ExpertSettings(policy=teacher.policy, shares=(0.07, 0.05))
    assert cents < 0.9 * cost(load(DAY), blind, 0.12, days).totals().mean()


def test_expert_urgent_first_pays_what_is_due_and_then_the_largest_that_fits():
    view = {
        "present": np.array([[[1, 1, 1, 1, 0]]]),
        "remaining": np.array([[[50, 30, 60, 25, 0]]]),
        "ticks_to_deadline": np.array([[[5, 2, 4, 1, 0]]]),
        "available_liquidity": np.array([[106]]),
    }
    assert UrgentFirst(2).releases(view).tolist() == [[[True, True, False, True, False]]]


def test_expert_what_fits_is_what_a_script_would_release():
    config = with_largest_share(load("castro-12period-v0"), 0.1)
    vec = make_vec(config, 200, max_queue_slots=8)
    vec.reset(1)
    settings = TrainingSettings(scenario="castro-12period-v0", largest_share=0.1)
    player = Policy(settings, BatchShape.of(vec))
    script, held = UrgentFirst(2), 0
    for tick in range(8):
        rows = player.new_rows(200)
        player.encode(vec.observations, rows)
        extra = rows[0, :, player.features : player.features + 7 * 8].unflatten(1, (8, 7)).numpy()
        view = vec.queue1_view()
        wanted = script.releases(view).reshape(-1, 8)
        assert (extra[:, :, 5].astype(bool) == wanted).all()
        assert (extra[:, :, 4] <= view["present"].reshape(-1, 8)).all()
        held += int((view["present"].reshape(-1, 8) - wanted).sum())
        actions = script.act(vec)
        actions[:, :, vec.head_index["pool"]] = (tick == 0) * 6
        vec.step(actions)
    assert held > 20


def test_expert_imitation_brings_a_policy_close_to_its_teacher():
    teacher = ExpertSettings(policy={"type": "fifo"}, shares=(0.05,), noise=1.0)
    few = {"num_envs": 64, "steps_per_rollout": 3, "hidden": (16,), "num_minibatches": 2}
    settings = TrainingSettings(
        scenario=DAY, largest_share=0.2, expert=teacher, imitate_steps=20_000, imitate_rate=5e-3, **few
    )
    run = Ippo(settings, 0)
    while run.rollout.is_imitating:
        run.step()
    run.vec.reset(10**6)
    actions = run.policy.act(run.vec.observations, run.vec.masks)
    levels = actions[:, :, run.policy.pool]
    assert np.abs(levels - 5).mean() < 1.0
    present = run.vec.queue1_view()["present"].astype(bool)
    assert actions[:, :, :8][present].mean() > 0.9


def test_expert_level_of_a_pool_is_likeliest_near_the_learned_share():
    run = Ippo(TrainingSettings(scenario=DAY, num_envs=4, hidden=(8,), pool_start=0.25), 0)
    group = next(group for group in run.policy.heads.groups if group.is_curve)
    scores = run.policy.heads.curve_logits(run.policy.network(run.rollout.obs[:, 0])[0][0, :, group.logits])[:, 0]
    assert (scores.argmax(dim=1) == 5).all()
    assert th.allclose(scores[:, 4] - scores[:, 6], th.zeros(()), atol=0.05)


def test_expert_tuned_policies_are_published_as_data_that_says_the_same_as_their_text():
    rows = json.loads(PUBLISHED_BASELINES.read_text(encoding="utf-8"))["rows"]
    tuned = [row for row in rows if row["policy"].startswith("tuned:")]
    assert len(tuned) > 100
    for row in tuned:
        policy, shares = tuned_policy(row)
        assert Tuned(policy, shares, 0.0).describe() == row["parameters"]


def test_expert_tuned_baselines_repeat_the_published_costs():
    found = tuned_baselines(load(DAY), range(2_000_000, 2_000_200))
    totals = [float(baseline.evaluation.totals().mean()) for baseline in found]
    assert len(found) == 9
    assert totals == sorted(totals)
    for row in published(DAY):
        baseline = next(item for item in found if item.policy == row["policy"])
        assert baseline.evaluation.totals().tolist() == row["totals"]


def test_expert_exploitability_of_the_equilibrium_is_nothing_and_of_anything_else_something():
    settings = load_settings("castro-2period-v0")
    run = Ippo(settings, 0)
    config = load("castro-2period-v0")

    class Plays(Policy):
        def __init__(self, levels):
            self.settings, self.levels = settings, levels

        def act(self, observations, masks, generator=None):
            actions = masks[:, :, :, 1].astype(np.int64)
            actions[:, :, run.policy.pool] *= self.levels
            return actions

    assert exploitability_of_policies(Plays([0, 4]), config).cents == 0.0
    assert exploitability_of_policies(Plays([0, 4]), config).costs == (0.0, 2000.0)
    greedy = exploitability_of_policies(Plays([3, 3]), config)
    assert greedy.gains[0] > 0.0
    with pytest.raises(ValueError, match="352321536 plans of a bank are more than 100000"):
        exploitability_of_policies(Plays([0, 4]), load("castro-12period-v0"))


def test_expert_verdict_follows_the_interval_and_the_room():
    row = {
        "learned": {"high": 97.0}, "difference": {"mean": -5.0, "low": -9.0, "high": -1.0, "count": 9},
        "tuned": {"total": {"mean": 100.0, "low": 95.0}},
    }  # fmt: skip
    assert verdict(row) == "below"
    assert verdict({**row, "learned": {"high": 94.0}}) == "apart"
    row["difference"] = {"mean": 1.0, "low": -1.0, "high": 3.0, "count": 9}
    assert verdict({**row, "room": 0.05}) == "within"
    assert verdict({**row, "room": 0.5}) == "missed"
    assert verdict(row) == "missed"


@pytest.mark.parametrize("name", PUBLISHED)
def test_expert_every_published_scenario_has_settings(name):
    settings = load_settings(name)
    assert name.startswith(load(settings.scenario).name)


def test_expert_shipped_policy_is_found_by_its_scenario_and_plays(capsys):
    path = find_checkpoint(Path(DAY))
    assert path.stat().st_size < 1_000_000
    cli_evaluate(Path(DAY), 100, as_json=True)
    learned = json.loads(capsys.readouterr().out)["total_cost"]["mean"]
    best = tuned_baselines(load(DAY), held_out_seeds(100))[0].evaluation.totals().mean()
    assert learned < best
    with pytest.raises(SnapshotError, match=DAY):
        find_checkpoint(Path("no-such-thing"))


def test_expert_published_table_is_what_the_raw_results_say():
    folder = Path(__file__).parents[2] / "docs" / "results"
    results = json.loads((folder / "learned.json").read_text(encoding="utf-8"))
    assert (folder / "learned.md").read_text(encoding="utf-8") == markdown(results) + "\n"
    for row in results["rows"]:
        assert row["verdict"] == verdict(row)
        assert len(row["totals"]) == row["test_days"] == len(row["tuned"]["totals"])
        assert np.mean(row["totals"]) == pytest.approx(row["learned"]["mean"], abs=0.01)
        assert np.mean([run["total"]["mean"] for run in row["runs"]]) == pytest.approx(row["learned"]["mean"])
        assert [run["seed"] for run in row["runs"]] == list(range(len(row["runs"])))


def test_expert_tree_of_the_library_teaches_wherever_its_file_is_said_to_be():
    tree = {"type": "tree", "file": "anywhere/balance_first.json", "parameters": {"urgent_ticks": 1.0}}
    row = {"policy": "tuned:balance_first", "values": {"urgent_ticks": 1.0}, "pool_shares": None}
    vec = make_vec(DAY, 20)
    vec.reset(1)
    wanted = agent_for(tuned_policy(row)[0])
    for _ in range(vec.num_ticks):
        actions = wanted.act(vec)
        assert (agent_of(tree).act(vec) == actions).all()
        vec.step(actions)
