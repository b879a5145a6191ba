"""What trees know of their counterparties."""

from simcash_env.config.trees.language import ACTIONS
from tests import both
from tests.both import penniless
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, leaf, tree, when


def test_counterparties_tree_sees_what_was_released_to_the_counterparty() -> None:
    run = Both(tree(when("committed_to_counterparty", "==", 0, RELEASE, HOLD)))
    for to in "BBCB":
        run.submit(100, to=to)
    assert [len(run.settled()) for _ in range(3)] == [2, 1, 1]


def test_counterparties_tree_sees_what_was_released_to_the_counterparty_when_it_judges_queue_2_too() -> None:
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


def test_counterparties_where_nobody_is_owed_anything_the_largest_counterparty_is_owed_nothing() -> None:
    run = Both(tree(when("my_q2_out_value_top_1", "==", 0, RELEASE, HOLD)), money=100)
    run.submit(150)
    assert run.settled() == []
    run.submit(100, to="C")
    run.tick()
    assert len(run.queue1()) == 1


def test_counterparties_tree_sees_who_is_among_the_five_largest_counterparties_in_queue_2() -> None:
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


def test_counterparties_tree_knows_the_largest_counterparty_by_its_name() -> None:
    named = when("tx_counterparty_id", "==", {"field": "top_cpty_1_id_hash"}, RELEASE, HOLD, "named")
    run = Both(tree(when("priority", "==", 9, leaf("Release", "first"), named)), money=0, lsm={"algorithms": []})
    run.submit(50, priority=9)
    run.submit(60, to="C", priority=9)
    run.tick()
    to_b, to_c = run.submit(5), run.submit(5, to="C")
    run.tick()
    assert run.queue1() == [to_b]
    assert to_c in run.simulation.queue2()


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
