"""Records of any content: damaged bytes, and facts and inputs that somebody signed anew."""

import base64
import json
import zlib
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcash_env.errors import RecordError, SimcashError
from simcash_env.records.facts import _digest
from simcash_env.records.parquet import FACTS, INPUTS
from simcash_env.records.reading import open_record
from simcash_env.records.replay import _Recorded, replay
from simcash_env.schema.arrays import LOG_COLUMNS
from simcash_env.simulation import Simulation
from tests.fuzz.damage import changed_inside, damaged, fuzzed, refusal
from tests.records.worlds import recorded, tree_of
from tests.worlds import busy


@cache
def files() -> dict[str, bytes]:
    with TemporaryDirectory() as folder:
        recorded(Path(folder))
        return {name: (Path(folder) / name).read_bytes() for name in ("run.parquet", "runs.duckdb")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("records")


def replay_whole(path: Path) -> None:
    with closing(open_record(path)) as record:
        replay(record)


def try_to_replay(path: Path) -> None:
    """It can be read and run again, or a named error says why not. Any other error is a failure of the test."""
    said = refusal(lambda: replay_whole(path), SimcashError)
    assert "an empty" not in said


@fuzzed(0.25)
@given(data=st.data())
@pytest.mark.parametrize("name", ["run.parquet", "runs.duckdb"])
def test_damaged_record_is_read_or_refused(folder: Path, name: str, data: st.DataObject) -> None:
    path = folder / name
    path.write_bytes(data.draw(damaged([files()[name]])))
    try_to_replay(path)


def table_of(folder: Path) -> Any:
    path = folder / "whole.parquet"
    path.write_bytes(files()["run.parquet"])
    return pq.read_table(path), dict(pq.ParquetFile(path).metadata.metadata)


def written(folder: Path, metadata: dict[bytes, bytes]) -> Path:
    table, kept = table_of(folder)
    path = folder / "signed.parquet"
    pq.write_table(table.replace_schema_metadata({**kept, **metadata}), path)
    return path


def signed(content: dict[str, Any]) -> dict[bytes, bytes]:
    return {FACTS: json.dumps({**content, "sha256": _digest(content)}).encode()}


def test_records_beginning_that_is_no_text_of_bytes_is_refused(folder: Path) -> None:
    content = json.loads(table_of(folder)[1][FACTS])
    del content["sha256"]
    path = written(folder, signed({**content, "start": "\x80"}))
    with pytest.raises(RecordError, match="this version cannot run the recorded scenario"):
        replay_whole(path)


@pytest.mark.parametrize("column", ["kind", "bank", "value_1"])
def test_records_event_that_names_what_this_run_does_not_have_is_a_difference(column: str) -> None:
    """A kind, a bank, a node of a tree."""
    simulation = Simulation(busy(scripted=3))
    simulation.set_policy("CHARLIE", tree_of("first", "bank_state_first"))
    events = next(result.events for result in simulation.run(6) if "TreeDecision" in result.events.counts())
    at = [event.kind for event in events].index("TreeDecision")
    rows = events.rows.copy()
    rows[at, LOG_COLUMNS.index(column)] = 999
    record = SimpleNamespace(chunks=lambda: iter([rows]))
    said = _Recorded(record).compare(events, 7)
    assert said.startswith(f"event {7 + at}: recorded {rows[at].tolist()}, replayed ")
    assert "TreeDecision" in said


@fuzzed(0.25)
@given(data=st.data())
def test_records_other_facts_are_replayed_or_refused(folder: Path, data: st.DataObject) -> None:
    content = json.loads(table_of(folder)[1][FACTS])
    del content["sha256"]
    other = data.draw(changed_inside([content]))
    try_to_replay(written(folder, signed(other)))


@fuzzed(0.25)
@given(data=st.data())
def test_records_other_inputs_are_replayed_or_refused(folder: Path, data: st.DataObject) -> None:
    text = zlib.decompress(base64.b64decode(table_of(folder)[1][INPUTS]))
    rows = [json.loads(line) for line in text.splitlines()]
    decoded = [[*row[:3], json.loads(row[3])] for row in rows]
    other = data.draw(changed_inside([decoded]))
    lines = [[*row[:3], json.dumps(row[3])] if isinstance(row, list) and len(row) == 4 else row for row in other]
    given = zlib.compress(b"".join(json.dumps(line).encode() + b"\n" for line in lines))
    try_to_replay(written(folder, {INPUTS: base64.b64encode(given)}))
