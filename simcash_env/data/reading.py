"""Reading an input as columns of text: CSV, Parquet, Excel, DuckDB, ISO 20022 messages, tables of other libraries."""

from __future__ import annotations

import datetime as dt
import json
import math
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from simcash_env.data import iso20022
from simcash_env.data.conversion import mask_of, where
from simcash_env.data.mapping import MappingConfig
from simcash_env.data.payments import METADATA_KEY, SCHEMA_VERSION
from simcash_env.data.problems import Places, Problems
from simcash_env.errors import DataError, Fault, reason_of
from simcash_env.integers import whole_within

TEXT_FILES: Final = (".csv", ".tsv", ".txt")
PARQUET: Final = (".parquet", ".pq")
EXCEL: Final = (".xlsx", ".xlsm")
DUCKDB: Final = (".duckdb", ".db")
MESSAGES: Final = (".xml", ".zip")
TABLES: Final = (*TEXT_FILES, *PARQUET, *EXCEL)
"""Kinds of files of which a folder may have several."""

ENDINGS: Final = (*TABLES, *DUCKDB, *MESSAGES)

MAX_EXCEL_BYTES: Final = 2 * 2**30
"""Largest uncompressed size of an Excel file, which is a zip."""

UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
HEADER_ROW: Final = 1


@dataclass(frozen=True)
class Source:
    """An input as it was read.

    Attributes:
        table: Arrow table; every column is text, null where there is no value.
        native: by column, the rows whose value was a date, time or number of the input, not text. Dates and times are
            then in ISO form, numbers are plain decimals.
        places: of the rows.
        name: of the input.
    """

    table: Any
    native: dict[str, Any]
    places: Places
    name: str


def read_source(path: Path, mapping: MappingConfig, problems: Problems) -> Source:
    """Read a file, a folder or a zip.

    Args:
        path: to read; told apart by the ending.
        mapping: says how text files are written, and which sheet or table is read.
        problems: gets the rows that have another number of values than the header, and text in another encoding.

    Raises:
        DataError: it cannot be read, is of no known kind or has no rows.
    """
    try:
        if not path.exists():
            raise _refusal(path, "cannot be read: no such file or folder")
        if path.is_dir():
            files = sorted(path.iterdir())
            if not files:
                raise _refusal(path, "the folder is empty")
            if any(file.suffix.lower() == ".xml" for file in files):
                return read_messages(path)
            odd = [file for file in files if file.suffix.lower() not in TABLES or not file.is_file()]
            if odd:
                rule = f"a folder must have only .xml files, or only {', '.join(TABLES)}"
                raise _refusal(odd[0], rule)
            return _joined([_read_file(file, mapping, problems) for file in files], path)
        return _read_file(path, mapping, problems)
    except (OSError, ValueError) as error:  # a name that no file can have is a ValueError
        raise _refusal(path, f"cannot be read: {reason_of(error)}") from error


def _read_file(path: Path, mapping: MappingConfig, problems: Problems) -> Source:
    ending = path.suffix.lower()
    if ending in MESSAGES:
        return read_messages(path)
    if path.stat().st_size == 0:
        raise _refusal(path, "the file is empty")
    if ending in TEXT_FILES:
        return _read_text(path, mapping, problems)
    if ending in PARQUET:
        return _read_parquet(path)
    if ending in EXCEL:
        return _read_excel(path, mapping)
    if ending in DUCKDB:
        return _read_duckdb(path, mapping)
    raise _refusal(path, f"unknown kind of file; endings are {', '.join(ENDINGS)}")


def _joined(sources: Sequence[Source], path: Path) -> Source:
    """Files of a folder, one after the other; all must have the columns of the first."""
    names = sources[0].table.column_names
    faults = []
    for source in sources[1:]:
        other = source.table.column_names
        if other != names:
            rule = f"the files of a folder must have the same columns; the first has {', '.join(names)}"
            faults.append(Fault(source.name, HEADER_ROW, "", ", ".join(other), rule))
    if faults:
        raise DataError(faults)
    lengths = [source.table.num_rows for source in sources]
    native = {
        name: np.concatenate(
            [
                source.native.get(name, np.zeros(length, np.bool_))
                for source, length in zip(sources, lengths, strict=True)
            ]
        )
        for name in names
        if any(name in source.native for source in sources)
    }
    table = pa.concat_tables([source.table for source in sources])
    return Source(table, native, Places.joined(source.places for source in sources), str(path))


def _read_text(path: Path, mapping: MappingConfig, problems: Problems) -> Source:
    """A text file with a header; all values as they are written."""
    file = str(path)
    with path.open("rb") as start:
        mark = start.read(2)
    if mark in UTF16_MARKS and mapping.encoding.lower().replace("_", "-") in {"utf-8", "utf8"}:
        raise _refusal(path, "the file is UTF-16; give encoding: utf-16 in the mapping")
    delimiter = "\t" if path.suffix.lower() == ".tsv" and mapping.delimiter == "," else mapping.delimiter
    ragged: list[tuple[int, int, int]] = []

    def keep(row: Any) -> str:
        ragged.append((row.number or 0, row.actual_columns, row.expected_columns))
        return "skip"

    parse = pc_csv.ParseOptions(
        delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=keep
    )
    read = pc_csv.ReadOptions(use_threads=False, encoding=mapping.encoding)  # row numbers need one thread
    with _named(path, mapping), pc_csv.open_csv(path, read, parse, pc_csv.ConvertOptions(check_utf8=False)) as head:
        names = head.schema.names
    _require_columns(file, names)
    ragged.clear()
    convert = pc_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary()), strings_can_be_null=False)
    with _named(path, mapping):
        table = pc_csv.read_csv(path, read, parse, convert)
    for row, actual, expected in ragged:
        rule = f"must have {expected} values as the header has"
        problems.faults.append(Fault(file, row or None, "", f"{actual} values", rule))
    rows = np.arange(HEADER_ROW + 1, table.num_rows + len(ragged) + HEADER_ROW + 1)
    rows = np.setdiff1d(rows, np.array([row for row, _, _ in ragged], np.int64), assume_unique=True)
    if not len(rows):
        problems.raise_any()
        raise _refusal(path, "the file has a header and no rows")
    places = Places.of_file(file, rows)
    columns = [_as_text(table[name], name, mapping, places, problems) for name in names]
    return Source(pa.Table.from_arrays(columns, names), {}, places, file)


@contextmanager
def _named(path: Path, mapping: MappingConfig) -> Iterator[None]:
    """Name the file where Arrow cannot read it as a table of text."""
    try:
        yield
    except UnicodeError as error:
        raise _refusal(path, f"not {mapping.encoding} text: {reason_of(error)}") from error
    except (pa.ArrowException, ValueError) as error:
        raise _refusal(path, f"cannot be read as a table: {reason_of(error)}") from error


def _as_text(values: Any, name: str, mapping: MappingConfig, places: Places, problems: Problems) -> Any:
    """A column of bytes as text, null where the mapping says so; bytes that are no text are problems."""
    try:
        texts = values.cast(pa.string())
    except pa.ArrowInvalid:
        is_bad = np.array([not _is_utf8(value) for value in values.to_pylist()])
        for place in where(is_bad).tolist():
            shown = values[place].as_py().decode("utf-8", "backslashreplace")
            rule = "not UTF-8 text; give the encoding of the file in the mapping"
            problems.faults.append(places.fault(place, name, shown, rule))
        texts = pc.if_else(pa.array(is_bad), b"?", values).cast(pa.string())
    is_missing = pc.is_in(texts, pa.array(mapping.missing, pa.string()))
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), texts)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_parquet(path: Path) -> Source:
    try:
        with pq.ParquetFile(path, memory_map=True) as file:
            metadata = (file.schema_arrow.metadata or {}).get(METADATA_KEY)
            if metadata is not None:
                _require_known_version(path, metadata)
            table = file.read()
    except pa.ArrowException as error:
        raise _refusal(path, f"cannot be read as Parquet: {reason_of(error)}") from error
    return source_of_table(table, str(path))


def _require_known_version(path: Path, metadata: bytes) -> None:
    try:
        version = json.loads(metadata)["version"]
    except (ValueError, KeyError, TypeError):
        version = None
    if whole_within(version, 1, SCHEMA_VERSION) is None:
        rule = f"a payments table of an unknown version; accepted is version {SCHEMA_VERSION}"
        raise DataError([Fault(str(path), None, METADATA_KEY.decode(), f"version {version!r}", rule)])


def _read_duckdb(path: Path, mapping: MappingConfig) -> Source:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            listed = "SELECT table_name FROM information_schema.tables ORDER BY table_name"
            tables = [name for (name,) in connection.execute(listed).fetchall()]
            if mapping.table is None and len(tables) != 1:
                rule = f"has {len(tables)} tables; name one with table: in the mapping"
                raise _refusal(path, f"{rule} ({', '.join(tables)})" if tables else rule)
            name = tables[0] if mapping.table is None else mapping.table
            if name not in tables:
                raise _refusal(path, f"has no table {name}; tables are {', '.join(tables)}")
            quoted = name.replace('"', '""')
            table = connection.sql(f'SELECT * FROM "{quoted}"').to_arrow_table()  # noqa: S608 - a quoted identifier
    except duckdb.Error as error:
        raise _refusal(path, f"cannot be read as a DuckDB file: {reason_of(error)}") from error
    return source_of_table(table, str(path))


def _read_excel(path: Path, mapping: MappingConfig) -> Source:
    import pandas as pd

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(info.file_size for info in archive.infolist())
        if size > MAX_EXCEL_BYTES:
            raise _refusal(path, f"has more than {MAX_EXCEL_BYTES} bytes uncompressed, the largest size that is read")
        sheet: str | int = 0 if mapping.table is None else mapping.table
        frame = pd.read_excel(path, sheet_name=sheet, header=None, dtype=object, keep_default_na=False, na_values=[])
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise _refusal(path, f"cannot be read as an Excel file: {reason_of(error)}") from error
    cells = frame.to_numpy(object)
    if not len(cells):
        raise _refusal(path, "the sheet is empty")
    names = ["" if _is_empty(cell) else str(cell) for cell in cells[0]]
    _require_columns(str(path), names)
    if len(cells) == 1:
        raise _refusal(path, "the sheet has a header and no rows")
    columns, native = [], {}
    for number, name in enumerate(names):
        column = cells[1:, number].tolist()
        texts = [_cell_text(cell) for cell in column]
        missing = {None, *mapping.missing}
        columns.append(pa.array([None if text in missing else text for text in texts], pa.string()))
        native[name] = np.array([not isinstance(cell, str) for cell in column])
    letters = dict(zip(names, map(_letters, range(len(names))), strict=True))
    rows = np.arange(HEADER_ROW + 1, len(cells) + 1)
    places = Places.of_file(str(path), rows, lambda column, row: f"{letters.get(column, '?')}{row}")
    return Source(pa.Table.from_arrays(columns, names), native, places, str(path))


def _is_empty(cell: Any) -> bool:
    return cell is None or cell == "" or (isinstance(cell, float) and math.isnan(cell))


def _cell_text(cell: Any) -> str | None:
    """A cell as text: numbers by their shortest exact decimal, dates and times in ISO form."""
    if _is_empty(cell):
        return None
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return _float_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, (dt.date, dt.time)) else str(cell)


def _float_text(value: float) -> str:
    """The shortest decimal that reads back as this float, without an exponent where the number is whole."""
    return str(int(value)) if value.is_integer() and abs(value) < 2**63 else repr(value)


def _letters(number: int) -> str:
    """Name of a column of a sheet: A to Z, AA, AB ..."""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def read_messages(path: Path) -> Source:
    """ISO 20022 messages; the row of a transaction is its number in its message."""
    rows: list[iso20022.Row] = []
    faults: list[Fault] = []
    files: list[str] = []
    starts: list[int] = []
    numbers: list[int] = []
    is_single = not path.is_dir() and not iso20022.is_zip(path)
    for name, content in iso20022.messages(path):
        label = str(path) if is_single else f"{path}/{name}"
        try:
            found = iso20022.transactions(label, content)
        except DataError as error:
            faults += error.faults
            continue
        files.append(label)
        starts.append(len(rows))
        numbers += range(1, len(found) + 1)
        rows += found
    if faults:
        raise DataError(faults)
    if not rows:
        raise _refusal(path, "the messages have no transactions")
    table = pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in iso20022.FIELDS]))
    places = Places(tuple(files), np.array(starts, np.int64), np.array(numbers, np.int64))
    return Source(table, {}, places, str(path))


def source_of_table(table: Any, name: str) -> Source:
    """An Arrow table, or anything that can be one: a pandas or polars frame; rows are counted from 1.

    Raises:
        DataError: it is no table, a column has a type that cannot be read, or there are no rows.
    """
    if not isinstance(table, pa.Table):
        try:
            table = pa.table(table)
        except (TypeError, ValueError, pa.ArrowException) as error:
            rule = f"must be an Arrow table or a data frame: {reason_of(error)}"
            raise DataError([Fault(name, None, "", type(table).__name__, rule)]) from error
    _require_columns(name, table.column_names)
    if not table.num_rows:
        raise DataError([Fault(name, None, "", None, "has no rows")])
    columns, native, faults = [], {}, []
    for field in table.schema:
        try:
            texts, is_text = _text_of(table[field.name])
        except (pa.ArrowException, NotImplementedError) as error:
            faults.append(Fault(name, None, field.name, str(field.type), f"cannot be read: {reason_of(error)}"))
            continue
        columns.append(texts)
        if not is_text:
            native[field.name] = np.ones(table.num_rows, np.bool_)
    if faults:
        raise DataError(faults)
    places = Places.of_file(name, np.arange(1, table.num_rows + 1))
    return Source(pa.Table.from_arrays(columns, table.column_names), native, places, name)


def _text_of(values: Any) -> tuple[Any, bool]:
    """A column as text, and whether it was text before."""
    kind = values.type
    if pa.types.is_dictionary(kind):
        values = values.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        texts = values.cast(pa.string())
        return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts), True
    if pa.types.is_floating(kind):
        numbers = np.asarray(values.cast(pa.float64()))
        is_missing = np.isnan(numbers) | mask_of(pc.is_null(values))
        texts = [None if missing else _float_text(x) for x, missing in zip(numbers.tolist(), is_missing, strict=True)]
        return pa.chunked_array([pa.array(texts, pa.string())]), False
    if pa.types.is_timestamp(kind):
        values = values.cast(pa.timestamp("us", None if kind.tz is None else "UTC"))
    elif pa.types.is_date(kind):
        values = values.cast(pa.date32())
    elif pa.types.is_time(kind):
        values = values.cast(pa.time64("us"))
    return values.cast(pa.string()), False


def _require_columns(file: str, names: list[str]) -> None:
    """Refuse a header with a name twice."""
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        rule = "the header has this column twice"
        raise DataError(Fault(file, HEADER_ROW, name or "(no name)", None, rule) for name in twice)


def _refusal(file: Path | str, rule: str) -> DataError:
    return DataError([Fault(str(file), None, "", None, rule)])
