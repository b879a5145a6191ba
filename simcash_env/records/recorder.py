"""``Recorder``: plays a simulation and writes down what happens, chunk by chunk."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np

from simcash_env.errors import OrderError, RecordError, SimcashError, WriteError
from simcash_env.integers import whole
from simcash_env.records.columns import BANK_TICKS, CHUNK_ROWS
from simcash_env.records.facts import RunFacts, Status
from simcash_env.records.inputs import Input, InputKind
from simcash_env.schema.arrays import I64, LOG_WORDS
from simcash_env.simulation import Simulation, TickResult
from simcash_env.simulation.daily import DayBook
from simcash_env.simulation.decisions import Actions, Order, SendLimit
from simcash_env.simulation.event_log import TreeNames

BALANCE, QUEUE1, QUEUE2 = map(BANK_TICKS.index, ("balance_cents", "queue1_cents", "queue2_cents"))


@dataclass
class Chunk:
    """Some ticks of a run, ready to be written.

    Attributes:
        rows: (events, 8) log rows.
        first_event: place of the first of them in the run.
        names: what the numbers of tree events stand for.
        first_tick: of the samples.
        samples: (ticks, columns, banks), ``schema.BANK_TICKS``.
        days: number of each day that ended, with its (banks, metrics).
        inputs: what came in from outside.
    """

    rows: I64
    first_event: int
    names: TreeNames
    first_tick: int
    samples: I64
    days: list[tuple[int, I64]] = field(default_factory=list)
    inputs: list[Input] = field(default_factory=list)


class Sink(Protocol):
    """Where chunks go: a Parquet file, a DuckDB file, a picture in the making."""

    def write(self, chunk: Chunk, facts: RunFacts) -> None:
        """Keep a chunk; the facts are those at its end."""

    def finish(self, facts: RunFacts) -> None:
        """The run is over, or its recording: make what was written readable."""

    def abandon(self, facts: RunFacts) -> None:
        """Something has failed: keep what can be kept, and leave older content as it was."""


def _plain(value: Any) -> Any:
    """For JSON: NumPy's integers and truth values as Python's, and any mapping as a dict."""
    number = whole(value)
    if number is not None:
        return number
    return bool(value) if isinstance(value, np.bool_) else dict(value)


class Recorder:
    """Plays a simulation and records it.

    Run a recorded simulation through its recorder only: calls made directly on the simulation are not recorded.

    Args:
        simulation: at any tick; ``events=True`` or ``"tick"``.
        sinks: where the record goes.
        chunk_rows: events, or figures of banks, that are gathered before they are written.
    """

    def __init__(self, simulation: Simulation, sinks: Sequence[Sink], *, chunk_rows: int = CHUNK_ROWS) -> None:
        if not simulation.logs_events:
            message = "a run without events cannot be recorded: Simulation(..., events='tick')"
            raise RecordError(message)
        self.simulation = simulation
        self.facts = RunFacts.of(simulation)
        self._sinks = list(sinks)
        self._chunk_rows = chunk_rows
        sample = simulation.sample(BANK_TICKS)
        self._book = DayBook(
            sample[BALANCE], sample[QUEUE1] + sample[QUEUE2], simulation.config.simulation.ticks_per_day
        )
        self._next_tick = simulation.current_tick
        self._num_inputs = 0
        self._is_closed = False
        self._clear()

    def _clear(self) -> None:
        self._rows: list[I64] = []
        self._num_rows = self._num_booked = 0
        self._samples: list[I64] = []
        self._days: list[tuple[int, I64]] = []
        self._inputs: list[Input] = []

    # -- playing ------------------------------------------------------------------------------------------------------

    def open_tick(self) -> None:
        """``Simulation.open_tick``."""
        self._require_own_run()
        self.simulation.open_tick()
        self._note("open", {})

    def tick(
        self,
        actions: Actions | None = None,
        *,
        pool_levels: Mapping[str, int] | None = None,
        collateral: Mapping[str, int] | None = None,
        orders: Mapping[str, Order | None] | None = None,
        sub_limits: Mapping[str, int] | None = None,
        send_limits: Mapping[str, SendLimit] | None = None,
        pool_shares: Mapping[str, float] | None = None,
    ) -> TickResult:
        """``Simulation.tick``.

        Raises:
            WriteError: what has gathered cannot be written; the recording is over.
        """
        self._require_own_run()
        try:
            result = self.simulation.tick(
                actions,
                pool_levels=pool_levels,
                collateral=collateral,
                orders=orders,
                sub_limits=sub_limits,
                send_limits=send_limits,
                pool_shares=pool_shares,
            )
        except SimcashError:
            if self.simulation.is_open:  # decisions were refused after arrivals had come in
                self._note("open", {})
            raise
        others: dict[str, Any] = {"pool_levels": pool_levels, "collateral": collateral, "orders": orders}
        named = (("sub_limits", sub_limits), ("send_limits", send_limits), ("pool_shares", pool_shares))
        others |= {name: given for name, given in named if given}
        if actions is not None or any(others.values()):
            content = {"actions": actions, **{name: given or {} for name, given in others.items()}}
            self._note("tick", content, tick=result.tick)
        self._rows.append(result.events.rows)
        self._num_rows += len(result.events)
        self._samples.append(self.simulation.sample(BANK_TICKS))
        self._next_tick += 1
        if self._next_tick % self.facts.ticks_per_day == 0:
            self._add_to_book()
            self._days.append((result.day, self._book.close()))
        if max(self._num_rows, len(self._samples) * len(self.simulation.bank_ids)) >= self._chunk_rows:
            self._flush()
        return result

    def submit_transaction(
        self, sender: str, receiver: str, amount: int, deadline: int | None = None, **more: Any
    ) -> str:
        """``Simulation.submit_transaction``."""
        self._require_own_run()
        tick = self.simulation.current_tick
        tx = self.simulation.submit_transaction(sender, receiver, amount, deadline, **more)
        content = {"sender": sender, "receiver": receiver, "amount": amount, "deadline": deadline, **more}
        self._note("submit", content, tick=tick)
        return tx

    def place_order(self, bank: str, side: str, rate: float, amount: int, **more: Any) -> int:
        """``Simulation.place_order``; what is refused is recorded too, as its event is."""
        self._require_own_run()
        content = {"bank": bank, "side": side, "rate": rate, "amount": amount, **more}
        tick = self.simulation.current_tick
        try:
            order = self.simulation.place_order(bank, side, rate, amount, **more)
        except OrderError:
            self._note("order", content, tick=tick)
            raise
        self._note("order", content, tick=tick)
        return order

    def cancel_order(self, order: int) -> bool:
        """``Simulation.cancel_order``."""
        self._require_own_run()
        was_resting = self.simulation.cancel_order(order)
        self._note("cancel", {"order": order})
        return was_resting

    def set_policy(self, bank: str, policy: Mapping[str, Any] | str) -> None:
        """``Simulation.set_policy``, with the policy as a mapping or by name."""
        self._require_own_run()
        self.simulation.set_policy(bank, policy)
        self._note("policy", {"bank": bank, "policy": self.simulation.policy(bank)})

    def _require_own_run(self) -> None:
        if self._is_closed:
            message = "the recording is closed"
            raise RecordError(message)
        if self.simulation.current_tick != self._next_tick:
            message = f"the simulation was played past its recorder: tick {self._next_tick} is missing"
            raise RecordError(message)

    def _note(self, kind: InputKind, content: Mapping[str, Any], *, tick: int | None = None) -> None:
        now = self.simulation.current_tick if tick is None else tick
        self._inputs.append(Input(self._num_inputs, now, kind, json.dumps(content, sort_keys=True, default=_plain)))
        self._num_inputs += 1

    # -- writing ------------------------------------------------------------------------------------------------------

    def _add_to_book(self) -> None:
        """Give the day's book the ticks that it has not seen."""
        if self._num_booked < len(self._rows):
            self._book.add(np.concatenate(self._rows[self._num_booked :]))
            self._num_booked = len(self._rows)

    def _flush(self) -> None:
        """Hand what has gathered to every sink."""
        self._add_to_book()
        rows = np.concatenate([np.zeros((0, LOG_WORDS), np.int64), *self._rows])
        shape = len(self._samples), len(BANK_TICKS), len(self.simulation.bank_ids)
        samples = np.array(self._samples, np.int64).reshape(shape)
        first_event, first_tick = self.facts.num_events, self._next_tick - len(self._samples)
        names = self.simulation.log_names
        chunk = Chunk(rows, first_event, names, first_tick, samples, self._days, self._inputs)
        self.facts = self.facts.after(ticks=self._next_tick, num_events=first_event + len(rows))
        self._clear()
        for sink in self._sinks:
            sink.write(chunk, self.facts)

    def close(self, status: Status | None = None) -> RunFacts:
        """End the record: written, readable, and named by how it ended; a second call changes nothing.

        Raises:
            WriteError: a file cannot be written; the others are there.
        """
        if self._is_closed:
            return self.facts
        ending: Status = status or ("complete" if self.simulation.is_over else "stopped")
        try:
            if self._next_tick % self.facts.ticks_per_day:
                self._add_to_book()
                self._days.append((self._next_tick // self.facts.ticks_per_day, self._book.figures()))
            self._flush()
            digest = self.simulation.digest() if self.simulation.current_tick == self._next_tick else ""
            self.facts = replace(self.facts, status=ending, digest=digest)
        except SimcashError:
            self.abandon()
            raise
        self._is_closed = True
        self._end_all(lambda sink: sink.finish(self.facts))
        return self.facts

    def abandon(self) -> None:
        """End the record after a failure: what cannot be made readable goes, older content stays."""
        if self._is_closed:
            return
        self._is_closed = True
        self.facts = replace(self.facts, status="failed")
        self._end_all(lambda sink: sink.abandon(self.facts))

    def _end_all(self, end: Callable[[Sink], None]) -> None:
        """Close every sink, even if another fails; the first failure is raised."""
        failures = []
        for sink in self._sinks:
            try:
                end(sink)
            except SimcashError as failure:
                failures.append(failure)
        if failures:
            raise failures[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the record: complete, interrupted or failed, by what ended the block."""
        if kind is None:
            self.close()
        elif issubclass(kind, KeyboardInterrupt):
            self.close("interrupted")
        elif issubclass(kind, WriteError):
            self.abandon()
        else:
            self.close("failed")
