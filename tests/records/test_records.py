"""A run that was recorded runs again from its record alone, equal event for event, whatever came from outside."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings

from simcash_env.cli import main
from simcash_env.errors import RecordError, SimulationError
from simcash_env.records.columns import BANK_TICKS
from simcash_env.records.database import DatabaseRecord, DatabaseSink
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.records.schema import EVENTS
from simcash_env.simulation import Simulation
from simcash_env.simulation.daily import METRICS
from tests import strategies
from tests.budget import examples
from tests.processes import simcash
from tests.records.worlds import recorded, sign_anew, sinks_for
from tests.worlds import busy

FILES = ("run.parquet", "runs.duckdb")


def rows_of(record):
    return np.concatenate([np.zeros((0, 8), np.int64), *record.chunks()])


@pytest.mark.parametrize("file", FILES)
def test_record_holds_every_event_of_the_run(tmp_path, file):
    simulation = recorded(tmp_path)
    record = open_record(tmp_path / file)
    assert np.array_equal(rows_of(record), simulation.events().rows)
    assert record.facts.status == "complete"
    assert record.facts.digest == simulation.digest()
    assert (record.facts.ticks, record.facts.num_events) == (12, len(simulation.events()))
    found = replay(record)
    assert (found.is_equal, found.ticks, found.num_events) == (True, 12, len(simulation.events()))
    record.close()


@pytest.mark.parametrize("file", FILES)
def test_records_replay_in_another_process_is_equal_event_for_event(tmp_path, file):
    simulation = recorded(tmp_path)
    done = simcash("replay", tmp_path / file, "--json")
    found = json.loads(done.stdout)
    assert (found["is_equal"], found["num_events"]) == (True, len(simulation.events()))


@settings(  # the first example may have to wait for the compiler, and for other processes
    max_examples=examples(10, 25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(config=strategies.scenarios())
def test_records_any_scenario_repeats_from_its_record(tmp_path_factory, config):
    folder = tmp_path_factory.mktemp("run")
    simulation = Simulation(config)
    with Recorder(simulation, sinks_for(folder, simulation), chunk_rows=16) as recorder:
        while not simulation.is_over:
            recorder.tick()
    for file in FILES:
        record = open_record(folder / file)
        assert np.array_equal(rows_of(record), simulation.events().rows)
        assert replay(record).is_equal
        record.close()


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("opened", [False, True])
def test_record_may_begin_in_the_middle_of_a_run(tmp_path, file, opened):
    simulation = Simulation(busy(scripted=3), seed=4)
    simulation.run(5)
    simulation.set_policy("ALFA", "external")
    if opened:
        simulation.open_tick()
    before = len(simulation.events())
    with Recorder(simulation, sinks_for(tmp_path, simulation)) as recorder:
        recorder.tick({"ALFA": dict.fromkeys(simulation.queue1("ALFA"), "hold")})
        while simulation.current_tick < 9:
            recorder.tick()
    record = open_record(tmp_path / file)
    assert (record.facts.first_tick, record.facts.ticks, record.facts.status) == (5, 9, "stopped")
    assert np.array_equal(rows_of(record), simulation.events().rows[before:])
    assert replay(record).is_equal
    record.close()


def test_record_does_not_depend_on_the_size_of_its_chunks(tmp_path):
    tables = []
    for chunk_rows in (1, 50, 10**6):
        folder = tmp_path / str(chunk_rows)
        folder.mkdir()
        recorded(folder, chunk_rows=chunk_rows)
        record = DatabaseRecord(folder / "runs.duckdb")
        sql = record.connection.sql
        tables.append(
            [sql(f"FROM {name} ORDER BY ALL").fetchall() for name in ("events", "bank_ticks", "bank_days", "inputs")]
        )
        record.close()
        tables[-1].append(pq.read_table(folder / "run.parquet").to_pylist())
    assert tables[0] == tables[1] == tables[2]


def test_records_tables_of_banks_are_what_the_accounts_said(tmp_path):
    simulation = Simulation(busy(scripted=3), seed=4)
    samples = []
    sink = DatabaseSink(tmp_path / "runs.duckdb", RunFacts.of(simulation))
    with Recorder(simulation, [sink]) as recorder:
        while simulation.current_tick < 10:
            recorder.tick()
            samples += simulation.sample(BANK_TICKS).T.tolist()
    record = DatabaseRecord(tmp_path / "runs.duckdb")
    found = record.connection.sql("FROM bank_ticks ORDER BY tick, bank").fetchall()
    assert record.connection.sql("FROM bank_ticks").columns == ["run", "tick", "bank", *BANK_TICKS]
    assert [list(row[3:]) for row in found] == samples
    assert record.connection.sql("FROM bank_days").columns == ["run", "day", "bank", *METRICS]
    found = record.connection.sql("FROM bank_days ORDER BY day, bank").fetchall()
    days = [(1, day, bank, *row.values()) for day in (0, 1) for bank, row in simulation.daily_metrics(day).items()]
    assert found == days
    record.close()


def test_records_columns_read_as_people_name_things(tmp_path):
    simulation = recorded(tmp_path)
    table = pq.read_table(tmp_path / "run.parquet")
    assert table.schema.equals(EVENTS, check_metadata=False)
    rows = table.to_pylist()
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    for row, event in zip(rows, simulation.events(), strict=True):
        assert (row["tick"], row["day"], row["kind"]) == (event.tick, event.tick // 6, event.kind)
        assert (row["bank"], row["counterparty"], row["cents"]) == (event.bank, event.counterparty, event.amount)
        assert (None if row["tx"] is None else f"tx_{row['tx']:08d}") == event.tx
        names = [value for value in event.details.values() if isinstance(value, str) and not value.startswith("tx_")]
        assert ([] if row["label"] is None else [row["label"]]) == names
    labels = {row["label"] for row in rows}
    assert {"delay", "normal", "first > go", "second > wait"} & labels
    assert {row["label"] for row in rows if row["kind"] == "StateRegisterSet"} == {
        "bank_state_first",
        "bank_state_second",
    }


def test_records_database_holds_many_runs_and_a_parquet_file_is_replaced(tmp_path):
    first = recorded(tmp_path)
    second = recorded(tmp_path, rate=0.5)
    for run, simulation in ((1, first), (2, second), (None, second)):
        record = DatabaseRecord(tmp_path / "runs.duckdb", run)
        assert np.array_equal(rows_of(record), simulation.events().rows)
        assert replay(record).is_equal
        record.close()
    assert np.array_equal(rows_of(open_record(tmp_path / "run.parquet")), second.events().rows)
    with pytest.raises(RecordError, match="no run 3; there are 2"):
        DatabaseRecord(tmp_path / "runs.duckdb", 3)
    with pytest.raises(RecordError, match="a Parquet file holds one run"):
        open_record(tmp_path / "run.parquet", 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.parquet", "runs.duckdb"]


class Broken(Exception):
    pass


def record_until(error, recorder):
    with recorder:
        for _ in range(7):
            recorder.tick()
        raise error


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (Broken, "failed")])
def test_records_what_was_recorded_until_an_interruption_is_there(tmp_path, error, status):
    simulation = Simulation(busy(scripted=3), seed=4)
    with pytest.raises(error):
        record_until(error, Recorder(simulation, sinks_for(tmp_path, simulation)))
    for file in FILES:
        record = open_record(tmp_path / file)
        assert (record.facts.status, record.facts.ticks) == (status, 7)
        assert replay(record).is_equal
        record.close()


@pytest.mark.parametrize("file", FILES)
def test_records_changed_event_is_found_and_named(tmp_path, file):
    recorded(tmp_path)
    path = tmp_path / file
    if file == "run.parquet":
        table = pq.read_table(path)
        metadata = pq.ParquetFile(path).metadata.metadata
        cents = table["cents"].to_pylist()
        cents[20] = 12_345
        at = table.schema.get_field_index("cents")
        changed = table.set_column(at, "cents", pa.array(cents, pa.int64()))
        pq.write_table(changed.replace_schema_metadata(metadata), path)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.execute("UPDATE events SET cents = 12345 WHERE seq = 20")
    record = open_record(path)
    found = replay(record)
    record.close()
    assert not found.is_equal
    assert found.difference.startswith("event 20: recorded Event(")
    assert "amount=12345" in found.difference
    done = simcash("replay", path)
    assert done.returncode == 1
    assert f"{path}: not equal: event 20" in done.stderr


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM events WHERE seq = {last}", "recorded nothing, replayed Event("),
        ("INSERT INTO events SELECT * REPLACE (seq + 1 AS seq) FROM events WHERE seq = {last}", "the replay is over"),
    ],
)
def test_records_events_too_few_or_too_many_are_found(tmp_path, statement, said):
    simulation = recorded(tmp_path)
    with duckdb.connect(str(tmp_path / "runs.duckdb")) as connection:
        connection.execute(statement.format(last=len(simulation.events()) - 1))
    record = open_record(tmp_path / "runs.duckdb")
    assert said in replay(record).difference
    record.close()


def test_records_event_that_differs_in_no_word_is_shown_as_its_row(tmp_path):
    recorded(tmp_path)
    with duckdb.connect(str(tmp_path / "runs.duckdb")) as connection:
        (seq,) = connection.execute("SELECT min(seq) FROM events WHERE kind = 'CostAccrual'").fetchone()
        connection.execute("UPDATE events SET value_2 = 7 WHERE seq = ?", [seq])
    record = open_record(tmp_path / "runs.duckdb")
    found = replay(record)
    record.close()
    assert re.fullmatch(rf"event {seq}: recorded \[.*, 7\], replayed \[.*, -1\]", found.difference)


def test_records_event_of_a_bank_that_is_not_there_is_refused(tmp_path):
    recorded(tmp_path)
    with duckdb.connect(str(tmp_path / "runs.duckdb")) as connection:
        connection.execute("UPDATE events SET bank = 'ZULU' WHERE seq = 20")
    record = open_record(tmp_path / "runs.duckdb")
    with pytest.raises(RecordError, match=r"runs\.duckdb: events: bank 'ZULU' is unknown to this version, or to"):
        replay(record)
    record.close()


@pytest.mark.parametrize("file", FILES)
def test_records_another_state_at_the_end_is_found_though_every_event_is_equal(tmp_path, file):
    recorded(tmp_path)
    sign_anew(tmp_path / file, digest="0" * 64)
    record = open_record(tmp_path / file)
    assert replay(record).difference == "the state after tick 11 differs though every event is equal"
    record.close()


def test_record_of_other_kernels_is_replayed_and_says_so(tmp_path, capsys):
    recorded(tmp_path)
    sign_anew(tmp_path / "runs.duckdb", kernels="others")
    command = ["replay", str(tmp_path / "runs.duckdb")]
    for quiet in ([], ["--quiet"]):
        with pytest.raises(SystemExit, match="0"):
            main([*command, *quiet])
        written = capsys.readouterr()
        assert "runs.duckdb: equal" in written.out
        assert ("with other kernels (others) than are at work here" in written.err) == (not quiet)


@pytest.mark.parametrize(
    ("changes", "odd"),
    [
        ({"scenario": {}}, "scenario"),
        ({"scenario": {"simulation": {"ticks_per_day": "many"}, "banks": []}}, "scenario"),
        ({"scenario": {"simulation": {"ticks_per_day": 0}, "banks": []}}, "scenario"),
        ({"scenario": {"simulation": {"ticks_per_day": 6}, "banks": [3]}}, "scenario"),
        ({"scenario": {"simulation": {"ticks_per_day": 6}, "banks": [{"id": 3}]}}, "scenario"),
        ({"seed": "3", "digest": None}, "seed, digest"),
    ],
)
def test_records_facts_that_make_no_sense_are_refused_though_their_checksum_fits(tmp_path, changes, odd):
    recorded(tmp_path)
    sign_anew(tmp_path / "run.parquet", **changes)
    with pytest.raises(RecordError, match=rf"run\.parquet: invalid facts of the run: {odd}$"):
        open_record(tmp_path / "run.parquet")


@pytest.mark.parametrize("file", FILES)
def test_records_tick_that_is_refused_after_the_end_leaves_no_trace(tmp_path, file):
    simulation = Simulation(busy(scripted=3), seed=4)
    with Recorder(simulation, sinks_for(tmp_path, simulation)) as recorder:
        while not simulation.is_over:
            recorder.tick()
        with pytest.raises(SimulationError, match="all 12 ticks have been closed"):
            recorder.tick()
    record = open_record(tmp_path / file)
    assert list(record.inputs()) == []
    assert replay(record).is_equal
    record.close()


def test_records_run_that_was_played_past_its_recorder_is_refused(tmp_path):
    simulation = Simulation(busy(scripted=3), seed=4)
    with Recorder(simulation, sinks_for(tmp_path, simulation)) as recorder:
        recorder.tick()
        simulation.tick()
        with pytest.raises(RecordError, match="played past its recorder: tick 1 is missing"):
            recorder.tick()
    with pytest.raises(RecordError, match="the recording is closed"):
        recorder.tick()
    assert recorder.close() is recorder.facts
    with pytest.raises(RecordError, match="without events cannot be recorded"):
        Recorder(Simulation(busy(), events=False), [])


def test_records_another_scenario_or_seed_is_another_run(tmp_path):
    simulation = recorded(tmp_path)
    facts = open_record(tmp_path / "run.parquet").facts
    assert facts.seed == simulation.seed
    assert RunFacts.from_json(facts.to_json()) == facts
    with pytest.raises(RecordError, match="do not fit their checksum"):
        RunFacts.from_json(facts.to_json().replace('"seed": 11', '"seed": 12'))
    with pytest.raises(RecordError, match="a record of format 2, written by version"):
        RunFacts.from_json(facts.to_json().replace('"format": 1', '"format": 2', 1))


def test_records_killed_writer_leaves_a_database_that_can_be_read_and_no_parquet_file(tmp_path):
    program = f"""
import os, sys
from pathlib import Path
from simcash_env.records.recorder import Recorder
from simcash_env.simulation import Simulation
from tests.records.worlds import sinks_for
from tests.worlds import busy
simulation = Simulation(busy(scripted=3), seed=4)
recorder = Recorder(simulation, sinks_for(Path({str(tmp_path)!r}), simulation), chunk_rows=64)
for _ in range(9):
    recorder.tick()
os.kill(os.getpid(), 9)
"""
    old = recorded(tmp_path)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "-c", program], cwd=root, env=environment, check=False)
    assert done.returncode == -9
    assert np.array_equal(rows_of(open_record(tmp_path / "run.parquet")), old.events().rows)
    record = DatabaseRecord(tmp_path / "runs.duckdb", 2)
    assert record.facts.status == "running"
    assert 0 < record.facts.ticks <= 9
    assert replay(record).is_equal
    record.close()
    record = DatabaseRecord(tmp_path / "runs.duckdb", 1)
    assert replay(record).is_equal
    record.close()


def test_records_database_that_is_open_elsewhere_is_refused(tmp_path):
    recorded(tmp_path)
    program = f"import duckdb, sys; c = duckdb.connect({str(tmp_path / 'runs.duckdb')!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        facts = RunFacts.of(Simulation(busy()))
        with pytest.raises(RecordError, match="another process has it open"):
            DatabaseSink(tmp_path / "runs.duckdb", facts)
        other.stdin.close()
    assert open_record(tmp_path / "runs.duckdb").facts.status == "complete"


def test_records_duckdb_draws_no_bar_into_the_data(tmp_path):
    recorded(tmp_path)
    record = DatabaseRecord(tmp_path / "runs.duckdb")
    assert record.connection.sql("SELECT current_setting('enable_progress_bar')").fetchall() == [(False,)]
    record.close()


def test_records_parquet_file_is_not_there_before_the_run_ends(tmp_path):
    simulation = Simulation(busy(scripted=3), seed=4)
    recorder = Recorder(simulation, [ParquetSink(tmp_path / "run.parquet", RunFacts.of(simulation))])
    recorder.tick()
    assert not (tmp_path / "run.parquet").exists()
    recorder.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run.parquet"]
