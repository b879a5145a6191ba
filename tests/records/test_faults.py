"""A disk that fills up, a damaged or foreign file: told clearly, and what was there before is as it was."""

import contextlib
import hashlib
import os
import random
import resource
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from simcash_env.cli import main
from simcash_env.errors import RecordError, SimcashError, WriteError
from simcash_env.files import write_atomically
from simcash_env.records.database import DatabaseRecord, DatabaseSink
from simcash_env.records.facts import RunFacts
from simcash_env.records.parquet import ParquetSink
from simcash_env.records.reading import open_record
from simcash_env.records.recorder import Recorder
from simcash_env.records.replay import replay
from simcash_env.records.tables import TABLES
from simcash_env.simulation import Simulation
from tests.budget import slow_but
from tests.records.worlds import recorded, sinks_for
from tests.worlds import busy

ROOT = Path(__file__).parents[2]


def limited(program: str, limit: int) -> subprocess.CompletedProcess[str]:
    """Run a program in a process whose files may not grow past a limit, as on a disk that fills up."""
    head = f"import resource, signal; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("COVERAGE_PROCESS_CONFIG", None)  # what is measured would hit the limit too
    command = [sys.executable, "-c", head + program]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def command(*arguments: object) -> str:
    return f"from simcash_env.cli import main; main({[str(argument) for argument in arguments]!r})"


def warm_up() -> None:
    """Compile what the limited processes run: the cache's own files would hit the limit."""
    Simulation(busy(scripted=3), events="tick").tick()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_faults_saved_simulation_survives_a_write_that_fails_half_way(tmp_path):
    warm_up()
    path = tmp_path / "saved.simcash"
    assert limited(command("create", "ten-banks-v0", path, "--quiet"), 10**9).returncode == 0
    before = digest(path)
    for arguments in (("tick", path, "--count", 3), ("run", "--state", path, "--ticks", 3, "--quiet")):
        done = limited(command(*arguments), path.stat().st_size // 2)
        assert done.returncode == 1
        assert f"{path}: cannot be written: File too large" in done.stderr
        assert "Traceback" not in done.stderr
        assert digest(path) == before
        assert [file.name for file in tmp_path.iterdir()] == ["saved.simcash"]
    assert Simulation.load(path).current_tick == 0


@pytest.mark.parametrize("limit", slow_but({4, 20_000}, 0, 4, 2_000, 20_000, 100_000))
def test_faults_parquet_file_survives_a_write_that_fails_half_way(tmp_path, limit):
    warm_up()
    path = tmp_path / "run.parquet"
    path.write_bytes(b"what was there before")
    done = limited(command("run", "ten-banks-v0", "--events", path, "--quiet"), limit)
    assert done.returncode == 1, done.stderr
    assert f"{path}: cannot be written: File too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert path.read_bytes() == b"what was there before"
    assert [file.name for file in tmp_path.iterdir()] == ["run.parquet"]


@pytest.mark.parametrize("room", slow_but({1_000}, 0, 1_000, 300_000))
def test_faults_runs_of_a_database_survive_a_write_that_fails_half_way(tmp_path, room):
    simulation = recorded(tmp_path)
    path = tmp_path / "runs.duckdb"
    done = limited(command("run", "ten-banks-v0", "--db", path, "--quiet"), path.stat().st_size + room)
    assert done.returncode in {1, 2}, done.stderr
    assert str(path) in done.stderr
    assert "Traceback" not in done.stderr
    record = DatabaseRecord(path, 1)
    assert record.facts.digest == simulation.digest()
    assert replay(record).is_equal
    record.close()


class FullDisk:
    """A sink that fails at the second chunk."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, chunk, facts):
        self.written += 1
        if self.written == 2:
            message = "full.parquet: cannot be written: No space left on device"
            raise WriteError(message)

    def finish(self, facts):
        raise AssertionError

    def abandon(self, facts):
        assert facts.status == "failed"


def record_all(recorder):
    with recorder:
        while not recorder.simulation.is_over:
            recorder.tick()


@contextlib.contextmanager
def full_disk():
    """In this process no file grows as long as the block lasts."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_faults_parquet_file_goes_when_the_disk_is_full_in_the_middle(tmp_path):
    # longer than any buffer of a file
    simulation = Simulation(busy(banks=4, scripted=4, ticks=24, days=20, rate=4.0), seed=4)
    recorder = Recorder(simulation, [ParquetSink(tmp_path / "run.parquet", RunFacts.of(simulation))], chunk_rows=2_000)
    with full_disk(), pytest.raises(WriteError, match=r"run\.parquet: cannot be written: File too large"):
        record_all(recorder)
    assert recorder.facts.status == "failed"
    assert not simulation.is_over
    assert list(tmp_path.iterdir()) == []


def test_faults_database_keeps_what_was_committed_when_the_disk_is_full_in_the_middle(tmp_path):
    simulation = Simulation(busy(banks=4, scripted=4, ticks=24, rate=4.0), seed=4)
    path = tmp_path / "runs.duckdb"
    recorder = Recorder(simulation, [DatabaseSink(path, RunFacts.of(simulation))], chunk_rows=2_000)
    with full_disk(), pytest.raises(WriteError, match=r"runs\.duckdb: cannot be written: "):
        record_all(recorder)
    recorder.abandon()  # it has ended already
    assert recorder.facts.status == "failed"
    record = DatabaseRecord(path)
    assert (record.run, record.facts.status, record.facts.num_events) == (1, "running", 0)
    record.close()


def test_faults_run_whose_end_cannot_be_written_is_as_it_was_last_committed(tmp_path):
    path = tmp_path / "runs.duckdb"
    facts = RunFacts.of(Simulation(busy()))
    sink = DatabaseSink(path, facts)
    with full_disk(), pytest.raises(WriteError, match=r"runs\.duckdb: cannot be written: "):
        sink.finish(facts.after(ticks=0, num_events=0, status="stopped"))
    record = DatabaseRecord(path)
    assert (record.run, record.facts.status) == (1, "running")
    record.close()


def test_faults_file_whose_partial_name_is_too_long_is_refused(tmp_path):
    path = tmp_path / ("x" * 250)
    with pytest.raises(WriteError, match="x: cannot be written: File name too long"):
        ParquetSink(path, RunFacts.of(Simulation(busy())))


def test_faults_where_one_file_fails_the_other_keeps_what_was_committed(tmp_path):
    simulation = Simulation(busy(scripted=3), seed=4)
    sinks = [*sinks_for(tmp_path, simulation), FullDisk()]
    with pytest.raises(WriteError, match="No space left"):
        record_all(Recorder(simulation, sinks, chunk_rows=64))
    assert [path.name for path in tmp_path.iterdir()] == ["runs.duckdb"]
    record = DatabaseRecord(tmp_path / "runs.duckdb")
    assert record.facts.status == "running"
    assert replay(record).is_equal
    record.close()


def test_faults_failing_last_step_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "run.parquet"
    path.write_bytes(b"before")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(WriteError, match="No space left"):
        write_atomically(path, b"after")
    simulation = Simulation(busy(scripted=3), seed=4)
    recorder = Recorder(simulation, [ParquetSink(path, RunFacts.of(simulation))])
    recorder.tick()
    with pytest.raises(WriteError, match="No space left"):
        recorder.close()
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["run.parquet"]


def reads_as(path, facts) -> bool:
    """Is the record read as before, with every event as it was? Else it is refused, by its name."""
    try:
        with contextlib.closing(open_record(path)) as record:
            return record.facts == facts and replay(record).is_equal
    except RecordError as error:
        if str(path) not in str(error):
            raise
        return False


@pytest.mark.parametrize("file", ["run.parquet", "runs.duckdb"])
def test_faults_damaged_record_is_refused_or_found_unequal_and_left_as_it_is(tmp_path, file):
    """One byte anywhere; what reads as before all the same lay in no event and no fact of the run."""
    recorded(tmp_path)
    path, draw = tmp_path / file, random.Random(5)
    good = path.read_bytes()
    before = open_record(path)
    facts, refused = before.facts, 0
    before.close()
    for _ in range(40):
        at = draw.randrange(len(good))
        bad = good[:at] + bytes([good[at] ^ draw.randint(1, 255)]) + good[at + 1 :]
        path.write_bytes(bad)
        refused += not reads_as(path, facts)
        assert path.read_bytes() == bad
    assert refused > 10


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("file", ["run.parquet", "runs.duckdb"])
def test_faults_record_that_ends_too_early_is_refused_and_left_as_it_is(tmp_path, file, share):
    recorded(tmp_path)
    path = tmp_path / file
    bad = path.read_bytes()[: int(share * path.stat().st_size)]
    path.write_bytes(bad)
    with pytest.raises(RecordError, match=file), contextlib.closing(open_record(path)) as record:
        replay(record)
    assert path.read_bytes() == bad


FOREIGN = {"text": b"hello\n", "empty": b"", "zip": b"PK\x03\x04" + bytes(60), "short": b"PAR1PAR1"}


@pytest.mark.parametrize("kind", FOREIGN)
def test_faults_file_that_is_something_else_is_never_written_to(tmp_path, kind):
    path = tmp_path / "notes.duckdb"
    path.write_bytes(FOREIGN[kind])
    facts = RunFacts.of(Simulation(busy()))
    with pytest.raises(SimcashError, match=r"notes\.duckdb"):
        DatabaseSink(path, facts)
    with pytest.raises(RecordError, match=r"notes\.duckdb"):
        open_record(path)
    assert path.read_bytes() == FOREIGN[kind]


def test_faults_database_of_somebody_else_is_refused(tmp_path):
    import duckdb

    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE runs (a INTEGER)")
    with pytest.raises(RecordError, match="a DuckDB file, but no record of runs"):
        DatabaseSink(path, RunFacts.of(Simulation(busy())))
    with pytest.raises(RecordError, match="a DuckDB file, but no record of runs"):
        open_record(path)
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("runs",)]
        connection.execute("DROP TABLE runs")
    recorded(tmp_path)
    with duckdb.connect(str(tmp_path / "runs.duckdb")) as connection:
        connection.execute("UPDATE record_format SET format = 2")
    with pytest.raises(RecordError, match="a record of format 2; this version knows 1"):
        open_record(tmp_path / "runs.duckdb")


def test_faults_database_with_other_columns_is_refused_and_left_as_it_is(tmp_path):
    import duckdb

    path = tmp_path / "other.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name in TABLES:
            connection.execute(f"CREATE TABLE {name} (format INTEGER)")
        connection.execute("INSERT INTO record_format VALUES (1)")
    before = digest(path)
    with pytest.raises(WriteError, match=r"other\.duckdb: cannot be written: .*(run|kind)"):
        DatabaseSink(path, RunFacts.of(Simulation(busy())))
    with pytest.raises(RecordError, match=r"other\.duckdb: cannot be read, it may be damaged"):
        open_record(path)
    assert digest(path) == before


def test_faults_parquet_file_of_somebody_else_is_refused(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(RecordError, match="a Parquet file, but no record of a run"):
        open_record(tmp_path / "other.parquet")
    recorded(tmp_path)
    metadata = pq.ParquetFile(tmp_path / "run.parquet").metadata.metadata
    table = pq.read_table(tmp_path / "run.parquet").drop_columns(["cents"])
    pq.write_table(table.replace_schema_metadata(metadata), tmp_path / "other.parquet")
    with pytest.raises(RecordError, match="its columns are not those of a record"):
        open_record(tmp_path / "other.parquet")


@pytest.mark.parametrize("at", [20, 4096 + 10, 8192 + 20, 3 * 4096 + 100])
@pytest.mark.parametrize("words", [("replay",), ("plot",), ("run", "two-banks-v0", "--quiet", "--db")])
def test_faults_damaged_database_is_not_taken_for_one_in_use(tmp_path, capsys, at, words):
    """DuckDB's message on a wrong checksum names a block, and "block" has "lock" in it."""
    recorded(tmp_path)
    path = tmp_path / "runs.duckdb"
    data = bytearray(path.read_bytes())
    data[at] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(SystemExit) as left:
        main([*words, str(path)])
    told = capsys.readouterr().err
    assert left.value.code in {1, 2}
    assert f"{path}: " in told
    assert "another process" not in told
    assert "Corrupt database file: computed checksum" in told


@pytest.mark.parametrize("name", [":memory:", "md:x", "postgres:x", "sqlite:x", "s3:x"])
def test_faults_database_with_a_name_of_duckdb_is_a_file(tmp_path, monkeypatch, capsys, name):
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        with pytest.raises(SystemExit) as left:
            main(["run", "two-banks-v0", "--db", name, "--quiet", "--json"])
        assert left.value.code == 0
    assert [path.name for path in tmp_path.iterdir()] == [name]
    with pytest.raises(SystemExit) as left:
        main(["replay", name, "--run", "2"])
    assert left.value.code == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith(f"{name}: equal")


def test_faults_damaged_facts_of_a_database_name_the_file(tmp_path):
    recorded(tmp_path)
    path = tmp_path / "runs.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE runs SET facts = 'none'")
    for run, said in ((None, "its facts of the run cannot be read"), (7, "no run 7; there are 1")):
        with pytest.raises(RecordError) as refused:
            DatabaseRecord(path, run)
        assert str(refused.value).startswith(f"{path}: {said}")
