"""Tree files in short, and a run on both engines of a bank that follows one."""

from typing import Any

from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation, TickResult
from tests.drawing import Row
from tests.oracle import Oracle
from tests.runs.test_oracle import compare_tick


def leaf(action: str, name: str = "leaf", **parameters: Any) -> Row:
    return {"type": "action", "node_id": name, "action": action, "parameters": parameters}


def number(value: float) -> Row:
    return {"value": value}


def when(field: str, op: str, value: Any, on_true: Row, on_false: Row, name: str = "root") -> Row:
    condition = {"op": op, "left": {"field": field}, "right": value if isinstance(value, dict) else number(value)}
    return {"type": "condition", "node_id": name, "condition": condition, "on_true": on_true, "on_false": on_false}


RELEASE, HOLD = leaf("Release", "go"), leaf("Hold", "wait")


def tree(payment: Row, **trees: Row) -> Row:
    return {"type": "tree", "tree": {"payment_tree": payment, **trees}}


class Both:
    """A run on both engines at once."""

    def __init__(self, policy: Row, *, money: int = 1_000, ticks: int = 8, days: int = 1, **parts: Any) -> None:
        banks = [
            {"id": "A", "opening_balance": money, "policy": policy, **parts.pop("bank", {})},
            {"id": "B"},
            {"id": "C"},
        ]
        rows = {
            "format": 1,
            "name": "by hand",
            "simulation": {"ticks_per_day": ticks, "num_days": days},
            "banks": banks,
        }
        config = ScenarioConfig.model_validate({**rows, "rules": "simcash", **parts})
        self.oracle, self.simulation = Oracle(config), Simulation(config)

    def submit(self, amount: int, *, to: str = "B", deadline: int = 8, **more: Any) -> str:
        """A payment of A."""
        self.oracle.submit("A", to, amount, deadline, **more)
        return self.simulation.submit_transaction("A", to, amount, deadline, **more)

    def tick(self) -> TickResult:
        self.oracle.tick()
        result = self.simulation.tick()
        compare_tick(self.oracle, self.simulation, result)
        return result

    def settled(self) -> list[int]:
        """Amounts that settle in the next tick."""
        kinds = {"RtgsImmediateSettlement", "Queue2LiquidityRelease"}
        return [event.amount or 0 for event in self.tick().events if event.kind in kinds]

    def queue1(self) -> list[str]:
        return self.simulation.queue1("A")
