"""Statistics of a payments table: what a report shows, and what calibration compares with generated days.

Amounts are whole cents and their sums exact. Shares run from 0 to 1; a share of nothing is None. Hours of the day are
clock hours cut at the opening and closing time, so that the first and the last may be shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simcash_env.data.columns import HOUR_US, MISSING, PaymentColumns, columns_of, counts_by, exact_sum, sums_by
from simcash_env.data.liquidity import LiquidityBounds, liquidity_bounds
from simcash_env.data.payments import Payments
from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]

QUANTILES: Final = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1.0)
"""Shares of payments at which size and delay quantiles are reported."""

BAND_EDGES_CENTS: Final = tuple(
    100 * edge for edge in (1_000, 10_000, 50_000, 250_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000)
)
"""Upper ends of the size bands, exclusive; TARGET statistics publish shares below 50,000 and from one million."""

TOP_BANKS: Final = 5
"""Number of banks whose share the concentration measures report."""


@dataclass(frozen=True)
class DayTotal:
    """Payments of one business day."""

    day: date
    num_payments: int
    value_cents: int


@dataclass(frozen=True)
class HourTotal:
    """Payments submitted in one hour of the day, over all days.

    Attributes:
        start_us: start of the hour, microseconds since midnight.
        end_us: its end, exclusive.
        mean_num_payments: payments per day.
        mean_value_cents: value per day.
        share_of_payments: share of all payments.
        share_of_value: share of all value.
    """

    start_us: int
    end_us: int
    num_payments: int
    value_cents: int
    mean_num_payments: float
    mean_value_cents: float
    share_of_payments: float
    share_of_value: float


@dataclass(frozen=True)
class Quantile:
    """Smallest recorded value that at least this share of the payments does not exceed."""

    share: float
    value: int


@dataclass(frozen=True)
class Sizes:
    """Distribution of the amounts, in cents."""

    mean_cents: float
    quantiles: tuple[Quantile, ...]


@dataclass(frozen=True)
class SizeBand:
    """Payments with an amount from ``low_cents`` to below ``high_cents``; None: no upper end."""

    low_cents: int
    high_cents: int | None
    num_payments: int
    value_cents: int
    share_of_payments: float
    share_of_value: float


@dataclass(frozen=True)
class Category:
    """Payments of one priority or one kind; the name None stands for payments without a kind."""

    name: str | None
    num_payments: int
    value_cents: int
    share_of_payments: float
    share_of_value: float


@dataclass(frozen=True)
class Concentration:
    """How much of the traffic a few senders account for.

    Attributes:
        top5_share_of_value: share of the value that the five largest senders by value sent.
        top5_share_of_payments: share of the payments that the five most active senders sent.
        herfindahl_value: sum of the squared shares in value sent; 1 / (number of banks) if all are equal, 1 if one
            bank sends everything.
        herfindahl_payments: the same for numbers of payments.
    """

    top5_share_of_value: float
    top5_share_of_payments: float
    herfindahl_value: float
    herfindahl_payments: float


@dataclass(frozen=True)
class Network:
    """Directed pairs of banks, over all days.

    Attributes:
        num_banks: banks that send or receive.
        num_pairs: ordered pairs of a sender and a receiver with at least one payment.
        density: pairs over ``num_banks * (num_banks - 1)``.
        reciprocity: share of the pairs whose opposite pair has a payment too.
        offset_share: share of the value that would remain offset if each two banks netted all their payments of a day.
        mean_counterparties: receivers per bank that sends.
    """

    num_banks: int
    num_pairs: int
    density: float | None
    reciprocity: float | None
    offset_share: float
    mean_counterparties: float


@dataclass(frozen=True)
class BankTotal:
    """One bank over all days; the bounds of a day are those of ``simcash_env.data.liquidity``, in cents."""

    bank: str
    num_sent: int
    sent_cents: int
    num_received: int
    received_cents: int
    mean_lower_bound_cents: float
    max_lower_bound_cents: int
    mean_upper_bound_cents: float
    max_upper_bound_cents: int


@dataclass(frozen=True)
class DayBounds:
    """Sums of the banks' liquidity bounds on one day."""

    day: date
    lower_cents: int
    upper_cents: int


@dataclass(frozen=True)
class HourDelay:
    """Recorded delay of the payments submitted in one hour of the day; seconds, None without a settled payment."""

    start_us: int
    end_us: int
    num_settled: int
    mean_seconds: float | None
    value_weighted_mean_seconds: float | None


@dataclass(frozen=True)
class SettlementDelay:
    """Recorded time from arrival (the later of submission and ``not_before``) to settlement.

    The delay of a payment that settled before its ``not_before`` time is 0.

    Attributes:
        num_settled: payments with a recorded settlement.
        num_unsettled: payments without one.
        mean_seconds: mean over payments.
        value_weighted_mean_seconds: mean weighted by amount.
        quantiles: over payments, in microseconds.
    """

    num_settled: int
    settled_cents: int
    num_unsettled: int
    unsettled_cents: int
    mean_seconds: float
    value_weighted_mean_seconds: float
    quantiles: tuple[Quantile, ...]
    hours: tuple[HourDelay, ...]


@dataclass(frozen=True)
class Profile:
    """Statistics of a payments table; ``delay`` is None if no settlement is recorded."""

    source: str
    currency: str | None
    num_days: int
    num_banks: int
    num_payments: int
    value_cents: int
    days: tuple[DayTotal, ...]
    hours: tuple[HourTotal, ...]
    sizes: Sizes
    size_bands: tuple[SizeBand, ...]
    concentration: Concentration
    priorities: tuple[Category, ...]
    kinds: tuple[Category, ...]
    network: Network
    banks: tuple[BankTotal, ...]
    bounds: tuple[DayBounds, ...]
    delay: SettlementDelay | None

    def as_dict(self) -> dict[str, Any]:
        """Plain Python for JSON; days as ISO dates."""
        plain = asdict(self)
        for row in (*plain["days"], *plain["bounds"]):
            row["day"] = row["day"].isoformat()
        return plain


def profile_of(payments: Payments, more_banks: Iterable[str] = ()) -> Profile:
    """All statistics of a payments table.

    Args:
        payments: the table.
        more_banks: ids of banks that are listed even if they neither send nor receive.

    Raises:
        DataError: the table is empty, or its total value exceeds int64.
    """
    return profile_of_columns(payments, columns_of(payments, more_banks))


def profile_of_columns(payments: Payments, columns: PaymentColumns) -> Profile:
    """As ``profile_of``, for a table whose columns are at hand."""
    total_cents = exact_sum(columns.amount_cents)
    edges = hour_edges(payments.calendar.open_us, payments.calendar.close_us)
    hour = hours_of(columns.submitted_us, edges)
    bounds = liquidity_bounds(columns)
    day_counts = counts_by(columns.day, len(columns.days))
    day_cents = sums_by(columns.day, columns.amount_cents, len(columns.days))
    return Profile(
        source=payments.source,
        currency=payments.currency,
        num_days=len(columns.days),
        num_banks=len(columns.banks),
        num_payments=columns.num_payments,
        value_cents=total_cents,
        days=tuple(
            DayTotal(day, number, cents)
            for day, number, cents in zip(columns.days, day_counts.tolist(), day_cents.tolist(), strict=True)
        ),
        hours=_hours(columns, hour, edges),
        sizes=Sizes(total_cents / columns.num_payments, quantiles_of(columns.amount_cents)),
        size_bands=_size_bands(columns.amount_cents),
        concentration=_concentration(columns),
        priorities=_priorities(payments, columns.amount_cents),
        kinds=_kinds(payments, columns.amount_cents),
        network=_network(columns),
        banks=_banks(columns, bounds),
        bounds=tuple(
            DayBounds(day, exact_sum(bounds.lower_cents[row]), exact_sum(bounds.upper_cents[row]))
            for row, day in enumerate(columns.days)
        ),
        delay=_delay(columns, hour, edges),
    )


# -- hours ------------------------------------------------------------------------------------------------------------


def hour_edges(open_us: int, close_us: int) -> I64:
    """Opening time, the full hours in between, closing time; microseconds since midnight."""
    inside = np.arange(open_us // HOUR_US + 1, -(-close_us // HOUR_US), dtype=np.int64) * HOUR_US
    return np.concatenate([[open_us], inside, [close_us]]).astype(np.int64)


def hours_of(times_us: I64, edges: I64) -> I64:
    """Position of the hour of each time; a time before the first hour or after the last one belongs to that hour."""
    return np.clip(np.searchsorted(edges, times_us, side="right") - 1, 0, len(edges) - 2).astype(np.int64)


def _hours(columns: PaymentColumns, hour: I64, edges: I64) -> tuple[HourTotal, ...]:
    num_hours, num_days = len(edges) - 1, len(columns.days)
    counts = counts_by(hour, num_hours).tolist()
    sums = sums_by(hour, columns.amount_cents, num_hours).tolist()
    total = sum(sums)
    return tuple(
        HourTotal(
            start_us=int(edges[row]),
            end_us=int(edges[row + 1]),
            num_payments=counts[row],
            value_cents=sums[row],
            mean_num_payments=counts[row] / num_days,
            mean_value_cents=sums[row] / num_days,
            share_of_payments=counts[row] / columns.num_payments,
            share_of_value=sums[row] / total,
        )
        for row in range(num_hours)
    )


# -- sizes and categories ---------------------------------------------------------------------------------------------


def quantiles_of(values: I64, shares: Iterable[float] = QUANTILES) -> tuple[Quantile, ...]:
    """Quantiles that are recorded values: the inverse of the empirical distribution function."""
    levels = tuple(shares)
    found = np.quantile(values, levels, method="inverted_cdf")
    return tuple(Quantile(share, int(value)) for share, value in zip(levels, found, strict=True))


def _size_bands(amount_cents: I64) -> tuple[SizeBand, ...]:
    lows, highs = (0, *BAND_EDGES_CENTS), (*BAND_EDGES_CENTS, None)
    band = np.searchsorted(np.array(BAND_EDGES_CENTS), amount_cents, side="right").astype(np.int64)
    counts, sums = counts_by(band, len(lows)).tolist(), sums_by(band, amount_cents, len(lows)).tolist()
    return tuple(
        SizeBand(low, high, number, cents, number / len(amount_cents), cents / sum(sums))
        for low, high, number, cents in zip(lows, highs, counts, sums, strict=True)
    )


def _categories(names: Sequence[str | None], codes: I64, amount_cents: I64) -> Iterator[Category]:
    """Payments of each name, in the order of the names."""
    counts, sums = counts_by(codes, len(names)).tolist(), sums_by(codes, amount_cents, len(names)).tolist()
    for name, number, cents in zip(names, counts, sums, strict=True):
        yield Category(name, number, cents, number / len(amount_cents), cents / sum(sums))


def _priorities(payments: Payments, amount_cents: I64) -> tuple[Category, ...]:
    """Payments of each priority that occurs, in ascending order."""
    priorities, codes = np.unique(payments.integers("priority"), return_inverse=True)
    return tuple(_categories([str(priority) for priority in priorities], codes.astype(np.int64), amount_cents))


def _kinds(payments: Payments, amount_cents: I64) -> tuple[Category, ...]:
    """Payments of each kind, most frequent first, those without a kind last; empty if no payment has a kind."""
    column = payments.table["kind"]
    if column.null_count == len(column):
        return ()
    texts = column.cast(pa.string())
    names = pc.unique(texts)
    codes = pc.index_in(texts, value_set=names).to_numpy().astype(np.int64)
    found = _categories(names.to_pylist(), codes, amount_cents)
    return tuple(sorted(found, key=lambda row: (row.name is None, -row.num_payments, row.name or "")))


# -- banks ------------------------------------------------------------------------------------------------------------


def _concentration(columns: PaymentColumns) -> Concentration:
    num_banks = len(columns.banks)
    cents = sums_by(columns.sender, columns.amount_cents, num_banks)
    counts = counts_by(columns.sender, num_banks)
    return Concentration(
        top5_share_of_value=top_share(cents),
        top5_share_of_payments=top_share(counts),
        herfindahl_value=herfindahl(cents),
        herfindahl_payments=herfindahl(counts),
    )


def top_share(values: I64, top: int = TOP_BANKS) -> float:
    """Share of the sum that the largest values have."""
    return float(np.sort(values)[::-1][:top].sum() / values.sum())


def herfindahl(values: I64) -> float:
    """Sum of the squared shares in the sum."""
    shares: F64 = values / values.sum()
    return float(shares @ shares)


def _network(columns: PaymentColumns) -> Network:
    num_banks = len(columns.banks)
    pair = columns.sender * num_banks + columns.receiver
    pairs = np.flatnonzero(counts_by(pair, num_banks**2)) if num_banks**2 <= len(pair) else np.unique(pair)
    sends, receives = (counts_by(side, num_banks) > 0 for side in (columns.sender, columns.receiver))
    num_active = int((sends | receives).sum())
    possible = num_active * (num_active - 1)
    opposite = pairs % num_banks * num_banks + pairs // num_banks
    return Network(
        num_banks=num_active,
        num_pairs=len(pairs),
        density=len(pairs) / possible if possible else None,
        reciprocity=float(np.isin(opposite, pairs).mean()) if possible else None,
        offset_share=_offset_share(columns),
        mean_counterparties=len(pairs) / int(sends.sum()),
    )


def _offset_share(columns: PaymentColumns) -> float:
    """Share of the value left out if each two banks paid each other only the net amount of a day."""
    num_banks = len(columns.banks)
    low, high = np.minimum(columns.sender, columns.receiver), np.maximum(columns.sender, columns.receiver)
    couples, couple = np.unique((columns.day * num_banks + low) * num_banks + high, return_inverse=True)
    net_cents = sums_by(
        couple, np.where(columns.sender == low, columns.amount_cents, -columns.amount_cents), len(couples)
    )
    return 1 - exact_sum(np.abs(net_cents)) / exact_sum(columns.amount_cents)


def _banks(columns: PaymentColumns, bounds: LiquidityBounds) -> tuple[BankTotal, ...]:
    num_banks = len(columns.banks)
    return tuple(
        BankTotal(*row)
        for row in zip(
            columns.banks,
            counts_by(columns.sender, num_banks).tolist(),
            bounds.sent_cents.sum(axis=0).tolist(),
            counts_by(columns.receiver, num_banks).tolist(),
            bounds.received_cents.sum(axis=0).tolist(),
            bounds.lower_cents.mean(axis=0).tolist(),
            bounds.lower_cents.max(axis=0).tolist(),
            bounds.upper_cents.mean(axis=0).tolist(),
            bounds.upper_cents.max(axis=0).tolist(),
            strict=True,
        )
    )


# -- recorded settlement ----------------------------------------------------------------------------------------------


def _delay(columns: PaymentColumns, hour: I64, edges: I64) -> SettlementDelay | None:
    is_settled = columns.settled_us != MISSING
    if not is_settled.any():
        return None
    waited_us = np.maximum(columns.settled_us - columns.arrival_us, 0)[is_settled]
    cents, hour = columns.amount_cents[is_settled], hour[is_settled]
    settled_cents = exact_sum(cents)
    seconds: F64 = waited_us / 1e6
    hours = tuple(
        HourDelay(int(edges[row]), int(edges[row + 1]), int(of_hour.sum()), *_means(seconds[of_hour], cents[of_hour]))
        for row in range(len(edges) - 1)
        for of_hour in (hour == row,)
    )
    mean, weighted = float(seconds.mean()), float(np.average(seconds, weights=cents))
    return SettlementDelay(
        num_settled=int(is_settled.sum()),
        settled_cents=settled_cents,
        num_unsettled=int((~is_settled).sum()),
        unsettled_cents=exact_sum(columns.amount_cents) - settled_cents,
        mean_seconds=mean,
        value_weighted_mean_seconds=weighted,
        quantiles=quantiles_of(waited_us),
        hours=hours,
    )


def _means(seconds: F64, cents: I64) -> tuple[float, float] | tuple[None, None]:
    if not len(seconds):
        return None, None
    return float(seconds.mean()), float(np.average(seconds, weights=cents))
