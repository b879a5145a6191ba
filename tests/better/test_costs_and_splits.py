"""What giving up, waiting and splitting cost, and how parts of a payment end."""

from typing import Any

import pytest

from tests.both import EXTERNAL, Both, kinds, named, penniless


def leaf(action: str, name: str = "leaf", **parameters: Any) -> dict[str, Any]:
    given = {key: {"value": value} for key, value in parameters.items()}
    return {"type": "action", "node_id": name, "action": action, "parameters": given}


def where(field: str, value: float, on_true: dict[str, Any], on_false: dict[str, Any]) -> dict[str, Any]:
    condition = {"op": "==", "left": {"field": field}, "right": {"value": value}}
    return {
        "type": "condition",
        "node_id": f"{field}?",
        "condition": condition,
        "on_true": on_true,
        "on_false": on_false,
    }


def tree(payment: dict[str, Any]) -> dict[str, Any]:
    return {"type": "tree", "tree": {"payment_tree": payment}}


@pytest.mark.parametrize(
    ("price", "cents"), [({}, 5 + 3), ({"drop_penalty": 40}, 40), ({"drop_penalty": {"bps": 100.0}}, 10)]
)
def test_g38_g60_giving_up_is_not_free(price: dict[str, Any], cents: int) -> None:
    # in the reference a payment that its policy drops is gone at no cost
    costs = {"deadline_penalty": {"bps": 50.0}, "eod_penalty": 3, **price}
    run = Both({"A": {"policy": EXTERNAL}, "B": {}}, costs=costs)
    name = run.submit("AB", 1_000)
    result = run.tick({"A": {name: "drop"}})
    assert result.costs["A"]["drop_penalty"] == cents == result.total_cost
    assert sum(event.amount for event in named(result, "CostAccrual")) == cents


def test_g38_g60_nothing_unsettled_is_free_on_the_last_day() -> None:
    # the reference never penalises what falls due on or after the last tick of the run
    run = Both(penniless("AB"), ticks=3, costs={"eod_penalty": 7})
    run.submit("AB", 10)
    assert [result.total_cost for result in run.run(3)] == [0, 0, 7]


def test_g40_split_friction_is_in_the_total_of_its_tick() -> None:
    # the reference adds it to the run's total only
    run = Both({"A": {"policy": EXTERNAL, "opening_balance": 100}, "B": {}}, costs={"split_friction_cost": 7})
    name = run.submit("AB", 100, divisible=True)
    result = run.tick({"A": {name: ("split", 3)}})
    assert result.costs["A"]["split_friction"] == 14 == result.total_cost


def test_g42_an_offset_of_its_parts_settles_a_payment() -> None:
    # in the reference the parent of parts that an offset settles stays unsettled for good
    run = Both({"A": {"policy": EXTERNAL}, "B": {}}, lsm={"algorithms": ["bilateral"]})
    parent = run.submit("AB", 101, divisible=True)
    run.submit("BA", 101)
    result = run.tick({"A": {parent: ("split", 2)}})
    assert (result.num_settlements, result.num_lsm_releases) == (3, 3)
    assert [event.tx for event in named(result, "ParentSettled")] == [parent]
    assert run.simulation.transaction(parent).settled_tick == 0


def test_g43_g44_a_staggered_split_keeps_its_gap() -> None:
    # the reference cannot build the policy, and judges the parts that wait anew in the next tick: here, drops them
    stagger = leaf("StaggerSplit", num_splits=3, stagger_first_now=1, stagger_gap_ticks=2, priority_boost_children=0)
    run = Both(
        {"A": {"opening_balance": 90, "policy": tree(where("is_split", 1, leaf("Drop", "d"), stagger))}, "B": {}}
    )
    run.submit("AB", 90, divisible=True)
    assert [result.num_settlements for result in run.run(6)] == [1, 0, 1, 0, 1, 0]


def test_g43_g44_a_part_is_never_split_again() -> None:
    # in the reference it can be, without end, and what its parts settle no longer reaches the first payment
    again = where("is_in_queue2", 1, leaf("WithdrawFromRtgs", "out"), leaf("Split", "cut", num_splits=2))
    run = Both({"A": {"policy": tree(again)}, "B": {}})
    run.submit("AB", 100, divisible=True)
    results = run.run(4)
    assert [kinds(result).get("PolicySplit", 0) for result in results] == [1, 0, 0, 0]
    assert [event.tx for event in named(results[2], "PolicyHold")] == ["tx_00000002", "tx_00000003"]


def test_g43_g44_more_parts_than_cents_are_illegal() -> None:
    # the reference's process ends there
    run = Both({"A": {"policy": EXTERNAL, "opening_balance": 50}, "B": {}})
    name = run.submit("AB", 3, divisible=True)
    assert kinds(run.tick({"A": {name: ("split", 4)}}))["PolicyHold"] == 1
    assert run.tick({"A": {name: ("split", 3)}}).num_settlements == 3


def test_g51_a_rate_has_no_floor() -> None:
    # the reference rounds 0.0004 basis points to none: 10 million in overdraft would be free
    run = Both({"A": {"credit_limit": 10**9}, "B": {}}, costs={"overdraft_bps_per_tick": 0.0004})
    run.submit("AB", 10**9)
    assert run.tick().costs["A"]["overdraft"] == 40
