"""Anonymised payments: no name or secret is left, and the structure is."""

import dataclasses
import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcash_env.data.anonymise import SOURCE, anonymise, scaled
from simcash_env.data.banks import Bank, write_banks
from simcash_env.data.payments import read_payments, require_valid, write_payments
from simcash_env.data.profile import profile_of
from simcash_env.data.report import write_report
from simcash_env.errors import DataError
from simcash_env.schema.limits import MAX_CENTS
from tests.data.tables import HOUR, any_payments, payments_of

SECRETS = ("Banco Zorro", "Ørsted", "Yggdrasil", "Idle & Sons", "Xenon-kind", "PAY-4711", "/home/analyst/secret.csv")


def named():
    """Payments of three banks with names, ids and kinds that must not appear afterwards."""
    return payments_of(
        (0, "08:00", "Banco Zorro", "Ørsted", 300),
        (0, "09:00", "Ørsted", "Yggdrasil", 500),
        (1, "07:00", "Ørsted", "Banco Zorro", 50),
        (1, "17:59", "Yggdrasil", "Ørsted", 1),
        payment_id=[f"PAY-471{number}" for number in range(1, 5)],
        kind=["Xenon-kind", None, "a", "Xenon-kind"],
        priority=[1, 2, 3, 4],
        divisible=[True, False, False, False],
        not_before=[dt.time(8, 30), None, None, None],
        deadline=[dt.time(10), None, dt.time(18), None],
        settled=[dt.time(9), dt.time(9), None, dt.time(18)],
        source="/home/analyst/secret.csv",
    )


BANKS = (
    Bank("Banco Zorro", -7, 11, 13, Decimal("0.1"), {"Ørsted": 1, "Yggdrasil": 0}, 100, 3),
    Bank("Idle & Sons"),
    Bank("Yggdrasil", 1_000),
    Bank("Ørsted", 5, day=dt.date(2026, 3, 2)),
    Bank("Ørsted", 6, day=dt.date(2026, 3, 3)),
)


def times_of(payments):
    """(columns, payments) microseconds."""
    return np.array([payments.integers(name) for name in ("submitted", "not_before", "deadline", "settled")])


def test_anonymise_names_by_rank():
    payments, banks, summary = anonymise(named(), BANKS)
    assert payments.table["sender"].to_pylist() == ["bank-002", "bank-001", "bank-001", "bank-003"]
    assert payments.table["receiver"].to_pylist() == ["bank-001", "bank-003", "bank-002", "bank-001"]
    assert payments.table["payment_id"].to_pylist() == ["1", "2", "3", "4"]
    assert payments.table["kind"].to_pylist() == ["kind-1", None, "kind-2", "kind-1"]
    for name in ("day", "submitted", "amount_cents", "priority", "deadline", "not_before", "settled", "divisible"):
        assert payments.table[name].equals(named().table[name])
    assert (payments.source, payments.currency, payments.calendar) == (SOURCE, "EUR", named().calendar)
    assert banks == (
        Bank("bank-001", 5, day=dt.date(2026, 3, 2)),
        Bank("bank-001", 6, day=dt.date(2026, 3, 3)),
        Bank("bank-002", -7, 11, 13, Decimal("0.1"), {"bank-001": 1, "bank-003": 0}, 100, 3),
        Bank("bank-003", 1_000),
        Bank("bank-004"),
    )
    assert (summary.num_banks, summary.num_payments, summary.num_kinds, summary.is_scaled) == (4, 4, 2, False)
    assert summary.sentences() == (
        "Anonymised: 4 banks are named by rank of the value they send, 4 payments are numbered in the order of the table.",
        "2 kinds of payments are named by rank of their number.",
        "Amounts were not changed.",
        "Times were not changed.",
        "Business days, opening hours, currency, priorities and divisibility were kept.",
    )


def test_anonymise_leaves_no_name_or_secret(tmp_path):
    payments, banks, summary = anonymise(named(), BANKS, seed=918_273_645, scale="1.618033", jitter_minutes=20)
    write_payments(payments, tmp_path / "payments.parquet")
    table = pq.read_table(tmp_path / "payments.parquet")
    pq.write_table(table, tmp_path / "plain.parquet", compression="none")
    write_banks(banks, tmp_path / "banks.csv")
    write_report(payments, [bank.id for bank in banks], tmp_path / "report.html", notes=summary.sentences())
    shown = [*(path.read_bytes() for path in tmp_path.iterdir()), repr((payments, banks, summary)).encode()]
    for secret in (*SECRETS, "918273645", "918_273_645", "1.618033", "1618033"):
        assert all(secret.encode() not in text for text in shown), secret
    dictionaries = [
        chunk.dictionary.to_pylist() for name in ("sender", "receiver") for chunk in payments.table[name].chunks
    ]
    assert all(name.startswith("bank-") for names in dictionaries for name in names)
    assert "secret factor" in " ".join(summary.sentences())
    assert "at most 20 minutes" in " ".join(summary.sentences())


def test_anonymise_scales_all_money():
    payments, banks, summary = anonymise(named(), BANKS, scale=Fraction(1, 10))
    assert payments.integers("amount_cents").tolist() == [30, 50, 5, 1]  # 0.1 would be less than a cent
    assert summary.num_raised == 1
    assert "1 payments would have become less than half a cent" in summary.sentences()[3]
    assert banks[2] == Bank("bank-002", -1, 1, 1, Decimal("0.1"), {"bank-001": 1, "bank-003": 0}, 10, 1)
    same = anonymise(named(), BANKS, scale="1")[0].integers("amount_cents").tolist()
    assert same == named().integers("amount_cents").tolist()


@given(st.integers(-MAX_CENTS, MAX_CENTS), st.fractions(min_value=Fraction(1, 10**9), max_value=10**6))
def test_scaled_is_exact(cents, factor):
    new = scaled(cents, factor)
    if cents == 0:
        assert new == 0
    elif abs(cents) * factor < Fraction(1, 2):
        assert abs(new) == 1
    else:
        assert Fraction(-1, 2) < abs(new) - abs(cents) * factor <= Fraction(1, 2)
    assert new * cents >= 0


@given(any_payments(), st.integers(0, 2**63 - 1), st.sampled_from([None, "0.37", "2.5"]), st.sampled_from([0, 1, 1440]))
def test_anonymise_keeps_the_structure(payments, seed, scale, jitter_minutes):
    if scale == "2.5" and int(payments.integers("amount_cents").max()) * 2.5 > MAX_CENTS:
        scale = "1.0"
    renamed, _, _ = anonymise(payments, (), seed=seed, scale=scale, jitter_minutes=jitter_minutes)
    require_valid(renamed)
    before, after = profile_of(payments), profile_of(renamed)
    assert [(day.day, day.num_payments) for day in before.days] == [(day.day, day.num_payments) for day in after.days]
    assert sorted(bank.num_sent for bank in before.banks) == sorted(bank.num_sent for bank in after.banks)
    for name in ("num_banks", "num_pairs", "density", "reciprocity", "mean_counterparties"):
        assert getattr(before.network, name) == getattr(after.network, name)
    assert before.concentration.herfindahl_payments == pytest.approx(after.concentration.herfindahl_payments)
    assert [bank.bank for bank in after.banks] == [f"bank-{rank:03}" for rank in range(1, after.num_banks + 1)]
    if scale is None:
        sent = [bank.sent_cents for bank in after.banks]
        assert sent == sorted((bank.sent_cents for bank in before.banks), reverse=True)
        assert before.sizes == after.sizes
        assert before.network.offset_share == after.network.offset_share
    else:
        factor = Fraction(scale)
        expected = sorted(scaled(cents, factor) for cents in payments.integers("amount_cents").tolist())
        assert sorted(renamed.integers("amount_cents").tolist()) == expected


def test_anonymise_jitter_moves_a_payment_as_a_whole():
    start = named()
    moved = anonymise(start, (), seed=5, jitter_minutes=30)[0]
    assert moved.table["amount_cents"].equals(start.table["amount_cents"])  # far enough apart to keep their order
    before, after = times_of(start), times_of(moved)
    shift = (after - before)[0]
    assert (shift != 0).all()
    assert (np.abs(shift) <= HOUR // 2).all()
    expected = np.where(before >= 0, before + shift, -1)
    expected[2, 2] = 18 * HOUR  # a deadline at the close stays there
    np.testing.assert_array_equal(after, expected)
    assert shift[2] > 0  # submitted at the opening: it can only move later
    assert shift[3] < 0  # settled at the close: it can only move earlier


def test_anonymise_seed():
    first, second = (times_of(anonymise(named(), (), seed=5, jitter_minutes=30)[0]) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    other = times_of(anonymise(named(), (), seed=6, jitter_minutes=30)[0])
    unseeded = [times_of(anonymise(named(), (), jitter_minutes=30)[0]) for _ in range(2)]
    assert (first != other).any()
    assert (unseeded[0] != unseeded[1]).any()


def test_anonymise_settled_after_the_close_stays_possible():
    payments = payments_of((0, "17:59", "A", "B", 1), settled=[dt.time(23, 59, 59)])
    moved = anonymise(payments, (), seed=1, jitter_minutes=60)[0]
    assert moved.integers("submitted")[0] <= payments.integers("submitted")[0]
    assert moved.integers("settled")[0] - moved.integers("submitted")[0] == 6 * HOUR + 59_000_000


def test_anonymise_without_kinds():
    payments, banks, summary = anonymise(payments_of((0, "08:00", "A", "B", 1)), ())
    assert (payments.table["kind"].to_pylist(), banks, summary.num_kinds) == ([None], (), 0)
    assert "kinds" not in " ".join(summary.sentences())


def test_anonymise_many_banks_have_longer_names():
    banks = tuple(Bank(f"b{number}") for number in range(1_200))
    renamed = anonymise(payments_of((0, "08:00", "A", "B", 1)), banks)[1]
    assert (renamed[0].id, renamed[-1].id) == ("bank-0003", "bank-1202")


def test_anonymise_round_trip(tmp_path):
    payments = anonymise(named(), BANKS, seed=1, jitter_minutes=10)[0]
    write_payments(payments, tmp_path / "payments.parquet")
    assert read_payments(tmp_path / "payments.parquet").table.to_pylist() == payments.table.to_pylist()


@pytest.mark.parametrize(
    "scale",
    [
        0,
        -1,
        "0",
        "-2",
        "1e3",
        "nan",
        "",
        "1/3",
        0.5,
        True,
        Decimal("NaN"),
        Decimal("1e-999999"),
        Fraction(0),
        "\N{ARABIC-INDIC DIGIT ONE}",
    ],
)
def test_anonymise_refuses_scale_without_quoting_it(scale):
    with pytest.raises(DataError) as caught:
        anonymise(named(), BANKS, scale=scale)
    assert str(caught.value) == (
        "scale: must be a number above 0: decimal text such as '0.8372', a whole number, a decimal or a fraction"
    )


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"scale": 10**13}, "scale: the largest amount would be above 1000000000000000 cents"),
        ({"scale": 10**12}, "banks: Yggdrasil.opening_balance_cents: the scaled amount must be at most 1000000000000000 cents"),
        ({"jitter_minutes": -1}, "jitter_minutes: must be a whole number of minutes from 0 to 1440, got -1"),
        ({"jitter_minutes": 1.5}, "jitter_minutes: must be a whole number of minutes from 0 to 1440, got 1.5"),
        ({"seed": -1}, "seed: must be a whole number from 0 to 2**63 - 1"),
    ],
)  # fmt: skip
def test_anonymise_refused(arguments, expected):
    banks = [dataclasses.replace(bank, opening_balance_cents=bank.opening_balance_cents + 1) for bank in BANKS]
    with pytest.raises(DataError) as caught:
        anonymise(named(), banks, **arguments)
    assert str(caught.value) == expected
