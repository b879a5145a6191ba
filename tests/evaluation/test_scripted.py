import numpy as np
import pytest

from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, load_scenario
from simcash_env.config.library import policy_path
from simcash_env.config.policies import ExternalPolicy, LiquidityReservePolicy, LiquiditySplittingPolicy, TreePolicy
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.scripted import HoldAll, RandomLegal, agent_for
from tests.evaluation.worlds import random_day

SEEDS = tuple(range(40))
POLICIES = [
    FifoPolicy(),
    DeadlinePolicy(urgency_threshold=2),
    LiquidityAwarePolicy(target_buffer=0, urgency_threshold=1),
    LiquidityAwarePolicy(target_buffer=9_000, urgency_threshold=2),
    LiquidityReservePolicy(target_buffer=0, urgency_threshold=2),
    LiquidityReservePolicy(target_buffer=9_000, urgency_threshold=1),
    *(TreePolicy(file=str(policy_path(name))) for name in ("balance_first", "priority_first", "small_first")),
]


@pytest.mark.parametrize("rules", ["standard", "simcash"])
@pytest.mark.parametrize(
    "policy",
    POLICIES,
    ids=lambda policy: f"{policy.type}-{getattr(policy, 'target_buffer', '')}{getattr(policy, 'file', '')[-19:-5]}",
)
def test_scripted_policy_costs_the_same_through_the_environment_as_in_the_kernel(rules, policy):
    config = random_day(rules=rules)
    inside = evaluate_policy(config, policy, SEEDS, [0.15, 0.15])
    outside = evaluate_agent(config, agent_for(policy, levels=3), SEEDS, max_queue_slots=64)
    np.testing.assert_array_equal(outside.cents, inside.cents)
    assert inside.cents.any()


def test_scripted_two_agree_when_the_pool_is_allocated_anew_every_day():
    config = random_day(days=3, switches={"daily_liquidity_reallocation": True})
    policy = LiquidityAwarePolicy(target_buffer=9_000, urgency_threshold=2)
    inside = evaluate_policy(config, policy, SEEDS, [0.1, 0.2])
    outside = evaluate_agent(config, agent_for(policy, levels=[2, 4]), SEEDS, max_queue_slots=64)
    np.testing.assert_array_equal(outside.cents, inside.cents)


def test_scripted_without_a_level_an_agent_keeps_what_the_scenario_allocates():
    config = random_day(fraction=0.25)
    inside = evaluate_policy(config, FifoPolicy(), SEEDS)
    outside = evaluate_agent(config, agent_for(FifoPolicy()), SEEDS, max_queue_slots=64)
    np.testing.assert_array_equal(outside.cents, inside.cents)


def test_scripted_policy_that_drops_needs_an_environment_that_offers_it():
    config = random_day(rules="simcash")
    config = config.model_copy(update={"actions": config.actions.model_copy(update={"allow_drop": False})})
    with pytest.raises(ActionError, match="allow_drop"):
        evaluate_agent(config, agent_for(DeadlinePolicy(urgency_threshold=0)), SEEDS)


def test_scripted_random_agents_choose_only_what_is_legal():
    vec = make_vec(random_day(banks=3), 50)
    vec.reset(1)
    agent = RandomLegal(seed=3)
    for _ in range(vec.num_ticks):
        vec.step(agent.act(vec))
        assert not vec.illegal.any()


def test_scripted_random_agents_of_one_seed_play_alike():
    config = random_day()
    first, second = (evaluate_agent(config, RandomLegal(seed=3), SEEDS) for _ in range(2))
    np.testing.assert_array_equal(first.cents, second.cents)


def test_scripted_bank_that_holds_everything_settles_nothing():
    vec = make_vec(random_day(), 1, autoreset="disabled")
    vec.reset(1)
    for _ in range(vec.num_ticks):
        vec.step(HoldAll(0).act(vec))
    assert vec.engine(0).state.settled_count[0] == 0
    assert vec.engine(0).state.arrived_count[0] > 0


@pytest.mark.parametrize("rules", ["standard", "simcash"])
@pytest.mark.parametrize("smallest", [1, 4_000])
def test_scripted_splitting_costs_the_same_through_the_environment_as_in_the_kernel(rules, smallest):
    row = random_day(rules=rules, pool=60_000).model_dump()
    row["actions"]["max_split"] = 4
    for bank in row["banks"]:
        bank["arrivals"]["divisible"] = True
    config = load_scenario(row)
    policy = LiquiditySplittingPolicy(max_splits=4, min_split_amount=smallest)
    inside = evaluate_policy(config, policy, SEEDS, [0.15, 0.15])
    outside = evaluate_agent(config, agent_for(policy, levels=3), SEEDS, max_queue_slots=64)
    np.testing.assert_array_equal(outside.cents, inside.cents)
    assert inside.by_kind()["split_friction"] > 0
    with pytest.raises(ActionError, match="max_split"):
        evaluate_agent(random_day(), agent_for(policy), [1])


def test_scripted_tree_that_joins_conditions_costs_the_same_through_the_environment_as_in_the_kernel():
    def compare(left, operator, right):
        return {"op": operator, "left": {"field": left}, "right": right}

    tenth = {"compute": {"op": "*", "left": {"value": 0.1}, "right": {"field": "effective_liquidity"}}}
    is_due = compare("ticks_to_deadline", "<=", {"compute": {"op": "max", "values": [{"value": 0}, {"param": "near"}]}})
    is_small = {"op": "not", "condition": compare("remaining_amount", ">", tenth)}
    is_rich = compare("balance", ">=", {"field": "remaining_amount"})
    either = {"op": "or", "conditions": [is_due, {"op": "and", "conditions": [is_small, is_rich]}]}
    leaves = {branch: {"node_id": branch, "action": action} for branch, action in
              (("on_true", "Release"), ("on_false", "Hold"))}  # fmt: skip
    notes = {key: {"field": "of the hand", "action": "to be taken"} for key in ("notes", "_why")}  # for readers only
    root = {"node_id": "root", "condition": either, **leaves, **notes}
    tree = {"version": "1.0", "policy_id": "joins", "parameters": {"near": 1.0}, "payment_tree": root}
    policy = TreePolicy(tree=tree)
    config = random_day()
    inside = evaluate_policy(config, policy, SEEDS, [0.15, 0.15])
    outside = evaluate_agent(config, agent_for(policy, levels=3), SEEDS, max_queue_slots=64)
    np.testing.assert_array_equal(outside.cents, inside.cents)
    for other in (FifoPolicy(), DeadlinePolicy(urgency_threshold=1)):
        assert (inside.cents != evaluate_policy(config, other, SEEDS, [0.15, 0.15]).cents).any()


def test_scripted_what_no_agent_can_do_through_the_environment_is_refused():
    release, hold = ({"node_id": name, "action": name} for name in ("Release", "Hold"))
    quotient = {"compute": {"op": "/", "left": {"field": "balance"}, "right": {"value": 2}}}
    asks = {"op": "<", "left": {"field": "amount"}, "right": quotient}
    divides = {"node_id": "a", "condition": asks, "on_true": release, "on_false": hold}
    budget = {"node_id": "b", "action": "NoAction"}
    for trees, said in (
        ({"payment_tree": divides}, "operator '/' cannot be decided through the batch"),
        ({"payment_tree": release, "bank_tree": budget}, "bank_tree: only payment trees can be decided"),
    ):
        with pytest.raises(ActionError, match=said):
            agent_for(TreePolicy(tree={"version": "1.0", "policy_id": "t", **trees}))
    with pytest.raises(ActionError, match="no agent for the policy 'external'"):
        agent_for(ExternalPolicy())


def test_scripted_tree_that_asks_more_than_the_batch_shows_is_refused_with_what_it_asks():
    with pytest.raises(ActionError, match="my_q2_in_value_from_counterparty"):
        agent_for(TreePolicy(file=str(policy_path("offset_seeker"))))
    for action in ("Drop", "Split"):
        leaf = {"node_id": "a", "action": action} | (
            {"parameters": {"num_splits": {"value": 2}}} if action == "Split" else {}
        )
        tree = TreePolicy(tree={"version": "1", "policy_id": "t", "payment_tree": leaf})
        with pytest.raises(ActionError, match=action):
            agent_for(tree)
