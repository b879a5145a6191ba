"""Limits that a bank sets during the run: its sub-limit, and its limits on what it sends."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import I64, Scenario, State, Work
from simcash_env.schema.codes import (
    KEEP,
    NO_CHANGE,
    NONE,
    PPM,
    SEND_LIMIT_CHOICES,
    SUB_LIMIT_CHOICES,
    EventKind,
    SendLimitScope,
)

SUB_LIMIT, SEND_LIMIT = int(EventKind.SUB_LIMIT_SET), int(EventKind.SEND_LIMIT_SET)
BILATERAL = int(SendLimitScope.BILATERAL)
NO_RESERVE, NO_LIMIT, SEND_NOTHING = 1, 1, 2
FULL_SUB_LIMIT, FULL_SEND_LIMIT = SUB_LIMIT_CHOICES - 1, SEND_LIMIT_CHOICES - 1


@kernel
def opening_liquidity(scenario: Scenario, bank: int) -> int:
    """Opening balance, overdraft limit (collateral less haircut, floored) and liquidity pool of a bank."""
    posted, kept = scenario.bank_posted_collateral_cents[bank], PPM - scenario.bank_haircut_ppm[bank]
    backed = posted // PPM * kept + posted % PPM * kept // PPM
    own = max(scenario.bank_opening_balance_cents[bank], 0) + scenario.bank_pool_cents[bank]
    return own + scenario.bank_credit_limit_cents[bank] + backed


@kernel
def sub_limit_of_choice(scenario: Scenario, bank: int, choice: int) -> int:
    """Cents that a choice of the sub-limit head above 0 reserves, floored."""
    return 0 if choice == NO_RESERVE else opening_liquidity(scenario, bank) >> (FULL_SUB_LIMIT - choice)


@kernel
def send_limit_of_choice(scenario: Scenario, bank: int, choice: int) -> int:
    """Limit in cents of a choice of the send limit head above 0, floored; NONE for no limit."""
    if choice == NO_LIMIT:
        return NONE
    return 0 if choice == SEND_NOTHING else scenario.bank_flow_scale_cents[bank] >> (FULL_SEND_LIMIT - choice)


@kernel
def changes_sub_limit(scenario: Scenario, state: State, bank: int, choice: int) -> bool:
    """True if a choice of the sub-limit head sets another sub-limit than the one in force."""
    return choice != NO_CHANGE and sub_limit_of_choice(scenario, bank, choice) != state.sub_limit_cents[bank]


@kernel
def changes_send_limit(scenario: Scenario, state: State, bank: int, choice: int) -> bool:
    """True if a choice of the send limit head sets another limit than the one in force, towards all or any bank."""
    if choice == NO_CHANGE:
        return False
    limit, num_banks = send_limit_of_choice(scenario, bank, choice), scenario.num_banks[0]
    if scenario.send_limit_scope[0] != BILATERAL:
        return limit != state.send_limit_cents[bank]
    for receiver in range(num_banks):
        if receiver != bank and limit != state.pair_send_limit_cents[bank * num_banks + receiver]:
            return True
    return False


@kernel
def ask_send_limit(scenario: Scenario, work: Work, bank: int, limit: int) -> None:
    """Write the decision of the send limit head: a limit towards all banks or towards each bank, or KEEP."""
    num_banks = scenario.num_banks[0]
    if scenario.send_limit_scope[0] != BILATERAL:
        work.send_limit_ask_cents[bank] = limit
        return
    for receiver in range(num_banks):
        if receiver != bank:
            work.pair_send_limit_ask_cents[bank * num_banks + receiver] = limit


@kernel
def apply_limit_decisions(scenario: Scenario, state: State, work: Work) -> None:
    """Set the limits that learners chose, before anything is settled; one event for each limit that changes."""
    for bank in range(state.sub_limit_cents.shape[0]):
        apply_limit(state, work, work.sub_limit_ask_cents, state.sub_limit_cents, bank, SUB_LIMIT, bank, NONE)
    for bank in range(state.send_limit_cents.shape[0]):
        apply_limit(state, work, work.send_limit_ask_cents, state.send_limit_cents, bank, SEND_LIMIT, bank, NONE)
    num_banks = scenario.num_banks[0]
    for pair in range(state.pair_send_limit_cents.shape[0]):
        bank, receiver = pair // num_banks, pair % num_banks
        asked, limits = work.pair_send_limit_ask_cents, state.pair_send_limit_cents
        apply_limit(state, work, asked, limits, pair, SEND_LIMIT, bank, receiver)


@kernel
def apply_limit(
    state: State, work: Work, asked: I64, limits: I64, at: int, kind: int, bank: int, receiver: int
) -> None:
    """Set the limit at a place to what is asked for there, if that is another one, and write the event."""
    limit, before = asked[at], limits[at]
    asked[at] = KEEP
    if limit not in (KEEP, before):
        limits[at] = limit
        record_values(state, work, kind, bank, receiver, NONE, limit, before, NONE)
