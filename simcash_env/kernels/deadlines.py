"""Where a payment's deadline is cut: the end of the run, and the day's close under ``deadline_cap_at_eod``."""

from __future__ import annotations

from simcash_env.kernels._numba.jit import kernel
from simcash_env.schema.arrays import Scenario, State


@kernel
def cap_deadline(scenario: Scenario, state: State, deadline: int, lag: int) -> int:
    """The deadline a payment arriving now gets; ``lag`` ticks past the day's last tick is where the close falls."""
    tick = state.tick[0]
    deadline = min(deadline, scenario.num_ticks[0])
    if scenario.caps_deadline_at_eod[0]:
        ticks_per_day = scenario.ticks_per_day[0]
        last_tick = (tick // ticks_per_day + 1) * ticks_per_day - 1
        deadline = min(deadline, last_tick + lag)
    return max(deadline, tick + 1)


@kernel
def default_deadline(scenario: Scenario, state: State) -> int:
    """A payment that is scheduled or submitted without a deadline has a tenth of a day, at least five ticks."""
    return state.tick[0] + max(5, scenario.ticks_per_day[0] // 10)
