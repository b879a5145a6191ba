"""The study of the demand for liquidity: an S-shaped curve that incidents and throughput rules raise."""

import json

import numpy as np
import pytest

from benchmarks.literature import liquidity_demand
from benchmarks.literature.liquidity_demand import (
    INCIDENT,
    LATE_TICKS,
    LEVELS,
    PAYMENTS_PER_TICK,
    TICKS,
    demand,
    incident_profile,
    scenario,
    tabulate,
)


def test_liquidity_demand_is_where_the_last_payment_of_liquidity_pays():
    """Delay falls by 10, 9, 8, ... with each payment of liquidity, whatever others do: at a price of 4, 6 are worth it."""
    levels = np.array(LEVELS)
    worth = np.where(levels <= 10, levels * 10 - levels * (levels - 1) / 2, 55)
    delay = np.repeat((55.0 - worth)[:, None], len(LEVELS), axis=1)
    assert demand(delay, 4.0) == 6
    assert demand(delay, 100) == 0
    assert demand(delay, 0.001) == 10


def test_liquidity_demand_without_a_pure_equilibrium_is_between_the_levels():
    """Liquidity saves delay only if the others have none: play moves between having it and not."""
    delay = np.zeros((len(LEVELS), len(LEVELS)))
    delay[0, 0] = 10.0
    assert 0 < demand(delay, 4.0) < 2


def test_liquidity_demand_incident_keeps_the_payments_of_the_day():
    profile = incident_profile()
    first, back = INCIDENT
    assert profile[first:back] == [0.0] * (back - first)
    assert sum(profile) == len(profile) == TICKS
    last = scenario(is_incident=True).banks[-1]
    assert list(last.arrivals.rate_per_tick_of_day) == profile
    assert last.arrivals.rate_per_tick == PAYMENTS_PER_TICK


def test_liquidity_demand_table_of_delay(monkeypatch):
    """With no liquidity anywhere nothing settles: a payment of tick t waits 24 - t ticks and is unpaid for a day."""
    monkeypatch.setattr(liquidity_demand, "LEVELS", (0, 32))
    found = tabulate(scenario(is_incident=False), 40)
    waits = sum(TICKS - tick for tick in range(TICKS)) * PAYMENTS_PER_TICK
    unpaid = TICKS * PAYMENTS_PER_TICK * TICKS
    assert found["delay"][0, 0] == pytest.approx(waits + unpaid, rel=0.05)
    assert found["late"][0, 0] == pytest.approx((TICKS - LATE_TICKS - 1) * PAYMENTS_PER_TICK, rel=0.1)
    assert found["delay"][1, 1] < 0.01 * found["delay"][0, 0]
    assert found["late"][1, 1] <= found["late"][1, 0] < found["late"][0, 0]


@pytest.mark.slow
def test_liquidity_demand_command_writes_results_table_and_figure(tmp_path):
    liquidity_demand.main(["--days", "30", "--folder", str(tmp_path), "--assets", str(tmp_path)])
    results = json.loads((tmp_path / "liquidity-demand.json").read_text(encoding="utf-8"))
    usual, incident, rule = (np.array(values) for values in results["demand"].values())
    ratios = np.array(results["ratios"])
    cheap, middle, dear = (ratios < 0.2), (ratios > 1) & (ratios < 10), (ratios > 50)
    assert usual[cheap].mean() > usual[middle].mean() > usual[dear].mean()
    assert np.ptp(usual[middle]) > max(np.ptp(usual[cheap]), np.ptp(usual[dear]))
    assert incident[middle].mean() > usual[middle].mean()
    assert (rule >= usual - 0.01).all()
    assert rule.sum() > usual.sum()
    assert "| 0.05 |" in (tmp_path / "liquidity-demand.md").read_text(encoding="utf-8")
    assert (tmp_path / "liquidity-demand.png").read_bytes().startswith(b"\x89PNG")
