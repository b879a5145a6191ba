"""Payment rows and the two queues they stand in. A row is in one place at a time; queues are doubly linked lists."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import I64, State, Work
from simcash_env.schema.codes import NONE, EventKind, Place, RtgsPriority, Status
from simcash_env.schema.limits import MAX_TOTAL_CENTS

FREE = int(Place.FREE)
QUEUE1 = int(Place.QUEUE1)
QUEUE2 = int(Place.QUEUE2)
SUBMITTED = int(Place.SUBMITTED)
TIMER = int(Place.TIMER)
NORMAL = int(RtgsPriority.NORMAL)
MONEY_OVERFLOW = int(Status.MONEY_OVERFLOW)
ARRIVAL = int(EventKind.ARRIVAL)


@kernel
def fill_column(column: I64, value: int) -> None:
    """Set every element of a column."""
    for at in range(column.shape[0]):
        column[at] = value


@kernel
def take_row(state: State) -> int:
    """Take a free row; the caller has seen that there is one."""
    row = state.free_head[0]
    state.free_head[0] = state.pay_next[row]
    state.free_count[0] -= 1
    return row


@kernel
def free_row(state: State, row: int) -> None:
    """Give a row back; it is the next to be taken."""
    state.pay_place[row] = FREE
    state.pay_next[row] = state.free_head[0]
    state.free_head[0] = row
    state.free_count[0] += 1


@kernel
def write_payment(
    state: State, row: int, sender: int, receiver: int, cents: int, deadline: int, priority: int, divisible: int
) -> None:
    """Fill a row with a new payment that arrives now; ids are sequential."""
    state.pay_id[row] = state.next_id[0]
    state.next_id[0] += 1
    state.pay_sender[row] = sender
    state.pay_receiver[row] = receiver
    state.pay_amount_cents[row] = cents
    state.pay_remaining_cents[row] = cents
    state.pay_arrival_tick[row] = state.tick[0]
    state.pay_deadline_tick[row] = deadline
    state.pay_priority[row] = priority
    state.pay_original_priority[row] = priority
    state.pay_rtgs_priority[row] = NORMAL
    state.pay_submit_tick[row] = NONE
    state.pay_is_divisible[row] = divisible
    state.pay_overdue_since[row] = NONE
    state.pay_parent[row] = NONE
    state.pay_open_children[row] = 0
    state.pay_release_tick[row] = NONE


@kernel
def write_timer(state: State, row: int, bank: int, cents: int, due_tick: int) -> None:
    """Fill a row with collateral of a bank that is to come back; it is no payment and has no id."""
    state.pay_place[row] = TIMER
    state.pay_id[row] = NONE
    state.pay_sender[row] = bank
    state.pay_remaining_cents[row] = cents
    state.pay_release_tick[row] = due_tick
    state.pay_next[row] = NONE


@kernel
def count_arrival(state: State, row: int) -> None:
    """Add a payment that arrived to the totals."""
    cents = state.pay_amount_cents[row]
    state.arrived_count[0] += 1
    state.arrived_cents[0] += cents
    state.day_arrived_cents[0] += cents
    if state.arrived_cents[0] > MAX_TOTAL_CENTS:
        state.fault[0] = MONEY_OVERFLOW


@kernel
def admit_payment(
    state: State,
    work: Work,
    sender: int,
    receiver: int,
    cents: int,
    deadline: int,
    priority: int,
    divisible: int,
) -> int:
    """A payment arrives now, at the end of its sender's Queue 1; the caller has seen that a row is free. Returns it."""
    row = take_row(state)
    write_payment(state, row, sender, receiver, cents, deadline, priority, divisible)
    count_arrival(state, row)
    join_queue1(state, row)
    record_values(state, work, ARRIVAL, sender, receiver, state.pay_id[row], cents, deadline, priority)
    return row


@kernel
def join_queue1(state: State, row: int) -> None:
    """Append a payment to its sender's Queue 1."""
    bank = state.pay_sender[row]
    tail = state.bank_queue1_tail[bank]
    state.pay_place[row] = QUEUE1
    state.pay_prev[row] = tail
    state.pay_next[row] = NONE
    if tail == NONE:
        state.bank_queue1_head[bank] = row
    else:
        state.pay_next[tail] = row
    state.bank_queue1_tail[bank] = row
    state.bank_queue1_count[bank] += 1
    state.bank_queue1_cents[bank] += state.pay_remaining_cents[row]


@kernel
def leave_queue1(state: State, row: int) -> None:
    """Take a payment out of its sender's Queue 1."""
    bank = state.pay_sender[row]
    before, after = state.pay_prev[row], state.pay_next[row]
    if before == NONE:
        state.bank_queue1_head[bank] = after
    else:
        state.pay_next[before] = after
    if after == NONE:
        state.bank_queue1_tail[bank] = before
    else:
        state.pay_prev[after] = before
    state.bank_queue1_count[bank] -= 1
    state.bank_queue1_cents[bank] -= state.pay_remaining_cents[row]
    state.pay_place[row] = SUBMITTED


@kernel
def join_queue2(scenario_banks: int, state: State, row: int) -> None:
    """Append a payment to the central queue."""
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    tail = state.queue2_tail[0]
    state.pay_place[row] = QUEUE2
    state.pay_prev[row] = tail
    state.pay_next[row] = NONE
    if tail == NONE:
        state.queue2_head[0] = row
    else:
        state.pay_next[tail] = row
    state.queue2_tail[0] = row
    state.queue2_count[0] += 1
    state.queue2_value_cents[0] += cents
    state.bank_queue2_count[sender] += 1
    state.bank_queue2_cents[sender] += cents
    state.bank_expected_cents[receiver] += cents
    state.pair_queue2_cents[sender * scenario_banks + receiver] += cents


@kernel
def leave_queue2(scenario_banks: int, state: State, row: int) -> None:
    """Take a payment out of the central queue."""
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    before, after = state.pay_prev[row], state.pay_next[row]
    if before == NONE:
        state.queue2_head[0] = after
    else:
        state.pay_next[before] = after
    if after == NONE:
        state.queue2_tail[0] = before
    else:
        state.pay_prev[after] = before
    state.queue2_count[0] -= 1
    state.queue2_value_cents[0] -= cents
    state.bank_queue2_count[sender] -= 1
    state.bank_queue2_cents[sender] -= cents
    state.bank_expected_cents[receiver] -= cents
    state.pair_queue2_cents[sender * scenario_banks + receiver] -= cents
    state.pay_place[row] = SUBMITTED
