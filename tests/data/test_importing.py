"""Import of payments: what comes out, and what is said of inputs that are broken."""

import codecs
import datetime as dt
import io
import random
import zipfile
from decimal import Decimal

import duckdb
import numpy as np
import openpyxl
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from simcash_env.config import load_scenario
from simcash_env.data import import_payments, read_payments, reading
from simcash_env.data.banks import Bank, read_banks
from simcash_env.data.importing import BANKS, FILES, PAYMENTS, SCENARIO, Imported, require_free
from simcash_env.data.payments import METADATA_KEY, Payments, write_payments
from simcash_env.data.problems import SHOWN_PER_RULE, RowsError
from simcash_env.errors import ConfigError, WriteError
from simcash_env.simulation import Simulation
from tests.data.inputs import BANK_ROWS, HEADER, ROWS, changed, column, csv_text, mapping_of, message, transaction

NOON = dt.time(12)


def refused(call):
    """The lines of a refusal."""
    with pytest.raises(ConfigError) as caught:
        call()
    return str(caught.value).splitlines()


# -- what comes out ----------------------------------------------------------------------------------------------------


def test_import_of_a_csv_file(tmp_path):
    path = tmp_path / "payments.csv"
    path.write_text(csv_text(), encoding="utf-8")
    imported = import_payments(path, currency="EUR")
    table = imported.payments.table
    assert table["amount_cents"].to_pylist() == [150_000, 90_050, 200_000, 75_025]
    assert table["submitted"].to_pylist() == [dt.time(8), dt.time(8, 5), dt.time(9, 30, 15, 500_000), dt.time(8, 10)]
    assert table["day"].to_pylist() == [dt.date(2026, 3, 2)] * 3 + [dt.date(2026, 3, 3)]
    assert imported.payments.calendar.ticks_per_day == 132
    assert imported.payments.source == "payments.csv"
    assert (imported.num_rows, imported.num_days(), imported.value_cents()) == (4, 2, 515_075)
    assert imported.handled == ()
    assert [bank.id for bank in imported.banks] == ["ALPHA", "BETA", "GAMMA"]
    assert imported.notes[0] == (
        "No banks table was given: opening balances are derived from the payments by upper-bound:1.0."
    )


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "xlsx", "duckdb"])
def test_import_is_the_same_from_every_kind_of_file(ending, tmp_path):
    path = tmp_path / f"payments.{ending}"
    frame = pd.DataFrame([row.split(",") for row in ROWS], columns=HEADER.split(","))
    if ending == "csv":
        path.write_text(csv_text())
    elif ending == "tsv":
        path.write_text(csv_text().replace(",", "\t"))
    elif ending == "parquet":
        pq.write_table(pa.table(frame), path)
    elif ending == "xlsx":
        frame["amount"] = frame["amount"].astype(float)
        frame["day"] = pd.to_datetime(frame["day"])
        frame["submitted"] = [dt.time.fromisoformat(text) for text in frame["submitted"]]
        frame.to_excel(path, index=False)
    else:
        with duckdb.connect(str(path)) as connection:
            connection.register("frame", frame)
            connection.execute("CREATE TABLE payments AS SELECT * FROM frame")
    expected = import_payments(pa.table(frame)) if ending != "xlsx" else import_payments(pa.table(changed_frame()))
    assert import_payments(path).payments.table.equals(expected.payments.table)


def changed_frame():
    return pd.DataFrame([row.split(",") for row in ROWS], columns=HEADER.split(","))


def test_import_is_the_same_from_every_kind_of_table():
    columns = {
        "day": [dt.date(2026, 3, 2)] * 2,
        "submitted": [NOON, dt.time(12, 0, 1)],
        "sender": ["a", "b"],
        "receiver": ["b", "a"],
        "amount": [Decimal("10.10"), Decimal("0.07")],
    }
    tables = [pa.table(columns), pl.DataFrame(columns), pd.DataFrame(columns)]
    first, *others = (import_payments(table).payments.table for table in tables)
    assert first["amount_cents"].to_pylist() == [1010, 7]
    assert all(other.equals(first) for other in others)


def test_import_of_native_types():
    stamp = pa.array([dt.datetime(2026, 3, 2, 8, 30)], pa.timestamp("ns"))  # noqa: DTZ001 - local
    columns = {
        "submitted": stamp,
        "sender": pa.array(["a"]).dictionary_encode(),
        "receiver": pa.array(["b"], pa.large_string()),
    }
    columns |= {"amount_cents": pa.array([5], pa.int32()), "priority": pa.array([3], pa.int64())}
    columns |= {"deadline": pa.array([dt.time(9)], pa.time32("s")), "divisible": pa.array([True])}
    row = import_payments(pa.table(columns)).payments.table.to_pylist()[0]
    assert (row["day"], row["submitted"], row["amount_cents"]) == (dt.date(2026, 3, 2), dt.time(8, 30), 5)
    assert (row["priority"], row["deadline"], row["divisible"]) == (3, dt.time(9), True)


def test_import_of_timestamps_with_a_time_zone():
    stamp = pa.array([dt.datetime(2026, 3, 2, 8, 30, tzinfo=dt.UTC)], pa.timestamp("us", "UTC"))
    columns = {"submitted": stamp, "sender": ["a"], "receiver": ["b"], "amount": [1.5]}
    made = import_payments(pa.table(columns), time_zone="Europe/Paris").payments
    assert made.table["submitted"].to_pylist() == [dt.time(9, 30)]
    assert made.time_zone == "Europe/Paris"


def test_import_keeps_every_optional_column():
    columns = {
        "day": ["2026-03-02"] * 2,
        "submitted": ["08:00", "09:00"],
        "sender": ["a", "b"],
        "receiver": ["b", "a"],
        "amount": ["1", "2"],
        "payment_id": ["x", "y"],
        "priority": ["urgent", None],
        "deadline": ["18:00", None],
        "not_before": [None, "09:30"],
        "settled": ["08:00:01", None],
        "kind": ["customer", None],
        "divisible": ["yes", "No"],
        "currency": ["JPY", "JPY"],
    }
    made = import_payments(pa.table(columns)).payments
    assert made.currency == "JPY"
    first, second = made.table.to_pylist()
    assert (first["payment_id"], first["priority"], first["deadline"], first["kind"]) == (
        "x",
        9,
        dt.time(18),
        "customer",
    )
    assert (second["priority"], second["not_before"], second["settled"]) == (5, dt.time(9, 30), None)
    assert (first["divisible"], second["divisible"], first["settled"]) == (True, False, dt.time(8, 0, 1))


def test_import_of_a_payments_table_changes_nothing(tmp_path):
    made = import_payments(pa.table(changed_frame()), currency="EUR").payments
    write_payments(made, tmp_path / "p.parquet")
    assert import_payments(tmp_path / "p.parquet").payments.table.equals(made.table)


def test_import_of_a_folder_names_the_file(tmp_path):
    (tmp_path / "1.csv").write_text(f"{HEADER}\n{ROWS[0]}\n")
    (tmp_path / "2.csv").write_text(f"{HEADER}\n{ROWS[1]}\n{changed(2, amount='x')}\n")
    (line,) = refused(lambda: import_payments(tmp_path))
    assert line == f"{tmp_path / '2.csv'}:3: amount: must be a number such as 1234.56, got 'x'"
    (tmp_path / "2.csv").write_text(f"{HEADER}\n{ROWS[1]}\n")
    assert len(import_payments(tmp_path).payments) == 2
    (tmp_path / "3.csv").write_text("other,columns\n1,2\n")
    assert "the files of a folder must have the same columns" in refused(lambda: import_payments(tmp_path))[0]


def test_import_of_a_folder_of_native_files(tmp_path):
    pd.DataFrame(
        {"day": [dt.date(2026, 3, 2)], "submitted": [NOON], "sender": ["a"], "receiver": ["b"], "amount": [1.5]}
    ).to_parquet(tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text(f"{HEADER}\n{ROWS[0]}\n")
    assert import_payments(tmp_path).payments.table["amount_cents"].to_pylist() == [150_000, 150]


def test_import_of_pssimpy_days_and_times():
    columns = {
        "sender_account": ["a", "b"],
        "recipient_account": ["b", "a"],
        "amount": [100.5, 3],
        "time": ["08:00", "17:59"],
        "day": [1, 2],
        "priority": [0, 1],
    }
    made = import_payments(pd.DataFrame(columns), mapping="pssimpy").payments.table
    assert made["day"].to_pylist() == [dt.date(2001, 1, 1), dt.date(2001, 1, 2)]
    assert made["amount_cents"].to_pylist() == [10_050, 300]
    assert made["priority"].to_pylist() == [10, 9]


def test_import_of_a_pssimpy_log(tmp_path):
    """Its log of processed transactions names the accounts differently, and writes floats."""
    path = tmp_path / "sim-processed_transactions.csv"
    path.write_text(
        "day,time,from_account,to_account,amount,status,submission_day,submission_time,settlement_day,settlement_time\n"
        "1,08:15,acc1,acc2,1.5,Success,1,08:15,2,08:00\n"
    )
    (row,) = import_payments(path, mapping="pssimpy").payments.table.to_pylist()
    assert (row["sender"], row["receiver"], row["amount_cents"]) == ("acc1", "acc2", 150)
    assert (row["submitted"], row["settled"], row["priority"]) == (dt.time(8, 15), None, 5)


def test_import_of_pssimpy_priorities_that_are_floats():
    columns = {"sender_account": ["a"], "recipient_account": ["b"], "amount": [1], "time": ["08:00"], "day": [1]}
    made = import_payments(pd.DataFrame({**columns, "priority": [3.0]}), mapping="pssimpy").payments.table
    assert made["priority"].to_pylist() == [7]


def test_import_of_a_bof_pss_export(tmp_path):
    path = tmp_path / "tran.csv"
    path.write_text(
        "TRANSACTION_ID;DATE;TIME;FROM_PARTICIPANT;TO_PARTICIPANT;VALUE;PRIORITY\nT1;20260302;080005;a;b;1200.50;1\n"
    )
    row = import_payments(path, mapping="bof-pss").payments.table.to_pylist()[0]
    assert (row["payment_id"], row["submitted"], row["day"]) == ("T1", dt.time(8, 0, 5), dt.date(2026, 3, 2))
    assert (row["amount_cents"], row["priority"]) == (120_050, 1)


def test_import_of_ticks():
    columns = {
        "day": ["2026-03-02"] * 2,
        "submitted": [0, 131],
        "sender": ["a", "b"],
        "receiver": ["b", "a"],
        "amount": [1, 2],
        "deadline": [2, None],
    }
    made = import_payments(pd.DataFrame(columns), mapping=mapping_of(time_format="ticks")).payments.table
    assert made["submitted"].to_pylist() == [dt.time(7), dt.time(17, 55)]
    assert made["deadline"].to_pylist() == [dt.time(7, 10), None]


@pytest.mark.parametrize(
    ("currency", "mapping", "amounts", "cents"),
    [
        ("USD", {"thousands_separator": ","}, ["1,234.56", "12", "1,234,567.8"], [123_456, 1_200, 123_456_780]),
        ("EUR", {"decimal_separator": ",", "thousands_separator": "."}, ["1.234,56", "0,01"], [123_456, 1]),
        ("EUR", {"decimal_separator": ",", "thousands_separator": " "}, ["1 234,56", "1\u00a0234,5", "1\u202f234"], [123_456, 123_450, 123_400]),
        ("JPY", {"thousands_separator": ","}, ["1,234", "5", "7.00"], [123_400, 500, 700]),
        ("CHF", {"thousands_separator": "'"}, ["1'234.50"], [123_450]),
        ("KWD", {}, ["1.250", "+3"], [125, 300]),
        (None, {}, ["0000000000000000000000000012.30"], [1_230]),
    ],
)  # fmt: skip
def test_import_of_amounts_in_the_formats_of_currencies(currency, mapping, amounts, cents):
    made = import_payments(column("amount", amounts), mapping=mapping_of(**mapping), currency=currency)
    assert made.payments.table["amount_cents"].to_pylist() == cents


def test_import_of_random_decimals_sums_exactly():
    random_ = random.Random(5)
    amounts = [Decimal(random_.randrange(1, 10**10)).scaleb(-2) for _ in range(100_000)]
    made = import_payments(column("amount", [str(amount) for amount in amounts]))
    assert Decimal(made.value_cents()).scaleb(-2) == sum(amounts)


def test_import_of_floats_takes_their_decimal_form():
    cents = np.random.default_rng(3).integers(1, 10**10, 10_000)
    made = import_payments(column("amount", (cents / 100).tolist()))
    assert made.payments.table["amount_cents"].to_pylist() == cents.tolist()


def test_import_of_times_in_another_zone():
    columns = column("submitted", ["2026-03-27 08:00", "2026-03-30 08:00"]) | {"day": ["2026-03-27", "2026-03-30"]}
    made = import_payments(columns_table(columns), mapping=mapping_of(time_zone="UTC", local_time_zone="Europe/Paris"))
    assert made.payments.table["submitted"].to_pylist() == [dt.time(9), dt.time(10)]  # summer time began between them


def columns_table(columns):
    return columns if isinstance(columns, pa.Table) else pa.table(columns)


def test_import_of_formatted_times_and_days():
    columns = column("submitted", ["02.03.2026 08.30.05,25"])
    mapping = mapping_of(without=("day",), time_format="%d.%m.%Y %H.%M.%S,%f")
    made = import_payments(columns, mapping=mapping).payments.table
    assert made["submitted"].to_pylist() == [dt.time(8, 30, 5, 250_000)]
    made = import_payments(column("day", ["02.03.2026", "03.03.2026"]), mapping=mapping_of(day_format="%d.%m.%Y"))
    assert made.num_days() == 2


def test_import_of_excel_dates_beside_text_formats(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(HEADER.split(","))
    book.active.append([dt.date(2026, 3, 2), dt.time(8), "a", "b", 10])
    book.active.append(["03.03.2026", "09h30", "b", "a", "1.000,50"])
    book.save(tmp_path / "p.xlsx")
    mapping = mapping_of(day_format="%d.%m.%Y", time_format="%Hh%M", decimal_separator=",", thousands_separator=".")
    made = import_payments(tmp_path / "p.xlsx", mapping=mapping).payments.table
    assert made["day"].to_pylist() == [dt.date(2026, 3, 2), dt.date(2026, 3, 3)]
    assert made["submitted"].to_pylist() == [dt.time(8), dt.time(9, 30)]
    assert made["amount_cents"].to_pylist() == [1000, 100_050]


def test_import_closing_at_midnight_has_deadlines_at_the_end_of_the_day():
    columns = column("deadline", ["23:59", None])
    made = import_payments(columns, hours=("00:00", "24:00"), tick="1h")
    assert made.payments.table["deadline"].to_pylist() == [dt.time(23, 59), None]
    columns = column("deadline", ["2026-03-03 00:00"])
    made = import_payments(columns, hours=("00:00", "24:00"), tick="1h")
    assert made.payments.table["deadline"].to_pylist() == [None]


def test_import_of_messages(tmp_path):
    inside = transaction(
        amount="1234.50", priority="HIGH", frm="09:00:00", till="15:00:00+01:00", settled="2026-03-02T10:00:01+01:00"
    )
    (tmp_path / "1.xml").write_text(message(inside + transaction(number=2)))
    (tmp_path / "2.xml").write_text(message(transaction(number=3), kind="FICdtTrf", version="pacs.009.001.08"))
    made = import_payments(tmp_path, mapping="iso20022", time_zone="Europe/Paris").payments
    first, second, third = made.table.to_pylist()
    assert (first["sender"], first["receiver"], first["amount_cents"]) == ("AAAAFRPP", "BBBBDEFF", 123_450)
    assert (first["priority"], first["not_before"], first["deadline"]) == (8, dt.time(9), dt.time(15))
    assert (first["submitted"], first["settled"], first["kind"]) == (dt.time(9, 0), dt.time(10, 0, 1), "customer")
    assert (second["priority"], second["payment_id"], third["kind"]) == (5, "T2", "interbank")
    assert made.currency == "EUR"


def test_import_of_a_duckdb_file_with_several_tables(tmp_path):
    path = tmp_path / "p.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.register("frame", changed_frame())
        assert refused(lambda: import_payments(empty_database(tmp_path)))[0].endswith(
            "has 0 tables; name one with table: in the mapping"
        )
        connection.execute('CREATE TABLE "my payments" AS SELECT * FROM frame')
        connection.execute("CREATE TABLE other AS SELECT 1 AS one")
    assert refused(lambda: import_payments(path)) == [
        f"{path}: has 2 tables; name one with table: in the mapping (my payments, other)"
    ]
    assert refused(lambda: import_payments(path, mapping=mapping_of(table="none"))) == [
        f"{path}: has no table none; tables are my payments, other"
    ]
    assert len(import_payments(path, mapping=mapping_of(table="my payments")).payments) == 4


def empty_database(folder):
    duckdb.connect(str(folder / "empty.duckdb")).close()
    return folder / "empty.duckdb"


def test_import_of_an_excel_sheet_with_missing_cells(tmp_path):
    path = tmp_path / "p.xlsx"
    made = openpyxl.Workbook()
    made.create_sheet("payments")
    made["payments"].append([*HEADER.split(","), "deadline", "divisible"])
    made["payments"].append([dt.datetime(2026, 3, 2), "08:00", "a", "b", 10, None, True])  # noqa: DTZ001 - of Excel
    made["payments"].append(["2026-03-02", dt.time(8, 0, 30), "b", "a", 0.25, dt.time(9), None])
    made.save(path)
    first, second = import_payments(path, mapping=mapping_of(table="payments")).payments.table.to_pylist()
    assert (first["deadline"], first["divisible"], first["amount_cents"]) == (None, True, 1000)
    assert (second["deadline"], second["divisible"], second["amount_cents"]) == (dt.time(9), False, 25)
    made["payments"].delete_rows(2, 2)
    made.save(path)
    assert refused(lambda: import_payments(path, mapping=mapping_of(table="payments"))) == [
        f"{path}: the sheet has a header and no rows"
    ]
    assert (
        "cannot be read as an Excel file" in refused(lambda: import_payments(path, mapping=mapping_of(table="none")))[0]
    )


def test_import_refuses_a_large_excel_file(tmp_path, monkeypatch):
    path = tmp_path / "p.xlsx"
    path.write_bytes(book())
    monkeypatch.setattr(reading, "MAX_EXCEL_BYTES", 100)
    assert refused(lambda: import_payments(path)) == [
        f"{path}: has more than 100 bytes uncompressed, the largest size that is read"
    ]


def test_import_of_another_encoding(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(csv_text().replace("BETA", "BÉTA").encode("utf-16"))
    made = import_payments(path, mapping=mapping_of(encoding="utf-16"))
    assert [bank.id for bank in made.banks] == ["ALPHA", "BÉTA", "GAMMA"]
    path.write_bytes(csv_text().replace("BETA", "BÉTA").encode("latin-1"))
    assert len(import_payments(path, mapping=mapping_of(encoding="latin-1")).payments) == 4
    assert "not ascii text: " in refused(lambda: import_payments(path, mapping=mapping_of(encoding="ascii")))[0]


def test_import_of_a_file_that_is_no_table(tmp_path):
    path = tmp_path / "p.csv"
    path.write_bytes(b"\n\n\n")
    assert refused(lambda: import_payments(path)) != []


def test_import_of_five_days_fills_every_part_of_the_split():
    days = [f"2026-03-0{day}" for day in range(2, 7)]
    assert len(import_payments(pa.table(column("day", days))).notes) == 1


# -- rows that need not be rejected ------------------------------------------------------------------------------------

ODD = (
    "2026-03-02,08:00,ALPHA,BETA,1.00,,",
    "2026-03-02,08:01,ALPHA,BETA,0.00,,",
    "2026-03-02,08:02,ALPHA,ALPHA,2.00,,",
    "2026-03-02,08:03,ALPHA,OMEGA,4.00,,",
    "2026-03-02,06:59,ALPHA,BETA,8.00,,",
    "2026-03-02,18:00,ALPHA,BETA,16.00,,",
    "2026-03-02,08:06,ALPHA,BETA,32.00,08:05,",
    "2026-03-02,08:07,ALPHA,BETA,64.00,,08:06",
    "2026-03-02,08:08,ALPHA,BETA,128.00,19:00,",
    "2026-03-02,06:00,ALPHA,ALPHA,256.00,,",
)


def odd_file(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("\n".join([f"{HEADER},deadline,settled", *ODD, ""]))
    (tmp_path / "banks.csv").write_text(BANK_ROWS)
    return path, tmp_path / "banks.csv"


def counted(imported):
    return {(rows.rule, rows.action): (rows.num_rows, rows.value_cents) for rows in imported.handled}


def test_import_rejects_odd_rows_and_names_the_rule(tmp_path):
    path, banks = odd_file(tmp_path)
    lines = refused(lambda: import_payments(path, banks=banks))
    assert lines == [
        f"{path}:3: amount: must be above 0 (zero amount), got '0.00'",
        f"{path}:4: receiver: must not be the sender (self-payment), got 'ALPHA'",
        f"{path}:5: receiver: must be a bank of the banks table (unknown bank), got 'OMEGA'",
        f"{path}:6: submitted: must be within the hours of its day, from 07:00 to before 18:00 (outside hours), got '06:59'",
        f"{path}:7: submitted: must be within the hours of its day, from 07:00 to before 18:00 (outside hours), got '18:00'",
        f"{path}:8: deadline: must not be before submitted and not_before (deadline before arrival), got '08:05'",
        f"{path}:9: settled: must be on the day of the payment, not before submitted (settled before submitted), got '08:06'",
        f"{path}:10: deadline: must be at most the closing at 18:00 (outside hours), got '19:00'",
        f"{path}:11: receiver: must not be the sender (self-payment), got 'ALPHA'",
        f"{path}:11: submitted: must be within the hours of its day, from 07:00 to before 18:00 (outside hours), got '06:00'",
    ]


def test_import_skips_odd_rows_and_counts_each_once(tmp_path):
    path, banks = odd_file(tmp_path)
    imported = import_payments(path, banks=banks, on_error="skip")
    assert imported.payments.table["amount_cents"].to_pylist() == [100]
    assert counted(imported) == {
        ("zero amount", "skipped"): (1, 0),
        ("self-payment", "skipped"): (2, 25_800),
        ("unknown bank", "skipped"): (1, 400),
        ("outside hours", "skipped"): (3, 15_200),
        ("deadline before arrival", "skipped"): (1, 3_200),
        ("settled before submitted", "skipped"): (1, 6_400),
    }
    assert imported.num_rows == len(imported.payments) + sum(rows.num_rows for rows in imported.handled)
    assert imported.notes[0] == "1 banks of the banks table have no payments."


def test_import_clamps_odd_rows(tmp_path):
    path, banks = odd_file(tmp_path)
    imported = import_payments(path, banks=banks, on_error="clamp")
    rows = {row["amount_cents"]: row for row in imported.payments.table.to_pylist()}
    assert set(rows) == {100, 800, 1_600, 3_200, 6_400, 12_800}
    assert rows[800]["submitted"] == dt.time(7)
    assert rows[1_600]["submitted"] == dt.time(17, 59, 59, 999_999)
    assert rows[3_200]["deadline"] == dt.time(8, 6)
    assert rows[6_400]["settled"] is None
    assert rows[12_800]["deadline"] == dt.time(18)
    assert counted(imported)["outside hours", "clamped"] == (3, 15_200)
    assert counted(imported)["self-payment", "skipped"] == (2, 25_800)


def test_import_clamps_not_before_and_what_depends_on_it():
    columns = column("not_before", ["06:00", "19:00"]) | {"deadline": ["09:00", "09:00"]}
    table = import_payments(pa.table(columns), on_error="clamp").payments.table.to_pylist()
    assert [row["not_before"] for row in table] == [dt.time(7), dt.time(17, 59, 59, 999_999)]
    assert [row["deadline"] for row in table] == [dt.time(9), dt.time(17, 59, 59, 999_999)]


def test_import_with_no_payments_left():
    (line,) = refused(lambda: import_payments(pa.table(column("amount", ["0"])), on_error="skip"))
    assert line == "table: no payments remain: every row was skipped"


# -- banks and liquidity -----------------------------------------------------------------------------------------------


def test_import_with_a_banks_table_by_day(tmp_path):
    path = tmp_path / "banks.csv"
    path.write_text("id,opening_balance_cents,day\nALPHA,1,\nALPHA,2,2026-03-02\nBETA,3,2026-03-03\nGAMMA,4,\n")
    imported = import_payments(pa.table(changed_frame()), banks=path)
    assert imported.notes[0] == "The banks table has rows by day: the scenario takes those of 2026-03-02."
    banks = imported.scenario("x", "sha256:0")["banks"]
    assert banks == [
        {"id": name, "opening_balance": cents} for name, cents in (("ALPHA", 2), ("BETA", 3), ("GAMMA", 4))
    ]
    path.write_text("id,day\nALPHA,2026-03-09\nBETA,\nGAMMA,\n")
    assert refused(lambda: import_payments(pa.table(changed_frame()), banks=path)) == [
        "banks: day: the payments have no such day, got 2026-03-09"
    ]


def test_import_with_banks_from_a_table():
    frame = pd.DataFrame({"id": ["ALPHA", "BETA", "GAMMA"], "opening_balance_cents": [1, 2, 3]})
    banks = (Bank("ALPHA", 1), Bank("BETA", 2), Bank("GAMMA", 3))
    assert import_payments(pa.table(changed_frame()), banks=frame).banks == banks
    assert import_payments(pa.table(changed_frame()), banks=banks).banks == banks


def test_import_liquidity_rules():
    table = pa.table(changed_frame())
    full = {bank.id: bank.opening_balance_cents for bank in import_payments(table).banks}
    half = {bank.id: bank.opening_balance_cents for bank in import_payments(table, liquidity="upper-bound:0.5").banks}
    assert full["ALPHA"] == 150_000
    assert half == {bank: -(-cents // 2) for bank, cents in full.items()}


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        ({"hours": ("7:00", "25:00")}, ["open: must be a time of day", "close: must be a time of day"]),
        ({"hours": ("18:00", "07:00")}, ["close: must be a time after 18:00"]),
        ({"hours": "07:00"}, ["hours: must be a pair of times HH:MM"]),
        ({"tick": "5"}, ["tick: must be a length such as 30s, 5min or 1h"]),
        ({"tick": 5}, ["tick: must be a length such as 30s, 5min or 1h"]),
        ({"tick": "7min"}, ["tick: must divide the hours from 07:00 to 18:00"]),
        ({"time_zone": "Mars/Base"}, ["time_zone: must be a time zone of the IANA database"]),
        ({"on_error": "ignore"}, ["on_error: must be reject, skip or clamp"]),
        ({"liquidity": "much"}, ["liquidity: must be lower-bound:FACTOR"]),
        ({"liquidity": "lower-bound:1", "banks": (Bank("a"),)}, ["liquidity: can only be given without a banks table"]),
        ({"mapping": "pssim"}, ["mapping: neither a mapping file (.yaml or .json) nor a preset, got 'pssim'. Did you mean pssimpy?"]),
        ({"tick": "x", "on_error": "y"}, ["tick: ", "on_error: "]),
    ],
)  # fmt: skip
def test_import_checks_its_arguments(arguments, fault):
    lines = refused(lambda: import_payments(pa.table(changed_frame()), **arguments))
    assert [line.startswith(start) for line, start in zip(lines, fault, strict=True)] == [True] * len(fault), lines


# -- broken inputs -----------------------------------------------------------------------------------------------------

TIME = "must be a time HH:MM[:SS[.ffffff]] or a date and a time YYYY-MM-DD HH:MM[:SS[.ffffff]]"
HOURS = "must be within the hours of its day, from 07:00 to before 18:00 (outside hours)"
BERLIN = mapping_of(time_zone="Europe/Berlin", local_time_zone="UTC")

BROKEN_ROWS = {
    "bad time": (changed(1, submitted="25:05"), {}, f"submitted: {TIME}, got '25:05'"),
    "time without minutes": (changed(1, submitted="8"), {}, f"submitted: {TIME}, got '8'"),
    "no time": (changed(1, submitted=""), {}, "submitted: must be given"),
    "bad date": (changed(1, day="2026-02-30"), {}, "day: must be a date YYYY-MM-DD, got '2026-02-30'"),
    "bad date in a timestamp": (changed(1, submitted="2026-02-30 10:00"), {}, f"submitted: {TIME}, got '2026-02-30 10:00'"),
    "no day": (changed(1, day=""), {}, "day: must be given"),
    "bad decimal": (changed(1, amount="12x"), {}, "amount: must be a number such as 1234.56, got '12x'"),
    "exponent": (changed(1, amount="1e3"), {}, "amount: must be a number such as 1234.56, got '1e3'"),
    "not a number": (changed(1, amount="nan"), {}, "amount: must be a number such as 1234.56, got 'nan'"),
    "no amount": (changed(1, amount=""), {}, "amount: must be given"),
    "negative amount": (changed(1, amount="-5.00"), {}, "amount: must not be negative, got '-5.00'"),
    "zero": (changed(1, amount="0.00"), {}, "amount: must be above 0 (zero amount), got '0.00'"),
    "too many decimals": (changed(1, amount="1.005"), {}, "amount: must have at most 2 decimals; nothing is rounded, got '1.005'"),
    "float artefact": (changed(1, amount="0.30000000000000004"), {}, "amount: must have at most 2 decimals; nothing is rounded, got '0.30000000000000004'"),
    "endless decimals": (changed(1, amount="1." + "0" * 19), {}, f"amount: must have at most 2 decimals; nothing is rounded, got '1.{'0' * 19}'"),
    "yen with decimals": (changed(1, amount="1.5"), {"currency": "JPY"}, "amount: must have at most 0 decimals; nothing is rounded, got '1.5'"),
    "amount above the limit": (changed(1, amount="10000000000000.01"), {}, "amount: must be at most 10,000,000,000,000, got '10000000000000.01'"),
    "amount of thirty digits": (changed(1, amount="1" * 30), {}, f"amount: must be at most 10,000,000,000,000, got '{'1' * 30}'"),
    "wrong separator": (changed(1, amount='"1,234.56"'), {}, "amount: must be a number such as 1234.56, got '1,234.56'"),
    "wrong grouping": (changed(1, amount='"12,34.56"'), {"mapping": mapping_of(thousands_separator=",")}, "amount: must be a number such as 1,234.56, got '12,34.56'"),
    "self-payment": (changed(1, receiver="BETA"), {}, "receiver: must not be the sender (self-payment), got 'BETA'"),
    "unknown bank": (changed(1, sender="OMEGA"), {"banks": (Bank("ALPHA"), Bank("BETA"), Bank("GAMMA"))}, "sender: must be a bank of the banks table (unknown bank), got 'OMEGA'"),
    "no sender": (changed(1, sender=""), {}, "sender: must be given"),
    "space in an id": (changed(1, sender="BETA "), {}, "sender: must be one line without control characters, and without a space at its ends, got 'BETA '"),
    "null character": (changed(1, sender="BE\0TA"), {}, "sender: must be one line without control characters, and without a space at its ends, got 'BE\\x00TA'"),
    "before the hours": (changed(1, submitted="06:59:59.999999"), {}, f"submitted: {HOURS}, got '06:59:59.999999'"),
    "at the closing": (changed(1, submitted="18:00"), {}, f"submitted: {HOURS}, got '18:00'"),
    "on another day": (changed(1, submitted="2026-03-01 12:00"), {}, f"submitted: {HOURS}, got '2026-03-01 12:00'"),
    "offset without a zone": (changed(1, submitted="12:00+01:00"), {}, "submitted: has an offset from UTC: give the local time zone of the system, got '12:00+01:00'"),
    "hour that occurs twice": (changed(1, day="2026-10-25", submitted="02:30"), {"mapping": BERLIN}, "submitted: occurs twice or never in Europe/Berlin: the clocks are changed, got '02:30'"),
    "hour that never occurs": (changed(1, day="2026-03-29", submitted="02:30"), {"mapping": BERLIN}, "submitted: occurs twice or never in Europe/Berlin: the clocks are changed, got '02:30'"),
    "ragged row": ("2026-03-02,08:05,BETA", {}, "must have 5 values as the header has, got 3 values"),
    "row too long": (f"{ROWS[1]},x", {}, "must have 5 values as the header has, got 6 values"),
    "empty row": ("", {}, "submitted: the row is empty"),
    "header again": (HEADER, {}, "submitted: the row is the header again, got 'submitted'"),
    "number of a day": (changed(1, day="0"), {"mapping": mapping_of(day_format="number", first_day=dt.date(2026, 1, 1))}, "day: must be the number of a day, from 1, got '0'"),
    "day in another format": (changed(1, day="2.3.26"), {"mapping": mapping_of(day_format="%d/%m/%Y")}, "day: must be a date in the format %d/%m/%Y, got '2.3.26'"),
    "time in another format": (changed(1, submitted="8 o'clock"), {"mapping": mapping_of(time_format="%Hh%M")}, "submitted: must be a time in the format %Hh%M, got \"8 o'clock\""),
    "tick out of range": (changed(1, submitted="132"), {"mapping": mapping_of(time_format="ticks")}, "submitted: must be a tick from 0 to 131, got '132'"),
    "date without a column of days": (changed(1), {"mapping": mapping_of(without=("day",))}, "submitted: must have a date: there is no column of days, got '08:05'"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN_ROWS)
def test_import_refuses_a_broken_row(name, tmp_path):
    row, arguments, told = BROKEN_ROWS[name]
    path = tmp_path / "payments.csv"
    path.write_text(f"{HEADER}\n{ROWS[0]}\n{row}\n{ROWS[2]}\n", encoding="utf-8")
    lines = refused(lambda: import_payments(path, **arguments))
    assert f"{path}:3: {told}" in lines
    assert [file.name for file in tmp_path.iterdir()] == ["payments.csv"]


MORE = {
    "duplicate id": ({"payment_id": ["x", "x"]}, "2: payment_id: must be unique, got 'x'"),
    "missing id": ({"payment_id": ["x", None]}, "2: payment_id: must be given"),
    "control character in an id": ({"payment_id": ["x", "a\x07"]}, "2: payment_id: must not have control characters, got 'a\\x07'"),
    "priority 11": ({"priority": ["1", "11"]}, "2: priority: must be a whole number from 0 to 10 or one of LOW, NORM, NORMAL, HIGH, URGT, URGENT, got '11'"),
    "priority word": ({"priority": ["high", "soon"]}, "2: priority: must be a whole number from 0 to 10 or one of LOW, NORM, NORMAL, HIGH, URGT, URGENT, got 'soon'"),
    "truth value": ({"divisible": ["yes", "perhaps"]}, "2: divisible: must be one of true, yes, 1, false, no, 0, got 'perhaps'"),
    "kind": ({"kind": ["x", "a\nb"]}, "2: kind: must be one line without control characters, got 'a\\nb'"),
    "mixed currencies": ({"currency": ["EUR", "USD"]}, "2: currency: must be EUR as in the first row: an import has one currency, got 'USD'"),
    "no currency": ({"currency": ["EUR", None]}, "2: currency: must be given"),
    "deadline before submission": ({"deadline": [None, "07:30"]}, "2: deadline: must not be before submitted and not_before (deadline before arrival), got '07:30'"),
    "deadline before not_before": ({"deadline": [None, "09:30"], "not_before": [None, "10:00"]}, "2: deadline: must not be before submitted and not_before (deadline before arrival), got '09:30'"),
    "not_before after the closing": ({"not_before": [None, "18:30"]}, f"2: not_before: {HOURS}, got '18:30'"),
    "settled on another day": ({"settled": [None, "2026-03-04 08:00"]}, "2: settled: must be on the day of the payment, not before submitted (settled before submitted), got '2026-03-04 08:00'"),
    "amount and amount_cents": ({"amount_cents": [1, 2]}, "1: amount: give amount or amount_cents, not both"),
    "float artefact": ({"amount": [0.1, 0.1 + 0.2]}, "2: amount: must have at most 2 decimals; nothing is rounded, got '0.30000000000000004'"),
    "infinite amount": ({"amount": [1.0, float("inf")]}, "2: amount: must be a number such as 1234.56, got 'inf'"),
    "missing float": ({"amount": [1.0, float("nan")]}, "2: amount: must be given"),
    "nested column": ({"kind": [[1], [2]]}, "kind: cannot be read"),
    "time below a microsecond": ({"submitted": pa.array([1, 2], pa.timestamp("ns"))}, "submitted: cannot be read"),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_import_refuses_a_broken_column(name):
    columns, told = MORE[name]
    base = column("amount", ["1.00", "2.00"])
    lines = refused(lambda: import_payments(pa.table(base | columns)))
    assert any(line.startswith((f"table:{told}", f"table: {told}")) for line in lines), lines


def test_import_refuses_cents_that_are_no_whole_numbers():
    columns = column("amount_cents", ["1.5", "x", "2", str(10**16)])
    del columns["amount"]
    assert refused(lambda: import_payments(pa.table(columns))) == [
        "table:1: amount_cents: must be a whole number of cents; nothing is rounded, got '1.5'",
        "table:2: amount_cents: must be a whole number of cents, got 'x'",
        f"table:4: amount_cents: must be at most 1000000000000000 cents, got '{10**16}'",
    ]


def test_import_refuses_a_day_with_too_large_a_total():
    amounts = ["1.00"] + ["10000000000000.00"] * 1_001
    (line,) = refused(lambda: import_payments(pa.table(column("amount", amounts))))
    assert line == "table:1: amount: brings the total of its day above 1000000000000000000 cents, got '1.00'"


def test_import_refuses_a_currency_of_other_rows():
    columns = column("currency", ["USD"])
    (line,) = refused(lambda: import_payments(pa.table(columns), currency="EUR"))
    assert line == "table:1: currency: must be EUR, the currency of the import, got 'USD'"


def test_import_reports_many_rows_in_short_and_all_on_request():
    rows = SHOWN_PER_RULE + 5
    with pytest.raises(RowsError) as caught:
        import_payments(pa.table(column("amount", ["x"] * rows)))
    lines = str(caught.value).splitlines()
    assert len(lines) == SHOWN_PER_RULE + 1
    assert lines[-1] == "amount: 5 more rows: must be a number such as 1234.56"
    assert len(list(caught.value.all())) == len(caught.value.problems) == rows


def book(**cells):
    """An Excel file of two payments with some cells replaced, as bytes."""
    made = openpyxl.Workbook()
    made.active.append(HEADER.split(","))
    for row in ROWS[:2]:
        made.active.append(row.split(","))
    made.active["E2"], made.active["E3"] = 1500, 900.5
    for name, value in cells.items():
        made.active[name] = value
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def sharpened():
    """The file as Excel saves 0.1 + 0.2; openpyxl writes fewer digits."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(E3=777.125))) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"777.125", b"0.30000000000000004"))
    return content.getvalue()


def zipped(**members):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, inside in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), inside)
    return content.getvalue()


BOMB = '<!DOCTYPE a [<!ENTITY b "xxxxxxxxxx"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;</a>'

FILES_BROKEN = {
    "empty file": ("p.csv", b"", "the file is empty"),
    "header only": ("p.csv", HEADER.encode() + b"\n", "the file has a header and no rows"),
    "only ragged rows": ("p.csv", HEADER.encode() + b"\nx\n", "must have 5 values as the header has, got 1 values"),
    "wrong encoding": ("p.csv", csv_text().replace("BETA", "BÉTA").encode("latin-1"), "sender: not UTF-8 text; give the encoding of the file in the mapping"),
    "utf-16": ("p.csv", codecs.BOM_UTF16_LE + csv_text().encode("utf-16-le"), "the file is UTF-16; give encoding: utf-16 in the mapping"),
    "missing column": ("p.csv", b"day,submitted,from,receiver,amount\n2026-03-02,08:00,a,b,1\n", "1: sender: column is missing, the file has day, submitted, from, receiver, amount"),
    "misspelled column": ("p.csv", b"day,submited,sender,receiver,amount\n2026-03-02,08:00,a,b,1\n", "1: submitted: column is missing. Did you mean submited?"),
    "no amount": ("p.csv", b"day,submitted,sender,receiver\n2026-03-02,08:00,a,b\n", "1: amount: column is missing, the file has"),
    "wrong delimiter": ("p.csv", csv_text().replace(",", ";").encode(), "1: submitted: column is missing"),
    "doubled header": ("p.csv", b"day,submitted,sender,sender,amount\n1,2,3,4,5\n", "1: sender: the header has this column twice"),
    "no table": ("p.parquet", b"PAR1 or not", "cannot be read as Parquet"),
    "unknown ending": ("p.doc", b"x", "unknown kind of file; endings are .csv"),
    "no excel file": ("p.xlsx", b"x", "cannot be read as an Excel file"),
    "excel without rows": ("p.xlsx", None, "the sheet is empty"),
    "float in a cell": ("p.xlsx", sharpened(), "3: amount (E3): must have at most 2 decimals; nothing is rounded, got '0.30000000000000004'"),
    "truth value in a cell": ("p.xlsx", book(E3=True), "3: amount (E3): must be a number such as 1234.56, got 'true'"),
    "excel column twice": ("p.xlsx", book(A1="amount"), "1: amount: the header has this column twice"),
    "no database": ("p.duckdb", b"x", "cannot be read as a DuckDB file"),
    "no message": ("p.xml", b"<a/>", "neither pacs.008 nor pacs.009: the message element is a"),
    "broken xml": ("p.xml", b"<a>", "not well-formed XML"),
    "entity expansion": ("p.xml", BOMB.encode(), "must not have a DTD or entities"),
    "message without transactions": ("p.xml", message("").encode(), "the messages have no transactions"),
    "message with another number": ("p.xml", message(transaction(), count=3).encode(), "NbOfTxs: the message has 1 transactions, got '3'"),
    "no zip": ("p.zip", b"x", "not a usable zip file"),
    "empty zip": ("p.zip", zipped(), "has no messages (.xml)"),
    "zip with another file": ("p.zip", zipped(readme="x"), "a zip of messages must have only .xml files"),
    "zip that leads out": ("p.zip", zipped(**{"..__a_xml": "x"}), "the name of a member must not lead out of the zip file"),
    "zip within a zip": ("p.zip", zipped(inner=zipped(a_xml="x")), "a zip of messages must have only .xml files"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES_BROKEN)
def test_import_refuses_a_broken_file(name, tmp_path):
    file, content, told = FILES_BROKEN[name]
    path = tmp_path / file
    if content is None:
        openpyxl.Workbook().save(path)
    else:
        path.write_bytes(content)
    mapping = "iso20022" if path.suffix in {".xml", ".zip"} else "canonical"
    lines = refused(lambda: import_payments(path, mapping=mapping))
    assert told in "\n".join(lines)
    assert all(line.startswith(str(path)) for line in lines)
    assert [found.name for found in tmp_path.iterdir()] == [file]


def test_import_refuses_a_payments_table_of_a_later_version(tmp_path):
    path = tmp_path / "p.parquet"
    table = pa.table(changed_frame())
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: b'{"version": 2}'}), path)
    rule = "simcash_env.payments: a payments table of an unknown version; accepted is version 1"
    assert refused(lambda: import_payments(path)) == [f"{path}: {rule}, got version 2"]
    pq.write_table(table.replace_schema_metadata({METADATA_KEY: b"?"}), path)
    assert refused(lambda: import_payments(path)) == [f"{path}: {rule}, got version None"]


def test_import_refuses_paths_that_lead_nowhere(tmp_path):
    long = "x" * 300 + ".csv"
    assert "cannot be read: File name too long" in refused(lambda: import_payments(long))[0]
    path = tmp_path / "none.csv"
    assert refused(lambda: import_payments(path)) == [f"{path}: cannot be read: no such file or folder"]
    assert "cannot be read: " in refused(lambda: import_payments("a\0b"))[0]
    folder = tmp_path / "folder"
    folder.mkdir()
    assert refused(lambda: import_payments(folder)) == [f"{folder}: the folder is empty"]
    (folder / "notes.doc").touch()
    assert "a folder must have only .xml files, or only .csv" in refused(lambda: import_payments(folder))[0]


def test_import_refuses_what_is_no_table():
    assert refused(lambda: import_payments(5))[0].startswith("table: must be an Arrow table or a data frame: ")
    assert refused(lambda: import_payments(pa.table({"a": pa.array([], pa.int8())}))) == ["table: has no rows"]


# -- the output folder -------------------------------------------------------------------------------------------------


@pytest.fixture
def imported():
    return import_payments(pa.table(changed_frame()), currency="EUR")


def test_import_writes_its_files(imported, tmp_path):
    folder = tmp_path / "deep" / "my-system"
    assert [path.name for path in imported.write(folder)] == list(FILES)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    assert sorted(path.name for path in folder.parent.iterdir()) == ["my-system"]
    assert isinstance(read_payments(folder / PAYMENTS), Payments)
    assert read_payments(folder / PAYMENTS).table.equals(imported.payments.table)
    assert read_banks(folder / BANKS) == imported.banks
    document = yaml.safe_load((folder / SCENARIO).read_text())
    assert document["simulation"] == {"ticks_per_day": 132, "num_days": 1, "open": "07:00", "close": "18:00"}
    assert document["arrivals"]["recorded"]["file"] == PAYMENTS
    assert document["arrivals"]["recorded"]["split"] == [0.6, 0.2, 0.2]
    assert (document["name"], document["currency"]) == ("my-system", "EUR")


def test_import_writes_a_scenario_that_runs(imported, tmp_path):
    imported.write(tmp_path / "out")
    simulation = Simulation(load_scenario(tmp_path / "out" / SCENARIO), seed=1)
    summary = simulation.run_to_completion()
    assert (summary.ticks, summary.arrived, summary.settled) == (132, 3, 3)
    assert simulation.balance("ALPHA") == 150_000 - 150_000 + 200_000


def test_import_writes_the_same_bytes_each_time(imported, tmp_path):
    for name in ("1", "2"):
        imported.write(tmp_path / name / "my-system")
    for file in FILES:
        assert (tmp_path / "1" / "my-system" / file).read_bytes() == (tmp_path / "2" / "my-system" / file).read_bytes()


def test_import_refuses_a_folder_with_files(imported, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(WriteError, match="the folder has files; --force replaces payments"):
        imported.write(tmp_path)
    imported.write(tmp_path, force=True)
    imported.write(tmp_path, force=True)
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*FILES, "notes.txt"])
    with pytest.raises(WriteError, match="is a file"):
        require_free(tmp_path / "notes.txt")
    with pytest.raises(WriteError, match="cannot be written"):
        require_free(tmp_path / ("x" * 300))


def test_import_replaces_all_files_or_none(imported, tmp_path):
    imported.write(tmp_path / "out")
    before = {file: (tmp_path / "out" / file).read_bytes() for file in FILES if file != SCENARIO}
    (tmp_path / "out" / SCENARIO).unlink()
    (tmp_path / "out" / SCENARIO).mkdir()
    (tmp_path / "out" / SCENARIO / "a").touch()
    other = Imported(imported.payments, (Bank("ALPHA", 9), Bank("BETA"), Bank("GAMMA")), 4)
    other.write(tmp_path / "out", force=True)  # a folder in the way is moved aside too
    assert (tmp_path / "out" / BANKS).read_bytes() != before[BANKS]


def test_import_undoes_a_replacement_that_fails(imported, tmp_path, monkeypatch):
    from simcash_env.data import importing

    imported.write(tmp_path / "out")
    (tmp_path / "out" / BANKS).unlink()
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}
    other = Imported(imported.payments, (Bank("ALPHA", 9), Bank("BETA"), Bank("GAMMA")), 4)
    written = importing.Imported._write_files

    def incomplete(self, folder, name):
        written(self, folder, name)
        (folder / FILES[-1]).unlink()

    monkeypatch.setattr(importing.Imported, "_write_files", incomplete)
    with pytest.raises(WriteError, match="cannot be written"):
        other.write(tmp_path / "out", force=True)
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_import_writes_nothing_where_a_file_fails(imported, tmp_path, monkeypatch):
    from simcash_env.data import importing

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(importing, "write_banks", fail)
    with pytest.raises(WriteError, match="No space left on device"):
        imported.write(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_import_scenario_names_every_limit_of_a_bank(tmp_path):
    banks = (
        Bank("ALPHA", -5, 10, 20, Decimal("0.1"), {"BETA": 7}, 8, 9),
        Bank("BETA"),
        Bank("GAMMA"),
    )
    first = import_payments(pa.table(changed_frame()), banks=banks).scenario("x", "sha256:0")["banks"][0]
    assert first == {
        "id": "ALPHA",
        "opening_balance": -5,
        "credit_limit": 10,
        "posted_collateral": 20,
        "collateral_haircut": 0.1,
        "bilateral_limits": {"BETA": 7},
        "multilateral_limit": 8,
        "liquidity_pool": 9,
    }
