"""What a learner may choose in the market: no order, or a bid or an ask at one of a few rates, of a few sizes."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.market.interest import most_interest
from simcash_env.kernels.market.loans import due_tick
from simcash_env.kernels.market.orders import check_rate
from simcash_env.schema.arrays import Scenario, State
from simcash_env.schema.codes import MARKET_RATES, MARKET_SIZES, NO_CHANGE, NONE, Side

BID, ASK = int(Side.BID), int(Side.ASK)
A_SIDE = MARKET_RATES * MARKET_SIZES


@kernel
def side_of(choice: int) -> int:
    """Which side a choice above 0 is on."""
    return BID if choice <= A_SIDE else ASK


@kernel
def rate_of(scenario: Scenario, choice: int) -> int:
    """Part of the way from the lowest to the highest rate that corridor and band allow, rounded down; at least 1."""
    low, high = scenario.market_deposit_rate[0], scenario.market_lending_rate[0]
    if scenario.market_is_regulated[0] and scenario.market_band_low_rate[0] != NONE:
        low = max(low, scenario.market_band_low_rate[0])
        high = min(high, scenario.market_band_high_rate[0])
    level = (choice - 1) % A_SIDE // MARKET_SIZES + 1
    return max(low + (high - low) * level // (MARKET_RATES + 1), 1)


@kernel
def may_order(scenario: Scenario, state: State, bank: int) -> bool:
    """True if the first book is open and has room for an order and a loan; the bank's own orders make room."""
    if due_tick(scenario, state, 0) == NONE or state.market_loan_free[0] == NONE:
        return False
    locked = state.trader_locked_cents[bank] + state.trader_credit_locked_cents[bank]
    return locked > 0 or state.market_order_free[0] != NONE


@kernel
def room_cents(scenario: Scenario, state: State, bank: int, side: int, rate: int, kept: int) -> int:
    """The most that a bank could ask or bid for once its own orders are out of the book; ``kept`` it may not lend."""
    if side == ASK:
        return state.bank_balance_cents[bank] + state.trader_locked_cents[bank] - kept
    room = scenario.trader_credit_line_cents[bank] - state.trader_owed_cents[bank]
    ticks = due_tick(scenario, state, 0) - state.tick[0]
    return room - most_interest(scenario, max(room, 0), rate, ticks)


@kernel
def order_cents(scenario: Scenario, state: State, bank: int, choice: int, kept: int) -> int:
    """Cents of a choice's order; 0 for none, and where it would be refused."""
    if choice == NO_CHANGE or not may_order(scenario, state, bank):
        return 0
    rate = rate_of(scenario, choice)
    if check_rate(scenario, rate) != 0:
        return 0
    size = (choice - 1) % MARKET_SIZES + 1
    room = room_cents(scenario, state, bank, side_of(choice), rate, kept)
    return max(room, 0) >> (MARKET_SIZES - size)
