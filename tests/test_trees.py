"""What trees do, worked out by hand; each case on the oracle and on the engine, which must agree throughout."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simcash_env.config import ScenarioConfig
from simcash_env.config.trees.language import ACTIONS, FIELDS, PAYMENT_FIELDS
from simcash_env.kernels._numba.jit import entry
from simcash_env.kernels.tables import open_scenario, open_state, open_work
from simcash_env.kernels.trees.bank_fields import note_nearest_deadlines
from simcash_env.kernels.trees.collateral_trees import decide_on_collateral
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import TreeAction
from simcash_env.simulation import Simulation, TickResult
from tests import both, strategies
from tests.both import penniless
from tests.drawing import Row
from tests.oracle import Oracle
from tests.oracle.trees import collateral_decision
from tests.test_oracle import EVERY_EXAMPLE, IS_LONG, compare_tick


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


def test_a_staggered_split_keeps_its_gap_and_boosts_its_parts() -> None:
    stagger = leaf(
        "StaggerSplit",
        num_splits=number(4),
        stagger_first_now=number(2),
        stagger_gap_ticks=number(2),
        priority_boost_children=number(3),
    )
    run = Both(tree(stagger))
    run.submit(103)
    assert [run.settled() for _ in range(6)] == [[25, 25], [], [25], [], [28], []]
    parts = [event for event in run.simulation.events() if event.kind == "PolicySubmit"]
    assert [event.tick for event in parts] == [0, 0, 2, 4]
    assert run.simulation.events().counts()["ParentSettled"] == 1


def test_the_waiting_parts_of_a_staggered_split_are_not_judged_again() -> None:
    stagger = leaf("StaggerSplit", num_splits=number(2), stagger_first_now=number(0), stagger_gap_ticks=number(3))
    run = Both(tree(when("is_split", "==", 1, leaf("Drop", "drop"), stagger)))
    run.submit(10)
    run.tick()
    assert [run.simulation.transaction(tx).priority for tx in run.queue1()] == [5, 5]
    assert [run.settled() for _ in range(6)] == [[], [], [5], [], [], [5]]


@pytest.mark.parametrize(("first", "gap", "parts"), [(5, 1, 4), (1, 1, 200)])
def test_a_staggered_split_that_cannot_be_is_a_hold(first: int, gap: int, parts: int) -> None:
    run = Both(
        tree(
            leaf(
                "StaggerSplit", num_splits=number(parts), stagger_first_now=number(first), stagger_gap_ticks=number(gap)
            )
        )
    )
    run.submit(100)
    assert run.tick().events.counts()["PolicyHold"] == 1


def test_without_a_gap_a_staggered_split_is_a_split() -> None:
    run = Both(
        tree(leaf("StaggerSplit", num_splits=number(2), stagger_first_now=number(0), stagger_gap_ticks=number(0)))
    )
    run.submit(10)
    assert run.settled() == [5, 5]


BUDGETS = [
    ({"max_value_to_release": number(250)}, [100, 150], "all together"),
    ({"max_value_to_release": number(900), "max_per_counterparty": number(150)}, [100, 150], "a counterparty"),
    ({"max_value_to_release": number(900), "focus_counterparties": {"value": ["C"]}}, [150], "only some"),
    (
        {"max_value_to_release": number(900), "focus_counterparties": {"value": []}},
        [100, 100, 150],
        "an empty list is none",
    ),
    ({"max_value_to_release": {"field": "queue1_total_value"}}, [100, 100, 150], "computed"),
    ({"max_value_to_release": number(-1)}, [], "nothing"),
    ({"max_value_to_release": number(-1e300)}, [], "less than any money"),
    ({"max_value_to_release": number(1e300)}, [100, 100, 150], "more than any money"),
    ({"max_value_to_release": number(900), "max_per_cpty": number(0)}, [100, 100, 150], "read past"),
]


@pytest.mark.parametrize(("parameters", "expected"), [row[:2] for row in BUDGETS], ids=[row[2] for row in BUDGETS])
def test_a_release_budget_holds_whole_releases_back(parameters: Row, expected: list[int]) -> None:
    run = Both(tree(RELEASE, bank_tree=leaf("SetReleaseBudget", "budget", **parameters)))
    for amount, to in ((100, "B"), (100, "B"), (150, "C")):
        run.submit(amount, to=to)
    if expected == [100, 150] and "max_per_counterparty" not in parameters:
        expected = [100, 100]  # the third no longer fits
    assert run.settled() == expected


def test_splits_pass_the_budget_by() -> None:
    run = Both(
        tree(
            leaf("Split", num_splits=number(2)), bank_tree=leaf("SetReleaseBudget", "B", max_value_to_release=number(0))
        )
    )
    run.submit(100)
    assert run.settled() == [50, 50]


def test_a_budget_is_for_one_tick() -> None:
    budget = leaf("SetReleaseBudget", "budget", max_value_to_release=number(0))
    run = Both(tree(RELEASE, bank_tree=when("current_tick", "<", 2, budget, leaf("NoAction", "none"))))
    run.submit(100)
    assert [run.settled() for _ in range(3)] == [[], [], [100]]


def test_registers_are_remembered_until_the_day_ends() -> None:
    add = leaf("AddState", "add", key={"value": "bank_state_ticks"}, value=number(1.5))
    run = Both(tree(when("bank_state_ticks", ">=", 3, RELEASE, HOLD), bank_tree=add), ticks=3, days=2)
    run.submit(100, deadline=6)
    run.submit(100, deadline=6)
    registers = []
    for _ in range(5):
        run.tick()
        registers.append(run.simulation.inspect()["banks"]["A"]["registers"]["bank_state_ticks"])
    assert registers == [1.5, 3.0, 0.0, 1.5, 3.0]
    released = [event.tick for event in run.simulation.events() if event.kind == "PolicySubmit"]
    assert released == [1, 1]


def test_a_tree_sees_what_the_bank_has_released_in_this_tick() -> None:
    left = {"compute": {"op": "-", "left": {"field": "balance"}, "right": {"field": "committed_value"}}}
    run = Both(tree(when("remaining_amount", "<=", left, RELEASE, HOLD)), money=250)
    for _ in range(3):
        run.submit(100)
    assert run.settled() == [100, 100]


def test_a_tree_sees_what_was_released_to_the_counterparty() -> None:
    run = Both(tree(when("committed_to_counterparty", "==", 0, RELEASE, HOLD)))
    for to in "BBCB":
        run.submit(100, to=to)
    assert [len(run.settled()) for _ in range(3)] == [2, 1, 1]


def test_a_tree_sees_what_was_released_to_the_counterparty_when_it_judges_queue_2_too() -> None:
    out = when("committed_to_counterparty", ">", 0, leaf("WithdrawFromRtgs", "out"), HOLD, "again")
    banks = {"A": {"policy": tree(when("is_in_queue2", "==", 1, out, RELEASE))}, **penniless("BC")}
    run = both.Both(banks, rules="simcash", lsm={"algorithms": []})
    to_b, to_c = run.submit("AB", 100), run.submit("AC", 100)
    run.tick()
    run.submit("BC", 70)  # what another bank releases does not count
    run.submit("AB", 50)
    run.tick()
    assert run.simulation.queue1("A") == [to_b]
    assert to_c in run.simulation.queue2()


def test_what_is_beyond_all_numbers_stays_so_when_it_is_rounded() -> None:
    endless = {"compute": {"op": "*", "left": number(1e300), "right": number(1e300)}}
    rounded = {"compute": {"op": "floor", "value": endless}}
    condition = {"op": ">", "left": rounded, "right": number(1e308)}
    root = {"type": "condition", "node_id": "root", "condition": condition, "on_true": RELEASE, "on_false": HOLD}
    run = Both(tree(root))
    run.submit(100)
    assert run.settled() == [100]


@pytest.mark.parametrize(("value", "whole"), [(2.5, 3), (2.4, 2), (-2.5, -3), (-2.4, -2)])
def test_halves_are_rounded_away_from_nought(value: float, whole: int) -> None:
    condition = {"op": "==", "left": {"compute": {"op": "round", "value": number(value)}}, "right": number(whole)}
    root = {"type": "condition", "node_id": "root", "condition": condition, "on_true": RELEASE, "on_false": HOLD}
    run = Both(tree(root))
    run.submit(100)
    assert run.settled() == [100]


def test_where_nobody_is_owed_anything_the_largest_counterparty_is_owed_nothing() -> None:
    run = Both(tree(when("my_q2_out_value_top_1", "==", 0, RELEASE, HOLD)), money=100)
    run.submit(150)
    assert run.settled() == []
    run.submit(100, to="C")
    run.tick()
    assert len(run.queue1()) == 1


@pytest.mark.parametrize(("haircut", "held"), [(1.0, 0), (0.5, 1)])
def test_collateral_that_backs_nothing_is_not_required(haircut: float, held: int) -> None:
    needs = when("required_collateral_for_usage", ">", 0, HOLD, RELEASE)
    take = {"type": "direct_transfer", "tick": 0, "from_bank": "A", "to_bank": "B", "amount": 500}
    run = Both(tree(needs), money=400, events=[take], bank={"collateral_haircut": haircut})
    run.submit(100)
    run.tick()
    assert run.simulation.balance("A") == -100
    assert len(run.queue1()) == held


def test_a_tree_sees_for_how_long_a_payment_has_been_overdue() -> None:
    late = when("overdue_duration", ">=", 2, RELEASE, HOLD, "late")
    run = Both(tree(when("is_overdue", "==", 1, late, leaf("Hold", "in time"))))
    run.submit(100, deadline=2)
    run.submit(100, deadline=7)
    assert [len(run.settled()) for _ in range(7)] == [0, 0, 0, 0, 0, 1, 0]


def test_a_tree_sees_who_is_among_the_five_largest_counterparties_in_queue_2() -> None:
    top = when("tx_is_top_counterparty", "==", 1, RELEASE, HOLD, "top")
    banks = {"A": {"policy": tree(when("priority", "==", 9, leaf("Release", "first"), top))}, **penniless("BCDEFGH")}
    run = both.Both(banks, lsm={"algorithms": []})
    for cents, other in enumerate("BCDEFG", start=10):
        run.submit(f"A{other}", cents, priority=9)
    run.tick()
    for other in "BCDEFGH":
        run.submit(f"A{other}", 5, priority=1)
    run.tick()
    held = run.simulation.queue1("A")
    assert [run.simulation.transaction(tx).receiver for tx in held] == ["B", "H"], "the smallest, and one with nothing"


def test_a_tree_knows_the_largest_counterparty_by_its_name() -> None:
    named = when("tx_counterparty_id", "==", {"field": "top_cpty_1_id_hash"}, RELEASE, HOLD, "named")
    run = Both(tree(when("priority", "==", 9, leaf("Release", "first"), named)), money=0, lsm={"algorithms": []})
    run.submit(50, priority=9)
    run.submit(60, to="C", priority=9)
    run.tick()
    to_b, to_c = run.submit(5), run.submit(5, to="C")
    run.tick()
    assert run.queue1() == [to_b]
    assert to_c in run.simulation.queue2()


def test_a_timer_that_is_over_leaves_those_before_it_running() -> None:
    def post(ticks: int, name: str) -> Row:
        return leaf("PostCollateral", name, amount=number(100), auto_withdraw_after_ticks=number(ticks))

    later = when("current_tick", "==", 1, post(1, "short"), leaf("HoldCollateral", "none"), "then")
    first = when("current_tick", "==", 0, post(5, "long"), later)
    run = Both(tree(RELEASE, strategic_collateral_tree=first), bank={"max_collateral_capacity": 1_000})
    posted = []
    for _ in range(7):
        run.tick()
        posted.append(run.simulation.posted_collateral("A"))
    assert posted == [100, 200, 100, 100, 100, 0, 0]


RESERVE = {"target_buffer": 100, "urgency_threshold": 1}


def test_liquidity_reserve_keeps_its_buffer_where_liquidity_aware_over_releases() -> None:
    def left_of(policy: str) -> int:
        run = Both({"type": policy, **RESERVE}, money=250)
        for _ in range(3):
            run.submit(100)
        run.tick()
        return run.simulation.balance("A")

    assert left_of("liquidity_aware") == 50
    assert left_of("liquidity_reserve") == 150


def test_liquidity_reserve_uses_credit_for_what_is_urgent_and_never_drops() -> None:
    run = Both({"type": "liquidity_reserve", **RESERVE}, money=100, bank={"credit_limit": 200})
    for _ in range(3):
        run.submit(100, deadline=2)
    assert [len(run.settled()) for _ in range(4)] == [0, 2, 0, 0]
    assert len(run.queue1()) == 1


def test_a_timed_release_waits_in_silence_and_its_flag_counts_at_once() -> None:
    run = Both(tree(leaf("Release", timed_for_tick=number(2.9), priority_flag={"value": "HIGH"})))
    tx = run.submit(100)
    first = run.tick()
    assert run.simulation.transaction(tx).priority == 10
    assert "PolicyHold" not in first.events.counts()
    assert [run.settled() for _ in range(2)] == [[], [100]]


def test_reprioritizing_clips_and_keeps_the_payment() -> None:
    run = Both(tree(leaf("Reprioritize", new_priority=number(77.7))))
    tx = run.submit(100)
    (event,) = [event for event in run.tick().events if event.kind == "TransactionReprioritized"]
    assert event.details == {"old_priority": 5, "new_priority": 10}
    assert run.simulation.transaction(tx).priority == 10
    assert run.queue1() == [tx]


def test_resubmitting_takes_a_payment_out_of_queue_2_until_the_next_tick() -> None:
    again = leaf("ResubmitToRtgs", "again", rtgs_priority={"value": "HighlyUrgent"})
    run = Both(tree(when("is_in_queue2", "==", 1, again, RELEASE)), money=0)
    tx = run.submit(100)
    assert run.tick().queue2_size == 1
    run.tick()
    assert run.queue1() == [tx]
    assert run.simulation.transaction(tx).rtgs_priority == "highly_urgent"
    assert run.tick().queue2_size == 1


def test_a_withdrawn_payment_stays_in_queue_1_as_long_as_it_is_held() -> None:
    out = leaf("WithdrawFromRtgs", "out")
    run = Both(tree(when("is_in_queue2", "==", 1, out, when("current_tick", "==", 0, RELEASE, HOLD, "then"))), money=0)
    tx = run.submit(100, rtgs_priority="urgent")
    for expected in ([], [tx], [tx]):
        run.tick()
        assert run.queue1() == expected
    assert run.simulation.transaction(tx).rtgs_priority == "urgent"


def test_events_tell_the_way_through_the_tree() -> None:
    run = Both(tree(when("priority", ">", 7, RELEASE, HOLD), bank_tree=leaf("NoAction", "nothing")))
    run.submit(100, priority=9)
    run.submit(100, priority=1)
    told = [(event.tx, event.details["path"]) for event in run.tick().events if event.kind == "TreeDecision"]
    assert told == [(None, "nothing"), ("tx_00000001", "root > go"), ("tx_00000002", "root > wait")]


def test_room_for_many_parts_does_not_run_a_bank_tree_twice() -> None:
    add = leaf("AddState", "add", key={"value": "bank_state_n"}, value=number(1))
    run = Both(tree(leaf("Split", num_splits=number(500)), bank_tree=add))
    for _ in range(4):
        run.submit(1_000)
    run.tick()
    assert run.simulation.inspect()["banks"]["A"]["registers"] == {"bank_state_n": 1.0}


def test_every_field_of_a_bank_is_alike_in_both_engines() -> None:
    """One bank a field, each remembering its own; payments among them so that no field is trivial."""
    banks, events = [], []
    names = sorted(set(FIELDS) - PAYMENT_FIELDS)
    for place, field in enumerate(names):
        remember = leaf("SetState", "remember", key={"value": "bank_state_seen"}, value={"field": field})
        row = {"id": f"B{place:02}", "opening_balance": 40 * (place % 5), "credit_limit": 60 * (place % 3)}
        banks.append({**row, "posted_collateral": 30 * (place % 4), "policy": tree(RELEASE, bank_tree=remember)})
        for step in (1, 1, 2, 7):
            to, amount = f"B{(place + step) % len(names):02}", 20 + 7 * ((place * step) % 11)
            events.append(
                {
                    "type": "payment",
                    "tick": place % 3,
                    "from_bank": row["id"],
                    "to_bank": to,
                    "amount": amount,
                    "deadline": 5,
                }
            )
    config = ScenarioConfig.model_validate(
        {
            "format": 1,
            "name": "fields",
            "simulation": {"ticks_per_day": 6, "num_days": 2},
            "banks": banks,
            "events": events,
            "lsm": {"algorithms": ["bilateral"]},
        }
    )
    oracle, simulation = Oracle(config), Simulation(config)
    seen: dict[str, set[float]] = {field: set() for field in names}
    while oracle.current_tick < 12:
        oracle.open_tick()
        oracle.close_tick()
        simulation.tick()
        for field, bank in zip(names, oracle.world.banks.values(), strict=True):
            value = simulation.inspect()["banks"][bank.id]["registers"]["bank_state_seen"]
            assert value == bank.registers["bank_state_seen"], field
            seen[field].add(value)
    assert sum(len(values) > 1 for values in seen.values()) > 40


@entry
def collateral_rows(
    scenario_row: I64,
    scenario_sizes: I64,
    state_row: I64,
    state_sizes: I64,
    work_row: I64,
    work_sizes: I64,
    bank: int,
    root: int,
    out: I64,
) -> None:
    """The decision of a collateral tree, for a test."""
    scenario, state = open_scenario(scenario_row, scenario_sizes), open_state(state_row, state_sizes)
    work = open_work(work_row, work_sizes)
    note_nearest_deadlines(scenario, state, work)
    out[0], out[1], out[2] = decide_on_collateral(scenario, state, work, bank, root)


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}


@settings(EVERY_EXAMPLE, max_examples=1_000 if IS_LONG else 40)
@given(config=strategies.scenarios(), data=st.data())
def test_collateral_trees_decide_alike(config: ScenarioConfig, data: st.DataObject) -> None:
    oracle, simulation = Oracle(config), Simulation(config, events=False)
    engine, out = simulation._engine, np.zeros(3, np.int64)
    view = engine.scenario.view
    while oracle.current_tick < oracle.num_ticks:
        oracle.open_tick()
        actions = data.draw(strategies.actions(oracle))
        oracle.close_tick(actions)
        simulation.tick(actions)
        for number_, bank in enumerate(oracle.world.banks.values()):
            for roots, name in (
                (view.bank_strategic_collateral_root, "strategic_collateral_tree"),
                (view.bank_end_collateral_root, "end_of_tick_collateral_tree"),
            ):
                if roots[number_] < 0:
                    continue
                rows = engine.scenario.row, engine.scenario.sizes, engine.row, engine.sizes
                bank.committed = {}
                engine.work.bank_committed_cents[:] = 0
                collateral_rows(*rows, engine._work_row, engine._work_sizes, number_, roots[number_], out)
                action, cents, ticks = collateral_decision(oracle.world, bank, name)
                assert out.tolist() == [CODES[action], cents, ticks]
                assert TreeAction(int(out[0])) >= TreeAction.POST_COLLATERAL
