from pathlib import Path

import numpy as np
import pytest

from simcash_env.config import FifoPolicy
from simcash_env.config.policies import TreePolicy
from simcash_env.errors import ConfigError, SimulationError
from simcash_env.evaluation import grid_search as grid
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import ALL_FAMILIES, equilibrium_shares, family_members, search_shares, tune
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds, validation_seeds
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.baselines.worlds import random_day


@pytest.mark.parametrize(("scenario", "shares"), [("castro-2period-v0", (0.0, 0.2)), ("castro-3period-v0", (0.2, 0.2))])
@pytest.mark.parametrize("start", [0.0, 0.5, 1.0])
def test_best_replies_lead_to_the_published_equilibrium(scenario, shares, start):
    assert equilibrium_shares(load(scenario), FifoPolicy(), [1], start=start) == shares


def test_the_cheapest_shares_of_the_two_period_game_are_its_equilibrium():
    found = search_shares(load("castro-2period-v0"), FifoPolicy(), [1])
    assert found.shares == (0.0, 0.2)
    assert found.training_cents == 2_000


def test_tuning_beats_half_the_pool_and_every_level_of_the_coarse_grid():
    config = load("castro-12period-v0")
    seeds = training_seeds(60)
    found = tune(config, "fifo", seeds)
    for level in range(21):
        cents = evaluate_policy(config, FifoPolicy(), seeds, [level / 20] * 2).totals().mean()
        assert found.training_cents <= cents
    cents = evaluate_policy(config, found.policy, seeds, found.shares).totals().mean()
    assert cents == pytest.approx(found.training_cents)


def test_a_run_in_the_batch_is_the_simulations_run():
    config = random_day(days=2)
    config = config.model_copy(
        update={"banks": tuple(bank.model_copy(update={"policy": FifoPolicy()}) for bank in config.banks)}
    )
    costs = run_scripted(config, [1, 2, 99])
    for place, seed in enumerate([1, 2, 99]):
        summary = Simulation(config, seed=seed, events=False).run_to_completion()
        assert costs[place].sum() == summary.total_cost
        np.testing.assert_array_equal(costs[place], [list(summary.costs[bank].values()) for bank in ("A", "B")])


def test_many_payments_at_once_make_the_batch_grow():
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


def test_an_external_bank_cannot_be_run_without_a_policy():
    with pytest.raises(SimulationError, match="A, B"):
        run_scripted(random_day(), [1])


def test_seeds_of_training_validation_and_test_never_meet():
    everything = [set(training_seeds(5_000)), set(validation_seeds(5_000)), set(held_out_seeds(5_000))]
    assert len(set.union(*everything)) == 15_000
    with pytest.raises(ValueError, match="1000000"):
        training_seeds(10, skip=999_999)


@pytest.mark.parametrize("family", ALL_FAMILIES)
def test_a_family_tries_no_policy_twice(family):
    members = family_members(load("castro-12period-v0"), family)
    assert len(members) == len({member.model_dump_json() for member in members})
    assert {Path(member.file).stem if isinstance(member, TreePolicy) else member.type for member in members} == {family}


def test_a_family_that_is_none_is_refused_with_those_that_are():
    with pytest.raises(ConfigError, match="no decision tree of this name, did you mean small_first"):
        family_members(load("castro-12period-v0"), "small_firts")


def test_a_search_ends_though_every_round_still_helps(monkeypatch):
    monkeypatch.setattr(grid, "MOST_ROUNDS", 1)
    found = search_shares(load("castro-2period-v0"), FifoPolicy(), [1])
    assert found.shares == (0.12, 0.2)  # each round goes eight hundredths from the common share, 20 %, at most


def test_without_pools_a_policy_is_tuned_by_its_own_parameters_alone():
    found = tune(random_day(pool=None), "deadline", training_seeds(3))
    assert (found.shares, found.describe()) == (None, f"urgency_threshold {found.policy.urgency_threshold}")
    costs = evaluate_policy(random_day(pool=None), found.policy, training_seeds(3)).totals()
    assert found.training_cents == pytest.approx(costs.mean())


def test_replies_that_go_round_in_circles_are_no_equilibrium():
    config, shares = random_day(banks=3, pool=10_000), (0.0, 0.25, 0.5, 0.75, 1.0)
    with pytest.raises(ValueError, match="random-day: best replies with fifo do not settle"):
        equilibrium_shares(config, FifoPolicy(), [8], grid=shares)
