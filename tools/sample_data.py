"""The sample data set: a made-up payment system, written as a scenario, and ten generated days of it.

``python -m tools.sample_data`` writes ``simcash_env/data/sample/scenario.yaml`` and ``payments.parquet``. All numbers
are our own; no real system is meant.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final

import yaml

from simcash_env.data.generation import generate
from simcash_env.data.payments import Payments, write_payments

FOLDER: Final = Path(__file__).resolve().parents[1] / "simcash_env" / "data" / "sample"
DAYS: Final = 10
SEED: Final = 20_260_105
TICKS: Final = 132
"""Five minutes each, from 07:00 to 18:00."""

PAYMENTS_PER_DAY: Final = 5_000
SHARES: Final = (0.21, 0.17, 0.14, 0.11, 0.09, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01)
"""Of each bank in the payments; four banks send 63 % of them."""

PEAKS: Final = ((6, 8, 1.2), (40, 14, 1.0), (104, 12, 1.5))
"""Tick, width in ticks and height of the day's peaks above a constant rate: early, late morning, afternoon."""

COMPONENTS: Final = ((0.86, 4_000.0, 1.6), (0.12, 900_000.0, 1.3), (0.02, 15_000_000.0, 1.0))
"""Weight, median in euros and log standard deviation of customer, interbank and market payments."""

LARGEST_CENTS: Final = 150_000_000_000
LIQUIDITY_CENTS_PER_SHARE: Final = 60_000_000_000

HEAD: Final = """\
# A made-up payment system, from which the sample data set is generated: twelve banks, four of which send 63 % of the
# payments, three peaks of the day, sizes from customer to market payments. Written by: python -m tools.sample_data
"""


def profile(bank: int) -> list[float]:
    """Factor of the rate for each tick of the day, mean 1; smaller banks pay later."""
    shift = bank / 2
    raw = [
        0.5
        + sum(height * math.exp(-(((tick - place - shift) / width) ** 2) / 2) for place, width, height in PEAKS)
        - 0.4 * (tick > TICKS - 8)
        for tick in range(TICKS)
    ]
    mean = sum(raw) / TICKS
    return [round(factor / mean, 4) for factor in raw]


def bank_row(number: int) -> dict[str, Any]:
    """One bank: liquidity by size, and its random payments."""
    names = [f"BANK_{place:02}" for place in range(1, len(SHARES) + 1)]
    size = SHARES[number]
    weights = {
        name: round(share * (1.5 if (place + number) % 5 == 0 else 1.0), 4)
        for place, (name, share) in enumerate(zip(names, SHARES, strict=True))
        if place != number
    }
    components = [
        {
            "weight": round(weight * (1 + (0.5 if place else 0.0) * (size > 0.1)), 4),
            "log_mean": round(math.log(100 * median * (0.7 + 2 * size)), 4),
            "log_std_dev": spread,
        }
        for place, (weight, median, spread) in enumerate(COMPONENTS)
    ]
    return {
        "id": names[number],
        "opening_balance": round(LIQUIDITY_CENTS_PER_SHARE * size),
        "policy": {"type": "external"},
        "arrivals": {
            "rate_per_tick": round(PAYMENTS_PER_DAY * size / TICKS, 4),
            "rate_per_tick_of_day": profile(number),
            "amount": {"type": "mixture", "components": components, "max": LARGEST_CENTS},
            "counterparty_weights": weights,
            "priority": {"type": "categorical", "values": [3, 5, 8], "weights": [0.15, 0.7, 0.15]},
            "deadline_range": [12, 72],
        },
    }


def scenario() -> dict[str, Any]:
    """The scenario as a mapping."""
    return {
        "format": 1,
        "name": "sample-system",
        "description": "Twelve banks, 5,000 payments a day, 132 ticks of five minutes; made up.",
        "currency": "EUR",
        "rules": "standard",
        "simulation": {
            "ticks_per_day": TICKS,
            "num_days": 1,
            "seed": 1,
            "day_factor_log_std": 0.06,
            "open": "07:00",
            "close": "18:00",
        },
        "banks": [bank_row(number) for number in range(len(SHARES))],
        "costs": {
            "overdraft_bps_per_day": 100.0,
            "delay_cost_per_day_per_cent": 0.01,
            "deadline_penalty": {"bps": 10.0},
            "eod_penalty": {"bps": 50.0},
        },
        "lsm": {"algorithms": ["bilateral", "cycles"]},
        "switches": {"deadline_cap_at_eod": True},
    }


def payments() -> Payments:
    """The generated days, with times drawn within each tick."""
    return generate(scenario(), days=DAYS, seed=SEED, times="uniform")


def main() -> None:
    """Write both files."""
    FOLDER.mkdir(exist_ok=True)
    text = yaml.safe_dump(scenario(), sort_keys=False, width=120, default_flow_style=None)
    (FOLDER / "scenario.yaml").write_text(HEAD + text, encoding="utf-8")
    write_payments(payments(), FOLDER / "payments.parquet")


if __name__ == "__main__":
    main()
