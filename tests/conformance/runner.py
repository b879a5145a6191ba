"""Replay a recorded case and find the first figure that differs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tests.conformance.engines import Arrival, CaseEngine, EngineFactory, TickView
from tests.conformance.neutral import CaseError, to_config

COST_COLUMNS = {
    "overdraft": ("overdraft",),
    "delay": ("delay",),
    "collateral": ("collateral",),
    "liquidity_opportunity": ("liquidity",),
    "penalty": ("deadline_penalty", "eod_penalty", "drop_penalty"),
    "split_friction": ("split_friction",),
}
NO_COSTS = dict.fromkeys(COST_COLUMNS, 0)
TICK_KEYS = {
    "tick",
    "balances",
    "available_liquidity",
    "queue1",
    "queue2",
    "settled",
    "overdue",
    "costs",
    "posted_collateral",
}
Difference = tuple[str, Any, Any]


@dataclass(frozen=True)
class Outcome:
    """How a case went: its name, and the first difference or the error, if any."""

    name: str
    difference: str | None = None
    error: str | None = None

    @property
    def is_ok(self) -> bool:
        """Whether every figure was equal."""
        return self.difference is None and self.error is None

    def line(self) -> str:
        """One line of the report."""
        if self.error is not None:
            return f"ERROR {self.name}: {self.error}"
        return f"ok {self.name}" if self.difference is None else f"DIFF {self.name}: {self.difference}"


@dataclass
class Replay:
    """A case under way: the case's names of the engine's payments, and the totals so far."""

    engine: CaseEngine
    payments: list[Mapping[str, Any]]
    names: dict[str, str] = field(default_factory=dict)
    num_event_payments: int = 0
    num_children: dict[str, int] = field(default_factory=dict)
    was_overdue: set[str] = field(default_factory=set)
    is_settled: set[str] = field(default_factory=set)
    num_arrived: int = 0
    arrived_value: int = 0
    arrivals: list[tuple[int, Arrival]] = field(default_factory=list)
    costs: dict[str, dict[str, int]] = field(default_factory=dict)

    def tick(self, tick: int) -> TickView:
        """Submit what is due, run one tick, and keep the books."""
        for payment in self.payments:
            if payment["tick"] == tick:
                self.names[self.engine.submit(payment)] = payment["id"]
                self.num_arrived += 1
                self.arrived_value += payment["amount"]
        view = self.engine.tick()
        for arrival in view.arrived:
            self.num_event_payments += 1
            self.names[arrival.id] = f"ev{self.num_event_payments}"
            self.num_arrived += 1
            self.arrived_value += arrival.amount
            self.arrivals.append((tick, arrival))
        for child, parent in view.children:
            number = self.num_children[parent] = self.num_children.get(parent, 0) + 1
            self.names[child] = f"{self.names[parent]}.{number}"
        self.was_overdue.update(view.overdue, view.dropped)
        self.is_settled.update(view.settled)
        for bank, kinds in view.costs.items():
            row = self.costs.setdefault(bank, dict(NO_COSTS))
            for column, cents in columns(kinds).items():
                row[column] += cents
        return view

    def named(self, ids: list[str]) -> list[str]:
        """The case's names, in the same order."""
        return [self.names[name] for name in ids]


def columns(kinds: Mapping[str, int]) -> dict[str, int]:
    """Our kinds of cost in the columns of the recordings."""
    return {column: sum(kinds[kind] for kind in ours) for column, ours in COST_COLUMNS.items()}


def run_case(path: Path, factory: EngineFactory) -> Outcome:
    """Replay one case file."""
    try:
        case = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(case, dict) or not {"scenario", "expected"} <= set(case):
            msg = "not a case: scenario and expected are needed"
            raise CaseError(msg)  # noqa: TRY301 - told like every other fault
        engine = factory(to_config(case["scenario"]))
        replay = Replay(engine, case["scenario"].get("payments", []))
        for place, expected, got in differences(case, replay):
            if expected != got:
                return Outcome(path.stem, difference=f"{place}: expected {expected}, got {got}")
    except ValidationError as refusal:
        faults = (f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in refusal.errors())
        return Outcome(path.stem, error=f"refused by the configuration: {'; '.join(faults)}")
    except Exception as fault:  # noqa: BLE001 - one broken case must not hide the others
        reason = " ".join(str(fault).split()) or type(fault).__name__
        return Outcome(path.stem, error=f"{type(fault).__name__}: {reason}")
    return Outcome(path.stem)


def differences(case: Mapping[str, Any], replay: Replay) -> Iterator[Difference]:
    """Every figure of a case, expected and got, in order of time."""
    expected = case["expected"]
    if not expected["ticks"]:
        msg = "no tick is expected"
        raise CaseError(msg)
    if "tick_columns" in expected:
        yield from compare_columns(expected, replay)
        yield from compare_totals(expected, replay)
    else:
        for number, row in enumerate(expected["ticks"]):
            check_number(row["tick"], number)
            for place, figure, got in compare_state(row, replay, replay.tick(number)):
                yield f"tick {number} {place}", figure, got


def check_number(tick: int, number: int) -> None:
    """Expected ticks follow one another from 0."""
    if tick != number:
        msg = f"expected tick {number}, found tick {tick}"
        raise CaseError(msg)


def compare_state(row: Mapping[str, Any], replay: Replay, view: TickView) -> Iterator[Difference]:
    """The whole state after one tick of a small case."""
    unknown = set(row) - TICK_KEYS
    if unknown:
        msg = f"unknown keys in an expected tick: {sorted(unknown)}"
        raise CaseError(msg)
    for key in ("balances", "available_liquidity", "posted_collateral"):
        for bank, cents in row.get(key, {}).items():
            yield f"{key}.{bank}", cents, getattr(view, key)[bank]
    for bank, queue in row.get("queue1", {}).items():
        yield f"queue1.{bank}", queue, replay.named(view.queue1[bank])
    if "queue2" in row:
        yield "queue2", row["queue2"], replay.named(view.queue2)
    if "settled" in row:
        yield "settled", sorted(row["settled"]), sorted(replay.named(view.settled))
    if "overdue" in row:
        yield "overdue", sorted(row["overdue"]), overdue_names(replay, row["overdue"])
    if "costs" in row:
        yield from compare_costs(row["costs"], view)


def compare_costs(expected: Mapping[str, Mapping[str, int]], view: TickView) -> Iterator[Difference]:
    """The tick's costs; a bank that is not mentioned paid nothing."""
    for bank in sorted({*view.costs, *expected}):
        got = columns(view.costs[bank])
        for column, cents in {**NO_COSTS, **expected.get(bank, {})}.items():
            yield f"costs.{bank}.{column}", cents, got[column]


def overdue_names(replay: Replay, expected: list[str]) -> list[str]:
    """Payments found overdue or dropped so far.

    The recordings do not settle whether one that has settled since is still listed, so for those the case decides.
    """
    names = []
    for payment in replay.was_overdue:
        name = replay.names[payment]
        if payment not in replay.is_settled or name in expected:
            names.append(name)
    return sorted(names)


def compare_columns(expected: Mapping[str, Any], replay: Replay) -> Iterator[Difference]:
    """The figures that a long case records after every tick."""
    banks = expected["banks"]
    for number, values in enumerate(expected["ticks"]):
        row = dict(zip(expected["tick_columns"], values, strict=True))
        check_number(row.pop("tick", number), number)
        view = replay.tick(number)
        got: dict[str, Any] = {
            "arrivals": view.num_arrivals,
            "settled_so_far": len(replay.is_settled),
            "queue1_sizes": [len(view.queue1[bank]) for bank in banks],
            "queue2_size": len(view.queue2),
            "balances": [view.balances[bank] for bank in banks],
            "total_cost_so_far": sum(sum(kinds.values()) for kinds in replay.costs.values()),
        }
        for column, value in row.items():
            yield f"tick {number} {column}", value, got[column]


def compare_totals(expected: Mapping[str, Any], replay: Replay) -> Iterator[Difference]:
    """The totals of a long case."""
    for bank, kinds in expected.get("costs", {}).items():
        got = {**replay.costs[bank], "total": sum(replay.costs[bank].values())}
        for column, cents in kinds.items():
            yield f"costs.{bank}.{column}", cents, got[column]
    if "arrived" in expected:
        yield "arrived", expected["arrived"], replay.num_arrived
    if "arrived_value" in expected:
        yield "arrived_value", expected["arrived_value"], replay.arrived_value
    for index, row in enumerate(expected.get("first_arrivals", [])):
        tick, one = replay.arrivals[index] if index < len(replay.arrivals) else (None, None)
        got_row = None if one is None else [tick, one.sender, one.receiver, one.amount, one.deadline, one.priority]
        yield f"first_arrivals[{index}]", row, got_row
