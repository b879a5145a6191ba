"""What holds in every scenario in every tick: all features together, on the engine, from its state and its events.

``tests/runs/test_oracle.py`` says that the oracle keeps its books likewise, and that both agree.
"""

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig
from simcash_env.envs.vector import make_vec
from simcash_env.schema.codes import PPM
from simcash_env.simulation import Simulation, TickResult
from tests import strategies
from tests.both import drawn_results
from tests.budget import examples
from tests.drawing import Frame
from tests.oracle import Oracle
from tests.runs.test_oracle import EVERY_EXAMPLE, invariant
from tests.worlds import busy, legal, legal_by_seed

SETTLED = {"RtgsImmediateSettlement", "Queue2LiquidityRelease", "LsmPaymentSettled"}
LENT = {"MarketTrade", "LoanRepaid"}
DROPPED = {"PolicyDrop", "TransactionExpired"}
SEED = 17
batches = settings(EVERY_EXAMPLE, max_examples=examples(8, 15, 300))


class Run:
    """The engine under drawn payments, actions and levels; the oracle is there to draw them for."""

    def __init__(self, config: ScenarioConfig, data: st.DataObject) -> None:
        self.data, self.config = data, config
        self.oracle, self.simulation = Oracle(config), Simulation(config)

    @property
    def is_over(self) -> bool:
        return self.simulation.is_over

    def tick(self) -> TickResult:
        (result,) = drawn_results(self.data, self.oracle, self.simulation)
        return result

    def balances(self) -> dict[str, int]:
        """All that is on the accounts, with what backs asks in the market."""
        accounts = {name: bank["balance"] for name, bank in self.banks().items()}
        if self.config.market is None:
            return accounts
        return {name: cents + self.simulation.market_account(name).locked for name, cents in accounts.items()}

    def banks(self) -> dict[str, Any]:
        banks: dict[str, Any] = self.simulation.inspect()["banks"]
        return banks


def booked(result: TickResult) -> Counter[str]:
    """By how much a tick's events say that each balance moved."""
    moved: Counter[str] = Counter()
    events = list(result.events)
    for event, *following in zip(events, [*events[1:], None], [*events[2:], None, None], strict=False):
        cents = event.amount or 0
        if event.kind == "LiquidityAllocation":
            moved[str(event.bank)] += cents
        elif event.kind == "LiquidityReturn":
            moved[str(event.bank)] -= cents
        elif event.kind in SETTLED | LENT or moves_at_once(event, following):
            moved[str(event.bank)] -= cents
            moved[str(event.counterparty)] += cents
    return moved


def moves_at_once(event: Any, following: list[Any]) -> bool:
    """Is this a transfer, or a scheduled settlement that was not queued?"""
    if event.kind != "ScenarioEventExecuted" or event.details["event_type"] == "direct_transfer":
        return event.kind == "ScenarioEventExecuted"
    is_queued = [entry and entry.kind for entry in following] == ["Arrival", "QueuedRtgs"]
    return event.details["event_type"] == "scheduled_settlement" and not is_queued


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_every_cent_that_moves_is_an_event(config: ScenarioConfig, data: st.DataObject) -> None:
    run = Run(config, data)
    while not run.is_over:
        before = run.balances()
        moved = booked(run.tick())
        after = run.balances()
        assert {name: after[name] - before[name] for name in before} == {name: moved[name] for name in before}


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_sum_of_balances_changes_by_the_pool_alone(config: ScenarioConfig, data: st.DataObject) -> None:
    run = Run(config, data)
    opening = sum(bank.opening_balance for bank in config.banks)
    while not run.is_over:
        run.tick()
        allocated = sum(bank["allocated_pool"] for bank in run.banks().values())
        assert sum(run.balances().values()) - allocated == opening


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_every_payment_is_in_exactly_one_place(config: ScenarioConfig, data: st.DataObject) -> None:
    """Queue 1, Queue 2, split, settled or dropped; and every arrived cent is settled, queued or dropped."""
    run = Run(config, data)
    places: Counter[str] = Counter()
    parents: dict[str, list[str]] = {}
    ended: set[str] = set()
    value = {"arrived_value": 0, "settled_value": 0, "dropped_value": 0}
    while not run.is_over:
        for event in run.tick().events:
            if event.kind == "Arrival":
                places[str(event.tx)] += 1
                value["arrived_value"] += event.amount or 0
            elif event.kind == "PolicySplit":
                first = int(str(event.details["first_child"])[3:])
                children = [f"tx_{first + part:08d}" for part in range(int(event.details["parts"]))]
                places.update(children)
                parents[str(event.tx)] = children
            elif event.kind in SETTLED | DROPPED:
                assert event.tx not in ended
                ended.add(str(event.tx))
                value["settled_value" if event.kind in SETTLED else "dropped_value"] += event.amount or 0
        shot = run.simulation.inspect()
        ended |= {parent for parent, children in parents.items() if ended.issuperset(children)}
        queued = [*shot["queue2"], *(name for queue in shot["queue1"].values() for name in queue)]
        split = [name for name, row in shot["payments"].items() if row["place"] == "split"]
        assert Counter([*queued, *split, *ended]) == places
        assert set(shot["payments"]) == {*queued, *split}
        assert all(parents[name] and not ended.issuperset(parents[name]) for name in split)
        waiting = sum(shot["payments"][name]["remaining"] for name in queued)
        assert value == {key: shot["counters"][key] for key in value}
        assert value["arrived_value"] == value["settled_value"] + value["dropped_value"] + waiting


def shortfall(run: Run) -> dict[str, int]:
    """By how much each balance is beyond its overdraft limit."""
    found = {}
    for bank in run.config.banks:
        row = run.banks()[bank.id]
        backed = row["posted_collateral"] * (PPM - bank.haircut_ppm()) // PPM
        found[bank.id] = max(-row["balance"] - row["credit_limit"] - backed, 0)
    return found


def excuses(result: TickResult, config: ScenarioConfig) -> Counter[str]:
    """By how much a tick's events may push each bank beyond its overdraft limit."""
    found: Counter[str] = Counter()
    for event in result.events:
        bank = str(event.bank)
        if event.kind == "ScenarioEventExecuted":
            if event.details["event_type"] == "direct_transfer":
                found[bank] += event.amount or 0
            elif event.details["event_type"] == "credit_limit_change":
                found[bank] += max(-config.events[int(event.details["event_number"])].delta, 0)
        elif event.kind == "LiquidityReturn":
            found[bank] += event.amount or 0
        elif event.kind == "LiquidityAllocation":
            found[bank] += max(-(event.amount or 0), 0)
    return found


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_balance_passes_its_allowance_by_an_event_that_says_so_alone(
    config: ScenarioConfig, data: st.DataObject
) -> None:
    """Transfers, cuts of credit and the pool's return may; settlements and collateral never."""
    run = Run(config, data)
    before = shortfall(run)
    while not run.is_over:
        said = excuses(run.tick(), config)
        now = shortfall(run)
        assert all(now[bank] <= before[bank] + said[bank] for bank in now)
        before = now


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_costs_are_sums_of_events_and_never_decrease(config: ScenarioConfig, data: st.DataObject) -> None:
    run = Run(config, data)
    sums = {bank: dict.fromkeys(costs["costs"], 0) for bank, costs in run.banks().items()}
    while not run.is_over:
        result = run.tick()
        charged: Counter[tuple[str, str]] = Counter()
        for event in result.events:
            if event.kind == "CostAccrual":
                assert event.amount is not None
                assert event.amount > 0
                charged[str(event.bank), str(event.details["cost"])] += event.amount
            elif event.kind == "InterestAccrued":
                charged[str(event.bank), "interest"] += event.amount or 0
                charged[str(event.counterparty), "interest"] -= event.amount or 0
        for bank, kinds in sums.items():
            for kind in kinds:
                kinds[kind] += charged[bank, kind]
        assert {bank: row["costs"] for bank, row in run.banks().items()} == sums
        assert result.total_cost == sum(charged.values())


@batches
@given(config=strategies.scenarios(), seed=st.integers(0, 2**31), data=st.data())
def test_invariants_same_seed_gives_the_same_digest_alone_and_in_any_batch(
    config: ScenarioConfig, seed: int, data: st.DataObject
) -> None:
    """Whatever the scenario; other processes and threads are in ``tests/runs/test_determinism.py``."""
    size = data.draw(st.integers(2, 5))
    seeds = [seed, *data.draw(st.lists(st.integers(0, 2**31), min_size=size - 1, max_size=size - 1))]
    place = data.draw(st.integers(0, size - 1))
    seeds[0], seeds[place] = seeds[place], seeds[0]
    alone, batch = (make_vec(config, copies, learners="all", autoreset="disabled") for copies in (1, size))
    alone.reset([seed])
    batch.reset(seeds)
    for step in range(alone.num_ticks):
        assert alone.digest(0) == batch.digest(place)
        alone.step(legal_by_seed(alone, [seed], step))
        batch.step(legal_by_seed(batch, seeds, step))
    assert alone.digest(0) == batch.digest(place)


def with_future(config: ScenarioConfig, data: st.DataObject, *, payments: bool) -> tuple[ScenarioConfig, int]:
    """The same scenario with other events from a drawn tick on (payments among them or not), and that tick."""
    days = config.simulation.ticks_per_day, config.simulation.num_days
    frame = Frame(tuple(bank.id for bank in config.banks), *days, 1)
    tick = data.draw(st.integers(min(1, frame.num_ticks - 1), frame.num_ticks - 1))
    rows = config.model_dump()
    kept = [row for row in rows["events"] if row["tick"] < tick or (row["type"] == "payment" and not payments)]
    new = [
        row
        for row in data.draw(strategies.events(frame, config.model_dump(exclude_none=True)["banks"]))
        if row["tick"] >= tick
    ]
    rows["events"] = [*kept, *(row for row in new if payments or row["type"] != "payment")]
    return ScenarioConfig.model_validate(rows), tick


@invariant
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_nothing_that_happens_depends_on_what_is_scheduled_for_later(
    config: ScenarioConfig, data: st.DataObject
) -> None:
    """Two runs with one history, trees and policies among it, are one run until their events differ."""
    other, tick = with_future(config, data, payments=True)
    assume(other != config)
    run, twin = Run(config, data), Simulation(other)
    for _ in range(tick):
        ours, theirs = drawn_results(data, run.oracle, run.simulation, twin)
        assert repr(run.simulation.inspect()) == repr(twin.inspect())
        assert np.array_equal(ours.events.rows[:, :6], theirs.events.rows[:, :6])


@batches
@given(config=strategies.scenarios(), data=st.data())
def test_invariants_bank_that_acts_sees_nothing_of_the_future(config: ScenarioConfig, data: st.DataObject) -> None:
    """Observations, masks and rewards are equal until the events differ.

    Payments of the file are the same on both sides: what a scenario's money is like on the whole sets the scales.
    """
    other, tick = with_future(config, data, payments=False)
    assume(other != config)
    ours, theirs = (make_vec(each, learners="all", autoreset="disabled") for each in (config, other))
    for vec in (ours, theirs):
        vec.reset([SEED])
    for step in range(tick):
        assert np.array_equal(ours.observations, theirs.observations)
        assert np.array_equal(ours.masks, theirs.masks)
        action = legal(ours.masks, SEED, step)
        for vec in (ours, theirs):
            vec.step(action)
        assert np.array_equal(ours.rewards, theirs.rewards)


def test_invariants_tests_of_the_future_can_fail() -> None:
    """An event that is due is seen at once: what is equal before is not so afterwards."""
    transfer = {"type": "direct_transfer", "tick": 3, "from_bank": "BRAVO", "to_bank": "ALFA", "amount": 500}
    seen = []
    for events in ([], [transfer]):
        vec = make_vec(busy(events=events), learners="all", autoreset="disabled")
        vec.reset([SEED])
        seen.append([vec.observations.copy()])
        for step in range(4):
            vec.step(legal(vec.masks, SEED, step))
            seen[-1].append(vec.observations.copy())
    assert [np.array_equal(left, right) for left, right in zip(*seen, strict=True)] == [True, True, True, False, False]
