"""What an image of the day shows: a few figures of every decision of the day that is running."""

from __future__ import annotations

from typing import Any

import numpy as np

from simcash_env.amounts import unit_name
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NUM_COSTS


class History:
    """The day so far of one copy, recorded at every decision; a new day, or a jump of the clock, begins it afresh.

    Attributes:
        title: the scenario's name.
        unit: of amounts, as it is shown.
        clock: of the scenario; None without opening hours.
        names: (B,) ids of the banks.
        balances, queue1, queue2: (T + 1, B) cents at every decision of a day of T ticks, at the end of a run in row T;
            rows ``first`` to ``last`` are filled.
        pairs: (B, B) cents waiting in Queue 2 from the bank of the row to the bank of the column, now.
        costs: (kinds,) cents of all banks since the run began.
    """

    def __init__(self, vec: Any, copy: int = 0) -> None:
        view = vec.scenario.view
        self.title = str(vec.config.name)
        self.unit, self.clock = unit_name(vec.config.currency), vec.config.simulation.clock
        self.names: tuple[str, ...] = tuple(vec.scenario.bank_ids)
        self.ticks_per_day, self.num_ticks = int(view.ticks_per_day[0]), int(view.num_ticks[0])
        shape = (self.ticks_per_day + 1, len(self.names))
        self.balances, self.queue1, self.queue2 = (np.zeros(shape, np.int64) for _ in range(3))
        self.pairs: I64 = np.zeros((shape[1], shape[1]), np.int64)
        self.costs: I64 = np.zeros(NUM_COSTS, np.int64)
        self.settled_cents = self.arrived_cents = 0
        self.first = self.last = 0
        self.tick = -1
        self.is_over = False
        self._vec, self._copy = vec, copy

    @property
    def day(self) -> int:
        """Number of the day, from 0."""
        return (self.tick - self.last) // self.ticks_per_day

    def begin(self) -> None:
        """Forget what was recorded and record where the copy stands."""
        self.tick = -1
        self.record()

    def record(self) -> None:
        """Note where the copy stands; twice at one tick is once."""
        state = self._vec.state(self._copy)
        tick = int(state.tick[0])
        self.is_over = tick >= self.num_ticks
        at = self.ticks_per_day if self.is_over else tick % self.ticks_per_day
        if at == 0 or tick not in {self.tick, self.tick + 1} or self.tick < 0:
            self.first = at
        self.tick, self.last = tick, at
        self.balances[at] = state.bank_balance_cents
        self.queue1[at] = state.bank_queue1_cents
        self.queue2[at] = state.bank_queue2_cents
        self.pairs[:] = state.pair_queue2_cents.reshape(self.pairs.shape)
        self.costs[:] = state.run_cost_cents.reshape(-1, NUM_COSTS).sum(axis=0)
        self.settled_cents, self.arrived_cents = int(state.settled_cents[0]), int(state.arrived_cents[0])
