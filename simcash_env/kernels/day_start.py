"""Day start: the day's totals restart at 0, the day's arrival factor is drawn and the liquidity pool is allocated."""

from __future__ import annotations

import math

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.pool import allocate_in_force
from simcash_env.kernels.rng import draw_normal
from simcash_env.schema.arrays import Scenario, State, Work
from simcash_env.schema.codes import NONE


@kernel
def start_day(scenario: Scenario, state: State, work: Work) -> None:
    """On the first tick of a day: clear its totals, draw its arrival factor, allocate the pool (day 0, or daily)."""
    tick = state.tick[0]
    if tick % scenario.ticks_per_day[0] != 0:
        return
    state.day_arrived_cents[0] = submitted_cents(scenario, state)
    state.day_settled_cents[0] = 0
    spread = scenario.day_factor_log_std[0]
    if spread > 0.0:
        state.day_rate_factor[0] = math.exp(spread * draw_normal(state) - spread * spread / 2.0)
    if tick == 0 or scenario.reallocates_pool_daily[0]:
        allocate_in_force(scenario, state, work)


@kernel
def submitted_cents(scenario: Scenario, state: State) -> int:
    """Value of the payments that callers submitted before this tick was opened; they end the queues."""
    cents = 0
    for bank in range(scenario.num_banks[0]):
        row = state.bank_queue1_tail[bank]
        while row != NONE and state.pay_arrival_tick[row] == state.tick[0]:
            cents += state.pay_amount_cents[row]
            row = state.pay_prev[row]
    return cents
