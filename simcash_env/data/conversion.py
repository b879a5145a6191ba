"""Exact conversion of columns of text to cents, days and times: values, and the rows that were refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from simcash_env.data.mapping import ISO, NUMBER, TICKS, MappingConfig, has_date
from simcash_env.data.payments import DAY_US, Calendar
from simcash_env.schema.arrays import I64
from simcash_env.schema.limits import MAX_CENTS

Mask = npt.NDArray[np.bool_]

CENTS_PER_UNIT: Final = 100
DECIMALS: Final = 2
"""Decimals that the payments table can hold: amounts are hundredths of the currency unit, whatever the currency."""

NO_DECIMALS: Final = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "ISK",
        "JPY",
        "KMF",
        "KRW",
        "PYG",
        "RWF",
        "UGX",
        "UYI",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
"""ISO 4217 currencies without a minor unit: an amount with decimals is refused. Those with three may use two here."""

MOST_DIGITS: Final = 17
"""Digits before the decimal point that are converted; more are above every limit."""

LONGEST_FRACTION: Final = 18
SPACES: Final = (" ", "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}")
EPOCH: Final = date(1970, 1, 1)
CLOCK: Final = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?"
OFFSET: Final = r"(Z|[+-]([01]\d|2[0-3]):?[0-5]\d)"
TIMESTAMP: Final = rf"^(\d{{4}}-\d\d-\d\d[T ])?{CLOCK}{OFFSET}?$"


class Refused(NamedTuple):
    """Rows whose value cannot be converted."""

    rule: str
    places: I64


@dataclass(frozen=True)
class Converted:
    """A converted column: values (0 where refused or missing), rows without a value, rows refused."""

    values: Any
    is_missing: Mask
    refused: list[Refused]

    def is_valid(self) -> Mask:
        """Rows with a value."""
        valid = ~self.is_missing
        for refused in self.refused:
            valid[refused.places] = False
        return valid


def mask_of(array: Any) -> Mask:
    """An Arrow mask as NumPy; null is false."""
    return np.asarray(pc.fill_null(array, fill_value=False))


def where(mask: Mask) -> I64:
    """Places of the true values."""
    return np.flatnonzero(mask).astype(np.int64)


def decimals_of(currency: str | None) -> int:
    """Decimals that an amount of a currency may have."""
    return 0 if currency in NO_DECIMALS else DECIMALS


def cents_of(texts: Any, is_native: Mask, mapping: MappingConfig, *, decimals: int, is_cents: bool) -> Converted:
    """Amounts as whole cents, exactly.

    Args:
        texts: Arrow array of text.
        is_native: rows that the input stored as numbers: their text is a plain decimal number.
        mapping: names the separators.
        decimals: largest number of decimals.
        is_cents: the amounts are cents already; otherwise they are currency units.
    """
    is_missing = mask_of(pc.is_null(texts))
    plain = pc.utf8_trim_whitespace(texts)
    decimal, thousands = mapping.decimal_separator, mapping.thousands_separator
    example = "1234.56"
    if decimal != "." or thousands:
        example = f"1{thousands}234{decimal}56"
        gap = f"[{''.join(SPACES)}]" if thousands == " " else re.escape(thousands)
        whole = rf"\d{{1,3}}({gap}\d{{3}})+|\d+" if thousands else r"\d+"
        fits = mask_of(pc.match_substring_regex(plain, rf"^[+-]?({whole})({re.escape(decimal)}\d+)?$"))
        text = plain
        for separator in SPACES if thousands == " " else [thousands] if thousands else []:
            text = pc.replace_substring(text, separator, "")
        text = pc.replace_substring(text, decimal, ".")
        text = pc.if_else(pa.array(fits), text, "?")
        plain = pc.if_else(pa.array(is_native), plain, text)
    is_number = mask_of(pc.match_substring_regex(plain, r"^[+-]?\d+(\.\d+)?$"))
    rule = "must be a whole number of cents" if is_cents else f"must be a number such as {example}"
    refused = [Refused(rule, where(~is_number & ~is_missing))]
    is_negative = is_number & mask_of(pc.match_substring_regex(plain, r"^-.*[1-9]"))
    refused.append(Refused("must not be negative", where(is_negative)))
    is_long = is_number & mask_of(pc.match_substring_regex(plain, rf"^[+-]?0*[1-9]\d{{{MOST_DIGITS}}}"))
    allowed = 0 if is_cents else decimals
    too_fine = rf"\.\d{{{allowed}}}\d*[1-9]" if allowed else r"\.\d*[1-9]"
    is_fine = is_number & mask_of(pc.match_substring_regex(plain, rf"{too_fine}|\.\d{{{LONGEST_FRACTION + 1}}}"))
    rule = "must be a whole number of cents" if is_cents else f"must have at most {allowed} decimals"
    refused.append(Refused(f"{rule}; nothing is rounded", where(is_fine)))
    is_used = is_number & ~is_negative & ~is_long & ~is_fine
    numbers = pc.replace_substring_regex(pc.if_else(pa.array(is_used), plain, "0"), r"^([+-]?)0+(\d)", r"\1\2")
    numbers = numbers.cast(pa.decimal128(MOST_DIGITS + LONGEST_FRACTION + 1, LONGEST_FRACTION))
    numbers = numbers.cast(pa.decimal128(MOST_DIGITS + DECIMALS + 1, 0 if is_cents else DECIMALS))
    factor = pa.scalar(Decimal(1 if is_cents else CENTS_PER_UNIT))
    cents = np.asarray(pc.multiply(numbers, factor).cast(pa.int64()))
    is_large = is_long | (cents > MAX_CENTS)
    limit = f"{MAX_CENTS} cents" if is_cents else f"{MAX_CENTS // CENTS_PER_UNIT:,}"
    refused.append(Refused(f"must be at most {limit}", where(is_large)))
    return Converted(cents, is_missing, [found for found in refused if len(found.places)])


def by_value(texts: Any, convert: Callable[[str], Any], default: Any, dtype: Any) -> tuple[Any, Mask, Mask]:
    """Convert each different text once; returns values, rows without a value, rows that ``convert`` gave None for."""
    encoded = texts.dictionary_encode()
    found = [convert(text) for text in encoded.dictionary.to_pylist()]
    values = np.array([*(default if value is None else value for value in found), default], dtype)
    is_bad = np.array([*(value is None for value in found), False])
    is_missing = mask_of(pc.is_null(texts))
    codes = np.asarray(pc.fill_null(encoded.indices, len(found)))
    return values[codes], is_missing, is_bad[codes]


def days_of(texts: Any, is_native: Mask, mapping: MappingConfig) -> Converted:
    """Dates as days since 1970."""
    format_, first = mapping.day_format, mapping.first_day

    def iso(text: str) -> int | None:
        found = re.fullmatch(r"(\d{4}-\d\d-\d\d)([T ]00:00(:00(\.0+)?)?)?", text)
        try:
            return None if found is None else (date.fromisoformat(found[1]) - EPOCH).days
        except ValueError:
            return None

    def number(text: str) -> int | None:
        if first is None or re.fullmatch(r"\d{1,6}", text) is None or int(text) < 1:
            return None
        return (first - EPOCH + timedelta(int(text) - 1)).days

    def formatted(text: str) -> int | None:
        try:
            return (datetime.strptime(text, format_).date() - EPOCH).days  # noqa: DTZ007 - a day has no zone
        except ValueError:
            return None

    convert = {ISO: iso, NUMBER: number}.get(format_, formatted)
    rules = {ISO: "must be a date YYYY-MM-DD", NUMBER: "must be the number of a day, from 1"}
    rule = rules.get(format_, f"must be a date in the format {format_}")
    texts = pc.utf8_trim_whitespace(texts)
    days, is_missing, is_bad = by_value(texts, convert, 0, np.int64)
    if convert is not iso and is_native.any():  # dates of Excel or Arrow beside text
        own, _, own_bad = by_value(texts, iso, 0, np.int64)
        is_own = is_native & ~own_bad
        days, is_bad = np.where(is_own, own, days), is_bad & ~is_own
    return Converted(days, is_missing, [Refused(rule, where(is_bad))] if is_bad.any() else [])


@dataclass(frozen=True)
class Instants:
    """Times as they are written: microseconds since 1970 where they have a date, since midnight otherwise."""

    us: I64
    has_date: Mask
    is_utc: Mask  # the text has an offset from UTC, which is taken off
    is_missing: Mask
    is_bad: Mask
    rule: str


def instants_of(texts: Any, is_native: Mask, mapping: MappingConfig, calendar: Calendar) -> Instants:
    """Times of day, timestamps or ticks."""
    format_ = mapping.time_format
    texts = pc.utf8_trim_whitespace(texts)
    if format_ == ISO or (is_native.all() and format_ != TICKS):
        return _iso_instants(texts)
    if format_ == TICKS:
        ticks, is_missing, is_bad = by_value(texts, lambda text: _tick(text, calendar), 0, np.int64)
        no = np.zeros(len(ticks), np.bool_)
        rule = f"must be a tick from 0 to {calendar.ticks_per_day - 1}"
        return Instants(calendar.time_of(ticks), no, no, is_missing, is_bad, rule)
    found = _formatted_instants(texts, format_)
    if not is_native.any():
        return found
    own = _iso_instants(texts)
    is_own = is_native & ~own.is_bad
    return Instants(
        np.where(is_own, own.us, found.us),
        np.where(is_own, own.has_date, found.has_date),
        np.where(is_own, own.is_utc, found.is_utc),
        found.is_missing,
        found.is_bad & ~is_own,
        found.rule,
    )


def _tick(text: str, calendar: Calendar) -> int | None:
    tick = int(text) if re.fullmatch(r"\d{1,7}", text) else -1
    return tick if 0 <= tick < calendar.ticks_per_day else None


def _iso_instants(texts: Any) -> Instants:
    is_missing = mask_of(pc.is_null(texts))
    is_good = mask_of(pc.match_substring_regex(texts, TIMESTAMP))
    dated = is_good & mask_of(pc.match_substring_regex(texts, r"^\d{4}-"))
    if dated.any():
        dates = pc.utf8_slice_codeunits(pc.if_else(pa.array(dated), texts, "1970-01-01"), 0, 10)
        _, _, is_bad_date = by_value(dates, _valid_date, 0, np.int64)
        is_good &= ~is_bad_date
        dated &= is_good
    is_utc = is_good & mask_of(pc.match_substring_regex(texts, rf"{OFFSET}$"))
    full = pc.if_else(pa.array(dated), texts, pc.binary_join_element_wise("1970-01-01", texts, " "))
    us = np.zeros(len(texts), np.int64)
    for rows, zone in ((is_good & ~is_utc, None), (is_utc, "UTC")):
        if rows.any():
            times = full.filter(pa.array(rows)).cast(pa.timestamp("us", zone))
            us[rows] = np.asarray(times.cast(pa.int64()))
    rule = "must be a time HH:MM[:SS[.ffffff]] or a date and a time YYYY-MM-DD HH:MM[:SS[.ffffff]]"
    return Instants(us, dated, is_utc, is_missing, ~is_good & ~is_missing, rule)


def _valid_date(text: str) -> int | None:
    try:
        return (date.fromisoformat(text) - EPOCH).days
    except ValueError:
        return None


def _formatted_instants(texts: Any, format_: str) -> Instants:
    import pandas as pd

    encoded = texts.dictionary_encode()
    is_missing = mask_of(pc.is_null(texts))
    codes = np.asarray(pc.fill_null(encoded.indices, len(encoded.dictionary)))
    with_zone = "%z" in format_
    words = pd.Series(encoded.dictionary.to_pylist(), dtype="object")
    parsed = pd.to_datetime(words, format=format_, errors="coerce", utc=with_zone)
    is_bad = np.append(np.asarray(parsed.isna(), np.bool_), False)
    us = np.append(np.asarray(parsed.dt.tz_localize(None)).astype("datetime64[us]").astype(np.int64), 0)
    dated = has_date(format_)
    if not dated:
        us = us - (date(1900, 1, 1) - EPOCH).days * DAY_US
    us[is_bad] = 0
    size = len(texts)
    return Instants(
        us[codes],
        np.full(size, dated),
        np.full(size, with_zone),
        is_missing,
        is_bad[codes],
        f"must be a time in the format {format_}",
    )


def localised(us: I64, is_utc: Mask, mapping_zone: str | None, zone: str) -> tuple[I64, Mask]:
    """Local times of a system, in microseconds since 1970 of the local calendar.

    Args:
        us: times as written, with their date.
        is_utc: rows that are UTC; the others are in ``mapping_zone``, or local where that is None.
        mapping_zone: zone of the input.
        zone: local zone of the system.

    Returns:
        The local times, and the rows whose time occurs twice or never on the clock of the input's zone.
    """
    written = pa.array(us).cast(pa.timestamp("us"))
    of_input = mapping_zone or zone
    first, last = (
        pc.assume_timezone(written, of_input, ambiguous=which, nonexistent=which) for which in ("earliest", "latest")
    )
    is_unclear = mask_of(pc.not_equal(first, last)) & ~is_utc
    instants = np.where(is_utc, us, np.asarray(first.cast(pa.int64())))
    local = pc.local_timestamp(pa.array(instants).cast(pa.timestamp("us", zone)))
    return np.asarray(local.cast(pa.int64())), is_unclear
