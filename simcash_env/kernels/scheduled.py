"""Scenario events that fall due, in the order of the file."""

from __future__ import annotations

import math

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels.collateral import POSTED, WITHDRAWN, move_collateral, record_collateral
from simcash_env.kernels.deadlines import cap_deadline, default_deadline
from simcash_env.kernels.ledger import available_liquidity
from simcash_env.kernels.money import round_half_away
from simcash_env.kernels.queues import admit_payment, count_arrival, join_queue2, take_row, write_payment
from simcash_env.kernels.record import record, record_values
from simcash_env.kernels.rng import draw_float
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, PPM, EventKind, ScheduledKind, Status
from simcash_env.schema.limits import MAX_TOTAL_CENTS

OK = int(Status.OK)
NEEDS_ROOM = int(Status.NEEDS_ROOM)
MONEY_OVERFLOW = int(Status.MONEY_OVERFLOW)
PAYMENT = int(ScheduledKind.PAYMENT)
DIRECT_TRANSFER = int(ScheduledKind.DIRECT_TRANSFER)
SCHEDULED_SETTLEMENT = int(ScheduledKind.SCHEDULED_SETTLEMENT)
COLLATERAL_ADJUSTMENT = int(ScheduledKind.COLLATERAL_ADJUSTMENT)
CREDIT_LIMIT_CHANGE = int(ScheduledKind.CREDIT_LIMIT_CHANGE)
GLOBAL_RATE = int(ScheduledKind.GLOBAL_ARRIVAL_RATE_CHANGE)
BANK_RATE = int(ScheduledKind.ARRIVAL_RATE_CHANGE)
WEIGHT = int(ScheduledKind.COUNTERPARTY_WEIGHT_CHANGE)
DEADLINE_WINDOW = int(ScheduledKind.DEADLINE_WINDOW_CHANGE)

EXECUTED = int(EventKind.SCENARIO_EVENT_EXECUTED)
ARRIVAL = int(EventKind.ARRIVAL)
QUEUED = int(EventKind.QUEUED_RTGS)
DEFAULT_PRIORITY = 5


@kernel
def run_scheduled_events(scenario: Scenario, state: State, work: Work) -> int:
    """Run every scenario event due now, in file order; resumes at ``cursor_event`` after the rows were doubled."""
    return OK if state.next_event_tick[0] != state.tick[0] else run_due_events(scenario, state, work)


@unit
def run_due_events(scenario: Scenario, state: State, work: Work) -> int:
    """Run the events of a tick in which one is due.

    Events that happen once lie in the order of their ticks: only those that are due, and those that repeat, are looked
    at.
    """
    tick = state.tick[0]
    num_events, num_once = scenario.event_kind.shape[0], scenario.num_once_events[0]
    once, repeating = first_once_event(scenario, tick), num_once
    while True:
        while repeating < num_events and state.event_next_tick[scenario.event_order[repeating]] != tick:
            repeating += 1
        event = scenario.event_order[repeating] if repeating < num_events else num_events
        is_once = once < num_once and scenario.event_tick[scenario.event_order[once]] == tick
        if is_once and scenario.event_order[once] < event:
            event = scenario.event_order[once]
            once += 1
        if event == num_events:
            break
        if event < state.cursor_event[0]:  # it has happened before the call for room
            continue
        if needs_row(scenario, state, event) and state.free_count[0] == 0:
            state.cursor_event[0] = event
            return NEEDS_ROOM
        run_event(scenario, state, work, event)
        every = scenario.event_every_ticks[event]
        state.event_next_tick[event] = NONE if every == NONE else tick + every
    state.cursor_event[0] = 0
    state.next_event_tick[0] = earliest_event(scenario, state, once)
    return OK


@kernel
def first_once_event(scenario: Scenario, tick: int) -> int:
    """Place in ``event_order`` of the first event of those that happen once that is not before a tick."""
    low, high = 0, scenario.num_once_events[0]
    while low < high:
        middle = (low + high) // 2
        if scenario.event_tick[scenario.event_order[middle]] < tick:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def earliest_event(scenario: Scenario, state: State, once: int) -> int:
    """The tick at which the next event is due, NONE when none is left; ``once`` is the next that happens once."""
    num_once = scenario.num_once_events[0]
    earliest = scenario.event_tick[scenario.event_order[once]] if once < num_once else NONE
    for at in range(num_once, scenario.event_order.shape[0]):
        due = state.event_next_tick[scenario.event_order[at]]
        if due != NONE and (earliest == NONE or due < earliest):
            earliest = due
    return earliest


@kernel
def needs_row(scenario: Scenario, state: State, event: int) -> bool:
    """True if this event makes a payment."""
    kind = scenario.event_kind[event]
    if kind == SCHEDULED_SETTLEMENT:
        return available_liquidity(scenario, state, scenario.event_bank[event]) < scenario.event_cents[event]
    return kind == PAYMENT


@kernel
def run_event(scenario: Scenario, state: State, work: Work, event: int) -> None:
    """Carry out one event."""
    kind, bank, other = scenario.event_kind[event], scenario.event_bank[event], scenario.event_counterparty[event]
    cents, probability = scenario.event_cents[event], scenario.event_probability[event]
    if probability >= 0.0 and draw_float(state) >= probability:
        return  # a payment that does not arrive this time
    record_values(state, work, EXECUTED, bank, other, NONE, cents, kind, event)
    if kind == PAYMENT:
        arrive(scenario, state, work, event)
    elif kind == DIRECT_TRANSFER:
        transfer(state, bank, other, cents)
    elif kind == SCHEDULED_SETTLEMENT:
        settle_or_queue(scenario, state, work, event)
    elif kind == COLLATERAL_ADJUSTMENT:
        moved = move_collateral(scenario, state, bank, cents)
        record_collateral(state, work, POSTED if cents > 0 else WITHDRAWN, bank, abs(moved), abs(cents))
    elif kind == CREDIT_LIMIT_CHANGE:
        state.bank_credit_limit_cents[bank] = max(state.bank_credit_limit_cents[bank] + cents, 0)
    else:
        change_arrivals(scenario, state, event)


@kernel
def transfer(state: State, bank: int, other: int, cents: int) -> None:
    """Move money at once and without any check but that it stays money."""
    state.bank_balance_cents[bank] -= cents
    state.bank_balance_cents[other] += cents
    if max(-state.bank_balance_cents[bank], state.bank_balance_cents[other]) > MAX_TOTAL_CENTS:
        state.fault[0] = MONEY_OVERFLOW


@kernel
def arrive(scenario: Scenario, state: State, work: Work, event: int) -> None:
    """A payment of the file arrives at the end of its sender's Queue 1."""
    ticks = scenario.event_deadline_ticks[event]
    deadline = default_deadline(scenario, state) if ticks == NONE else state.tick[0] + ticks
    admit_payment(
        state,
        work,
        scenario.event_bank[event],
        scenario.event_counterparty[event],
        scenario.event_cents[event],
        cap_deadline(scenario, state, deadline, 0),
        scenario.event_priority[event],
        scenario.event_is_divisible[event],
    )


@kernel
def settle_or_queue(scenario: Scenario, state: State, work: Work, event: int) -> None:
    """A settlement on a fixed date: at once where funded (no limit, no deferral), else it waits in Queue 2."""
    bank, other, cents = scenario.event_bank[event], scenario.event_counterparty[event], scenario.event_cents[event]
    if available_liquidity(scenario, state, bank) >= cents:
        transfer(state, bank, other, cents)
        return
    row = take_row(state)
    deadline = cap_deadline(scenario, state, default_deadline(scenario, state), 0)
    write_payment(state, row, bank, other, cents, deadline, DEFAULT_PRIORITY, 0)
    count_arrival(state, row)
    state.pay_submit_tick[row] = state.tick[0]
    join_queue2(scenario.num_banks[0], state, row)
    record_values(state, work, ARRIVAL, bank, other, state.pay_id[row], cents, deadline, DEFAULT_PRIORITY)
    record(state, work, QUEUED, bank, other, state.pay_id[row], cents)


@kernel
def change_arrivals(scenario: Scenario, state: State, event: int) -> None:
    """Change rates, receiver weights or deadline windows of the random arrivals, bands included."""
    kind, bank, factor = scenario.event_kind[event], scenario.event_bank[event], scenario.event_factor[event]
    num_banks = scenario.num_banks[0]
    for source in range(scenario.source_bank.shape[0]):
        is_own = scenario.source_bank[source] == bank
        if kind == GLOBAL_RATE:
            set_rate(state, source, state.source_base_rate[source] * factor)
        elif kind == BANK_RATE and is_own:
            state.source_base_rate[source] = state.source_rate[source] * factor
            set_rate(state, source, state.source_base_rate[source])
        elif kind == WEIGHT and is_own:
            state.source_is_weighted[source] = 1
            for at in range(source * num_banks, (source + 1) * num_banks):
                if scenario.weight_bank[at] == scenario.event_counterparty[event]:
                    state.live_weight[at] = factor
        elif kind == DEADLINE_WINDOW:
            low = max(scale_ticks(state.source_deadline_min_ticks[source], factor), 1)
            high = scale_ticks(state.source_deadline_max_ticks[source], scenario.event_second_factor[event])
            state.source_deadline_min_ticks[source] = low
            state.source_deadline_max_ticks[source] = max(high, low)


@kernel
def scale_ticks(ticks: int, factor: float) -> int:
    """Ticks times a factor in millionths, rounded half up."""
    return (ticks * round_half_away(factor * PPM) * 2 + PPM) // (2 * PPM)


@kernel
def set_rate(state: State, source: int, rate: float) -> None:
    """Set the rate at which payments of a source arrive, and what the draw needs of it."""
    state.source_rate[source] = rate
    state.source_exp_neg_rate[source] = math.exp(-rate)
