"""Collateral, withdrawals and resubmissions decided from outside, payment by payment and cent by cent."""

from pathlib import Path
from typing import Any

import pytest

from simcash_env.cli.stepping import StepInput
from simcash_env.errors import ActionError
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.service.requests import TickOrders
from simcash_env.simulation import Simulation
from simcash_env.simulation.decisions import arguments_of
from simcash_env.simulation.engine import Engine
from tests.worlds import busy


def poor(**bank: Any) -> Simulation:
    """ALFA owes what it does not have; it may post 1,000 cents of collateral worth 900."""
    return Simulation(
        {
            "format": 1,
            "name": "poor",
            "simulation": {"ticks_per_day": 6, "num_days": 1, "seed": 1},
            "banks": [
                {
                    "id": "ALFA",
                    "policy": {"type": "external"},
                    "max_collateral_capacity": 1_000,
                    "collateral_haircut": 0.1,
                    **bank,
                },
                {"id": "BRAVO", "policy": {"type": "external"}},
            ],
            "switches": {"queue2_priority_mode": True},
        }
    )


def test_decisions_what_is_posted_pays_and_what_backs_credit_in_use_stays() -> None:
    simulation = poor()
    name = simulation.submit_transaction("ALFA", "BRAVO", 450, 5)
    assert simulation.tick({"ALFA": {name: "release"}}, collateral={"ALFA": 5_000}).num_settlements == 1
    assert simulation.posted_collateral("ALFA") == 1_000, "clipped to capacity"
    simulation.tick(collateral={"ALFA": -(10**9)})
    assert simulation.posted_collateral("ALFA") == 500, "450 cents of credit rest on it"
    asked = [(event.kind, event.amount) for event in simulation.events() if event.kind.startswith("Collateral")]
    assert asked == [("CollateralPost", 1_000), ("CollateralWithdraw", 500)]


def test_decisions_collateral_is_held_as_long_as_the_scenario_wants() -> None:
    simulation = poor(min_holding_ticks=2)
    simulation.tick(collateral={"ALFA": 300})
    simulation.tick(collateral={"ALFA": -300})
    assert simulation.posted_collateral("ALFA") == 300
    simulation.tick(collateral={"ALFA": -300})
    assert simulation.posted_collateral("ALFA") == 0


@pytest.mark.parametrize(
    ("decision", "priority"), [("withdraw", "normal"), (("resubmit", "urgent"), "urgent")], ids=["withdraw", "resubmit"]
)
def test_decisions_payment_taken_out_of_queue_2_waits_in_queue_1_for_another_decision(
    decision: Any, priority: str
) -> None:
    simulation = poor()
    name = simulation.submit_transaction("ALFA", "BRAVO", 450, 5)
    simulation.tick({"ALFA": {name: "release"}})
    assert simulation.queue2() == [name]
    simulation.tick({"ALFA": {name: decision}}, collateral={"ALFA": 1_000})
    assert (simulation.queue1("ALFA"), simulation.queue2()) == ([name], []), "although it could be paid now"
    assert simulation.transaction(name).rtgs_priority == priority
    assert simulation.tick({"ALFA": {name: "release"}}).num_settlements == 1


@pytest.mark.parametrize(
    ("decision", "priority"),
    [("release", "normal"), (("release", "urgent"), "urgent"), (("split", 2, "highly_urgent"), "highly_urgent")],
    ids=["plain", "release", "split"],
)
def test_decisions_release_gives_the_payment_an_rtgs_priority(decision: Any, priority: str) -> None:
    simulation = poor()
    name = simulation.submit_transaction("ALFA", "BRAVO", 450, 5, divisible=True)
    simulation.tick({"ALFA": {name: decision}})
    waiting = [simulation.transaction(part).rtgs_priority for part in simulation.queue2()]
    assert waiting == [priority] * (2 if decision[0] == "split" else 1)


def test_decisions_rtgs_priority_of_a_release_needs_priority_mode() -> None:
    simulation = Simulation(busy(priorities=False), seed=1)
    name = simulation.submit_transaction("ALFA", "BRAVO", 450, 5)
    with pytest.raises(ActionError, match=r"needs a scenario with switches\.queue2_priority_mode, got"):
        simulation.tick({"ALFA": {name: ("release", "urgent")}})


def test_decisions_other_banks_payments_stay_in_queue_2() -> None:
    simulation = poor()
    mine = simulation.submit_transaction("ALFA", "BRAVO", 450, 5)
    theirs = simulation.submit_transaction("BRAVO", "ALFA", 9_000, 5)
    simulation.tick({"ALFA": {mine: "release"}, "BRAVO": {theirs: "release"}})
    simulation.tick({"ALFA": {mine: "withdraw"}})
    assert simulation.queue2() == [theirs]


@pytest.mark.parametrize(
    ("actions", "collateral", "said"),
    [
        (
            {"ALFA": {"tx_00000001": "withdraw"}},
            {},
            "actions.ALFA.tx_00000001: this payment is not in the bank's Queue 2",
        ),
        ({"ALFA": {"tx_00000001": ("resubmit", "soon")}}, {}, "must be 'release', 'hold', 'drop'"),
        ({"ALFA": {"tx_00000001": ("split", 2, "soon")}}, {}, "must be 'release', 'hold', 'drop'"),
        ({"ALFA": {"tx_00000001": ("release", 2, "urgent")}}, {}, "must be 'release', 'hold', 'drop'"),
        ({"ALFA": {"tx_00000001": (2, "urgent")}}, {}, "must be 'release', 'hold', 'drop'"),
        ({"ALFA": {"tx_00000001": (["release"], "urgent")}}, {}, "must be 'release', 'hold', 'drop'"),
        ({}, {"ALFA": 1.5}, "collateral.ALFA: must be a whole number of cents from -10**15 to 10**15, got 1.5"),
        (
            {},
            {"ALFA": 10**16},
            "collateral.ALFA: must be a whole number of cents from -10**15 to 10**15, got 10000000000000000",
        ),
        ({}, {"ZULU": 1}, "unknown bank 'ZULU'"),
    ],
)
def test_wrong_decision_is_refused_and_changes_nothing(actions: Any, collateral: Any, said: str) -> None:
    simulation = poor()
    simulation.submit_transaction("ALFA", "BRAVO", 450, 5)
    simulation.open_tick()
    before = simulation.digest()
    with pytest.raises(ActionError) as error:
        simulation.tick(actions, collateral=collateral)
    assert said in str(error.value)
    assert simulation.digest() == before


def test_decisions_look_at_the_payments_once_however_many_are_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    rows = Engine.live_rows

    def counted(engine: Engine) -> list[int]:
        calls.append(engine)
        return rows(engine)

    simulation = Simulation(busy(rate=12.0))
    simulation.open_tick()
    actions = {bank: dict.fromkeys(simulation.queue1(bank), "release") for bank in ("ALFA", "BRAVO")}
    assert sum(map(len, actions.values())) > 10
    monkeypatch.setattr(Engine, "live_rows", counted)
    monkeypatch.setattr(Engine, "queue1_rows", None)
    simulation.tick(actions)
    assert len(calls) == 1


SHARES = {"pool_shares": {"ALFA": 0.333_333_4}}


@pytest.mark.parametrize("model", [StepInput, TickOrders], ids=["file of actions", "HTTP"])
def test_decisions_pool_share_is_allocated_to_a_millionth(model: Any) -> None:
    simulation = poor(liquidity_pool=9_000_000, liquidity_allocation_fraction=0.5)
    given = model.model_validate({"actions": {}, **SHARES}).model_dump(exclude={"transactions"})
    simulation.tick(**arguments_of(given))
    assert simulation.balance("ALFA") == 2_999_997


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"pool_shares": {"ALFA": 1.5}}, r"pool_shares\.ALFA: must be a number from 0 to 1, got 1\.5"),
        ({"pool_shares": {"ALFA": float("nan")}}, r"pool_shares\.ALFA: must be a number from 0 to 1, got nan"),
        ({"pool_shares": {"ALFA": True}}, r"pool_shares\.ALFA: must be a number from 0 to 1, got True"),
        ({"pool_shares": {"BRAVO": 0.5}}, r"pool_shares\.BRAVO: can be set at tick 0 by banks with a liquidity pool"),
        (SHARES | {"pool_levels": {"ALFA": 3}}, r"pool_shares\.ALFA: the bank has a pool level too; give one of them"),
    ],
)
def test_decisions_pool_share_that_is_none_is_refused_and_changes_nothing(given: Any, said: str) -> None:
    simulation = poor(liquidity_pool=9_000_000)
    simulation.open_tick()
    before = simulation.digest()
    with pytest.raises(ActionError, match=said):
        simulation.tick({}, **given)
    assert simulation.digest() == before


def test_decisions_pool_shares_are_recorded_and_replayed(tmp_path: Path) -> None:
    run, path = poor(liquidity_pool=9_000_000), tmp_path / "run.parquet"
    with Recorder(run, [ParquetSink(path, RunFacts.of(run))]) as recorder:
        recorder.tick({}, **SHARES)
        while not run.is_over:
            recorder.tick()
    record = open_record(path)
    found = replay(record)
    record.close()
    assert found.is_equal, found.difference
