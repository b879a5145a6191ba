"""Fields of a bank: its account, its collateral, its queues."""

from __future__ import annotations

import math

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.ledger import available_liquidity, effective_liquidity, overdraft_limit
from simcash_env.kernels.queues import fill_column
from simcash_env.schema.arrays import RECENT_TICKS, Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, Field

BALANCE, CREDIT_LIMIT, UNSECURED_CAP = int(Field.BALANCE), int(Field.CREDIT_LIMIT), int(Field.UNSECURED_CAP)
AVAILABLE, CREDIT_USED = int(Field.AVAILABLE_LIQUIDITY), int(Field.CREDIT_USED)
EFFECTIVE, CREDIT_HEADROOM = int(Field.EFFECTIVE_LIQUIDITY), int(Field.CREDIT_HEADROOM)
IS_USING_CREDIT, IS_CAPPED = int(Field.IS_USING_CREDIT), int(Field.IS_OVERDRAFT_CAPPED)
PRESSURE, COMMITTED = int(Field.LIQUIDITY_PRESSURE), int(Field.COMMITTED_VALUE)

POSTED, CAPACITY = int(Field.POSTED_COLLATERAL), int(Field.MAX_COLLATERAL_CAPACITY)
CAPACITY_LEFT, UTILIZATION = int(Field.REMAINING_COLLATERAL_CAPACITY), int(Field.COLLATERAL_UTILIZATION)
HAIRCUT, REQUIRED = int(Field.COLLATERAL_HAIRCUT), int(Field.REQUIRED_COLLATERAL_FOR_USAGE)
EXCESS, ALLOWED = int(Field.EXCESS_COLLATERAL), int(Field.ALLOWED_OVERDRAFT_LIMIT)
OVERDRAFT_HEADROOM = int(Field.OVERDRAFT_HEADROOM)

OUTGOING_SIZE, QUEUE1_VALUE = int(Field.OUTGOING_QUEUE_SIZE), int(Field.QUEUE1_TOTAL_VALUE)
LIQUIDITY_GAP, HEADROOM = int(Field.QUEUE1_LIQUIDITY_GAP), int(Field.HEADROOM)
RTGS_SIZE, RTGS_VALUE, QUEUE2_SIZE = int(Field.RTGS_QUEUE_SIZE), int(Field.RTGS_QUEUE_VALUE), int(Field.QUEUE2_SIZE)
OWN_COUNT, NEAREST = int(Field.QUEUE2_COUNT_FOR_AGENT), int(Field.QUEUE2_NEAREST_DEADLINE)
TICKS_TO_NEAREST = int(Field.TICKS_TO_NEAREST_QUEUE2_DEADLINE)
QUEUE2_PRESSURE, LSM_RATE = int(Field.SYSTEM_QUEUE2_PRESSURE_INDEX), int(Field.LSM_RUN_RATE_LAST_10_TICKS)
THROUGHPUT = int(Field.MY_THROUGHPUT_FRACTION_TODAY)

NO_DEADLINE = 2.0**64  # what SimCash's largest tick is as a float
MODERATE_QUEUE = 10  # payments a bank in Queue 2
STEEPNESS = 2.0


@kernel
def account_field(scenario: Scenario, state: State, work: Work, bank: int, field: int) -> float:
    """The bank's own money. Fields that SimCash has but never sets are 0: liquidity buffer, expected payments."""
    balance, limit = state.bank_balance_cents[bank], state.bank_credit_limit_cents[bank]
    used = max(-balance, 0)
    if field == PRESSURE:
        everything = balance + limit + state.bank_posted_collateral_cents[bank]
        return 1.0 if everything == 0 else 1.0 - float(max(balance, 0)) / float(everything)
    value = 0
    if field == BALANCE:
        value = balance
    elif field == CREDIT_LIMIT or field == UNSECURED_CAP:
        value = limit
    elif field == AVAILABLE:
        value = available_liquidity(scenario, state, bank)
    elif field == CREDIT_USED:
        value = used
    elif field == EFFECTIVE:
        value = effective_liquidity(state, bank)
    elif field == CREDIT_HEADROOM:
        value = limit - used
    elif field == IS_USING_CREDIT:
        value = 1 if balance < 0 else 0
    elif field == IS_CAPPED:
        value = 1
    elif field == COMMITTED:
        value = work.bank_committed_cents[bank]
    return float(value)


@kernel
def collateral_field(scenario: Scenario, state: State, bank: int, field: int) -> float:
    """Posted collateral, what may still be posted, what is needed, and the overdraft that it backs."""
    posted, capacity = state.bank_posted_collateral_cents[bank], scenario.bank_collateral_capacity_cents[bank]
    if field == POSTED:
        return float(posted)
    if field == CAPACITY:
        return float(capacity)
    if field == CAPACITY_LEFT:
        return float(capacity - posted)
    if field == UTILIZATION:
        return float(posted) / float(capacity) if capacity > 0 else 0.0
    if field == HAIRCUT:
        return float(scenario.bank_haircut_ppm[bank] / PPM)
    if field == REQUIRED:
        return required_collateral(scenario, state, bank)
    if field == EXCESS:
        return max(float(posted) - required_collateral(scenario, state, bank), 0.0)
    allowed, used = overdraft_limit(scenario, state, bank), max(-state.bank_balance_cents[bank], 0)
    if field == ALLOWED:
        return float(allowed)
    if field == OVERDRAFT_HEADROOM:
        return float(allowed - used)
    return float(used) / float(allowed) if allowed > 0 else 0.0


@kernel
def required_collateral(scenario: Scenario, state: State, bank: int) -> float:
    """What credit in use beyond the unsecured limit needs, rounded up to the cent; 0 where collateral backs nothing."""
    kept = PPM - scenario.bank_haircut_ppm[bank]
    needed = max(-state.bank_balance_cents[bank] - state.bank_credit_limit_cents[bank], 0)
    if kept == 0:
        return 0.0
    return float(needed // kept) * PPM + float((needed % kept * PPM + kept - 1) // kept)


@kernel
def queue_field(scenario: Scenario, state: State, work: Work, bank: int, field: int) -> float:
    """Both queues, as they are now, and how much of the day's payments has settled."""
    if field >= NEAREST:
        return progress_field(scenario, state, work, bank, field)
    waiting = state.bank_queue1_cents[bank]
    value = state.queue2_count[0]  # RTGS_SIZE and QUEUE2_SIZE
    if field == OUTGOING_SIZE:
        value = state.bank_queue1_count[bank]
    elif field == QUEUE1_VALUE:
        value = waiting
    elif field == LIQUIDITY_GAP:
        value = max(waiting - available_liquidity(scenario, state, bank), 0)
    elif field == HEADROOM:
        value = available_liquidity(scenario, state, bank) - waiting
    elif field == RTGS_VALUE:
        value = state.queue2_value_cents[0]
    elif field == OWN_COUNT:
        value = state.bank_queue2_count[bank]
    return float(value)


@kernel
def progress_field(scenario: Scenario, state: State, work: Work, bank: int, field: int) -> float:
    """Deadlines in Queue 2, how full it is, what liquidity saving does, and the bank's throughput."""
    if field == NEAREST:
        return nearest_deadline(work, bank)
    if field == TICKS_TO_NEAREST:
        nearest = nearest_deadline(work, bank)
        return math.inf if nearest == NO_DEADLINE else max(nearest - float(state.tick[0]), 0.0)
    if field == QUEUE2_PRESSURE:
        count, moderate = state.queue2_count[0], scenario.num_banks[0] * MODERATE_QUEUE
        return 0.0 if count == 0 else 1.0 / (1.0 + math.exp(-STEEPNESS * (float(count) / float(moderate))))
    if field == LSM_RATE:
        released = 0
        for at in range(RECENT_TICKS):
            released += state.recent_lsm_count[at]
        return float(released) / RECENT_TICKS
    settled = state.bank_outflow_cents[bank]
    due = settled + state.bank_queue1_cents[bank] + state.bank_queue2_cents[bank]
    share = float(settled) / float(due) if due > 0 else 0.0
    if field == THROUGHPUT:
        return share
    return share - float(state.tick[0] % scenario.ticks_per_day[0]) / float(scenario.ticks_per_day[0])


@kernel
def note_nearest_deadlines(scenario: Scenario, state: State, work: Work) -> None:
    """Note the earliest deadline of each bank's payments in Queue 2, where any tree reads it.

    One pass, before trees run that leave Queue 2 as it is; a pass for each payment that a tree decides on would take
    too long.
    """
    if not scenario.reads_nearest_deadline[0]:
        return
    fill_column(work.bank_nearest_tick, NONE)
    row = state.queue2_head[0]
    while row != NONE:
        bank, due = state.pay_sender[row], state.pay_deadline_tick[row]
        nearest = work.bank_nearest_tick[bank]
        work.bank_nearest_tick[bank] = due if nearest == NONE else min(nearest, due)
        row = state.pay_next[row]


@kernel
def nearest_deadline(work: Work, bank: int) -> float:
    """The earliest deadline of the bank's own payments in Queue 2."""
    nearest = work.bank_nearest_tick[bank]
    return NO_DEADLINE if nearest == NONE else float(nearest)
