"""Count the lines that the rules run in a tick: ``python -m tests.kernels.operations``, with ``NUMBA_DISABLE_JIT=1``.

Lines are the same on every machine, as seconds are not. Prints JSON: for every case, on few banks, the lines for each of
two sizes. Cases are those of ``benchmarks.scale``; trees that decide on many payments in both queues; scheduled events.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from types import FrameType
from typing import Any, Final

from benchmarks.scale import CASES, filled, submit_all
from simcash_env.config import ScenarioConfig
from simcash_env.simulation import Simulation

SIZES: Final = (380, 760)
NUM_BANKS: Final = 20
NUM_DUE: Final = 10


def lines_of(function: Callable[[], Any]) -> int:
    """Lines of rules that a function runs."""
    count = 0

    def at_line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return at_line

    def at_call(frame: FrameType, _event: str, _argument: Any) -> Any:
        return at_line if "/kernels/" in frame.f_code.co_filename.replace("\\", "/") else None

    before = sys.gettrace()
    sys.settrace(at_call)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def tick_lines(simulation: Simulation) -> int:
    """Lines of rules in the next tick."""
    return lines_of(simulation.tick)


def node(name: str, field: str, value: float, yes: dict[str, Any], no: dict[str, Any]) -> dict[str, Any]:
    """A condition of a tree: is the field at least the value?"""
    condition = {"op": ">=", "left": {"field": field}, "right": {"value": value}}
    return {"type": "condition", "node_id": name, "condition": condition, "on_true": yes, "on_false": no}


def act(name: str, action: str) -> dict[str, Any]:
    """A leaf of a tree."""
    return {"type": "action", "node_id": name, "action": action}


def with_trees(size: int) -> Simulation:
    """So many payments in each queue, of two banks whose trees read what depends on other payments."""
    committed = node(
        "committed", "committed_to_counterparty", 10**12, act("back", "WithdrawFromRtgs"), act("stay", "Hold")
    )
    waiting = node("nearest", "ticks_to_nearest_queue2_deadline", 10**6, act("out", "WithdrawFromRtgs"), committed)
    new = node("due", "queue2_nearest_deadline", 0, act("late", "Release"), act("never", "Hold"))
    later = node("where", "is_in_queue2", 1, waiting, new)
    policy = {"type": "tree", "tree": {"payment_tree": node("when", "current_tick", 1, later, act("go", "Release"))}}
    row = {
        "format": 1,
        "name": "trees",
        "simulation": {"ticks_per_day": 10, "num_days": 1},
        "banks": [{"id": "A", "policy": policy}, {"id": "B", "policy": policy}, {"id": "C"}],
        "lsm": {"algorithms": []},
    }
    simulation = Simulation(ScenarioConfig.model_validate(row), events=False)
    submit_all(simulation, (("AB"[at % 2], "C", 100) for at in range(size)))
    simulation.tick()
    submit_all(simulation, (("AB"[at % 2], "C", 100) for at in range(size)))
    return simulation


def with_events(size: int) -> Simulation:
    """So many events in later ticks, and ten that are due."""
    names = ("A", "B")
    events = [
        {"type": "direct_transfer", "tick": 0 if at < NUM_DUE else 2 + at % 7, "from_bank": "A", "to_bank": "B"}
        for at in range(size)
    ]
    row = {
        "format": 1,
        "name": "events",
        "simulation": {"ticks_per_day": 10, "num_days": 1},
        "banks": [{"id": name, "opening_balance": 10**6} for name in names],
        "events": [{**event, "amount": 1} for event in events],
    }
    return Simulation(ScenarioConfig.model_validate(row), events=False)


def measure() -> dict[str, list[int]]:
    """Lines by case, a number a size."""
    found = {}
    for case in CASES:
        smaller = replace(case, num_banks=min(case.num_banks, NUM_BANKS))
        found[case.name] = [tick_lines(filled(smaller, size)) for size in SIZES]
    found["trees that ask for other payments"] = [tick_lines(with_trees(size)) for size in SIZES]
    found["scheduled events"] = [tick_lines(with_events(size)) for size in SIZES]
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure()) + "\n")
