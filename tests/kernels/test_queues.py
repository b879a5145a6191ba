"""Queue 1 and Queue 2 against Python lists, under anything that may happen to them."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from simcash_env.schema.codes import NONE, Place
from tests.kernels import calls
from tests.kernels.worlds import state_of

BANKS = 2


def walk(links, row):
    """The rows of a list from this one on; a ring is no list."""
    rows = []
    while row != NONE:
        assert row not in rows, "rows linked in a ring"
        rows.append(int(row))
        row = links[row]
    return rows


class Queues(RuleBasedStateMachine):
    """Payments come, move on and go; the twin keeps (row, receiver, cents) in lists."""

    def __init__(self):
        super().__init__()
        self.row, self.sizes, self.state = state_of()
        self.queue1 = {bank: [] for bank in range(BANKS)}
        self.queue2 = []
        self.cents = {}
        self.sender = {}
        self.arrived = 0

    @precondition(lambda self: int(self.state.free_count[0]) > 0)
    @rule(sender=st.integers(0, BANKS - 1), cents=st.integers(1, 1_000))
    def arrives(self, sender, cents):
        row = calls.enqueue1(self.row, self.sizes, np.array([sender, 1 - sender, cents, 9, 5, 1], np.int64))
        assert row not in self.cents, "a row is in use once"
        self.arrived += 1
        assert int(self.state.pay_id[row]) == self.arrived
        self.queue1[sender].append(row)
        self.cents[row], self.sender[row] = cents, sender

    @precondition(lambda self: any(self.queue1.values()))
    @rule(data=st.data())
    def leaves_queue1(self, data):
        row = data.draw(st.sampled_from([row for queue in self.queue1.values() for row in queue]))
        calls.dequeue1(self.row, self.sizes, row)
        self.queue1[self.sender[row]].remove(row)
        del self.cents[row]

    @precondition(lambda self: any(self.queue1.values()))
    @rule(data=st.data())
    def moves_on(self, data):
        row = data.draw(st.sampled_from([row for queue in self.queue1.values() for row in queue]))
        calls.hand_over(self.row, self.sizes, BANKS, row)
        self.queue1[self.sender[row]].remove(row)
        self.queue2.append(row)

    @precondition(lambda self: self.queue2)
    @rule(data=st.data())
    def leaves_queue2(self, data):
        row = data.draw(st.sampled_from(self.queue2))
        calls.dequeue2(self.row, self.sizes, BANKS, row)
        self.queue2.remove(row)
        del self.cents[row]

    @invariant()
    def order_is_kept_both_ways(self):
        state = self.state
        ends = [
            (state.bank_queue1_head[bank], state.bank_queue1_tail[bank], self.queue1[bank]) for bank in range(BANKS)
        ]
        for head, tail, wanted in [*ends, (state.queue2_head[0], state.queue2_tail[0], self.queue2)]:
            assert walk(state.pay_next, head) == wanted
            assert walk(state.pay_prev, tail) == wanted[::-1]

    @invariant()
    def counts_and_cents_add_up(self):
        state = self.state
        for bank in range(BANKS):
            waiting = [self.cents[row] for row in self.queue2 if self.sender[row] == bank]
            held = [self.cents[row] for row in self.queue1[bank]]
            assert (int(state.bank_queue1_count[bank]), int(state.bank_queue1_cents[bank])) == (len(held), sum(held))
            assert int(state.bank_queue2_count[bank]) == len(waiting)
            assert int(state.bank_queue2_cents[bank]) == sum(waiting) == int(state.bank_expected_cents[1 - bank])
            assert int(state.pair_queue2_cents[bank * BANKS + 1 - bank]) == sum(waiting)
        assert int(state.queue2_count[0]) == len(self.queue2)
        assert int(state.queue2_value_cents[0]) == sum(self.cents[row] for row in self.queue2)

    @invariant()
    def every_row_is_in_one_place(self):
        state = self.state
        free = walk(state.pay_next, state.free_head[0])
        assert len(free) == int(state.free_count[0])
        assert sorted([*free, *self.cents]) == list(range(state.pay_id.size))
        places = dict.fromkeys(free, Place.FREE) | dict.fromkeys(self.queue2, Place.QUEUE2)
        places |= {row: Place.QUEUE1 for queue in self.queue1.values() for row in queue}
        assert {row: int(place) for row, place in enumerate(state.pay_place)} == places


TestQueues = Queues.TestCase
TestQueues.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_queues_row_that_was_freed_last_is_taken_first():
    row, sizes, _ = state_of()
    payment = np.array([0, 1, 10, 4, 5, 0], np.int64)
    first, second = calls.enqueue1(row, sizes, payment), calls.enqueue1(row, sizes, payment)
    calls.dequeue1(row, sizes, first)
    assert calls.enqueue1(row, sizes, payment) == first != second


def test_queues_new_payment_carries_nothing_of_the_one_before_in_its_row():
    row, sizes, state = state_of()
    pay = calls.enqueue1(row, sizes, np.array([0, 1, 10, 4, 5, 1], np.int64))
    for name in ("pay_overdue_since", "pay_parent", "pay_open_children", "pay_submit_tick", "pay_rtgs_priority"):
        getattr(state, name)[pay] = 77
    calls.dequeue1(row, sizes, pay)
    assert calls.enqueue1(row, sizes, np.array([1, 0, 20, 6, 3, 0], np.int64)) == pay
    fields = ("pay_sender", "pay_receiver", "pay_amount_cents", "pay_remaining_cents", "pay_deadline_tick")
    assert [int(getattr(state, name)[pay]) for name in fields] == [1, 0, 20, 20, 6]
    fields = ("pay_priority", "pay_original_priority", "pay_is_divisible", "pay_open_children")
    assert [int(getattr(state, name)[pay]) for name in fields] == [3, 3, 0, 0]
    assert [int(getattr(state, name)[pay]) for name in ("pay_overdue_since", "pay_parent", "pay_submit_tick")] == [
        NONE
    ] * 3
