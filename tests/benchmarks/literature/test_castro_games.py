"""The games of Castro et al. cost what the paper says, in equilibrium and everywhere else."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from benchmarks.literature.castro_games import (
    BASE,
    HUNDREDTH,
    POOL_CENTS,
    REVERSED,
    THREE_PERIODS,
    TWENTIETH,
    TWO_PERIODS,
    Prices,
    closed_form,
    known_demand,
    random_demand,
)
from simcash_env.config import FifoPolicy
from simcash_env.evaluation.equilibrium import LEVELS, Game, Strategy
from simcash_env.evaluation.evaluate import evaluate_policy, with_common_policy
from simcash_env.evaluation.rollout import run_scripted

CHEAP_DELAY = Prices.of("0.2", "0.1", "0.4")
SWEEP = [Prices.of("0.1", delay, "0.4") for delay in ("0.01", "0.3")]
PAIRS = list(product(range(21), repeat=2))


def costs_of(demands, prices, unit, pairs):
    """(pairs, banks) cents of everything released at once."""
    config = with_common_policy(known_demand(demands, prices, unit), FifoPolicy())
    shares = np.array(pairs) / 20
    return run_scripted(config, [1] * len(pairs), shares).sum(axis=2).tolist()


@pytest.mark.parametrize("prices", [BASE, REVERSED, CHEAP_DELAY, *SWEEP])
@pytest.mark.parametrize("demands", [TWO_PERIODS, THREE_PERIODS])
def test_castro_costs_are_the_papers_at_every_pair_of_shares(demands, prices):
    found = costs_of(demands, prices, TWENTIETH, PAIRS)
    expected = [closed_form(demands, prices, [level * TWENTIETH for level in pair]) for pair in PAIRS]
    assert found == [[POOL_CENTS * cost for cost in row] for row in expected]


@pytest.mark.parametrize(
    ("liquidity", "costs"),
    [
        (("0", "0.2"), ("0", "0.02")),  # the equilibrium of section 6.3
        (("0", "0"), ("0.06", "0.11")),  # A borrows 0.15; B delays 0.15 and borrows 0.2
        (("0", "0.15"), ("0", "0.035")),  # B pays A, and borrows 0.05
        (("0.15", "0.2"), ("0.015", "0.02")),
        (("0", "0.1"), ("0.02", "0.06")),  # B sends 0.1 of 0.15: A borrows 0.05; B delays 0.05, borrows 0.1
        (("0.05", "0.1"), ("0.005", "0.06")),
    ],
)
def test_castro_two_period_costs_by_hand(liquidity, costs):
    given = [Fraction(share) for share in liquidity]
    assert closed_form(TWO_PERIODS, BASE, given) == [Fraction(cost) for cost in costs]


def test_castro_closed_form_is_the_papers_formula_of_two_periods():
    """R = r_c l + max(P1 - l, 0) r_d + max(P1 + P2 - R1 - l, 0) r_b, with R1 = min(other's l, other's P1)."""
    for prices, pair in product((BASE, REVERSED), PAIRS):
        own = [level * TWENTIETH for level in pair]
        expected = []
        for bank in (0, 1):
            (first, second), received = TWO_PERIODS[bank], min(own[1 - bank], TWO_PERIODS[1 - bank][0])
            delayed, short = max(first - own[bank], 0), max(first + second - received - own[bank], 0)
            expected.append(prices.liquidity * own[bank] + prices.delay * delayed + prices.borrowing * short)
        assert closed_form(TWO_PERIODS, prices, own) == expected


def test_castro_equilibrium_of_two_periods():
    game = Game(known_demand(TWO_PERIODS, BASE), [1])
    ((profile, cents),) = game.equilibria([Strategy(share) for share in LEVELS])
    assert [choice.share for choice in profile] == [0.0, 0.2]
    assert cents.tolist() == [0, 0.02 * POOL_CENTS]


def test_castro_reversed_costs_are_borrowed_where_nothing_is_delayed():
    """With borrowing at 0.1 and liquidity at 0.4, liquidity only pays if it saves a delay of 0.2 and a debt of 0.1.

    It never does: 0.4 > 0.3. So both banks commit nothing.
    """
    game = Game(known_demand(TWO_PERIODS, REVERSED), [1])
    ((profile, cents),) = game.equilibria([Strategy(share) for share in LEVELS])
    assert [choice.share for choice in profile] == [0.0, 0.0]
    assert cents.tolist() == [0.015 * POOL_CENTS, (0.03 + 0.02) * POOL_CENTS]


def test_castro_indivisible_payment_waits_for_its_whole_amount():
    """Of one large payment nothing settles without its whole amount."""
    config = with_common_policy(known_demand(THREE_PERIODS, BASE, HUNDREDTH, whole=[("B", 1)]), FifoPolicy())
    assert [event.amount for event in config.events if event.from_bank == "B" and event.tick == 1] == [120_000]
    costs = run_scripted(config, [1, 1], [[0.2, 0.2], [0.2, 0.15]]).sum(axis=2)
    assert costs[0].tolist() == [0.02 * POOL_CENTS] * 2
    # B pays 0.15 of 0.2, delays 0.05 and receives 0.2. What is submitted comes before what waits: B pays the 0.2 whole,
    # and the 0.05 wait again. A receives 0.15 and delays 0.05 in period 2. In period 3 both pay everything.
    assert costs[1].tolist() == [12_000 + 6_000, 9_000 + 2 * 6_000]


def test_castro_last_period_of_random_demand_charges_no_delay():
    """Nothing is committed: all payments of a day wait, and the last tick charges borrowing only."""
    costs = evaluate_policy(random_demand(BASE), FifoPolicy(), [3], [0.0, 0.0]).cents[0]
    cheaper = evaluate_policy(random_demand(Prices.of("0.1", "0.1", "0.4")), FifoPolicy(), [3], [0.0, 0.0]).cents[0]
    delay, borrowed = costs[:, 1], costs[:, 5]
    assert (delay > 0).all()
    assert (cheaper[:, 1] * 2 - delay <= 400).all()  # fractions of a cent
    assert (abs(cheaper[:, 5] - borrowed) == 0).all()


def test_castro_free_liquidity_of_random_demand_settles_everything():
    costs = evaluate_policy(random_demand(Prices.of("0", "0.2", "0.4"), pool=False), FifoPolicy(), range(1, 30))
    assert costs.totals().max() == 0
