"""Earlier states of a run, computed again from its scenario, seed and inputs."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.errors import OrderError
from simcash_env.service.run import Run
from simcash_env.simulation import TickResult
from simcash_env.simulation.decisions import arguments_of

MOST_KEYFRAMES: Final = 64
SHORTEST_SPACING: Final = 64

Input = Mapping[str, Any]
"""Inputs by tick, in order: ``{"tick": t, "submit": {...}}`` or ``{"tick": t, "orders": {...}}``; of recorded runs also
``open`` (arrivals were read), and ``order`` and ``cancel`` (in the market)."""


@dataclass
class RunHistory:
    """Repeats a run up to a tick, and caches states on the way."""

    config: ScenarioConfig
    seed: int
    external: str | dict[str, Any]
    replica: Run | None = None
    keyframes: dict[int, bytes] = field(default_factory=dict)

    def figures_at(self, tick: int, inputs: Sequence[Input], num_payments: int) -> dict[str, Any]:
        """Return the state after ``tick`` ticks, before later inputs."""
        return self.run_at(tick, inputs).figures(num_payments)

    def run_at(self, tick: int, inputs: Sequence[Input]) -> Run:
        """Return the run after ``tick`` ticks, before later inputs; valid until the next call."""
        replica = self._replica_before(tick)
        spacing = max(SHORTEST_SPACING, self.config.simulation.num_ticks // MOST_KEYFRAMES)
        left = inputs_from(inputs, replica.current_tick)
        while replica.current_tick < tick:
            now = replica.current_tick
            if now % spacing == 0:
                self.keyframes.setdefault(now, replica.state_bytes())
            replay_tick(replica, take_inputs(left, now))
        replica.open_for_decisions()
        return replica

    def _replica_before(self, tick: int) -> Run:
        if self.replica is None:
            self.replica = Run(self.config, seed=self.seed, events=False, external=self.external)
        known = max((frame for frame in self.keyframes if frame <= tick), default=None)
        stands = self.replica.current_tick
        if known is not None and (stands > tick or known > stands):
            self.replica.restore_state(self.keyframes[known], [])
        return self.replica

    @property
    def nbytes(self) -> int:
        """Return the memory use in bytes."""
        return sum(map(len, self.keyframes.values())) + (0 if self.replica is None else self.replica.nbytes)


def replay_tick(run: Run, inputs: Sequence[Input]) -> TickResult:
    """Run one tick with its inputs; the next one is not open then."""
    run.open_for_decisions()
    orders: Mapping[str, Any] = {}
    for entry in inputs:
        if "submit" in entry:
            run.submit_transaction(**entry["submit"])
        elif "open" in entry:
            run.open_tick()
        elif "order" in entry:
            with suppress(OrderError):  # it was refused then, too, and left the same event
                run.place_order(**entry["order"])
        elif "cancel" in entry:
            run.cancel_order(**entry["cancel"])
        else:
            orders = entry["orders"]
    return run.tick(**arguments_of(orders))


def inputs_from(inputs: Sequence[Input], tick: int) -> deque[Input]:
    """Return the inputs from a tick on."""
    return deque(entry for entry in inputs if entry["tick"] >= tick)


def take_inputs(left: deque[Input], tick: int) -> list[Input]:
    """Remove and return the inputs of a tick, which come first."""
    taken = []
    while left and left[0]["tick"] == tick:
        taken.append(left.popleft())
    return taken
