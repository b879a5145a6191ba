"""A small payment system, to generate days from and to fit."""

import math
from typing import Any

SIZES = {"A": (0.7, 9.0, 0.8, 14.0, 0.6), "B": (0.5, 8.0, 0.5, 13.0, 1.0), "C": (0.6, 10.0, 1.0, 16.0, 0.7)}
"""Of each bank: weight of the small payments, and mean and deviation of the logarithm of small and of large ones."""

RATES = {"A": 12.0, "B": 8.0, "C": 4.0}
PATTERN = (0.5, 1.0, 1.5, 2.0, 1.0, 0.5, 0.5, 1.5, 1.0, 0.5)
WEIGHTS = {"A": {"B": 0.75, "C": 0.25}, "B": {"A": 0.6, "C": 0.4}, "C": {"A": 0.5, "B": 0.5}}


def system(ticks: int = 10, rate: float = 1.0, **simulation: Any) -> dict[str, Any]:
    """Three banks, hours from 08:00 to 09:00; ``rate`` multiplies all rates."""
    factor = ticks // len(PATTERN)
    banks = []
    for name, (weight, small, small_std, large, large_std) in SIZES.items():
        parts = [
            {"weight": weight, "log_mean": small, "log_std_dev": small_std},
            {"weight": 1 - weight, "log_mean": large, "log_std_dev": large_std},
        ]
        arrivals = {
            "rate_per_tick": RATES[name] * rate / factor,
            "rate_per_tick_of_day": [each for each in PATTERN for _ in range(factor)],
            "amount": {"type": "mixture", "components": parts, "max": 10**12},
            "counterparty_weights": WEIGHTS[name],
            "priority": {"type": "categorical", "values": [3, 8], "weights": [0.8, 0.2]},
            "deadline_range": [2 * factor, 5 * factor],
            "divisible": name == "C",
        }
        banks.append({"id": name, "opening_balance": round(math.exp(large)) * 20, "arrivals": arrivals})
    return {
        "format": 1,
        "name": "system",
        "currency": "EUR",
        "simulation": {
            "ticks_per_day": ticks,
            "num_days": 1,
            "seed": 3,
            "open": "08:00",
            "close": "09:00",
            **simulation,
        },
        "banks": banks,
        "costs": {"delay_cost_per_day_per_cent": 0.01},
        "switches": {"deadline_cap_at_eod": True},
    }
