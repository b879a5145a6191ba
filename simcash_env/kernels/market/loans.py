"""Loans of the intraday market: made by a trade, repaid at maturity where funded, overdue at the lending rate else.

Interest enters the costs of both banks when it falls due: the contracted one at maturity, paid or not, then tick by
tick what is overdue bears. A loan that is overdue when a day ends is an obligation that did not settle: its borrower
pays the end-of-day penalty on it, as on a payment.
"""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.charges import charge, eod_penalty
from simcash_env.kernels.ledger import available_liquidity
from simcash_env.kernels.market.interest import interest
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, CostKind, EventKind, Maturity, Status
from simcash_env.schema.limits import MAX_TOTAL_CENTS

INTRADAY, OVERNIGHT = int(Maturity.INTRADAY), int(Maturity.OVERNIGHT)
REPAID, WENT_OVERDUE = int(EventKind.LOAN_REPAID), int(EventKind.LOAN_WENT_OVERDUE)
ACCRUED, EOD_PENALTY = int(EventKind.INTEREST_ACCRUED), int(CostKind.EOD_PENALTY)
MONEY_OVERFLOW = int(Status.MONEY_OVERFLOW)


@kernel
def due_tick(scenario: Scenario, state: State, book: int) -> int:
    """When a loan made now is repaid; NONE where that would be now already, or after the end of the run."""
    tick, ticks_per_day = state.tick[0], scenario.ticks_per_day[0]
    next_day = (tick // ticks_per_day + 1) * ticks_per_day
    maturity = scenario.book_maturity[book]
    due = tick + scenario.book_maturity_ticks[book]
    if maturity == INTRADAY:
        due = next_day - 1
    elif maturity == OVERNIGHT:
        due = next_day
    return due if tick < due < scenario.num_ticks[0] else NONE


@kernel
def make_loan(scenario: Scenario, state: State, book: int, lender: int, borrower: int, cents: int, rate: int) -> int:
    """Write a loan behind those that stand; returns its row. The caller has seen that there is a free one."""
    row = state.market_loan_free[0]
    state.market_loan_free[0] = state.loan_next[row]
    due = due_tick(scenario, state, book)
    state.loan_id[row] = state.market_next_loan[0]
    state.market_next_loan[0] += 1
    state.loan_book[row] = book
    state.loan_lender[row] = lender
    state.loan_borrower[row] = borrower
    state.loan_cents[row] = cents
    state.loan_rate[row] = rate
    state.loan_tick[row] = state.tick[0]
    state.loan_due_tick[row] = due
    state.loan_repayment_cents[row] = cents + interest(scenario, cents, rate, due - state.tick[0])
    state.loan_is_overdue[row] = 0
    state.loan_next[row] = NONE
    tail = state.market_loan_tail[0]
    if tail == NONE:
        state.market_loan_head[0] = row
    else:
        state.loan_next[tail] = row
    state.market_loan_tail[0] = row
    state.trader_lent_cents[lender] += cents
    state.trader_borrowed_cents[borrower] += cents
    state.trader_owed_cents[borrower] += state.loan_repayment_cents[row]
    if state.exposure_cents.shape[0] > 0:
        state.exposure_cents[lender * scenario.num_banks[0] + borrower] += cents
    return row


@kernel
def owed_cents(scenario: Scenario, state: State, row: int, late: int) -> int:
    """Return the repayment of a loan this number of ticks after its maturity: the amount due bears the lending rate."""
    repayment = state.loan_repayment_cents[row]
    return repayment + interest(scenario, repayment, scenario.market_lending_rate[0], late)


@kernel
def accrue(scenario: Scenario, state: State, work: Work, row: int) -> None:
    """Interest that falls due in this tick: a cost of the borrower, a gain of the lender."""
    late = state.tick[0] - state.loan_due_tick[row]
    before = state.loan_cents[row] if late == 0 else owed_cents(scenario, state, row, late - 1)
    cents = owed_cents(scenario, state, row, late) - before
    if cents == 0:
        return
    lender, borrower = state.loan_lender[row], state.loan_borrower[row]
    state.tick_is_charged[0] = 1
    state.market_has_interest[0] = 1
    state.trader_tick_interest_cents[borrower] += cents
    state.trader_tick_interest_cents[lender] -= cents
    state.trader_run_interest_cents[borrower] += cents
    state.trader_run_interest_cents[lender] -= cents
    record_values(state, work, ACCRUED, borrower, lender, NONE, cents, state.loan_id[row], NONE)


@kernel
def repay_loans(scenario: Scenario, state: State, work: Work) -> None:
    """Repay every loan that is due and that its borrower can fund, oldest first; the others stand, overdue."""
    before, row = NONE, state.market_loan_head[0]
    while row != NONE:
        after = state.loan_next[row]
        is_repaid = False
        if state.loan_due_tick[row] <= state.tick[0]:
            accrue(scenario, state, work, row)
            cents = owed_cents(scenario, state, row, state.tick[0] - state.loan_due_tick[row])
            if available_liquidity(scenario, state, state.loan_borrower[row]) >= cents:
                repay(scenario, state, work, row, cents)
                unlink_loan(state, row, before)
                is_repaid = True
            else:
                stand_overdue(scenario, state, work, row, cents)
        if not is_repaid:
            before = row
        row = after


@kernel
def stand_overdue(scenario: Scenario, state: State, work: Work, row: int, cents: int) -> None:
    """Note once that a loan is overdue; on a day's last tick its borrower pays the penalty for what did not settle."""
    borrower = state.loan_borrower[row]
    if not state.loan_is_overdue[row]:
        state.loan_is_overdue[row] = 1
        lender, loan, rate = state.loan_lender[row], state.loan_id[row], scenario.market_lending_rate[0]
        record_values(state, work, WENT_OVERDUE, borrower, lender, NONE, cents, loan, rate)
    if (state.tick[0] + 1) % scenario.ticks_per_day[0] == 0:
        charge(state, work, borrower, EOD_PENALTY, eod_penalty(scenario, cents), NONE)


@kernel
def repay(scenario: Scenario, state: State, work: Work, row: int, cents: int) -> None:
    """Move principal and interest from borrower to lender; the credit line has room again."""
    lender, borrower, principal = state.loan_lender[row], state.loan_borrower[row], state.loan_cents[row]
    paid = cents - principal
    state.bank_balance_cents[borrower] -= cents
    state.bank_balance_cents[lender] += cents
    if max(state.bank_balance_cents[lender], -state.bank_balance_cents[borrower]) > MAX_TOTAL_CENTS:
        state.fault[0] = MONEY_OVERFLOW
    state.trader_lent_cents[lender] -= principal
    state.trader_borrowed_cents[borrower] -= principal
    state.trader_owed_cents[borrower] -= state.loan_repayment_cents[row]
    state.trader_interest_paid_cents[borrower] += paid
    state.trader_interest_received_cents[lender] += paid
    if state.exposure_cents.shape[0] > 0:
        state.exposure_cents[lender * scenario.num_banks[0] + borrower] -= principal
    record_values(state, work, REPAID, borrower, lender, NONE, cents, state.loan_id[row], paid)


@kernel
def unlink_loan(state: State, row: int, before: int) -> None:
    """Take a loan off the list and free its row."""
    after = state.loan_next[row]
    if before == NONE:
        state.market_loan_head[0] = after
    else:
        state.loan_next[before] = after
    if after == NONE:
        state.market_loan_tail[0] = before
    state.loan_id[row] = 0
    state.loan_next[row] = state.market_loan_free[0]
    state.market_loan_free[0] = row
