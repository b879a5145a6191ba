"""The penalty has mean zero for whoever does not know the future, and the bound stays below every policy."""

import numpy as np
import pytest

from simcash_env.config import FifoPolicy
from simcash_env.errors import ConfigError
from simcash_env.evaluation import penalised
from simcash_env.evaluation.arrivals import arrived_days, flows
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.clairvoyant import clairvoyant_bound
from simcash_env.evaluation.evaluate import evaluate_policy, with_common_policy
from simcash_env.evaluation.penalised import Penalty, fitted_penalty, penalised_costs
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.evaluation.test_clairvoyant import POLICIES, world

ANY = AllowedDecisions(pool="any")
CREDIT = world(pool=None, rules={"delay_cost_scope": "both"})


@pytest.fixture(autouse=True)
def few(monkeypatch):
    monkeypatch.setattr(penalised, "MEAN_DAYS", 60)
    monkeypatch.setattr(penalised, "FITTING_DAYS", 10)
    monkeypatch.setattr(penalised, "STEPS", 5)


def balances(config, policy, seed):
    """(banks, ticks) balance after every tick."""
    simulation = Simulation(with_common_policy(config, policy), seed=seed, events=False)
    found = []
    while not simulation.is_over:
        simulation.tick()
        found.append([simulation.balance(bank) for bank in simulation.bank_ids])
    return np.array(found, float).T


def test_penalty_of_a_script_has_mean_zero():
    config, lags = CREDIT, 3
    seeds, ticks = range(2_000_000, 2_000_150), config.simulation.num_ticks
    arrivals = [flows(arrived, ticks) for arrived in arrived_days(config, seeds)]
    means = np.mean([flows(arrived, ticks) for arrived in arrived_days(config, range(1, 151))], axis=0)
    charged = []
    for seed, arrived in zip(seeds, arrivals, strict=True):
        held, surprise = balances(config, FifoPolicy(), seed), arrived - means
        charged.append([(surprise[0][:, lag:] * held[:, : ticks - lag]).sum() for lag in range(1, lags + 1)])
    mean, error = np.mean(charged, axis=0), np.std(charged, axis=0) / np.sqrt(len(charged))
    assert (np.abs(mean) < 4 * error).all()


def test_penalised_without_weights_is_the_relaxed_clairvoyant_bound():
    penalty = fitted_penalty(CREDIT, ANY)
    nothing = Penalty(np.zeros_like(penalty.weights), penalty.means, penalty.scale_cents)
    with_penalty, plain = penalised_costs(CREDIT, [1, 2], ANY, nothing)
    assert with_penalty.tolist() == plain.tolist()
    relaxed = [clairvoyant_bound(CREDIT, seed, ANY, relaxed=True).cents for seed in (1, 2)]
    assert plain == pytest.approx(relaxed, rel=1e-4, abs=0.01)


def test_penalised_fit_is_no_lower_on_its_training_days_and_below_every_script_on_test_days():
    penalty = fitted_penalty(CREDIT, AllowedDecisions("any_time", 9, "any"))
    seeds = range(2_000_000, 2_000_020)
    with_penalty, _ = penalised_costs(CREDIT, seeds, AllowedDecisions("any_time", 9, "any"), penalty)
    for policy in POLICIES:
        assert with_penalty.mean() <= evaluate_policy(CREDIT, policy, seeds).totals().mean()
    nothing = fitted_penalty(load("castro-2period-v0"), ANY)
    assert not nothing.weights.any()  # nothing is random, so there is nothing to be charged for


def test_penalised_fit_where_payments_settle_in_one_tick():
    config = world(pool=None, ticks=1, rules={"delay_cost_scope": "both"})
    assert fitted_penalty(config, ANY).weights.tolist() == [0.0, 0.0]


def test_penalised_dependent_arrivals_are_refused():
    row = CREDIT.model_copy(update={"simulation": CREDIT.simulation.model_copy(update={"day_factor_log_std": 0.2})})
    with pytest.raises(ConfigError, match=r"simulation\.day_factor_log_std: .*do not depend.*got 0\.2"):
        fitted_penalty(row, ANY)
    recorded = CREDIT.model_copy()
    object.__setattr__(recorded, "arrivals", object())
    with pytest.raises(ConfigError, match="drawn tick by tick"):
        fitted_penalty(recorded, ANY)
