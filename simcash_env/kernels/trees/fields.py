"""The fields that a tree may ask: what a program never asks is never computed."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.charges import deadline_penalty, eod_penalty
from simcash_env.kernels.trees.bank_fields import account_field, collateral_field, queue_field
from simcash_env.kernels.trees.counterparties import committed_to, rank_of, top_field
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, Field, Place

QUEUE2 = int(Place.QUEUE2)
BPS = 10_000.0
EOD_RUSH = 0.8  # share of the day after which its end is near

FIRST_COUNTERPARTY, FIRST_TOP = int(Field.MY_Q2_OUT_VALUE_TO_COUNTERPARTY), int(Field.MY_Q2_OUT_VALUE_TOP_1)
FIRST_ACCOUNT, FIRST_COLLATERAL = int(Field.BALANCE), int(Field.POSTED_COLLATERAL)
FIRST_QUEUE, FIRST_PRICE = int(Field.OUTGOING_QUEUE_SIZE), int(Field.COST_OVERDRAFT_BPS_PER_TICK)
FIRST_SYSTEM = int(Field.CURRENT_TICK)

AMOUNT, REMAINING, SETTLED = int(Field.AMOUNT), int(Field.REMAINING_AMOUNT), int(Field.SETTLED_AMOUNT)
ARRIVAL_TICK, DEADLINE_TICK, PRIORITY = int(Field.ARRIVAL_TICK), int(Field.DEADLINE_TICK), int(Field.PRIORITY)
IS_SPLIT, IS_DIVISIBLE = int(Field.IS_SPLIT), int(Field.IS_DIVISIBLE)
IS_PAST_DEADLINE, IS_OVERDUE, IS_IN_QUEUE2 = (
    int(Field.IS_PAST_DEADLINE),
    int(Field.IS_OVERDUE),
    int(Field.IS_IN_QUEUE2),
)
OVERDUE_DURATION, TICKS_TO_DEADLINE = int(Field.OVERDUE_DURATION), int(Field.TICKS_TO_DEADLINE)
QUEUE_AGE, DELAY_OF_TX = int(Field.QUEUE_AGE), int(Field.COST_DELAY_THIS_TX_ONE_TICK)

Q2_IN_FROM, BILATERAL_NET = int(Field.MY_Q2_IN_VALUE_FROM_COUNTERPARTY), int(Field.MY_BILATERAL_NET_Q2)
COUNTERPARTY_ID, IS_TOP = int(Field.TX_COUNTERPARTY_ID), int(Field.TX_IS_TOP_COUNTERPARTY)

OVERDRAFT_BPS, DELAY_RATE = int(Field.COST_OVERDRAFT_BPS_PER_TICK), int(Field.COST_DELAY_PER_TICK_PER_CENT)
COLLATERAL_BPS, SPLIT_FRICTION = int(Field.COST_COLLATERAL_BPS_PER_TICK), int(Field.COST_SPLIT_FRICTION)
BEST_BID = int(Field.MARKET_BEST_BID)
RATE_PER_CENT = 10_000.0  # hundredths of a basis point
DEADLINE_PENALTY, EOD_PENALTY = int(Field.COST_DEADLINE_PENALTY), int(Field.COST_EOD_PENALTY)

TOTAL_AGENTS, TICKS_PER_DAY = int(Field.TOTAL_AGENTS), int(Field.SYSTEM_TICKS_PER_DAY)
CURRENT_DAY, TICK_IN_DAY = int(Field.SYSTEM_CURRENT_DAY), int(Field.SYSTEM_TICK_IN_DAY)
TICKS_LEFT, IS_EOD_RUSH = int(Field.TICKS_REMAINING_IN_DAY), int(Field.IS_EOD_RUSH)


@kernel
def read_field(scenario: Scenario, state: State, work: Work, bank: int, row: int, field: int) -> float:
    """The value of a field for a bank, and for one of its payments where the field is one of payments."""
    if field < FIRST_COUNTERPARTY:
        return payment_field(scenario, state, row, field)
    if field < FIRST_TOP:
        return counterparty_field(scenario, state, work, bank, row, field)
    if field < FIRST_ACCOUNT:
        return top_field(scenario, state, bank, field - FIRST_TOP)
    if field < FIRST_COLLATERAL:
        return account_field(scenario, state, work, bank, field)
    if field < FIRST_QUEUE:
        return collateral_field(scenario, state, bank, field)
    if field < FIRST_PRICE:
        return queue_field(scenario, state, work, bank, field)
    if field < FIRST_SYSTEM:
        return price_field(scenario, state, row, field)
    return system_field(scenario, state, field)


@kernel
def payment_field(scenario: Scenario, state: State, row: int, field: int) -> float:
    """Fields of the payment itself; the last two are what waiting and overdraft cost it in a tick."""
    remaining, tick = state.pay_remaining_cents[row], state.tick[0]
    if field >= DELAY_OF_TX:
        if field == DELAY_OF_TX:
            return float(remaining) * float(scenario.delay_rate_ppm[0] / PPM)
        return float(scenario.overdraft_rate_ppm[0] / PPM / BPS) * float(remaining)
    if field == AMOUNT:
        value = state.pay_amount_cents[row]
    elif field == REMAINING:
        value = remaining
    elif field == SETTLED:
        value = state.pay_amount_cents[row] - remaining
    elif field == ARRIVAL_TICK:
        value = state.pay_arrival_tick[row]
    elif field == DEADLINE_TICK:
        value = state.pay_deadline_tick[row]
    elif field == PRIORITY:
        value = state.pay_priority[row]
    elif field == IS_DIVISIBLE:
        value = state.pay_is_divisible[row]
    elif field == TICKS_TO_DEADLINE:
        value = state.pay_deadline_tick[row] - tick
    elif field == QUEUE_AGE:
        value = tick - state.pay_arrival_tick[row]
    else:
        value = payment_state(state, row, field)
    return float(value)


@kernel
def payment_state(state: State, row: int, field: int) -> int:
    """Truth values of the payment, and for how long it has been overdue."""
    since = state.pay_overdue_since[row]
    if field == IS_SPLIT:
        return 0 if state.pay_parent[row] == NONE else 1
    if field == IS_PAST_DEADLINE:
        return 1 if state.tick[0] > state.pay_deadline_tick[row] else 0
    if field == IS_IN_QUEUE2:
        return 1 if state.pay_place[row] == QUEUE2 else 0
    if since == NONE:
        return 0
    return 1 if field == IS_OVERDUE else state.tick[0] - since


@kernel
def counterparty_field(scenario: Scenario, state: State, work: Work, bank: int, row: int, field: int) -> float:
    """What the bank and the payment's receiver have waiting for each other in Queue 2, and what was released to it."""
    other, num_banks = state.pay_receiver[row], scenario.num_banks[0]
    if field == COUNTERPARTY_ID:
        return float(scenario.bank_name_hash[other])
    if field == IS_TOP:
        return 1.0 if rank_of(scenario, state, bank, other) > 0 else 0.0
    if field > IS_TOP:
        return float(committed_to(work, bank, other))
    out, back = state.pair_queue2_cents[bank * num_banks + other], state.pair_queue2_cents[other * num_banks + bank]
    if field == Q2_IN_FROM:
        return float(back)
    return float(out - back) if field == BILATERAL_NET else float(out)


@kernel
def price_field(scenario: Scenario, state: State, row: int, field: int) -> float:
    """Prices; penalties in bps are those of the payment, 0 where there is none. Best rates of the first book in %."""
    if field == OVERDRAFT_BPS:
        return float(scenario.overdraft_rate_ppm[0] / PPM)
    if field == DELAY_RATE:
        return float(scenario.delay_rate_ppm[0] / PPM)
    if field == COLLATERAL_BPS:
        return float(scenario.collateral_rate_ppm[0] / PPM)
    if field == SPLIT_FRICTION:
        return float(scenario.split_friction_cents[0])
    if field == DEADLINE_PENALTY:
        return float(deadline_penalty(scenario, state.pay_amount_cents[row] if row != NONE else 0))
    if field == EOD_PENALTY:
        return float(eod_penalty(scenario, state.pay_remaining_cents[row] if row != NONE else 0))
    if state.book_bid_head.shape[0] == 0:
        return 0.0
    best = state.book_bid_head[0] if field == BEST_BID else state.book_ask_head[0]
    return 0.0 if best == NONE else float(state.order_rate[best]) / RATE_PER_CENT


@kernel
def system_field(scenario: Scenario, state: State, field: int) -> float:
    """The clock. How much of the day has passed is also what should be settled by now."""
    tick, ticks_per_day = state.tick[0], scenario.ticks_per_day[0]
    in_day = tick % ticks_per_day
    if field > TICKS_LEFT:
        passed = float(in_day) / float(ticks_per_day)
        if field == IS_EOD_RUSH:
            return 1.0 if passed >= EOD_RUSH else 0.0
        return passed
    value = tick
    if field == TOTAL_AGENTS:
        value = scenario.num_banks[0]
    elif field == TICKS_PER_DAY:
        value = ticks_per_day
    elif field == CURRENT_DAY:
        value = tick // ticks_per_day
    elif field == TICK_IN_DAY:
        value = in_day
    elif field == TICKS_LEFT:
        value = ticks_per_day - in_day - 1
    return float(value)
