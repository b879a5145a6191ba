"""The two engines behind one face: what the runner asks of either."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from simcash_env.config import ScenarioConfig
from tests.conformance.neutral import rtgs_priority
from tests.oracle import Oracle


@dataclass(frozen=True)
class Arrival:
    """A payment that arrived in a tick, from the random stream or a scheduled event."""

    id: str
    sender: str
    receiver: str
    amount: int
    deadline: int
    priority: int


@dataclass(frozen=True)
class TickView:
    """One tick: what happened in it, and the state after it."""

    num_arrivals: int
    arrived: list[Arrival]
    children: list[tuple[str, str]]
    settled: list[str]
    dropped: list[str]
    overdue: list[str]
    balances: dict[str, int]
    available_liquidity: dict[str, int]
    posted_collateral: dict[str, int]
    queue1: dict[str, list[str]]
    queue2: list[str]
    costs: dict[str, dict[str, int]]


class CaseEngine(Protocol):
    """An engine that runs a case."""

    def submit(self, payment: Mapping[str, Any]) -> str:
        """Give one neutral payment from outside; returns the engine's id."""

    def tick(self) -> TickView:
        """Run one tick."""


EngineFactory = Callable[[ScenarioConfig], CaseEngine]


class OracleEngine:
    """The plain-Python oracle."""

    def __init__(self, config: ScenarioConfig) -> None:
        """Build the oracle's world."""
        self.oracle = Oracle(config)

    def submit(self, payment: Mapping[str, Any]) -> str:
        """Give one neutral payment."""
        return self.oracle.submit(
            payment["from"],
            payment["to"],
            payment["amount"],
            payment["deadline"],
            payment.get("priority", 5),
            bool(payment.get("is_divisible")),
            rtgs_priority=rtgs_priority(payment),
        )

    def tick(self) -> TickView:
        """Run one tick."""
        report = self.oracle.tick()
        banks = self.oracle.world.banks
        live = self.oracle.world.payments.values()
        return TickView(
            num_arrivals=report.num_arrivals,
            arrived=[
                Arrival(p.id, p.sender, p.receiver, p.amount, p.deadline_tick, p.original_priority)
                for p in report.arrived
            ],
            children=[(child.id, child.parent or "") for child in report.children],
            settled=report.settled,
            dropped=report.dropped,
            overdue=[p.id for p in live if p.overdue_since is not None],
            balances={name: bank.balance for name, bank in banks.items()},
            available_liquidity={name: bank.available_liquidity() for name, bank in banks.items()},
            posted_collateral={name: bank.posted_collateral for name, bank in banks.items()},
            queue1={name: [p.id for p in bank.queue1] for name, bank in banks.items()},
            queue2=[p.id for p in self.oracle.world.queue2],
            costs={name: self.oracle.tick_costs(name) for name in banks},
        )


def simulation_engine(config: ScenarioConfig) -> CaseEngine:
    """The real engine, imported only when it is asked for."""
    from tests.conformance.simulation_engine import SimulationEngine

    return SimulationEngine(config)
