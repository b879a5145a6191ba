"""The intraday liquidity market as a step of the tick, and learners' orders on their way to it."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.market.loans import repay_loans
from simcash_env.kernels.market.orders import cancel_all_of, expire_orders, last_tick_of_day, place_order
from simcash_env.kernels.market.traders import trade_corridor
from simcash_env.kernels.queues import fill_column
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, Side, TraderKind

ASK = int(Side.ASK)
CORRIDOR = int(TraderKind.CORRIDOR)


@kernel
def set_orders_aside(scenario: Scenario, state: State, work: Work) -> None:
    """Cancel learners' resting orders and reserve the cents of their new asks, before payments can use them."""
    if work.has_orders[0] == 0:
        return
    take_orders(scenario, state, work)


@unit
def take_orders(scenario: Scenario, state: State, work: Work) -> None:
    """Take learners' orders over."""
    work.has_orders[0] = 0
    state.market_has_pending[0] = 1
    for bank in range(scenario.num_banks[0]):
        rate = work.trader_order_rate[bank]
        if rate == NONE:
            continue
        work.trader_order_rate[bank] = NONE
        cancel_all_of(state, work, bank)
        side, cents = work.trader_order_side[bank], work.trader_order_cents[bank]
        if side == ASK:
            cents = max(min(cents, state.bank_balance_cents[bank]), 0)
            state.bank_balance_cents[bank] -= cents
            state.trader_locked_cents[bank] += cents
        state.trader_pending_side[bank] = side
        state.trader_pending_rate[bank] = rate
        state.trader_pending_cents[bank] = cents


@kernel
def run_market_session(scenario: Scenario, state: State, work: Work) -> None:
    """If there is a market: repay loans that are due, let banks trade in order, remove expired orders."""
    if state.market_next_order.shape[0] == 0:
        return
    hold_session(scenario, state, work)


@unit
def hold_session(scenario: Scenario, state: State, work: Work) -> None:
    """Repay loans that are due, let banks trade in order, remove expired orders."""
    if state.market_has_interest[0]:
        state.market_has_interest[0] = 0
        fill_column(state.trader_tick_interest_cents, 0)
    repay_loans(scenario, state, work)
    if state.market_has_pending[0] or scenario.market_has_traders[0]:
        state.market_has_pending[0] = 0
        for bank in range(scenario.num_banks[0]):
            if state.trader_pending_rate[bank] != NONE:
                place_pending(scenario, state, work, bank)
            elif scenario.trader_kind[bank] == CORRIDOR:
                trade_corridor(scenario, state, work, bank)
    expire_orders(state, work)


@kernel
def place_pending(scenario: Scenario, state: State, work: Work, bank: int) -> None:
    """Place what a learner decided, in the first book, good to the end of the day."""
    side, rate, cents = (
        state.trader_pending_side[bank],
        state.trader_pending_rate[bank],
        state.trader_pending_cents[bank],
    )
    state.trader_pending_side[bank] = 0
    state.trader_pending_rate[bank] = NONE
    state.trader_pending_cents[bank] = 0
    aside = cents if side == ASK else 0
    state.bank_balance_cents[bank] += aside
    state.trader_locked_cents[bank] -= aside
    if rate > 0 and cents > 0:
        until = last_tick_of_day(scenario, state)
        place_order(scenario, state, work, bank, 0, side, rate, cents, NONE, until, aside)
