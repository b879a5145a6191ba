import numpy as np
import pytest
from pydantic import ValidationError

from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy
from simcash_env.config.library import policy_path
from simcash_env.config.policies import LiquidityReservePolicy, LiquiditySplittingPolicy, TreePolicy
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ActionError, ConfigError
from simcash_env.evaluation.evaluate import evaluate_agent, evaluate_policy
from simcash_env.evaluation.forks import EVERYBODY, Forks
from simcash_env.evaluation.leaderboard import format_table, rows_as_json, rows_from_json, run_benchmark
from simcash_env.evaluation.rollout_policy import (
    RolloutAgent,
    RolloutBase,
    RolloutSettings,
    cut_pool,
    evaluate_rollout,
    new_actions,
    play_rollout,
    rollout_base,
    tuned_base,
    with_fine_levels,
)
from simcash_env.evaluation.seeds import training_seeds, validation_seeds
from simcash_env.registry import load
from tests.evaluation.worlds import random_day
from tests.recorded import recorded

SEEDS = tuple(range(20))
POLICIES = [
    FifoPolicy(),
    DeadlinePolicy(urgency_threshold=2),
    LiquidityAwarePolicy(target_buffer=9_000, urgency_threshold=2),
    LiquidityReservePolicy(target_buffer=9_000, urgency_threshold=1),
    TreePolicy(file=str(policy_path("small_first"))),
    TreePolicy(file=str(policy_path("offset_seeker"))),
]
SMALL = RolloutSettings(samples=8, changes=3)


def base_of(policy, shares=None, others=()):
    return RolloutBase("base", policy, shares, others)


def agent_of(policy=None, shares=None, **settings):
    return RolloutAgent(base_of(policy or FifoPolicy(), shares), RolloutSettings(**{"samples": 8, **settings}))


@pytest.mark.parametrize("rules", ["standard", "simcash"])
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.type + str(getattr(policy, "file", ""))[-18:-5])
def test_rollout_without_candidates_costs_what_its_base_costs(rules, policy):
    """To the cent, for trees too that read what only the kernel knows."""
    config = random_day(rules=rules)
    shares = (0.0935, 0.15)
    played = evaluate_rollout(config, base_of(policy, shares), SEEDS, RolloutSettings(candidates=()))
    np.testing.assert_array_equal(played.cents, evaluate_policy(config, policy, SEEDS, shares).cents)
    assert played.cents.any()


def test_rollout_base_that_splits_needs_an_environment_that_offers_it():
    splits = base_of(LiquiditySplittingPolicy(max_splits=4, min_split_amount=1), (0.03, 0.03))
    with pytest.raises(ActionError, match="max_split"):
        evaluate_rollout(random_day(rules="simcash"), splits, SEEDS, SMALL)


@pytest.mark.parametrize("banks", ["in_turn", "jointly"])
def test_rollout_costs_less_than_its_base(banks):
    config, base = random_day(), base_of(LiquidityReservePolicy(target_buffer=0, urgency_threshold=1), (0.1, 0.1))
    settings = SMALL.model_copy(update={"banks": banks, "samples": 16})
    played = evaluate_rollout(config, base, range(40), settings)
    assert played.minus(evaluate_policy(config, base.policy, range(40), base.shares)).high < 0
    assert played.milliseconds_per_decision > 0


@pytest.mark.parametrize(("objective", "payers"), [("own", {0, 1}), ("system", {EVERYBODY})])
def test_rollout_objective_is_whose_cost_is_compared(objective, payers, monkeypatch):
    compared, costs = set(), Forks.costs
    monkeypatch.setattr(
        Forks, "costs", lambda *given, **options: (compared.update(given[3].tolist()), costs(*given, **options))[1]
    )
    settings = SMALL.model_copy(update={"objective": objective})
    played = evaluate_rollout(random_day(), base_of(FifoPolicy(), (0.1, 0.1)), SEEDS[:2], settings)
    assert compared == payers
    assert played.cents.any()


def test_rollout_decides_the_same_whatever_the_future_of_the_run_is():
    vec = make_vec(random_day(), 4, learners="all", autoreset="disabled")
    vec.reset(3)
    agent = agent_of(shares=(0.1, 0.1))
    for _ in range(vec.num_ticks):
        before = [vec.snapshot(copy) for copy in range(4)]
        actions = agent.act(vec)
        for copy in range(4):
            vec.state(copy).rng[0] ^= 12_345 + copy
        np.testing.assert_array_equal(agent.act(vec), actions)
        for copy in range(4):
            vec.restore(before[copy], copy)
        vec.step(actions)
    assert vec.over().all()


@pytest.mark.parametrize("banks", ["in_turn", "jointly"])
def test_rollout_is_the_same_for_a_seed_in_a_batch_of_any_size(banks):
    config, base = random_day(), base_of(FifoPolicy(), (0.1, 0.1), (DeadlinePolicy(urgency_threshold=1),))
    settings = SMALL.model_copy(update={"banks": banks})
    parts = [
        evaluate_agent(config, RolloutAgent(base, settings), SEEDS, max_queue_slots=64, copies=copies).cents
        for copies in (20, 7)
    ]
    np.testing.assert_array_equal(*parts)
    other = RolloutAgent(base, settings.model_copy(update={"seed": 1}))
    assert (evaluate_agent(config, other, SEEDS, max_queue_slots=64).cents != parts[0]).any()


def test_rollout_keeps_the_action_of_its_base_on_ties():
    free = random_day()
    prices = ("overdraft_bps_per_tick", "delay_cost_per_tick_per_cent", "deadline_penalty", "eod_penalty")
    free = free.model_copy(update={"costs": dict.fromkeys(prices, 0)})
    vec = make_vec(free, 3, learners="all", autoreset="disabled")
    vec.reset(1)
    tied = agent_of(DeadlinePolicy(urgency_threshold=1), (0.1, 0.2), confidence=0).act(vec)
    plain = agent_of(DeadlinePolicy(urgency_threshold=1), (0.1, 0.2), candidates=()).act(vec)
    np.testing.assert_array_equal(tied, plain)


def test_rollout_copies_whose_episode_is_over_are_left_alone():
    vec = make_vec(random_day(ticks=2), 2, learners="all", autoreset="disabled")
    vec.reset(1)
    agent = agent_of()
    for _ in range(2):
        vec.step(agent.act(vec))
    decided = agent.decisions
    agent.act(vec)
    assert decided == agent.decisions == 2 * 2 * 2


@pytest.mark.parametrize(("milliseconds", "samples"), [(1e-9, 4), (1e9, 30)])
def test_rollout_budget_in_time_ends_the_sampling_between_the_first_block_and_the_number_of_samples(
    milliseconds, samples
):
    settings = RolloutSettings(samples=30, milliseconds_per_decision=milliseconds)
    base = base_of(FifoPolicy(), (0.1, 0.1))
    played = evaluate_rollout(random_day(), base, SEEDS[:4], settings)
    np.testing.assert_array_equal(
        played.cents, evaluate_rollout(random_day(), base, SEEDS[:4], RolloutSettings(samples=samples)).cents
    )
    assert not settings.is_deterministic
    assert SMALL.is_deterministic


def test_rollout_one_sample_has_no_standard_error():
    played = evaluate_rollout(random_day(), base_of(FifoPolicy(), (0.1, 0.1)), SEEDS[:4], RolloutSettings(samples=1))
    assert played.cents.any()


def test_rollout_source_of_candidates_can_be_any_object():
    class Hold:
        """Hold everything, asked once a turn."""

        def __init__(self):
            self.asked = []

        def propose(self, vec, view, chosen, bank):
            self.asked.append(bank)
            return [np.zeros_like(chosen)]

    hold = Hold()
    vec = make_vec(random_day(), 2, learners="all", autoreset="disabled")
    vec.reset(1)
    RolloutAgent(base_of(FifoPolicy()), RolloutSettings(samples=2, rounds=2), [hold]).act(vec)
    assert hold.asked == [0, 1, 0, 1]


def test_rollout_new_actions_are_each_compared_once():
    chosen = np.zeros((2, 1, 2), np.int64)
    other = np.array([[[1, 0]], [[0, 0]]])
    copies, places = new_actions(chosen, [chosen, other, other, other + 1], np.arange(2))
    assert list(zip(copies.tolist(), places.tolist(), strict=True)) == [(0, 1), (0, 3), (1, 3)]
    assert not len(new_actions(chosen, [], np.arange(2))[0])
    assert new_actions(chosen, [other], np.array([1]))[0].tolist() == []


def test_rollout_payments_beyond_the_window_are_an_error():
    settings = RolloutSettings(samples=2, max_queue_slots=1)
    with pytest.raises(ActionError, match=r"max_queue_slots 1: \d+ times a payment lay beyond the window"):
        evaluate_rollout(random_day(), base_of(FifoPolicy(), (0.1, 0.1)), SEEDS[:2], settings)


def test_rollout_needs_the_queue_action():
    vec = make_vec(random_day(), 1, learners="all", action="budget")
    vec.reset(1)
    with pytest.raises(ActionError, match=r"needs decisions on payments .action queue., the batch has 'budget'"):
        agent_of().act(vec)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"objective": "own", "banks": "jointly"}, "objective own needs banks in_turn"),
        ({"samples": 0}, "samples"),
        ({"candidates": ["all"]}, "candidates"),
    ],
)
def test_rollout_settings_are_checked(settings, match):
    with pytest.raises(ValidationError, match=match):
        RolloutSettings(**settings)


def test_rollout_settings_in_words():
    given = RolloutSettings(horizon_ticks=5, milliseconds_per_decision=2.5, objective="own", samples=9)
    assert given.describe() == "9 samples, in turn, own cost, horizon 5 ticks, at most 2.5 ms a decision"
    assert RolloutSettings(banks="jointly").describe() == "32 samples, jointly"


def test_rollout_horizon_that_ends_before_the_penalties_misleads():
    """Why the default is the rest of the day: what is held for longer than the horizon costs nothing."""
    config, base = random_day(), base_of(FifoPolicy(), (0.1, 0.1))
    whole = evaluate_rollout(config, base, SEEDS, SMALL)
    short = evaluate_rollout(config, base, SEEDS, SMALL.model_copy(update={"horizon_ticks": 1}))
    assert short.minus(whole).low > 0


def test_rollout_base_by_name_and_by_mapping():
    config = load("two-banks-v0")
    assert rollout_base(config, "fifo").policy == FifoPolicy()
    assert rollout_base(config, {"type": "deadline", "urgency_threshold": 2}).name == "deadline"
    tree = rollout_base(config, "balance_first")
    assert tree == rollout_base(config, tree.policy)
    assert tree.name == "balance_first"
    assert rollout_base(config, {"type": "balance_first", "urgent_ticks": 3}).policy.values["urgent_ticks"] == 3.0
    assert rollout_base(config, {"type": "tree", "file": "balance_first.json"}).policy == tree.policy
    assert FifoPolicy() in tree.others
    with pytest.raises(ConfigError, match="rollout base: "):
        rollout_base(config, "no-such")
    with pytest.raises(ConfigError, match="at least 0"):
        rollout_base(config, {"type": "deadline", "urgency_threshold": -1})


def test_rollout_tuned_base_is_the_best_family_and_the_others_are_candidates():
    base = tuned_base(load("castro-2period-v0"), training_seeds(2), ("fifo", "deadline"))
    assert (base.name, base.shares) == ("tuned:fifo", (0.0, 0.2))
    assert len(base.others) > 1


@pytest.mark.parametrize("pool", [1, 7, 100_000, 199_999])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.02, 0.115, 0.2, 1 / 3, 0.6, 0.93, 1.0])
def test_rollout_levels_allocate_exactly_what_the_base_allocates(pool, share):
    cents = pool * round(share * 1_000_000) // 1_000_000
    cut, level = cut_pool(pool, share)
    assert 0 < cut <= pool
    assert cut * level // 20 == cents
    assert level <= 12 or level == -(-20 * cents // pool)
    assert cut >= 0.02 * pool - 20


def test_rollout_levels_follow_the_shares_of_each_bank():
    cut, fine = with_fine_levels(random_day(), base_of(FifoPolicy(), (0.12, 0.06)))
    assert [bank.liquidity_pool for bank in cut.banks] == [40_000, 20_000]
    assert fine.shares == (0.6, 0.6)


def test_rollout_levels_without_shares_are_those_of_the_scenario():
    cut, fine = with_fine_levels(random_day(fraction=0.24), base_of(FifoPolicy()))
    assert [bank.liquidity_pool for bank in cut.banks] == [80_000, 80_000]
    assert fine.shares == (0.6, 0.6)
    assert cut.banks[0].liquidity_allocation_fraction == 0.6
    plain = load("two-banks-v0")
    assert with_fine_levels(plain, base_of(FifoPolicy())) == (plain, base_of(FifoPolicy()))


def test_rollout_levels_leave_a_bank_without_a_pool_alone():
    config = random_day(banks=3)
    banks = (*config.banks[:2], config.banks[2].model_copy(update={"liquidity_pool": None}))
    cut, _ = with_fine_levels(config.model_copy(update={"banks": banks}), base_of(FifoPolicy(), (0.1, 0.1, 0.0)))
    assert cut.banks[2] == banks[2]


def test_rollout_of_recorded_days_plans_with_training_days():
    config = recorded(select="test", scripted=0, recorded={"split": [0.6, 0.0, 0.4]})
    totals = evaluate_rollout(config, base_of(FifoPolicy()), SEEDS[:4], SMALL).totals()
    assert totals.any()
    np.testing.assert_array_equal(totals[:2], totals[2:])  # two test days in turn


def test_rollout_stands_in_the_table_with_its_time():
    def played(config, days):
        return play_rollout(config, rollout_base(config, "fifo"), days, SMALL)

    rows = run_benchmark(["castro-2period-v0"], 2, num_tuning_seeds=0, rollouts=[played], num_measured=1)
    row = rows[-1]
    assert (row.policy, row.parameters) == ("rollout:fifo", "8 samples, in turn")
    assert row.total.mean == 2_000
    assert row.milliseconds_per_decision > 0
    assert row.metrics["settled_share_value"] == 1.0
    assert row.regret.mean <= 1_000
    assert rows_from_json(
        [{**row.__dict__, **{name: row.__dict__[name].__dict__ for name in ("total", "difference_to_fifo", "regret")}}]
    ) == [row]
    cells = [cell for column in format_table(rows).columns for cell in column.cells]
    assert any("8 samples, in turn; " in cell and cell.endswith("ms a decision") for cell in cells)
    assert '"milliseconds_per_decision": null' in rows_as_json(rows)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["castro-12period-v0", "2b-3t-v0", "3b-6t-v0", "two-banks-v0", "lynx-day-v0"])
def test_rollout_improves_on_its_tuned_base(scenario):
    config, days = load(scenario), validation_seeds(200)
    base = tuned_base(config, training_seeds(50), ("fifo", "liquidity_reserve", "balance_first"))
    played = evaluate_rollout(config, base, days, RolloutSettings(samples=32))
    assert played.minus(evaluate_policy(config, base.policy, days, base.shares)).high < 0
