"""The real engine behind the runner's face, read through its public interface only."""

from collections.abc import Mapping
from typing import Any

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation
from tests.conformance.engines import Arrival, TickView
from tests.conformance.neutral import rtgs_priority

SETTLEMENTS = {"RtgsImmediateSettlement", "Queue2LiquidityRelease", "LsmPaymentSettled"}
DROPS = {"PolicyDrop", "TransactionExpired"}


class SimulationEngine:
    """One simulation of a case, with its event log on."""

    def __init__(self, config: ScenarioConfig) -> None:
        """Build the simulation."""
        self.simulation = Simulation(config, events=True)
        self.submitted: set[str] = set()

    def submit(self, payment: Mapping[str, Any]) -> str:
        """Give one neutral payment."""
        name = self.simulation.submit_transaction(
            payment["from"],
            payment["to"],
            payment["amount"],
            min(payment["deadline"], self.simulation.num_ticks),  # a submission past the run's end is refused, not cut
            payment.get("priority", 5),
            bool(payment.get("is_divisible")),
            rtgs_priority=rtgs_priority(payment),
        )
        self.submitted.add(name)
        return name

    def tick(self) -> TickView:
        """Run one tick."""
        simulation = self.simulation
        result = simulation.tick()
        rows = [event.as_dict() for event in result.events]
        banks = simulation.bank_ids
        live = simulation.inspect()["payments"]
        return TickView(
            num_arrivals=result.num_arrivals,
            arrived=[arrival(row) for row in rows if row["kind"] == "Arrival" and row["tx"] not in self.submitted],
            children=[pair for row in rows if row["kind"] == "PolicySplit" for pair in children(row)],
            settled=[str(row["tx"]) for row in rows if row["kind"] in SETTLEMENTS],
            dropped=[str(row["tx"]) for row in rows if row["kind"] in DROPS],
            overdue=[name for name, row in live.items() if row["overdue_since"] is not None],
            balances={bank: simulation.balance(bank) for bank in banks},
            available_liquidity={bank: simulation.available_liquidity(bank) for bank in banks},
            posted_collateral={bank: simulation.posted_collateral(bank) for bank in banks},
            queue1={bank: simulation.queue1(bank) for bank in banks},
            queue2=simulation.queue2(),
            costs=result.costs,
        )


def arrival(row: Mapping[str, Any]) -> Arrival:
    """An arrival event as the runner wants it."""
    return Arrival(row["tx"], row["bank"], row["counterparty"], row["amount"], row["deadline_tick"], row["priority"])


def children(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The children of a split: their ids follow one another."""
    first = int(row["first_child"].removeprefix("tx_"))
    return [(f"tx_{number:08d}", row["tx"]) for number in range(first, first + row["parts"])]
