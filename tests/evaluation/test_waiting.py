"""What waits at the least: a formula that meets the programmes, and errors of a sample with mean zero."""

import numpy as np
import pytest

from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import load_scenario
from simcash_env.evaluation.arrivals import arrived_days, flows
from simcash_env.evaluation.bank_days import BankDay
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.seeds import fresh_seeds
from simcash_env.evaluation.share_search import NOTHING, OfShare
from simcash_env.evaluation.two_stage import own_days, own_observation_bound
from simcash_env.evaluation.waiting import SHARES, own_flows, sampling_errors, waiting_cents
from simcash_env.registry import load
from tests.evaluation.test_two_stage import FIFO, SEEDS

ANY = AllowedDecisions(pool="any")


def moved(config, seeds, bank):
    """(days, 2, ticks) cents that arrive for a bank to send and to receive."""
    return np.array([flows(day, config.simulation.num_ticks)[:, bank] for day in arrived_days(config, seeds)])


@pytest.mark.parametrize("name", ["castro-12period-v0", "2b-3t-v0", "5b-12t-v0"])
def test_waiting_costs_what_the_programme_with_fractions_costs(name):
    config, bank = load(name), 1
    compiled, seeds = compile_scenario(config), SEEDS[:8]
    found = waiting_cents(config, compiled, bank, moved(config, seeds, bank))
    days = [BankDay(config, compiled, day, ANY, bank) for day in arrived_days(config, seeds)]
    for share in SHARES[[40, 80, 120]]:
        allocated = int(share * compiled.view.bank_pool_cents[bank])
        programmed = np.mean([day.relaxed_cost(allocated)[0] for day in days])
        assert found.at(share) == pytest.approx(programmed, rel=0.002, abs=10)


def test_waiting_of_a_day_by_hand():
    row = load("2b-3t-v0").model_dump(mode="json")
    row["banks"][0] |= {"opening_balance": 1_000, "liquidity_pool": 10_240}
    row["switches"]["deferred_crediting"] = True
    config = load_scenario(row)
    price = row["costs"]["delay_cost_per_tick_per_cent"]
    day = np.array([[[6_000.0, 2_000.0, 0.0], [0.0, 3_000.0, 500.0]]])  # to send, to receive
    found = waiting_cents(config, compile_scenario(config), 0, day)
    # 6 000, then 8 000, then 8 000 less the 3 000 of the tick before are to be paid from 1 000 and the share
    assert found.at(0.0) == pytest.approx(price * (5_000 + 7_000 + 4_000))
    assert found.at(0.5) == pytest.approx(price * (7_000 - 5_120))
    assert found.at(1.0) == 0.0
    row["switches"]["deferred_crediting"] = False
    at_once = load_scenario(row)
    found = waiting_cents(at_once, compile_scenario(at_once), 0, day)
    assert found.at(0.0) == pytest.approx(price * (5_000 + 4_000 + 3_500))


def test_waiting_is_not_counted_where_queue_2_is_free_of_charge():
    row = load("2b-3t-v0").model_dump(mode="json")
    row["rules"] = "standard"
    config = load_scenario(row)
    compiled = compile_scenario(config)
    assert not compiled.view.is_delay_charged_in_queue2[0]
    assert waiting_cents(config, compiled, 0, np.ones((1, 2, 3))) is NOTHING


def test_sampling_errors_have_mean_zero_and_are_what_the_days_were_short_of():
    config = load("2b-3t-v0")
    compiled, share = compile_scenario(config), 0.05
    flows_of = {seed: own_flows(config, seed, 25) for seed in range(1, 121)}
    errors = np.array(
        [[one.at(share) for one in sampling_errors(config, compiled, moved, 5)] for moved in flows_of.values()]
    )
    assert (np.abs(errors.mean(axis=0)) < 4 * errors.std(axis=0) / np.sqrt(len(errors))).all()
    sample, others = (waiting_cents(config, compiled, 0, part[:, :, 0]) for part in np.split(flows_of[7], [5]))
    assert errors[6][0] == pytest.approx(others.at(share) - sample.at(share))


def test_own_flows_are_those_of_the_days_after_own_first_arrivals():
    config = load("2b-3t-v0")
    found = own_flows(config, 7, 4)
    for bank, days in enumerate(own_days(config, 7, 4)):
        assert (found[:, :, bank] == [flows(day, 3)[:, bank] for day in days]).all()


def test_own_observation_bounds_of_few_days_are_close_to_each_other(monkeypatch):
    """The correction takes out most of what the days that happened to be drawn say about the cost."""
    config = load("2b-3t-v0")

    def spread():
        few, more = (own_observation_bound(config, SEEDS[:5], days, ANY, FIFO).values for days in (5, 25))
        return np.abs(few - more).mean()

    with_errors = spread()
    monkeypatch.setattr(
        "simcash_env.evaluation.two_stage.sampling_errors", lambda config, *_: [NOTHING] * len(config.banks)
    )
    assert with_errors < spread() / 2


def test_fresh_seeds_begin_alike_however_many():
    assert fresh_seeds(3, 50)[:7] == fresh_seeds(3, 7)
    assert len(set(fresh_seeds(3, 50))) == 50
    assert min(fresh_seeds(3, 50)) > 0


def test_function_of_share_is_least_between_two_shares():
    found = OfShare(np.array([0.0, 0.5, 1.0]), np.array([4.0, -2.0, 6.0]))
    assert found.at(0.25) == 1.0
    assert found.least(0.0, 1.0) == -2.0
    assert found.least(0.6, 0.9) == pytest.approx(-0.4)
