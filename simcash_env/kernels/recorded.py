"""Recorded arrivals: the payments of a recorded day, tick by tick."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels._numba.units import unit
from simcash_env.kernels._numba.views import column_at
from simcash_env.kernels.queues import admit_payment
from simcash_env.kernels.record import record_values
from simcash_env.kernels.rng import draw_integer
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE, EventKind, Resampling, Status
from simcash_env.schema.recorded import (
    BANK_MASK,
    DIVISIBLE_SHIFT,
    OFFSET_MASK,
    OFFSET_SHIFT,
    PAYMENT_WORDS,
    PRIORITY_MASK,
    PRIORITY_SHIFT,
    RECEIVER_SHIFT,
)

OK = int(Status.OK)
NEEDS_ROOM = int(Status.NEEDS_ROOM)
CONSECUTIVE = int(Resampling.NONE)
BLOCKS = int(Resampling.BLOCKS)
RECORDED_DAY = int(EventKind.RECORDED_DAY)


@kernel
def replay_payments(scenario: Scenario, state: State, work: Work) -> int:
    """If there are recorded days: choose the day where one is due, then add its payments of this tick, in order."""
    return OK if scenario.recorded_day.shape[0] == 0 else replay_tick(scenario, state, work)


@unit
def replay_tick(scenario: Scenario, state: State, work: Work) -> int:
    """Choose the day where one is due, then add the payments of this tick that are still to come."""
    words = column_at(scenario.recorded_address[0], scenario.recorded_words[0])
    ticks_per_day = scenario.ticks_per_day[0]
    is_new = state.cursor_recorded[0] == NONE
    if is_new:
        choose_day(scenario, state, work)
    at_tick = scenario.recorded_day[state.recorded_place[0]] * ticks_per_day + state.tick[0] % ticks_per_day
    at, end = words[at_tick] if is_new else state.cursor_recorded[0], words[at_tick + 1]
    while at < end:
        if state.free_count[0] == 0:
            state.cursor_recorded[0] = at
            return NEEDS_ROOM
        add_payment(scenario, state, work, words[at], words[at + 1])
        at += PAYMENT_WORDS
    state.cursor_recorded[0] = end
    return OK


@kernel
def choose_day(scenario: Scenario, state: State, work: Work) -> None:
    """At the start of the run, a day or a block: which recorded day is played from here on.

    Without resampling the run plays consecutive days; the first is drawn such that all of them exist.
    """
    tick, ticks_per_day = state.tick[0], scenario.ticks_per_day[0]
    now, num_days = tick % ticks_per_day, scenario.recorded_day.shape[0]
    kind = scenario.recorded_resampling[0]
    if now != 0 and (kind != BLOCKS or now % scenario.recorded_block_ticks[0] != 0):
        return
    if kind != CONSECUTIVE:
        state.recorded_place[0] = draw_integer(state, 0, num_days - 1)
    elif tick == 0:
        state.recorded_place[0] = draw_integer(state, 0, num_days - scenario.num_ticks[0] // ticks_per_day)
    else:
        state.recorded_place[0] += 1
    date = scenario.recorded_date[state.recorded_place[0]]
    record_values(state, work, RECORDED_DAY, NONE, NONE, NONE, NONE, date, NONE)


@kernel
def add_payment(scenario: Scenario, state: State, work: Work, cents: int, packed: int) -> None:
    """Append a recorded payment to its sender's Queue 1; its deadline lies within the day, or a tick after arrival."""
    sender = scenario.recorded_bank[packed & BANK_MASK]
    receiver = scenario.recorded_bank[packed >> RECEIVER_SHIFT & BANK_MASK]
    deadline = state.tick[0] + (packed >> OFFSET_SHIFT & OFFSET_MASK)
    priority = packed >> PRIORITY_SHIFT & PRIORITY_MASK
    admit_payment(state, work, sender, receiver, cents, deadline, priority, packed >> DIVISIBLE_SHIFT)
    state.tick_arrived_count[0] += 1
