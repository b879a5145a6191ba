"""The random scenarios reach what they are said to reach: every event, cost and leaf of a tree."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig
from simcash_env.config.trees.language import ACTIONS
from simcash_env.schema.codes import CostKind, EventKind, ScheduledKind
from simcash_env.simulation import Simulation
from tests import strategies
from tests.both import drawn_results
from tests.oracle import Oracle
from tests.runs.test_oracle import EVERY_EXAMPLE

NUM_EXAMPLES = 300
"""Scenarios of one seed."""

MAX_SEEDS = 10

ASKED = {
    "event": {kind.label for kind in EventKind},
    "cost": {kind.name.lower() for kind in CostKind},
    "scheduled": {kind.name.lower() for kind in ScheduledKind},
    "leaf": set(ACTIONS),
    "other": {
        "rule set standard",
        "rule set simcash",
        "subset offset",
        "net limit",
        "work limit hit",
        "late part of a staggered split",
        "pool level",
        "collateral of a learner",
        "revoke of a learner",
        "exponential",
        "step",
        "linear",
    },
}

OF_LEARNERS = {
    "CollateralPost": "collateral of a learner",
    "CollateralWithdraw": "collateral of a learner",
    "RtgsWithdrawal": "revoke of a learner",
    "RtgsResubmission": "revoke of a learner",
}


def leaves(row: Any) -> Iterator[tuple[str, str]]:
    """Node ids and actions of everything that ends a tree."""
    if isinstance(row, dict):
        if "action" in row:
            yield row["node_id"], row["action"]
        for inside in row.values():
            yield from leaves(inside)


def reached(simulation: Simulation) -> Iterator[tuple[str, str]]:
    """What the events of a run say that happened."""
    actions = {
        (bank.id, name): action
        for bank in simulation.config.banks
        if bank.policy.type == "tree"
        for name, action in leaves(bank.policy.definition)
    }
    learners = {bank.id for bank in simulation.config.banks if bank.policy.type == "external"}
    parts: dict[str, int] = {}
    for event in simulation.events():
        yield "event", event.kind
        if event.kind == "CostAccrual":
            yield "cost", str(event.details["cost"])
        elif event.kind == "ScenarioEventExecuted":
            yield "scheduled", str(event.details["event_type"])
        elif event.kind == "TreeDecision":
            yield "leaf", actions[str(event.bank), str(event.details["path"]).rsplit(" > ", maxsplit=1)[-1]]
        elif event.bank in learners and event.kind in OF_LEARNERS:
            yield "other", OF_LEARNERS[event.kind]
        elif event.kind == "LiquidityAllocation" and (event.amount or 0) < 0:
            yield "other", "pool level"
        elif event.kind == "PolicySplit":
            first = int(str(event.details["first_child"])[3:])
            parts |= {f"tx_{first + part:08d}": event.tick for part in range(int(event.details["parts"]))}
        elif event.kind == "PolicySubmit" and parts.get(str(event.tx), event.tick) < event.tick:
            yield "other", "late part of a staggered split"


def features(config: ScenarioConfig, found: set[tuple[str, str]]) -> Iterator[str]:
    """Settings that were in force when what they change happened."""
    yield f"rule set {config.rules.set}"
    if config.lsm.bilateral == "subset" and ("event", "LsmBilateralOffset") in found:
        yield "subset offset"
    if config.switches.limits_basis == "net" and found & {
        ("event", "BilateralLimitExceeded"),
        ("event", "MultilateralLimitExceeded"),
    }:
        yield "net limit"
    if config.priority_escalation and ("event", "PriorityEscalated") in found:
        yield config.priority_escalation.curve


@pytest.mark.slow
def test_reach_random_scenarios_reach_everything() -> None:
    counts: Counter[tuple[str, str]] = Counter()

    @settings(EVERY_EXAMPLE, max_examples=NUM_EXAMPLES, database=None, phases=[Phase.generate])
    @given(config=strategies.scenarios(), data=st.data())
    def play(config: ScenarioConfig, data: st.DataObject) -> None:
        oracle, simulation = Oracle(config, external="hold"), Simulation(config, external="hold")
        found: set[tuple[str, str]] = set()
        while not simulation.is_over:
            (result,) = drawn_results(data, oracle, simulation)
            found |= {("other", "work limit hit")} if result.cycle_work_limit_hit else set()
        found |= set(reached(simulation))
        counts.update(found | {("other", name) for name in features(config, found)})

    missing = [(group, name) for group, names in ASKED.items() for name in sorted(names)]
    for number in range(1, MAX_SEEDS + 1):
        seed(number)(play)()
        missing = [each for each in missing if not counts[each]]
        if not missing:
            break
    assert missing == []
