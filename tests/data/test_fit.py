"""Goodness of fit: days of one generator fit each other, and those of another do not."""

from typing import Any

import numpy as np
import pytest

from simcash_env.config import load_scenario
from simcash_env.data import Payments, generate, goodness_of_fit
from simcash_env.data.calibration import days_of, only_days
from simcash_env.data.fit import run_days, table_rows
from simcash_env.simulation import Simulation
from tests.data.systems import system

TIGHT = {"lsm": {"algorithms": ["bilateral", "cycles"]}}


def tight(**parts: Any) -> dict[str, Any]:
    """The system with too little money, so that payments queue and are offset."""
    rows = system(**parts)
    rows["banks"] = [{**bank, "opening_balance": 500_000} for bank in rows["banks"]]
    return rows | TIGHT


@pytest.fixture(scope="module")
def recorded() -> Payments:
    return generate(tight(), days=4, seed=100)


def test_fit_of_the_same_generator_is_good(recorded: Payments) -> None:
    scenario = load_scenario(tight())
    found = goodness_of_fit(recorded, generate(tight(), days=6, seed=500), scenario)
    assert (found.num_recorded_days, found.num_generated_days) == (4, 6)
    assert found["size_ks_distance"].difference < 0.08
    assert found["hourly_profile_error_share"].difference == 0.0  # one hour
    inside = [row.low <= 0 <= row.high for row in found.measures if row.recorded is not None and row.low is not None]
    assert len(inside) == 9
    assert np.mean(inside) >= 7 / 9
    assert found.as_dict()["measures"][0]["name"] == "size_ks_distance"
    assert found["lsm_offset_share"].recorded > 0
    rows = table_rows(found)
    assert [row[0] for row in rows] == [row.name for row in found.measures]
    assert rows[0][1:3] == ("", "")
    assert " to " in rows[0][4]


def test_fit_of_another_generator_is_poor(recorded: Payments) -> None:
    other = tight(open="06:00", close="16:00", rate=3.0)
    for bank in other["banks"]:
        bank["arrivals"]["amount"] = {"type": "uniform", "min": 1_000, "max": 1_000}
    found = goodness_of_fit(generate(tight(open="06:00", close="16:00"), days=4, seed=1),
                            generate(other, days=4, seed=1), load_scenario(tight(open="06:00", close="16:00")))  # fmt: skip
    assert found["size_ks_distance"].low > 0.4
    assert found["num_payments"].low > 200
    assert 0 <= found["hourly_profile_error_share"].difference < 0.2


def test_fit_of_single_days_has_no_intervals(recorded: Payments) -> None:
    day = only_days(recorded, days_of(recorded)[:1])
    found = goodness_of_fit(day, day, load_scenario(tight()))
    assert all(row.low is None and row.difference == 0.0 for row in found.measures)
    assert table_rows(found)[0][4] == ""


def test_fit_runs_a_day_as_the_random_arrivals_would() -> None:
    """The run of a generated day has the cost of the run that it came from."""
    config = load_scenario(tight())
    simulation = Simulation(config, seed=42)
    summary = simulation.run_to_completion()
    ((cost, offset),) = run_days(generate(config, days=1, seed=42), config)
    assert cost == summary.total_cost > 0
    assert (offset > 0) == (summary.lsm_released > 0)
