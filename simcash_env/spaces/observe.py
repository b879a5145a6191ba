"""Write observations and masks of all learning banks of a copy, in place.

Money ``x`` is shown as ``x / (|x| + scale)``, symmetric and within (-1, 1); the scales are the scenario's, never the
running episode's: a day's expected outflow of the bank for accounts and queues, its mean payment for slots.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from simcash_env.arrays import I64, Scenario, State, Work
from simcash_env.codes import NONE, POOL_LEVELS, RtgsPriority
from simcash_env.kernels._jit import inlined, kernel
from simcash_env.kernels._views import part
from simcash_env.kernels.charges import UNIT_THOUSANDTHS, delay_weight
from simcash_env.kernels.judgement import may_split
from simcash_env.kernels.ledger import allowance
from simcash_env.kernels.money import BPS_SCALE, DELAY_SCALE
from simcash_env.kernels.pool import may_allocate
from simcash_env.spaces.layout import (
    ACCOUNT_AT,
    CLOCK_AT,
    DUE_NOW_TICKS,
    DUE_SOON_TICKS,
    FLOWS_AT,
    NUM_SLOT,
    PRICES_AT,
    PUBLIC_AT,
    QUEUES_AT,
    SLOTS_AT,
)

F32 = npt.NDArray[np.float32]
I8 = npt.NDArray[np.int8]

NUM_SCALED = PRICES_AT
NUM_RTGS_PRIORITIES = len(RtgsPriority)
NO_LIMIT = 1e30  # shows as 1

HIGHEST_PRIORITY = 10.0
TYPICAL_COUNT = 8.0  # a queue of so many payments shows as one half
UNIT_RATE = 1e-6
PER_BPS = 1.0 / BPS_SCALE
PER_DELAY = 1.0 / DELAY_SCALE
TENTH_OF_A_CENT_PER_CENT = 0.1  # typical delay rate: shows as one half
TEN_BPS = 10.0


class Window(NamedTuple):
    """Who sees, how much, and on which scales."""

    learners: I64  # (L,) bank numbers
    num_slots: int
    num_entries: int  # of an observation
    num_choices: int  # of the widest head
    mask_size: int  # heads times choices
    spread: F32  # (L * entries before the prices)
    offset: F32


@inlined
def squash(value: float, scale: float) -> float:
    """A value on the scale of (-1, 1); ``scale`` itself shows as one half."""
    return value / (abs(value) + scale)


@kernel
def observe(
    scenario: Scenario, state: State, work: Work, window: Window, copy: int, observations: F32, masks: I8, filled: I64
) -> None:
    """Write a copy's observations and masks into the flat arrays of all copies.

    ``filled`` says how many slots the last call wrote, so that only those are cleared; the buffers are the caller's and
    must be the ones of that call. Entries before the slots are written raw, then scaled in one vectorised pass.
    """
    if state.queue2_count[0] > 0:
        waiting_by_band(scenario, state, work)
    num_learners = window.learners.shape[0]
    for index in range(num_learners):
        bank, row = window.learners[index], copy * num_learners + index
        entries = part(observations, row * window.num_entries, window.num_entries)
        mask = part(masks, row * window.mask_size, window.mask_size)
        write_common(scenario, state, entries)
        write_account(scenario, state, bank, entries)
        write_queues(scenario, state, work, bank, entries)
        filled[row] = write_slots(scenario, state, window, bank, entries, mask, filled[row])
        scale_entries(
            entries,
            part(window.spread, index * NUM_SCALED, NUM_SCALED),
            part(window.offset, index * NUM_SCALED, NUM_SCALED),
        )
        if window.mask_size > window.num_slots * window.num_choices:
            write_head_masks(scenario, state, window, bank, mask)


@inlined
def scale_entries(entries: F32, spread: F32, offset: F32) -> None:
    """``x / (|x| * spread + offset)``: squashed to the scale ``offset`` where spread is 1, kept where it is 0."""
    for at in range(NUM_SCALED):
        entries[at] = entries[at] / (abs(entries[at]) * spread[at] + offset[at])


@inlined
def write_common(scenario: Scenario, state: State, entries: F32) -> None:
    """What every bank sees alike: the clock and the public signals."""
    tick, ticks_per_day, num_ticks = state.tick[0], scenario.ticks_per_day[0], scenario.num_ticks[0]
    tick_of_day = tick % ticks_per_day
    entries[CLOCK_AT] = tick_of_day / ticks_per_day
    entries[CLOCK_AT + 1] = tick / num_ticks
    entries[CLOCK_AT + 2] = num_ticks - tick
    entries[CLOCK_AT + 3] = 1.0 if tick_of_day == 0 else 0.0
    entries[CLOCK_AT + 4] = 1.0 if tick_of_day == ticks_per_day - 1 else 0.0
    settled = state.day_settled_cents[0]
    entries[PUBLIC_AT] = state.queue2_count[0]
    entries[PUBLIC_AT + 1] = state.queue2_value_cents[0]
    entries[PUBLIC_AT + 2] = settled / max(state.day_arrived_cents[0], settled, 1)
    entries[PUBLIC_AT + 3] = state.tick_lsm_count[0]


@inlined
def write_account(scenario: Scenario, state: State, bank: int, entries: F32) -> None:
    """The bank's own account, what it may still use, and its flows of the day."""
    balance, limit = state.bank_balance_cents[bank], allowance(scenario, state, bank)
    used = max(-balance, 0)
    entries[ACCOUNT_AT] = balance
    entries[ACCOUNT_AT + 1] = used
    entries[ACCOUNT_AT + 2] = max(limit - used, 0)
    entries[ACCOUNT_AT + 3] = max(balance + limit, 0)
    entries[ACCOUNT_AT + 4] = state.bank_pool_allocated_cents[bank]
    posted = state.bank_posted_collateral_cents[bank]
    entries[ACCOUNT_AT + 5] = posted
    entries[ACCOUNT_AT + 6] = max(scenario.bank_collateral_capacity_cents[bank] - posted, 0)
    daily = scenario.bank_multilateral_limit_cents[bank]
    outflow = state.bank_outflow_cents[bank]
    entries[ACCOUNT_AT + 7] = NO_LIMIT if daily == NONE else max(daily - outflow, 0)
    entries[FLOWS_AT] = outflow
    entries[FLOWS_AT + 1] = state.bank_inflow_cents[bank]
    entries[FLOWS_AT + 2] = state.bank_expected_cents[bank]


@kernel
def waiting_by_band(scenario: Scenario, state: State, work: Work) -> None:
    """Value of every bank's own Queue-2 payments that are due now, and soon."""
    for bank in range(scenario.num_banks[0]):
        work.bank_due_now_cents[bank] = 0
        work.bank_due_soon_cents[bank] = 0
    row = state.queue2_head[0]
    while row != NONE:
        left = state.pay_deadline_tick[row] - state.tick[0]
        if left <= DUE_NOW_TICKS:
            work.bank_due_now_cents[state.pay_sender[row]] += state.pay_remaining_cents[row]
        elif left <= DUE_SOON_TICKS:
            work.bank_due_soon_cents[state.pay_sender[row]] += state.pay_remaining_cents[row]
        row = state.pay_next[row]


@inlined
def write_queues(scenario: Scenario, state: State, work: Work, bank: int, entries: F32) -> None:
    """What waits: in Queue 2 by urgency, and how far Queue 1 exceeds liquidity. Queue 1's bands come with the slots."""
    queued, waiting = state.bank_queue1_cents[bank], state.bank_queue2_cents[bank]
    due_now = work.bank_due_now_cents[bank] if waiting > 0 else 0
    due_soon = work.bank_due_soon_cents[bank] if waiting > 0 else 0
    entries[QUEUES_AT] = state.bank_queue1_count[bank]
    entries[QUEUES_AT + 1] = queued
    entries[QUEUES_AT + 5] = state.bank_queue2_count[bank]
    entries[QUEUES_AT + 6] = waiting
    entries[QUEUES_AT + 7] = due_now
    entries[QUEUES_AT + 8] = due_soon
    entries[QUEUES_AT + 9] = waiting - due_now - due_soon
    entries[QUEUES_AT + 10] = queued - state.bank_balance_cents[bank] - allowance(scenario, state, bank)


@kernel
def write_slots(
    scenario: Scenario, state: State, window: Window, bank: int, entries: F32, mask: I8, filled: int
) -> int:
    """The first payments of Queue 1 and their verbs; the value of the whole queue by urgency. Returns slots in use."""
    tick, due_now, due_soon, slot = state.tick[0], 0, 0, 0
    row = state.bank_queue1_head[bank]
    while row != NONE:
        left = state.pay_deadline_tick[row] - tick
        if left <= DUE_NOW_TICKS:
            due_now += state.pay_remaining_cents[row]
        elif left <= DUE_SOON_TICKS:
            due_soon += state.pay_remaining_cents[row]
        if slot < window.num_slots:
            write_slot(scenario, state, bank, row, part(entries, SLOTS_AT + slot * NUM_SLOT, NUM_SLOT))
            write_verbs(scenario, state, row, part(mask, slot * window.num_choices, window.num_choices))
            slot += 1
        row = state.pay_next[row]
    entries[QUEUES_AT + 2] = due_now
    entries[QUEUES_AT + 3] = due_soon
    entries[QUEUES_AT + 4] = state.bank_queue1_cents[bank] - due_now - due_soon
    for at in range(SLOTS_AT + slot * NUM_SLOT, SLOTS_AT + filled * NUM_SLOT):
        entries[at] = 0.0
    for empty in range(slot, filled):
        for at in range(empty * window.num_choices + 1, (empty + 1) * window.num_choices):
            mask[at] = 0
    return slot


@kernel
def write_slot(scenario: Scenario, state: State, bank: int, row: int, entries: F32) -> None:
    """One payment of Queue 1."""
    tick, num_banks = state.tick[0], scenario.num_banks[0]
    scale = float(scenario.bank_payment_scale_cents[bank])
    remaining, receiver = state.pay_remaining_cents[row], state.pay_receiver[row]
    entries[0] = squash(state.pay_amount_cents[row], scale)
    entries[1] = squash(remaining, scale)
    entries[2] = squash(state.pay_deadline_tick[row] - tick, TYPICAL_COUNT)
    entries[3] = 0.0 if state.pay_overdue_since[row] == NONE else 1.0
    entries[4] = state.pay_priority[row] / HIGHEST_PRIORITY
    entries[5] = state.pay_is_divisible[row]
    entries[6] = squash(tick - state.pay_arrival_tick[row], TYPICAL_COUNT)
    price = float(scenario.bank_cost_scale_cents[bank])
    weight = float(delay_weight(scenario, state, row))
    entries[7] = squash(float(remaining) * weight * scenario.delay_rate_ppm[0] * PER_DELAY, price)
    liquidity = state.bank_balance_cents[bank] + allowance(scenario, state, bank)
    shortfall = max(remaining - max(state.bank_balance_cents[bank], 0), 0)
    entries[8] = squash(float(shortfall) * scenario.overdraft_rate_ppm[0] * PER_BPS, price)
    entries[9] = squash(remaining, float(max(liquidity, 1)))
    there, back = bank * num_banks + receiver, receiver * num_banks + bank
    entries[10] = squash(state.pair_queue2_cents[back], scale)
    entries[11] = squash(state.pair_outflow_cents[there] - state.pair_outflow_cents[back], scale)


@kernel
def write_verbs(scenario: Scenario, state: State, row: int, mask: I8) -> None:
    """Exactly the verbs that would be carried out: hold, release, splits, drop."""
    mask[0] = 1
    mask[1] = 1
    max_split = scenario.max_split[0]
    for parts in range(2, max_split + 1):
        mask[parts] = may_split(scenario, state, row, parts)
    if scenario.allows_drop[0]:
        mask[max_split + 1] = 1


@kernel
def write_head_masks(scenario: Scenario, state: State, window: Window, bank: int, mask: I8) -> None:
    """The heads after the slots: RTGS priority where priority mode is on, then the pool share."""
    at = window.num_slots * window.num_choices
    if scenario.orders_queue2_by_priority[0]:
        for choice in range(NUM_RTGS_PRIORITIES):
            mask[at + choice] = 1
        at += window.num_choices
    if at < window.mask_size:
        may_choose = may_allocate(scenario, state, bank)
        mask[at] = 1
        for level in range(1, POOL_LEVELS):
            mask[at + level] = may_choose


@kernel
def write_prices(scenario: Scenario, entries: F32) -> None:
    """The prices of the game: constant, so written once a run."""
    payment, at = mean_payment(scenario), PRICES_AT
    entries[at] = squash(scenario.overdraft_rate_ppm[0] * UNIT_RATE, TEN_BPS)
    entries[at + 1] = squash(scenario.delay_rate_ppm[0] * UNIT_RATE, TENTH_OF_A_CENT_PER_CENT)
    entries[at + 2] = squash(scenario.collateral_rate_ppm[0] * UNIT_RATE, TEN_BPS)
    entries[at + 3] = squash(scenario.liquidity_rate_ppm[0] * UNIT_RATE, TEN_BPS)
    entries[at + 4] = squash(
        penalty_of(scenario.deadline_penalty_cents[0], scenario.deadline_penalty_ppm[0], payment), payment
    )
    entries[at + 5] = squash(penalty_of(scenario.eod_penalty_cents[0], scenario.eod_penalty_ppm[0], payment), payment)
    drop = penalty_of(scenario.drop_penalty_cents[0], scenario.drop_penalty_ppm[0], payment)
    if scenario.drop_penalty_cents[0] == NONE and scenario.drop_penalty_ppm[0] == NONE:
        drop = penalty_of(scenario.deadline_penalty_cents[0], scenario.deadline_penalty_ppm[0], payment)
        drop += penalty_of(scenario.eod_penalty_cents[0], scenario.eod_penalty_ppm[0], payment)
    entries[at + 6] = squash(drop, payment)
    entries[at + 7] = squash(scenario.split_friction_cents[0], payment)
    entries[at + 8] = squash(scenario.overdue_multiplier_thousandths[0] / UNIT_THOUSANDTHS, 1.0)
    entries[at + 9] = squash(scenario.urgent_multiplier_thousandths[0] / UNIT_THOUSANDTHS, 1.0)
    entries[at + 10] = squash(scenario.low_multiplier_thousandths[0] / UNIT_THOUSANDTHS, 1.0)


@kernel
def mean_payment(scenario: Scenario) -> float:
    """The mean payment of the mean bank, in cents."""
    total = 0
    for bank in range(scenario.num_banks[0]):
        total += scenario.bank_payment_scale_cents[bank]
    return total / scenario.num_banks[0]  # type: ignore[no-any-return]


@kernel
def penalty_of(fixed_cents: int, rate_ppm: int, payment: float) -> float:
    """What a penalty comes to on a mean payment, in cents."""
    return float(fixed_cents) if fixed_cents != NONE else payment * max(rate_ppm, 0) * PER_BPS


@kernel
def write_scales(scenario: Scenario, learners: I64, spread: F32, offset: F32) -> None:
    """How each entry before the prices is scaled, for every learner: money by a day's flow, counts by a typical one."""
    for index in range(learners.shape[0]):
        bank, first = learners[index], index * NUM_SCALED
        for at in range(NUM_SCALED):
            spread[first + at] = 1.0
            offset[first + at] = float(scenario.bank_flow_scale_cents[bank])
        for at in (QUEUES_AT, QUEUES_AT + 5, PUBLIC_AT, PUBLIC_AT + 3):
            offset[first + at] = TYPICAL_COUNT
        for at in (CLOCK_AT, CLOCK_AT + 1, CLOCK_AT + 3, CLOCK_AT + 4, PUBLIC_AT + 2, ACCOUNT_AT + 4):
            spread[first + at], offset[first + at] = 0.0, 1.0
        offset[first + CLOCK_AT + 2] = float(scenario.ticks_per_day[0])
        offset[first + ACCOUNT_AT + 4] = float(max(scenario.bank_pool_cents[bank], 1))
