"""Schedules to run, with and without payments."""

from typing import Any

from simcash_env.config import ScenarioConfig, load_scenario

BANKS = ("ALFA", "BRAVO", "CHARLIE", "DELTA")


def scheduled(*, banks: tuple[str, ...] = BANKS, money: int = 10_000, payments: bool = False, ticks: int = 12,
              market: dict[str, Any] | None = None, **schedule: Any) -> ScenarioConfig:  # fmt: skip
    """Rich banks and a schedule of three trades each; with payments, a payment each a tick."""
    arrivals = {"rate_per_tick": 1.0, "amount": {"type": "uniform", "min": 10, "max": 50}, "deadline_range": [2, 4]}
    return load_scenario(
        {
            "format": 1,
            "name": "scheduled",
            "simulation": {"ticks_per_day": ticks, "num_days": 2, "seed": 5},
            "banks": [
                {"id": name, "opening_balance": money, **({"arrivals": arrivals} if payments else {})} for name in banks
            ],
            "market": {
                "deposit_rate": 3.25,
                "lending_rate": 3.65,
                "books": [{"id": "day"}, {"id": "night", "maturity": "overnight"}],
                "credit_lines": dict.fromkeys(banks, 10 * money),
                **(market or {}),
                "schedule": {
                    "seed": 7,
                    "trades_per_account": 3,
                    "amount_min": 100,
                    "amount_max": 900,
                    "bid_offset": 0.02,
                    "ask_offset": -0.01,
                    "retry": {"max_retries": 2, "base_delay": 1},
                    **schedule,
                },
            },
        }
    )
