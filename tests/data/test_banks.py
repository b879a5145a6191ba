"""The banks table."""

import datetime as dt
from decimal import Decimal

import pandas as pd
import pytest

from simcash_env.data.banks import BANK_COLUMNS, Bank, banks_of_table, banks_on, read_banks, write_banks
from simcash_env.errors import DataError

DAY = dt.date(2026, 3, 2)


def refused(call):
    with pytest.raises(DataError) as caught:
        call()
    return str(caught.value).splitlines()


def test_banks_round_trip(tmp_path):
    banks = (
        Bank("ALPHA", -5, 10, 20, Decimal("0.10"), {"Γάμμα, Inc.": 7}, 8, 9),
        Bank("Γάμμα, Inc.", 1),
    )
    write_banks(banks, tmp_path / "banks.csv")
    assert read_banks(tmp_path / "banks.csv") == banks
    assert "day" not in (tmp_path / "banks.csv").read_text()
    by_day = (*banks, Bank("ALPHA", 6, day=DAY))
    write_banks(by_day, tmp_path / "banks.csv")
    assert read_banks(str(tmp_path / "banks.csv")) == by_day
    assert (tmp_path / "banks.csv").read_text().splitlines()[0] == ",".join(column.name for column in BANK_COLUMNS)


def test_banks_on_a_day():
    banks = (
        Bank("a", 1),
        Bank("a", 2, day=DAY),
        Bank("b", 3, day=dt.date(2026, 3, 3)),
        Bank("b", 4),
        Bank("a", 5, day=dt.date(2026, 3, 4)),
    )
    assert [(bank.id, bank.opening_balance_cents) for bank in banks_on(banks, DAY)] == [("a", 2), ("b", 4)]
    assert [bank.opening_balance_cents for bank in banks_on(banks, dt.date(2026, 3, 3))] == [1, 3]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"id": ""}, "id: must be given"),
        ({"id": " a"}, "id: must not begin or end with a space, got ' a'"),
        ({"id": "a\tb"}, "id: must be one line without tabs: character 2 is U+0009, got 'a\\tb'"),
        ({"id": "A"}, "id: the table has this bank and day already, got 'A'"),
        ({"opening_balance_cents": "1.5"}, "opening_balance_cents: must be a whole number of cents, got '1.5'"),
        ({"opening_balance_cents": str(10**15 + 1)}, "opening_balance_cents: must be at most 1000000000000000 cents, got '1000000000000001'"),
        ({"credit_limit_cents": "-1"}, "credit_limit_cents: must be at least 0 cents, got '-1'"),
        ({"posted_collateral_cents": "1" * 30}, "posted_collateral_cents: must be at most 1000000000000000 cents"),
        ({"haircut": "2"}, "haircut: must be a share from 0 to 1, got '2'"),
        ({"haircut": "nan"}, "haircut: must be a share from 0 to 1, got 'nan'"),
        ({"haircut": "x"}, "haircut: must be a share from 0 to 1, got 'x'"),
        ({"bilateral_limits": "A=5"}, "bilateral_limits: must be a JSON object of banks and cents"),
        ({"bilateral_limits": '{"A": 1.5}'}, "bilateral_limits: must be a JSON object of banks and cents"),
        ({"bilateral_limits": '{"A": -5}'}, "bilateral_limits: must be at least 0 cents"),
        ({"bilateral_limits": '{"Z": 5}'}, "bilateral_limits: must be limits to other banks of the table, got 'Z'"),
        ({"day": "2.3.2026"}, "day: must be a date YYYY-MM-DD, got '2.3.2026'"),
    ],
)  # fmt: skip
def test_banks_rules(row, fault, tmp_path):
    path = tmp_path / "banks.csv"
    names = [column.name for column in BANK_COLUMNS]
    values = [({"id": "B"} | row).get(name, "").replace('"', '""') for name in names]
    cells = ",".join(f'"{value}"' for value in values)
    path.write_text(f"{','.join(names)}\nA,1,,,,,,,\n{cells}\n")
    lines = refused(lambda: read_banks(path))
    assert lines[0].startswith(f"{path}:3: {fault}")
    assert len(lines) == 1


def test_banks_header(tmp_path):
    path = tmp_path / "banks.csv"
    path.write_text("bank,opening_balance,haircut,haircut\nA,1,0,0\n")
    assert refused(lambda: read_banks(path)) == [
        f"{path}:1: bank: unknown key",
        f"{path}:1: opening_balance: unknown key. Did you mean opening_balance_cents?",
        f"{path}:1: haircut: the header has this column twice",
        f"{path}:1: id: column is missing",
    ]
    path.write_text("id\n")
    assert refused(lambda: read_banks(path)) == [f"{path}: has no banks"]
    path.write_text("id\nA,B\n")
    assert refused(lambda: read_banks(path))[0].startswith(f"{path}: cannot be read: ")
    assert refused(lambda: read_banks(tmp_path / "none.csv"))[0].startswith(f"{tmp_path / 'none.csv'}: cannot be read")


def test_banks_of_a_frame():
    frame = pd.DataFrame({"id": ["A", "B"], "opening_balance_cents": [1, 2], "day": [DAY, None]})
    assert banks_of_table(frame) == (Bank("A", 1, day=DAY), Bank("B", 2))
    assert refused(lambda: banks_of_table(pd.DataFrame({"bank": ["A"]}))) == [
        "banks: bank: unknown key",
        "banks: id: column is missing",
    ]
    assert refused(lambda: banks_of_table(pd.DataFrame({"id": []}))) == ["banks: has no banks"]
