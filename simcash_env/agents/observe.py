"""Write observations and masks of all learning banks of a copy, in place.

First the numbers themselves, then one vectorised pass scales them: ``x`` is shown as ``x / (|x| * spread + offset)``.
Money, counts and ticks have a spread of 1, which squashes them symmetrically into (-1, 1), the offset shown as one
half; what lies within (-1, 1) already has a spread of 0 (``observation_scales.py``).
"""

from __future__ import annotations

import numpy as np

from simcash_env.agents.heads import write_head_masks
from simcash_env.agents.market_entries import maturities, write_market_entries
from simcash_env.agents.observation import (
    AT,
    LIMIT_AT,
    NUM_LIMITS,
    NUM_MARKET,
    NUM_SLOT,
    PRICES_AT,
    SLOT_AT,
    SLOTS_AT,
)
from simcash_env.agents.tables import F32, F64, I8, QUEUE, Buffers, Window
from simcash_env.agents.units import PER_BPS, PER_DELAY, UNIT_RATE
from simcash_env.kernels._numba.jit import inlined, kernel
from simcash_env.kernels._numba.vectors import LANES, scale_lanes
from simcash_env.kernels._numba.views import part
from simcash_env.kernels.charges import UNIT_THOUSANDTHS, delay_weight
from simcash_env.kernels.ledger import bilateral_limit, limited_outflow, multilateral_limit, overdraft_limit
from simcash_env.kernels.payment_decisions import may_do
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE
from simcash_env.schema.limits import BUDGET_LEVELS, DUE_NOW_TICKS, DUE_SOON_TICKS

NO_LIMIT = 1e30  # shows as 1


@kernel
def observe(scenario: Scenario, state: State, work: Work, window: Window, copy: int, buffers: Buffers) -> None:
    """Write a copy's observations and masks.

    ``buffers.filled`` says how many slots the last call wrote, so that only those are cleared.
    """
    if state.queue2_count[0] > 0:
        waiting_by_band(scenario, state, work)
    num_learners, size = window.learners.shape[0], window.num_entries
    limits_at = size - NUM_LIMITS * window.has_limits
    if window.has_market:
        maturities(scenario, state, work)
    for index in range(num_learners):
        bank, row = window.learners[index], copy * num_learners + index
        is_kept = buffers.raw.shape[0] > size
        raw = part(buffers.raw, row * size if is_kept else 0, size)
        mask = part(buffers.masks, row * window.mask_size, window.mask_size)
        if index == 0 or is_kept:  # else the banks share the space, which has it
            write_common(scenario, state, raw)
        write_account(scenario, state, bank, raw)
        write_queues(scenario, state, work, bank, raw)
        filled, slots = buffers.filled[row], write_slots(scenario, state, window, bank, raw, mask)
        buffers.filled[row] = slots
        entries = part(buffers.observations, row * size, size)
        scales = (buffers.variants[copy] * num_learners + index) * size
        spread, offset = part(window.spread, scales, size), part(window.offset, scales, size)
        scale_entries(raw, entries, spread, offset, 0, PRICES_AT)
        scale_entries(raw, entries, spread, offset, SLOTS_AT, SLOTS_AT + slots * NUM_SLOT)
        for at in range(SLOTS_AT + slots * NUM_SLOT, SLOTS_AT + filled * NUM_SLOT):
            entries[at] = 0.0
            if is_kept:
                raw[at] = 0.0
        if window.has_market:
            write_market_entries(scenario, state, work, bank, part(raw, limits_at - NUM_MARKET, NUM_MARKET))
            scale_entries(raw, entries, spread, offset, limits_at - NUM_MARKET, limits_at)
        if window.has_limits:
            write_limits(scenario, state, bank, part(raw, limits_at, NUM_LIMITS))
            scale_entries(raw, entries, spread, offset, limits_at, size)
        if window.mask_size > 0:
            write_main_masks(state, window, bank, slots, filled, mask)
            write_head_masks(scenario, state, window, bank, mask)


@inlined
def scale_entries(raw: F64, entries: F32, spread: F32, offset: F32, first: int, end: int) -> None:
    """``x / (|x| * spread + offset)``: squashed to the scale ``offset`` where spread is 1, divided where it is 0."""
    if end - first < LANES:
        for at in range(first, end):
            value = np.float32(raw[at])
            entries[at] = value / (abs(value) * spread[at] + offset[at])
        return
    at = first
    while at < end:
        scale_lanes(raw, entries, spread, offset, min(at, end - LANES))  # the last ones may be scaled twice
        at += LANES


@inlined
def write_main_masks(state: State, window: Window, bank: int, slots: int, filled: int, mask: I8) -> None:
    """Of the heads before the optional ones: empty slots can only be held, and nothing be sent from an empty queue."""
    if window.kind == QUEUE:
        for empty in range(slots, filled):
            for at in range(empty * window.num_choices + 1, (empty + 1) * window.num_choices):
                mask[at] = 0
    else:  # budgets: thresholds have no masks
        is_anything_queued = state.bank_queue1_count[bank] > 0
        for level in range(1, BUDGET_LEVELS):
            mask[level] = is_anything_queued


@inlined
def write_common(scenario: Scenario, state: State, entries: F64) -> None:
    """What every bank sees alike: the clock and the public signals."""
    tick, ticks_per_day, num_ticks = state.tick[0], scenario.ticks_per_day[0], scenario.num_ticks[0]
    tick_of_day = tick % ticks_per_day
    entries[AT.day_position] = tick_of_day / ticks_per_day
    entries[AT.run_position] = tick / num_ticks
    entries[AT.ticks_left] = num_ticks - tick
    entries[AT.is_first_decision] = 1.0 if tick_of_day == 0 else 0.0
    entries[AT.is_last_decision] = 1.0 if tick_of_day == ticks_per_day - 1 else 0.0
    settled = state.day_settled_cents[0]
    entries[AT.system_queue2_count] = state.queue2_count[0]
    entries[AT.system_queue2_value] = state.queue2_value_cents[0]
    entries[AT.system_settled_share] = settled / max(state.day_arrived_cents[0], settled, 1)
    entries[AT.system_lsm_releases] = state.tick_lsm_count[0]


@inlined
def write_account(scenario: Scenario, state: State, bank: int, entries: F64) -> None:
    """The bank's own account, what it may still use, and its flows of the day."""
    balance, limit = state.bank_balance_cents[bank], overdraft_limit(scenario, state, bank)
    used = max(-balance, 0)
    entries[AT.balance] = balance
    entries[AT.credit_used] = used
    entries[AT.credit_left] = max(limit - used, 0)
    entries[AT.available_liquidity] = max(balance + limit, 0)
    entries[AT.pool_allocated_share] = state.bank_pool_allocated_cents[bank]
    posted = state.bank_posted_collateral_cents[bank]
    entries[AT.posted_collateral] = posted
    entries[AT.collateral_room] = max(scenario.bank_collateral_capacity_cents[bank] - posted, 0)
    daily = multilateral_limit(scenario, state, bank)
    entries[AT.outflow_limit_left] = (
        NO_LIMIT if daily == NONE else max(daily - limited_outflow(scenario, state, bank), 0)
    )
    entries[AT.paid_today] = state.bank_outflow_cents[bank]
    entries[AT.received_today] = state.bank_inflow_cents[bank]
    entries[AT.expected] = state.bank_expected_cents[bank]


@kernel
def write_limits(scenario: Scenario, state: State, bank: int, entries: F64) -> None:
    """The limits that the bank has or has set itself."""
    reserved = state.sub_limit_cents[bank] if state.sub_limit_cents.shape[0] > 0 else 0
    multilateral, lowest, num_banks = multilateral_limit(scenario, state, bank), NONE, scenario.num_banks[0]
    if scenario.pair_limit_cents.shape[0] > 0:
        for pair in range(bank * num_banks, (bank + 1) * num_banks):
            limit = bilateral_limit(scenario, state, pair)
            if limit != NONE and (lowest == NONE or limit < lowest):
                lowest = limit
    entries[LIMIT_AT.sub_limit] = reserved
    entries[LIMIT_AT.send_limit] = NO_LIMIT if multilateral == NONE else multilateral
    entries[LIMIT_AT.bilateral_send_limit] = NO_LIMIT if lowest == NONE else lowest


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
def write_queues(scenario: Scenario, state: State, work: Work, bank: int, entries: F64) -> None:
    """What waits: in Queue 2 by urgency, and how far Queue 1 exceeds liquidity. Queue 1's bands come with the slots."""
    queued, waiting = state.bank_queue1_cents[bank], state.bank_queue2_cents[bank]
    due_now = work.bank_due_now_cents[bank] if waiting > 0 else 0
    due_soon = work.bank_due_soon_cents[bank] if waiting > 0 else 0
    entries[AT.queue1_count] = state.bank_queue1_count[bank]
    entries[AT.queue1_value] = queued
    entries[AT.queue2_count] = state.bank_queue2_count[bank]
    entries[AT.queue2_value] = waiting
    entries[AT.queue2_due_now] = due_now
    entries[AT.queue2_due_soon] = due_soon
    entries[AT.queue2_due_later] = waiting - due_now - due_soon
    entries[AT.queue1_gap] = queued - state.bank_balance_cents[bank] - overdraft_limit(scenario, state, bank)


@kernel
def write_slots(scenario: Scenario, state: State, window: Window, bank: int, entries: F64, mask: I8) -> int:
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
            if window.kind == QUEUE:
                write_verbs(scenario, state, row, part(mask, slot * window.num_choices, window.num_choices))
            slot += 1
        row = state.pay_next[row]
    entries[AT.queue1_due_now] = due_now
    entries[AT.queue1_due_soon] = due_soon
    entries[AT.queue1_due_later] = state.bank_queue1_cents[bank] - due_now - due_soon
    return slot


@inlined
def expires(scenario: Scenario, state: State, row: int) -> bool:
    """True if a payment that is kept is dropped at the end of this tick: it pays the drop penalty, no delay cost."""
    return scenario.drops_expired[0] != 0 and state.tick[0] > state.pay_deadline_tick[row]


@kernel
def write_slot(scenario: Scenario, state: State, bank: int, row: int, entries: F64) -> None:
    """One payment of Queue 1."""
    tick, num_banks = state.tick[0], scenario.num_banks[0]
    remaining, receiver = state.pay_remaining_cents[row], state.pay_receiver[row]
    entries[SLOT_AT.amount] = state.pay_amount_cents[row]
    entries[SLOT_AT.remaining] = remaining
    entries[SLOT_AT.ticks_to_deadline] = state.pay_deadline_tick[row] - tick
    entries[SLOT_AT.is_overdue] = 0.0 if state.pay_overdue_since[row] == NONE else 1.0
    entries[SLOT_AT.priority] = state.pay_priority[row]
    entries[SLOT_AT.is_divisible] = state.pay_is_divisible[row]
    entries[SLOT_AT.age] = tick - state.pay_arrival_tick[row]
    weight = 0.0 if expires(scenario, state, row) else float(delay_weight(scenario, state, row))
    entries[SLOT_AT.delay_cost] = float(remaining) * weight * scenario.delay_rate_ppm[0] * PER_DELAY
    liquidity = state.bank_balance_cents[bank] + overdraft_limit(scenario, state, bank)
    shortfall = max(remaining - max(state.bank_balance_cents[bank], 0), 0)
    entries[SLOT_AT.credit_cost] = float(shortfall) * scenario.overdraft_rate_ppm[0] * PER_BPS
    entries[SLOT_AT.share_of_liquidity] = remaining / float(max(liquidity, 1))
    outgoing, incoming = bank * num_banks + receiver, receiver * num_banks + bank
    entries[SLOT_AT.counterparty_queued] = state.pair_queue2_cents[incoming]
    entries[SLOT_AT.counterparty_net] = state.pair_outflow_cents[outgoing] - state.pair_outflow_cents[incoming]


@kernel
def write_verbs(scenario: Scenario, state: State, row: int, mask: I8) -> None:
    """Exactly the choices that would be carried out."""
    for choice in range(scenario.choice_verb.shape[0]):
        mask[choice] = may_do(scenario, state, row, scenario.choice_verb[choice], scenario.choice_parts[choice])


@kernel
def show_prices(scenario: Scenario, window: Window, copy: int, buffers: Buffers) -> None:
    """Write the prices of a copy's scenario into its observations, where no step overwrites them."""
    num_learners, size = window.learners.shape[0], window.num_entries
    for index in range(num_learners):
        row = copy * num_learners + index
        scales = (buffers.variants[copy] * num_learners + index) * size
        raw = part(buffers.raw, row * size if buffers.raw.shape[0] > size else 0, size)
        write_prices(scenario, raw)
        entries = part(buffers.observations, row * size, size)
        spread, offset = part(window.spread, scales, size), part(window.offset, scales, size)
        scale_entries(raw, entries, spread, offset, PRICES_AT, SLOTS_AT)


@kernel
def write_prices(scenario: Scenario, entries: F64) -> None:
    """Rates in basis points per tick, delay in cents per cent, penalties in cents for a mean payment, multipliers."""
    payment = mean_payment(scenario)
    entries[AT.price_overdraft] = scenario.overdraft_rate_ppm[0] * UNIT_RATE
    entries[AT.price_delay] = scenario.delay_rate_ppm[0] * UNIT_RATE
    entries[AT.price_collateral] = scenario.collateral_rate_ppm[0] * UNIT_RATE
    entries[AT.price_liquidity] = scenario.liquidity_rate_ppm[0] * UNIT_RATE
    deadline = penalty_of(scenario.deadline_penalty_cents[0], scenario.deadline_penalty_ppm[0], payment)
    eod = penalty_of(scenario.eod_penalty_cents[0], scenario.eod_penalty_ppm[0], payment)
    drop = penalty_of(scenario.drop_penalty_cents[0], scenario.drop_penalty_ppm[0], payment)
    if scenario.drop_penalty_cents[0] == NONE and scenario.drop_penalty_ppm[0] == NONE:
        drop = deadline + eod
    entries[AT.price_deadline_penalty] = deadline
    entries[AT.price_eod_penalty] = eod
    entries[AT.price_drop_penalty] = drop
    entries[AT.price_split_friction] = scenario.split_friction_cents[0]
    entries[AT.price_overdue_multiplier] = scenario.overdue_multiplier_thousandths[0] / UNIT_THOUSANDTHS
    entries[AT.price_urgent_multiplier] = scenario.urgent_multiplier_thousandths[0] / UNIT_THOUSANDTHS
    entries[AT.price_low_multiplier] = scenario.low_multiplier_thousandths[0] / UNIT_THOUSANDTHS


@kernel
def mean_payment(scenario: Scenario) -> float:
    """The mean payment of the mean bank, in cents."""
    total = 0
    for bank in range(scenario.num_banks[0]):
        total += scenario.bank_payment_scale_cents[bank]
    return total / scenario.num_banks[0]


@kernel
def penalty_of(fixed_cents: int, rate_ppm: int, payment: float) -> float:
    """A penalty for a mean payment, in cents."""
    return float(fixed_cents) if fixed_cents != NONE else payment * max(rate_ppm, 0) * PER_BPS
