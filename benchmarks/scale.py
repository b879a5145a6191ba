"""What a payment costs as the system grows: ``python -m benchmarks.scale [--ticks N] [--tree FILE] [--json]``.

A day of 10, 50 and 200 banks, two payments a bank and tick, bilateral offsets and rings on, events off, every bank on
FIFO; and with ``--tree`` the same with that decision tree in every bank, beside FIFO in turn.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation

SIZES: Final = (10, 50, 200)
REPETITIONS: Final = 3


def scenario(num_banks: int, num_ticks: int, policy: dict[str, Any]) -> ScenarioConfig:
    """Equal banks that can fund about half of what they owe at a time."""
    arrivals = {
        "rate_per_tick": 2.0,
        "amount": {"type": "uniform", "min": 1_000, "max": 100_000},
        "deadline_range": [10, 30],
    }
    return ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "scale",
            "simulation": {"ticks_per_day": num_ticks, "num_days": 1, "seed": 1},
            "banks": [
                {"id": f"BANK_{n:03}", "opening_balance": 1_000_000, "arrivals": arrivals, "policy": policy}
                for n in range(num_banks)
            ],
            "lsm": {"algorithms": ["bilateral", "cycles"], "max_cycle_length": 3},
        }
    )


def run(config: ScenarioConfig) -> tuple[float, int]:
    """Seconds of a whole run, and its payments."""
    simulation = Simulation(config, events=False)
    began = time.perf_counter()
    summary = simulation.run_to_completion()
    return time.perf_counter() - began, summary.arrived


def measure(num_ticks: int, tree: Path | None) -> list[dict[str, Any]]:
    """A row a size and policy: microseconds a tick and a payment, the best of several runs in turn."""
    policies: dict[str, dict[str, Any]] = {"fifo": {"type": "fifo"}}
    if tree is not None:
        policies[tree.stem] = {"type": "tree", "file": str(tree)}
    run(scenario(2, 2, policies["fifo"]))
    rows = []
    for num_banks in SIZES:
        configs = {name: scenario(num_banks, num_ticks, policy) for name, policy in policies.items()}
        found = [{name: run(config) for name, config in configs.items()} for _ in range(REPETITIONS)]
        for name in policies:
            seconds, payments = min(done[name] for done in found)
            us = seconds * 1e6
            row = {"banks": num_banks, "policy": name, "payments": payments, "us_a_tick": us / num_ticks}
            rows.append({**row, "us_a_payment": us / payments})
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=1_000)
    parser.add_argument("--tree", type=Path, default=None, help="a tree file to run beside FIFO")
    parser.add_argument("--json", action="store_true", help="one JSON list")
    options = parser.parse_args()
    rows = measure(options.ticks, options.tree)
    if options.json:
        print(json.dumps(rows))
        return
    print("| banks | policy | payments | microseconds a tick | microseconds a payment |\n|---:|---|---:|---:|---:|")
    for row in rows:
        figures = f"{row['us_a_tick']:,.1f} | {row['us_a_payment']:.3f}"
        print(f"| {row['banks']} | {row['policy']} | {row['payments']:,} | {figures} |")
    print("\nLiquidity saving on, events off; `python -m benchmarks.scale`.")


if __name__ == "__main__":
    main()
