"""``Run``: a simulation with its log separate from its state, so that a call writes only new events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.config.external import RELEASE, External, external_banks
from simcash_env.errors import SimulationError
from simcash_env.schema.arrays import I64, LOG_COLUMNS
from simcash_env.schema.codes import EventKind
from simcash_env.service.figures import read_figures
from simcash_env.simulation import Simulation
from simcash_env.simulation.engine import Engine
from simcash_env.simulation.event_log import Events, TreeNames, tx_number
from simcash_env.simulation.saved_runs import EventsKept
from simcash_env.simulation.transactions import Transaction, find_ended, live_transaction, payment_row

PAY_ID, KIND, FIRST_CHILD = (LOG_COLUMNS.index("pay_id"), LOG_COLUMNS.index("kind"), 7)


class Mark(NamedTuple):
    """A point of a run: state, events of the open tick, and length of the log."""

    row: I64
    sizes: I64
    tick_log: tuple[I64, ...]
    num_parts: int


class Run(Simulation):
    """A run that is always in an open tick if it has external banks, so that they see its arrivals."""

    def __init__(
        self,
        config: ScenarioConfig,
        *,
        seed: int,
        events: EventsKept,
        external: External = RELEASE,
        may_grow: Callable[[int], bool] | None = None,
    ) -> None:
        super().__init__(config, seed=seed, events=events, external=external)
        self.limit_growth(may_grow)
        self.has_log = bool(events)
        self._tree_names = TreeNames(self._engine.scenario.paths, self._engine.scenario.registers)
        self.external_banks = external_banks(config)
        self.open_for_decisions()

    def open_for_decisions(self) -> None:
        """Open the current tick if a bank is external."""
        if self.external_banks and not self.is_over:
            self.open_tick()

    def limit_growth(self, may_grow: Callable[[int], bool] | None) -> None:
        """Set the function that allows or refuses the growth of arrays."""
        self._engine.may_grow = may_grow

    def mark(self) -> Mark:
        """Return the current point of the run."""
        return Mark(self._engine.row.copy(), self._engine.sizes, tuple(self._tick_log), len(self._log))

    def go_back(self, mark: Mark) -> None:
        """Return to a point, if nothing else was restored since."""
        self._engine.replace_row(mark.row, mark.sizes)
        self._tick_log = list(mark.tick_log)
        del self._log[mark.num_parts :]

    @property
    def nbytes(self) -> int:
        """Return the bytes of the state and work arrays, without the log."""
        engine = self._engine
        return int(2 * engine.row.nbytes + engine.scenario.row.nbytes)

    @property
    def engine(self) -> Engine:
        """Return the engine of the run, to read its state."""
        return self._engine

    def figures(self, num_payments: int) -> dict[str, Any]:
        """Return the current state, with at most ``payments`` payments of each queue."""
        return read_figures(self._engine, self.config, num_payments)

    def state_bytes(self) -> bytes:
        """Return a snapshot without the log of closed ticks."""
        log, self._log = self._log, []
        try:
            return self.snapshot()
        finally:
            self._log = log

    def restore_state(self, state: bytes, log: list[I64]) -> None:
        """Restore a run from such a snapshot and its log.

        Raises:
            SnapshotError: damaged, of another version or scenario.
        """
        self.restore(state)
        self._log = log

    def log_parts(self) -> list[I64]:
        """Return the parts of the log without copying."""
        return self._log

    def as_events(self, rows: I64) -> Events:
        """Return rows of the log as events."""
        return Events(rows, self.bank_ids, self._tree_names)

    def payment(self, tx: str) -> Transaction:
        """Return a payment like ``transaction``, from the events of this payment only.

        Raises:
            SimulationError: no such payment, or it has ended and no events are kept.
        """
        row = payment_row(self._engine, tx)
        if row is not None:
            return live_transaction(self._engine, row)
        if not self.has_log:
            message = f"{tx}: not queued; payments that have ended are only known with events: true"
            raise SimulationError(message)
        number = tx_number(tx)
        own = [] if number is None else [part[_concerns(part, number)] for part in self._log]
        if number is not None:  # a part of a split is known by its parent
            splits = {int(row[PAY_ID]) for part in own for row in part[part[:, KIND] == EventKind.POLICY_SPLIT]}
            named = np.array(sorted({number, *splits}), np.int64)
            own = [part[np.isin(part[:, PAY_ID], named)] for part in self._log]
        return find_ended(Events.joined(own, self.bank_ids, self._tree_names), tx)


def _concerns(part: I64, number: int) -> Any:
    """Return the rows of a payment or of its split parent."""
    first, count = part[:, FIRST_CHILD], part[:, FIRST_CHILD - 1]
    is_parent = (part[:, KIND] == EventKind.POLICY_SPLIT) & (first <= number) & (number < first + count)
    return (part[:, PAY_ID] == number) | is_parent
