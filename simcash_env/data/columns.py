"""The columns of a payments table as NumPy arrays, with banks and days as row numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

from simcash_env.data.payments import Payments
from simcash_env.errors import DataError, Fault
from simcash_env.schema.arrays import I64

MISSING: Final = -1
"""A time that the table does not give, as ``Payments.integers`` writes it."""

EPOCH: Final = date(1970, 1, 1)

HOUR_US: Final = 3_600_000_000
LARGEST_SUM: Final = int(np.iinfo(np.int64).max)


@dataclass(frozen=True)
class PaymentColumns:
    """Arrays with one entry per payment, in the order of the table; times in microseconds since midnight.

    Attributes:
        banks: ids in ascending order; ``sender`` and ``receiver`` are positions in it.
        days: business days in ascending order; ``day`` is a position in it.
        submitted_us: time of submission.
        arrival_us: later of submission and ``not_before``: from then on the payment can settle.
        settled_us: recorded time of settlement, ``MISSING`` if there is none.
    """

    banks: tuple[str, ...]
    days: tuple[date, ...]
    day: I64
    sender: I64
    receiver: I64
    amount_cents: I64
    submitted_us: I64
    arrival_us: I64
    settled_us: I64

    @property
    def num_payments(self) -> int:
        """Number of rows."""
        return len(self.amount_cents)


def columns_of(payments: Payments, more_banks: Iterable[str] = ()) -> PaymentColumns:
    """The columns that statistics need.

    Args:
        payments: the table.
        more_banks: ids of banks that get a row even if they neither send nor receive.

    Raises:
        DataError: the table is empty, or its total value exceeds int64.
    """
    if not len(payments):
        raise DataError([Fault(payments.source or None, None, "", None, "must have at least one payment")])
    senders, sender = codes_of(payments.table["sender"])
    receivers, receiver = codes_of(payments.table["receiver"])
    banks = tuple(sorted({*senders, *receivers, *more_banks}))
    rows = {bank: row for row, bank in enumerate(banks)}
    dates = payments.integers("day")  # in ascending order
    is_first = np.diff(dates, prepend=dates[0] - 1) > 0
    amount_cents = payments.integers("amount_cents")
    total_cents = exact_sum(amount_cents)
    if total_cents > LARGEST_SUM:
        rule = f"the total value must be at most {LARGEST_SUM} cents"
        raise DataError([Fault(payments.source or None, None, "amount_cents", str(total_cents), rule)])
    submitted_us = payments.integers("submitted")
    return PaymentColumns(
        banks=banks,
        days=tuple(EPOCH + timedelta(days=number) for number in dates[is_first].tolist()),
        day=np.cumsum(is_first) - 1,
        sender=np.array([rows[bank] for bank in senders], np.int64)[sender],
        receiver=np.array([rows[bank] for bank in receivers], np.int64)[receiver],
        amount_cents=amount_cents,
        submitted_us=submitted_us,
        arrival_us=np.maximum(submitted_us, payments.integers("not_before")),
        settled_us=payments.integers("settled"),
    )


def codes_of(column: Any) -> tuple[list[str], I64]:
    """The distinct texts that occur in a column of text, and for each row the position of its text."""
    encoded = column.combine_chunks()
    places = encoded.indices.to_numpy()
    used = np.bincount(places, minlength=len(encoded.dictionary)) > 0
    codes: I64 = (np.cumsum(used) - 1)[places]
    return encoded.dictionary.filter(pa.array(used)).to_pylist(), codes


def exact_sum(cents: I64) -> int:
    """Sum of non-negative amounts as a Python integer, which does not overflow."""
    low_bits = 31
    low = cents & ((1 << low_bits) - 1)
    return (int((cents >> low_bits).sum()) << low_bits) + int(low.sum())


def sums_by(codes: I64, cents: I64, num_groups: int) -> I64:
    """(groups,) exact sum of the amounts of each group."""
    sums: I64 = np.zeros(num_groups, np.int64)
    np.add.at(sums, codes, cents)
    return sums


def counts_by(codes: I64, num_groups: int) -> I64:
    """(groups,) number of entries of each group."""
    return np.bincount(codes, minlength=num_groups).astype(np.int64)
