"""Import of recorded payments: from a file or a table of other columns to a payments table, banks and a scenario."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from simcash_env.config import load_scenario
from simcash_env.config.clock import time_problem
from simcash_env.config.clock import time_us as us_of_clock
from simcash_env.config.suggest import nearest, suggestion
from simcash_env.config.texts import name_problem
from simcash_env.data.banks import Bank, Banks, banks_of_table, banks_on, read_banks, write_banks
from simcash_env.data.conversion import (
    Converted,
    Instants,
    Mask,
    by_value,
    cents_of,
    days_of,
    decimals_of,
    instants_of,
    localised,
    mask_of,
    where,
)
from simcash_env.data.liquidity import derived_liquidity, liquidity_rule
from simcash_env.data.mapping import REQUIRED, MappingConfig, load_mapping, zone_problem
from simcash_env.data.payments import (
    CLOCK,
    DAY_RULE,
    DAY_US,
    NORMAL_PRIORITY,
    Calendar,
    Payments,
    clock_text,
    days_too_large,
    file_checksum,
    make_payments,
    repeated,
    write_payments,
)
from simcash_env.data.problems import Problems
from simcash_env.data.reading import Source, read_source, source_of_table
from simcash_env.errors import DataError, Fault, WriteError
from simcash_env.files import write_atomically
from simcash_env.integers import whole_within
from simcash_env.schema.arrays import I64
from simcash_env.schema.limits import HIGHEST_PRIORITY

OnError = Literal["reject", "skip", "clamp"]

PAYMENTS, BANKS, SCENARIO, REPORT = "payments.parquet", "banks.csv", "scenario.yaml", "report.html"
FILES: Final = (PAYMENTS, BANKS, SCENARIO, REPORT)
"""Files of an output folder."""

HOURS: Final = ("07:00", "18:00")
TICK: Final = "5min"
LIQUIDITY: Final = "upper-bound:1.0"
"""Default liquidity: what every bank needs if all payments settle when they arrive."""

SPLIT: Final = (0.6, 0.2, 0.2)
FEWEST_DAYS: Final = 5
"""With fewer days, a part of the split is empty."""

TICK_TEXT: Final = re.compile(r"([1-9]\d{0,8})(s|min|h)")
SECONDS: Final = {"s": 1, "min": 60, "h": 3600}

ZERO_AMOUNT, SELF_PAYMENT, UNKNOWN_BANK = "zero amount", "self-payment", "unknown bank"
OUTSIDE_HOURS, LATE_DEADLINE, ODD_SETTLEMENT = "outside hours", "deadline before arrival", "settled before submitted"

TREATMENTS: Final = {
    ZERO_AMOUNT: ("The amount is 0.", "skip the row"),
    SELF_PAYMENT: ("Sender and receiver are the same bank.", "skip the row"),
    UNKNOWN_BANK: ("Sender or receiver is not in the banks table.", "skip the row"),
    OUTSIDE_HOURS: (
        "`submitted` or `not_before` is outside the hours or on another day, or `deadline` is after the closing.",
        "move the time to the opening, the last microsecond or the closing",
    ),
    LATE_DEADLINE: ("`deadline` is before `submitted` or `not_before`.", "move the deadline to the later of the two"),
    ODD_SETTLEMENT: ("`settled` is before `submitted`, or on another day.", "remove the time"),
}
"""Rules whose rows need not be rejected: what breaks them, and what ``clamp`` does. ``skip`` leaves the row out."""


@dataclass(frozen=True)
class Handled:
    """Rows that an import skipped or changed.

    Attributes:
        rule: key of ``TREATMENTS``.
        action: ``skipped`` or ``clamped``.
        num_rows: their number; a row that breaks several rules is counted for the first.
        value_cents: their total amount.
    """

    rule: str
    action: str
    num_rows: int
    value_cents: int


@dataclass(frozen=True)
class Imported:
    """The result of an import.

    Attributes:
        payments: the payments table.
        banks: the banks, with their liquidity.
        num_rows: rows of the source.
        handled: rows skipped or changed, by rule.
        notes: sentences on what was decided for the user.
    """

    payments: Payments
    banks: Banks
    num_rows: int
    handled: tuple[Handled, ...] = ()
    notes: tuple[str, ...] = ()

    def num_days(self) -> int:
        """Number of business days with payments."""
        return len(np.unique(self.payments.integers("day")))

    def value_cents(self) -> int:
        """Total amount."""
        return exact_total(self.payments.integers("amount_cents"))

    def scenario(self, name: str, checksum: str) -> dict[str, Any]:
        """The scenario that plays these payments, as the content of its file."""
        calendar = self.payments.calendar
        days = self.payments.table["day"]
        document: dict[str, Any] = {"format": 1, "name": name}
        document["description"] = (
            f"{len(self.payments):,} recorded payments of {self.num_days()} days, from {days[0]} to {days[-1]}."
        )
        if self.payments.currency is not None:
            document["currency"] = self.payments.currency
        document["simulation"] = {
            "ticks_per_day": calendar.ticks_per_day,
            "num_days": 1,
            "open": clock_text(calendar.open_us),
            "close": clock_text(calendar.close_us),
        }
        recorded = {"file": PAYMENTS, "checksum": checksum, "days": "train", "split": list(SPLIT), "resample": "none"}
        document["arrivals"] = {"recorded": recorded}
        document["banks"] = [bank.scenario_keys() for bank in banks_on(self.banks, days[0].as_py())]
        return document

    def anonymised(
        self,
        *,
        seed: int | None = None,
        scale: str | int | Decimal | Fraction | None = None,
        jitter_minutes: int = 0,
    ) -> Imported:
        """The same with names replaced, and optionally amounts and times disturbed; see ``data.anonymise``.

        The values of skipped and changed rows are scaled too.

        Raises:
            DataError: an argument is out of range, or an amount would become too large.
        """
        from simcash_env.data.anonymise import anonymise, factor_of, scaled

        payments, banks, summary = anonymise(
            self.payments, self.banks, seed=seed, scale=scale, jitter_minutes=jitter_minutes
        )
        factor = factor_of(scale)
        handled = self.handled
        if factor is not None:
            handled = tuple(replace(rows, value_cents=scaled(rows.value_cents, factor)) for rows in handled)
        return replace(self, payments=payments, banks=banks, handled=handled, notes=(*self.notes, *summary.sentences()))

    def write(self, folder: Path | str, *, force: bool = False) -> tuple[Path, ...]:
        """Write payments, banks, scenario and report; all files or none.

        Args:
            folder: made if it is missing.
            force: replace the four files in a folder that has files.

        Returns:
            The paths of the files.

        Raises:
            WriteError: the folder has files and ``force`` is not set, or it cannot be written.
        """
        folder = Path(folder)
        require_free(folder, force=force)
        staged = folder.parent / f".{folder.name}.{os.getpid()}.part"
        try:
            staged.mkdir(parents=True)
            self._write_files(staged, folder.resolve().name)
            _take_place(staged, folder)
        except OSError as error:
            raise WriteError.of(folder, error) from error
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return tuple(folder / name for name in FILES)

    def _write_files(self, folder: Path, name: str) -> None:
        from simcash_env.data.report import SkippedRows, write_report

        write_payments(self.payments, folder / PAYMENTS)
        write_banks(self.banks, folder / BANKS)
        document = self.scenario(name, file_checksum(folder / PAYMENTS))
        load_scenario({key: part for key, part in document.items() if key != "arrivals"})  # the table has been judged
        text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
        write_atomically(folder / SCENARIO, text.encode())
        skipped = [SkippedRows(rows.rule, rows.action, rows.num_rows, rows.value_cents) for rows in self.handled]
        ids = dict.fromkeys(bank.id for bank in self.banks)
        write_report(self.payments, ids, folder / REPORT, notes=self.notes, skipped=skipped)


def require_free(folder: Path, *, force: bool = False, files: Sequence[str] = FILES) -> None:
    """Refuse a folder that has files.

    Args:
        folder: to be written.
        force: accept a folder that has files.
        files: that would be replaced in it.

    Raises:
        WriteError: it has files and ``force`` is not set, or is no folder.
    """
    try:
        if folder.exists() and not folder.is_dir():
            message = f"{folder}: cannot be written: is a file"
            raise WriteError(message)
        if not force and folder.is_dir() and any(folder.iterdir()):
            message = f"{folder}: cannot be written: the folder has files; --force replaces {', '.join(files)}"
            raise WriteError(message)
    except (OSError, ValueError) as error:
        raise WriteError.of(folder, error) from error


def _take_place(staged: Path, folder: Path) -> None:
    """Give written files their names: the folder as a whole, or one by one, undone if one fails."""
    if not folder.exists() or not any(folder.iterdir()):
        with suppress(FileNotFoundError):
            folder.rmdir()
        staged.rename(folder)
        return
    saved = staged / "saved"
    saved.mkdir()
    done: list[str] = []
    try:
        for name in FILES:
            if (folder / name).exists():
                (folder / name).replace(saved / name)
            done.append(name)
            (staged / name).replace(folder / name)
    except OSError:
        for name in done:
            with suppress(OSError):
                (folder / name).unlink(missing_ok=True)
            if (saved / name).exists():
                (saved / name).replace(folder / name)
        raise


def exact_total(cents: I64) -> int:
    """The sum of amounts, exact whatever its size."""
    return (int((cents >> 20).sum()) << 20) + int((cents & (2**20 - 1)).sum())


def import_payments(
    source: Any,
    *,
    mapping: str | Path | MappingConfig = "canonical",
    hours: tuple[str, str] = HOURS,
    tick: str = TICK,
    currency: str | None = None,
    time_zone: str | None = None,
    banks: Any = None,
    on_error: OnError = "reject",
    liquidity: str | None = None,
) -> Imported:
    """Read recorded payments and check every row.

    Args:
        source: a path of a file, folder or zip, an Arrow table, or a pandas or polars frame.
        mapping: name of a preset, a mapping file, or a mapping.
        hours: opening and closing time of every day, ``HH:MM``, local time.
        tick: length of a tick: a whole number of ``s``, ``min`` or ``h`` that divides the hours.
        currency: label of the amounts; default: that of the mapping or of the currency column.
        time_zone: IANA name of the local time zone; default: that of the mapping. Needed only where times have another
            zone or an offset from UTC.
        banks: path of a banks table, or a table; default: the banks of the payments.
        on_error: what happens to rows of ``TREATMENTS``: ``reject`` everything, ``skip`` the rows, or ``clamp``.
        liquidity: rule of the opening balances where there is no banks table; default: ``upper-bound:1.0``.

    Raises:
        ConfigError: the mapping or an argument is not valid.
        DataError: the source cannot be read, or rows break rules; lists every problem. ``RowsError`` has them all.
    """
    mapping = load_mapping(mapping)
    zone = time_zone or mapping.local_time_zone or mapping.time_zone
    calendar = _checked_arguments(hours, tick, zone, on_error, banks, liquidity)
    table_of_banks = None if banks is None else _read_banks(banks)
    problems = Problems()
    if isinstance(source, (str, os.PathLike)):
        read = read_source(Path(source), mapping, problems)
    else:
        read = source_of_table(source, "table")
    problems.places = read.places
    reader = _Reader(read, mapping, calendar, problems, zone, currency or mapping.currency)
    kept, handled = reader.run(table_of_banks, on_error)
    problems.raise_any()
    if not kept.any():
        raise DataError([Fault(read.name, None, "", None, "no payments remain: every row was skipped")])
    payments = reader.payments(kept)
    notes = list[str]()
    if table_of_banks is None:
        rule = liquidity or LIQUIDITY
        cents = derived_liquidity(payments, rule)
        table_of_banks = tuple(Bank(bank, opening_balance_cents=cents[bank]) for bank in sorted(cents))
        notes.append(f"No banks table was given: opening balances are derived from the payments by {rule}.")
    else:
        notes += _checked_banks(table_of_banks, payments)
    imported = Imported(payments, table_of_banks, read.table.num_rows, tuple(handled), tuple(notes))
    if imported.num_days() < FEWEST_DAYS:
        more = f"With {imported.num_days()} days, fewer than {FEWEST_DAYS}, a part of the split is empty."
        imported = Imported(payments, table_of_banks, imported.num_rows, imported.handled, (*imported.notes, more))
    return imported


def _checked_arguments(
    hours: tuple[str, str], tick: str, zone: str | None, on_error: str, banks: Any, liquidity: str | None
) -> Calendar:
    """The calendar of the arguments; refuses all that are not valid, together."""
    faults = []
    if not (isinstance(hours, tuple) and len(hours) == 2 and all(isinstance(text, str) for text in hours)):
        raise DataError([Fault(None, None, "hours", repr(hours), "must be a pair of times HH:MM")])
    for name, text in zip(("open", "close"), hours, strict=True):
        if rule := time_problem(text):
            faults.append(Fault(None, None, name, repr(text), rule))
    found = TICK_TEXT.fullmatch(tick) if isinstance(tick, str) else None
    if found is None:
        faults.append(Fault(None, None, "tick", repr(tick), "must be a length such as 30s, 5min or 1h"))
    if zone is not None and (rule := zone_problem(zone)):
        faults.append(Fault(None, None, "time_zone", repr(zone), rule))
    if on_error not in get_args(OnError):
        faults.append(Fault(None, None, "on_error", repr(on_error), "must be reject, skip or clamp"))
    if liquidity is not None and banks is not None:
        rule = "can only be given without a banks table, which has the opening balances"
        faults.append(Fault(None, None, "liquidity", repr(liquidity), rule))
    elif liquidity is not None:
        try:
            liquidity_rule(liquidity)
        except DataError as error:
            faults += error.faults
    if faults or found is None:
        raise DataError(faults)
    open_us, close_us = map(us_of_clock, hours)
    length_us = int(found[1]) * SECONDS[found[2]] * 1_000_000
    if close_us > open_us and (close_us - open_us) % length_us:
        rule = f"must divide the hours from {hours[0]} to {hours[1]}"
        raise DataError([Fault(None, None, "tick", repr(tick), rule)])
    return Calendar(open_us, close_us, max((close_us - open_us) // length_us, 0))


def _read_banks(banks: Any) -> Banks:
    if isinstance(banks, tuple) and all(isinstance(bank, Bank) for bank in banks):
        return banks
    return read_banks(Path(banks)) if isinstance(banks, (str, os.PathLike)) else banks_of_table(banks)


def _checked_banks(banks: Banks, payments: Payments) -> list[str]:
    """Notes on the banks table; a day without payments in it is refused."""
    days = set(pc.unique(payments.table["day"]).to_pylist())
    strange = sorted({bank.day for bank in banks if bank.day is not None} - days)
    if strange:
        rule = "the payments have no such day"
        raise DataError(Fault("banks", None, "day", str(day), rule) for day in strange)
    active = set(pc.unique(payments.table["sender"].cast(pa.string())).to_pylist())
    active |= set(pc.unique(payments.table["receiver"].cast(pa.string())).to_pylist())
    notes = []
    idle = len({bank.id for bank in banks} - active)
    if idle:
        notes.append(f"{idle} banks of the banks table have no payments.")
    if any(bank.day is not None for bank in banks):
        notes.append(f"The banks table has rows by day: the scenario takes those of {min(days)}.")
    return notes


@dataclass
class _Reader:
    """Converts the columns of a source, and judges its rows."""

    source: Source
    mapping: MappingConfig
    calendar: Calendar
    problems: Problems
    zone: str | None
    currency: str | None
    columns: dict[str, str] = field(default_factory=dict)  # of the source, by canonical name
    days: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    cents: I64 = field(default_factory=lambda: np.empty(0, np.int64))
    times: dict[str, tuple[I64, Mask]] = field(default_factory=dict)  # microseconds of the day; rows that have one
    others: dict[str, Any] = field(default_factory=dict)
    ignored: Mask = field(default_factory=lambda: np.empty(0, np.bool_))

    def run(self, banks: Banks | None, on_error: OnError) -> tuple[Mask, list[Handled]]:
        """Convert and judge all rows; returns those that are kept, and what was done with the others."""
        self._find_columns()
        self._leave_out_empty_rows()
        good = self._amounts()
        good &= self._ids("sender") & self._ids("receiver")
        good &= self._days_and_times()
        self._labels()
        return self._judge(good, banks, on_error)

    def payments(self, kept: Mask) -> Payments:
        """The payments table of the kept rows."""
        rows = pa.array(kept)
        day = pa.array(self.days.astype(np.int32)).cast(pa.date32())
        columns: dict[str, Any] = {"day": day, "amount_cents": pa.array(self.cents)}
        for name, (us, has_time) in self.times.items():
            columns[name] = pa.array(us, mask=~has_time).cast(CLOCK)
        for name in ("sender", "receiver", "kind"):
            if name in self.columns:
                columns[name] = self._texts(name)
        columns |= self.others
        table = pa.table(columns)
        if not kept.all():
            table = table.filter(rows)
        return make_payments(
            table, self.calendar, currency=self.currency, time_zone=self.zone, source=Path(self.source.name).name
        )

    def _texts(self, name: str) -> Any:
        return self.source.table[self.columns[name]].combine_chunks()

    def _native(self, name: str) -> Mask:
        native: Mask | None = self.source.native.get(self.columns[name])
        return np.zeros(self.source.table.num_rows, np.bool_) if native is None else native

    def _find_columns(self) -> None:
        names = self.source.table.column_names
        file = self.source.places.files[0]
        faults = []
        for canonical, wanted, is_needed in self.mapping.columns.given():
            found = next((name for name in wanted if name in names), None)
            if found is not None:
                self.columns[canonical] = found
            elif is_needed:
                guess = nearest(wanted[0], names)
                hint = f", the file has {', '.join(names)}" if guess is None else suggestion(guess)
                rule = f"column is missing{hint}"
                faults.append(Fault(file, 1, wanted[0], None, rule))
        if {"amount", "amount_cents"} <= set(self.columns):
            rule = "give amount or amount_cents, not both"
            faults.append(Fault(file, 1, self.columns["amount"], None, rule))
        elif not {"amount", "amount_cents"} & set(self.columns) and not faults:
            faults.append(Fault(file, 1, "amount", None, f"column is missing, the file has {', '.join(names)}"))
        if faults:
            self.problems.faults += faults
            self.problems.raise_any()

    def _refuse(self, name: str, converted: Converted) -> Mask:
        """Report the rows that could not be converted; returns those that were."""
        for refused in converted.refused:
            self._report(name, refused.rule, refused.places)
        return converted.is_valid()

    def _report(self, name: str, rule: str, places: I64) -> None:
        column = self.columns[name]
        self.problems.add(column, rule, places[~self.ignored[places]], self.source.table[column])

    def _leave_out_empty_rows(self) -> None:
        """Report rows without values and repeated headers as such, and judge their values no further."""
        is_empty = np.ones(self.source.table.num_rows, np.bool_)
        is_header = is_empty.copy()
        for canonical, column in self.columns.items():
            values = self.source.table[column]
            is_empty &= mask_of(pc.is_null(values))
            if canonical in REQUIRED:
                is_header &= mask_of(pc.equal(values, column))
        self.ignored = np.zeros(len(is_empty), np.bool_)
        self._report("submitted", "the row is empty", where(is_empty))
        self._report("submitted", "the row is the header again", where(is_header))
        self.ignored = is_empty | is_header

    def _amounts(self) -> Mask:
        if "currency" in self.columns:
            self._currencies()
        is_cents = "amount_cents" in self.columns
        name = "amount_cents" if is_cents else "amount"
        converted = cents_of(
            self._texts(name),
            self._native(name),
            self.mapping,
            decimals=decimals_of(self.currency),
            is_cents=is_cents,
        )
        self._report(name, "must be given", where(converted.is_missing))
        self.cents = converted.values
        return self._refuse(name, converted)

    def _currencies(self) -> None:
        texts = self._texts("currency")
        found = [text for text in pc.unique(texts).to_pylist() if text is not None]
        rule = f"must be {self.currency}, the currency of the import"
        if self.currency is None:
            self.currency = found[0] if found else None
            rule = f"must be {self.currency} as in the first row: an import has one currency"
        self._report("currency", rule, where(mask_of(pc.not_equal(texts, self.currency or ""))))
        self._report("currency", "must be given", where(mask_of(pc.is_null(texts))))

    def _ids(self, name: str) -> Mask:
        rule = "must be one line without control characters, and without a space at its ends"
        _, is_missing, is_bad = by_value(self._texts(name), _plain_id, 0, np.int8)
        self._report(name, "must be given", where(is_missing))
        self._report(name, rule, where(is_bad))
        return ~is_missing & ~is_bad

    def _days_and_times(self) -> Mask:
        size = self.source.table.num_rows
        good = np.ones(size, np.bool_)
        if "day" in self.columns:
            converted = days_of(self._texts("day"), self._native("day"), self.mapping)
            self._report("day", "must be given", where(converted.is_missing))
            good = self._refuse("day", converted)
            self.days = converted.values
        for name in ("submitted", "not_before", "deadline", "settled"):
            if name not in self.columns:
                continue
            written = instants_of(self._texts(name), self._native(name), self.mapping, self.calendar)
            self._report(name, written.rule, where(written.is_bad))
            local, valid = self._local(name, written)
            if name == "submitted":
                self._report(name, "must be given", where(written.is_missing))
                if "day" not in self.columns:
                    self.days = local // DAY_US
                    self._report(name, "must have a date: there is no column of days", where(valid & ~written.has_date))
                    valid &= written.has_date
                good &= valid
            good &= valid | written.is_missing
            self.times[name] = (local - self.days * DAY_US, valid)
        return good

    def _local(self, name: str, written: Instants) -> tuple[I64, Mask]:
        """Local times with their date, and the rows that have one."""
        valid = ~written.is_missing & ~written.is_bad
        days = self.days if len(self.days) else np.zeros(len(valid), np.int64)
        us = np.where(written.has_date, written.us, written.us + days * DAY_US)
        if self.zone is None:
            rule = "has an offset from UTC: give the local time zone of the system"
            self._report(name, rule, where(written.is_utc & valid))
            return us, valid & ~written.is_utc
        local, is_unclear = localised(us, written.is_utc, self.mapping.time_zone, self.zone)
        rule = f"occurs twice or never in {self.mapping.time_zone or self.zone}: the clocks are changed"
        self._report(name, rule, where(is_unclear & valid))
        return local, valid & ~is_unclear

    def _labels(self) -> None:
        """Ids, priorities, kinds and truth values."""
        if "payment_id" in self.columns:
            texts = self._texts("payment_id")
            self._report("payment_id", "must be given", where(mask_of(pc.is_null(texts))))
            is_bad = mask_of(pc.match_substring_regex(texts, r"[\x00-\x1f\x7f]"))
            self._report("payment_id", "must not have control characters", where(is_bad))
            self._report("payment_id", "must be unique", repeated(texts))
            self.others["payment_id"] = texts
        if "priority" in self.columns:
            words = {word.casefold(): number for word, number in self.mapping.priority_words.items()}

            def priority(text: str) -> int | None:
                known = words.get(text.strip().casefold())
                found = re.fullmatch(r"(\d{1,3})(\.0+)?", text.strip())
                return (
                    known if known is not None else whole_within(int(found[1]), 0, HIGHEST_PRIORITY) if found else None
                )

            known = f" or one of {', '.join(self.mapping.priority_words)}" if words else ""
            rule = f"must be a whole number from 0 to {HIGHEST_PRIORITY}{known}"
            self._by_value("priority", priority, NORMAL_PRIORITY, np.int8, rule)
        if "divisible" in self.columns:
            truth = {word.casefold(): True for word in self.mapping.true_words}
            truth |= {word.casefold(): False for word in self.mapping.false_words}
            rule = f"must be one of {', '.join(truth)}"
            self._by_value("divisible", lambda text: truth.get(text.strip().casefold()), 0, np.bool_, rule)
        if "kind" in self.columns:
            _, _, is_bad = by_value(self._texts("kind"), _plain_id, 0, np.int8)
            self._report("kind", "must be one line without control characters", where(is_bad))

    def _by_value(self, name: str, convert: Callable[[str], Any], default: Any, dtype: Any, rule: str) -> None:
        values, _, is_bad = by_value(self._texts(name), convert, default, dtype)
        self._report(name, rule, where(is_bad))
        self.others[name] = pa.array(values)

    def _judge(self, good: Mask, banks: Banks | None, on_error: OnError) -> tuple[Mask, list[Handled]]:
        """Apply the rules of ``TREATMENTS`` to the rows that could be read."""
        good &= ~self.ignored
        handled: list[Handled] = []
        skipped = np.zeros(len(good), np.bool_)
        clamped = np.zeros(len(good), np.bool_)

        def treat(rule: str, broken: Mapping[str, tuple[Mask, str]], change: Callable[[], None] | None = None) -> None:
            """Report, skip or clamp the rows that break a rule in one of these columns."""
            nonlocal skipped
            rows = np.zeros(len(good), np.bool_)
            for name, (mask, fault) in broken.items():
                rows |= mask & good
                if on_error == "reject":
                    self._report(name, f"{fault} ({rule})", where(mask & good))
            if on_error == "reject" or not rows.any():
                return
            is_clamped = on_error == "clamp" and change is not None
            new = rows & ~skipped
            if is_clamped:
                new &= ~clamped
            action = "clamped" if is_clamped else "skipped"
            if new.any():
                handled.append(Handled(rule, action, int(new.sum()), exact_total(self.cents[new])))
            if is_clamped and change is not None:
                change()
                clamped[new] = True
            else:
                skipped |= rows

        amount = "amount_cents" if "amount_cents" in self.columns else "amount"
        treat(ZERO_AMOUNT, {amount: (self.cents == 0, "must be above 0")})
        sender, receiver = self._texts("sender"), self._texts("receiver")
        treat(SELF_PAYMENT, {"receiver": (mask_of(pc.equal(sender, receiver)), "must not be the sender")})
        if banks is not None:
            ids = pa.array(sorted({bank.id for bank in banks}), pa.string())
            listed = "must be a bank of the banks table"
            unknown = {name: (~mask_of(pc.is_in(self._texts(name), ids)), listed) for name in ("sender", "receiver")}
            treat(UNKNOWN_BANK, unknown)
        treat(OUTSIDE_HOURS, self._outside_hours(), self._clamp_hours)
        treat(LATE_DEADLINE, self._late_deadlines(), self._clamp_deadlines)
        treat(ODD_SETTLEMENT, self._odd_settlements(), self._remove_settlements)
        kept = good & ~skipped
        if "deadline" in self.times:  # midnight as a closing time is the end of the day, and no time of the table
            us, has_time = self.times["deadline"]
            self.times["deadline"] = us, has_time & (us < DAY_US)
        self._report(amount, DAY_RULE, where(kept)[days_too_large(self.days[kept], self.cents[kept])])
        return kept, handled

    def _outside_hours(self) -> dict[str, tuple[Mask, str]]:
        open_us, close_us = self.calendar.open_us, self.calendar.close_us
        hours = f"must be within the hours of its day, from {clock_text(open_us)} to before {clock_text(close_us)}"
        broken: dict[str, tuple[Mask, str]] = {}
        for name in ("submitted", "not_before"):
            if name in self.times:
                us, has_time = self.times[name]
                broken[name] = has_time & ((us < open_us) | (us >= close_us)), hours
        if "deadline" in self.times:
            us, has_time = self.times["deadline"]
            broken["deadline"] = has_time & (us > close_us), f"must be at most the closing at {clock_text(close_us)}"
        return broken

    def _clamp_hours(self) -> None:
        open_us, close_us = self.calendar.open_us, self.calendar.close_us
        for name, last in (("submitted", close_us - 1), ("not_before", close_us - 1), ("deadline", close_us)):
            if name in self.times:
                us, has_time = self.times[name]
                self.times[name] = us.clip(open_us, last), has_time

    def _arrival(self) -> I64:
        us, _ = self.times["submitted"]
        if "not_before" not in self.times:
            return us
        from_us, has_time = self.times["not_before"]
        return np.where(has_time, np.maximum(us, from_us), us)

    def _late_deadlines(self) -> dict[str, tuple[Mask, str]]:
        if "deadline" not in self.times:
            return {}
        us, has_time = self.times["deadline"]
        return {"deadline": (has_time & (us < self._arrival()), "must not be before submitted and not_before")}

    def _clamp_deadlines(self) -> None:
        us, has_time = self.times["deadline"]
        self.times["deadline"] = np.maximum(us, self._arrival()), has_time

    def _is_odd_settlement(self) -> Mask:
        us, has_time = self.times["settled"]
        submitted, _ = self.times["submitted"]
        return has_time & ((us < submitted) | (us >= DAY_US))

    def _odd_settlements(self) -> dict[str, tuple[Mask, str]]:
        if "settled" not in self.times:
            return {}
        return {"settled": (self._is_odd_settlement(), "must be on the day of the payment, not before submitted")}

    def _remove_settlements(self) -> None:
        us, has_time = self.times["settled"]
        self.times["settled"] = us, has_time & ~self._is_odd_settlement()


def _plain_id(text: str) -> int | None:
    return None if name_problem(text) is not None or text != text.strip() else 0
