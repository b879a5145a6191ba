"""Statistics of a payments table, against figures worked out by hand."""

import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import given

from simcash_env.data.payments import Calendar
from simcash_env.data.profile import (
    Category,
    DayBounds,
    DayTotal,
    HourDelay,
    Quantile,
    herfindahl,
    hour_edges,
    profile_of,
    quantiles_of,
    top_share,
)
from tests.data.tables import DAYS, HOUR, any_payments, payments_of


def small(**columns):
    """Two days of three banks."""
    return payments_of(
        (0, "08:00", "A", "B", 100_00),
        (0, "09:30", "B", "C", 300_00),
        (0, "17:59", "B", "A", 1_000_000_00),
        (1, "08:59", "A", "B", 600_00),
        **columns,
    )


def test_profile_totals():
    profile = profile_of(small())
    assert (profile.source, profile.currency) == ("test", "EUR")
    assert (profile.num_days, profile.num_banks, profile.num_payments, profile.value_cents) == (2, 3, 4, 1_001_000_00)
    assert profile.days == (DayTotal(DAYS[0], 3, 1_000_400_00), DayTotal(DAYS[1], 1, 600_00))
    assert profile_of(small(), ["D", "A"]).num_banks == 4


def test_profile_hours():
    hours = profile_of(small()).hours
    assert [hour.num_payments for hour in hours] == [0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 1]
    eight = hours[1]
    assert (eight.start_us, eight.end_us, eight.value_cents) == (8 * HOUR, 9 * HOUR, 700_00)
    assert (eight.mean_num_payments, eight.mean_value_cents) == (1.0, 350_00)
    assert (eight.share_of_payments, eight.share_of_value) == (0.5, 700 / 1_001_000)


@pytest.mark.parametrize(
    ("open_us", "close_us", "edges"),
    [
        (7 * HOUR, 9 * HOUR, [7, 8, 9]),
        (7 * HOUR + HOUR // 2, 9 * HOUR + HOUR // 4, [7.5, 8, 9, 9.25]),
        (HOUR // 2, HOUR // 4 * 3, [0.5, 0.75]),
        (0, 24 * HOUR, list(range(25))),
    ],
)
def test_hour_edges(open_us, close_us, edges):
    assert hour_edges(open_us, close_us).tolist() == [edge * HOUR for edge in edges]


def test_profile_short_first_hour():
    calendar = Calendar(7 * HOUR + HOUR // 2, 9 * HOUR, 3)
    hours = profile_of(payments_of((0, "07:30", "A", "B", 1), (0, "08:00", "A", "B", 2), calendar=calendar)).hours
    assert [(hour.end_us - hour.start_us, hour.value_cents) for hour in hours] == [(HOUR // 2, 1), (HOUR, 2)]


def test_profile_sizes():
    sizes = profile_of(small()).sizes
    assert sizes.mean_cents == 250_250_00
    levels = {quantile.share: quantile.value for quantile in sizes.quantiles}
    assert (levels[0.0], levels[0.25], levels[0.5], levels[0.75], levels[1.0]) == (
        100_00, 100_00, 300_00, 600_00, 1_000_000_00,
    )  # fmt: skip


def test_quantiles_are_recorded_values_beyond_float():
    value = 10**15 - 1
    assert quantiles_of(np.array([1, value, value]), [0.5]) == (Quantile(0.5, value),)


def test_profile_size_bands():
    bands = profile_of(small()).size_bands
    assert [band.num_payments for band in bands] == [3, 0, 0, 0, 0, 1, 0, 0, 0]  # a band includes its lower end
    million = bands[5]
    assert (million.low_cents, million.high_cents) == (1_000_000_00, 10_000_000_00)
    assert (million.share_of_payments, million.share_of_value) == (0.25, 1_000_000 / 1_001_000)
    assert (bands[-1].low_cents, bands[-1].high_cents) == (10**11, None)


def test_profile_concentration():
    found = profile_of(small()).concentration
    shares = 700 / 1_001_000, 1_000_300 / 1_001_000
    assert found.herfindahl_value == pytest.approx(sum(share**2 for share in shares), rel=1e-12)
    assert (found.herfindahl_payments, found.top5_share_of_value, found.top5_share_of_payments) == (0.5, 1.0, 1.0)
    sent = np.array([10, 40, 20, 5, 5, 10, 10])
    assert top_share(sent) == 0.9
    assert herfindahl(sent) == pytest.approx(0.235, rel=1e-12)


def test_profile_priorities_and_kinds():
    profile = profile_of(small(priority=[9, 5, 10, 5], kind=["b", None, "a", "b"]))
    total = 1_001_000_00
    assert profile.priorities == (
        Category("5", 2, 900_00, 0.5, 900_00 / total),
        Category("9", 1, 100_00, 0.25, 100_00 / total),
        Category("10", 1, 1_000_000_00, 0.25, 1_000_000_00 / total),
    )
    assert [(kind.name, kind.num_payments) for kind in profile.kinds] == [("b", 2), ("a", 1), (None, 1)]
    assert profile_of(small()).kinds == ()


def test_profile_network():
    network = profile_of(small(), ["D"]).network
    assert (network.num_banks, network.num_pairs, network.density) == (3, 3, 0.5)
    assert network.reciprocity == 2 / 3  # A to B and B to A, but not C to B
    assert network.mean_counterparties == 1.5
    # Day 1: A and B net 999,900 of 1,000,100, B and C 300; day 2: 600.
    assert network.offset_share == pytest.approx(1 - (999_900 + 300 + 600) / 1_001_000, rel=1e-12)


def test_profile_banks_and_bounds():
    profile = profile_of(small(), ["D"])
    assert [bank.bank for bank in profile.banks] == ["A", "B", "C", "D"]
    first, second, _, idle = profile.banks
    assert (first.num_sent, first.sent_cents, first.num_received, first.received_cents) == (2, 700_00, 1, 1_000_000_00)
    assert (first.mean_lower_bound_cents, first.max_lower_bound_cents) == (300_00, 600_00)
    assert (first.mean_upper_bound_cents, first.max_upper_bound_cents) == (350_00, 600_00)
    assert (second.max_lower_bound_cents, second.max_upper_bound_cents) == (1_000_200_00, 1_000_200_00)
    assert (idle.num_sent, idle.num_received, idle.max_upper_bound_cents) == (0, 0, 0)
    assert profile.bounds == (
        DayBounds(DAYS[0], 1_000_200_00, 1_000_300_00),
        DayBounds(DAYS[1], 600_00, 600_00),
    )


def test_profile_delay():
    settled = [dt.time(8, 10), dt.time(10, 30), None, dt.time(9)]
    delay = profile_of(small(settled=settled, not_before=[None, dt.time(10), None, None])).delay
    assert (delay.num_settled, delay.settled_cents) == (3, 1_000_00)
    assert (delay.num_unsettled, delay.unsettled_cents) == (1, 1_000_000_00)
    assert delay.mean_seconds == pytest.approx((600 + 1800 + 60) / 3, rel=1e-12)
    assert delay.value_weighted_mean_seconds == pytest.approx(60 + 540 + 36, rel=1e-12)
    assert Quantile(0.5, 600_000_000) in delay.quantiles
    assert delay.hours[0] == HourDelay(7 * HOUR, 8 * HOUR, 0, None, None)
    assert (delay.hours[1].num_settled, delay.hours[1].mean_seconds) == (2, 330.0)
    assert delay.hours[2].value_weighted_mean_seconds == 1800.0


def test_profile_delay_before_the_earliest_time():
    payments = payments_of((0, "08:00", "A", "B", 1), not_before=[dt.time(10)], settled=[dt.time(9)])
    assert profile_of(payments).delay.mean_seconds == 0.0


def test_profile_delay_not_recorded():
    assert profile_of(small()).delay is None


def test_profile_as_json():
    profile = profile_of(small(settled=[dt.time(18)] * 4))
    plain = json.loads(json.dumps(profile.as_dict()))
    assert plain["days"][0] == {"day": "2026-03-02", "num_payments": 3, "value_cents": 1_000_400_00}
    assert plain["bounds"][1]["day"] == "2026-03-03"
    assert plain["delay"]["num_settled"] == 4


@given(any_payments())
def test_profile_parts_sum_to_the_whole(payments):
    profile = profile_of(payments)
    for parts in (profile.days, profile.hours, profile.size_bands, profile.priorities):
        assert sum(part.num_payments for part in parts) == profile.num_payments
        assert sum(part.value_cents for part in parts) == profile.value_cents
    assert sum(bank.sent_cents for bank in profile.banks) == profile.value_cents
    assert sum(bank.received_cents for bank in profile.banks) == profile.value_cents
    assert 0 <= profile.network.offset_share <= 1
    assert 0 < profile.network.density <= 1
