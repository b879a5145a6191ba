"""Figures by tick of a simulation, for the viewer: the same as in the tables of the run."""

import pytest

from simcash_env.config import load_scenario
from simcash_env.service.track import Track
from simcash_env.simulation import Simulation


def followed(name, seed=3, ticks=None):
    """A track of a whole run, and the run."""
    simulation = Simulation(name, seed=seed, external="release")
    for _ in range(ticks or simulation.num_ticks):
        simulation.tick()
    track = Track(load_scenario(name), seed, "release")
    track.extend_to(simulation.current_tick, [])
    return track, simulation


@pytest.mark.parametrize("name", ["crisis-v0", "money-market-v0"])
def test_track_columns_equal_the_tables_of_the_run(name):
    track, simulation = followed(name)
    tables, content = simulation.tables(), track.content(0, simulation.bank_ids)
    system, by_tick = content["system"], tables["system_by_tick"]
    for own, column in (("arrived", "arrived_cents"), ("settled", "settled_cents"), ("dropped", "dropped_cents")):
        assert system[own] == by_tick[column].to_pylist()
    assert system["queue1"] == by_tick["queue1_cents"].to_pylist()
    assert system["queue2"] == by_tick["queue2_cents"].to_pylist()
    for mechanism, column in content["settled_by"].items():
        assert column == by_tick[f"settled_{mechanism}_cents"].to_pylist()
    summary = simulation.summary()
    assert sum(system["cost"]) == sum(sum(costs.values()) for costs in summary.costs.values())
    for kind, column in content["costs"].items():
        assert sum(column) == sum(costs[kind] for costs in summary.costs.values())
    rows = tables["banks_by_tick"].to_pydict()
    for bank, columns in content["banks"].items():
        own = [at for at, name in enumerate(rows["bank"]) if name == bank]
        assert columns["balance"] == [rows["balance_cents"][at] for at in own]
        assert columns["queue1"] == [rows["queue1_cents"][at] for at in own]
        assert sum(columns["cost"]) == sum(summary.costs[bank].values())
        assert columns["available"][-1] == simulation.available_liquidity(bank)
    assert [position for bank in content["banks"].values() for position in bank["position"][-1:]] == track.positions(
        simulation.num_ticks
    )
    assert track.positions(0) == [0] * len(simulation.bank_ids)


def test_track_names_the_loans_of_the_market():
    track, simulation = followed("money-market-v0")
    trades = track.content(0, ())["trades"]
    events = [event for event in simulation.events() if event.kind == "MarketTrade"]
    assert [(one["tick"], one["lender"], one["borrower"], one["cents"]) for one in trades] == [
        (event.tick, event.bank, event.counterparty, event.amount) for event in events
    ]
    assert trades
    later = track.content(trades[0]["tick"] + 1, ())["trades"]
    assert later == [one for one in trades if one["tick"] > trades[0]["tick"]]


def test_track_grows_in_parts_to_the_same_figures_and_begins_again_after_a_step_back():
    whole, _ = followed("ten-banks-v0", ticks=300)  # more ticks than it makes room for at first
    parts = Track(load_scenario("ten-banks-v0"), 3, "release")
    for tick in (1, 1, 255, 256, 300):
        parts.extend_to(tick, [])
    assert parts.content(0, ["BANK_01"]) == whole.content(0, ["BANK_01"])
    assert (
        parts.content(290, ["BANK_01"])["banks"]["BANK_01"]["balance"]
        == whole.content(0, ["BANK_01"])["banks"]["BANK_01"]["balance"][290:]
    )
    parts.extend_to(20, [])
    assert parts.num_ticks == 20
    assert parts.content(0, ())["system"]["settled"] == whole.content(0, ())["system"]["settled"][:20]
    assert parts.nbytes > 0
    assert parts.content(500, ())["from_tick"] == 20


def test_track_repeats_what_came_in_from_outside():
    simulation = Simulation("castro-12period-v0", seed=4)
    inputs = []
    for tick in range(3):
        simulation.open_tick()
        payment = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 500}
        simulation.submit_transaction(**payment)
        orders = {"actions": {"BANK_A": dict.fromkeys(simulation.queue1("BANK_A"), "release")}}
        simulation.tick(orders["actions"])
        inputs += [{"tick": tick, "submit": payment}, {"tick": tick, "orders": orders}]
    track = Track(load_scenario("castro-12period-v0"), 4, "release")
    track.extend_to(3, inputs)
    columns = track.content(0, ["BANK_A", "BANK_B"])["banks"]
    for bank in ("BANK_A", "BANK_B"):
        assert columns[bank]["balance"][-1] == simulation.balance(bank)
