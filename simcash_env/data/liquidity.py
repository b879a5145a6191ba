"""Lower and upper bound of the liquidity that each bank needs for a recorded day, and liquidity derived from them.

Both bounds are those of BCBS 248 and of the literature on liquidity-saving mechanisms. In one day and for one bank:

- *lower bound*: the net outflow, ``max(0, sent - received)``. It is enough if all payments of the day are netted at the
  end of the day.
- *upper bound*: the largest cumulative net debit if every payment settles when it arrives, which is at the later of
  its submission and its ``not_before`` time. Payments that arrive at the same instant settle one after the other in
  the order of the table. More liquidity than this is never used.

The metrics of a run (``simcash_env.evaluation.metrics``) define the same bounds with the tick as the instant: payments
of one tick are netted there. Their upper bound is therefore at most the one computed here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import numpy as np

from simcash_env.data.columns import PaymentColumns, columns_of, sums_by
from simcash_env.data.payments import DAY_US, Payments
from simcash_env.errors import DataError, Fault
from simcash_env.schema.arrays import I64
from simcash_env.schema.limits import MAX_CENTS

Basis = Literal["lower-bound", "upper-bound", "share-of-outflow"]
BASES: Final[tuple[Basis, ...]] = ("lower-bound", "upper-bound", "share-of-outflow")
FACTOR: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})?")
RULE: Final = "must be lower-bound:FACTOR, upper-bound:FACTOR or share-of-outflow:FACTOR with a decimal FACTOR above 0"


@dataclass(frozen=True)
class LiquidityBounds:
    """Bounds by day and bank, int64 arrays (days, banks) in cents, in the order of ``PaymentColumns``."""

    lower_cents: I64
    upper_cents: I64
    sent_cents: I64
    received_cents: I64


@dataclass(frozen=True)
class LiquidityRule:
    """A rule such as ``lower-bound:1.2``: the basis, and the factor as an exact fraction."""

    basis: Basis
    factor: Fraction


def liquidity_bounds(columns: PaymentColumns) -> LiquidityBounds:
    """Lower and upper bound of every bank on every day."""
    shape = len(columns.days), len(columns.banks)
    num_groups = shape[0] * shape[1]
    paying = columns.day * shape[1] + columns.sender
    paid = columns.day * shape[1] + columns.receiver
    sent = sums_by(paying, columns.amount_cents, num_groups)
    received = sums_by(paid, columns.amount_cents, num_groups)
    order = np.argsort(columns.day * DAY_US + columns.arrival_us, kind="stable")
    groups = np.stack([paying[order], paid[order]], axis=1).ravel()
    cents = columns.amount_cents[order]
    upper = _largest_net_debits(groups, np.stack([-cents, cents], axis=1).ravel(), num_groups)
    return LiquidityBounds(
        lower_cents=np.maximum(sent - received, 0).reshape(shape),
        upper_cents=upper.reshape(shape),
        sent_cents=sent.reshape(shape),
        received_cents=received.reshape(shape),
    )


def _largest_net_debits(groups: I64, flows_cents: I64, num_groups: int) -> I64:
    """(groups,) the lowest point of each group's cumulative flow below zero, as a positive number.

    The cumulative sum runs over all groups and may wrap around int64; the difference to the sum at the group's start
    is exact nevertheless, because the total value of the table fits into int64.
    """
    order = np.argsort(groups.astype(np.min_scalar_type(num_groups)), kind="stable")  # small types sort in linear time
    path = np.cumsum(flows_cents[order])
    present, starts = np.unique(groups[order], return_index=True)
    before = np.concatenate([[0], path])[starts]
    lengths = np.diff(np.append(starts, len(path)))
    lowest = np.minimum.reduceat(path - np.repeat(before, lengths), starts)
    debits: I64 = np.zeros(num_groups, np.int64)
    debits[present] = np.maximum(-lowest, 0)
    return debits


def liquidity_rule(text: str, *, key: str = "liquidity") -> LiquidityRule:
    """Parse a rule.

    Args:
        text: ``lower-bound:1.2``, ``upper-bound:1.0`` or ``share-of-outflow:0.1``.
        key: option or key that the error names.

    Raises:
        DataError: the text is no such rule.
    """
    basis, colon, number = text.partition(":")
    known = [name for name in BASES if name == basis]
    if not (known and colon and FACTOR.fullmatch(number)) or not Fraction(number):
        raise DataError([Fault(None, None, key, repr(text), RULE)])
    return LiquidityRule(known[0], Fraction(number))


def derived_liquidity(payments: Payments, rule: str, *, key: str = "liquidity") -> dict[str, int]:
    """Liquidity in cents of every bank that sends or receives, derived from the recorded days.

    The largest value over all days, times the factor, rounded up to whole cents by integer arithmetic. The value of a
    day is the bank's lower bound, its upper bound or all that it sends. A bank for which this is 0 on every day gets
    0: a bank that never sends, and with ``lower-bound`` also one that never sends more in a day than it receives.

    Args:
        payments: the recorded days.
        rule: as in ``liquidity_rule``.
        key: option or key that errors name.

    Raises:
        DataError: the rule is invalid, or a bank would get more than the largest amount of a scenario.
    """
    parsed = liquidity_rule(rule, key=key)
    columns = columns_of(payments)
    bounds = liquidity_bounds(columns)
    values = {
        "lower-bound": bounds.lower_cents,
        "upper-bound": bounds.upper_cents,
        "share-of-outflow": bounds.sent_cents,
    }[parsed.basis]
    factor = parsed.factor
    largest = values.max(axis=0).tolist()
    derived = {
        bank: -(-cents * factor.numerator // factor.denominator)
        for bank, cents in zip(columns.banks, largest, strict=True)
    }
    faults = [
        Fault(None, None, key, repr(rule), f"bank {bank} would get {cents} cents; at most {MAX_CENTS} are allowed")
        for bank, cents in derived.items()
        if cents > MAX_CENTS
    ]
    if faults:
        raise DataError(faults)
    return derived
