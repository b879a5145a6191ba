from pathlib import Path

import numpy as np
import pytest

from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, load_scenario
from simcash_env.config.library import policy_path
from simcash_env.config.policies import TreePolicy
from simcash_env.errors import ConfigError, SimulationError
from simcash_env.evaluation import grid_search as grid
from simcash_env.evaluation import policy_families as families
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import equilibrium_shares, search_shares, tune, untuned_shares
from simcash_env.evaluation.policy_families import (
    ALL_FAMILIES,
    Grid,
    buffers,
    family_grid,
    family_members,
    graded,
    longest_deadline,
    mean_payment_cents,
    untuned_forms,
)
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.evaluation.worlds import random_day


@pytest.mark.parametrize(("scenario", "shares"), [("castro-2period-v0", (0.0, 0.2)), ("castro-3period-v0", (0.2, 0.2))])
@pytest.mark.parametrize("start", [0.0, 0.5, 1.0])
def test_grid_search_best_replies_lead_to_the_published_equilibrium(scenario, shares, start):
    assert equilibrium_shares(load(scenario), FifoPolicy(), [1], start=start) == shares


def test_grid_search_cheapest_shares_of_the_two_period_game_are_its_equilibrium():
    found = search_shares(load("castro-2period-v0"), FifoPolicy(), [1])
    assert found.shares == (0.0, 0.2)
    assert found.training_cents == 2_000


def test_grid_search_tuning_beats_half_the_pool_and_every_level_of_the_coarse_grid():
    config = load("castro-12period-v0")
    seeds = training_seeds(60)
    found = tune(config, "fifo", seeds)
    for level in range(21):
        cents = evaluate_policy(config, FifoPolicy(), seeds, [level / 20] * 2).totals().mean()
        assert found.training_cents <= cents
    cents = evaluate_policy(config, found.policy, seeds, found.shares).totals().mean()
    assert cents == pytest.approx(found.training_cents)


def test_grid_search_run_in_the_batch_is_the_simulations_run():
    config = random_day(days=2)
    config = config.model_copy(
        update={"banks": tuple(bank.model_copy(update={"policy": FifoPolicy()}) for bank in config.banks)}
    )
    costs = run_scripted(config, [1, 2, 99])
    for place, seed in enumerate([1, 2, 99]):
        summary = Simulation(config, seed=seed, events=False).run_to_completion()
        assert costs[place].sum() == summary.total_cost
        np.testing.assert_array_equal(costs[place], [list(summary.costs[bank].values()) for bank in ("A", "B")])


def test_grid_search_many_payments_at_once_make_the_batch_grow():
    config = random_day()
    busy = tuple(
        bank.model_copy(
            update={
                "policy": FifoPolicy(),
                "arrivals": bank.arrivals.model_copy(update={"rate_per_tick": 40.0}),
            }
        )
        for bank in config.banks
    )
    config = config.model_copy(update={"banks": busy})
    total = Simulation(config, seed=5, events=False).run_to_completion().total_cost
    assert run_scripted(config, [5, 6]).sum(axis=(1, 2))[0] == total


def test_grid_search_external_bank_cannot_be_run_without_a_policy():
    with pytest.raises(SimulationError, match="A, B"):
        run_scripted(random_day(), [1])


def test_grid_search_seeds_of_training_validation_and_test_never_meet():
    everything = [set(training_seeds(5_000)), set(validation_seeds(5_000)), set(held_out_seeds(5_000))]
    assert len(set.union(*everything)) == 15_000
    with pytest.raises(ValueError, match="1000000"):
        training_seeds(10, skip=999_999)


@pytest.mark.parametrize("family", ALL_FAMILIES)
def test_grid_search_family_tries_no_policy_twice(family):
    members = family_members(load("castro-12period-v0"), family)
    assert len(members) == len({member.model_dump_json() for member in members})
    assert {Path(member.file).stem if isinstance(member, TreePolicy) else member.type for member in members} == {family}


def patient_day(**changes):
    """A day of 60 ticks in which a payment may wait up to 40 of them; ``changes`` go to the first bank."""
    document = random_day(ticks=60).model_dump(mode="json", exclude_none=True)
    for bank in document["banks"]:
        bank["arrivals"] |= {"deadline_range": [20, 40], "rate_per_tick": 0.5}
    document["banks"][0] |= changes
    return load_scenario(document)


@pytest.mark.parametrize(("scenario", "ticks"), [("castro-12period-v0", 8), ("target2-day-v0", 40), ("2b-3t-v0", 3)])
def test_grid_urgencies_reach_the_longest_deadline(scenario, ticks):
    """They stopped at 8 ticks in every scenario."""
    config = load(scenario)
    assert longest_deadline(config) == ticks
    assert max(member.urgency_threshold for member in family_members(config, "deadline")) == ticks
    for family in ("liquidity_reserve", "small_first"):
        (axis,) = (axis for axis in family_grid(config, family).axes if axis.name.startswith("urgen"))
        assert axis.values == graded(ticks)


def test_grid_urgencies_follow_payment_events_windows_and_the_day():
    assert longest_deadline(load("castro-3period-v0")) == 3  # from payment events alone
    document = patient_day().model_dump(mode="json", exclude_none=True)
    document["events"] = [{"type": "deadline_window_change", "tick": 1, "max_multiplier": 1.5}]
    assert longest_deadline(load_scenario(document)) == 60
    document["simulation"]["ticks_per_day"] = 30
    assert longest_deadline(load_scenario(document)) == 60
    document["switches"]["deadline_cap_at_eod"] = True
    assert longest_deadline(load_scenario(document)) == 30


def test_grid_urgencies_are_few_and_end_at_the_limit():
    assert graded(8) == tuple(range(9))
    assert graded(100) == (0, 1, 2, 3, 6, 10, 18, 32, 56, 100)


def test_grid_buffers_reach_a_days_payments():
    """They stopped at 5 mean payments in every scenario."""
    config = load("target2-day-v0")
    assert max(buffers(config)) > 100 * mean_payment_cents(config)
    few = load("castro-2period-v0")
    assert max(buffers(few)) == round(5 * mean_payment_cents(few))
    for scenario in (few, config):
        assert list(buffers(scenario)) == sorted(set(buffers(scenario)))
        assert buffers(scenario)[0] == 0


def test_grid_parts_of_a_split_are_sized_in_payments():
    config = load("two-banks-v0")
    smallest = {member.min_split_amount for member in family_members(config, "liquidity_splitting")}
    assert smallest == {1, round(mean_payment_cents(config) / 4), round(mean_payment_cents(config))}
    assert {member.min_split_amount for member in family_members(load("2b-3t-v0"), "liquidity_splitting")} == {1}


def test_grid_looks_between_its_values():
    parts = family_grid(patient_day(), "liquidity_aware")
    first, second = (axis.values for axis in parts.axes)
    point = (first[2], second[5])
    near = parts.between(point)
    assert ((first[1] + first[2]) // 2, second[5]) in near
    assert (first[2], (second[5] + second[6]) // 2) in near
    assert len(near) == 4
    finer = parts.with_values(near)
    assert len(finer.axes[0].values) == len(first) + 2
    assert family_grid(load("2b-3t-v0"), "deadline").between((1,)) == []


def test_grid_search_tuning_finds_an_urgency_between_the_values_of_the_grid(monkeypatch):
    config = patient_day()
    days = training_seeds(20)
    fine = tune(config, "deadline", days)
    monkeypatch.setattr(Grid, "between", lambda *_: [])
    assert fine.training_cents <= tune(config, "deadline", days).training_cents


def test_grid_search_tuning_tells_the_edge_of_its_grid(monkeypatch):
    parts = family_grid(patient_day(), "liquidity_aware")
    largest, urgency = (axis.values[-1] for axis in parts.axes)
    policy = LiquidityAwarePolicy(target_buffer=largest, urgency_threshold=urgency)
    assert parts.edges(policy) == (f"target_buffer {largest:,}",)  # at the longest deadline all is urgent: no edge
    smaller = LiquidityAwarePolicy(target_buffer=parts.axes[0].values[-2], urgency_threshold=urgency)
    assert parts.edges(smaller) == ()
    assert family_grid(patient_day(), "small_first").edges(TreePolicy(**tree_of("small_first", 40.0))) == ()
    monkeypatch.setattr(families, "SPLITS", (2,))
    assert tune(random_day(), "liquidity_splitting", training_seeds(2)).edges == ("max_splits 2",)


def tree_of(name, ticks):
    return {"file": str(policy_path(name)), "parameters": {"urgent_ticks": ticks}}


def cost_of(config, policy, seeds, shares):
    """Mean cents in training."""
    return evaluate_policy(config, policy, seeds, shares if grid.has_pool(config) else None).totals().mean()


@pytest.mark.parametrize("family", ALL_FAMILIES)
@pytest.mark.parametrize("scenario", ["2b-3t-v0", "bis-box3-v0", "castro-2period-v0", "two-banks-v0"])
def test_grid_search_tuning_is_never_worse_than_untuned_forms(scenario, family):
    config, seeds = load(scenario), training_seeds(6)
    found = tune(config, family, seeds)
    played = seeds if scenario != "castro-2period-v0" else seeds[:1]
    for policy in untuned_forms(config, family):
        for shares in untuned_shares(config):
            assert found.training_cents <= cost_of(config, policy, played, shares)


def test_grid_search_tuning_is_never_worse_than_patience_on_few_days():
    """The grid stopped at 8 ticks: where only longer urgencies pay, tuned:deadline was worse than FIFO."""
    config, seeds = patient_day(), training_seeds(8)
    fifo = min(cost_of(config, FifoPolicy(), seeds, shares) for shares in untuned_shares(config))
    assert tune(config, "deadline", seeds).training_cents <= fifo


def test_grid_search_tuning_starts_from_unequal_configured_shares_too():
    """From the best common share it is too far to go bank by bank; the scenario's own shares are tried as well."""
    config = patient_day(liquidity_allocation_fraction=0.0)
    seeds = training_seeds(5)
    found = search_shares(config, FifoPolicy(), seeds)
    assert found.training_cents <= cost_of(config, FifoPolicy(), seeds, (0.0, 1.0))


def test_grid_search_tuning_falls_back_to_the_scenarios_own_parameters(monkeypatch):
    own = DeadlinePolicy(urgency_threshold=17)
    config = random_day(pool=None)
    banks = tuple(bank.model_copy(update={"policy": own}) for bank in config.banks)
    config = config.model_copy(update={"banks": banks})
    assert own in untuned_forms(config, "deadline")
    assert own not in untuned_forms(config, "fifo")
    tree = TreePolicy(file=str(policy_path("small_first")))
    trees = tuple(bank.model_copy(update={"policy": tree}) for bank in config.banks)
    assert tree in untuned_forms(config.model_copy(update={"banks": trees}), "small_first")
    monkeypatch.setattr(families, "graded", lambda _: (0,))
    found = tune(config, "deadline", training_seeds(4))
    assert found.policy == own
    assert found.training_cents <= tune(random_day(pool=None), "deadline", training_seeds(4)).training_cents


def test_grid_search_tuning_plays_a_scenario_without_randomness_once(monkeypatch):
    played = []
    monkeypatch.setattr(grid, "run_scripted", lambda *given: played.append(len(set(given[1]))) or run_scripted(*given))
    tune(load("castro-2period-v0"), "fifo", training_seeds(50))
    assert set(played) == {1}


def test_grid_search_family_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(
        ConfigError, match=r"no decision tree of this name, got 'small_firts'\. Did you mean small_first"
    ):
        family_members(load("castro-12period-v0"), "small_firts")


def test_search_ends_though_every_round_still_helps(monkeypatch):
    monkeypatch.setattr(grid, "MOST_ROUNDS", 1)
    found = search_shares(load("castro-2period-v0"), FifoPolicy(), [1])
    assert found.shares == (0.12, 0.2)  # each round goes eight hundredths from the common share, 20 %, at most


def test_grid_search_many_banks_get_one_share(monkeypatch):
    monkeypatch.setattr(grid, "MOST_OWN_SHARES", 1)
    found = search_shares(load("castro-2period-v0"), FifoPolicy(), [1])
    assert found.shares == (0.2, 0.2)
    assert found.describe() == "pool 20 %"
    assert grid.Tuned(FifoPolicy(), (0.2, 0.25), 0.0).describe() == "pool 20 % / 25 %"


def test_grid_search_without_pools_a_policy_is_tuned_by_its_own_parameters_alone():
    found = tune(random_day(pool=None), "deadline", training_seeds(3))
    assert (found.shares, found.describe()) == (None, f"urgency_threshold {found.policy.urgency_threshold}")
    costs = evaluate_policy(random_day(pool=None), found.policy, training_seeds(3)).totals()
    assert found.training_cents == pytest.approx(costs.mean())


def test_grid_search_replies_that_go_round_in_circles_are_no_equilibrium():
    config, shares = random_day(banks=3, pool=10_000), (0.0, 0.25, 0.5, 0.75, 1.0)
    with pytest.raises(ValueError, match="random-day: best replies with fifo do not settle"):
        equilibrium_shares(config, FifoPolicy(), [8], grid=shares)
