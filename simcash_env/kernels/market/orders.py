"""The order book: an order is checked, locks what it needs, trades with what rests, and what is left of it rests.

A resting order is in one list: the bids or the asks of its book, best rate first, oldest first. What an ask offers has
left the lender's balance, so that payments cannot use it; a bid locks the bank's credit line in the market.
"""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.market.interest import most_interest
from simcash_env.kernels.market.loans import due_tick, make_loan
from simcash_env.kernels.record import record_values
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind, OrderRefusal, Side

BID = int(Side.BID)
CLOSED, NOT_POSITIVE, NO_ROOM = int(OrderRefusal.CLOSED), int(OrderRefusal.NOT_POSITIVE), int(OrderRefusal.NO_ROOM)
BELOW_DEPOSIT, ABOVE_LENDING = int(OrderRefusal.BELOW_DEPOSIT_RATE), int(OrderRefusal.ABOVE_LENDING_RATE)
BELOW_BAND, ABOVE_BAND = int(OrderRefusal.BELOW_BAND), int(OrderRefusal.ABOVE_BAND)
NO_RESERVES, NO_CREDIT_LINE = int(OrderRefusal.NO_RESERVES), int(OrderRefusal.NO_CREDIT_LINE)
BID_POSTED, ASK_POSTED = int(EventKind.MARKET_BID), int(EventKind.MARKET_ASK)
REFUSED, CANCELLED = int(EventKind.MARKET_ORDER_REFUSED), int(EventKind.MARKET_ORDER_CANCELLED)
EXPIRED, TRADED = int(EventKind.MARKET_ORDER_EXPIRED), int(EventKind.MARKET_TRADE)


@kernel
def last_tick_of_day(scenario: Scenario, state: State) -> int:
    """The tick to whose end an order good for the day rests."""
    return (state.tick[0] // scenario.ticks_per_day[0] + 1) * scenario.ticks_per_day[0] - 1


@kernel
def credit_line_left(scenario: Scenario, state: State, bank: int) -> int:
    """What the bank may still promise to repay."""
    used = state.trader_credit_locked_cents[bank] + state.trader_owed_cents[bank]
    return scenario.trader_credit_line_cents[bank] - used


@kernel
def bid_lock(scenario: Scenario, state: State, book: int, cents: int, rate: int) -> int:
    """What a bid locks of the credit line: the most that repaying all of it can take."""
    ticks = due_tick(scenario, state, book) - state.tick[0]
    return cents + most_interest(scenario, cents, rate, ticks)


@kernel
def check_rate(scenario: Scenario, rate: int) -> int:
    """0, or why a rate is refused: corridor and band hold in a regulated market."""
    if rate < 1:
        return NOT_POSITIVE
    if not scenario.market_is_regulated[0]:
        return 0
    if rate < scenario.market_deposit_rate[0]:
        return BELOW_DEPOSIT
    if rate > scenario.market_lending_rate[0]:
        return ABOVE_LENDING
    if scenario.market_band_low_rate[0] == NONE:
        return 0
    if rate < scenario.market_band_low_rate[0]:
        return BELOW_BAND
    return ABOVE_BAND if rate > scenario.market_band_high_rate[0] else 0


@kernel
def check_order(
    scenario: Scenario, state: State, bank: int, book: int, side: int, rate: int, cents: int, aside: int
) -> int:
    """0, or why an order is refused; nothing changes. What was set aside is lent, whatever was paid since."""
    if due_tick(scenario, state, book) == NONE:
        return CLOSED
    refusal = check_rate(scenario, rate)
    if refusal != 0:
        return refusal
    if state.market_order_free[0] == NONE or state.market_loan_free[0] == NONE:
        return NO_ROOM
    if side == BID:
        fits = bid_lock(scenario, state, book, cents, rate) <= credit_line_left(scenario, state, bank)
        return 0 if fits else NO_CREDIT_LINE
    return 0 if cents <= max(state.bank_balance_cents[bank], aside) else NO_RESERVES


@kernel
def place_order(
    scenario: Scenario,
    state: State,
    work: Work,
    bank: int,
    book: int,
    side: int,
    rate: int,
    cents: int,
    only: int,
    until_tick: int,
    aside: int,
) -> int:
    """Post an order: it trades at once with what rests, and rests itself until ``until_tick`` with what is left.

    ``only`` is the one bank that it may trade with, NONE for any; ``aside`` the cents of an ask that were set aside
    for it before payments, and are back in the balance. Returns the order's id, or minus a ``codes.OrderRefusal``.
    """
    refusal = check_order(scenario, state, bank, book, side, rate, cents, aside)
    if refusal != 0:
        record_values(state, work, REFUSED, bank, NONE, NONE, cents, refusal, rate)
        return -refusal
    row = state.market_order_free[0]
    state.market_order_free[0] = state.order_next[row]
    order = state.market_next_order[0]
    state.market_next_order[0] += 1
    state.order_id[row] = order
    state.order_bank[row] = bank
    state.order_book[row] = book
    state.order_side[row] = side
    state.order_rate[row] = rate
    state.order_cents[row] = cents
    state.order_only[row] = only
    state.order_until_tick[row] = until_tick
    lock(scenario, state, row)
    record_values(state, work, BID_POSTED if side == BID else ASK_POSTED, bank, only, NONE, cents, order, rate)
    has_room = match(scenario, state, work, row)
    if state.order_cents[row] == 0:
        free_order(state, row)
    elif has_room:
        rest_order(state, row)
    else:  # resting, it would cross what it could not trade with
        record_values(state, work, CANCELLED, bank, NONE, NONE, state.order_cents[row], order, rate)
        unlock(state, row)
        free_order(state, row)
    return order


@kernel
def lock(scenario: Scenario, state: State, row: int) -> None:
    """Take an ask's cents out of the lender's balance, or what a bid may cost out of the borrower's credit line."""
    bank, cents = state.order_bank[row], state.order_cents[row]
    if state.order_side[row] == BID:
        cents = bid_lock(scenario, state, state.order_book[row], cents, state.order_rate[row])
        state.trader_credit_locked_cents[bank] += cents
    else:
        state.bank_balance_cents[bank] -= cents
        state.trader_locked_cents[bank] += cents
    state.order_locked_cents[row] = cents


@kernel
def unlock(state: State, row: int) -> None:
    """Give back all that an order still locks."""
    bank, cents = state.order_bank[row], state.order_locked_cents[row]
    if state.order_side[row] == BID:
        state.trader_credit_locked_cents[bank] -= cents
    else:
        state.trader_locked_cents[bank] -= cents
        state.bank_balance_cents[bank] += cents
    state.order_locked_cents[row] = 0


@kernel
def match(scenario: Scenario, state: State, work: Work, row: int) -> bool:
    """Trade with resting orders, best rate first, oldest first; False where there was no row for another loan."""
    is_bid, book = state.order_side[row] == BID, state.order_book[row]
    resting = state.book_ask_head[book] if is_bid else state.book_bid_head[book]
    while resting != NONE and state.order_cents[row] > 0:
        after = state.order_next[resting]
        better = state.order_rate[row] - state.order_rate[resting]
        if (better if is_bid else -better) < 0:
            return True
        bid, ask = (row, resting) if is_bid else (resting, row)
        if may_trade(scenario, state, bid, ask):
            if state.market_loan_free[0] == NONE:
                return False
            trade(scenario, state, work, bid, ask, state.order_rate[resting])
            if state.order_cents[resting] == 0:
                leave_book(state, resting)
                free_order(state, resting)
        resting = after
    return True


@kernel
def may_trade(scenario: Scenario, state: State, bid: int, ask: int) -> bool:
    """Two banks, each the other's choice where it has made one, within the lender's limit towards the borrower."""
    borrower, lender = state.order_bank[bid], state.order_bank[ask]
    if borrower == lender:
        return False
    if (state.order_only[bid] != NONE and state.order_only[bid] != lender) or (
        state.order_only[ask] != NONE and state.order_only[ask] != borrower
    ):
        return False
    if scenario.exposure_limit_cents.shape[0] == 0:
        return True
    pair = lender * scenario.num_banks[0] + borrower
    limit, cents = scenario.exposure_limit_cents[pair], min(state.order_cents[bid], state.order_cents[ask])
    return limit == NONE or state.exposure_cents[pair] + cents <= limit


@kernel
def trade(scenario: Scenario, state: State, work: Work, bid: int, ask: int, rate: int) -> None:
    """Move the cash from lender to borrower, make the loan, and unlock what the bid has locked too much."""
    borrower, lender, book = state.order_bank[bid], state.order_bank[ask], state.order_book[bid]
    cents = min(state.order_cents[bid], state.order_cents[ask])
    state.order_cents[ask] -= cents
    state.order_locked_cents[ask] -= cents
    state.trader_locked_cents[lender] -= cents
    state.bank_balance_cents[borrower] += cents
    loan = make_loan(scenario, state, book, lender, borrower, cents, rate)
    left = state.order_cents[bid] - cents
    state.order_cents[bid] = left
    required = bid_lock(scenario, state, book, left, state.order_rate[bid])
    state.trader_credit_locked_cents[borrower] -= state.order_locked_cents[bid] - required
    state.order_locked_cents[bid] = required
    state.book_last_rate[book] = rate
    record_values(state, work, TRADED, lender, borrower, NONE, cents, state.loan_id[loan], rate)


@kernel
def rest_order(state: State, row: int) -> None:
    """Put an order behind all that rest at its rate or a better one."""
    is_bid, book, rate = state.order_side[row] == BID, state.order_book[row], state.order_rate[row]
    before, after = NONE, state.book_bid_head[book] if is_bid else state.book_ask_head[book]
    while after != NONE:
        behind = state.order_rate[after] < rate if is_bid else state.order_rate[after] > rate
        if behind:
            break
        before, after = after, state.order_next[after]
    state.order_prev[row] = before
    state.order_next[row] = after
    if after != NONE:
        state.order_prev[after] = row
    if before != NONE:
        state.order_next[before] = row
    elif is_bid:
        state.book_bid_head[book] = row
    else:
        state.book_ask_head[book] = row


@kernel
def leave_book(state: State, row: int) -> None:
    """Take an order out of its list."""
    before, after, book = state.order_prev[row], state.order_next[row], state.order_book[row]
    if after != NONE:
        state.order_prev[after] = before
    if before != NONE:
        state.order_next[before] = after
    elif state.order_side[row] == BID:
        state.book_bid_head[book] = after
    else:
        state.book_ask_head[book] = after


@kernel
def free_order(state: State, row: int) -> None:
    """Give a row back; it is the next to be taken."""
    state.order_id[row] = 0
    state.order_next[row] = state.market_order_free[0]
    state.market_order_free[0] = row


@kernel
def withdraw_order(state: State, work: Work, row: int, kind: int) -> None:
    """Take a resting order out of the book, cancelled or expired, and unlock what it holds."""
    bank, order = state.order_bank[row], state.order_id[row]
    record_values(state, work, kind, bank, NONE, NONE, state.order_cents[row], order, state.order_rate[row])
    unlock(state, row)
    leave_book(state, row)
    free_order(state, row)


@kernel
def cancel_order(state: State, work: Work, order: int) -> bool:
    """Cancel a resting order by its id; False where none rests under it."""
    for row in range(state.order_id.shape[0]):
        if state.order_id[row] == order:
            withdraw_order(state, work, row, CANCELLED)
            return True
    return False


@kernel
def cancel_all_of(state: State, work: Work, bank: int) -> None:
    """Cancel all that a bank has resting, in every book."""
    if state.trader_locked_cents[bank] + state.trader_credit_locked_cents[bank] > 0:
        for book in range(state.book_bid_head.shape[0]):
            cancel_orders_of(state, work, bank, book)


@kernel
def cancel_orders_of(state: State, work: Work, bank: int, book: int) -> None:
    """Cancel all that a bank has resting in a book, bids first, best first."""
    for side in range(2):
        row = state.book_bid_head[book] if side == BID else state.book_ask_head[book]
        while row != NONE:
            after = state.order_next[row]
            if state.order_bank[row] == bank:
                withdraw_order(state, work, row, CANCELLED)
            row = after


@kernel
def expire_orders(state: State, work: Work) -> None:
    """Take out what rests for the last time in this tick, book by book, bids first, best first."""
    for book in range(state.book_bid_head.shape[0]):
        for side in range(2):
            row = state.book_bid_head[book] if side == BID else state.book_ask_head[book]
            while row != NONE:
                after = state.order_next[row]
                if state.order_until_tick[row] <= state.tick[0]:
                    withdraw_order(state, work, row, EXPIRED)
                row = after
