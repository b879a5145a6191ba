"""Earlier states of a run, computed again from its scenario, seed and inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from simcash_env.config import ScenarioConfig
from simcash_env.service.run import Run
from simcash_env.simulation.decisions import arguments_of

MOST_KEYFRAMES: Final = 64
SHORTEST_SPACING: Final = 64

Input = Mapping[str, Any]
"""Inputs ``{"tick": t, "submit": {...}}`` or ``{"tick": t, "orders": {...}}``, in order of arrival."""


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
        replica = self._replica_before(tick)
        spacing = max(SHORTEST_SPACING, self.config.simulation.num_ticks // MOST_KEYFRAMES)
        first = replica.current_tick
        due = [entry for entry in inputs if first <= entry["tick"] < tick]
        at = 0
        while replica.current_tick < tick:
            now = replica.current_tick
            if now % spacing == 0:
                self.keyframes.setdefault(now, replica.state_bytes())
            until = at
            while until < len(due) and due[until]["tick"] == now:
                until += 1
            replay_tick(replica, due[at:until])
            at = until
        return replica.figures(num_payments)

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


def replay_tick(run: Run, inputs: Sequence[Input]) -> None:
    """Run one tick with its inputs."""
    orders: Mapping[str, Any] = {}
    for entry in inputs:
        if "submit" in entry:
            run.submit_transaction(**entry["submit"])
        else:
            orders = entry["orders"]
    run.tick(**arguments_of(orders))
    run.open_for_decisions()
