"""One run from Python: its clock, its payments, its refusals, its records."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from simcash_env.config import load_scenario
from simcash_env.errors import ActionError, ConfigError, SimulationError
from simcash_env.schema.arrays import LOG_COLUMNS
from simcash_env.schema.codes import CostKind, EventKind
from simcash_env.simulation import COST_NAMES, Simulation
from tests import strategies
from tests.budget import examples
from tests.worlds import LIBRARY, busy, quiet

FOUR = {"amount": 100, "deadline": 4}


def still(*, balance=1_000, ticks=4, days=2, events=True, policy="fifo", **parts):
    """Two banks to whom nothing happens of itself; external ones hold in ticks without actions."""
    rows = {
        "format": 1,
        "name": "still",
        "simulation": {"ticks_per_day": ticks, "num_days": days},
        "banks": [
            {"id": "ALFA", "opening_balance": balance, "policy": {"type": policy}},
            {"id": "BRAVO", "policy": {"type": policy}},
        ],
        "costs": {"delay_cost_per_tick_per_cent": 0.1, "deadline_penalty": 70, "eod_penalty": 900},
        **parts,
    }
    return Simulation(load_scenario(rows), events=events, external="hold")


def scripted():
    return busy(scripted=3)


def test_simulation_clock_goes_through_ticks_and_days_to_its_end():
    simulation = still()
    seen = [(result.tick, result.day) for result in simulation.run(8)]
    assert seen == [(tick, tick // 4) for tick in range(8)]
    assert simulation.is_over
    assert simulation.current_tick == simulation.num_ticks == 8
    with pytest.raises(SimulationError, match="all 8 ticks have been closed"):
        simulation.tick()
    assert simulation.run(3) == []


@pytest.mark.parametrize("parts", [(12,), (1,) * 12, (5, 7), (100,)])
def test_simulation_running_so_many_ticks_is_as_many_single_ticks(parts):
    whole, singly = Simulation(scripted()), Simulation(scripted())
    reports = [report for part in parts for report in whole.run(part)]
    wanted = [singly.tick() for _ in range(12)]
    assert [report.costs for report in reports] == [report.costs for report in wanted]
    assert [list(report.events) for report in reports] == [list(report.events) for report in wanted]
    assert whole.summary() == singly.summary()
    assert whole.inspect() == singly.inspect()


def runs_alike(config, begins_at=0, **options):
    """A run of single ticks and one in as few calls as possible end alike, however far the latter had got before."""
    singly, at_once = Simulation(config, events=False, **options), Simulation(config, events=False, **options)
    at_once.run(begins_at)
    while not singly.is_over:
        singly.tick()
    assert at_once.run_to_completion() == singly.summary()
    assert at_once.digest() == singly.digest()
    assert at_once.is_over
    return at_once


@pytest.mark.parametrize("scenario", LIBRARY)
def test_simulation_running_to_the_end_is_as_many_single_ticks(scenario):
    assert runs_alike(scenario, begins_at=1)._engine.needs_nobody


def test_simulation_running_to_the_end_with_banks_that_hold_is_as_many_single_ticks():
    assert not runs_alike(busy(scripted=2), begins_at=2, external="hold")._engine.needs_nobody


@settings(deadline=None, max_examples=examples(10, 50, 1_000), suppress_health_check=[HealthCheck.too_slow])
@given(strategies.scenarios())
def test_simulation_running_to_the_end_of_a_random_scenario_is_as_many_single_ticks(config):
    runs_alike(config)


@pytest.mark.parametrize("scenario", LIBRARY)
def test_simulation_summary_adds_up_what_the_ticks_reported(scenario):
    simulation = Simulation(scenario, events=False)
    reports = simulation.run(simulation.num_ticks)
    summary = simulation.summary()
    assert summary == simulation.run_to_completion()
    assert summary.total_cost == sum(report.total_cost for report in reports)
    assert summary.settled == sum(report.num_settlements for report in reports)
    assert summary.arrived >= sum(report.num_arrivals for report in reports)
    assert summary.lsm_released == sum(report.num_lsm_releases for report in reports)
    assert summary.ticks == simulation.num_ticks
    for bank in simulation.bank_ids:
        by_kind = {kind: sum(report.costs[bank][kind] for report in reports) for kind in summary.costs[bank]}
        assert simulation.costs(bank) == summary.costs[bank] == by_kind


def test_simulation_payment_is_handed_in_settled_and_remembered():
    simulation = still()
    name = simulation.submit_transaction("ALFA", "BRAVO", 300, 4, priority=7)
    assert name == "tx_00000001"
    assert simulation.queue1("ALFA") == [name]
    waiting = simulation.transaction(name)
    assert (waiting.status, waiting.remaining, waiting.arrival_tick, waiting.priority) == ("queue1", 300, 0, 7)
    result = simulation.tick()
    assert (result.num_settlements, simulation.queue1("ALFA"), simulation.queue2()) == (1, [], [])
    assert (simulation.balance("ALFA"), simulation.balance("BRAVO")) == (700, 300)
    settled = simulation.transaction(name)
    assert (settled.status, settled.settled_tick, settled.remaining, settled.amount) == ("settled", 0, 0, 300)
    assert simulation.submit_transaction("BRAVO", "ALFA", 1, 4) == "tx_00000002"


def test_simulation_part_of_a_split_is_remembered_with_its_parent():
    simulation = still(policy="external")
    whole = simulation.submit_transaction("ALFA", "BRAVO", 301, 4, priority=7, divisible=True)
    simulation.tick({"ALFA": {whole: ("split", 2)}})
    parts = [simulation.transaction(f"tx_{number:08d}") for number in (2, 3)]
    assert [part.amount for part in parts] == [150, 151]
    for part in parts:
        assert (part.sender, part.receiver, part.parent_id, part.status) == ("ALFA", "BRAVO", whole, "settled")
        assert (part.remaining, part.arrival_tick, part.deadline_tick, part.priority) == (0, 0, 4, 7)
    assert simulation.transaction(whole).status == "settled"
    with pytest.raises(SimulationError, match="unknown payment 'tx_00000004'"):
        simulation.transaction("tx_00000004")


def test_simulation_payment_older_than_the_events_that_were_kept_is_refused_once_it_has_ended():
    simulation = still(policy="external", events="tick")
    whole = simulation.submit_transaction("ALFA", "BRAVO", 301, 4, divisible=True)
    other = simulation.submit_transaction("ALFA", "BRAVO", 99, 4)
    simulation.tick()
    simulation.log_events(True)
    assert simulation.transaction(whole).status == "queue1"
    simulation.tick({"ALFA": {whole: ("split", 2), other: "release"}})
    for ended in ("tx_00000002", "tx_00000003", "tx_00000004"):
        with pytest.raises(SimulationError, match=f"{ended}: it arrived before the first event that was kept"):
            simulation.transaction(ended)


def test_simulation_events_may_be_kept_from_some_tick_on_and_forgotten_again():
    simulation, straight = Simulation(scripted(), events="tick"), Simulation(scripted())
    straight.run(2)
    before = len(straight.events())
    assert simulation.run(2)[0].events
    assert len(simulation.events()) == 0
    simulation.log_events(True)
    simulation.log_events(True)
    simulation.run(3)
    straight.run(3)
    assert list(simulation.events()) == list(straight.events())[before:]
    simulation.log_events(False)
    assert len(simulation.events()) == 0
    assert simulation.digest() == straight.digest()


def test_simulation_what_cannot_be_funded_waits_in_the_central_queue():
    simulation = still(lsm={"algorithms": []})
    name = simulation.submit_transaction("ALFA", "BRAVO", 5_000, 8)
    assert simulation.tick().queue2_size == 1
    assert simulation.queue2() == [name]
    assert simulation.transaction(name).status == "queue2"


def test_simulation_submission_may_fall_due_on_any_tick_after_this_and_up_to_the_end():
    simulation = still()
    simulation.run(3)
    for deadline in (4, 8):
        name = simulation.submit_transaction("ALFA", "BRAVO", 1, deadline)
        assert simulation.transaction(name).deadline_tick == deadline


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"sender": "ZULU"}, r"sender: unknown bank 'ZULU'; banks are ALFA, BRAVO"),
        ({"receiver": "ZULU"}, r"receiver: unknown bank 'ZULU'"),
        ({"receiver": "ALFA"}, r"receiver: must differ from the sender, got 'ALFA'"),
        ({"amount": 0}, r"amount: must be .*, got 0"),
        ({"amount": -5}, r"amount: must be .*, got -5"),
        ({"amount": 1.5}, r"amount: must be .*, got 1\.5"),
        ({"amount": True}, r"amount: must be .*, got True"),
        ({"amount": 10**15 + 1}, r"amount: must be .*, got 1000000000000001"),
        ({"deadline": 2}, r"deadline: must be a tick from 3 to 8, got 2"),
        ({"deadline": 9}, r"deadline: must be a tick from 3 to 8, got 9"),
        ({"deadline": 4.0}, r"deadline: must be .*, got 4\.0"),
        ({"priority": 11}, r"priority: must be .*, got 11"),
        ({"priority": -1}, r"priority: must be .*, got -1"),
        ({"rtgs_priority": "soon"}, r"rtgs_priority: must be .*, got 'soon'"),
    ],
)
def test_simulation_wrong_submission_is_refused_with_its_field_and_value_and_changes_nothing(wrong, said):
    simulation = still()
    simulation.run(2)
    before = simulation.digest()
    with pytest.raises(SimulationError, match=said):
        simulation.submit_transaction(**{"sender": "ALFA", "receiver": "BRAVO", **FOUR, **wrong})
    assert simulation.digest() == before
    assert len(simulation.events().of_kind(EventKind.ARRIVAL)) == 0


def test_simulation_after_the_end_nothing_can_be_handed_in():
    simulation = still()
    simulation.run_to_completion()
    with pytest.raises(SimulationError, match="the run is over"):
        simulation.submit_transaction("ALFA", "BRAVO", 1, 8)


@pytest.mark.parametrize("ask", ["balance", "queue1", "costs", "posted_collateral", "available_liquidity"])
def test_simulation_question_about_an_unknown_bank_names_the_banks_there_are(ask):
    with pytest.raises(ActionError, match=r"unknown bank 'ZULU'; banks are ALFA, BRAVO"):
        getattr(still(), ask)("ZULU")


@pytest.mark.parametrize(
    ("actions", "levels", "said"),
    [
        ({"ZULU": {}}, {}, r"unknown bank 'ZULU'"),
        ({"ALFA": {"tx_00000009": "release"}}, {}, r"actions\.ALFA\.tx_00000009: this payment is not in"),
        (
            {"ALFA": {"tx_00000001": "pay"}},
            {},
            r"actions\.ALFA\.tx_00000001: must be 'release', 'hold', 'drop'.*, got 'pay'",
        ),
        ({"ALFA": {"tx_00000001": ("split", "2")}}, {}, r"must be 'release', 'hold', 'drop'.*, got \('split', '2'\)"),
        (
            {"ALFA": {"tx_00000001": "release"}},
            {"ALFA": 21},
            r"pool_levels\.ALFA: must be a whole number from 0 to 20, got 21",
        ),
        (
            {"ALFA": {"tx_00000001": "release"}},
            {"ALFA": 3},
            r"pool_levels\.ALFA: can be set .* by banks with a liquidity pool only, got tick 0",
        ),
    ],
)
def test_simulation_wrong_decision_is_refused_and_changes_nothing(actions, levels, said):
    simulation = still(policy="external")
    simulation.submit_transaction("ALFA", "BRAVO", 10, 4)
    simulation.open_tick()
    before = simulation.digest()
    with pytest.raises(ActionError, match=said):
        simulation.tick(actions, pool_levels=levels)
    assert simulation.digest() == before
    assert simulation.tick().num_settlements == 0, "and nothing of it is left for the next tick"


def test_simulation_bank_that_follows_its_policy_takes_no_decisions():
    simulation = still()
    name = simulation.submit_transaction("ALFA", "BRAVO", 10, 4)
    with pytest.raises(ActionError, match=r"actions\.ALFA: this bank follows its policy"):
        simulation.tick({"ALFA": {name: "hold"}})


def test_simulation_decisions_hold_for_one_tick():
    simulation = still(policy="external")
    first = simulation.submit_transaction("ALFA", "BRAVO", 10, 4)
    second = simulation.submit_transaction("ALFA", "BRAVO", 20, 4)
    simulation.tick({"ALFA": {second: "release"}})
    assert simulation.queue1("ALFA") == [first]
    simulation.tick({})
    assert simulation.queue1("ALFA") == [first]


def test_simulation_opened_tick_shows_what_arrives_and_opens_once():
    opened, plain = Simulation(scripted()), Simulation(scripted())
    for _ in range(4):
        opened.open_tick()
        opened.open_tick()
        arrived = sum(len(opened.queue1(bank)) for bank in opened.bank_ids)
        report = plain.tick()
        assert arrived >= report.num_arrivals
        assert list(opened.tick().events) == list(report.events)
    assert opened.digest() == plain.digest()


def test_simulation_what_is_late_is_charged_by_hand():
    """Held from tick 0 past its deadline 2 to the close of tick 3: four delays, one late fee, one close."""
    simulation = still(policy="external", days=1)
    simulation.submit_transaction("ALFA", "BRAVO", 100, 2)
    costs = [simulation.tick().costs["ALFA"] for _ in range(4)]
    assert [cost["deadline_penalty"] for cost in costs] == [0, 0, 0, 70]
    assert [cost["eod_penalty"] for cost in costs] == [0, 0, 0, 900]
    assert [cost["delay"] for cost in costs[:3]] == [10, 10, 10]
    assert simulation.costs("ALFA") == {kind: sum(cost[kind] for cost in costs) for kind in COST_NAMES}
    assert not any(simulation.costs("BRAVO").values())


def test_simulation_columns_of_the_events_are_their_rows():
    simulation = Simulation(scripted())
    simulation.run_to_completion()
    events = simulation.events()
    assert len(events) == len(list(events)) > 100
    for name in LOG_COLUMNS:
        assert np.array_equal(events.column(name), events.rows[:, LOG_COLUMNS.index(name)])
    ticks, kinds = events.column("tick").tolist(), events.column("kind").tolist()
    for event, tick, kind in zip(events, ticks, kinds, strict=True):
        assert (event.tick, event.kind) == (tick, EventKind(kind).label)
        assert event.as_dict()["kind"] == event.kind
    assert (np.diff(events.column("tick")) >= 0).all()
    assert sum(events.counts().values()) == len(events)
    chosen = events.of_kind(EventKind.ARRIVAL, EventKind.END_OF_DAY)
    assert len(chosen) == events.counts()["Arrival"] + events.counts()["EndOfDay"]
    assert list(events[3:6]) == list(events)[3:6] == [events[3], events[4], events[5]]


def test_simulation_costs_are_the_sums_of_their_events():
    simulation = Simulation(scripted())
    simulation.run_to_completion()
    sums = {bank: dict.fromkeys(COST_NAMES, 0) for bank in simulation.bank_ids}
    for event in simulation.events().of_kind(EventKind.COST_ACCRUAL):
        sums[event.bank][event.details["cost"]] += event.amount
    assert sums == {bank: simulation.costs(bank) for bank in simulation.bank_ids}
    assert {kind.name.lower() for kind in CostKind} == set(COST_NAMES)


def test_simulation_every_payment_of_a_day_is_found_again():
    simulation = Simulation(scripted())
    simulation.run_to_completion()
    found = [payment for day in range(2) for payment in simulation.transactions_for_day(day)]
    assert len({payment.id for payment in found}) == len(found) == simulation.summary().arrived
    assert sum(payment.amount for payment in found) == simulation.summary().arrived_cents
    assert all(payment.arrival_tick // 6 == 0 for payment in simulation.transactions_for_day(0))
    assert {"settled", "queue2"} <= {payment.status for payment in found}


def test_simulation_without_events_a_run_is_the_same_and_forgets_what_has_ended():
    silent, logged = Simulation(quiet(), events=False), Simulation(quiet())
    assert silent.run_to_completion() == logged.run_to_completion()
    assert len(silent.events()) == 0 < len(logged.events())
    assert logged.transaction("tx_00000001").status == "settled"
    for ask in (lambda: silent.transaction("tx_00000001"), lambda: silent.transactions_for_day(0)):
        with pytest.raises(SimulationError, match="events=True"):
            ask()


def test_simulation_payment_that_never_was_is_unknown():
    with pytest.raises(SimulationError, match="unknown payment 'tx_00000009'"):
        still().transaction("tx_00000009")


def test_simulation_scenarios_own_seed_is_the_default():
    assert Simulation(quiet()).seed == 3
    assert Simulation(quiet()).run_to_completion() == Simulation(quiet(), seed=3).run_to_completion()


def test_simulation_scenario_that_is_not_there_is_refused():
    with pytest.raises(ConfigError, match="two-banks-v0"):
        Simulation("two-bank-v0")
