"""Liquidity bounds of recorded days, and liquidity derived from them."""

import dataclasses
import datetime as dt
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simcash_env.data.columns import columns_of, exact_sum
from simcash_env.data.liquidity import BASES, derived_liquidity, liquidity_bounds, liquidity_rule
from simcash_env.errors import DataError
from simcash_env.evaluation.metrics import peak_debits
from tests.data.tables import any_payments, payments_of


def bounds_of(payments):
    """Lower and upper bounds by day and bank, banks in ascending order."""
    bounds = liquidity_bounds(columns_of(payments))
    return bounds.lower_cents.tolist(), bounds.upper_cents.tolist()


def test_bounds_hand_computed():
    payments = payments_of(
        (0, "08:00", "A", "B", 100),  # A -100, B +100
        (0, "09:00", "B", "C", 250),  # B -150, C +250
        (0, "10:00", "C", "A", 70),  # A -30, C +180
        (1, "08:00", "C", "A", 40),  # a new day begins at 0
    )
    lower, upper = bounds_of(payments)
    assert lower == [[30, 150, 0], [0, 0, 40]]
    assert upper == [[100, 150, 0], [0, 0, 40]]


def test_upper_bound_one_instant_in_file_order():
    paying_first = payments_of((0, "08:00", "A", "B", 100), (0, "08:00", "B", "A", 100))
    paid_first = payments_of((0, "08:00", "B", "A", 100), (0, "08:00", "A", "B", 100))
    assert bounds_of(paying_first) == ([[0, 0]], [[100, 0]])
    assert bounds_of(paid_first) == ([[0, 0]], [[0, 100]])


def test_upper_bound_not_before():
    payments = payments_of(
        (0, "08:00", "A", "B", 100), (0, "09:00", "B", "A", 100), not_before=[dt.time(10), None]
    )  # A pays after it is paid
    assert bounds_of(payments) == ([[0, 0]], [[0, 100]])


def test_bounds_sums_larger_than_float():
    large = 10**15 - 1
    payments = payments_of(*[(0, "08:00", "A", "B", large)] * 20, (0, "09:00", "B", "A", 1))
    assert bounds_of(payments) == ([[20 * large - 1, 0]], [[20 * large, 0]])


@given(any_payments())
def test_bounds_properties(payments):
    columns = columns_of(payments)
    bounds = liquidity_bounds(columns)
    assert (bounds.lower_cents >= 0).all()
    assert (bounds.lower_cents <= bounds.upper_cents).all()
    assert (bounds.upper_cents <= bounds.sent_cents).all()
    by_payment = np.zeros((len(columns.days), columns.num_payments, len(columns.banks)), np.int64)
    order = np.lexsort((columns.arrival_us, columns.day))
    by_payment[columns.day[order], np.arange(len(order)), columns.sender[order]] -= columns.amount_cents[order]
    by_payment[columns.day[order], np.arange(len(order)), columns.receiver[order]] += columns.amount_cents[order]
    np.testing.assert_array_equal(bounds.upper_cents, peak_debits(by_payment))  # the metrics of a run define the same
    np.testing.assert_array_equal(bounds.lower_cents, np.maximum(-by_payment.sum(axis=1), 0))


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("lower-bound:1", {"A": 30, "B": 151, "C": 40}),
        ("lower-bound:1.2", {"A": 36, "B": 182, "C": 48}),  # 151 * 1.2 = 181.2
        ("upper-bound:1.0", {"A": 100, "B": 151, "C": 40}),
        ("share-of-outflow:0.1", {"A": 10, "B": 26, "C": 7}),  # 100, 251 and 70 sent on the larger day
        ("share-of-outflow:0.001", {"A": 1, "B": 1, "C": 1}),
    ],
)
def test_derived_liquidity_hand_computed(rule, expected):
    payments = payments_of(
        (0, "08:00", "A", "B", 100), (0, "09:00", "B", "C", 251), (0, "10:00", "C", "A", 70), (1, "08:00", "C", "A", 40)
    )
    assert derived_liquidity(payments, rule) == expected


def test_derived_liquidity_without_outflow():
    payments = payments_of((0, "08:00", "A", "B", 100))
    for basis in BASES:
        assert derived_liquidity(payments, f"{basis}:1")["B"] == 0


def test_derived_liquidity_above_the_largest_amount():
    payments = payments_of((0, "08:00", "A", "B", 10**15), (0, "08:00", "C", "B", 1))
    with pytest.raises(DataError) as caught:
        derived_liquidity(payments, "share-of-outflow:1.5", key="--liquidity")
    assert str(caught.value) == (
        "--liquidity: bank A would get 1500000000000000 cents; at most 1000000000000000 are allowed, "
        "got 'share-of-outflow:1.5'"
    )


@given(any_payments(), st.integers(1, 10**9))
def test_derived_liquidity_rounded_up_exactly(payments, billionths):
    rule = f"lower-bound:0.{billionths:09}" if billionths < 10**9 else "lower-bound:1"
    lower = liquidity_bounds(columns_of(payments)).lower_cents.max(axis=0).tolist()
    if max(lower) * billionths > 10**24:
        with pytest.raises(DataError, match="at most 1000000000000000 are allowed"):
            derived_liquidity(payments, rule)
        return
    derived = list(derived_liquidity(payments, rule).values())
    assert all(0 <= got - Fraction(cents * billionths, 10**9) < 1 for got, cents in zip(derived, lower, strict=True))


@pytest.mark.parametrize(
    "rule",
    ["", "lower-bound", "lower-bound:", "lower-bound:0", "lower-bound:0.0", "upper-bound:-1", "upper-bound:1e3", "upper-bound:nan",
     "upper-bound:1/3", "share-of-outflow: 1", "share-of-outflow:.5", "mean:1", "lower-bound:\N{ARABIC-INDIC DIGIT ONE}", "lower-bound:1.0000000001"],
)  # fmt: skip
def test_liquidity_rule_refused(rule):
    with pytest.raises(DataError) as caught:
        liquidity_rule(rule, key="--liquidity")
    assert str(caught.value) == (
        "--liquidity: must be lower-bound:FACTOR, upper-bound:FACTOR or share-of-outflow:FACTOR with a decimal FACTOR "
        f"above 0, got {rule!r}"
    )


def test_columns_refuse_an_empty_table():
    payments = payments_of((0, "08:00", "A", "B", 1))
    empty = dataclasses.replace(payments, table=payments.table.slice(1))
    with pytest.raises(DataError, match="test: must have at least one payment"):
        columns_of(empty)


def test_columns_refuse_a_value_beyond_int64():
    payments = payments_of(*[(0, "08:00", "A", "B", 10**15)] * 1_000)
    many = dataclasses.replace(payments, table=pa.concat_tables([payments.table] * 10))
    with pytest.raises(DataError, match=r"at most 9223372036854775807 cents, got 10{19}"):
        columns_of(many)


@given(st.lists(st.integers(0, 2**63 - 1), max_size=50))
def test_exact_sum(values):
    assert exact_sum(np.array(values, np.int64)) == sum(values)
