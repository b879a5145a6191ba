"""Results of a run as Arrow tables: payments, and banks and the whole system by tick, hour and day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np

from simcash_env.config.clock import Clock
from simcash_env.errors import SimulationError
from simcash_env.files import make_folder_of, replacing
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import NONE, CostKind, EventKind
from simcash_env.simulation.daily import FLOWS, add_flows, total_cost
from simcash_env.simulation.event_log import Events, tx_name
from simcash_env.simulation.payment_columns import MECHANISMS, dropped_moves, payments_of, settled_moves

if TYPE_CHECKING:
    import pyarrow as pa

Format: TypeAlias = Literal["csv", "parquet", "arrow"]
FORMATS: Final[tuple[Format, ...]] = ("csv", "parquet", "arrow")

BANK_TICKS: Final = (
    "balance_cents",
    "posted_collateral_cents",
    "pool_allocated_cents",
    "queue1_count",
    "queue1_cents",
    "queue2_count",
    "queue2_cents",
)
"""What is kept of every bank at the end of every tick: columns ``bank_*`` of the state."""

PAYMENT_COSTS: Final = (
    CostKind.DEADLINE_PENALTY,
    CostKind.DROP_PENALTY,
    CostKind.SPLIT_FRICTION,
    CostKind.EOD_PENALTY,
)
"""Costs that are charged for one payment; the others are charged to a bank for a tick."""

SUBMISSIONS: Final = (EventKind.POLICY_SUBMIT, EventKind.POLICY_SPLIT, EventKind.QUEUED_RTGS)


@dataclass(frozen=True)
class RunTables(Mapping[str, Any]):
    """Arrow tables of a run, by attribute or by name. Columns that end in ``_cents`` are whole cents.

    Attributes:
        payments: one row a payment that arrived; parts of a split payment are added to it. Costs are those that are
            charged for single payments.
        banks_by_tick: balance, collateral, pool and queues after each tick, and what happened in it.
        banks_by_hour: the same by hour of the day: balance and queues at its end, lowest and highest balance in it.
        banks_by_day: the same by day.
        system_by_tick: sums over all banks, and the value settled by each mechanism.
    """

    payments: pa.Table
    banks_by_tick: pa.Table
    banks_by_hour: pa.Table
    banks_by_day: pa.Table
    system_by_tick: pa.Table

    def __getitem__(self, name: str) -> Any:
        """A table by name."""
        if name not in TABLE_NAMES:
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        """Names of the tables."""
        return iter(TABLE_NAMES)

    def __len__(self) -> int:
        """Number of the tables."""
        return len(TABLE_NAMES)

    def to_pandas(self) -> dict[str, Any]:
        """Pandas data frames by name, whose columns are Arrow arrays that share the tables' memory."""
        import pandas as pd

        return {name: table.to_pandas(types_mapper=pd.ArrowDtype) for name, table in self.items()}

    def write(self, folder: str | Path, file_format: Format = "parquet") -> list[Path]:
        """Write every table to ``FOLDER/NAME.FORMAT``; a missing folder is made.

        Raises:
            WriteError: a file cannot be written; what was there is as it was.
            SimulationError: no such format.
        """
        if file_format not in FORMATS:
            message = f"format: must be one of {', '.join(FORMATS)}, got {file_format!r}"
            raise SimulationError(message)
        paths = []
        for name, table in self.items():
            path = Path(folder) / f"{name}.{file_format}"
            make_folder_of(path)
            with replacing(path) as partial:
                _write(table, partial, file_format)
            paths.append(path)
        return paths


TABLE_NAMES: Final = tuple(field.name for field in fields(RunTables))


def _write(table: Any, path: Path, file_format: Format) -> None:
    import pyarrow as pa

    if file_format == "parquet":
        import pyarrow.parquet as pq

        pq.write_table(table, path)
    elif file_format == "arrow":
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
            writer.write_table(table)
    else:
        import pyarrow.csv as arrow_csv

        plain = [
            pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field for field in table.schema
        ]
        arrow_csv.write_csv(table.cast(pa.schema(plain)), str(path))


def run_tables(events: Events, samples: I64, bank_ids: tuple[str, ...], hours: Clock, *, is_timed: bool) -> RunTables:
    """The tables of a run from its first tick on.

    Args:
        events: the whole event log.
        samples: (ticks, ``BANK_TICKS``, banks) figures after each tick.
        bank_ids: in the order of their numbers.
        hours: opening hours, or those of figures by hour where the scenario states none.
        is_timed: True if the scenario has opening hours; without them, times of day are null.

    Raises:
        SimulationError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
    except ModuleNotFoundError as missing:
        message = f"tables need {missing.name}: pip install 'simcash-env[records]'"
        raise SimulationError(message) from missing
    builder = _Builder(pa, events, samples, bank_ids, hours, is_timed=is_timed)
    return RunTables(
        payments=builder.payments(),
        banks_by_tick=builder.banks_by_tick(),
        banks_by_hour=builder.by_period(builder.hour_buckets(), ("day", "hour")),
        banks_by_day=builder.by_period(builder.days[:, None], ("day",)),
        system_by_tick=builder.system_by_tick(),
    )


class _Builder:
    """Columns that several tables share."""

    def __init__(
        self, arrow: Any, events: Events, samples: I64, bank_ids: tuple[str, ...], hours: Clock, *, is_timed: bool
    ) -> None:
        self.pa, self.events, self.samples = arrow, events, samples
        self.hours, self.is_timed = hours, is_timed
        self.banks = arrow.array(bank_ids, arrow.string())
        self.num_ticks = len(samples)
        self.ticks = np.arange(self.num_ticks)
        self.days = self.ticks // hours.ticks_per_day
        self.flows = np.zeros((len(FLOWS), self.num_ticks, len(bank_ids)), np.int64)
        add_flows(self.flows, events.rows, events.column("tick"))

    def time(self, ticks: I64, mask: Any = None) -> Any:
        """Times of day at the start of ticks; null without opening hours."""
        kind = self.pa.time64("us")
        if not self.is_timed:
            return self.pa.nulls(len(ticks), kind)
        return self.pa.array(self.hours.time_us(ticks), mask=mask).cast(kind)

    def named(self, numbers: I64, names: Any) -> Any:
        """Codes as text; null for none."""
        return self.pa.DictionaryArray.from_arrays(self.pa.array(numbers.astype(np.int32), mask=numbers == NONE), names)

    def payments(self) -> Any:
        """One row a payment that arrived."""
        pa, events = self.pa, self.events
        found, root = payments_of(events)
        count = len(found.ids)
        settled, dropped = settled_moves(events, root), dropped_moves(events, root)
        paid, gone = _sums(count, settled.payment, settled.cents), _sums(count, dropped.payment, dropped.cents)
        last = _latest(count, settled.payment, settled.tick)
        mechanism = np.full(count, NONE, np.int64)
        mechanism[settled.payment] = settled.mechanism  # the last settlement of a payment wins
        is_settled = paid == found.cents
        submission = self._first(root, count, SUBMISSIONS)
        overdue = self._first(root, count, (EventKind.TRANSACTION_WENT_OVERDUE,))
        arrivals = events.of_kind(EventKind.ARRIVAL)
        columns = {
            "payment": pa.array([tx_name(number) for number in found.ids.tolist()], pa.string()),
            "sender": self.named(found.sender, self.banks),
            "receiver": self.named(found.receiver, self.banks),
            "amount_cents": found.cents,
            "priority": arrivals.column("value_2"),
            "day": found.arrival_tick // self.hours.ticks_per_day,
            "arrival_tick": found.arrival_tick,
            "arrival_time": self.time(found.arrival_tick),
            "deadline_tick": found.deadline_tick,
            "submission_tick": pa.array(submission, mask=submission == NONE),
            "submission_time": self.time(submission, submission == NONE),
            "settlement_tick": pa.array(last, mask=~is_settled),
            "settlement_time": self.time(last, ~is_settled),
            "mechanism": self.named(np.where(is_settled, mechanism, NONE), pa.array(MECHANISMS, pa.string())),
            "delay_ticks": pa.array(last - found.arrival_tick, mask=~is_settled),
            "settled_cents": paid,
            "dropped_cents": gone,
            "overdue_tick": pa.array(overdue, mask=overdue == NONE),
        }
        charges = events.of_kind(EventKind.COST_ACCRUAL)
        charges = charges.with_rows(charges.rows[charges.column("pay_id") != NONE])
        places, kinds, cents = root[charges.column("pay_id")], charges.column("value_1"), charges.column("cents")
        for kind in PAYMENT_COSTS:
            chosen = kinds == kind
            columns[f"{kind.name.lower()}_cents"] = _sums(count, places[chosen], cents[chosen])
        return pa.table(columns)

    def _first(self, root: I64, count: int, kinds: tuple[EventKind, ...]) -> I64:
        """(payments,) tick of the first event of these kinds; NONE without one."""
        found = self.events.of_kind(*kinds)
        first = np.full(count, np.iinfo(np.int64).max)
        np.minimum.at(first, root[found.column("pay_id")], found.column("tick"))
        return np.where(first == np.iinfo(np.int64).max, NONE, first)

    def _flow_columns(self, flows: I64) -> dict[str, I64]:
        """Columns of sums (``FLOWS``, ...), with the total cost."""
        columns = {name: flows[at].ravel() for at, name in enumerate(FLOWS)}
        return columns | {"total_cost_cents": total_cost(flows).ravel()}

    def banks_by_tick(self) -> Any:
        """One row a tick and bank."""
        ticks = np.repeat(self.ticks, len(self.banks))
        columns: dict[str, Any] = {
            "tick": ticks,
            "day": ticks // self.hours.ticks_per_day,
            "time": self.time(ticks),
            "bank": self._all_banks(self.num_ticks),
        }
        columns |= {name: self.samples[:, at].ravel() for at, name in enumerate(BANK_TICKS)}
        return self.pa.table(columns | self._flow_columns(self.flows))

    def _all_banks(self, times: int) -> Any:
        return self.named(np.tile(np.arange(len(self.banks)), times), self.banks)

    def hour_buckets(self) -> I64:
        """(ticks, 2) day and hour of every tick."""
        return np.stack([self.days, self.hours.hour_of(self.ticks)], axis=1)

    def by_period(self, keys: I64, names: tuple[str, ...]) -> Any:
        """One row a period and bank, periods told apart by keys (ticks, names)."""
        is_new = np.ones(self.num_ticks, bool)
        is_new[1:] = (keys[1:] != keys[:-1]).any(axis=1)
        starts = np.flatnonzero(is_new)
        ends = np.append(starts[1:], self.num_ticks)[: len(starts)] - 1
        columns: dict[str, Any] = {name: np.repeat(keys[starts, at], len(self.banks)) for at, name in enumerate(names)}
        columns["bank"] = self._all_banks(len(starts))
        balances = self.samples[:, BANK_TICKS.index("balance_cents")]
        for at, name in enumerate(BANK_TICKS):
            columns[f"closing_{name}" if name == "balance_cents" else name] = self.samples[ends, at].ravel()
        if len(starts):
            columns["lowest_balance_cents"] = np.minimum.reduceat(balances, starts, axis=0).ravel()
            columns["highest_balance_cents"] = np.maximum.reduceat(balances, starts, axis=0).ravel()
            flows = np.add.reduceat(self.flows, starts, axis=1)
        else:
            columns |= dict.fromkeys(("lowest_balance_cents", "highest_balance_cents"), np.zeros(0, np.int64))
            flows = self.flows
        return self.pa.table(columns | self._flow_columns(flows))

    def system_by_tick(self) -> Any:
        """One row a tick."""
        columns: dict[str, Any] = {"tick": self.ticks, "day": self.days, "time": self.time(self.ticks)}
        for name in BANK_TICKS[1:]:
            columns[name] = self.samples[:, BANK_TICKS.index(name)].sum(axis=1)
        columns |= self._flow_columns(self.flows.sum(axis=2))
        _, root = payments_of(self.events)
        moves = settled_moves(self.events, root)
        for place, name in enumerate(MECHANISMS):
            chosen = moves.mechanism == place
            columns[f"settled_{name}_cents"] = _sums(self.num_ticks, moves.tick[chosen], moves.cents[chosen])
        return self.pa.table(columns)


def _sums(count: int, places: I64, cents: I64) -> I64:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, places, cents)
    return sums


def _latest(count: int, places: I64, ticks: I64) -> I64:
    latest = np.full(count, NONE, np.int64)
    np.maximum.at(latest, places, ticks)
    return latest
