"""The published equilibria are found, by enumeration and by replies in turn, and nothing can be gained there."""

from fractions import Fraction
from itertools import product

import pytest

from simcash_env.config import DeadlinePolicy, FifoPolicy
from simcash_env.evaluation.equilibrium import (
    LEVELS,
    Exploitability,
    Game,
    Strategy,
    castro_best_response,
    exploitability_of,
    strategies,
)
from simcash_env.registry import load
from tests.evaluation.worlds import random_day

GAMES = [("castro-2period-v0", (0.0, 0.2), (0, 2_000)), ("castro-3period-v0", (0.2, 0.2), (6_000, 6_000))]

LIQUIDITY, DELAY, BORROWING = Fraction("0.1"), Fraction("0.2"), Fraction("0.4")
"""The paper's prices: r_c a day, r_d a period, r_b at the close; all per unit of money."""


def two_period_costs(first, second):
    """Costs of banks A and B of the two-period game by cases; A owes (0, 0.15), B (0.15, 0.05); whole payments."""
    large, small = Fraction("0.15"), Fraction("0.05")
    is_b_early = second >= large
    is_a_paid = first + (large if is_b_early else 0) >= large
    is_small_paid = second - (large if is_b_early else 0) >= small
    cost_of_a = LIQUIDITY * first + (0 if is_a_paid else BORROWING * large)
    cost_of_b = LIQUIDITY * second + (0 if is_b_early else (DELAY + BORROWING) * large)
    return cost_of_a, cost_of_b + (0 if is_small_paid else BORROWING * small)


def three_period_costs(first, second):
    """The same of the three-period game; both owe (0.2, 0.2, 0), so that only the number of payments counts."""
    payment, liquidity = Fraction("0.2"), [first, second]
    costs, unpaid = [LIQUIDITY * first, LIQUIDITY * second], [0, 0]
    for new, price in ((1, DELAY), (1, DELAY), (0, BORROWING)):
        owed = [count + new for count in unpaid]
        paid = [min(count, int(own // payment)) for count, own in zip(owed, liquidity, strict=True)]
        unpaid = [count - out for count, out in zip(owed, paid, strict=True)]
        liquidity = [own + (back - out) * payment for own, out, back in zip(liquidity, paid, paid[::-1], strict=True)]
        costs = [cost + price * count * payment for cost, count in zip(costs, unpaid, strict=True)]
    return tuple(costs)


@pytest.mark.parametrize(
    ("scenario", "closed_form", "pool"),
    [("castro-2period-v0", two_period_costs, 100_000), ("castro-3period-v0", three_period_costs, 300_000)],
)
def test_equilibrium_castro_costs_are_the_papers_at_every_pair_of_shares(scenario, closed_form, pool):
    """The end-of-day penalty was 4,000 bps: with the last tick's delay an unpaid cent cost 0.6 instead of 0.4."""
    pairs = list(product(LEVELS, repeat=2))
    found = Game(load(scenario), [1]).costs([(Strategy(one), Strategy(other)) for one, other in pairs])
    levels = [(Fraction(round(20 * one), 20), Fraction(round(20 * other), 20)) for one, other in pairs]
    assert [tuple(row) for row in found.tolist()] == [
        tuple(float(cost * pool) for cost in closed_form(one, other)) for one, other in levels
    ]


@pytest.mark.parametrize(
    ("shares", "costs"),
    [((0, 0), (6_000, 11_000)), ((0, 0.15), (0, 3_500)), ((0.15, 0.2), (1_500, 2_000)), ((0, 0.2), (0, 2_000))],
)
def test_equilibrium_castro_two_period_costs_published(shares, costs):
    """Castro and others, sec. 6.3: (0.06, 0.11), (0, 0.035), (0.015, 0.02) and (0, 0.02) of the pool."""
    found = Game(load("castro-2period-v0"), [1]).costs([tuple(Strategy(share) for share in shares)])
    assert tuple(found[0]) == costs


@pytest.mark.parametrize(
    ("shares", "costs"), [((0, 0), (84_000, 84_000)), ((0, 0.2), (48_000, 18_000)), ((0.2, 0.2), (6_000, 6_000))]
)
def test_equilibrium_castro_three_period_costs_by_hand(shares, costs):
    """Shares (0, 0): 60,000 wait in tick 0 and 120,000 in tick 1 at 0.2, 120,000 are borrowed at 0.4.

    Shares (0, 0.2): A waits with 60,000 in ticks 0 and 1 (24,000) and borrows 60,000 (24,000). B pays 6,000 for
    liquidity and waits with 60,000 in tick 1 (12,000) until A's payment of that tick can be used.
    """
    found = Game(load("castro-3period-v0"), [1]).costs([tuple(Strategy(share) for share in shares)])
    assert tuple(found[0]) == costs


@pytest.mark.parametrize("scenario", [name for name, _, _ in GAMES])
def test_equilibrium_castro_drop_is_never_cheaper_than_failing(scenario):
    config = load(scenario)
    costs = config.costs
    delay_bps = config.simulation.num_ticks * round(10_000 * costs.delay_cost_per_tick_per_cent)
    assert costs.drop_penalty.bps >= delay_bps + costs.eod_penalty.bps


@pytest.mark.parametrize(("scenario", "shares", "costs"), GAMES)
def test_equilibrium_enumeration_finds_the_published_equilibrium_and_no_other(scenario, shares, costs):
    ((profile, cents),) = Game(load(scenario), [1]).equilibria(strategies([FifoPolicy()]))
    assert tuple(choice.share for choice in profile) == shares
    assert tuple(cents) == costs


@pytest.mark.parametrize(("scenario", "shares", "costs"), GAMES)
def test_equilibrium_nothing_can_be_gained_at_the_equilibrium_with_other_policies_either(scenario, shares, costs):
    game = Game(load(scenario), [1])
    profile = tuple(Strategy(share) for share in shares)
    choices = strategies([FifoPolicy(), *(DeadlinePolicy(urgency_threshold=ticks) for ticks in range(3))])
    found = game.exploitability(profile, choices)
    assert found.costs == costs
    assert found.relative(sum(costs)) < 0.01
    elsewhere = game.exploitability((Strategy(0.5), Strategy(0.5)), choices)
    assert elsewhere.relative(sum(costs)) > 0.5


def test_equilibrium_closed_form_leads_to_the_equilibrium_of_the_two_period_game():
    owed = {"A": (0.0, 0.15), "B": (0.15, 0.05)}
    chosen = {"A": 1.0, "B": 1.0}
    for _ in range(3):
        chosen = {
            one: castro_best_response(owed[one], owed[other], chosen[other]) for one, other in (("A", "B"), ("B", "A"))
        }
    assert chosen == {"A": 0.0, "B": pytest.approx(0.2)}


def test_equilibrium_closed_form_is_the_best_reply_on_the_grid_where_payments_are_whole():
    game = Game(load("castro-2period-v0"), [1])
    for level in (0.0, 0.15, 0.2, 0.5, 1.0):
        reply, _ = game.best_response((Strategy(1.0), Strategy(level)), 0, strategies([FifoPolicy()]))
        assert reply.share == pytest.approx(castro_best_response((0.0, 0.15), (0.15, 0.05), level))
        reply, _ = game.best_response((Strategy(level), Strategy(1.0)), 1, strategies([FifoPolicy()]))
        assert reply.share == pytest.approx(castro_best_response((0.15, 0.05), (0.0, 0.15), level))


def test_equilibrium_replies_in_turn_end_at_the_equilibrium_or_say_that_they_do_not():
    game = Game(load("castro-3period-v0"), [1])
    choices = strategies([FifoPolicy()])
    assert game.follow_best_responses((Strategy(1.0), Strategy(0.0)), choices) == (Strategy(0.2), Strategy(0.2))
    assert game.follow_best_responses((Strategy(1.0), Strategy(0.0)), choices, rounds=1) is None


def test_equilibrium_what_a_bank_plays_is_among_its_choices_so_that_no_gain_is_negative():
    game = Game(random_day(pool=100_000), [1, 2, 3])
    found = game.exploitability((Strategy(0.13), Strategy(0.21)), strategies([FifoPolicy()], LEVELS[::5]))
    assert min(found.gains) >= 0
    assert found.cents == max(found.gains)


def test_equilibrium_game_of_too_many_profiles_is_refused():
    with pytest.raises(ValueError, match="more than 200,000 profiles"):
        Game(load("ten-banks-v0"), [1]).equilibria(strategies([FifoPolicy()]))


def test_equilibrium_exploitability_of_anything_that_can_be_played():
    costs = {("x", "x"): (5.0, 5.0), ("y", "x"): (3.0, 9.0), ("x", "y"): (9.0, 6.0)}

    def costs_of(profile):
        return dict(zip("AB", costs[profile["A"], profile["B"]], strict=True))

    found = exploitability_of(costs_of, {"A": "x", "B": "x"}, {"A": ["y"], "B": ["y"]})
    assert found == Exploitability((5.0, 5.0), (2.0, 0.0))
    assert found.relative() == pytest.approx(0.2)
