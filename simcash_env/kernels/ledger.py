"""Liquidity, limits, and how a payment ends: settled (the only place where that moves money) or given up."""

from __future__ import annotations

from simcash_env.arrays import Scenario, State, Work
from simcash_env.codes import NONE, PPM, CostKind, EventKind
from simcash_env.kernels._jit import inlined, kernel
from simcash_env.kernels.charges import charge, drop_penalty
from simcash_env.kernels.queues import free_row
from simcash_env.kernels.record import record

WITHIN_LIMITS = 0
OVER_BILATERAL = 1
OVER_MULTILATERAL = 2

OVERDUE_SETTLED = int(EventKind.OVERDUE_TRANSACTION_SETTLED)
DROP_PENALTY = int(CostKind.DROP_PENALTY)
PARENT_SETTLED = int(EventKind.PARENT_SETTLED)


@inlined
def allowance(scenario: Scenario, state: State, bank: int) -> int:
    """Overdraft a bank may use: its unsecured limit plus posted collateral less haircut, floored to the cent."""
    posted = state.bank_posted_collateral_cents[bank]
    limit = state.bank_credit_limit_cents[bank]
    if posted == 0:
        return limit  # type: ignore[no-any-return]
    kept = PPM - scenario.bank_haircut_ppm[bank]
    return limit + posted // PPM * kept + posted % PPM * kept // PPM  # type: ignore[no-any-return]


@inlined
def available_liquidity(scenario: Scenario, state: State, bank: int) -> int:
    """Cents a bank can pay at once: balance above zero plus unused overdraft; 0 when beyond its allowance."""
    return max(state.bank_balance_cents[bank] + allowance(scenario, state, bank), 0)  # type: ignore[no-any-return]


@inlined
def check_limits(scenario: Scenario, state: State, sender: int, receiver: int, cents: int) -> int:
    """Would paying so much more today pass the sender's bilateral or multilateral limit?"""
    if scenario.pair_limit_cents.shape[0] == 0:
        return WITHIN_LIMITS
    pair = sender * scenario.num_banks[0] + receiver
    limit = scenario.pair_limit_cents[pair]
    if limit != NONE and state.pair_outflow_cents[pair] + cents > limit:
        return OVER_BILATERAL
    limit = scenario.bank_multilateral_limit_cents[sender]
    if limit != NONE and state.bank_outflow_cents[sender] + cents > limit:
        return OVER_MULTILATERAL
    return WITHIN_LIMITS


@kernel
def can_settle(scenario: Scenario, state: State, row: int) -> bool:
    """Has the sender the liquidity, and room under its limits?"""
    sender, cents = state.pay_sender[row], state.pay_remaining_cents[row]
    if available_liquidity(scenario, state, sender) < cents:
        return False
    return check_limits(scenario, state, sender, state.pay_receiver[row], cents) == WITHIN_LIMITS


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
def give_up(scenario: Scenario, state: State, work: Work, row: int, event: int) -> None:
    """Charge the drop penalty for a payment that has left its queue unsettled, and free its row."""
    sender, receiver, cents = state.pay_sender[row], state.pay_receiver[row], state.pay_remaining_cents[row]
    pay_id, parent = state.pay_id[row], state.pay_parent[row]
    penalty = drop_penalty(scenario, state.pay_amount_cents[row], cents)
    record(state, work, event, sender, receiver, pay_id, cents)
    charge(state, work, sender, DROP_PENALTY, penalty, pay_id)
    state.dropped_count[0] += 1
    state.dropped_cents[0] += cents
    if parent != NONE:
        close_child(state, work, parent)
    free_row(state, row)
