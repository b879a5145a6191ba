"""Runs whose every event and state is known: what moves one of them is a change of behaviour, and to be told as one.

``python -m tests.runs.test_recorded_runs`` writes the digests anew.
"""

import functools
import hashlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.schema.arrays import LOG_COLUMNS
from simcash_env.schema.codes import EventKind
from simcash_env.simulation import Simulation
from tests.runs.corners import CORNERS

KIND = LOG_COLUMNS.index("kind")
OTHERS = [at for at in range(len(LOG_COLUMNS)) if at != KIND]
FILE = Path(__file__).parent / "recorded_runs.json"
BANKS = ("A", "B", "C", "D", "E")
POLICIES: tuple[dict[str, Any], ...] = (
    {"type": "fifo"},
    {"type": "deadline", "urgency_threshold": 3},
    {"type": "liquidity_aware", "target_buffer": 100, "urgency_threshold": 2},
    {"type": "liquidity_splitting", "max_splits": 3, "min_split_amount": 100},
    {"type": "liquidity_reserve", "target_buffer": 50, "urgency_threshold": 1},
)
LSM = (["bilateral", "cycles"], ["bilateral", "prefix"], ["cycles", "bilateral"], ["prefix", "cycles", "bilateral"])
ALTERNATIVES: dict[str, tuple[Any, Any]] = {
    "rules": ("standard", "simcash"),
    "bilateral": ("all", "subset"),
    "limits_basis": ("gross", "net"),
    "deferred_crediting": (False, True),
    "entry_disposition_offsetting": (False, True),
    "queue2_priority_mode": (False, True),
    "algorithm_sequencing": (False, True),
    "daily_liquidity_reallocation": (True, False),
    "deadline_mode": ("overdue", "drop"),
    "limited": (True, False),
}
"""Scenario number n takes the second of each whose place in n, as bits of a mixed-up number, is set."""


def scarce(number: int) -> ScenarioConfig:
    """Five banks with little money, many payments of few amounts, and a choice of every rule by the number."""
    mixed = int.from_bytes(hashlib.sha256(f"scenario {number}".encode()).digest()[:4])
    chosen = {name: both[mixed >> place & 1] for place, (name, both) in enumerate(ALTERNATIVES.items())}
    rules = {"set": chosen.pop("rules"), "deadline_mode": chosen.pop("deadline_mode"), "split_scope": "any"}
    bilateral, limited = chosen.pop("bilateral"), chosen.pop("limited")
    banks = []
    for place, name in enumerate(BANKS):
        others = [other for other in BANKS if other != name]
        limits = {
            "bilateral_limits": {others[place % 4]: 900, others[(place + 1) % 4]: 1_300},
            "multilateral_limit": 2_600,
        }
        banks.append(
            {
                "id": name,
                "opening_balance": 150 * place,
                "credit_limit": 100 * (place % 3),
                "posted_collateral": (0, 1, 333)[(place + number) % 3],
                "collateral_haircut": 0.1,
                "liquidity_pool": 400,
                "liquidity_allocation_fraction": 0.5,
                "policy": POLICIES[(place + number) % len(POLICIES)],
                "arrivals": {
                    "rate_per_tick": 1.6,
                    "amount": {"type": "uniform", "min": 50, "max": 400},
                    "priority": {"type": "uniform", "min": 0, "max": 10},
                    "deadline_range": [1, 6],
                    "divisible": place % 2 == 0,
                },
                **(limits if limited else {}),
            }
        )
    return load_scenario(
        {
            "format": 1,
            "name": f"scarce {number}",
            "rules": rules,
            "simulation": {"ticks_per_day": 9, "num_days": 2, "seed": number},
            "banks": banks,
            "costs": {
                "overdraft_bps_per_tick": 83.0,
                "delay_cost_per_tick_per_cent": 0.0123457,
                "collateral_cost_per_tick_bps": 120.5,
                "liquidity_cost_per_tick_bps": 40.3,
                "deadline_penalty": ({"bps": 333.3}, 70)[number % 2],
                "eod_penalty": (30, {"bps": 99.9})[number % 2],
                "overdue_delay_multiplier": 2.5,
                "priority_delay_multipliers": {"urgent": 2.0, "normal": 1.25, "low": 0.333},
            },
            "lsm": {
                "algorithms": LSM[number % len(LSM)],
                "bilateral": bilateral,
                "max_cycle_length": 3 + number % 3,
                "max_cycles_per_tick": (10, 2)[number % 2],
                "cycle_work_limit": (100_000, 60)[number % 5 == 0],
            },
            "switches": chosen,
            "priority_escalation": {"start_ticks": 3, "max_boost": 4},
        }
    )


NUMBERS = range(16)
DRAWN_BY_LOGARITHM = {"hundreds in a tick"}
"""Its amounts may differ in the last digit where another library of mathematics computes them."""
RUNS = {name: run for name, run in CORNERS.items() if name not in DRAWN_BY_LOGARITHM} | {
    f"scarce {number}": number for number in NUMBERS
}


def ticks_of(name: str) -> Iterator[str]:
    """A digest of every tick: its events in order, what it reports, and what banks have and wait for after it."""
    run = RUNS[name]
    simulation = Simulation(scarce(run) if isinstance(run, int) else run)
    while not simulation.is_over:
        result = simulation.tick()
        events = [[EventKind(kind).label, *rest] for kind, *rest in result.events.rows[:, [KIND, *OTHERS]].tolist()]
        banks = [
            [
                bank,
                simulation.balance(bank),
                simulation.posted_collateral(bank),
                simulation.queue1(bank),
                sorted(costs.items()),
            ]
            for bank, costs in result.costs.items()
        ]
        counts = [result.num_arrivals, result.num_settlements, result.num_lsm_releases, result.cycle_work_limit_hit]
        content = json.dumps([events, banks, simulation.queue2(), counts])
        yield hashlib.sha256(content.encode()).hexdigest()[:12]


@functools.cache
def recordings() -> dict[str, list[str]]:
    """The digests of all runs, as they were."""
    recorded: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return recorded


@pytest.mark.parametrize("name", RUNS)
def test_recorded_run_comes_out_as_it_was(name: str) -> None:
    recorded = recordings()[name]
    for tick, (now, then) in enumerate(itertools.zip_longest(ticks_of(name), recorded)):
        assert now == then, f"tick {tick} differs from the recording"


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: list(ticks_of(name)) for name in RUNS}, indent=1) + "\n", encoding="utf-8")
