"""The published equilibria are found, by enumeration and by replies in turn, and nothing can be gained there."""

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
from tests.baselines.worlds import random_day

GAMES = [("castro-2period-v0", (0.0, 0.2), (0, 2_000)), ("castro-3period-v0", (0.2, 0.2), (6_000, 6_000))]


@pytest.mark.parametrize(("scenario", "shares", "costs"), GAMES)
def test_enumeration_finds_the_published_equilibrium_and_no_other(scenario, shares, costs):
    ((profile, cents),) = Game(load(scenario), [1]).equilibria(strategies([FifoPolicy()]))
    assert tuple(choice.share for choice in profile) == shares
    assert tuple(cents) == costs


@pytest.mark.parametrize(("scenario", "shares", "costs"), GAMES)
def test_nothing_can_be_gained_at_the_equilibrium_with_other_policies_either(scenario, shares, costs):
    game = Game(load(scenario), [1])
    profile = tuple(Strategy(share) for share in shares)
    choices = strategies([FifoPolicy(), *(DeadlinePolicy(urgency_threshold=ticks) for ticks in range(3))])
    found = game.exploitability(profile, choices)
    assert found.costs == costs
    assert found.relative(sum(costs)) < 0.01
    elsewhere = game.exploitability((Strategy(0.5), Strategy(0.5)), choices)
    assert elsewhere.relative(sum(costs)) > 0.5


def test_the_closed_form_leads_to_the_equilibrium_of_the_two_period_game():
    owed = {"A": (0.0, 0.15), "B": (0.15, 0.05)}
    chosen = {"A": 1.0, "B": 1.0}
    for _ in range(3):
        chosen = {
            one: castro_best_response(owed[one], owed[other], chosen[other]) for one, other in (("A", "B"), ("B", "A"))
        }
    assert chosen == {"A": 0.0, "B": pytest.approx(0.2)}


def test_the_closed_form_is_the_best_reply_on_the_grid_where_payments_are_whole():
    game = Game(load("castro-2period-v0"), [1])
    for level in (0.0, 0.15, 0.2, 0.5, 1.0):
        reply, _ = game.best_response((Strategy(1.0), Strategy(level)), 0, strategies([FifoPolicy()]))
        assert reply.share == pytest.approx(castro_best_response((0.0, 0.15), (0.15, 0.05), level))
        reply, _ = game.best_response((Strategy(level), Strategy(1.0)), 1, strategies([FifoPolicy()]))
        assert reply.share == pytest.approx(castro_best_response((0.15, 0.05), (0.0, 0.15), level))


def test_replies_in_turn_end_at_the_equilibrium_or_say_that_they_do_not():
    game = Game(load("castro-3period-v0"), [1])
    choices = strategies([FifoPolicy()])
    assert game.follow_best_responses((Strategy(1.0), Strategy(0.0)), choices) == (Strategy(0.2), Strategy(0.2))
    assert game.follow_best_responses((Strategy(1.0), Strategy(0.0)), choices, rounds=1) is None


def test_what_a_bank_plays_is_among_its_choices_so_that_no_gain_is_negative():
    game = Game(random_day(pool=100_000), [1, 2, 3])
    found = game.exploitability((Strategy(0.13), Strategy(0.21)), strategies([FifoPolicy()], LEVELS[::5]))
    assert min(found.gains) >= 0
    assert found.cents == max(found.gains)


def test_a_game_of_too_many_profiles_is_refused():
    with pytest.raises(ValueError, match="more than 200,000 profiles"):
        Game(load("ten-banks-v0"), [1]).equilibria(strategies([FifoPolicy()]))


def test_exploitability_of_anything_that_can_be_played():
    costs = {("x", "x"): (5.0, 5.0), ("y", "x"): (3.0, 9.0), ("x", "y"): (9.0, 6.0)}

    def costs_of(profile):
        return dict(zip("AB", costs[profile["A"], profile["B"]], strict=True))

    found = exploitability_of(costs_of, {"A": "x", "B": "x"}, {"A": ["y"], "B": ["y"]})
    assert found == Exploitability((5.0, 5.0), (2.0, 0.0))
    assert found.relative() == pytest.approx(0.2)
