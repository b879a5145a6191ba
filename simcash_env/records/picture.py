"""What the plots of a run show, added up as the run goes by, in memory that does not grow with it."""

from __future__ import annotations

from typing import Final

import numpy as np

from simcash_env.records.columns import BANK_TICKS
from simcash_env.records.facts import RunFacts
from simcash_env.records.recorder import Chunk
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NUM_COSTS, EventKind
from simcash_env.simulation.daily import DROPPED, SETTLEMENTS

MAX_POINTS: Final = 4_000
"""Ticks that lines are drawn through; in longer runs every second, fourth, eighth ... one is kept."""

QUEUES: Final = ("queue1_cents", "queue2_cents")

KIND, BANK, COUNTERPARTY, CENTS, VALUE = 1, 2, 3, 5, 6


class Picture:
    """A sink that draws nothing yet: ``plots.draw`` does.

    Args:
        facts: of the run.

    Attributes:
        ticks: (points,) that lines go through.
        balances: (points, banks) cents after the tick.
        queue1: (points,) cents in all banks' own queues.
        queue2: (points,) cents in the central queue.
        settled: (ticks of a day,) cents settled at that time of day, over all days.
        arrived: the same for arrivals.
        carried_in: cents that waited when the record began.
        never_settled: cents that were due and had not settled when the record ended, dropped or still waiting.
        hours: opening hours.
        costs: (hours, kinds) cents, over all days.
        bank_costs: (banks, kinds) cents.
        network: (banks, banks) cents settled from row to column.
        paid: (ticks of a day, banks) cents that a bank's payments settled at that time of day, over all days.
        received: the same for what it received.
        dropped: (banks,) cents of payments that it dropped.
    """

    def __init__(self, facts: RunFacts) -> None:
        self.facts = facts
        banks = len(facts.bank_ids)
        self.settled, self.arrived = np.zeros((2, facts.ticks_per_day), np.int64)
        self.hours = facts.hours
        self.costs = np.zeros((self.hours.num_hours, NUM_COSTS), np.int64)
        self.bank_costs = np.zeros((banks, NUM_COSTS), np.int64)
        self.network = np.zeros((banks, banks), np.int64)
        self.paid, self.received = np.zeros((2, self.facts.ticks_per_day, banks), np.int64)
        self.dropped = np.zeros(banks, np.int64)
        self._last_sample: I64 | None = None
        self._ticks: list[int] = []
        self._lines: list[I64] = []
        self._stride = 1

    @property
    def ticks(self) -> I64:
        """(points,) that lines go through."""
        return np.array(self._ticks, np.int64)

    @property
    def balances(self) -> I64:
        """(points, banks) cents after the tick."""
        return self._line("balance_cents")

    @property
    def queue1(self) -> I64:
        """(points,) cents in all banks' own queues."""
        found: I64 = self._line("queue1_cents").sum(axis=1)
        return found

    @property
    def queue2(self) -> I64:
        """(points,) cents in the central queue."""
        found: I64 = self._line("queue2_cents").sum(axis=1)
        return found

    @property
    def never_settled(self) -> int:
        """Cents that were due and had not settled at the end."""
        waiting = 0
        if self._last_sample is not None:
            waiting = sum(int(self._last_sample[BANK_TICKS.index(name)].sum()) for name in QUEUES)
        return int(self.dropped.sum()) + waiting

    @property
    def due(self) -> int:
        """Cents that arrived, and those that waited when the record began."""
        return int(self.settled.sum()) + self.never_settled

    @property
    def carried_in(self) -> int:
        """Cents that waited when the record began; 0 where it begins with the run."""
        return self.due - int(self.arrived.sum())

    @property
    def due_by_bank(self) -> I64:
        """(banks,) cents of a bank's payments that arrived, and of those that waited when the record began."""
        waiting = np.zeros(len(self.facts.bank_ids), np.int64)
        if self._last_sample is not None:
            waiting = np.sum([self._last_sample[BANK_TICKS.index(name)] for name in QUEUES], axis=0)
        found: I64 = self.paid.sum(axis=0) + waiting + self.dropped
        return found

    @property
    def net_debits(self) -> I64:
        """(ticks of a day, banks) cents that a bank has paid more than received since the day began, over all days."""
        found: I64 = np.maximum(np.cumsum(self.paid - self.received, axis=0), 0)
        return found

    def _line(self, name: str) -> I64:
        empty = np.zeros((0, len(BANK_TICKS), len(self.facts.bank_ids)), np.int64)
        found: I64 = np.concatenate([empty, *(line[None] for line in self._lines)])[:, BANK_TICKS.index(name)]
        return found

    def write(self, chunk: Chunk, facts: RunFacts) -> None:
        """Add a chunk."""
        self.facts = facts
        self.add_events(chunk.rows)
        self.add_samples(chunk.first_tick, chunk.samples)

    def finish(self, facts: RunFacts) -> None:
        """Keep the facts of the completed run."""
        self.facts = facts

    def abandon(self, facts: RunFacts) -> None:
        """Keep the facts of the interrupted run."""
        self.facts = facts

    def add_events(self, rows: I64) -> None:
        """Add up (events, 8) log rows."""
        per_day, kinds = self.facts.ticks_per_day, rows[:, KIND]
        times = rows[:, 0] % per_day
        moving = np.isin(kinds, SETTLEMENTS)
        np.add.at(self.settled, times[moving], rows[moving, CENTS])
        np.add.at(self.network, (rows[moving, BANK], rows[moving, COUNTERPARTY]), rows[moving, CENTS])
        np.add.at(self.paid, (times[moving], rows[moving, BANK]), rows[moving, CENTS])
        np.add.at(self.received, (times[moving], rows[moving, COUNTERPARTY]), rows[moving, CENTS])
        dropping = np.isin(kinds, DROPPED)
        np.add.at(self.dropped, rows[dropping, BANK], rows[dropping, CENTS])
        arriving = kinds == EventKind.ARRIVAL
        np.add.at(self.arrived, times[arriving], rows[arriving, CENTS])
        charged = kinds == EventKind.COST_ACCRUAL
        cents, costs = rows[charged, CENTS], rows[charged, VALUE]
        np.add.at(self.costs, (self.hours.hour_of(times[charged]) - self.hours.first_hour, costs), cents)
        np.add.at(self.bank_costs, (rows[charged, BANK], costs), cents)

    def add_samples(self, first_tick: int, samples: I64) -> None:
        """Add (ticks, columns, banks) figures from ``first_tick`` on."""
        if len(samples):
            self._last_sample = samples[-1].copy()
        for tick, sample in enumerate(samples, start=first_tick):
            if tick % self._stride == 0:
                self._ticks.append(tick)
                self._lines.append(sample)
            if len(self._ticks) > MAX_POINTS:
                self._stride *= 2
                kept = [at for at, known in enumerate(self._ticks) if known % self._stride == 0]
                self._ticks, self._lines = [self._ticks[at] for at in kept], [self._lines[at] for at in kept]

    @property
    def stride(self) -> int:
        """Distance of grid lines in ticks."""
        return self._stride
