"""Decisions of trees on payments, as they are carried out."""

import pytest

from simcash_env.config.trees.language import ACTIONS
from simcash_env.schema.limits import MAX_TICKS
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, leaf, number, tree, when


def test_decisions_staggered_split_keeps_its_gap_and_boosts_its_parts() -> None:
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


def test_decisions_staggered_split_keeps_parts_whose_tick_never_comes() -> None:
    # 3 * MAX_TICKS is negative in 32 bits
    stagger = leaf(
        "StaggerSplit", num_splits=number(4), stagger_first_now=number(1), stagger_gap_ticks=number(MAX_TICKS)
    )
    run = Both(tree(stagger))
    run.submit(100)
    assert [run.settled() for _ in range(3)] == [[25], [], []]
    engine = run.simulation._engine
    ticks = engine.state.pay_release_tick[engine.queue1_rows(0)]
    assert ticks.tolist() == [MAX_TICKS, 2 * MAX_TICKS, 3 * MAX_TICKS]


def test_decisions_waiting_parts_of_a_staggered_split_are_not_judged_again() -> None:
    stagger = leaf("StaggerSplit", num_splits=number(2), stagger_first_now=number(0), stagger_gap_ticks=number(3))
    run = Both(tree(when("is_split", "==", 1, leaf("Drop", "drop"), stagger)))
    run.submit(10)
    run.tick()
    assert [run.simulation.transaction(tx).priority for tx in run.queue1()] == [5, 5]
    assert [run.settled() for _ in range(6)] == [[], [], [5], [], [], [5]]


@pytest.mark.parametrize(("first", "gap", "parts"), [(5, 1, 4), (1, 1, 200)])
def test_decisions_staggered_split_that_cannot_be_is_a_hold(first: int, gap: int, parts: int) -> None:
    run = Both(
        tree(
            leaf(
                "StaggerSplit", num_splits=number(parts), stagger_first_now=number(first), stagger_gap_ticks=number(gap)
            )
        )
    )
    run.submit(100)
    assert run.tick().events.counts()["PolicyHold"] == 1


def test_decisions_without_a_gap_a_staggered_split_is_a_split() -> None:
    run = Both(
        tree(leaf("StaggerSplit", num_splits=number(2), stagger_first_now=number(0), stagger_gap_ticks=number(0)))
    )
    run.submit(10)
    assert run.settled() == [5, 5]


def test_decisions_timed_release_waits_in_silence_and_its_flag_counts_at_once() -> None:
    run = Both(tree(leaf("Release", timed_for_tick=number(2.9), priority_flag={"value": "HIGH"})))
    tx = run.submit(100)
    first = run.tick()
    assert run.simulation.transaction(tx).priority == 10
    assert "PolicyHold" not in first.events.counts()
    assert [run.settled() for _ in range(2)] == [[], [100]]


def test_decisions_reprioritizing_clips_and_keeps_the_payment() -> None:
    run = Both(tree(leaf("Reprioritize", new_priority=number(77.7))))
    tx = run.submit(100)
    (event,) = [event for event in run.tick().events if event.kind == "TransactionReprioritized"]
    assert event.details == {"old_priority": 5, "new_priority": 10}
    assert run.simulation.transaction(tx).priority == 10
    assert run.queue1() == [tx]


def test_decisions_events_tell_the_way_through_the_tree() -> None:
    run = Both(tree(when("priority", ">", 7, RELEASE, HOLD), bank_tree=leaf("NoAction", "nothing")))
    run.submit(100, priority=9)
    run.submit(100, priority=1)
    told = [(event.tx, event.details["path"]) for event in run.tick().events if event.kind == "TreeDecision"]
    assert told == [(None, "nothing"), ("tx_00000001", "root > go"), ("tx_00000002", "root > wait")]


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
