"""Runs with a market: orders from outside are recorded and given in again, interest and loans are in the day's figures."""

import pytest

from simcash_env.errors import ActionError, OrderError
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.records.worlds import sinks_for

SCENARIO = "money-market-v0"
FILES = ("run.parquet", "runs.duckdb")


def played(folder):
    """A run in which a learner trades by hand and by ticks, and one order is refused."""
    simulation = Simulation(load(SCENARIO), seed=3)
    learner = next(bank.id for bank in load(SCENARIO).banks if bank.policy.type == "external")
    with Recorder(simulation, sinks_for(folder, simulation)) as recorder:
        while not simulation.is_over:
            tick = simulation.current_tick
            if tick == 1:
                resting = recorder.place_order(learner, "bid", 0.01, 1_000)
                assert recorder.cancel_order(resting)
                with pytest.raises(OrderError, match="lending rate"):
                    recorder.place_order(learner, "bid", 99.0, 1_000)
            orders = {learner: ("bid", 0.045, 50_000 + tick)} if tick % 5 == 2 else {learner: None} if tick == 4 else {}
            recorder.tick({}, orders=orders)
    return simulation


@pytest.mark.parametrize("file", FILES)
def test_market_orders_from_outside_are_given_in_again(tmp_path, file):
    simulation = played(tmp_path)
    kinds = {event.kind for event in simulation.events()}
    assert {"MarketBid", "MarketTrade", "MarketOrderRefused", "MarketOrderCancelled", "LoanRepaid"} <= kinds
    record = open_record(tmp_path / file)
    found = replay(record)
    record.close()
    assert found.is_equal
    assert found.num_events == len(simulation.events())


def test_market_figures_of_the_days_know_loans_and_interest(tmp_path):
    simulation = played(tmp_path)
    days = [simulation.daily_metrics(day) for day in range(load(SCENARIO).simulation.num_days)]
    for bank in simulation.bank_ids:
        assert days[-1][bank]["closing_balance_cents"] == simulation.balance(bank)
        interest = sum(day[bank]["interest_cost_cents"] for day in days)
        assert interest == simulation.costs(bank)["interest"]
        assert sum(day[bank]["total_cost_cents"] for day in days) == sum(simulation.costs(bank).values())
    assert any(simulation.costs(bank)["interest"] for bank in simulation.bank_ids)


@pytest.mark.parametrize("order", [(), ("bid", 0.02), ["bid", 0.02, 100], ("bid", 0.02, 100, 1), (["bid"], 0.02, 100)])
def test_market_what_is_no_order_is_refused_before_anything_changes(order):
    simulation = Simulation(load(SCENARIO))
    learner = next(bank.id for bank in load(SCENARIO).banks if bank.policy.type == "external")
    simulation.open_tick()
    before = simulation.digest()
    with pytest.raises(ActionError, match=rf"orders\.{learner}"):
        simulation.tick({}, orders={learner: order})
    assert simulation.digest() == before
