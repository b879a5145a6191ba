"""The specification's market, and what rests and was traded in it."""

from typing import Any

from simcash_env.simulation import Simulation

EXAMPLE_RATES = {"deposit_rate": 3.25, "lending_rate": 3.65}

NAMES = ("B1", "B2", "L1", "L2", "L3")


def world(*, ticks: int = 10, days: int = 2, money: int = 1_000, line: int = 10_000, banks=NAMES, **market: Any) -> Any:
    return {
        "format": 1,
        "name": "market",
        "simulation": {"ticks_per_day": ticks, "num_days": days},
        "banks": [{"id": name, "opening_balance": money} for name in banks],
        "market": {**EXAMPLE_RATES, "credit_lines": dict.fromkeys(banks, line), **market},
    }


def resting(simulation: Simulation) -> list[tuple[str, int, float]]:
    return [(order.bank, order.amount, order.rate) for order in simulation.orders()]


def traded(simulation: Simulation) -> list[tuple[str, str, int, float]]:
    return [(loan.lender, loan.borrower, loan.amount, loan.rate) for loan in simulation.loans()]


def example_book() -> Simulation:
    """The example's resting asks: L1 100 @ 3.30, L2 50 @ 3.30, L3 80 @ 3.35."""
    simulation = Simulation(world())
    for bank, amount, rate in (("L1", 100, 3.30), ("L2", 50, 3.30), ("L3", 80, 3.35)):
        simulation.place_order(bank, "ask", rate, amount)
    return simulation
