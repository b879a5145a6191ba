"""Simulations without a server around them: room, deletion, the end, and going back to what was kept."""

import asyncio
import sqlite3
import threading
from contextlib import contextmanager
from http import HTTPStatus

import pytest

from simcash_env.errors import ConfigError, SimulationError
from simcash_env.service import views
from simcash_env.service.held import Held, Origin
from simcash_env.service.keeper import Keeper
from simcash_env.service.refusals import Refusal
from simcash_env.service.requests import NewSimulation
from simcash_env.service.routes import list_simulations
from simcash_env.service.run import Run
from simcash_env.service.settings import Settings
from simcash_env.service.store import Store
from simcash_env.simulation import Simulation
from tests.forking import forked, needs_fork
from tests.service.processes import FIFO
from tests.worlds import busy, overflowing

PAYMENT = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 5, "deadline": 9}


@contextmanager
def keeping(**settings):
    keeper = Keeper(Settings(**settings))
    keeper.load()
    try:
        yield keeper
    finally:
        asyncio.run(keeper.close())


def made(keeper, scenario="castro-12period-v0", external_policy=FIFO):
    return asyncio.run(keeper.create(NewSimulation(scenario=scenario, seed=1, external_policy=external_policy)))


def tried(file, statement):
    """Change a database behind the back of the service."""
    with sqlite3.connect(file) as connection:
        connection.execute(statement)
    connection.close()


# -- room -------------------------------------------------------------------------------------------------------------


def test_keeper_simulation_that_is_larger_than_the_room_is_not_begun():
    with keeping(max_memory_bytes=1_000) as keeper:
        with pytest.raises(Refusal, match=r"\(--max-memory\): delete some") as refused:
            made(keeper)
        assert refused.value.status == HTTPStatus.INSUFFICIENT_STORAGE
        assert (keeper.held, keeper.num_bytes()) == ({}, 0)


def test_keeper_payment_for_which_there_is_no_room_is_refused_and_changes_nothing():
    with keeping() as keeper:
        num_bytes = made(keeper).nbytes
    with keeping(max_memory_bytes=num_bytes + 100) as keeper:
        held = made(keeper)
        with pytest.raises(Refusal, match=r"bytes more; nothing has changed$") as refused:
            while True:
                before = held.run.digest(), len(held.inputs)
                keeper.submit(held, PAYMENT)
        assert refused.value.status == HTTPStatus.INSUFFICIENT_STORAGE
        assert (held.run.digest(), len(held.inputs)) == before
        assert before[1] > 0
        held.run.limit_growth(None)
        keeper.submit(held, PAYMENT)
        assert len(held.inputs) == before[1] + 1


def test_keeper_call_of_many_ticks_stops_before_the_one_that_finds_no_room():
    config = busy(banks=3, scripted=3, ticks=12, rate=20.0, wealth=500)
    held = Held("one", "now", Origin(config, 3, events=True), Run(config, seed=3, events=True))
    first = held.advance(1, {}, stopping=threading.Event(), room=lambda: True)
    held.run.limit_growth(lambda _: False)
    second = held.advance(23, {}, stopping=threading.Event(), room=lambda: True)
    assert 0 < len(second.reports) < 23
    assert held.reports == [*first.reports, *second.reports]
    alone = Simulation(config, seed=3)
    alone.run(len(held.reports))
    assert held.run.digest() == alone.digest()
    assert sum(map(len, held.run.log_parts())) == len(alone.events())


# -- one call after the other, and the end ----------------------------------------------------------------------------


async def started(keeper, calls):
    """Wait until so many calls are under way."""
    while len(keeper._tasks) < calls:  # noqa: ASYNC110 - what begins a call tells nobody
        await asyncio.sleep(0)


def test_keeper_call_that_waited_while_its_simulation_was_deleted_finds_none():
    async def calls(keeper):
        held = await keeper.create(NewSimulation(scenario="castro-2period-v0"))
        may_end = threading.Event()
        under_way = asyncio.create_task(keeper.exclusively(held, may_end.wait))
        deleting = asyncio.create_task(keeper.delete(held.id))
        late = asyncio.create_task(keeper.exclusively(held, lambda: "done"))
        await started(keeper, 3)
        may_end.set()
        assert await under_way
        await deleting
        with pytest.raises(Refusal, match=f"unknown simulation '{held.id}'") as refused:
            await late
        assert refused.value.status == HTTPStatus.NOT_FOUND

    with keeping() as keeper:
        asyncio.run(calls(keeper))


def test_keeper_what_nobody_waits_for_any_more_is_finished_before_the_end():
    may_end, done = threading.Event(), []

    def work():
        may_end.wait()
        done.append("to its end")

    async def calls():
        keeper = Keeper(Settings())
        caller = asyncio.create_task(keeper.in_thread(work))
        await started(keeper, 1)
        caller.cancel()
        closing = asyncio.create_task(keeper.close())
        await asyncio.wait({caller})
        assert not closing.done()
        may_end.set()
        await closing

    asyncio.run(calls())
    assert done == ["to its end"]


def test_keeper_loop_that_is_ended_at_once_has_nothing_to_complain_of():
    keeper, may_end, complaints = Keeper(Settings()), threading.Event(), []

    async def calls():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context["message"]))
        caller = asyncio.create_task(keeper.in_thread(may_end.wait))
        await started(keeper, 1)
        assert not caller.done()

    asyncio.run(calls())
    may_end.set()
    asyncio.run(keeper.close())
    assert complaints == []


# -- what goes wrong --------------------------------------------------------------------------------------------------

OVERFLOW = "tick 1: a total left the range of int64 cents"


@pytest.mark.usefixtures("unbounded")
def test_keeper_without_a_database_a_run_in_which_a_tick_fails_goes_no_further():
    with keeping() as keeper:
        held = made(keeper, overflowing().model_dump(mode="json"))
        keeper.tick(held, 1, {})
        before = held.run.digest()
        with pytest.raises(SimulationError, match=OVERFLOW):
            keeper.tick(held, 1, {})
        assert (held.run.digest(), len(held.reports)) == (before, 1)
        for again in (lambda: keeper.tick(held, 1, {}), lambda: keeper.submit(held, PAYMENT)):
            with pytest.raises(Refusal, match=f"the run cannot go on: {OVERFLOW}") as refused:
                again()
            assert refused.value.status == HTTPStatus.CONFLICT


@pytest.mark.usefixtures("unbounded")
def test_keeper_with_a_database_a_tick_that_fails_has_not_happened(tmp_path, capsys):
    with keeping(db=tmp_path / "kept.db") as keeper:
        held = made(keeper, overflowing().model_dump(mode="json"))
        keeper.tick(held, 1, {})
        before = held.run.digest(), list(held.reports), held.num_calls
        for count in (1, 2):
            with pytest.raises(SimulationError, match=OVERFLOW):
                keeper.tick(held, count, {})
            assert (held.run.digest(), held.reports, held.num_calls) == before
        assert held.failure is None
        assert capsys.readouterr().err.count("a call failed and is undone") == 2
        keeper._store._connection.execute("UPDATE simulations SET state = x'00112233'")
        with pytest.raises(SimulationError, match=OVERFLOW):
            keeper.tick(held, 1, {})
        with pytest.raises(Refusal, match=f"cannot go on: {OVERFLOW}.*; what was kept cannot be read: .*damaged"):
            keeper.tick(held, 1, {})


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM calls", "0 reports for 3 ticks"),
        ("DROP TABLE calls", "cannot be read: no such table: calls"),
        ("UPDATE calls SET events = x'00112233'", "damaged events: Error -3 while decompressing"),
        ("UPDATE calls SET reports = '['", "Expecting value"),
        ("UPDATE simulations SET origin = '{}'", "'scenario'"),
        ("UPDATE simulations SET origin = '[]'", "list indices must be integers"),
        (
            'UPDATE simulations SET origin = replace(origin, \'"name": "\', \'"name": "\\ud800\')',
            "must be Unicode text",
        ),
    ],
)
def test_keeper_what_cannot_be_read_is_told_and_left_as_it_is(statement, reason, tmp_path):
    file = tmp_path / "kept.db"
    with keeping(db=file) as keeper:
        name = made(keeper).id
        keeper.tick(keeper.find(name), 3, {})
    tried(file, statement)
    with keeping(db=file) as keeper:
        assert keeper.held == {}
        assert reason in keeper.unreadable[name]
        with pytest.raises(Refusal, match=f"simulation '{name}' cannot be read and is left unchanged: ") as refused:
            keeper.find(name)
        assert refused.value.status == HTTPStatus.CONFLICT
        assert keeper._store.names() == [name]


def test_keeper_creation_that_fails_leaves_nothing_behind(tmp_path, monkeypatch):
    """A simulation that could not be shown was held and kept all the same, and nobody learned its id."""

    def fail(*_):
        message = "cannot be written"
        raise SimulationError(message)

    with keeping(db=tmp_path / "kept.db") as keeper:
        shown = views.detail(made(keeper))
        asyncio.run(keeper.delete(shown["id"]))
        for broken, replaced in (("views.detail", lambda _: {**shown, "name": "\ud800"}), ("Store.add", fail)):
            with monkeypatch.context() as patch:
                patch.setattr(f"simcash_env.service.keeper.{broken}", replaced)
                with pytest.raises((ValueError, SimulationError)):
                    made(keeper)
            assert (keeper.held, keeper._store.names()) == ({}, [])


def test_keeper_one_simulation_that_cannot_be_shown_hides_no_other():
    with keeping() as keeper:
        sound, damaged = (made(keeper) for _ in range(2))
        damaged.created = "\ud800"
        listed = asyncio.run(list_simulations(keeper))
    assert [row.id for row in listed.simulations] == [sound.id]
    assert [row.id for row in listed.unreadable] == [damaged.id]
    assert listed.unreadable[0].reason.startswith("cannot be shown: ")
    listed.model_dump_json()


def test_keeper_what_cannot_be_read_can_be_deleted(tmp_path):
    file = tmp_path / "kept.db"
    with keeping(db=file) as keeper:
        sound, damaged = (made(keeper).id for _ in range(2))
    tried(file, f"UPDATE simulations SET state = x'00' WHERE id = '{damaged}'")  # noqa: S608 - an id of ours
    with keeping(db=file) as keeper:
        asyncio.run(keeper.delete(damaged))
        with pytest.raises(Refusal, match=f"unknown simulation '{damaged}'"):
            keeper.find(damaged)
    with keeping(db=file) as keeper:
        assert (list(keeper.held), keeper.unreadable) == ([sound], {})


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("PRAGMA user_version = 9", "has format 9, this version reads format 1"),
        ("PRAGMA application_id = 9", "is the database of another program"),
        ("ALTER TABLE simulations RENAME TO theirs", "cannot be used: no such table: simulations"),
    ],
)
def test_keeper_database_of_another_format_or_without_its_tables_is_refused(statement, rule, tmp_path):
    file = tmp_path / "kept.db"
    Store(file).close()
    tried(file, statement)
    with pytest.raises(ConfigError) as refused:
        Store(file)
    assert str(refused.value) == f"--db: {rule}, got '{file}'"


def test_keeper_write_that_fails_leaves_a_database_that_can_be_written(tmp_path):
    store = Store(tmp_path / "kept.db")
    store.add("one", "now", {}, b"")
    with pytest.raises(SimulationError, match="the database cannot be written: UNIQUE constraint failed"):
        store.add("one", "now", {}, b"")
    store.add("two", "now", {}, b"")
    assert store.names() == ["one", "two"]
    store.close()


def test_keeper_store_another_process_id_is_refused(tmp_path, monkeypatch):
    """A connection to SQLite, and the lock on its file, do not survive a fork."""
    store = Store(tmp_path / "kept.db")
    process = store._process
    monkeypatch.setattr("simcash_env.service.store.os.getpid", lambda: process + 1)
    for call in (store.names, lambda: store.delete("a"), lambda: store.load("a"), store.close):
        with pytest.raises(SimulationError, match=f"opened by process {process}, used by process {process + 1}"):
            call()
    monkeypatch.undo()
    assert store.names() == []
    store.close()


@needs_fork
def test_keeper_fork_without_a_database_works_on():
    with keeping() as keeper:
        before = made(keeper)

        def more():
            after = made(keeper)
            return len(keeper.held), keeper.tick(keeper.held[after.id], 1, {})[0]["tick"]

        assert forked(more) == (2, 0)
        assert list(keeper.held) == [before.id]
