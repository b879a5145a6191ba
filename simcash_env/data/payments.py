"""The payments table: recorded or generated payments of a system, as one Parquet file.

``COLUMNS`` is the table's definition. Amounts are whole cents, times are microseconds of the local day. The file's
metadata has the business day (``Calendar``), the currency, the time zone and the source of the payments.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple, overload

import numpy as np

from simcash_env.errors import DataError, Fault, SimcashError, reason_of
from simcash_env.files import replacing
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64
from simcash_env.schema.limits import HIGHEST_PRIORITY, MAX_CENTS, MAX_SCENARIO_CENTS, MAX_TICKS_PER_DAY

try:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
except ModuleNotFoundError as missing:  # pragma: no cover - the tests have it
    _MESSAGE = f"recorded payments need {missing.name}: pip install 'simcash-env[data]'"
    raise SimcashError(_MESSAGE) from missing

SCHEMA_VERSION: Final = 1
"""Version of the columns and of the metadata; a file of a later version is refused."""

METADATA_KEY: Final = b"simcash_env.payments"

NORMAL_PRIORITY: Final = 5
"""Priority of a payment that names none."""

DAY_US: Final = 24 * 60 * 60 * 1_000_000
"""Microseconds of a day."""

TEXT: Final = pa.dictionary(pa.int32(), pa.string())
CLOCK: Final = pa.time64("us")
DAY_RULE: Final = f"brings the total of its day above {MAX_SCENARIO_CENTS} cents"

_CLOCK_TEXT: Final = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?")


class Column(NamedTuple):
    """One column of the payments table; the stored table has every column."""

    name: str
    type: Any  # of Arrow
    presence: str  # "required" to import, "default" if it may be left out, "nullable" if a value may be missing
    unit: str
    meaning: str


COLUMNS: Final = (
    Column("day", pa.date32(), "required", "date", "Business day."),
    Column("submitted", CLOCK, "required", "time of day", "Local time at which the payment was submitted."),
    Column("sender", TEXT, "required", "id", "Bank that pays."),
    Column("receiver", TEXT, "required", "id", "Bank that is paid; not the sender."),
    Column("amount_cents", pa.int64(), "required", "cents", f"Amount, from 1 to {MAX_CENTS:,}."),
    Column("payment_id", pa.string(), "default", "id", "Name of the payment, unique; default: the row's number."),
    Column(
        "priority",
        pa.int8(),
        "default",
        "",
        f"0 (least urgent) to {HIGHEST_PRIORITY}; default: {NORMAL_PRIORITY}.",
    ),
    Column("deadline", CLOCK, "nullable", "time of day", "Latest time for settlement; null: the end of the day."),
    Column("not_before", CLOCK, "nullable", "time of day", "Earliest time for settlement; null: when submitted."),
    Column("settled", CLOCK, "nullable", "time of day", "Recorded time of settlement, for validation only."),
    Column("kind", TEXT, "nullable", "", "Kind of payment, such as customer, interbank or ancillary."),
    Column("divisible", pa.bool_(), "default", "", "Whether the payment can be split (default: no)."),
)
"""The columns, in the order of the file."""

SCHEMA: Final = pa.schema([pa.field(column.name, column.type, column.presence == "nullable") for column in COLUMNS])

_DEFAULTS: Final = {"priority": NORMAL_PRIORITY, "divisible": False}


def clock_text(time_us: int) -> str:
    """A time of day as text: ``07:00``, with seconds and microseconds where they are not zero."""
    seconds, micros = divmod(time_us, 1_000_000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}"
    if micros:
        return f"{text}:{seconds % 60:02}.{micros:06}".rstrip("0")
    return f"{text}:{seconds % 60:02}" if seconds % 60 else text


def clock_us(text: str) -> int | None:
    """Microseconds from midnight of ``HH:MM[:SS[.ffffff]]``, from 00:00 to 24:00; None if it is no such text."""
    found = _CLOCK_TEXT.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = (int(part or 0) for part in found.groups()[:3])
    if minutes >= 60 or seconds >= 60:
        return None
    time_us = (hours * 3600 + minutes * 60 + seconds) * 1_000_000 + int((found[4] or "").ljust(6, "0"))
    return time_us if time_us <= DAY_US else None


@dataclass(frozen=True)
class Calendar:
    """One business day: when it opens and closes, and its number of ticks.

    Attributes:
        open_us: opening, in microseconds from midnight, local time.
        close_us: closing; the last tick ends then. At most 24:00.
        ticks_per_day: number of ticks of equal length.

    Raises:
        DataError: the day does not close after it opens, or has no ticks.
    """

    open_us: int
    close_us: int
    ticks_per_day: int

    def __post_init__(self) -> None:
        """Refuse a day of no length and a number of ticks out of range."""
        faults = []
        if whole_within(self.open_us, 0, DAY_US - 1) is None:
            faults.append(Fault(None, None, "open", repr(self.open_us), "must be a time from 00:00 to before 24:00"))
        elif whole_within(self.close_us, self.open_us + 1, DAY_US) is None:
            rule = f"must be a time after {clock_text(self.open_us)} and at most 24:00"
            faults.append(Fault(None, None, "close", repr(self.close_us), rule))
        elif whole_within(self.ticks_per_day, 1, min(MAX_TICKS_PER_DAY, self.close_us - self.open_us)) is None:
            rule = f"must be a whole number from 1 to {MAX_TICKS_PER_DAY}, with ticks of at least a microsecond"
            faults.append(Fault(None, None, "ticks_per_day", repr(self.ticks_per_day), rule))
        if faults:
            raise DataError(faults)

    @overload
    def tick_of(self, time_us: int) -> int: ...

    @overload
    def tick_of(self, time_us: I64) -> I64: ...

    def tick_of(self, time_us: int | I64) -> int | I64:
        """The tick of a time: floor((time - open) * ticks / (close - open)).

        Times outside the hours give negative ticks, or ticks from ``ticks_per_day`` on; closing time is the first of
        those.
        """
        return (time_us - self.open_us) * self.ticks_per_day // (self.close_us - self.open_us)

    @overload
    def time_of(self, tick: int) -> int: ...

    @overload
    def time_of(self, tick: I64) -> I64: ...

    def time_of(self, tick: int | I64) -> int | I64:
        """The first microsecond of a tick, so that ``tick_of(time_of(tick))`` is the tick."""
        return self.open_us - (-tick * (self.close_us - self.open_us)) // self.ticks_per_day


@dataclass(frozen=True)
class Payments:
    """One set of payments.

    Attributes:
        table: columns as in ``SCHEMA``, sorted by day and submission time, then in the order of the source.
        calendar: the business day, the same for all days.
        currency: ISO 4217 code or another label; None if unknown.
        time_zone: IANA name of the zone of the local times; None if unknown.
        source: where the payments come from, such as a file name.
    """

    table: Any
    calendar: Calendar
    currency: str | None = None
    time_zone: str | None = None
    source: str = ""
    _is_judged: bool = field(default=False, init=False, repr=False, compare=False)  # no row breaks a rule

    def __len__(self) -> int:
        """Number of payments."""
        return int(self.table.num_rows)

    def integers(self, column: str) -> I64:
        """A column of times or numbers as int64: microseconds of the day, days since 1970, cents; null is -1."""
        values = self.table[column]
        if values.null_count:
            values = pc.fill_null(_as_int64(values), -1)
        return np.asarray(_as_int64(values))


def make_payments(
    columns: Mapping[str, Any] | Any,
    calendar: Calendar,
    *,
    currency: str | None = None,
    time_zone: str | None = None,
    source: str = "",
) -> Payments:
    """Payments from columns of values that already have their units.

    Args:
        columns: a mapping of names to arrays or lists, or an Arrow table: the required columns of ``COLUMNS``, and any
            of the optional ones. Rows may be in any order; ids made for rows that have none count from 1.
        calendar: the business day.
        currency: label of the amounts.
        time_zone: of the local times.
        source: where the payments come from.

    Raises:
        DataError: a column is missing, unknown or of another type, or a row breaks a rule; lists all faults.
    """
    table = columns if isinstance(columns, pa.Table) else pa.table(dict(columns))
    faults = _name_faults(table.column_names, [column.name for column in COLUMNS if column.presence == "required"])
    if faults:
        raise DataError(faults)
    arrays = []
    for column in COLUMNS:
        if column.name not in table.column_names:
            arrays.append(_default(column, table.num_rows))
            continue
        try:
            arrays.append(_cast(table[column.name], column.type))
        except (pa.ArrowException, TypeError) as error:
            faults.append(Fault(None, None, column.name, None, f"must be {column.type}: {reason_of(error)}"))
    if faults:
        raise DataError(faults)
    payments = Payments(pa.Table.from_arrays(arrays, schema=SCHEMA), calendar, currency, time_zone, source)
    payments = replace(payments, table=_sorted(payments))
    require_valid(payments, are_ids_given="payment_id" in table.column_names)
    return payments


def read_payments(path: Path | str) -> Payments:
    """Read a payments table from Parquet, memory-mapped.

    Raises:
        DataError: it cannot be read, is no payments table, is of a later version, or a row breaks a rule; the faults
            name file, row (counted from 1), column and rule.
    """
    path = Path(path)

    def refuse(rule: str, place: str = "", value: str | None = None) -> DataError:
        return DataError([Fault(str(path), None, place, value, rule)])

    try:
        path.stat()  # whose error is in one line
        with pq.ParquetFile(path, memory_map=True) as file:
            schema = file.schema_arrow
            metadata = (schema.metadata or {}).get(METADATA_KEY)
            if metadata is None:
                raise refuse("a Parquet file, but not a payments table: make one with 'simcash import'")
            calendar, facts = _facts_from_json(metadata, refuse)
            if faults := _name_faults(schema.names, SCHEMA.names):
                raise DataError(replace(fault, file=str(path)) for fault in faults)
            table = file.read(columns=SCHEMA.names)
    except (OSError, ValueError, pa.ArrowException) as error:  # a name that no file can have is a ValueError
        message = f"cannot be read as Parquet: {reason_of(error)}"
        raise refuse(message) from error
    for wanted in SCHEMA:
        if table.schema.field(wanted.name).type != wanted.type:
            raise refuse(f"must be {wanted.type}", wanted.name, str(table.schema.field(wanted.name).type))
    payments = Payments(table.unify_dictionaries(), calendar, **facts)
    require_valid(payments, str(path))
    return payments


def write_payments(payments: Payments, path: Path | str) -> None:
    """Write a payments table as Parquet; a reader finds the old file or the new one.

    Raises:
        DataError: a row breaks a rule; nothing is written.
        WriteError: the file cannot be written.
    """
    require_valid(payments)
    facts = {
        "version": SCHEMA_VERSION,
        "open": clock_text(payments.calendar.open_us),
        "close": clock_text(payments.calendar.close_us),
        "ticks_per_day": payments.calendar.ticks_per_day,
        "currency": payments.currency,
        "time_zone": payments.time_zone,
        "source": payments.source,
    }
    table = payments.table.replace_schema_metadata({METADATA_KEY: json.dumps(facts, ensure_ascii=False)})
    with replacing(Path(path)) as partial:
        pq.write_table(table, partial, compression="zstd", write_page_checksum=True)


def file_checksum(path: Path | str) -> str:
    """``sha256:`` and the hexadecimal digest of a file's bytes.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    except (OSError, ValueError) as error:
        raise DataError([Fault(str(path), None, "", None, f"cannot be read: {reason_of(error)}")]) from error


class Breach(NamedTuple):
    """Rows of a table that break one rule."""

    column: str
    rows: I64  # places in the table, from 0
    rule: str


def breaches(table: Any, calendar: Calendar, *, are_ids_given: bool = True) -> Iterator[Breach]:
    """Find the rows that break a rule of the payments table, rule by rule; the order of the rows is not judged.

    Args:
        table: of ``SCHEMA``.
        calendar: the business day.
        are_ids_given: False if this package numbered the payments, whose ids are then unique.
    """
    for column in COLUMNS:
        if column.presence != "nullable" and table[column.name].null_count:
            yield Breach(column.name, _places(pc.is_null(table[column.name])), "must be given")
    times = {name: _as_int64(table[name]) for name in ("submitted", "not_before", "deadline", "settled")}
    hours = f"from {clock_text(calendar.open_us)} to before {clock_text(calendar.close_us)}"
    for name in ("submitted", "not_before"):
        if len(rows := _outside(times[name], calendar.open_us, calendar.close_us - 1)):
            yield Breach(name, rows, f"must be within the hours, {hours}")
    arrival = pc.max_element_wise(times["submitted"], times["not_before"])
    if len(rows := _places(pc.less(times["deadline"], arrival))):
        yield Breach("deadline", rows, "must not be earlier than submitted and not_before")
    if len(rows := _places(pc.greater(times["deadline"], calendar.close_us))):
        yield Breach("deadline", rows, f"must not be later than the close at {clock_text(calendar.close_us)}")
    if len(rows := _places(pc.less(times["settled"], times["submitted"]))):
        yield Breach("settled", rows, "must not be earlier than submitted")
    same = pc.equal(table["sender"].cast(pa.string()), table["receiver"].cast(pa.string()))
    if len(rows := _places(same)):
        yield Breach("receiver", rows, "must not be the sender")
    if len(rows := _outside(table["amount_cents"], 1, MAX_CENTS)):
        yield Breach("amount_cents", rows, f"must be a whole number of cents from 1 to {MAX_CENTS}")
    if len(rows := _outside(table["priority"], 0, HIGHEST_PRIORITY)):
        yield Breach("priority", rows, f"must be a whole number from 0 to {HIGHEST_PRIORITY}")
    if are_ids_given and len(rows := repeated(table["payment_id"])):
        yield Breach("payment_id", rows, "must be unique")
    days = np.asarray(_as_int64(table["day"]).fill_null(-1))
    cents = np.asarray(_as_int64(table["amount_cents"]).fill_null(0))
    if len(rows := days_too_large(days, cents)):
        yield Breach("amount_cents", rows, DAY_RULE)


def require_valid(
    payments: Payments, file: str | None = None, at_most: int = 20, *, are_ids_given: bool = True
) -> None:
    """Refuse payments with a row that breaks a rule, or rows out of order.

    Args:
        payments: to check.
        file: named in the faults; default: the source.
        at_most: number of rows named for each rule; a fault says how many more there are.
        are_ids_given: as of ``breaches``.

    Raises:
        DataError: lists the faults.
    """
    if payments._is_judged:  # noqa: SLF001 - tables do not change
        return
    file = file or payments.source or "payments"
    faults = []
    if payments.table.schema.types != SCHEMA.types or payments.table.schema.names != SCHEMA.names:
        raise DataError([Fault(file, None, "", None, "must have the columns and types of a payments table")])
    for column, rows, rule in breaches(payments.table, payments.calendar, are_ids_given=are_ids_given):
        values = payments.table[column].take(pa.array(rows[:at_most])).to_pylist()
        for row, value in zip(rows.tolist(), values, strict=False):
            faults.append(Fault(file, row + 1, column, None if value is None else repr(str(value)), rule))
        if len(rows) > at_most:
            faults.append(Fault(file, None, column, None, f"{len(rows) - at_most:,} more: {rule}"))
    if not faults and len(payments):
        day, submitted = payments.integers("day"), payments.integers("submitted")
        disordered = (day[1:] < day[:-1]) | ((day[1:] == day[:-1]) & (submitted[1:] < submitted[:-1]))
        if disordered.any():
            row = int(disordered.argmax()) + 2
            faults.append(Fault(file, row, "submitted", None, "rows must be sorted by day and submission time"))
    if faults:
        raise DataError(faults)
    object.__setattr__(payments, "_is_judged", True)


def repeated(values: Any) -> I64:
    """Places of the values that an earlier row has already."""
    if pc.count_distinct(values).as_py() == len(values) - values.null_count:
        return np.empty(0, np.int64)
    whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
    codes = whole.dictionary_encode().indices
    codes = np.asarray(pc.fill_null(codes, -1)).astype(np.int64)
    _, firsts = np.unique(codes, return_index=True)
    is_repeated = codes >= 0
    is_repeated[firsts] = False
    return np.flatnonzero(is_repeated)


def _as_int64(values: Any) -> Any:
    """A column of dates, times or whole numbers as int64."""
    if pa.types.is_date32(values.type):
        values = values.cast(pa.int32())
    return values.cast(pa.int64())


def _places(mask: Any) -> I64:
    """Places of the true values of a mask; null is false."""
    return np.flatnonzero(np.asarray(pc.fill_null(mask, fill_value=False))).astype(np.int64)


def _outside(values: Any, least: int, most: int) -> I64:
    return _places(pc.or_(pc.less(values, least), pc.greater(values, most)))


def days_too_large(days: I64, cents: I64) -> I64:
    """The first row of each day whose total is above the bound of a scenario.

    Args:
        days: (rows,) day of each row.
        cents: (rows,) amounts; those out of range count as the nearest amount in range.
    """
    if len(days) * MAX_CENTS <= MAX_SCENARIO_CENTS:
        return np.empty(0, np.int64)
    cents = cents.clip(0, MAX_CENTS)
    order = np.argsort(days, kind="stable")
    _, firsts = np.unique(days[order], return_index=True)
    high = np.add.reduceat(cents[order] >> 20, firsts)  # the sum of the values themselves may not fit int64
    low = np.add.reduceat(cents[order] & (2**20 - 1), firsts)
    totals = [(int(above) << 20) + int(below) for above, below in zip(high, low, strict=True)]
    return order[firsts[[total > MAX_SCENARIO_CENTS for total in totals]]].astype(np.int64)


def _sorted(payments: Payments) -> Any:
    """The table sorted by day and submission time; rows of the same time keep their order."""
    order = np.lexsort((payments.integers("submitted"), payments.integers("day")))
    return payments.table if (order[1:] > order[:-1]).all() else payments.table.take(pa.array(order))


def _default(column: Column, length: int) -> Any:
    """Values of a column that was not given."""
    if column.name == "payment_id":
        return pa.array(np.arange(1, length + 1)).cast(pa.string())
    return pa.array([_DEFAULTS.get(column.name)], column.type).take(pa.array(np.zeros(length, np.int64)))


def _cast(values: Any, to: Any) -> Any:
    """A column as another type, exactly: a value that does not fit is an error."""
    if pa.types.is_dictionary(to):
        if not pa.types.is_dictionary(values.type):
            values = values.cast(pa.string()).dictionary_encode()
        return values.cast(to).combine_chunks() if isinstance(values, pa.ChunkedArray) else values.cast(to)
    if pa.types.is_time64(to) and pa.types.is_integer(values.type):
        return values.cast(pa.int64()).cast(to)
    if pa.types.is_integer(to) and not pa.types.is_integer(values.type):
        message = f"got {values.type}"
        raise TypeError(message)
    return values.cast(to)


def _name_faults(names: list[str], needed: list[str]) -> list[Fault]:
    """Columns that are missing, unknown or there twice."""
    faults = [Fault(None, None, name, None, "column is missing") for name in needed if name not in names]
    faults += [Fault(None, None, name, None, "unknown column") for name in names if name not in SCHEMA.names]
    faults += [Fault(None, None, name, None, "column is there twice") for name in set(names) if names.count(name) > 1]
    return faults


def _facts_from_json(metadata: bytes, refuse: Callable[..., DataError]) -> tuple[Calendar, dict[str, Any]]:
    """Calendar and labels from a file's metadata."""
    place = METADATA_KEY.decode()
    try:
        facts = json.loads(metadata)
        version = facts["version"]
        if whole_within(version, SCHEMA_VERSION + 1) is not None:
            rule = f"written by a later version of simcash-env; accepted is version {SCHEMA_VERSION}"
            raise refuse(rule, place, f"version {version}")
        if version != SCHEMA_VERSION:
            raise refuse(f"accepted is version {SCHEMA_VERSION}", place, f"version {version!r}")
        texts = {name: facts[name] for name in ("currency", "time_zone", "source")}
        open_us, close_us, ticks = clock_us(facts["open"]), clock_us(facts["close"]), facts["ticks_per_day"]
    except (ValueError, KeyError, TypeError) as error:
        rule = f"the metadata are damaged: {type(error).__name__}: {error}"
        raise refuse(rule, place) from error
    if not all(text is None or isinstance(text, str) for text in texts.values()) or texts["source"] is None:
        raise refuse("the metadata are damaged: labels must be text", place)
    try:
        return Calendar(-1 if open_us is None else open_us, -1 if close_us is None else close_us, ticks), texts
    except DataError as error:
        raise refuse(f"the metadata are damaged: {error}", place) from error
