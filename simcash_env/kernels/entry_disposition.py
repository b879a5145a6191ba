"""Entry disposition: a submitted payment that is not funded is offset against what waits the other way."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.ledger import can_fund, passes_limits_both_ways, settle, settle_waiting
from simcash_env.kernels.record import record, record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind

OFFSET = int(EventKind.ENTRY_DISPOSITION_OFFSET)
SETTLED = int(EventKind.LSM_PAYMENT_SETTLED)


@kernel
def offset_at_entry(scenario: Scenario, state: State, work: Work, row: int) -> bool:
    """Settle a payment together with the shortest prefix of what its receiver has waiting for its sender.

    In queue order, as few payments as let both sides fund their net. All settle at once; none where a limit is passed.
    """
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    count, back = shortest_prefix(scenario, state, sender, receiver, cents)
    if count == 0 or not passes_limits_both_ways(scenario, state, work, sender, receiver, cents, back):
        return False
    record_values(state, work, OFFSET, sender, receiver, state.pay_id[row], cents, count, back)
    record(state, work, SETTLED, sender, receiver, state.pay_id[row], cents)
    settle(scenario, state, work, row)
    left, waiting = count, state.queue2_head[0]
    while left > 0:
        after = state.pay_next[waiting]
        if state.pay_sender[waiting] == receiver and state.pay_receiver[waiting] == sender:
            settle_waiting(scenario, state, work, waiting)
            left -= 1
        waiting = after
    state.tick_lsm_count[0] += count + 1
    state.tick_lsm_cents[0] += cents + back
    return True


@kernel
def shortest_prefix(scenario: Scenario, state: State, sender: int, receiver: int, cents: int) -> tuple[int, int]:
    """How many waiting payments from ``receiver`` to ``sender`` it takes, and their sum; 0 and 0 where none will do."""
    if state.pair_queue2_cents[receiver * scenario.num_banks[0] + sender] == 0:
        return 0, 0
    count, back, row = 0, 0, state.queue2_head[0]
    while row != NONE:
        if state.pay_sender[row] == receiver and state.pay_receiver[row] == sender:
            count += 1
            back += state.pay_remaining_cents[row]
            if can_fund(scenario, state, sender, cents, back) and can_fund(scenario, state, receiver, back, cents):
                return count, back
        row = state.pay_next[row]
    return 0, 0
