"""A payments table as the engine reads it: integers, sorted by day and tick, one copy for each file and process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.errors import DataError, Fault, reason_of
from simcash_env.schema.arrays import F64, I64
from simcash_env.schema.recorded import (
    BANK_BITS,
    BANK_MASK,
    DIVISIBLE_SHIFT,
    OFFSET_MASK,
    OFFSET_SHIFT,
    PAYMENT_WORDS,
    PRIORITY_SHIFT,
    RECEIVER_SHIFT,
)

if TYPE_CHECKING:
    from simcash_env.data.payments import Payments

KEPT_FILES: Final = 4
"""Data sets that stay in memory though no scenario uses them, so that scenarios made one after another share them."""

EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, eq=False)
class RecordedDays:
    """All days of one payments table.

    Attributes:
        checksum: of the file.
        open_us: opening, in microseconds from midnight.
        close_us: closing.
        open_text: opening as text.
        close_text: closing as text.
        ticks_per_day: ticks of a day.
        days: dates in order.
        bank_ids: senders and receivers, sorted; a bank's number in the data set is its place here.
        words: the payments as kernels read them (``schema/recorded.py``); read-only.
    """

    checksum: str
    open_us: int
    close_us: int
    open_text: str
    close_text: str
    ticks_per_day: int
    days: tuple[date, ...]
    bank_ids: tuple[str, ...]
    words: I64 = field(repr=False)

    @property
    def num_payments(self) -> int:
        """Payments of all days."""
        return (len(self.words) - self._num_cells - 1) // PAYMENT_WORDS

    @property
    def _num_cells(self) -> int:
        return len(self.days) * self.ticks_per_day

    @property
    def _payments(self) -> I64:
        return self.words[self._num_cells + 1 :].reshape(-1, PAYMENT_WORDS)

    @cached_property
    def tick_counts(self) -> I64:
        """(days, ticks) number of payments."""
        counts: I64 = np.diff(self.words[: self._num_cells + 1]) // PAYMENT_WORDS
        return counts.reshape(len(self.days), self.ticks_per_day)

    @cached_property
    def tick_cents(self) -> F64:
        """(days, ticks) value of payments; rounded above 2**53."""
        cells = np.repeat(np.arange(self._num_cells), self.tick_counts.ravel())
        cents = np.bincount(cells, self._payments[:, 0].astype(np.float64), self._num_cells).astype(np.float64)
        return cents.reshape(len(self.days), self.ticks_per_day)

    @cached_property
    def outflows(self) -> tuple[I64, F64]:
        """(days, banks) number and value of payments by sender."""
        senders, num_banks = self._payments[:, 1] & BANK_MASK, len(self.bank_ids)
        cells = np.repeat(np.arange(len(self.days)), self.tick_counts.sum(axis=1)) * num_banks + senders
        shape, size = (len(self.days), num_banks), len(self.days) * num_banks
        cents = np.bincount(cells, self._payments[:, 0].astype(np.float64), size).astype(np.float64)
        return np.bincount(cells, minlength=size).astype(np.int64).reshape(shape), cents.reshape(shape)

    @cached_property
    def divisible_senders(self) -> frozenset[str]:
        """Banks with a payment that may be split."""
        packed = self._payments[:, 1]
        numbers = np.unique(packed[packed >> DIVISIBLE_SHIFT == 1] & BANK_MASK)
        return frozenset(self.bank_ids[number] for number in numbers)

    @cached_property
    def longest_deadline_ticks(self) -> int:
        """Longest time from arrival to deadline."""
        return int((self._payments[:, 1] >> OFFSET_SHIFT & OFFSET_MASK).max())

    def mean_outflow(self, bank: str, days: tuple[int, ...]) -> tuple[float, float]:
        """Number and value of the payments that a bank sends on a mean day of these."""
        if bank not in self.bank_ids:
            return 0.0, 0.0
        number, (counts, cents) = self.bank_ids.index(bank), self.outflows
        return float(counts[list(days), number].mean()), float(cents[list(days), number].mean())

    def largest_day(self, days: tuple[int, ...], block_ticks: int) -> tuple[float, float]:
        """Largest number and value of a day that is put together from blocks of these days."""
        starts = np.arange(0, self.ticks_per_day, block_ticks)
        chosen = list(days)
        largest = [
            np.add.reduceat(table[chosen].astype(np.float64), starts, axis=1).max(axis=0).sum()
            for table in (self.tick_counts, self.tick_cents)
        ]
        return float(largest[0]), float(largest[1])


def read_recorded_days(file: str) -> RecordedDays:
    """Read a payments table; a file that has not changed since it was read is not read again.

    Raises:
        DataError: the file cannot be read, is no payments table, or has no payments or too many banks.
    """
    return _read(file, *_identity(file))


def checksum_of(file: str) -> str:
    """Checksum of a file, from memory if it was computed before.

    Raises:
        DataError: the file cannot be read.
    """
    return _checksum(file, *_identity(file))


def _identity(file: str) -> tuple[int, int, int]:
    try:
        found = Path(file).stat()
    except (OSError, ValueError) as error:
        raise DataError([Fault(file, None, "", None, f"cannot be read: {reason_of(error)}")]) from error
    return found.st_mtime_ns, found.st_size, found.st_ino


@lru_cache(maxsize=KEPT_FILES)
def _checksum(file: str, *_identity: int) -> str:
    from simcash_env.data.payments import file_checksum

    return file_checksum(file)


@lru_cache(maxsize=KEPT_FILES)
def _read(file: str, *identity: int) -> RecordedDays:
    from simcash_env.data.payments import clock_text, read_payments

    payments = read_payments(file)
    calendar = payments.calendar
    if not len(payments):
        raise DataError([Fault(file, None, "", None, "has no payments")])
    bank_ids, sender, receiver = _bank_numbers(payments)
    if len(bank_ids) > 2**BANK_BITS:
        rule = f"must have at most {2**BANK_BITS} senders and receivers, got {len(bank_ids)}"
        raise DataError([Fault(file, None, "", None, rule)])
    days, number = np.unique(payments.integers("day"), return_inverse=True)
    arrival = np.maximum(payments.integers("submitted"), payments.integers("not_before"))
    ticks, due_us = calendar.ticks_per_day, payments.integers("deadline")
    tick = calendar.tick_of(arrival)
    due = np.where(due_us < 0, ticks - 1, np.minimum(calendar.tick_of(due_us), ticks - 1))
    packed = sender | receiver << RECEIVER_SHIFT | np.maximum(due - tick, 1) << OFFSET_SHIFT
    packed |= payments.integers("priority") << PRIORITY_SHIFT
    packed |= payments.integers("divisible") << DIVISIBLE_SHIFT
    rows = np.stack([payments.integers("amount_cents"), packed], axis=1)
    order = np.lexsort((arrival, number))
    num_cells = len(days) * ticks
    counts = np.bincount(number * ticks + tick, minlength=num_cells)
    first = num_cells + 1 + PAYMENT_WORDS * np.concatenate([[0], np.cumsum(counts)])
    words = np.concatenate([first, rows[order].ravel()]).astype(np.int64)
    words.setflags(write=False)
    return RecordedDays(
        checksum=_checksum(file, *identity),
        open_us=calendar.open_us,
        close_us=calendar.close_us,
        open_text=clock_text(calendar.open_us),
        close_text=clock_text(calendar.close_us),
        ticks_per_day=ticks,
        days=tuple(EPOCH + timedelta(days=int(day)) for day in days),
        bank_ids=bank_ids,
        words=words,
    )


def _bank_numbers(payments: Payments) -> tuple[tuple[str, ...], I64, I64]:
    """Names of all banks, sorted, and the number of each payment's sender and receiver."""
    columns = [payments.table[name].combine_chunks() for name in ("sender", "receiver")]
    names: list[list[str]] = [column.dictionary.to_pylist() for column in columns]
    codes: list[npt.NDArray[Any]] = [np.asarray(column.indices) for column in columns]
    used = [{names[side][code] for code in np.unique(codes[side])} for side in (0, 1)]
    bank_ids = tuple(sorted(set.union(*used)))
    number = {name: place for place, name in enumerate(bank_ids)}
    tables = [np.array([number.get(name, 0) for name in side], np.int64) for side in names]
    return bank_ids, tables[0][codes[0]], tables[1][codes[1]]


def clear_cache() -> None:
    """Forget all data sets that no scenario uses."""
    _read.cache_clear()
    _checksum.cache_clear()
