"""The banks table: accounts, limits and liquidity of the banks of recorded payments, as a CSV file."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.csv as pc_csv

from simcash_env.config.suggest import unknown_key
from simcash_env.config.texts import name_problem
from simcash_env.errors import DataError, Fault, reason_of
from simcash_env.files import write_atomically
from simcash_env.schema.limits import MAX_CENTS


@dataclass(frozen=True)
class Bank:
    """One bank, on all days or on one.

    Attributes:
        id: as in the payments table.
        opening_balance_cents: balance at the start of a day; may be negative.
        credit_limit_cents: intraday credit.
        posted_collateral_cents: collateral posted at the start.
        haircut: of the collateral, a share; None for the default of a scenario.
        bilateral_limits: by bank, the largest net amount sent to it, in cents.
        multilateral_limit: largest net amount sent to all banks, in cents; None for no limit.
        liquidity_pool_cents: liquidity that the bank may allocate; None for none.
        day: the business day; None for all days.
    """

    id: str
    opening_balance_cents: int = 0
    credit_limit_cents: int = 0
    posted_collateral_cents: int = 0
    haircut: Decimal | None = None
    bilateral_limits: Mapping[str, int] = field(default_factory=dict)
    multilateral_limit: int | None = None
    liquidity_pool_cents: int | None = None
    day: date | None = None

    def scenario_keys(self) -> dict[str, Any]:
        """The bank as an entry of ``banks`` in a scenario; defaults are left out."""
        keys: dict[str, Any] = {"id": self.id, "opening_balance": self.opening_balance_cents}
        if self.credit_limit_cents:
            keys["credit_limit"] = self.credit_limit_cents
        if self.posted_collateral_cents:
            keys["posted_collateral"] = self.posted_collateral_cents
        if self.haircut is not None:
            keys["collateral_haircut"] = float(self.haircut)
        if self.bilateral_limits:
            keys["bilateral_limits"] = dict(self.bilateral_limits)
        if self.multilateral_limit is not None:
            keys["multilateral_limit"] = self.multilateral_limit
        if self.liquidity_pool_cents is not None:
            keys["liquidity_pool"] = self.liquidity_pool_cents
        return keys


Banks = tuple[Bank, ...]


class BankColumn(NamedTuple):
    """One column of the banks table."""

    name: str
    unit: str
    meaning: str


BANK_COLUMNS: Final = (
    BankColumn("id", "id", "Bank, as in the payments table. Required."),
    BankColumn("opening_balance_cents", "cents", "Balance at the start of a day; may be negative. Default: 0."),
    BankColumn("credit_limit_cents", "cents", "Intraday credit. Default: 0."),
    BankColumn("posted_collateral_cents", "cents", "Collateral posted at the start. Default: 0."),
    BankColumn("haircut", "share", "Haircut of the collateral, from 0 to 1. Default: that of a scenario."),
    BankColumn("bilateral_limits", "cents", 'Largest net amounts sent to single banks, as `{"BANK_B": 50000}`.'),
    BankColumn("multilateral_limit", "cents", "Largest net amount sent to all banks together."),
    BankColumn("liquidity_pool_cents", "cents", "Liquidity that the bank may allocate."),
    BankColumn("day", "date", "Business day of the row; without it the row is for all days."),
)
"""The columns, in the order of the file; all but ``id`` may be missing or empty."""


def read_banks(path: Path | str) -> Banks:
    """Read a banks table: a CSV file with a header, UTF-8, in cents.

    Raises:
        DataError: it cannot be read, or rows break rules; lists every fault with row and column.
    """
    path = Path(path)
    file = str(path)
    as_binary = pc_csv.ConvertOptions(check_utf8=False)
    single = pc_csv.ReadOptions(use_threads=False)
    whole = pc_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)
    try:
        with pc_csv.open_csv(path, read_options=single, parse_options=whole, convert_options=as_binary) as head:
            names = head.schema.names
        kinds = pc_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
        rows = pc_csv.read_csv(path, single, whole, kinds).to_pylist()
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError([Fault(file, None, "", None, f"cannot be read: {reason_of(error)}")]) from error
    known = [column.name for column in BANK_COLUMNS]
    faults = [Fault(file, 1, name, None, unknown_key(name, known)) for name in names if name not in known]
    faults += [
        Fault(file, 1, name, None, "the header has this column twice")
        for name in sorted(set(names))
        if names.count(name) > 1
    ]
    if "id" not in names:
        faults.append(Fault(file, 1, "id", None, "column is missing"))
    if faults:
        raise DataError(faults)
    return _banks_of(rows, file)


def banks_of_table(table: Any) -> Banks:
    """Banks from an Arrow table or a data frame with the columns of ``BANK_COLUMNS``.

    Raises:
        DataError: rows break rules; lists every fault with row and column.
    """
    rows = (table if isinstance(table, pa.Table) else pa.table(table)).to_pylist()
    texts = [{name: "" if value is None else str(value) for name, value in row.items()} for row in rows]
    known = [column.name for column in BANK_COLUMNS]
    names = list(texts[0]) if texts else ["id"]
    faults = [Fault("banks", None, name, None, unknown_key(name, known)) for name in names if name not in known]
    if "id" not in names:
        faults.append(Fault("banks", None, "id", None, "column is missing"))
    if faults:
        raise DataError(faults)
    return _banks_of(texts, "banks", header_rows=0)


def _banks_of(rows: Iterable[Mapping[str, str]], file: str, header_rows: int = 1) -> Banks:
    faults: list[Fault] = []
    banks: list[Bank] = []
    seen: set[tuple[str, date | None]] = set()
    for number, row in enumerate(rows, header_rows + 1):

        def value(
            name: str,
            parse: Callable[[str], Any],
            default: Any,
            number: int = number,
            row: Mapping[str, str] = row,
        ) -> Any:
            text = row.get(name, "")
            if text == "":
                return default
            try:
                return parse(text)
            except _RuleError as broken:
                faults.append(Fault(file, number, name, repr(text), broken.rule))
                return default

        bank = Bank(
            id=value("id", _id, ""),
            opening_balance_cents=value("opening_balance_cents", _signed_cents, 0),
            credit_limit_cents=value("credit_limit_cents", _cents, 0),
            posted_collateral_cents=value("posted_collateral_cents", _cents, 0),
            haircut=value("haircut", _share, None),
            bilateral_limits=value("bilateral_limits", _limits, {}),
            multilateral_limit=value("multilateral_limit", _cents, None),
            liquidity_pool_cents=value("liquidity_pool_cents", _cents, None),
            day=value("day", _day, None),
        )
        if row.get("id", "") == "":
            faults.append(Fault(file, number, "id", None, "must be given"))
        elif (bank.id, bank.day) in seen:
            faults.append(Fault(file, number, "id", repr(bank.id), "the table has this bank and day already"))
        seen.add((bank.id, bank.day))
        banks.append(bank)
    ids = {bank.id for bank in banks}
    for number, bank in enumerate(banks, header_rows + 1):
        unknown = [other for other in bank.bilateral_limits if other not in ids or other == bank.id]
        rule = "must be limits to other banks of the table"
        faults += [Fault(file, number, "bilateral_limits", repr(other), rule) for other in unknown]
    if not banks:
        faults.append(Fault(file, None, "", None, "has no banks"))
    if faults:
        raise DataError(faults)
    return tuple(banks)


class _RuleError(ValueError):
    """A rule that a text breaks."""

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


def _id(text: str) -> str:
    problem = name_problem(text) or ("must not begin or end with a space" if text != text.strip() else None)
    if problem:
        raise _RuleError(problem)
    return text


def _signed_cents(text: str) -> int:
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()):
        raise _RuleError("must be a whole number of cents")
    if len(digits) > len(str(MAX_CENTS)) or int(digits) > MAX_CENTS:
        raise _RuleError(f"must be at most {MAX_CENTS} cents")
    return int(text)


def _cents(text: str) -> int:
    cents = _signed_cents(text)
    if cents < 0:
        raise _RuleError("must be at least 0 cents")
    return cents


def _share(text: str) -> Decimal:
    try:
        share = Decimal(text)
        is_share = 0 <= share <= 1  # not a number cannot be compared
    except InvalidOperation:
        is_share = False
    if not is_share:
        raise _RuleError("must be a share from 0 to 1")
    return share


def _limits(text: str) -> dict[str, int]:
    rule = 'must be a JSON object of banks and cents such as {"BANK_B": 50000}'
    try:
        limits = json.loads(text)
    except (ValueError, RecursionError):
        limits = None
    if not isinstance(limits, dict) or not all(type(cents) is int for cents in limits.values()):
        raise _RuleError(rule)
    return {bank: _cents(str(cents)) for bank, cents in limits.items()}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _RuleError("must be a date YYYY-MM-DD") from None


def banks_on(banks: Banks, day: date) -> Banks:
    """The banks on a day: the row of that day where a bank has one, else its row for all days, else its first row."""
    chosen: dict[str, Bank] = {}
    for bank in banks:
        if bank.id not in chosen or bank.day == day or (bank.day is None and chosen[bank.id].day != day):
            chosen[bank.id] = bank
    return tuple(replace(bank, day=None) for bank in chosen.values())


def write_banks(banks: Banks, path: Path) -> None:
    """Write a banks table; the column ``day`` only where a bank has one.

    Raises:
        WriteError: the file cannot be written.
    """
    names = [column.name for column in BANK_COLUMNS]
    if all(bank.day is None for bank in banks):
        names.remove("day")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(names)
    for bank in banks:
        values = {name: getattr(bank, name) for name in names}
        limits = dict(bank.bilateral_limits)
        values["bilateral_limits"] = json.dumps(limits, ensure_ascii=False) if limits else None
        table.writerow(["" if values[name] is None else values[name] for name in names])
    write_atomically(path, text.getvalue().encode())
