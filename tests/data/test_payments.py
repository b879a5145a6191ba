"""The payments table: its rules, its file, and the ticks of a calendar."""

import datetime as dt
import hashlib
import importlib
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simcash_env.data
from simcash_env.data import Calendar, read_payments, write_payments
from simcash_env.data.payments import (
    COLUMNS,
    DAY_US,
    METADATA_KEY,
    SCHEMA,
    Payments,
    clock_text,
    clock_us,
    file_checksum,
    make_payments,
    repeated,
    require_valid,
)
from simcash_env.errors import DataError, WriteError
from simcash_env.schema.limits import MAX_CENTS, MAX_SCENARIO_CENTS

HOUR = 3_600_000_000
CALENDAR = Calendar(7 * HOUR, 18 * HOUR, 132)
MONDAY, TUESDAY = dt.date(2026, 3, 2), dt.date(2026, 3, 3)


def small(**columns):
    """Three payments on two days, some columns replaced."""
    rows = {
        "day": [MONDAY, MONDAY, TUESDAY],
        "submitted": [dt.time(8), dt.time(9, 30), dt.time(7)],
        "sender": ["ALPHA", "BETA", "ALPHA"],
        "receiver": ["BETA", "Γάμμα", "BETA"],
        "amount_cents": [100, 250_001, MAX_CENTS],
    }
    return make_payments(rows | columns, CALENDAR, currency="EUR", time_zone="Europe/Paris", source="three.csv")


def refused(call):
    """The faults of a refused table as lines."""
    with pytest.raises(DataError) as caught:
        call()
    return str(caught.value).splitlines()


def test_payments_round_trip(tmp_path):
    given = small(
        payment_id=["x", "y", "z"],
        priority=[0, 10, 5],
        deadline=[None, dt.time(18), dt.time(7)],
        not_before=[dt.time(8, 1), None, None],
        settled=[dt.time(8, 2), None, dt.time(23)],
        kind=["customer", None, "customer"],
        divisible=[True, False, False],
    )
    path = tmp_path / "payments.parquet"
    write_payments(given, path)
    read = read_payments(path)
    assert read.table.equals(given.table)
    assert read.table.schema.equals(SCHEMA)
    assert (read.calendar, read.currency, read.time_zone, read.source) == (CALENDAR, "EUR", "Europe/Paris", "three.csv")
    assert len(read) == 3
    assert [file.name for file in tmp_path.iterdir()] == ["payments.parquet"]


def test_payments_same_bytes_each_time(tmp_path):
    for name in ("a", "b"):
        write_payments(small(), tmp_path / name)
    assert file_checksum(tmp_path / "a") == file_checksum(tmp_path / "b")


def test_payments_defaults():
    table = small().table
    assert table["payment_id"].to_pylist() == ["1", "2", "3"]
    assert table["priority"].to_pylist() == [5, 5, 5]
    assert table["divisible"].to_pylist() == [False] * 3
    for name in ("deadline", "not_before", "settled", "kind"):
        assert table[name].null_count == 3


def test_payments_are_sorted_by_day_and_time_and_keep_the_order_of_ties():
    days = [TUESDAY, MONDAY, MONDAY, MONDAY]
    times = [dt.time(7), dt.time(9), dt.time(8), dt.time(9)]
    table = make_payments(
        {
            "day": days,
            "submitted": times,
            "sender": list("abcd"),
            "receiver": list("efgh"),
            "amount_cents": [1, 2, 3, 4],
        },
        CALENDAR,
    ).table
    assert table["amount_cents"].to_pylist() == [3, 2, 4, 1]
    assert table["payment_id"].to_pylist() == ["3", "2", "4", "1"]


def test_payments_from_an_arrow_table_of_other_types():
    day = pa.array([MONDAY], pa.date32())
    columns = {"day": day, "submitted": pa.array([8 * HOUR]), "sender": pa.array(["a"], pa.large_string())}
    columns |= {"receiver": pa.array(["b"]).dictionary_encode(), "amount_cents": pa.array([7], pa.uint16())}
    made = make_payments(pa.table(columns), CALENDAR)
    assert made.table["submitted"].to_pylist() == [dt.time(8)]
    assert made.table["amount_cents"].to_pylist() == [7]


def test_payments_of_no_rows(tmp_path):
    empty = Payments(SCHEMA.empty_table(), CALENDAR)
    write_payments(empty, tmp_path / "p.parquet")
    assert len(read_payments(tmp_path / "p.parquet")) == 0


def test_payments_integers():
    made = small(deadline=[None, dt.time(18), None])
    assert made.integers("deadline").tolist() == [-1, 18 * HOUR, -1]
    assert made.integers("day").tolist() == [(day - dt.date(1970, 1, 1)).days for day in (MONDAY, MONDAY, TUESDAY)]
    assert made.integers("amount_cents").dtype == np.int64


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"submitted": [dt.time(8), dt.time(6), dt.time(7)]}, "three.csv:1: submitted: must be within the hours, from 07:00 to before 18:00, got '06:00:00'"),
        ({"submitted": [dt.time(8), dt.time(18), dt.time(7)]}, "three.csv:2: submitted: must be within the hours, from 07:00 to before 18:00, got '18:00:00'"),
        ({"not_before": [dt.time(18), None, None]}, "three.csv:1: not_before: must be within the hours, from 07:00 to before 18:00, got '18:00:00'"),
        ({"deadline": [dt.time(7, 59), None, None]}, "three.csv:1: deadline: must not be earlier than submitted and not_before, got '07:59:00'"),
        ({"deadline": [dt.time(18, 0, 1), None, None]}, "three.csv:1: deadline: must not be later than the close at 18:00, got '18:00:01'"),
        ({"settled": [dt.time(7, 59), None, None]}, "three.csv:1: settled: must not be earlier than submitted, got '07:59:00'"),
        ({"receiver": ["ALPHA", "Γ", "B"]}, "three.csv:1: receiver: must not be the sender, got 'ALPHA'"),
        ({"amount_cents": [0, 1, 1]}, "three.csv:1: amount_cents: must be a whole number of cents from 1 to 1000000000000000, got '0'"),
        ({"amount_cents": [1, 1, MAX_CENTS + 1]}, "three.csv:3: amount_cents: must be a whole number of cents from 1 to 1000000000000000, got '1000000000000001'"),
        ({"priority": [5, 5, 11]}, "three.csv:3: priority: must be a whole number from 0 to 10, got '11'"),
        ({"payment_id": ["x", "x", "x"]}, "three.csv:2: payment_id: must be unique, got 'x'"),
        ({"sender": ["ALPHA", None, "B"]}, "three.csv:2: sender: must be given"),
    ],
)  # fmt: skip
def test_payments_rules(columns, fault):
    assert refused(lambda: small(**columns))[0] == fault


def test_payments_report_every_rule_and_count_what_they_do_not_print():
    count = 25
    rows = {
        "day": [MONDAY] * count,
        "submitted": [dt.time(8)] * count,
        "sender": ["a"] * count,
        "receiver": ["a"] * count,
        "amount_cents": [-1] * count,
    }
    lines = refused(lambda: make_payments(rows, CALENDAR))
    assert len(lines) == 2 * 21
    assert lines[20] == "payments: receiver: 5 more: must not be the sender"
    assert lines[41].startswith("payments: amount_cents: 5 more: ")


def test_payments_total_of_a_day():
    count = MAX_SCENARIO_CENTS // MAX_CENTS + 1
    rows = {
        "day": [MONDAY] * count + [TUESDAY] * count,
        "submitted": [dt.time(8)] * (2 * count),
        "sender": ["a"] * (2 * count),
        "receiver": ["b"] * (2 * count),
        "amount_cents": [MAX_CENTS] * (2 * count - 2) + [1, 1],
    }
    (fault,) = refused(lambda: make_payments(rows, CALENDAR))
    assert (
        fault
        == f"payments:1: amount_cents: brings the total of its day above {MAX_SCENARIO_CENTS} cents, got '{MAX_CENTS}'"
    )


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"amount_cents": [1.0, 2.0, 3.0]}, "amount_cents: must be int64: got double"),
        ({"day": ["Monday", "x", "y"]}, "day: must be date32[day]"),
        ({"priority": [1, 2, 300]}, "priority: must be int8"),
        ({"colour": ["red", "red", "red"]}, "colour: unknown column"),
    ],
)
def test_payments_reject_columns(columns, fault):
    assert refused(lambda: small(**columns))[0].startswith(fault)


def test_payments_need_their_required_columns():
    lines = refused(lambda: make_payments({"day": [MONDAY]}, CALENDAR))
    assert lines == [f"{name}: column is missing" for name in ("submitted", "sender", "receiver", "amount_cents")]


def rewritten(path, table=None, **facts):
    """The file with another table or other metadata."""
    table = pq.read_table(path) if table is None else table
    found = json.loads(pq.read_schema(path).metadata[METADATA_KEY])
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: json.dumps(found | facts)}), path)


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        ({"version": 2}, "written by a later version of simcash-env; accepted is version 1, got version 2"),
        ({"version": "1"}, "accepted is version 1, got version '1'"),
        ({"open": 7}, "the metadata are damaged: TypeError: expected string"),
        ({"open": "19:00"}, "the metadata are damaged: close: must be a time after 19:00 and at most 24:00"),
        ({"open": "x"}, "the metadata are damaged: open: must be a time from 00:00 to before 24:00"),
        ({"ticks_per_day": 0}, "the metadata are damaged: ticks_per_day: must be a whole number"),
        ({"source": None}, "the metadata are damaged: labels must be text"),
        ({"currency": 5}, "the metadata are damaged: labels must be text"),
    ],
)
def test_payments_reject_metadata(facts, rule, tmp_path):
    path = tmp_path / "p.parquet"
    write_payments(small(), path)
    rewritten(path, **facts)
    (line,) = refused(lambda: read_payments(path))
    assert line.startswith(f"{path}: simcash_env.payments: {rule}")


def test_payments_reject_files_of_others(tmp_path):
    path = tmp_path / "p.parquet"
    assert refused(lambda: read_payments(path)) == [f"{path}: cannot be read as Parquet: No such file or directory"]
    path.write_bytes(b"PAR1 and nothing else")
    assert refused(lambda: read_payments(path))[0].startswith(f"{path}: cannot be read as Parquet: ")
    pq.write_table(pa.table({"a": [1]}), path)
    assert "not a payments table" in refused(lambda: read_payments(path))[0]


def test_payments_reject_changed_columns(tmp_path):
    path = tmp_path / "p.parquet"
    write_payments(small(), path)
    whole = pq.read_table(path)
    rewritten(path, whole.drop_columns(["sender"]))
    assert refused(lambda: read_payments(path)) == [f"{path}: sender: column is missing"]
    rewritten(path, whole.set_column(4, "amount_cents", pa.array([1.0, 2.0, 3.0])))
    assert refused(lambda: read_payments(path)) == [f"{path}: amount_cents: must be int64, got double"]
    rewritten(path, whole.take([1, 0, 2]))
    assert refused(lambda: read_payments(path)) == [
        f"{path}:2: submitted: rows must be sorted by day and submission time"
    ]
    rewritten(path, whole.set_column(4, "amount_cents", pa.array([1, 2, -3])))
    assert refused(lambda: read_payments(path))[0].startswith(f"{path}:3: amount_cents: must be a whole number")


def test_payments_valid_needs_the_schema():
    assert refused(lambda: require_valid(Payments(pa.table({"a": [1]}), CALENDAR), "f")) == [
        "f: must have the columns and types of a payments table"
    ]


def test_payments_write_reports_where(tmp_path):
    with pytest.raises(WriteError, match="cannot be written"):
        write_payments(small(), tmp_path / "missing" / "p.parquet")


def test_file_checksum(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    assert file_checksum(path) == f"sha256:{hashlib.sha256(b'abc').hexdigest()}"
    path.unlink()
    assert refused(lambda: file_checksum(path)) == [f"{path}: cannot be read: No such file or directory"]


def test_repeated_ignores_nulls_and_spans_chunks():
    values = pa.chunked_array([["a", None, "b"], ["a", None, "c", "b"]])
    assert repeated(values).tolist() == [3, 6]


@given(st.data())
def test_calendar_ticks_and_times(data):
    open_us = data.draw(st.integers(0, DAY_US - 1))
    close_us = data.draw(st.integers(open_us + 1, DAY_US))
    calendar = Calendar(open_us, close_us, data.draw(st.integers(1, min(10**6, close_us - open_us))))
    tick = data.draw(st.integers(0, calendar.ticks_per_day - 1))
    start = calendar.time_of(tick)
    assert open_us <= start < close_us
    assert calendar.tick_of(start) == tick
    assert tick == 0 or calendar.tick_of(start - 1) == tick - 1
    assert calendar.tick_of(close_us) == calendar.ticks_per_day
    assert calendar.tick_of(np.array([start, close_us])).tolist() == [tick, calendar.ticks_per_day]
    assert calendar.time_of(np.array([tick])).tolist() == [start]


@pytest.mark.parametrize(
    ("day", "fault"),
    [
        ((-1, DAY_US, 1), "open"),
        ((0.0, DAY_US, 1), "open"),
        ((HOUR, HOUR, 1), "close"),
        ((0, DAY_US + 1, 1), "close"),
        ((0, DAY_US, 0), "ticks_per_day"),
        ((0, 5, 6), "ticks_per_day"),
        ((0, DAY_US, True), "ticks_per_day"),
    ],
)
def test_calendar_rules(day, fault):
    (line,) = refused(lambda: Calendar(*day))
    assert line.startswith(f"{fault}: must be a ")


@given(st.integers(0, DAY_US))
def test_clock_text_round_trip(time_us):
    assert clock_us(clock_text(time_us)) == time_us


def test_clock_text_forms():
    texts = [clock_text(time) for time in (7 * HOUR, 7 * HOUR + 1_000_000, HOUR + 500_000, DAY_US)]
    assert texts == ["07:00", "07:00:01", "01:00:00.5", "24:00"]
    assert [clock_us(text) for text in ("7:00", "07:60", "07:00:60", "24:00:01", "07:00 ", "")] == [None] * 6


def test_columns_and_public_names():
    assert [column.name for column in COLUMNS] == SCHEMA.names
    assert {column.presence for column in COLUMNS} == {"required", "default", "nullable"}
    for name in simcash_env.data.__all__:
        home = importlib.import_module(f"simcash_env.data.{simcash_env.data._HOMES[name]}")
        assert getattr(simcash_env.data, name) is getattr(home, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = simcash_env.data.nothing
