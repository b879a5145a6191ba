"""Liquidity, limits, and how a payment ends: settled (the only place where that moves money) or dropped."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import inlined, kernel
from simcash_env.kernels.charges import charge, drop_penalty
from simcash_env.kernels.queues import free_row, leave_queue2
from simcash_env.kernels.record import record
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, CostKind, EventKind, RtgsPriority

WITHIN_LIMITS = 0
OVER_BILATERAL = 1
OVER_MULTILATERAL = 2

NORMAL = int(RtgsPriority.NORMAL)
OVERDUE_SETTLED = int(EventKind.OVERDUE_TRANSACTION_SETTLED)
BILATERAL_EXCEEDED = int(EventKind.BILATERAL_LIMIT_EXCEEDED)
MULTILATERAL_EXCEEDED = int(EventKind.MULTILATERAL_LIMIT_EXCEEDED)
DROP_PENALTY = int(CostKind.DROP_PENALTY)
PARENT_SETTLED = int(EventKind.PARENT_SETTLED)
LSM_SETTLED = int(EventKind.LSM_PAYMENT_SETTLED)


@inlined
def overdraft_limit(scenario: Scenario, state: State, bank: int) -> int:
    """Overdraft a bank may use: its unsecured limit plus posted collateral less haircut, floored to the cent."""
    posted = state.bank_posted_collateral_cents[bank]
    limit = state.bank_credit_limit_cents[bank]
    if posted == 0:
        return limit
    kept = PPM - scenario.bank_haircut_ppm[bank]
    return limit + posted // PPM * kept + posted % PPM * kept // PPM


@inlined
def available_liquidity(scenario: Scenario, state: State, bank: int) -> int:
    """Cents a bank can pay at once: balance above zero plus unused overdraft; 0 when beyond its overdraft limit."""
    return max(state.bank_balance_cents[bank] + overdraft_limit(scenario, state, bank), 0)


@inlined
def reserved_cents(scenario: Scenario, state: State, row: int) -> int:
    """Liquidity of the sender that this payment may not use: its sub-limit, or 0 for a priority payment.

    A payment has priority from ``sub_limit_priority`` on, or by an RTGS priority above normal.
    """
    if state.sub_limit_cents.shape[0] == 0:
        return 0
    if state.pay_priority[row] >= scenario.sub_limit_priority[0] or state.pay_rtgs_priority[row] < NORMAL:
        return 0
    return state.sub_limit_cents[state.pay_sender[row]]


@kernel
def reserved_from_pair(scenario: Scenario, state: State, sender: int, receiver: int) -> int:
    """Liquidity that the sender may not use for all it has in Queue 2 to this receiver: 0 if all of it has priority."""
    if state.sub_limit_cents.shape[0] == 0 or state.sub_limit_cents[sender] == 0:
        return 0
    row = state.queue2_head[0]
    while row != NONE:
        if state.pay_sender[row] == sender and state.pay_receiver[row] == receiver:
            reserved = reserved_cents(scenario, state, row)
            if reserved > 0:
                return reserved
        row = state.pay_next[row]
    return 0


@kernel
def effective_liquidity(state: State, bank: int) -> int:
    """SimCash's published formula of a field of trees: counts an overdraft twice and leaves out collateral."""
    balance = state.bank_balance_cents[bank]
    return balance + state.bank_credit_limit_cents[bank] - max(-balance, 0)


@inlined
def check_limits(
    scenario: Scenario, state: State, sender: int, receiver: int, cents: int, incoming: int, received: int
) -> int:
    """Return which limit of the day, bilateral or multilateral, this payment would exceed, or that it exceeds none.

    Net limits count received cents against paid ones: ``incoming`` cents from the same receiver at the same time,
    ``received`` from all banks.
    """
    if scenario.pair_limit_cents.shape[0] == 0:
        return WITHIN_LIMITS
    if not within_bilateral(scenario, state, sender, receiver, cents, incoming):
        return OVER_BILATERAL
    return WITHIN_LIMITS if within_multilateral(scenario, state, sender, cents, received) else OVER_MULTILATERAL


@inlined
def multilateral_limit(scenario: Scenario, state: State, bank: int) -> int:
    """Limit towards all banks: the bank's own if banks set theirs during the run, else that of the scenario."""
    if state.send_limit_cents.shape[0] > 0:
        return state.send_limit_cents[bank]
    return scenario.bank_multilateral_limit_cents[bank]


@inlined
def bilateral_limit(scenario: Scenario, state: State, pair: int) -> int:
    """Limit of a pair of banks: the sender's own if banks set theirs during the run, else that of the scenario."""
    if state.pair_send_limit_cents.shape[0] > 0:
        return state.pair_send_limit_cents[pair]
    return scenario.pair_limit_cents[pair]


@inlined
def within_bilateral(scenario: Scenario, state: State, sender: int, receiver: int, cents: int, incoming: int) -> bool:
    """True if the sender's limit towards this receiver allows this amount in addition today."""
    num_banks = scenario.num_banks[0]
    pair = sender * num_banks + receiver
    limit, outflow = bilateral_limit(scenario, state, pair), state.pair_outflow_cents[pair] + cents
    if scenario.nets_limits[0]:
        outflow -= state.pair_outflow_cents[receiver * num_banks + sender] + incoming
    return limit == NONE or outflow <= limit


@inlined
def limited_outflow(scenario: Scenario, state: State, bank: int) -> int:
    """Cents that count against a bank's multilateral limit so far today: what it paid, less what it received if net."""
    outflow = state.bank_outflow_cents[bank]
    return outflow - state.bank_inflow_cents[bank] if scenario.nets_limits[0] else outflow


@inlined
def within_multilateral(scenario: Scenario, state: State, sender: int, cents: int, received: int) -> bool:
    """True if the sender's limit towards all banks allows this amount in addition today."""
    limit, outflow = multilateral_limit(scenario, state, sender), limited_outflow(scenario, state, sender) + cents
    if scenario.nets_limits[0]:
        outflow -= received
    return limit == NONE or outflow <= limit


@kernel
def record_limit(state: State, work: Work, outcome: int, sender: int, receiver: int, pay_id: int, cents: int) -> None:
    """Log which limit a payment, an offset or a cycle ran into, if any."""
    if outcome != WITHIN_LIMITS:
        kind = BILATERAL_EXCEEDED if outcome == OVER_BILATERAL else MULTILATERAL_EXCEEDED
        record(state, work, kind, sender, receiver, pay_id, cents)


@kernel
def passes_limits_both_ways(
    scenario: Scenario, state: State, work: Work, low: int, high: int, outgoing: int, incoming: int
) -> bool:
    """True if two banks may pay each other these sums at once; logs the first limit that is exceeded."""
    outcome = check_limits(scenario, state, low, high, outgoing, incoming, incoming)
    record_limit(state, work, outcome, low, high, NONE, outgoing)
    if outcome != WITHIN_LIMITS:
        return False
    outcome = check_limits(scenario, state, high, low, incoming, outgoing, outgoing)
    record_limit(state, work, outcome, high, low, NONE, incoming)
    return outcome == WITHIN_LIMITS


@kernel
def can_settle(scenario: Scenario, state: State, row: int) -> bool:
    """True if the sender has the liquidity, without what it reserves for other payments, and its limits allow it."""
    sender, cents = state.pay_sender[row], state.pay_remaining_cents[row]
    if available_liquidity(scenario, state, sender) - reserved_cents(scenario, state, row) < cents:
        return False
    return check_limits(scenario, state, sender, state.pay_receiver[row], cents, 0, 0) == WITHIN_LIMITS


@kernel
def can_fund(scenario: Scenario, state: State, bank: int, paid: int, received: int, reserved: int) -> bool:
    """True if a bank can fund the net that it pays and keep what it reserves."""
    return paid <= received or available_liquidity(scenario, state, bank) - reserved >= paid - received


@inlined
def credit(scenario: Scenario, state: State, bank: int, cents: int) -> None:
    """Credit a settlement: at once, or at the end of the tick under deferred crediting."""
    if scenario.defers_credits[0]:
        state.bank_deferred_cents[bank] += cents
    else:
        state.bank_balance_cents[bank] += cents


@kernel
def settle(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Move one payment's cents from sender to receiver and retire its row. It stands in no queue any more.

    No check is made here: mechanisms decide, this only books. A child reduces its parent, and the last one settles it.
    """
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    state.bank_balance_cents[sender] -= cents
    credit(scenario, state, receiver, cents)
    state.bank_outflow_cents[sender] += cents
    state.bank_inflow_cents[receiver] += cents
    state.pair_outflow_cents[sender * scenario.num_banks[0] + receiver] += cents
    state.settled_count[0] += 1
    state.settled_cents[0] += cents
    state.day_settled_cents[0] += cents
    state.tick_settled_count[0] += 1
    if state.pay_overdue_since[row] != NONE:
        record(state, work, OVERDUE_SETTLED, sender, receiver, state.pay_id[row], cents)
    parent = state.pay_parent[row]
    if parent != NONE:
        state.pay_remaining_cents[parent] -= cents
        close_child(state, work, parent)
    free_row(state, row)


@kernel
def settle_waiting(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Take a payment out of the central queue and settle it, as part of an offset, a cycle or a set."""
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    record(state, work, LSM_SETTLED, sender, receiver, state.pay_id[row], cents)
    leave_queue2(scenario.num_banks[0], state, row)
    settle(scenario, state, work, row)


@kernel
def close_child(state: State, work: Work, parent: int) -> None:
    """One child fewer is under way; with the last one the parent's row is free again."""
    state.pay_open_children[parent] -= 1
    if state.pay_open_children[parent] > 0:
        return
    if state.pay_remaining_cents[parent] == 0:
        sender, receiver = state.pay_sender[parent], state.pay_receiver[parent]
        cents = state.pay_amount_cents[parent]
        record(state, work, PARENT_SETTLED, sender, receiver, state.pay_id[parent], cents)
    free_row(state, parent)


@kernel
def drop_payment(scenario: Scenario, state: State, work: Work, row: int, event: int) -> None:
    """Charge the drop penalty for a payment that has left its queue unsettled, and free its row."""
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    pay_id, parent = state.pay_id[row], state.pay_parent[row]
    penalty = drop_penalty(scenario, state, row)
    record(state, work, event, sender, receiver, pay_id, cents)
    charge(state, work, sender, DROP_PENALTY, penalty, pay_id)
    state.dropped_count[0] += 1
    state.dropped_cents[0] += cents
    if parent != NONE:
        close_child(state, work, parent)
    free_row(state, row)
