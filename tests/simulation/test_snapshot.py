"""A run that was saved resumes exactly; what is damaged or foreign is refused and changes nothing."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcash_env import registry
from simcash_env.errors import SnapshotError
from simcash_env.simulation import Simulation
from simcash_env.simulation.snapshot import ARRAYS, Snapshot, read_snapshot
from tests import strategies
from tests.budget import examples
from tests.worlds import LIBRARY, busy, quiet


def rest_of(simulation):
    """Everything that happens from here on."""
    simulation.run_to_completion()
    return simulation.summary(), list(simulation.events())


@pytest.mark.parametrize("events", [True, False])
def test_snapshot_run_resumes_from_every_tick_open_or_closed(events):
    straight = Simulation(busy(scripted=3), seed=4, events=events)
    expected = rest_of(straight.fork())
    while not straight.is_over:
        for _ in range(2):  # between two ticks, then with the next one open
            resumed = Simulation(busy(scripted=3), seed=99)
            resumed.restore(straight.snapshot())
            assert resumed.digest() == straight.digest()
            assert rest_of(resumed) == expected
            straight.open_tick()
        straight.tick()


@settings(max_examples=examples(8, 20), deadline=None)
@given(config=strategies.scenarios(), ticks=st.integers(0, 5))
def test_snapshot_any_run_resumes_from_a_file(tmp_path_factory, config, ticks):
    simulation = Simulation(config)
    simulation.run(ticks)
    path = tmp_path_factory.mktemp("saved") / "run.snapshot"
    simulation.save(path)
    loaded = Simulation.load(path)
    assert loaded.config == config
    assert rest_of(loaded) == rest_of(simulation)
    assert [file.name for file in path.parent.iterdir()] == ["run.snapshot"]


@pytest.mark.parametrize("name", LIBRARY)
def test_snapshot_scenario_of_the_library_comes_back_from_a_file(tmp_path, name):
    config = registry.load(name)
    simulation = Simulation(config)
    simulation.save(tmp_path / "run")
    assert Simulation.load(tmp_path / "run").config == config


def test_snapshot_fork_goes_its_own_way():
    simulation = Simulation(quiet(), seed=2)
    simulation.run(3)
    fork, before = simulation.fork(), simulation.digest()
    fork.submit_transaction("ALFA", "BRAVO", 100, deadline=8)
    fork.tick()
    assert simulation.digest() == before
    simulation.tick()
    assert simulation.digest() != fork.digest()


def test_snapshot_of_another_scenario_is_refused():
    simulation, other = Simulation(quiet(), seed=2), Simulation(quiet(ticks=11), seed=2)
    before = simulation.digest()
    with pytest.raises(SnapshotError, match="another scenario"):
        simulation.restore(other.snapshot())
    assert simulation.digest() == before


@settings(max_examples=examples(100, 200), deadline=None)
@given(data=st.data())
def test_snapshot_damaged_bytes_are_refused(data):
    simulation = Simulation(quiet(ticks=3, days=1), seed=2)
    simulation.tick()
    good, before = simulation.snapshot(), simulation.digest()
    where = data.draw(st.integers(0, len(good) - 1))
    if data.draw(st.booleans()):
        bad = good[:where]
    else:
        bad = good[:where] + bytes([good[where] ^ data.draw(st.integers(1, 255))]) + good[where + 1 :]
    with pytest.raises(SnapshotError, match="damaged"):
        simulation.restore(bad)
    assert simulation.digest() == before


def test_snapshot_of_another_format_or_layout_is_refused():
    simulation = Simulation(quiet(), seed=2)
    read = read_snapshot(simulation.snapshot())
    arrays = {name: getattr(read, name) for name in ARRAYS}
    for change in ({"format": 2}, {"layout": "0" * 64}):
        with pytest.raises(SnapshotError, match="written by version"):
            simulation.restore(Snapshot({**read.header, **change}, **arrays).to_bytes())
    with pytest.raises(SnapshotError, match="does not fit"):
        simulation.restore(Snapshot(read.header, **{**arrays, "row": np.zeros(3, np.int64)}).to_bytes())


def test_snapshot_row_with_the_parts_of_another_scenario_is_refused():
    simulation, larger = Simulation(quiet(), seed=2), Simulation(busy(), seed=2)
    read, other = read_snapshot(simulation.snapshot()), read_snapshot(larger.snapshot())
    with pytest.raises(SnapshotError, match="has not the parts of this scenario"):
        simulation.restore(Snapshot(read.header, other.row, other.sizes, other.log, other.open_log).to_bytes())


def test_snapshot_file_that_is_not_there_or_no_snapshot_is_named(tmp_path):
    with pytest.raises(SnapshotError, match="nothing"):
        Simulation.load(tmp_path / "nothing")
    (tmp_path / "text").write_text(json.dumps({"a": 1}))
    with pytest.raises(SnapshotError, match="text: snapshot: damaged, or not a snapshot"):
        Simulation.load(tmp_path / "text")
    assert json.loads((tmp_path / "text").read_text()) == {"a": 1}
