"""Costs accrue, bank by bank: deadline penalties first, then waiting, then what was used."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import inlined, kernel
from simcash_env.kernels.charges import charge, delay_weight
from simcash_env.kernels.ledger import drop_payment
from simcash_env.kernels.money import BPS_SCALE, DELAY_SCALE, multiply_divide
from simcash_env.kernels.overdue import mark_overdue, penalise_overdue
from simcash_env.kernels.queues import leave_queue1, leave_queue2
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, CostKind, EventKind, Status
from simcash_env.schema.limits import MAX_TOTAL_CENTS

OVERDRAFT = int(CostKind.OVERDRAFT)
DELAY = int(CostKind.DELAY)
COLLATERAL = int(CostKind.COLLATERAL)
LIQUIDITY = int(CostKind.LIQUIDITY)
MONEY_OVERFLOW = int(Status.MONEY_OVERFLOW)
EXPIRED = int(EventKind.TRANSACTION_EXPIRED)


@kernel
def accrue_costs(scenario: Scenario, state: State, work: Work) -> None:
    """Charge every bank for this tick."""
    num_banks = scenario.num_banks[0]
    for bank in range(num_banks):
        work.bank_delay_high[bank] = work.bank_delay_low[bank] = 0
    if state.queue2_count[0] > 0:
        penalise_queue2(scenario, state, work)
    for bank in range(num_banks):
        if state.bank_queue1_count[bank] > 0:
            penalise_queue1(scenario, state, work, bank)
        charge_use(scenario, state, work, bank)


@kernel
def penalise_queue1(scenario: Scenario, state: State, work: Work, bank: int) -> None:
    """Deadline penalties of a bank's own queue, and what its waiting weighs."""
    row = state.bank_queue1_head[bank]
    while row != NONE:
        after = state.pay_next[row]
        mark_overdue(state, work, row)
        if scenario.drops_expired[0] and state.pay_overdue_since[row] != NONE:
            leave_queue1(state, row)
            drop_payment(scenario, state, work, row, EXPIRED)
        else:
            penalise_overdue(scenario, state, work, row)
            add_delay(scenario, state, work, bank, row)
        row = after


@kernel
def penalise_queue2(scenario: Scenario, state: State, work: Work) -> None:
    """Deadline penalties of the central queue, and what waiting there weighs where it is the bank's own cost."""
    row = state.queue2_head[0]
    while row != NONE:
        after = state.pay_next[row]
        mark_overdue(state, work, row)
        if scenario.drops_expired[0] and state.pay_overdue_since[row] != NONE:
            leave_queue2(scenario.num_banks[0], state, row)
            drop_payment(scenario, state, work, row, EXPIRED)
        else:
            penalise_overdue(scenario, state, work, row)
            if scenario.is_delay_charged_in_queue2[0]:
                add_delay(scenario, state, work, state.pay_sender[row], row)
        row = after


@kernel
def add_delay(scenario: Scenario, state: State, work: Work, bank: int, row: int) -> None:
    """Add a waiting payment to what the bank's delay cost is computed on.

    Cents and weight may both be large; no product here passes 10**18, as amounts are at most 10**15 and weights 10**9.
    """
    cents, weight = state.pay_remaining_cents[row], delay_weight(scenario, state, row)
    low = work.bank_delay_low[bank] + cents % DELAY_SCALE * weight
    work.bank_delay_high[bank] += cents // DELAY_SCALE * weight + low // DELAY_SCALE
    work.bank_delay_low[bank] = low % DELAY_SCALE


@inlined
def charge_use(scenario: Scenario, state: State, work: Work, bank: int) -> None:
    """Delay, overdraft, posted collateral and allocated pool, each rounded once, half up."""
    high, low, rate = work.bank_delay_high[bank], work.bank_delay_low[bank], scenario.delay_rate_ppm[0]
    if high + low > 0:
        if float(high) * float(rate) > MAX_TOTAL_CENTS:
            state.fault[0] = MONEY_OVERFLOW
        else:
            charge(state, work, bank, DELAY, high * rate + (low * rate + DELAY_SCALE // 2) // DELAY_SCALE, NONE)
    balance = state.bank_balance_cents[bank]
    if balance < 0:
        cents = multiply_divide(-balance, scenario.overdraft_rate_ppm[0], BPS_SCALE // 2, BPS_SCALE)
        charge(state, work, bank, OVERDRAFT, cents, NONE)
    posted = state.bank_posted_collateral_cents[bank]
    if posted > 0:
        cents = multiply_divide(posted, scenario.collateral_rate_ppm[0], BPS_SCALE // 2, BPS_SCALE)
        charge(state, work, bank, COLLATERAL, cents, NONE)
    allocated = state.bank_pool_allocated_cents[bank]
    if allocated > 0:
        cents = multiply_divide(allocated, scenario.liquidity_rate_ppm[0], BPS_SCALE // 2, BPS_SCALE)
        charge(state, work, bank, LIQUIDITY, cents, NONE)
