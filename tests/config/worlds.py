"""Small valid scenarios, native and of SimCash, that a test changes in one place."""

import copy
from pathlib import Path
from typing import Any

import yaml

from simcash_env.config import load_scenario
from simcash_env.errors import ConfigError, Fault

Row = dict[str, Any]

NATIVE: Row = {
    "format": 1,
    "name": "test",
    "simulation": {"ticks_per_day": 10, "num_days": 2, "seed": 7},
    "banks": [
        {
            "id": "A",
            "opening_balance": 1_000,
            "credit_limit": 500,
            "bilateral_limits": {"B": 100},
            "arrivals": {
                "rate_per_tick": 0.5,
                "amount": {"type": "uniform", "min": 1, "max": 100},
                "counterparty_weights": {"B": 1.0, "C": 0.0},
                "deadline_range": [1, 5],
            },
        },
        {
            "id": "B",
            "policy": {"type": "liquidity_aware", "target_buffer": 10, "urgency_threshold": 2},
            "arrival_bands": {
                "urgent": {
                    "rate_per_tick": 1,
                    "amount": {"type": "lognormal", "mean": 100, "std_dev": 50},
                    "deadline_offset_min": 1,
                    "deadline_offset_max": 3,
                }
            },
        },
        {"id": "C", "policy": {"type": "external"}, "liquidity_pool": 1_000},
    ],
    "costs": {"deadline_penalty": {"bps": 5.5}, "eod_penalty": 100},
    "lsm": {"algorithms": ["bilateral"]},
    "events": [
        {"type": "payment", "tick": 3, "from_bank": "A", "to_bank": "B", "amount": 50},
        {"type": "counterparty_weight_change", "tick": 4, "bank": "A", "counterparty": "C", "weight": 1},
    ],
}

SIMCASH: Row = {
    "simulation": {"ticks_per_day": 10, "num_days": 2, "rng_seed": 7},
    "agents": [
        {
            "id": "A",
            "opening_balance": 1_000,
            "unsecured_cap": 500,
            "policy": {"type": "LiquidityAware", "target_buffer": 10, "urgency_threshold": 2},
            "arrival_config": {
                "rate_per_tick": 0.5,
                "amount_distribution": {"type": "Uniform", "min": 1, "max": 100},
                "counterparty_weights": {"B": 1.0},
                "deadline_range": [1, 5],
                "priority": 6,
                "divisible": True,
            },
        },
        {"id": "B", "opening_balance": 0, "policy": {"type": "Fifo"}},
    ],
    "scenario_events": [
        {
            "type": "CustomTransactionArrival",
            "from_agent": "A",
            "to_agent": "B",
            "amount": 50,
            "schedule": {"type": "OneTime", "tick": 3},
        }
    ],
}

ABSENT = object()


def changed(scenario: Row, path: str, value: Any) -> Row:
    """A copy with one thing set, or taken out; ``path`` as in a fault, with numbers for places in a list."""
    result = copy.deepcopy(scenario)
    here: Any = result
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    for step in steps:
        here = here.setdefault(step, {}) if isinstance(here, dict) else here[step]
    if value is ABSENT:
        del here[last]
    elif isinstance(here, list) and last == len(here):
        here.append(value)
    else:
        here[last] = value
    return result


def faults(scenario: Any) -> tuple[Fault, ...]:
    """What is wrong with a scenario; nothing when it loads."""
    try:
        load_scenario(scenario, notice=lambda _: None)
    except ConfigError as error:
        return error.faults
    return ()


def write(folder: Path, scenario: Row | str, name: str = "scenario.yaml") -> Path:
    """A scenario as a file."""
    path = folder / name
    path.write_text(scenario if isinstance(scenario, str) else yaml.safe_dump(scenario, sort_keys=False), "utf-8")
    return path
