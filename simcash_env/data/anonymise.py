"""Anonymised payments: names go, amounts and times may be disturbed, the structure stays.

This makes a table harder to trace to its banks; it does not make that impossible. Who knows some of the payments can
recognise others by their amounts, days and times: use ``scale`` and ``jitter_minutes`` for data that leaves the house.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

import numpy as np
import pyarrow as pa

from simcash_env.data.banks import Bank, Banks
from simcash_env.data.columns import MISSING, PaymentColumns, columns_of, counts_by, sums_by
from simcash_env.data.payments import CLOCK, Payments, make_payments
from simcash_env.errors import DataError, Fault
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64
from simcash_env.schema.limits import MAX_CENTS

SOURCE: Final = "anonymised payments"
MOST_MINUTES: Final = 24 * 60
MINUTE_US: Final = 60_000_000
TIMES: Final = ("submitted", "not_before", "deadline", "settled")
FEWEST_DIGITS: Final = 3
"""Of the number in a bank's name."""

MOST_DIGITS: Final = 18
FACTOR: Final = re.compile(rf"[0-9]{{1,{MOST_DIGITS}}}(\.[0-9]{{1,{MOST_DIGITS}}})?")


@dataclass(frozen=True)
class AnonymisationSummary:
    """What was changed. It has neither the former names nor the factor or the seed.

    Attributes:
        num_banks: banks that were renamed.
        num_payments: payments that were renumbered.
        num_kinds: kinds of payments that were renamed.
        is_scaled: True if amounts were multiplied by a factor.
        num_raised: payments whose scaled amount was below half a cent and became one cent.
        jitter_minutes: largest shift of a payment's times; 0 for none.
    """

    num_banks: int
    num_payments: int
    num_kinds: int
    is_scaled: bool
    num_raised: int
    jitter_minutes: int

    def sentences(self) -> tuple[str, ...]:
        """The changes in words, for a report."""
        renamed = (
            f"Anonymised: {self.num_banks:,} banks are named by rank of the value they send, {self.num_payments:,} "
            "payments are numbered in the order of the table."
        )
        sentences = [renamed]
        if self.num_kinds:
            sentences.append(f"{self.num_kinds:,} kinds of payments are named by rank of their number.")
        sentences.append(
            "Amounts and all other money were multiplied by a secret factor."
            if self.is_scaled
            else "Amounts were not changed."
        )
        if self.num_raised:
            sentences.append(
                f"{self.num_raised:,} payments would have become less than half a cent; they are one cent."
            )
        sentences.append(
            f"The times of each payment were shifted together by a random time of at most {self.jitter_minutes} "
            "minutes, within the opening hours."
            if self.jitter_minutes
            else "Times were not changed."
        )
        sentences.append("Business days, opening hours, currency, priorities and divisibility were kept.")
        return tuple(sentences)


def anonymise(
    payments: Payments,
    banks: Iterable[Bank],
    *,
    seed: int | None = None,
    scale: str | int | Decimal | Fraction | None = None,
    jitter_minutes: int = 0,
) -> tuple[Payments, Banks, AnonymisationSummary]:
    """Replace names, and optionally disturb amounts and times.

    - Banks become ``bank-001``, ``bank-002``, ... in descending order of the value they send, then of the value they
      receive; the order of equal banks is random. Limits between banks follow.
    - Payments are numbered in the order of the new table, kinds become ``kind-1``, ``kind-2``, ... in descending order
      of their number of payments. The source is no longer named.
    - ``scale`` multiplies all amounts, balances, limits, collateral and pools, exactly, rounded half up; what was not 0
      is at least one cent.
    - ``jitter_minutes`` shifts each payment in time. ``submitted``, ``not_before``, ``deadline`` and ``settled`` of a
      payment move together, so that their order and the delay stay; the shift is uniform among those of at most
      this number of minutes that leave all of them within the opening hours. A deadline at the close stays there.

    Nothing of the key is returned or written: neither former names, nor the factor, nor the seed.

    Args:
        payments: the table.
        banks: the banks table; may be empty.
        seed: of the shifts and of the order of equal banks; None: from the system's source of randomness.
        scale: secret factor above 0, as text (``"0.8372"``), whole number, decimal or fraction.
        jitter_minutes: from 0 (no shift) to 1440.

    Returns:
        The new payments, the new banks in the order of their names, and what was changed.

    Raises:
        DataError: the table is empty, an argument is out of range, or an amount would become too large.
    """
    factor = factor_of(scale)
    if whole_within(jitter_minutes, 0, MOST_MINUTES) is None:
        rule = f"must be a whole number of minutes from 0 to {MOST_MINUTES}"
        raise DataError([Fault(None, None, "jitter_minutes", repr(jitter_minutes), rule)])
    if seed is not None and whole_within(seed, 0, 2**63 - 1) is None:  # not quoted: it is secret
        raise DataError([Fault(None, None, "seed", None, "must be a whole number from 0 to 2**63 - 1")])
    random = np.random.Generator(np.random.PCG64(seed))
    rows = tuple(banks)
    columns = columns_of(payments, {name for bank in rows for name in (bank.id, *bank.bilateral_limits)})
    names = _bank_names(columns, random)
    amounts, num_raised = _scaled_amounts(columns.amount_cents, factor)
    kinds, num_kinds = _kind_names(payments)
    table = {
        "day": payments.table["day"],
        "sender": _renamed(columns.sender, columns.banks, names),
        "receiver": _renamed(columns.receiver, columns.banks, names),
        "amount_cents": pa.array(amounts),
        "priority": payments.table["priority"],
        "divisible": payments.table["divisible"],
        "kind": kinds,
        **_shifted(payments, jitter_minutes * MINUTE_US, random),
    }
    order = np.lexsort((table["submitted"].cast(pa.int64()).to_numpy(), payments.integers("day")))
    renamed = make_payments(
        pa.table(table).take(pa.array(order)),
        payments.calendar,
        currency=payments.currency,
        time_zone=payments.time_zone,
        source=SOURCE,
    )
    new_banks = [_renamed_bank(bank, names, factor) for bank in rows]
    new_banks.sort(key=lambda bank: (bank.id, bank.day is not None, bank.day))
    summary = AnonymisationSummary(
        num_banks=len(names),
        num_payments=len(renamed),
        num_kinds=num_kinds,
        is_scaled=factor is not None,
        num_raised=num_raised,
        jitter_minutes=jitter_minutes,
    )
    return renamed, tuple(new_banks), summary


# -- names ------------------------------------------------------------------------------------------------------------


def _bank_names(columns: PaymentColumns, random: np.random.Generator) -> dict[str, str]:
    """New names by old ones."""
    num_banks = len(columns.banks)
    sent = sums_by(columns.sender, columns.amount_cents, num_banks)
    received = sums_by(columns.receiver, columns.amount_cents, num_banks)
    ranked = np.lexsort((random.permutation(num_banks), -received, -sent))
    digits = max(FEWEST_DIGITS, len(str(num_banks)))
    return {columns.banks[bank]: f"bank-{rank:0{digits}}" for rank, bank in enumerate(ranked, 1)}


def _renamed(codes: I64, old: Iterable[str], names: dict[str, str]) -> Any:
    """A column of new names; its dictionary has no old ones."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array([names[name] for name in old]))


def _kind_names(payments: Payments) -> tuple[Any, int]:
    """A column of new kinds, and their number."""
    old = payments.table["kind"].cast(pa.string()).combine_chunks().dictionary_encode()
    count = len(old.dictionary)
    codes = old.indices.fill_null(MISSING).to_numpy()
    ranked = np.lexsort((old.dictionary.to_numpy(zero_copy_only=False), -counts_by(codes[codes >= 0], count)))
    names = np.empty(count, object)
    names[ranked] = [f"kind-{rank}" for rank in range(1, count + 1)]
    return pa.DictionaryArray.from_arrays(old.indices, pa.array(names, pa.string())), count


def _renamed_bank(bank: Bank, names: dict[str, str], factor: Fraction | None) -> Bank:
    """A row of the banks table with new names and scaled money."""

    def cents(key: str, old: int) -> int:
        new = old if factor is None else scaled(old, factor)
        if abs(new) > MAX_CENTS:
            rule = f"the scaled amount must be at most {MAX_CENTS} cents"
            raise DataError([Fault("banks", None, f"{bank.id}.{key}", None, rule)])
        return new

    def limit(key: str, old: int | None) -> int | None:
        return None if old is None else cents(key, old)

    return replace(
        bank,
        id=names[bank.id],
        opening_balance_cents=cents("opening_balance_cents", bank.opening_balance_cents),
        credit_limit_cents=cents("credit_limit_cents", bank.credit_limit_cents),
        posted_collateral_cents=cents("posted_collateral_cents", bank.posted_collateral_cents),
        bilateral_limits={
            names[other]: cents("bilateral_limits", bank.bilateral_limits[other])
            for other in sorted(bank.bilateral_limits, key=names.__getitem__)
        },
        multilateral_limit=limit("multilateral_limit", bank.multilateral_limit),
        liquidity_pool_cents=limit("liquidity_pool_cents", bank.liquidity_pool_cents),
    )


# -- amounts ----------------------------------------------------------------------------------------------------------


def factor_of(scale: str | int | Decimal | Fraction | None) -> Fraction | None:
    """The factor as an exact fraction, None for none.

    Raises:
        DataError: it is not a number above 0; the factor is secret, so the error does not quote it.
    """
    if scale is None:
        return None
    if isinstance(scale, str):
        is_valid = FACTOR.fullmatch(scale) is not None
    elif isinstance(scale, Decimal):
        exponent = scale.as_tuple().exponent  # a letter if it is not finite
        is_valid = isinstance(exponent, int) and -MOST_DIGITS <= exponent <= MOST_DIGITS
    else:
        is_valid = isinstance(scale, (int, Fraction)) and not isinstance(scale, bool)
    factor = Fraction(scale) if is_valid else Fraction(0)
    if factor <= 0:
        rule = "must be a number above 0: decimal text such as '0.8372', a whole number, a decimal or a fraction"
        raise DataError([Fault(None, None, "scale", None, rule)])
    return factor


def scaled(cents: int, factor: Fraction) -> int:
    """Cents times a factor, rounded half up; at least one cent, unless it was 0. A negative amount stays negative."""
    size = abs(cents)
    new = (2 * size * factor.numerator + factor.denominator) // (2 * factor.denominator)
    new = max(new, 1) if size else 0
    return -new if cents < 0 else new


def _scaled_amounts(amount_cents: I64, factor: Fraction | None) -> tuple[I64, int]:
    """Scaled amounts, and how many of them were raised to one cent."""
    if factor is None:
        return amount_cents, 0
    if scaled(int(amount_cents.max()), factor) > MAX_CENTS:
        rule = f"the largest amount would be above {MAX_CENTS} cents"
        raise DataError([Fault(None, None, "scale", None, rule)])
    amounts = np.array([scaled(cents, factor) for cents in amount_cents.tolist()], np.int64)
    largest_raised = (factor.denominator - 1) // (2 * factor.numerator)
    return amounts, int((amount_cents <= min(largest_raised, MAX_CENTS)).sum())


# -- times ------------------------------------------------------------------------------------------------------------


def _shifted(payments: Payments, most_us: int, random: np.random.Generator) -> dict[str, Any]:
    """The columns of times, each payment's shifted by the same time; a deadline at the close stays there."""
    if not most_us:
        return {name: payments.table[name] for name in TIMES}
    calendar = payments.calendar
    times = {name: payments.integers(name) for name in TIMES}
    is_moved = {name: values != MISSING for name, values in times.items()}
    is_moved["deadline"] &= times["deadline"] != calendar.close_us
    earliest = np.full(len(payments), -most_us, np.int64)
    latest = np.full(len(payments), most_us, np.int64)
    for name, last_us in (
        ("submitted", calendar.close_us - 1),
        ("not_before", calendar.close_us - 1),
        ("deadline", calendar.close_us),
        ("settled", calendar.close_us),
    ):
        least, most = np.minimum(calendar.open_us - times[name], 0), np.maximum(last_us - times[name], 0)
        earliest = np.where(is_moved[name], np.maximum(earliest, least), earliest)
        latest = np.where(is_moved[name], np.minimum(latest, most), latest)
    shift = random.integers(earliest, latest, endpoint=True)
    return {
        name: pa.array(np.where(is_moved[name], values + shift, values), mask=values == MISSING).cast(CLOCK)
        for name, values in times.items()
    }
