"""Exact expectations over payments that arrive with a probability."""

from fractions import Fraction

import pytest

from simcash_env.config import FifoPolicy, load_scenario
from simcash_env.errors import ConfigError
from simcash_env.evaluation.evaluate import evaluate_policy, with_common_policy
from simcash_env.evaluation.outcomes import MOST_EVENTS, expected_costs, outcomes
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.registry import load
from tests.evaluation.worlds import random_day


def uncertain(*probabilities, every=None):
    """Two banks without liquidity; A owes 1,000 cents once for each probability, at a delay cost of 0.1 per tick."""
    payment = {"type": "payment", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 1_000, "every": every}
    return load_scenario(
        {
            "format": 1,
            "name": "uncertain",
            "rules": {"set": "standard", "delay_cost_scope": "both"},
            "simulation": {"ticks_per_day": 2, "num_days": 1},
            "banks": [{"id": name, "policy": {"type": "fifo"}} for name in "AB"],
            "events": [{**payment, "probability": probability} for probability in probabilities],
            "costs": {"delay_cost_per_tick_per_cent": 0.1, "eod_penalty": 0, "deadline_penalty": 0},
        }
    )


def test_outcomes_probabilities_are_exact_and_sum_to_one():
    found = outcomes(uncertain(0.1, 0.99, None))
    assert [outcome.probability for outcome in found] == [
        Fraction(99, 1000), Fraction(1, 1000), Fraction(891, 1000), Fraction(9, 1000),
    ]  # fmt: skip
    assert [outcome.arrives for outcome in found] == [(True, True), (True, False), (False, True), (False, False)]
    assert [len(outcome.config.events) for outcome in found] == [3, 2, 2, 1]
    assert all(event.probability is None for outcome in found for event in outcome.config.events)


def test_outcomes_impossible_ones_are_left_out():
    assert [outcome.arrives for outcome in outcomes(uncertain(0.0, 1.0))] == [(False, True)]
    (only,) = outcomes(uncertain(None))
    assert (only.probability, only.arrives) == (1, ())


def test_outcomes_expected_costs_by_hand():
    """Each payment that arrives waits two ticks at 100 cents: 200 x (0.1 + 0.99 + 1)."""
    assert expected_costs(uncertain(0.1, 0.99, None)) == {"A": Fraction(418), "B": Fraction(0)}


def test_outcomes_drawn_runs_agree_with_the_expectation():
    config = with_common_policy(load("bis-box3-v1"), FifoPolicy())
    drawn = evaluate_policy(config, FifoPolicy(), training_seeds(4_000), [0.25, 0.25]).totals()
    exact = float(expected_costs(config, [0.25, 0.25])["FOCAL"])
    assert abs(drawn.mean() - exact) < 4 * drawn.std() / 4_000**0.5


def test_outcomes_scenario_that_cannot_be_enumerated_is_refused():
    with pytest.raises(ConfigError, match=r"events.0.every: an uncertain payment may not repeat here, got 1"):
        outcomes(uncertain(0.5, every=1))
    with pytest.raises(ConfigError, match=f"events: at most {MOST_EVENTS} payments with a probability, got 13"):
        outcomes(uncertain(*[0.5] * 13))
    with pytest.raises(ConfigError, match="random-day: outcomes are counted for payment events only"):
        outcomes(random_day())
