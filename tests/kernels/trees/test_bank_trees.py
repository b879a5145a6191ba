"""Trees of banks: release budgets and registers."""

import pytest

from simcash_env.config.trees.language import ACTIONS
from tests.drawing import Row
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, leaf, number, tree, when

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
def test_bank_trees_release_budget_holds_whole_releases_back(parameters: Row, expected: list[int]) -> None:
    run = Both(tree(RELEASE, bank_tree=leaf("SetReleaseBudget", "budget", **parameters)))
    for amount, to in ((100, "B"), (100, "B"), (150, "C")):
        run.submit(amount, to=to)
    if expected == [100, 150] and "max_per_counterparty" not in parameters:
        expected = [100, 100]  # the third no longer fits
    assert run.settled() == expected


def test_bank_trees_splits_pass_the_budget_by() -> None:
    run = Both(
        tree(
            leaf("Split", num_splits=number(2)), bank_tree=leaf("SetReleaseBudget", "B", max_value_to_release=number(0))
        )
    )
    run.submit(100)
    assert run.settled() == [50, 50]


def test_bank_trees_budget_is_for_one_tick() -> None:
    budget = leaf("SetReleaseBudget", "budget", max_value_to_release=number(0))
    run = Both(tree(RELEASE, bank_tree=when("current_tick", "<", 2, budget, leaf("NoAction", "none"))))
    run.submit(100)
    assert [run.settled() for _ in range(3)] == [[], [], [100]]


def test_bank_trees_registers_are_remembered_until_the_day_ends() -> None:
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


def test_bank_trees_room_for_many_parts_does_not_run_a_bank_tree_twice() -> None:
    add = leaf("AddState", "add", key={"value": "bank_state_n"}, value=number(1))
    run = Both(tree(leaf("Split", num_splits=number(500)), bank_tree=add))
    for _ in range(4):
        run.submit(1_000)
    run.tick()
    assert run.simulation.inspect()["banks"]["A"]["registers"] == {"bank_state_n": 1.0}


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
