"""Scripts said as rank actions cost what the scripts cost."""

import pytest

from simcash_env.config.changes import with_changes
from simcash_env.config.library import policy_path
from simcash_env.config.policies import (
    DeadlinePolicy,
    ExternalPolicy,
    FifoPolicy,
    LiquidityAwarePolicy,
    LiquidityReservePolicy,
    LiquiditySplittingPolicy,
    TreePolicy,
)
from simcash_env.errors import ActionError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.policy_families import ALL_FAMILIES
from simcash_env.evaluation.rank_scripts import SCRIPTS, TREES, RankScript, rank_values
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.registry import load

DAYS = 100
SHARE = 0.12
"""Of the pools, where a scenario has some."""
SLOTS = 200
"""More payments than a queue holds: some values follow all of it."""
CLOSE = 0.01


def tree(name, **parameters):
    return TreePolicy(file=str(policy_path(name)), parameters=parameters)


def costs(scenario, policy, **changes):
    """Mean cost of the script and of its rank action."""
    config = with_changes(load(scenario), changes)
    seeds, has_pool = validation_seeds(DAYS), any(bank.liquidity_pool for bank in config.banks)
    shares = [SHARE] * len(config.banks) if has_pool else None
    script = evaluate_policy(config, policy, seeds, shares)
    agent = RankScript(policy, SHARE if has_pool else None)
    ranked = evaluate_agent(config, agent, seeds, action="rank", max_queue_slots=SLOTS)
    return script.totals().mean(), ranked.totals().mean()


LEAF = {"type": "action", "node_id": "hold", "action": "Hold"}
OWN = {"version": "1.0", "policy_id": "own", "payment_tree": LEAF}
THREE = ("castro-12period-v0", "lynx-day-v0", "crisis-v0")


@pytest.mark.parametrize("scenario", THREE)
@pytest.mark.parametrize(
    "policy",
    [
        FifoPolicy(),
        LiquidityAwarePolicy(target_buffer=0, urgency_threshold=0),
        tree("balance_first", urgent_ticks=2.0),
        tree("offset_seeker"),
        tree("priority_first"),
        tree("small_first", urgent_ticks=0.0),
    ],
    ids=["fifo", "liquidity_aware", "balance_first", "offset_seeker", "priority_first", "small_first"],
)
def test_rank_script_of_constants_costs_the_same_to_the_cent(scenario, policy):
    script, ranked = costs(scenario, policy)
    assert ranked == script


@pytest.mark.parametrize("scenario", THREE)
def test_rank_script_deadline_costs_the_same(scenario):
    script, ranked = costs(scenario, DeadlinePolicy(urgency_threshold=8))
    assert ranked == pytest.approx(script, rel=CLOSE)


@pytest.mark.parametrize("scenario", ["castro-12period-v0", "lynx-day-v0", "target2-day-v0"])
def test_rank_script_liquidity_aware_with_a_buffer_costs_about_the_same(scenario):
    buffer, urgency = {"lynx-day-v0": (125_000, 2)}.get(scenario, (7_500, 6))
    policy = LiquidityAwarePolicy(target_buffer=buffer, urgency_threshold=urgency)
    script, ranked = costs(scenario, policy)
    assert ranked == pytest.approx(script, rel=CLOSE)


@pytest.mark.parametrize(
    ("scenario", "buffer", "urgency"),
    [("castro-12period-v0", 5_000, 1), ("2b-stress-v0", 0, 0), ("4b-8t-v0", 5_000, 1), ("crisis-v0", 0, 2)],
)
def test_rank_script_liquidity_reserve_costs_about_the_same(scenario, buffer, urgency):
    policy = LiquidityReservePolicy(target_buffer=buffer, urgency_threshold=urgency)
    script, ranked = costs(scenario, policy)
    assert ranked == pytest.approx(script, rel=CLOSE)


@pytest.mark.parametrize("parts", [2, 8])
@pytest.mark.parametrize("scenario", ["castro-12period-v0", "2b-stress-v0", "4b-8t-v0"])
def test_rank_script_liquidity_splitting_costs_about_the_same_where_learners_may_split(scenario, parts):
    policy = LiquiditySplittingPolicy(max_splits=parts, min_split_amount=1)
    script, ranked = costs(scenario, policy, **{"actions.max_split": 8})
    whole, _ = costs(scenario, LiquidityAwarePolicy(target_buffer=0, urgency_threshold=0))
    assert ranked == pytest.approx(script, rel=CLOSE)
    assert script != whole, "payments are split"


def test_rank_scripts_say_every_tuned_policy():
    assert {script.__name__ for script in SCRIPTS.values()} | set(TREES) == set(ALL_FAMILIES)


@pytest.mark.parametrize("policy", [ExternalPolicy(), TreePolicy(tree=OWN)])
def test_rank_script_without_a_function_is_refused(policy):
    with pytest.raises(ActionError, match=r"policy: no rank action for '(external|tree)'; there is one for fifo, "):
        rank_values(policy, None)
