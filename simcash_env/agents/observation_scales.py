"""What never changes in an observation: the prices of the game, and the scale of every entry."""

from __future__ import annotations

import numpy as np

from simcash_env.agents.observation_layout import (
    ACCOUNT_AT,
    CLOCK_AT,
    NUM_MARKET,
    NUM_PRICES,
    NUM_SLOT,
    PRICES_AT,
    PUBLIC_AT,
    QUEUES_AT,
    SLOTS_AT,
)
from simcash_env.agents.tables import F32, F64, Buffers, Window
from simcash_env.agents.units import (
    HIGHEST_PRIORITY,
    PER_BPS,
    TEN_BPS,
    TENTH_OF_A_CENT_PER_CENT,
    TYPICAL_COUNT,
    UNIT_RATE,
)
from simcash_env.kernels._numba.jit import entry, kernel
from simcash_env.kernels._numba.views import part
from simcash_env.kernels.charges import UNIT_THOUSANDTHS
from simcash_env.kernels.tables import open_scenario
from simcash_env.schema.arrays import I64, Scenario
from simcash_env.schema.codes import NONE


@kernel
def show_prices(scenario: Scenario, window: Window, copy: int, buffers: Buffers) -> None:
    """Write the prices of a copy's scenario into its observations, where no step overwrites them."""
    num_learners, size = window.learners.shape[0], window.num_entries
    for index in range(num_learners):
        row = copy * num_learners + index
        scales = (buffers.variants[copy] * num_learners + index) * size
        raw = part(buffers.raw, row * size if buffers.raw.shape[0] > size else 0, size)
        write_prices(scenario, raw)
        for at in range(PRICES_AT, PRICES_AT + NUM_PRICES):
            value = np.float32(raw[at])
            buffers.observations[row * size + at] = value / (
                abs(value) * window.spread[scales + at] + window.offset[scales + at]
            )


@kernel
def write_prices(scenario: Scenario, entries: F64) -> None:
    """Rates in basis points a tick, delay in cents a cent, penalties in cents on a mean payment, multipliers."""
    payment, at = mean_payment(scenario), PRICES_AT
    entries[at] = scenario.overdraft_rate_ppm[0] * UNIT_RATE
    entries[at + 1] = scenario.delay_rate_ppm[0] * UNIT_RATE
    entries[at + 2] = scenario.collateral_rate_ppm[0] * UNIT_RATE
    entries[at + 3] = scenario.liquidity_rate_ppm[0] * UNIT_RATE
    deadline = penalty_of(scenario.deadline_penalty_cents[0], scenario.deadline_penalty_ppm[0], payment)
    eod = penalty_of(scenario.eod_penalty_cents[0], scenario.eod_penalty_ppm[0], payment)
    drop = penalty_of(scenario.drop_penalty_cents[0], scenario.drop_penalty_ppm[0], payment)
    if scenario.drop_penalty_cents[0] == NONE and scenario.drop_penalty_ppm[0] == NONE:
        drop = deadline + eod
    entries[at + 4] = deadline
    entries[at + 5] = eod
    entries[at + 6] = drop
    entries[at + 7] = scenario.split_friction_cents[0]
    entries[at + 8] = scenario.overdue_multiplier_thousandths[0] / UNIT_THOUSANDTHS
    entries[at + 9] = scenario.urgent_multiplier_thousandths[0] / UNIT_THOUSANDTHS
    entries[at + 10] = scenario.low_multiplier_thousandths[0] / UNIT_THOUSANDTHS


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
def set_scale(spread: F32, offset: F32, at: int, scale: float) -> None:
    """Squash an entry so that ``scale`` shows as one half."""
    spread[at], offset[at] = 1.0, scale


@kernel
def set_unit(spread: F32, offset: F32, at: int, unit: float) -> None:
    """Show an entry in this unit, of which it is at most one."""
    spread[at], offset[at] = 0.0, unit


@kernel
def scale_of_bank(scenario: Scenario, bank: int, num_entries: int, spread: F32, offset: F32) -> None:
    """How each entry of a bank's observation is scaled: money by a day's flow, payments by the mean one."""
    for at in range(PRICES_AT):
        set_scale(spread, offset, at, float(scenario.bank_flow_scale_cents[bank]))
    for at in (QUEUES_AT, QUEUES_AT + 5, PUBLIC_AT, PUBLIC_AT + 3):
        set_scale(spread, offset, at, TYPICAL_COUNT)
    for at in (CLOCK_AT, CLOCK_AT + 1, CLOCK_AT + 3, CLOCK_AT + 4, PUBLIC_AT + 2):
        set_unit(spread, offset, at, 1.0)
    set_scale(spread, offset, CLOCK_AT + 2, float(scenario.ticks_per_day[0]))
    set_unit(spread, offset, ACCOUNT_AT + 4, float(max(scenario.bank_pool_cents[bank], 1)))
    scale_prices(scenario, spread, offset)
    slots_end = num_entries - NUM_MARKET * scenario.market_is_regulated.shape[0]  # 1 where there is a market
    for first in range(SLOTS_AT, slots_end, NUM_SLOT):
        scale_slot(scenario, bank, first, spread, offset)
    if slots_end < num_entries:
        scale_market(scenario, bank, slots_end, spread, offset)


@kernel
def scale_prices(scenario: Scenario, spread: F32, offset: F32) -> None:
    """Rates by a typical one, penalties by the mean payment."""
    at = PRICES_AT
    for rate in (0, 2, 3):
        set_scale(spread, offset, at + rate, TEN_BPS)
    set_scale(spread, offset, at + 1, TENTH_OF_A_CENT_PER_CENT)
    for penalty in (4, 5, 6, 7):
        set_scale(spread, offset, at + penalty, mean_payment(scenario))
    for multiplier in (8, 9, 10):
        set_scale(spread, offset, at + multiplier, 1.0)


@kernel
def scale_slot(scenario: Scenario, bank: int, at: int, spread: F32, offset: F32) -> None:
    """One payment: cents by the mean payment, costs by what keeping that one waiting costs."""
    for cents in (0, 1, 10, 11):
        set_scale(spread, offset, at + cents, float(scenario.bank_payment_scale_cents[bank]))
    for cost in (7, 8):
        set_scale(spread, offset, at + cost, float(scenario.bank_cost_scale_cents[bank]))
    for ticks in (2, 6):
        set_scale(spread, offset, at + ticks, TYPICAL_COUNT)
    for truth in (3, 5):
        set_unit(spread, offset, at + truth, 1.0)
    set_unit(spread, offset, at + 4, float(HIGHEST_PRIORITY))
    set_scale(spread, offset, at + 9, 1.0)


@kernel
def scale_market(scenario: Scenario, bank: int, at: int, spread: F32, offset: F32) -> None:
    """Rates by the width of the corridor, money by a day's flow."""
    for cents in range(2, NUM_MARKET):
        set_scale(spread, offset, at + cents, float(scenario.bank_flow_scale_cents[bank]))
    for rate in (1, 3, 5):
        set_scale(spread, offset, at + rate, float(scenario.market_lending_rate[0] - scenario.market_deposit_rate[0]))
    set_unit(spread, offset, at, 1.0)


@entry
def write_scales(
    scenario_row: I64, scenario_sizes: I64, learners: I64, num_entries: int, spread: F32, offset: F32
) -> None:
    """The scales of all learners of a scenario, behind one another."""
    scenario = open_scenario(scenario_row, scenario_sizes)
    for index in range(learners.shape[0]):
        first = index * num_entries
        scale_of_bank(
            scenario, learners[index], num_entries, part(spread, first, num_entries), part(offset, first, num_entries)
        )
