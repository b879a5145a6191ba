"""Recorded runs in the service: repeated to the event, and shown at every tick."""

import asyncio

import pytest

from simcash_env.errors import OrderError, RecordError, RoomError
from simcash_env.records.database import DatabaseSink
from simcash_env.records.facts import RunFacts
from simcash_env.records.inputs import Input
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.recorder import Recorder
from simcash_env.service.keeper import Keeper
from simcash_env.service.recorded_runs import read_recorded
from simcash_env.service.refusals import Refusal
from simcash_env.service.settings import Settings
from simcash_env.simulation import Simulation


def recorded(path, name="castro-12period-v0", ticks=None, prepare=None, play=None, external="release"):
    """Record a run; returns the simulation."""
    simulation = Simulation(name, seed=5, events="tick", external=external)
    if prepare is not None:
        prepare(simulation)
    sink = DatabaseSink if path.suffix == ".duckdb" else ParquetSink
    with Recorder(simulation, [sink(path, RunFacts.of(simulation))]) as recorder:
        for _ in range(ticks or simulation.num_ticks):
            (play or (lambda one: one.tick()))(recorder)
    return simulation


def opened(path, **settings):
    """The simulation that repeats a record, in a service of its own."""
    keeper = Keeper(Settings(**settings))
    keeper.load()
    try:
        return asyncio.run(keeper.add(lambda: read_recorded(path, path.name)))
    finally:
        asyncio.run(keeper.close())


@pytest.mark.parametrize("ending", ["parquet", "duckdb"])
def test_recorded_run_is_repeated_to_its_last_tick(tmp_path, ending):
    def play(recorder):
        recorder.open_tick()
        recorder.submit_transaction("BANK_A", "BANK_B", 700)
        recorder.tick({"BANK_A": dict.fromkeys(recorder.simulation.queue1("BANK_A"), "release")})

    path = tmp_path / f"run.{ending}"
    simulation = recorded(path, ticks=7, play=play)
    held = opened(path)
    assert held.run.current_tick == len(held.reports) == 7
    assert [held.run.balance(bank) for bank in held.run.bank_ids] == [
        simulation.balance(bank) for bank in simulation.bank_ids
    ]
    (notice,) = held.origin.notices
    assert notice.startswith(f"recorded in run.{ending} by version ")
    assert "events repeated" in notice


def test_recorded_run_is_kept_in_the_database(tmp_path):
    path = tmp_path / "run.parquet"
    recorded(path, ticks=4)
    held = opened(path, db=tmp_path / "runs.db")
    keeper = Keeper(Settings(db=tmp_path / "runs.db"))
    keeper.load()
    again = keeper.held[held.id]
    assert (again.run.current_tick, again.run.digest()) == (4, held.run.digest())
    assert keeper.tick(again, 1, {})
    asyncio.run(keeper.close())


def test_recorded_run_follows_policies_that_were_set_before_it(tmp_path):
    path = tmp_path / "run.parquet"
    simulation = Simulation("castro-12period-v0", seed=5, events="tick")
    with Recorder(simulation, [ParquetSink(path, RunFacts.of(simulation))]) as recorder:
        recorder.set_policy("BANK_A", {"type": "deadline", "urgency_threshold": 2})
        recorder.tick()
    held = opened(path)
    assert held.run.policy("BANK_A") == {"type": "deadline", "urgency_threshold": 2}
    assert held.run.balance("BANK_A") == simulation.balance("BANK_A")


def test_recorded_run_repeats_orders_in_the_market(tmp_path):
    def play(recorder):
        first = recorder.place_order("EAST_1", "ask", 0.01, 100)
        recorder.cancel_order(first)
        with pytest.raises(OrderError):
            recorder.place_order("EAST_1", "ask", 99.0, 100)
        recorder.tick()

    path = tmp_path / "run.parquet"
    simulation = recorded(path, "money-market-v0", ticks=3, play=play)
    held = opened(path)
    assert len(held.run.orders()) == len(simulation.orders())
    assert {next(key for key in entry if key != "tick") for entry in held.inputs} == {"order", "cancel"}


def test_recorded_run_that_changes_a_policy_on_the_way_is_refused(tmp_path):
    path = tmp_path / "run.parquet"
    simulation = Simulation("castro-12period-v0", seed=5, events="tick")
    with Recorder(simulation, [ParquetSink(path, RunFacts.of(simulation))]) as recorder:
        recorder.tick()
        recorder.set_policy("BANK_A", "fifo")
        recorder.tick()
    with pytest.raises(RecordError, match=r"run.parquet: a policy is changed at tick 1; the viewer shows runs"):
        opened(path)


def test_recorded_run_that_begins_in_the_middle_is_refused(tmp_path):
    path = tmp_path / "run.parquet"
    recorded(path, ticks=2, prepare=lambda simulation: simulation.tick())
    with pytest.raises(RecordError, match=r"run.parquet: begins at tick 1, in the middle of a run"):
        opened(path)


def test_recorded_run_whose_repetition_differs_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "run.parquet"
    recorded(path, ticks=2)
    monkeypatch.setattr("simcash_env.records.parquet.ParquetRecord.inputs", lambda _: iter(
        [Input(0, 0, "submit", '{"sender": "BANK_A", "receiver": "BANK_B", "amount": 5}')]
    ))  # fmt: skip
    with pytest.raises(RecordError, match=r"run.parquet: its repetition differs: event 0"):
        opened(path)


def test_recorded_run_of_a_scenario_that_cannot_be_run_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "run.parquet"
    simulation = Simulation("castro-12period-v0", seed=5, events="tick")
    with Recorder(simulation, [ParquetSink(path, RunFacts.of(simulation))]) as recorder:
        recorder.set_policy("BANK_A", "fifo")
        recorder.tick()

    def refuse(*_):
        from simcash_env.errors import ConfigError, Fault

        raise ConfigError([Fault(None, None, "policy", None, "is not known any more")])

    monkeypatch.setattr("simcash_env.service.recorded_runs.with_policy", refuse)
    with pytest.raises(RecordError, match=r"cannot run the recorded scenario: policy: is not known any more"):
        opened(path)


def test_recorded_run_that_is_no_record_names_the_file_that_was_given(tmp_path):
    path = tmp_path / "other.parquet"
    path.write_text("no record", encoding="utf-8")
    with pytest.raises(RecordError, match=r"^mine.parquet: neither a Parquet nor a DuckDB file"):
        read_recorded(path, "mine.parquet")


def test_recorded_run_that_is_larger_than_the_room_is_not_kept(tmp_path, monkeypatch):
    path = tmp_path / "run.parquet"
    recorded(path)
    origin, part = read_recorded(path, "run.parquet")
    with pytest.raises(RoomError, match="the recorded run is repeated up to tick 0 of 12"):
        origin_held(origin).follow(part, lambda: False)
    monkeypatch.setattr("simcash_env.service.keeper.Held.follow", raise_no_room)
    with pytest.raises(Refusal, match=r"\(--max-memory\): delete some; no room"):
        opened(path)


def origin_held(origin):
    from simcash_env.service.held import Held

    return Held("one", "now", origin, origin.new_run())


def raise_no_room(*_):
    message = "no room"
    raise RoomError(message)


def test_recorded_run_with_payments_before_the_arrivals_of_their_tick_is_refused(tmp_path):
    def play(recorder):
        recorder.submit_transaction("BANK_A", "BANK_B", 700)
        recorder.tick()

    path = tmp_path / "run.parquet"
    recorded(path, ticks=3, play=play)
    with pytest.raises(RecordError, match=r"run.parquet: a payment came in at tick 0 before its arrivals"):
        opened(path)
