"""Share of a gridlock that each liquidity-saving algorithm resolves: ``python -m benchmarks.gridlock [--json]``.

Small queues and their best solution, by mixed-integer programming: the largest value that can settle at once, each bank
paying no more than its balance, its credit and what it receives. The shapes are those that the literature on gridlock
resolution draws (Güntzer, Jungnickel and Leclerc, European Journal of Operational Research 106, 1998; Bech, Soramäki,
Bank of Finland Discussion Paper 9/2001; BIS CPSS, New developments in large-value payment systems, 2005); the numbers
are ours. The optimum knows no order of queues and no limits.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.clearing import best_clearing
from simcash_env.simulation import Simulation

Payments = tuple[tuple[str, str, int], ...]

ALGORITHMS: Final[dict[str, dict[str, Any]]] = {
    "none": {"algorithms": []},
    "bilateral": {"algorithms": ["bilateral"]},
    "bilateral subset": {"algorithms": ["bilateral"], "bilateral": "subset"},
    "cycles": {"algorithms": ["cycles"], "max_cycle_length": 6},
    "prefix": {"algorithms": ["prefix"]},
    "bilateral, cycles": {"algorithms": ["bilateral", "cycles"], "max_cycle_length": 6},
    "all three": {"algorithms": ["bilateral", "cycles", "prefix"], "bilateral": "subset", "max_cycle_length": 6},
}


@dataclass(frozen=True)
class Instance:
    """Balances, and payments in the order of their submission; cents."""

    name: str
    balances: dict[str, int]
    payments: Payments


INSTANCES: Final = (
    Instance("two banks, equal", {"A": 0, "B": 0}, (("A", "B", 100), ("B", "A", 100))),
    Instance("two banks, net funded", {"A": 30, "B": 0}, (("A", "B", 100), ("B", "A", 70))),
    Instance("two banks, net not funded", {"A": 0, "B": 0}, (("A", "B", 60), ("A", "B", 40), ("B", "A", 60))),
    Instance(
        "two banks, part of each side",
        {"A": 10, "B": 0},
        (("A", "B", 60), ("A", "B", 70), ("B", "A", 50), ("B", "A", 30)),
    ),
    Instance("cycle of three", {"A": 0, "B": 0, "C": 0}, (("A", "B", 50), ("B", "C", 50), ("C", "A", 50))),
    Instance("cycle of three, other way", {"A": 0, "B": 0, "C": 0}, (("A", "C", 50), ("C", "B", 50), ("B", "A", 50))),
    Instance("cycle of three, unequal", {"A": 20, "B": 0, "C": 0}, (("A", "B", 70), ("B", "C", 60), ("C", "A", 50))),
    Instance(
        "cycle of four",
        {"A": 0, "B": 0, "C": 0, "D": 0},
        (("A", "B", 40), ("B", "C", 40), ("C", "D", 40), ("D", "A", 40)),
    ),
    Instance(
        "two cycles that share a bank",
        dict.fromkeys("ABCDE", 0),
        (("A", "B", 30), ("B", "C", 30), ("C", "A", 30), ("A", "D", 20), ("D", "E", 20), ("E", "A", 20)),
    ),
    Instance(
        "cycle that only a set resolves",
        {"A": 0, "B": 0, "C": 0},
        (("A", "B", 60), ("B", "C", 40), ("B", "A", 20), ("C", "A", 40)),
    ),
    Instance(
        "a large payment first in its queue",
        {"A": 0, "B": 0, "C": 0},
        (("A", "B", 900), ("A", "C", 30), ("B", "A", 20), ("C", "B", 20), ("C", "A", 10)),
    ),
    Instance(
        "one bank short of all others",
        {"A": 0, "B": 40, "C": 40, "D": 40},
        (("B", "A", 60), ("C", "A", 60), ("D", "A", 60), ("A", "B", 90), ("A", "C", 50), ("A", "D", 50)),
    ),
)
"""Queues in which nothing settles gross."""


def scenario(instance: Instance, lsm: dict[str, Any]) -> ScenarioConfig:
    """One tick in which every bank submits all its payments, and no bank has credit."""
    row = {
        "format": 1,
        "name": "gridlock",
        "rules": {"set": "standard", "end_of_day_settlement": False},
        "simulation": {"ticks_per_day": 2, "num_days": 1},
        "banks": [{"id": name, "opening_balance": cents} for name, cents in instance.balances.items()],
        "lsm": lsm,
    }
    return ScenarioConfig.model_validate(row)


def settled_value(instance: Instance, lsm: dict[str, Any]) -> int:
    """Cents that one tick settles."""
    simulation = Simulation(scenario(instance, lsm))
    for sender, receiver, cents in instance.payments:
        simulation.submit_transaction(sender, receiver, cents, deadline=1)
    simulation.tick()
    left = sum(payment["remaining"] for payment in simulation.inspect()["payments"].values())
    return sum(cents for _, _, cents in instance.payments) - int(left)


def best_value(instance: Instance) -> int:
    """The most that any set of payments settles at once."""
    return best_clearing(instance.balances, instance.payments).cents


def measure() -> list[dict[str, Any]]:
    """A row an instance: its optimum, and what each algorithm settles of it."""
    return [
        {
            "instance": instance.name,
            "optimum_cents": best_value(instance),
            "settled_cents": {name: settled_value(instance, lsm) for name, lsm in ALGORITHMS.items()},
        }
        for instance in INSTANCES
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON list")
    options = parser.parse_args()
    rows = measure()
    if options.json:
        print(json.dumps(rows))
        return
    print("| queue | optimum, cents | " + " | ".join(ALGORITHMS) + " |")
    print("|---|---:|" + "---:|" * len(ALGORITHMS))
    for row in rows:
        shares = [f"{100 * cents / row['optimum_cents']:.0f} %" for cents in row["settled_cents"].values()]
        print(f"| {row['instance']} | {row['optimum_cents']:,} | " + " | ".join(shares) + " |")
    total = sum(row["optimum_cents"] for row in rows)
    shares = [f"{100 * sum(row['settled_cents'][name] for row in rows) / total:.0f} %" for name in ALGORITHMS]
    print(f"| **all** | {total:,} | " + " | ".join(shares) + " |")
    print("\nShare of the optimum's value that one tick settles; `python -m benchmarks.gridlock`.")


if __name__ == "__main__":
    main()
