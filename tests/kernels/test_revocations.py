"""Payments that are taken out of Queue 2."""

from simcash_env.config.trees.language import ACTIONS
from tests.kernels.trees.worlds import HOLD, RELEASE, Both, leaf, tree, when


def test_revocations_resubmitting_takes_a_payment_out_of_queue_2_until_the_next_tick() -> None:
    again = leaf("ResubmitToRtgs", "again", rtgs_priority={"value": "HighlyUrgent"})
    run = Both(tree(when("is_in_queue2", "==", 1, again, RELEASE)), money=0)
    tx = run.submit(100)
    assert run.tick().queue2_size == 1
    run.tick()
    assert run.queue1() == [tx]
    assert run.simulation.transaction(tx).rtgs_priority == "highly_urgent"
    assert run.tick().queue2_size == 1


def test_revocations_withdrawn_payment_stays_in_queue_1_as_long_as_it_is_held() -> None:
    out = leaf("WithdrawFromRtgs", "out")
    run = Both(tree(when("is_in_queue2", "==", 1, out, when("current_tick", "==", 0, RELEASE, HOLD, "then"))), money=0)
    tx = run.submit(100, rtgs_priority="urgent")
    for expected in ([], [tx], [tx]):
        run.tick()
        assert run.queue1() == expected
    assert run.simulation.transaction(tx).rtgs_priority == "urgent"


CODES = {name: int(rule.code) for name, rule in ACTIONS.items()}
