"""Random payments of a bank whose receivers' weights events have all set to 0."""

from typing import Any

import pytest

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation
from tests.oracle import Oracle
from tests.runs.test_oracle import compare_tick

TICKS, SILENT_FROM, AGAIN_FROM = 40, 10, 30


def receivers(rules: str, weights: dict[str, float], events: list[dict[str, Any]], *, bands: bool) -> list[set[str]]:
    """Whom A pays before, while, and after its weights are 0; engine and oracle agree on every tick."""
    stream: dict[str, Any] = {
        "rate_per_tick": 2.0,
        "amount": {"type": "uniform", "min": 1, "max": 5},
        "counterparty_weights": weights,
    }
    band = {**stream, "deadline_offset_min": 1, "deadline_offset_max": 3}
    source = (
        {"arrival_bands": {"urgent": band, "low": band}}
        if bands
        else {"arrivals": {**stream, "deadline_range": [1, 3]}}
    )
    config = ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "silent",
            "rules": rules,
            "simulation": {"ticks_per_day": TICKS, "num_days": 1, "seed": 1},
            "banks": [{"id": "A", "opening_balance": 10**6, **source}, *({"id": name} for name in "BCD")],
            "events": events,
        }
    )
    oracle, simulation = Oracle(config), Simulation(config)
    found: list[set[str]] = [set(), set(), set()]
    for tick in range(TICKS):
        oracle.tick()
        compare_tick(oracle, simulation, simulation.tick())
        found[(tick >= SILENT_FROM) + (tick >= AGAIN_FROM)] |= {payment.receiver for payment in oracle.last.arrived}
    return found


def weight(tick: int, counterparty: str, value: float) -> dict[str, Any]:
    """An event."""
    return {
        "type": "counterparty_weight_change", "tick": tick, "bank": "A", "counterparty": counterparty, "weight": value,
    }  # fmt: skip


@pytest.mark.parametrize("bands", [False, True], ids=["arrivals", "bands"])
@pytest.mark.parametrize(
    ("weights", "zeroed"),
    [({"B": 1.0}, "B"), ({"B": 1.0, "C": 2.0}, "BC"), ({}, "BCD")],
    ids=["one listed", "two listed", "none listed"],
)
def test_arrivals_source_whose_weights_are_all_zero_is_silent(
    weights: dict[str, float], zeroed: str, *, bands: bool
) -> None:
    """It paid any bank, those of weight 0 and those never listed too."""
    events = [weight(SILENT_FROM, name, 0.0) for name in zeroed] + [weight(AGAIN_FROM, "D", 0.5)]
    before, silent, after = receivers("standard", weights, events, bands=bands)
    assert before == set(weights or "BCD")
    assert silent == set()
    assert after == {"D"}


@pytest.mark.parametrize("bands", [False, True], ids=["arrivals", "bands"])
@pytest.mark.parametrize(
    ("weights", "zeroed", "paid"),
    [
        ({"B": 1.0}, "B", {"C", "D"}),  # never given a weight: 1 in SimCash
        ({"C": 1.0, "B": 2.0}, "BC", {"D"}),
        ({"C": 1.0, "D": 0.0, "B": 2.0}, "BC", {"C"}),  # each was given one: the first that is listed
        ({"B": 1.0}, "DCB", {"B"}),
        ({}, "BCD", {"B"}),
    ],
)
def test_arrivals_source_whose_weights_are_all_zero_pays_as_in_simcash(
    weights: dict[str, float], zeroed: str, paid: set[str], *, bands: bool
) -> None:
    events = [weight(SILENT_FROM, name, 0.0) for name in zeroed] + [weight(AGAIN_FROM, "D", 0.5)]
    before, silent, after = receivers("simcash", weights, events, bands=bands)
    assert before == ({name for name, value in weights.items() if value} or set("BCD"))
    assert silent == paid
    assert after == {"D"}


def test_arrivals_silent_source_draws_no_random_number() -> None:
    """The stream stands still; the other sources go on with it."""
    rows: dict[str, Any] = {
        "format": 1,
        "name": "still",
        "simulation": {"ticks_per_day": 9, "num_days": 1, "seed": 3},
        "banks": [
            {
                "id": "A",
                "arrivals": {
                    "rate_per_tick": 2.0,
                    "amount": {"type": "uniform", "min": 1, "max": 5},
                    "counterparty_weights": {"B": 1.0},
                    "deadline_range": [1, 3],
                },
            },
            {"id": "B"},
        ],
        "events": [weight(2, "B", 0.0)],
    }
    simulation = Simulation(rows)
    states = [simulation.tick() and simulation.inspect()["rng_state"] for _ in range(9)]
    assert len(set(states[:2])) == 2
    assert set(states[2:]) == {states[1]}
