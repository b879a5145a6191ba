"""Calibration: a known generator is recovered, and the scenario and its files are complete."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy import stats

from simcash_env.config import load_scenario
from simcash_env.data import Calibration, Payments, calibrate, generate, write_payments
from simcash_env.data.calibration import days_of, read_data
from simcash_env.data.estimates import Estimate
from simcash_env.data.payments import Calendar, make_payments
from simcash_env.errors import ConfigError, DataError
from tests.data.systems import PATTERN, RATES, SIZES, WEIGHTS, system

SEEDS = (1, 2, 3)
DAYS = 10
RATE = 21.0
HOURS = {"open": "06:00", "close": "16:00"}


def truths(found: Calibration) -> list[tuple[Estimate, float]]:
    """The estimate of each rate, weight and size parameter, and its true value."""
    pairs = []
    for bank, rate in RATES.items():
        pairs += [
            (found.parameter("rate_per_tick", bank, f"{6 + hour:02}:00"), rate * RATE * factor)
            for hour, factor in enumerate(PATTERN)
        ]
        pairs += [
            (found.parameter("counterparty_weight", bank, other), weight) for other, weight in WEIGHTS[bank].items()
        ]
        weight, *logs = SIZES[bank]
        places = [("1", weight, *logs[:2]), ("2", 1 - weight, *logs[2:])]
        for place, *values in places:
            names = ("amount.weight", "amount.log_mean", "amount.log_std_dev")
            pairs += [(found.parameter(name, bank, place), value) for name, value in zip(names, values, strict=True)]
    return pairs


@pytest.fixture(scope="module")
def recovered() -> list[tuple[Payments, Calibration]]:
    days = [generate(system(rate=RATE, **HOURS), days=DAYS, seed=1_000 * seed) for seed in SEEDS]
    return [(payments, calibrate(payments, fit_share=1.0)) for payments in days]


@pytest.mark.slow
def test_calibration_recovers_a_known_generator(recovered: list[tuple[Payments, Calibration]]) -> None:
    for payments, found in recovered:
        assert 48_000 < len(payments) < 53_000
        pairs = truths(found)
        assert len(pairs) == 54
        assert np.mean([estimate.low <= value <= estimate.high for estimate, value in pairs]) >= 0.9


@pytest.mark.slow
def test_calibration_reproduces_the_sizes(recovered: list[tuple[Payments, Calibration]]) -> None:
    for payments, found in recovered:
        again = generate(found.config, days=DAYS, seed=7)
        sizes = (each.integers("amount_cents") for each in (payments, again))
        assert stats.ks_2samp(*sizes).statistic <= 0.02


@pytest.fixture(scope="module")
def small() -> Payments:
    return generate(system(rate=2.0), days=5, seed=11, times="uniform")


def test_calibration_scenario_loads_and_keeps_the_calendar(small: Payments) -> None:
    found = calibrate(small)
    config = found.config
    assert (config.simulation.ticks_per_day, config.simulation.open, config.simulation.close) == (10, "08:00", "09:00")
    assert config.currency == "EUR"
    assert [bank.id for bank in config.banks] == ["A", "B", "C"]
    assert sum(bank.opening_balance for bank in config.banks) > 0
    assert [bank.arrivals.divisible for bank in config.banks if bank.arrivals] == [False, False, True]
    assert len(days_of(found.fitted)) == 3
    assert found.held_out is not None
    assert [day.isoformat() for day in days_of(found.held_out)] == ["2026-01-08", "2026-01-09"]
    ranges = [bank.arrivals.deadline_range for bank in config.banks if bank.arrivals]
    assert ranges == [(2, 5)] * 3
    priority = config.banks[0].arrivals.priority
    assert priority.values == (3, 8)
    assert priority.weights[0] == pytest.approx(0.8, abs=0.1)


def test_calibration_is_the_same_each_time(small: Payments) -> None:
    assert calibrate(small).as_dict() == calibrate(small).as_dict()


def test_calibration_keeps_the_base_scenario(small: Payments, tmp_path: Path) -> None:
    base = {**system(), "lsm": {"algorithms": ["cycles"]}, "arrivals": {"recorded": {}}}
    base["banks"] = [*base["banks"], {"id": "D", "credit_limit": 5}]
    found = calibrate(small, base=base, amounts="empirical")
    config = found.config
    assert config.lsm.algorithms == ("cycles",)
    assert config.banks[0].opening_balance == base["banks"][0]["opening_balance"]
    assert (config.banks[3].credit_limit, config.banks[3].arrivals) == (5, None)
    assert config.name == "system-calibrated"
    assert config.banks[0].arrivals.amount.type == "empirical"
    found.write(tmp_path / "model", {"measures": []})
    assert load_scenario(tmp_path / "model" / "scenario.yaml") == config
    report = json.loads((tmp_path / "model" / "fit.json").read_text())
    assert report["goodness_of_fit"] == {"measures": []}
    assert report["held_out_days"] == ["2026-01-08", "2026-01-09"]
    assert {"name", "bank", "of", "value", "low", "high", "method"} == set(report["parameters"][0])


def test_calibration_bank_missing_in_the_base_refused(small: Payments) -> None:
    base = system()
    base["banks"] = base["banks"][:2]
    with pytest.raises(DataError, match="must be a bank of the base scenario, got 'C'"):
        calibrate(small, base=base)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [({"amounts": "normal"}, "must be mixture or empirical"), ({"fit_share": 0.0}, "must be above 0 and at most 1")],
)
def test_calibration_arguments_refused(small: Payments, arguments: dict[str, Any], rule: str) -> None:
    with pytest.raises(DataError, match=rule):
        calibrate(small, **arguments)


def table(rows: list[dict[str, Any]], **calendar: int) -> Payments:
    hour = 3_600_000_000
    hours = {"open_us": 8 * hour, "close_us": 9 * hour, "ticks_per_day": 10, **calendar}
    minute = hour // 60
    plain = [
        {
            "day": date(2026, 1, row.get("day", 5)),
            "submitted": row["at"] * minute + 8 * hour,
            "sender": row.get("sender", "A"),
            "receiver": row.get("receiver", "B"),
            "amount_cents": row.get("cents", 500),
            "deadline": None if row.get("due") is None else row["due"] * minute + 8 * hour,
            "divisible": row.get("divisible", False),
        }
        for row in rows
    ]
    columns = {name: [row[name] for row in plain] for name in plain[0]}
    for name in ("submitted", "deadline"):
        columns[name] = pa.array(columns[name], pa.time64("us"))
    return make_payments(columns, Calendar(**hours))


def test_calibration_few_payments_share_one_size_distribution() -> None:
    rows = [{"at": at, "cents": 100 * at + 1} for at in range(20)]
    rows += [{"at": 5, "sender": "B", "receiver": "A", "cents": 9}]
    found = calibrate(table(rows), fit_share=1.0)
    first, second = (bank.arrivals.amount for bank in found.config.banks)
    assert first == second
    assert first.max == 1_901
    assert found.parameter("amount.log_mean", None, "1").value > 0
    assert any("fewer than 100: A, B" in note for note in found.notes)
    assert any("at least three days" in note for note in found.notes)
    assert found.held_out is None
    with pytest.raises(KeyError):
        found.parameter("amount.log_mean", "A", "1")


def test_calibration_payments_without_deadline_have_until_the_end_of_the_day() -> None:
    rows = [{"at": at, "due": 30 if at == 1 else None, "divisible": at == 1} for at in range(5)]
    found = calibrate(table(rows), fit_share=1.0)
    arrivals = found.config.banks[0].arrivals
    assert arrivals.deadline_range == (10, 10)
    assert found.config.switches.deadline_cap_at_eod
    assert found.parameter("deadline_share", "A").value == 0.2
    assert any("no deadline" in note for note in found.notes)
    assert any("can be split" in note for note in found.notes)
    assert not arrivals.divisible
    assert arrivals.priority == 5


def test_calibration_deadlines_at_the_end_of_the_day_count_where_there_are_no_others() -> None:
    found = calibrate(table([{"at": at, "due": 60} for at in (0, 6, 12)]), fit_share=1.0)
    assert found.config.banks[0].arrivals.deadline_range == (7, 9)


def test_calibration_hours_of_seconds_are_left_out() -> None:
    found = calibrate(table([{"at": 1}], close_us=9 * 3_600_000_000 + 5_000_000), fit_share=1.0)
    assert found.config.simulation.open is None
    assert any("not whole minutes" in note for note in found.notes)


def test_calibration_days_that_differ_get_a_common_factor() -> None:
    rows = [
        {"at": at % 60, "day": 5 + day, "sender": sender, "receiver": receiver}
        for day, count in enumerate((300, 500, 200, 400))
        for at in range(count)
        for sender, receiver in (("A", "B"), ("B", "A"))
    ]
    rows += [{"at": at % 60, "day": 5, "sender": "C"} for at in range(400)]  # on one day only
    found = calibrate(table(rows), fit_share=1.0)
    assert 0.2 < found.config.simulation.day_factor_log_std < 0.7
    assert "log-normal" in found.parameter("rate_per_tick", "A", "08:00").method
    assert any("beyond the common factor" in note for note in found.notes)


def test_calibration_reads_a_file_or_a_folder(small: Payments, tmp_path: Path) -> None:
    write_payments(small, tmp_path / "payments.parquet")
    payments, base = read_data(tmp_path / "payments.parquet")
    assert payments.table.equals(small.table)
    assert base is None
    assert read_data(tmp_path)[1] is None
    file = tmp_path / "scenario.yaml"
    file.write_text("format: 1\nname: mine\n")
    assert read_data(tmp_path)[1] == {"format": 1, "name": "mine"}
    file.write_text("[1, 2]")
    with pytest.raises(ConfigError, match=r"scenario\.yaml"):
        read_data(tmp_path)
