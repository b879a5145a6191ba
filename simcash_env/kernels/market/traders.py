"""The ``corridor`` trader: lends what a bank has over its buffer, borrows what it lacks, at the theoretical rate."""

from __future__ import annotations

import math

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.market.interest import most_interest
from simcash_env.kernels.market.loans import due_tick
from simcash_env.kernels.market.orders import (
    cancel_orders_of,
    check_rate,
    credit_line_left,
    last_tick_of_day,
    place_order,
)
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, Side

BID, ASK = int(Side.BID), int(Side.ASK)


@kernel
def theoretical_rate(deposit: float, lending: float, surplus: float, sigma: float) -> float:
    """``DF + (MLF - DF) * Phi(-R / sigma)``: near the lending rate for a bank that lacks reserves, R negative."""
    return deposit + (lending - deposit) * 0.5 * math.erfc(surplus / sigma / math.sqrt(2.0))


@kernel
def trader_rate(scenario: Scenario, bank: int, surplus: int) -> int:
    """The theoretical rate, rounded half up, and kept inside corridor and band."""
    deposit, lending = scenario.market_deposit_rate[0], scenario.market_lending_rate[0]
    exact = theoretical_rate(float(deposit), float(lending), float(surplus), float(scenario.trader_sigma_cents[bank]))
    rate = max(int(exact + 0.5), 1)
    if scenario.market_is_regulated[0] and scenario.market_band_low_rate[0] != NONE:
        rate = min(max(rate, scenario.market_band_low_rate[0]), scenario.market_band_high_rate[0])
    return rate


@kernel
def surplus_cents(scenario: Scenario, state: State, bank: int) -> int:
    """Balance less buffer and less own payments that wait in both queues."""
    waiting = state.bank_queue1_cents[bank] + state.bank_queue2_cents[bank]
    return state.bank_balance_cents[bank] - scenario.trader_buffer_cents[bank] - waiting


@kernel
def trade_corridor(scenario: Scenario, state: State, work: Work, bank: int) -> None:
    """Cancel what rests, then post one order for the surplus or the shortfall, good to the end of the day."""
    book = scenario.trader_book[bank]
    cancel_orders_of(state, work, bank, book)
    due = due_tick(scenario, state, book)
    surplus = surplus_cents(scenario, state, bank)
    if due == NONE or surplus == 0:
        return
    rate = trader_rate(scenario, bank, surplus)
    if check_rate(scenario, rate) != 0:
        return
    side, cents = ASK, surplus
    if surplus < 0:
        room = max(credit_line_left(scenario, state, bank), 0)
        side, cents = BID, min(-surplus, room - most_interest(scenario, room, rate, due - state.tick[0]))
    if cents > 0:
        until = last_tick_of_day(scenario, state)
        place_order(scenario, state, work, bank, book, side, rate, cents, NONE, until, 0)
