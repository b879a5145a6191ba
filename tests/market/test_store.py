"""Saved runs: whole or not at all, refused where they are damaged, resumed as if never stopped."""

import hashlib
import os

import pytest

from simcash_env.errors import MarketError, WriteError
from simcash_env.market.processor import MarketRun
from simcash_env.market.store import MARK, MarketStore, run_from_bytes, run_to_bytes
from tests.market.worlds import scheduled


def busy():
    """Orders expire, attempts fail and wait, payments come and go."""
    limits = {"ALFA": {"BRAVO": 500}, "CHARLIE": {"DELTA": 300}}
    return scheduled(payments=True, good_for="tick", market={"counterparty_limits": limits}, ticks=40)


def picture(run):
    plain = [slot.as_dict() for slot in run.slots]
    return run.simulation.digest(), plain, run.ledger.as_dict(), run.statistics(), run.is_done


@pytest.fixture(scope="module")
def uninterrupted():
    run = MarketRun.start(busy(), slots_per_tick=2)
    statistics = run.run()
    assert min(statistics.completed, statistics.failed) > 0
    return picture(run)


@pytest.mark.parametrize("stop", range(25))
def test_store_run_that_is_saved_after_any_slot_ends_like_one_that_never_stopped(stop, uninterrupted, tmp_path):
    store, run = MarketStore(tmp_path), MarketRun.start(busy(), slots_per_tick=2)
    for _ in range(stop):
        run.step()
    store.save("run", run)
    again = store.load("run")
    assert picture(again) == picture(run)
    again.run()
    assert picture(again) == uninterrupted


class Breakdown(Exception):
    """Something fails in the middle."""


@pytest.mark.parametrize("stop", range(24))
def test_store_run_that_breaks_down_in_any_slot_is_resumed_from_what_was_saved_last(
    stop, uninterrupted, tmp_path, monkeypatch
):
    store, run = MarketStore(tmp_path), MarketRun.start(busy(), slots_per_tick=2)
    store.save("run", run)
    place = MarketRun._place

    def broken(self, slot, *rest):
        place(self, slot, *rest)
        if slot.number == stop:
            raise Breakdown

    monkeypatch.setattr(MarketRun, "_place", broken)
    with pytest.raises(Breakdown):
        run.run(lambda one: store.save("run", one))
    monkeypatch.setattr(MarketRun, "_place", place)
    again = store.load("run")
    assert again.cursor == stop
    again.run()
    assert picture(again) == uninterrupted


def test_store_crash_while_writing_leaves_the_old_file(tmp_path, monkeypatch):
    store, run = MarketStore(tmp_path), MarketRun.start(busy())
    store.save("run", run)
    old = store.path("run").read_bytes()
    run.step()

    def broken(_):
        message = "no room"
        raise OSError(message)

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(WriteError, match=r"run\.market: cannot be written: no room"):
        store.save("run", run)
    assert store.path("run").read_bytes() == old
    assert [path.name for path in tmp_path.iterdir()] == ["run.market"]


def damaged():
    data = run_to_bytes(MarketRun.start(busy()))
    body = data[len(MARK) + 32 :]
    other = body.replace(b'"format": 1', b'"format": 9')
    wrong = b'{"format": 1, "version": "x"}'
    half = body.replace(b'"slots"', b'"slotz"')
    return {
        "empty": (b"", "not a saved market run"),
        "foreign": (b"PK\x03\x04" + data, "not a saved market run"),
        "cut": (data[:-1], "it is damaged: its checksum is wrong"),
        "flipped": (data[:200] + bytes([data[200] ^ 1]) + data[201:], "it is damaged: its checksum is wrong"),
        "another format": (MARK + hashlib.sha256(other).digest() + other, "it is of another version"),
        "another version": (MARK + hashlib.sha256(wrong).digest() + wrong, "it is of another version"),
        "no JSON": (MARK + hashlib.sha256(b"{").digest() + b"{", "it cannot be read: Expecting"),
        "a list": (MARK + hashlib.sha256(b"[]").digest() + b"[]", "it cannot be read: it holds no mapping"),
        "without slots": (MARK + hashlib.sha256(half).digest() + half, "it cannot be read"),
    }


@pytest.mark.parametrize("kind", list(damaged()))
def test_store_damaged_or_foreign_file_is_refused_and_left_as_it_is(kind, tmp_path):
    data, problem = damaged()[kind]
    store = MarketStore(tmp_path)
    store.write("run", data)
    with pytest.raises(MarketError, match=problem) as refusal:
        store.load("run")
    assert str(store.path("run")) in str(refusal.value)
    assert store.path("run").read_bytes() == data
    listed = store.list()
    assert [one.name for one in listed] == ["run"]
    assert problem in listed[0].problem or kind == "without slots"


def test_store_runs_are_listed_and_deleted_by_name(tmp_path):
    store, run = MarketStore(tmp_path / "runs"), MarketRun.start(busy())
    assert store.list() == []
    run.step()
    store.save("monday", run)
    store.save("a.second-one", run)
    assert [(one.name, one.scenario, one.cursor, one.slots) for one in store.list()] == [
        ("a.second-one", "scheduled", 1, 24),
        ("monday", "scheduled", 1, 24),
    ]
    store.delete("monday")
    assert [one.name for one in store.list()] == ["a.second-one"]
    with pytest.raises(MarketError, match="no saved run has this name"):
        store.delete("monday")
    with pytest.raises(MarketError, match="cannot be read: No such file"):
        store.load("monday")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "a b", "x" * 101])
def test_store_name_cannot_lead_elsewhere(name, tmp_path):
    with pytest.raises(MarketError, match="name: must be letters, digits"):
        MarketStore(tmp_path).path(name)


def test_store_bytes_come_back_as_they_were():
    run = MarketRun.start(busy(), slots_per_tick=2)
    for _ in range(7):
        run.step()
    data = run_to_bytes(run)
    assert run_to_bytes(run_from_bytes(data)) == data
