"""Day start: the day's totals start afresh and the liquidity pool is allocated."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.kernels.pool import allocate_in_force
from simcash_env.schema.arrays import Scenario, State, Work


@kernel
def start_day(scenario: Scenario, state: State, work: Work) -> None:
    """On the first tick of a day: clear the totals of the day; allocate the pool (day 0, or daily if so configured)."""
    tick = state.tick[0]
    if tick % scenario.ticks_per_day[0] != 0:
        return
    state.day_arrived_cents[0] = 0
    state.day_settled_cents[0] = 0
    if tick == 0 or scenario.reallocates_pool_daily[0]:
        allocate_in_force(scenario, state, work)
