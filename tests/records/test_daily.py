"""A bank's day, added up from events alone, is what the accounts say tick by tick."""

import numpy as np
import pytest
from hypothesis import given, settings

from simcash_env.errors import SimulationError
from simcash_env.simulation import Simulation
from simcash_env.simulation.daily import METRICS, DayBook
from tests import strategies
from tests.budget import examples
from tests.worlds import busy

MONEY = ("balance_cents", "queue1_cents", "queue2_cents")


def columns(figures):
    return dict(zip(METRICS, figures.T, strict=True))


@settings(max_examples=examples(40, 150), deadline=None)
@given(config=strategies.scenarios())
def test_daily_balances_queues_and_costs_follow_from_the_events_of_any_run(config):
    simulation = Simulation(config, events="tick")
    per_day = config.simulation.ticks_per_day
    opening = simulation.sample(MONEY)
    book, balances, costs = DayBook(opening[0], opening[1] + opening[2], per_day), [], 0
    while not simulation.is_over:
        result = simulation.tick()
        now = simulation.sample(MONEY)
        balances.append(now[0])
        costs = costs + np.array([list(row.values()) for row in result.costs.values()])
        book.add(result.events.rows)
        found = columns(book.figures())
        assert (found["opening_balance_cents"] == opening[0]).all()
        assert (found["closing_balance_cents"] == now[0]).all()
        assert (found["lowest_balance_cents"] == np.min(balances, axis=0)).all()
        assert (found["highest_balance_cents"] == np.max(balances, axis=0)).all()
        assert (found["queued_cents"] == now[1] + now[2]).all()
        assert (found["total_cost_cents"] == costs.sum(axis=1)).all()
        if simulation.current_tick % per_day == 0:
            book.close()
            opening, balances, costs = now, [], 0


def test_daily_day_whose_events_come_in_one_piece_is_that_of_its_ticks():
    simulation = Simulation(busy(scripted=3, ticks=300, days=1))
    simulation.run_to_completion()
    opening = simulation._engine.scenario.view.bank_opening_balance_cents
    whole, parts = (DayBook(opening, 0 * opening, 300) for _ in range(2))
    rows = simulation.events().rows
    whole.add(rows)
    for tick in range(300):
        parts.add(rows[rows[:, 0] == tick])
    assert (whole.figures() == parts.figures()).all()


def test_daily_metrics_of_a_simulation_are_those_of_its_days():
    simulation = Simulation(busy(scripted=3, ticks=6, days=2), seed=4)
    simulation.run(9)
    first, second = simulation.daily_metrics(0), simulation.daily_metrics(1)
    assert list(first) == ["ALFA", "BRAVO", "CHARLIE"]
    for bank in first:
        assert second[bank]["opening_balance_cents"] == first[bank]["closing_balance_cents"]
        assert second[bank]["closing_balance_cents"] == simulation.balance(bank)
        both = {
            kind: first[bank][f"{kind}_cost_cents"] + second[bank][f"{kind}_cost_cents"]
            for kind in simulation.costs(bank)
        }
        assert both == simulation.costs(bank)
    arrived = sum(row["arrived_count"] for day in (first, second) for row in day.values())
    assert arrived == simulation.summary().arrived
    settled = sum(row["settled_cents"] for day in (first, second) for row in day.values())
    assert settled == simulation.summary().settled_cents


@pytest.mark.parametrize("day", [-1, 1, 2, True, "0", 0.0])
def test_daily_day_that_has_not_begun_is_refused(day):
    simulation = Simulation(busy(scripted=3, ticks=6, days=2), seed=4)
    simulation.run(6)
    with pytest.raises(SimulationError, match="day: must be a day that has started"):
        simulation.daily_metrics(day)


def test_daily_metrics_need_the_kept_log():
    simulation = Simulation(busy(scripted=3), events="tick")
    simulation.tick()
    with pytest.raises(SimulationError, match="daily_metrics needs events=True"):
        simulation.daily_metrics(0)
    with pytest.raises(SimulationError, match="transactions_for_day needs events=True"):
        simulation.transactions_for_day(0)
