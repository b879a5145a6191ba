"""A run on the oracle and on the engine at once: they must agree after every tick, whatever else a test asks."""

from typing import Any

from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation, TickResult
from tests.drawing import Row
from tests.oracle import Oracle
from tests.runs.test_oracle import compare_tick, drawn_tick

FREE = {
    "overdraft_bps_per_tick": 0.0,
    "delay_cost_per_tick_per_cent": 0.0,
    "collateral_cost_per_tick_bps": 0.0,
    "deadline_penalty": 0,
    "eod_penalty": 0,
    "split_friction_cost": 0,
}
"""Costs of nothing: what a test names is all that is charged."""

EXTERNAL = {"type": "external"}


def penniless(letters: str) -> dict[str, Row]:
    """Banks of one letter without a cent."""
    return {letter: {} for letter in letters}


class Both:
    """A few banks, played on both engines in lockstep; external banks hold in ticks without actions."""

    def __init__(self, banks: dict[str, Row], *, ticks: int = 6, days: int = 1, **parts: Any) -> None:
        rows = {
            "format": 1,
            "name": "by hand",
            "simulation": {"ticks_per_day": ticks, "num_days": days, "seed": 5},
            "banks": [{"id": name, **row} for name, row in banks.items()],
            **parts,
            "costs": {**FREE, **parts.get("costs", {})},
        }
        config = ScenarioConfig.model_validate(rows)
        self.oracle, self.simulation = Oracle(config, external="hold"), Simulation(config, external="hold")

    def submit(self, pair: str, amount: int, deadline: int | None = None, **more: Any) -> str:
        """A payment, ``"AB"`` from A to B, due at the end of the run if not said otherwise."""
        due = self.oracle.num_ticks if deadline is None else deadline
        name = self.oracle.submit(pair[0], pair[1], amount, due, **more)
        assert self.simulation.submit_transaction(pair[0], pair[1], amount, due, **more) == name
        return name

    def tick(self, actions: Any = None, **levels: int) -> TickResult:
        """One tick with decisions by bank and payment, and pool levels by bank."""
        self.oracle.tick(actions, pool_levels=levels)
        result = self.simulation.tick(actions, pool_levels=levels)
        compare_tick(self.oracle, self.simulation, result)
        return result

    def run(self, ticks: int) -> list[TickResult]:
        """So many ticks."""
        return [self.tick() for _ in range(ticks)]

    def balances(self) -> list[int]:
        """In id order."""
        return [self.simulation.balance(bank) for bank in self.simulation.bank_ids]

    def collateral(self, bank: str = "A") -> int:
        """Posted cents."""
        return self.simulation.posted_collateral(bank)

    def waiting(self) -> list[str]:
        """Queue 2 as pairs of banks."""
        found = map(self.simulation.transaction, self.simulation.queue2())
        return [payment.sender + payment.receiver for payment in found]


def kinds(result: TickResult) -> dict[str, int]:
    """How many events of each kind a tick wrote."""
    return result.events.counts()


def named(result: TickResult, kind: str) -> list[Any]:
    """A tick's events of one kind."""
    return [event for event in result.events if event.kind == kind]


def drawn_results(data: st.DataObject, oracle: Oracle, *simulations: Simulation) -> list[TickResult]:
    """One tick of drawn payments and decisions, the same for the oracle, for which they are drawn, and all others."""
    submitted, actions, others = drawn_tick(data, oracle)
    for simulation in simulations:
        for row in submitted:
            simulation.submit_transaction(**row)
    return [simulation.tick(actions, **others) for simulation in simulations]
