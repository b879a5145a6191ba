"""Amounts as people read them."""

import pytest

from simcash_env.amounts import amount_text
from simcash_env.evaluation.statistics import Interval


@pytest.mark.parametrize(
    ("cents", "options", "text"),
    [
        (123_450, {}, "1,234.50"),
        (-5, {"currency": "EUR"}, "-0.05 EUR"),
        (1.5, {}, "0.02"),
        (5, {"signed": True}, "+0.05"),
        (0, {"signed": True}, "+0.00"),
        (-5, {"signed": True}, "-0.05"),
        (10**18 + 1, {}, "10,000,000,000,000,000.01"),
    ],
)
def test_amounts_text(cents, options, text):
    assert amount_text(cents, **options) == text


def test_amounts_interval_in_currency_units():
    found = Interval(123_450.0, 100_000.0, 150_050.0, 9)
    assert (found.amount(), found.amount_range()) == ("1,234.50 [1,000.00, 1,500.50]", "1,000.00 to 1,500.50")
    assert Interval(100.0, 100.0, 100.0, 1).amount() == "1.00 (n = 1)"
    assert Interval(100.0, 100.0, 100.0, 1).amount_range() == "n = 1"
