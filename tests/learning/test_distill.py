"""Distilled trees decide in the kernel as they did while they were learned, stay small, and load in the tree language."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcash_env.config import DeadlinePolicy, FifoPolicy, load_scenario
from simcash_env.config.policies import LiquidityReservePolicy, TreePolicy
from simcash_env.config.trees.files import load_tree
from simcash_env.errors import ActionError
from simcash_env.evaluation.evaluate import evaluate_agent
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.evaluation.scripted import PolicyAgent, agent_for
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.learning.distill import Distilled, Options, distill, fidelity, mean_shares, watch
from simcash_env.learning.distill_report import make_report, write_distilled
from simcash_env.learning.policies import named_policy
from simcash_env.learning.tree_features import OWN_WORDS, WORDS
from simcash_env.learning.tree_fit import Sample, fit
from simcash_env.learning.tree_student import Student, TreeRule, depth, nodes
from simcash_env.registry import load
from simcash_env.schema.limits import POOL_LEVELS
from tests.budget import examples
from training import distilled

GAME, DAY = "castro-2period-v0", "castro-12period-v0"
RESULTS = Path(__file__).resolve().parents[2] / "docs" / "results"
QUICK = Options(rounds=2, sample_days=32, choosing_days=20)


def teacher(agent, scenario=DAY, slots=16):
    config = load(scenario)
    return SimpleNamespace(config=config, whole=config, largest_share=1.0, agent=agent, max_queue_slots=slots)


def random_tree(seed, words, leaves, config=None, choices=2):
    """A tree fitted to decisions that mean nothing, on figures of a plausible size."""
    rng = np.random.default_rng(seed)
    asked = np.rint(rng.normal(0.0, 1.0, (400, len(words))) * rng.choice([3.0, 20_000.0], len(words)))
    chosen = rng.integers(0, choices, 400)
    return fit(Sample(asked, chosen, np.zeros(400, np.int64)), words, leaves, config or load(DAY))


@settings(max_examples=examples(3, 8), deadline=None)
@given(
    seed=st.integers(0, 10_000),
    words=st.sampled_from([WORDS, OWN_WORDS]),
    leaves=st.integers(2, 16),
    budget=st.sampled_from(["none", "available_liquidity", "balance"]),
    levels=st.tuples(st.integers(0, 6), st.integers(0, 6)),
)
def test_distill_tree_costs_through_the_batch_what_it_costs_in_the_kernel(seed, words, leaves, budget, levels):
    rules = [TreeRule(random_tree(seed + bank, words, leaves), budget) for bank in range(2)]
    config, days = load(DAY), range(1, 6)
    student = Student(rules)
    student.levels = list(levels)
    shares = tuple(level / (POOL_LEVELS - 1) for level in levels)
    kernel = Distilled(config, tuple(rules), shares).evaluate(days)
    batch = evaluate_agent(config, student, days, max_queue_slots=64)
    assert (batch.cents == kernel.cents).all()


def test_distill_splits_and_drops_cost_through_the_batch_what_they_cost_in_the_kernel():
    config, days = load(DAY), range(1, 6)
    actions = config.actions.model_copy(update={"max_split": 3, "allow_drop": True})
    costs = config.costs.model_copy(update={"drop_penalty": 1_000, "split_friction_cost": 10})
    rules = config.rules.model_copy(update={"split_scope": "any"})
    config = config.model_copy(update={"actions": actions, "costs": costs, "rules": rules})
    trees = [TreeRule(random_tree(seed, WORDS, 16, config, choices=5)) for seed in (5, 6)]
    done = {node["action"] for tree in trees for node in nodes(tree.root) if "action" in node}
    assert done == {"Hold", "Release", "Split", "Drop"}
    student = Student(trees)
    student.levels = [4, 6]
    batch = evaluate_agent(config, student, days, max_queue_slots=64)
    kernel = Distilled(config, tuple(trees), (0.2, 0.3)).evaluate(days)
    assert (batch.cents == kernel.cents).all()
    assert min(kernel.by_kind()[name] for name in ("drop_penalty", "split_friction")) > 0


@given(seed=st.integers(0, 10_000), leaves=st.integers(1, 16))
@settings(max_examples=examples(5, 10), deadline=None)
def test_distill_tree_has_no_more_leaves_than_allowed_and_every_question_matters(seed, leaves):
    root = random_tree(seed, WORDS, leaves)
    assert sum("action" in node for node in nodes(root)) <= leaves
    assert [node["node_id"] for node in nodes(root)] == [f"n{at}" for at, _ in enumerate(nodes(root), start=1)]
    assert all(
        node["on_true"] | {"node_id": ""} != node["on_false"] | {"node_id": ""}
        for node in nodes(root)
        if "condition" in node
    )
    TreePolicy(tree=TreeRule(root, "balance").document("tree", "A tree.", 0.5))


@pytest.mark.parametrize(
    ("agent", "most"), [(agent_for(FifoPolicy(), 4), 1), (agent_for(DeadlinePolicy(urgency_threshold=2), 4), 3)]
)
def test_distill_scripted_teacher_is_found_again(agent, most):
    tree = distill(teacher(agent), QUICK)
    assert tree.num_nodes <= most
    assert tree.shares == (0.2, 0.2)
    assert fidelity(teacher(agent), tree, range(1, 6)) == 1.0


def test_distill_rule_that_counts_what_it_has_released_needs_words_of_our_own():
    reserve = agent_for(LiquidityReservePolicy(target_buffer=0, urgency_threshold=0), 2)
    player = teacher(reserve)
    own = distill(player, Options(portable=False, rounds=2, sample_days=64, choosing_days=20))
    assert fidelity(player, own, range(1, 20)) > 0.999
    assert fields_of(own.rules[0].root) - {"committed_value"} <= set(WORDS)
    assert "committed_value" in fields_of(own.rules[0].root)


def fields_of(node):
    """All fields that a tree asks."""
    if isinstance(node, dict):
        found = {node["field"]} if "field" in node else set()
        return found.union(*(fields_of(part) for part in node.values()))
    return set()


def test_distill_simcashs_words_hold_no_field_of_ours():
    tree = distill(teacher(agent_for(LiquidityReservePolicy(target_buffer=0, urgency_threshold=0), 2)), QUICK)
    assert "committed_value" not in fields_of(tree.rules[0].document("tree", ""))


def test_distill_limit_on_nodes_counts_the_budget_too():
    tree = distill(
        teacher(agent_for(LiquidityReservePolicy(target_buffer=5_000, urgency_threshold=1), 3)),
        Options(most_nodes=4, rounds=1, sample_days=32, choosing_days=20),
    )
    document = tree.rules[0].document("tree", "")
    trees = [document[name] for name in ("payment_tree", "bank_tree") if name in document]
    assert sum(1 for root in trees for _ in nodes(root)) == tree.num_nodes <= 4


def test_distill_each_bank_may_have_a_tree_of_its_own():
    class Mixed:
        def act(self, vec):
            first, second = (
                agent_for(DeadlinePolicy(urgency_threshold=1), 4).act(vec),
                agent_for(FifoPolicy(), 4).act(vec),
            )
            first[:, 1] = second[:, 1]
            return first

    apart = distill(teacher(Mixed()), Options(per_bank=True, rounds=1, sample_days=64, choosing_days=20))
    assert fidelity(teacher(Mixed()), apart, range(1, 20)) == 1.0
    assert [rule.num_nodes for rule in apart.rules] == [3, 1]
    assert [depth(rule.root) for rule in apart.rules] == [1, 0]


def test_distill_what_payment_trees_cannot_say_is_refused():
    class Posts:
        def act(self, vec):
            actions = np.zeros(vec.actions.shape, np.int64)
            actions[:, :, vec.head_index["collateral"]] = 1
            return actions

    config = load("target2-day-v0")
    changed = config.model_copy(update={"actions": config.actions.model_copy(update={"collateral": True})})
    with pytest.raises(ActionError, match="collateral"):
        watch(SimpleNamespace(config=changed, agent=Posts(), max_queue_slots=4), [1], portable=True)


def test_distill_what_is_written_loads_and_costs_the_same(tmp_path):
    player = named_policy(DAY, None, "random")
    tree = distill(teacher(agent_for(DeadlinePolicy(urgency_threshold=2), 3)), QUICK)
    report = make_report(player, tree, QUICK, num_seeds=5, num_tuning_seeds=0)
    paths = write_distilled(tree, report, tmp_path / "folder")
    for bank in ("BANK_A", "BANK_B"):
        loaded = load_tree(tmp_path / "folder" / f"{bank}.json")
        assert loaded.values == {"initial_liquidity_fraction": 0.15}
        assert not loaded.check.notes
    whole = load_scenario(tmp_path / "folder" / "scenario.yaml")
    again = Distilled(whole, tree.rules, tree.shares)
    assert (again.evaluate(range(1, 9)).cents == tree.evaluate(range(1, 9)).cents).all()
    assert (run_scripted(whole, range(1, 9)) == tree.evaluate(range(1, 9)).cents).all()
    assert json.loads(paths[-1].read_text()) == report
    assert set(report["baselines"]) == {"fifo (pool as configured)", "fifo (pool 50 %)"}


class Draws(PolicyAgent):
    """Releases all, with a pool share that is drawn anew each day."""

    def __init__(self):
        super().__init__(FifoPolicy(), 0)

    def act(self, vec):
        pool = vec.head_index.get("pool")
        if pool is not None:
            self.levels = np.random.default_rng(0).integers(0, 11, (vec.num_envs, vec.num_banks))
        return super().act(vec)


def test_distill_cheapest_share_that_the_teacher_has_chosen_is_kept():
    player = teacher(Draws())
    tree = distill(player, Options(rounds=1, sample_days=16, choosing_days=10))
    levels = watch(player, training_seeds(16), portable=True).levels
    mean = Distilled(tree.config, tree.rules, mean_shares(tree.config, levels))
    days = validation_seeds(10)
    assert tree.evaluate(days).totals().mean() < 0.9 * mean.evaluate(days).totals().mean()
    assert all(0.0 <= share <= 0.5 for share in tree.shares)


def test_distill_only_a_bank_with_a_pool_gets_a_share(tmp_path):
    """BANK_A has a pool, BANK_B has none, and BANK_C has a policy of its own."""
    config = load(DAY)
    first, second = config.banks
    third = first.model_copy(update={"id": "BANK_C", "policy": FifoPolicy(), "arrivals": None})
    for pool, shares in ((None, (None, None)), (first.liquidity_pool, (0.2, None))):
        banks = (with_pool(first, pool), with_pool(second, None), with_pool(third, None))
        whole = config.model_copy(update={"banks": banks})
        player = SimpleNamespace(
            config=whole, whole=whole, largest_share=1.0, agent=agent_for(FifoPolicy(), 4), max_queue_slots=16
        )
        tree = distill(player, Options(rounds=1, sample_days=8, choosing_days=4))
        assert tree.shares == shares
        write_distilled(tree, {}, tmp_path)
        written = {bank.id: bank for bank in load_scenario(tmp_path / "scenario.yaml").banks}
        assert [written[bank].liquidity_allocation_fraction for bank in ("BANK_A", "BANK_B")] == [shares[0] or 1.0, 1.0]
        assert written["BANK_C"].policy == FifoPolicy()
        assert (run_scripted(load_scenario(tmp_path / "scenario.yaml"), [1, 2]) == tree.evaluate([1, 2]).cents).all()


def with_pool(bank, cents):
    return bank.model_copy(update={"liquidity_pool": cents})


@pytest.fixture(scope="module")
def published():
    return json.loads((RESULTS / "distilled.json").read_text())


def test_distill_published_trees_are_small_near_their_networks_and_cost_what_is_told(published):
    near = 0
    for row in published["rows"]:
        assert max(row["nodes"].values()) <= 31
        config, days = load(row["scenario"]), held_out_seeds(published["test_days"])
        banks = tuple(
            bank.model_copy(
                update={"policy": TreePolicy(tree=row["trees"][bank.id])}
                | (
                    {}
                    if row["pool_shares"][bank.id] is None
                    else {"liquidity_allocation_fraction": row["pool_shares"][bank.id]}
                )
            )
            for bank in config.banks
        )
        cents = run_scripted(config.model_copy(update={"banks": banks}), days).sum(axis=(1, 2))
        assert cents.mean() == pytest.approx(row["tree"]["mean"])
        near += row["tree"]["mean"] <= 1.05 * row["network"]["mean"]
    assert near >= 3


def test_distill_published_table_is_what_the_results_say(published):
    assert (RESULTS / "distilled.md").read_text() == distilled.table(published["rows"]) + "\n"
