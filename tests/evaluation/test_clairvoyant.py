"""The bound lies below every run that stays within what it permits, and meets the optima that are known."""

import math

import pytest

from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, ScenarioConfig, load_scenario
from simcash_env.config.policies import ExternalPolicy, LiquidityReservePolicy, LiquiditySplittingPolicy, TreePolicy
from simcash_env.errors import ConfigError
from simcash_env.evaluation.arrivals import arrived_payments
from simcash_env.evaluation.bound_validity import AllowedDecisions, decisions_of_learners, decisions_of_policy
from simcash_env.evaluation.clairvoyant import clairvoyant_bound, relaxed_bound
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.milp import Programme
from simcash_env.evaluation.scripted import HoldAll, RandomLegal, agent_for
from simcash_env.registry import load
from tests.evaluation.worlds import random_day

SEEDS = (1, 2, 3)
ROUNDING_OF_SOLVER = 1e-3
POLICIES = [
    FifoPolicy(),
    DeadlinePolicy(urgency_threshold=2),
    LiquidityAwarePolicy(target_buffer=4_000, urgency_threshold=1),
    LiquidityReservePolicy(target_buffer=0, urgency_threshold=1),
    LiquiditySplittingPolicy(max_splits=4, min_split_amount=100),
]


def world(**changes) -> ScenarioConfig:
    """A small random day with every price that a bank can be charged."""
    options = {
        key: changes.pop(key) for key in ("rules", "banks", "days", "ticks", "switches", "pool") if key in changes
    }
    row = random_day(**({"ticks": 5, "pool": 40_000} | options)).model_dump()
    row["costs"] |= {"overdraft_bps_per_tick": 30.0, "deadline_penalty": {"bps": 300.0}, "eod_penalty": 2_000}
    for key, value in changes.items():
        row[key] = (row[key] or {}) | value if isinstance(value, dict) else value
    return load_scenario(row)


def with_bank(config: ScenarioConfig, **changes) -> ScenarioConfig:
    """The scenario with its first bank changed."""
    row = config.model_dump()
    row["banks"] = [row["banks"][0] | changes, *row["banks"][1:]]
    return load_scenario(row)


WORLDS = {
    "standard": world(),
    "simcash": world(rules="simcash"),
    "three banks": world(banks=3, lsm={"algorithms": ("bilateral", "cycles", "prefix")}),
    "deferred": world(switches={"deferred_crediting": True}, lsm={"algorithms": ()}),
    "deferred, offsets": world(switches={"deferred_crediting": True, "entry_disposition_offsetting": True}),
    "waiting costs everywhere": world(rules={"delay_cost_scope": "both"}),
    "expiring": world(rules={"deadline_mode": "drop"}),
    "two days": world(days=2, ticks=4, switches={"daily_liquidity_reallocation": True}),
    "two days, one pool": world(days=2, ticks=3),
    "dropping is dear": world(costs={"drop_penalty": {"bps": 900.0}}),
    "limits": with_bank(world(), bilateral_limits={"B": 12_000}, multilateral_limit=15_000),
    "net limits": with_bank(world(switches={"limits_basis": "net"}), multilateral_limit=9_000),
    "sub-limit": with_bank(world(), sub_limit=15_000),
    "limits set in the run": world(actions={"sub_limit": True, "send_limit": "bilateral"}),
    "collateral": with_bank(world(pool=None), posted_collateral=9_000, max_collateral_capacity=20_000),
    "shocks": world(
        events=(
            {"type": "direct_transfer", "tick": 1, "from_bank": "A", "to_bank": "B", "amount": 20_000},
            {"type": "credit_limit_change", "tick": 2, "bank": "A", "delta": -6_000},
            {"type": "payment", "tick": 1, "from_bank": "B", "to_bank": "A", "amount": 30_000, "deadline": 2},
        )
    ),
    "urgent first": world(
        priority_escalation={"curve": "linear", "start_ticks": 3, "max_boost": 5},
        costs={"priority_delay_multipliers": {"urgent": 3.0, "normal": 1.0, "low": 0.5}},
    ),
}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("relaxed", [False, True], ids=["whole", "relaxed"])
def test_clairvoyant_no_scripted_policy_costs_less_than_its_bound(name: str, relaxed: bool) -> None:
    config = WORLDS[name]
    shares = None if config.banks[0].liquidity_pool is None else [0.37] * len(config.banks)
    for policy in POLICIES:
        costs = evaluate_policy(config, policy, SEEDS, shares).totals()
        may = decisions_of_policy(config, policy)
        bounds = [clairvoyant_bound(config, seed, may, relaxed=relaxed).cents for seed in SEEDS]
        assert all(cents >= bound - ROUNDING_OF_SOLVER for cents, bound in zip(costs, bounds, strict=True)), policy.type


@pytest.mark.parametrize("name", WORLDS)
def test_clairvoyant_no_agent_costs_less_than_what_learners_may_do_at_best(name: str) -> None:
    config = WORLDS[name]
    bounds = [clairvoyant_bound(config, seed).cents for seed in SEEDS]
    assert sum(bounds) > 0
    for agent in (agent_for(FifoPolicy()), agent_for(FifoPolicy(), 3), HoldAll(0), RandomLegal(1), RandomLegal(2)):
        costs = evaluate_agent(config, agent, SEEDS, max_queue_slots=32).totals()
        assert all(cents >= bound - ROUNDING_OF_SOLVER for cents, bound in zip(costs, bounds, strict=True))


@pytest.mark.parametrize(("scenario", "optimum"), [("castro-2period-v0", 2_000), ("castro-3period-v0", 12_000)])
def test_clairvoyant_bound_is_the_known_optimum_of_the_published_games(scenario: str, optimum: int) -> None:
    bound = clairvoyant_bound(load(scenario), 1)
    assert bound.is_exact
    assert math.isclose(bound.cents, optimum, rel_tol=1e-5)


def test_clairvoyant_bank_without_credit_that_is_never_paid_pays_its_penalties() -> None:
    config = load_scenario(
        {
            "format": 1,
            "name": "broke",
            "simulation": {"ticks_per_day": 3, "num_days": 1},
            "banks": [{"id": "A", "policy": {"type": "external"}}, {"id": "B"}],
            "events": [
                {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 1_000, "deadline": 1}
            ],
            "costs": {"deadline_penalty": 70, "eod_penalty": {"bps": 200.0}, "delay_cost_per_tick_per_cent": 0.1},
        }
    )
    # waits in Queue 2 at no cost; late from tick 2 on: 70; unsettled at the close: 2 % of 1 000
    assert math.isclose(clairvoyant_bound(config, 0).cents, 90, rel_tol=1e-5)


def waiting(multipliers=None, rate=0.1, **bank) -> ScenarioConfig:
    """A owes 1 000 at priority 9, due in tick 2, and has nothing until it is paid the same in tick 1."""
    return load_scenario(
        {
            "format": 1,
            "name": "waiting",
            "rules": {"delay_cost_scope": "both"},
            "simulation": {"ticks_per_day": 3, "num_days": 1},
            "banks": [{"id": "A", "policy": {"type": "external"}, **bank}, {"id": "B", "opening_balance": 1_000}],
            "events": [
                {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 1_000, "deadline": 2,
                 "priority": 9},
                {"type": "payment", "tick": 1, "from_bank": "B", "to_bank": "A", "amount": 1_000, "deadline": 2},
            ],
            "costs": {"delay_cost_per_tick_per_cent": rate, "priority_delay_multipliers": multipliers},
        }
    )  # fmt: skip


def test_clairvoyant_where_waiting_costs_nothing_a_bank_waits_for_nothing() -> None:
    assert math.isclose(clairvoyant_bound(waiting(), 0).cents, 100, rel_tol=1e-5)
    assert clairvoyant_bound(waiting(rate=0.0), 0).cents == 0


def test_clairvoyant_who_may_post_collateral_can_pay_with_what_it_backs() -> None:
    config = waiting(max_collateral_capacity=2_000, collateral_haircut=0.5)
    assert math.isclose(clairvoyant_bound(config, 0, AllowedDecisions()).cents, 100, rel_tol=1e-5)
    assert clairvoyant_bound(config, 0, AllowedDecisions(collateral=True)).cents == 0
    short = waiting(max_collateral_capacity=1_998, collateral_haircut=0.5)
    assert math.isclose(clairvoyant_bound(short, 0, AllowedDecisions(collateral=True)).cents, 100, rel_tol=1e-5)


def test_clairvoyant_who_may_change_priorities_waits_at_the_price_of_the_cheapest() -> None:
    config = waiting({"urgent": 3.0, "normal": 1.0, "low": 0.5})
    assert math.isclose(clairvoyant_bound(config, 0, AllowedDecisions()).cents, 300, rel_tol=1e-5)
    assert math.isclose(clairvoyant_bound(config, 0, AllowedDecisions(priorities=True)).cents, 50, rel_tol=1e-5)


def test_clairvoyant_payment_that_could_be_paid_does_not_wait_for_nothing_in_queue_2() -> None:
    config = load_scenario(
        {
            "format": 1,
            "name": "waits",
            "simulation": {"ticks_per_day": 3, "num_days": 1},
            "banks": [
                {"id": "A", "credit_limit": 5_000, "policy": {"type": "external"}},
                {"id": "B", "opening_balance": 1_000, "policy": {"type": "external"}},
            ],
            "events": [
                {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 1_000, "deadline": 3},
                {"type": "payment", "tick": 1, "from_bank": "B", "to_bank": "A", "amount": 1_000, "deadline": 2},
            ],
            "costs": {"delay_cost_per_tick_per_cent": 0.1, "overdraft_bps_per_tick": 2_000.0},
        }
    )
    # credit for a tick 200, to keep it in one's own queue for a tick 100; Queue 2 would take it only if unfunded
    assert math.isclose(clairvoyant_bound(config, 0).cents, 100, rel_tol=1e-5)
    assert clairvoyant_bound(config, 0, relaxed=True).cents < 1


def test_clairvoyant_payment_that_a_sub_limit_holds_back_waits_for_nothing_in_queue_2() -> None:
    """The bound charged for waiting that is free: Queue 2 keeps a funded payment if the funds are reserved."""
    config = load_scenario(
        {
            "format": 1,
            "name": "reserved",
            "simulation": {"ticks_per_day": 3, "num_days": 1},
            "banks": [
                {"id": "A", "credit_limit": 5_000, "sub_limit": 5_000, "policy": {"type": "external"}},
                {"id": "B", "opening_balance": 1_000, "policy": {"type": "external"}},
            ],
            "events": [
                {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 1_000, "deadline": 3},
                {"type": "payment", "tick": 1, "from_bank": "B", "to_bank": "A", "amount": 1_000, "deadline": 2},
            ],
            "costs": {"delay_cost_per_tick_per_cent": 0.1, "overdraft_bps_per_tick": 2_000.0},
        }
    )
    assert clairvoyant_bound(config, 0).cents <= evaluate_policy(config, FifoPolicy(), [0]).totals()[0]
    assert clairvoyant_bound(config, 0).cents < 1


def test_clairvoyant_what_may_be_done_besides_makes_the_bound_no_higher() -> None:
    config = WORLDS["simcash"]
    narrow = clairvoyant_bound(config, 1, AllowedDecisions()).cents
    for wider in (
        AllowedDecisions(drops="any_time"),
        AllowedDecisions(pool="any"),
        AllowedDecisions(max_parts=4),
        AllowedDecisions("any_time", 9),
    ):
        assert clairvoyant_bound(config, 1, wider).cents <= narrow + ROUNDING_OF_SOLVER
    assert decisions_of_learners(config).drops == "any_time"


def test_clairvoyant_who_decides_from_outside_is_permitted_what_learners_are() -> None:
    assert decisions_of_policy(WORLDS["simcash"], ExternalPolicy()) == decisions_of_learners(WORLDS["simcash"])


def test_clairvoyant_permitted_drops_of_liquidity_splitting() -> None:
    """Under SimCash's rules it drops at the deadline, as ``deadline`` and ``liquidity_aware`` do."""
    policy = LiquiditySplittingPolicy(max_splits=3, min_split_amount=1)
    assert decisions_of_policy(WORLDS["simcash"], policy).drops == "at_deadline"
    assert decisions_of_policy(WORLDS["standard"], policy).drops == "never"


def test_clairvoyant_tree_is_permitted_what_its_leaves_do() -> None:
    post = {"node_id": "b", "action": "PostCollateral", "parameters": {"amount": {"value": 5}}}
    tree = {"version": "1", "policy_id": "t", "payment_tree": {"node_id": "a", "action": "Drop"}}
    assert decisions_of_policy(WORLDS["standard"], TreePolicy(tree=tree)) == AllowedDecisions(
        drops="any_time", pool="any"
    )
    both = decisions_of_policy(WORLDS["standard"], TreePolicy(tree=tree | {"strategic_collateral_tree": post}))
    assert both == AllowedDecisions(drops="any_time", pool="any", collateral=True)


def test_clairvoyant_scenario_that_the_bound_does_not_cover_is_refused_with_the_reason() -> None:
    event = {"type": "scheduled_settlement", "tick": 1, "from_bank": "A", "to_bank": "B", "amount": 1_000}
    with pytest.raises(ConfigError, match=r"events\.0.*does not cover"):
        clairvoyant_bound(world(events=(event,)), 1)
    with pytest.raises(ConfigError, match="payment-ticks"):
        clairvoyant_bound(load("ten-banks-v0"), 1)
    with pytest.raises(ConfigError, match=r"market: .*does not cover a market"):
        clairvoyant_bound(load("money-market-v0"), 1)


def test_clairvoyant_arrivals_do_not_depend_on_what_is_decided() -> None:
    config = world()
    arrived = arrived_payments(config, 3)
    assert arrived.cents.sum() > 0
    assert (arrived.deadline_tick > arrived.arrival_tick).all()
    assert (arrived.sender != arrived.receiver).all()


def test_clairvoyant_programme_without_a_solution_is_an_error() -> None:
    programme = Programme()
    variable = programme.variable(high=1.0, cost=1.0, is_whole=True)
    programme.row({variable: 1.0}, low=2.0)
    with pytest.raises(ValueError, match="not solved"):
        programme.solve()


@pytest.mark.parametrize("name", ["standard", "three banks", "limits"])
def test_clairvoyant_interior_points_find_the_relaxed_bound(name: str) -> None:
    config = WORLDS[name]
    for seed in SEEDS:
        assert relaxed_bound(config, seed) == pytest.approx(
            clairvoyant_bound(config, seed, relaxed=True).cents, rel=1e-5
        )


def test_clairvoyant_interior_points_out_of_time_prove_nothing() -> None:
    assert relaxed_bound(load("5b-12t-v0"), 5, seconds=0.0) is None


def test_clairvoyant_interior_points_without_a_solution_are_an_error() -> None:
    programme = Programme()
    variable = programme.variable(high=1.0, cost=1.0)
    programme.row({variable: 1.0}, low=2.0)
    with pytest.raises(ValueError, match="not solved"):
        programme.solve_by_interior_points()


def test_clairvoyant_when_time_runs_out_before_anything_is_proven_the_relaxation_is_the_bound() -> None:
    config = load("two-banks-v0")
    hurried, relaxed = clairvoyant_bound(config, 5, seconds=0.0), clairvoyant_bound(config, 5, relaxed=True)
    assert not hurried.is_exact
    assert hurried.cents >= relaxed.cents - ROUNDING_OF_SOLVER
    assert hurried.cents <= clairvoyant_bound(config, 5).cents + ROUNDING_OF_SOLVER
