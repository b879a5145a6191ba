"""Opening hours and the currency label: checked, shown, and without effect on results."""

import pytest

from simcash_env.amounts import amount_text, unit_name
from simcash_env.config import load_scenario
from simcash_env.config.clock import MINUTE_US, Clock
from simcash_env.errors import ConfigError
from simcash_env.registry import load
from simcash_env.simulation import Simulation
from tests.config.worlds import NATIVE


def with_hours(**hours: object) -> dict[str, object]:
    simulation = {"ticks_per_day": 12, "num_days": 2, **hours}
    return {**NATIVE, "banks": [{"id": "A"}, {"id": "B"}], "events": [], "simulation": simulation}


def test_clock_ticks_of_one_hour() -> None:
    clock = load_scenario(with_hours(open="06:00", close="18:00")).simulation.clock
    assert clock is not None
    assert [clock(tick) for tick in (0, 1, 11, 12, 23)] == ["06:00", "07:00", "17:00", "06:00", "17:00"]


def test_clock_ticks_off_the_minute_show_seconds() -> None:
    clock = load_scenario(with_hours(open="07:00", close="18:00")).simulation.clock
    assert clock is not None
    assert [clock(tick) for tick in (0, 1, 11)] == ["07:00", "07:55", "17:05"]
    assert Clock(0, 10 * MINUTE_US, 7)(1) == "00:01:25"
    assert Clock(0, 10 * MINUTE_US, 7).close == "00:10:00"


def test_clock_start_of_a_tick_lies_in_the_tick() -> None:
    clock = Clock(7 * 60 * MINUTE_US, 18 * 60 * MINUTE_US, 7_919)
    span = clock.close_us - clock.open_us
    starts = [clock.time_us(tick) for tick in range(clock.ticks_per_day)]
    assert [(start - clock.open_us) * clock.ticks_per_day // span for start in starts] == list(range(7_919))


def test_clock_tick_of_day_is_clipped_to_opening_hours() -> None:
    clock = Clock(8 * 60 * MINUTE_US, 18 * 60 * MINUTE_US, 100)
    assert [clock.tick_of_day(hour) for hour in (6.0, 8.0, 13.0, 18.0, 20.0)] == [0.0, 0.0, 50.0, 100.0, 100.0]


def test_clock_absent_without_opening_hours() -> None:
    simulation = load_scenario(with_hours()).simulation
    assert simulation.clock is None
    assert simulation.hours(0) == "06:00"
    assert simulation.hours.tick_of_day(18.0) == 12.0


@pytest.mark.parametrize(
    ("hours", "rule"),
    [
        ({"open": "07:00"}, r"simulation\.close: give both open and close, or neither"),
        ({"close": "18:00"}, r"simulation\.open: give both open and close, or neither"),
        ({"open": "18:00", "close": "18:00"}, r"simulation\.close: must be after open \(18:00\), got '18:00'"),
        ({"open": "7:00", "close": "18:00"}, r"simulation\.open: must be a time of day HH:MM from 00:00 to 24:00"),
        ({"open": "07:60", "close": "18:00"}, r"simulation\.open: must be a time of day HH:MM"),
        ({"open": "07:00", "close": "24:01"}, r"simulation\.close: must be a time of day HH:MM"),
        ({"open": 7, "close": "18:00"}, r"simulation\.open: must be text"),
    ],
)
def test_opening_hours_bad_values(hours: dict[str, object], rule: str) -> None:
    with pytest.raises(ConfigError, match=rule):
        load_scenario(with_hours(**hours))


@pytest.mark.parametrize("label", ["", 7, "a\nb", "thirteen chars"])
def test_currency_bad_label(label: object) -> None:
    with pytest.raises(ConfigError, match="currency"):
        load_scenario({**with_hours(), "currency": label})


def test_opening_hours_and_currency_move_no_result() -> None:
    plain = load("castro-2period-v0")
    simulation = plain.simulation.model_copy(update={"open": "07:00", "close": "18:00"})
    labelled = plain.model_copy(update={"simulation": simulation, "currency": "EUR"})
    first, second = Simulation(plain, seed=3), Simulation(labelled, seed=3)
    assert first.run_to_completion() == second.run_to_completion()
    fork = Simulation(plain, seed=3)
    fork.restore(second.snapshot())
    assert fork.digest() == second.digest()


def test_amount_text_is_exact() -> None:
    assert amount_text(-1) == "-0.01"
    assert amount_text(123_456_789_012_345_678) == "1,234,567,890,123,456.78"
    assert amount_text(99_500, "EUR") == "995.00 EUR"
    assert amount_text(12.6) == "0.13"
    assert [unit_name(None), unit_name("EUR")] == ["currency units", "EUR"]
