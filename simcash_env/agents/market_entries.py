"""The market's block of an observation: the first book, as every bank sees it, and the bank's own position."""

from __future__ import annotations

from simcash_env.agents.observation import MARKET_AT
from simcash_env.agents.tables import F64
from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.market.loans import due_tick
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE
from simcash_env.schema.limits import DUE_SOON_TICKS


@kernel
def maturities(scenario: Scenario, state: State, work: Work) -> None:
    """For every bank what it is to receive and to repay within ``DUE_SOON_TICKS``, overdue included."""
    for bank in range(scenario.num_banks[0]):
        work.trader_to_receive_cents[bank] = 0
        work.trader_to_repay_cents[bank] = 0
    row = state.market_loan_head[0]
    while row != NONE:
        if state.loan_due_tick[row] - state.tick[0] <= DUE_SOON_TICKS:
            work.trader_to_receive_cents[state.loan_lender[row]] += state.loan_repayment_cents[row]
            work.trader_to_repay_cents[state.loan_borrower[row]] += state.loan_repayment_cents[row]
        row = state.loan_next[row]


@kernel
def depth_cents(state: State, row: int) -> int:
    """Cents that rest at the rate of this order, the best one."""
    cents, rate = 0, state.order_rate[row]
    while row != NONE and state.order_rate[row] == rate:
        cents += state.order_cents[row]
        row = state.order_next[row]
    return cents


@unit
def write_market_entries(scenario: Scenario, state: State, work: Work, bank: int, entries: F64) -> None:
    """Rates are above the deposit rate, in hundredths of a basis point; 0 where there is none, and the depth is 0."""
    low, bid, ask = scenario.market_deposit_rate[0], state.book_bid_head[0], state.book_ask_head[0]
    entries[MARKET_AT.market_is_open] = 0.0 if due_tick(scenario, state, 0) == NONE else 1.0
    entries[MARKET_AT.market_best_bid] = 0.0 if bid == NONE else state.order_rate[bid] - low
    entries[MARKET_AT.market_bid_depth] = 0.0 if bid == NONE else depth_cents(state, bid)
    entries[MARKET_AT.market_best_ask] = 0.0 if ask == NONE else state.order_rate[ask] - low
    entries[MARKET_AT.market_ask_depth] = 0.0 if ask == NONE else depth_cents(state, ask)
    entries[MARKET_AT.market_last_rate] = 0.0 if state.book_last_rate[0] == NONE else state.book_last_rate[0] - low
    entries[MARKET_AT.market_locked] = state.trader_locked_cents[bank]
    used = state.trader_credit_locked_cents[bank] + state.trader_owed_cents[bank]
    entries[MARKET_AT.market_credit_left] = scenario.trader_credit_line_cents[bank] - used
    entries[MARKET_AT.market_lent] = state.trader_lent_cents[bank]
    entries[MARKET_AT.market_borrowed] = state.trader_borrowed_cents[bank]
    entries[MARKET_AT.market_to_receive_soon] = work.trader_to_receive_cents[bank]
    entries[MARKET_AT.market_to_repay_soon] = work.trader_to_repay_cents[bank]
