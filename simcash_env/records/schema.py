"""The columns of a record, and the way from log rows to them and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from simcash_env.errors import RecordError
from simcash_env.records.columns import BANK_TICKS
from simcash_env.schema.arrays import I64, LOG_COLUMNS, LOG_WORDS
from simcash_env.schema.codes import NONE, EventKind
from simcash_env.simulation.daily import METRICS
from simcash_env.simulation.event_log import CODED_VALUES, VALUE_NAMES, TreeNames

TEXT: Final = pa.dictionary(pa.int32(), pa.string())

EVENTS: Final = pa.schema(
    [
        ("seq", pa.int64()),  # place in the run, from 0
        ("tick", pa.int64()),
        ("day", pa.int64()),
        ("kind", TEXT),
        ("bank", TEXT),
        ("counterparty", TEXT),
        ("tx", pa.int64()),  # 1 is tx_00000001
        ("cents", pa.int64()),
        ("value_1", pa.int64()),  # what they mean for each kind: docs/events.md
        ("value_2", pa.int64()),
        ("label", TEXT),  # the name that value_1 stands for, where it stands for one
    ]
)

KINDS: Final = tuple(kind.label for kind in EventKind)
NAMED_VALUES: Final = {kind: names[0] for kind, names in VALUE_NAMES.items() if names[0] in CODED_VALUES}


class Encoder:
    """Turns log rows into a table of ``EVENTS``, and bank figures into tables of theirs."""

    def __init__(self, bank_ids: Sequence[str], ticks_per_day: int) -> None:
        self.bank_ids = bank_ids
        self._ticks_per_day = ticks_per_day
        self._banks = pa.array(bank_ids, pa.string())
        self._kinds = pa.array(KINDS, pa.string())

    def events(self, rows: I64, first: int, names: TreeNames) -> pa.Table:
        """Log rows as a table; ``first`` is the place of the first one in the run."""
        tick, kind, bank, counterparty, tx, cents, value_1, value_2 = np.ascontiguousarray(rows.T)
        columns = [
            pa.array(np.arange(first, first + len(rows))),
            pa.array(tick),
            pa.array(tick // self._ticks_per_day),
            pa.DictionaryArray.from_arrays(pa.array(kind.astype(np.int32)), self._kinds),
            _named(bank, self._banks),
            _named(counterparty, self._banks),
            *(pa.array(column, mask=column == NONE) for column in (tx, cents, value_1, value_2)),
            self._labels(rows, names),
        ]
        return pa.Table.from_arrays(columns, schema=EVENTS)

    def _labels(self, rows: I64, names: TreeNames) -> pa.Array:
        """Names of coded first values: of a cost, a mechanism, a tree's path, a register."""
        kinds, values = rows[:, 1], rows[:, LOG_COLUMNS.index("value_1")]
        numbers = np.full(len(rows), NONE, np.int64)
        known: list[str] = []
        for kind, name in NAMED_VALUES.items():
            found = kinds == kind
            if found.any():
                codes = CODED_VALUES[str(name)]
                numbers[found] = len(known) + values[found]
                known += [code.name.lower() for code in codes]
        found = kinds == EventKind.TREE_DECISION
        if found.any():
            paths, places = np.unique(values[found], return_inverse=True)
            numbers[found] = len(known) + places
            known += [names.paths[path] for path in paths]
        found = kinds == EventKind.STATE_REGISTER_SET
        if found.any():
            pairs, places = np.unique(np.stack([rows[found, 2], values[found]]), axis=1, return_inverse=True)
            numbers[found] = len(known) + places.ravel()
            known += [names.registers[bank][register] for bank, register in pairs.T]
        return _named(numbers, pa.array(known, pa.string()))

    def bank_ticks(self, first: int, samples: I64) -> pa.Table:
        """(ticks, columns, banks) figures, from tick ``first`` on, as one row a bank and tick."""
        ticks = np.arange(first, first + len(samples))
        columns = {"tick": np.repeat(ticks, len(self.bank_ids)), "bank": self._repeated(len(ticks))}
        columns |= {name: samples[:, at].ravel() for at, name in enumerate(BANK_TICKS)}
        return pa.table(columns)

    def bank_days(self, days: Sequence[tuple[int, I64]]) -> pa.Table:
        """(banks, metrics) figures of each day as one row a bank and day."""
        figures = np.concatenate([np.zeros((0, len(METRICS)), np.int64), *(rows for _, rows in days)])
        numbers = np.array([day for day, _ in days], np.int64)
        columns = {"day": np.repeat(numbers, len(self.bank_ids)), "bank": self._repeated(len(days))}
        return pa.table(columns | {name: figures[:, at] for at, name in enumerate(METRICS)})

    def _repeated(self, times: int) -> pa.Array:
        return _named(np.tile(np.arange(len(self.bank_ids)), times), self._banks)


class Decoder:
    """Turns tables of ``EVENTS`` back into log rows."""

    def __init__(self, bank_ids: Sequence[str]) -> None:
        self._banks = pa.array(bank_ids, pa.string())
        self._kinds = pa.array(KINDS, pa.string())

    def rows(self, table: pa.Table) -> I64:
        """(events, 8) log rows.

        Raises:
            RecordError: a kind of event or a bank that the scenario does not know.
        """
        rows = np.empty((table.num_rows, LOG_WORDS), np.int64)
        rows[:, 0] = _numbers(table["tick"])
        for at, (name, known) in enumerate(
            (("kind", self._kinds), ("bank", self._banks), ("counterparty", self._banks))
        ):
            rows[:, 1 + at] = _codes(table[name], known, name)
        for at, name in enumerate(("tx", "cents", "value_1", "value_2")):
            rows[:, 4 + at] = _numbers(table[name])
        return rows


def _named(numbers: I64, names: pa.Array) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(numbers.astype(np.int32), mask=numbers == NONE), names)


def _numbers(column: Any) -> I64:
    found: I64 = column.fill_null(NONE).to_numpy()
    return found


def _codes(column: Any, known: pa.Array, name: str) -> I64:
    texts = column.cast(pa.string())
    found = pc.index_in(texts, known)
    if found.null_count != texts.null_count:
        strange = pc.unique(texts.filter(pc.and_(found.is_null(), texts.is_valid())))[0]
        message = f"events: {name} {strange.as_py()!r} is unknown to this version, or to the recorded scenario"
        raise RecordError(message)
    return _numbers(found.cast(pa.int64()))
