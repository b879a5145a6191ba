"""Mapping files: which column of the input is which column of the payments table, and how its values are written."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simcash_env.config.documents import read_document
from simcash_env.config.faults import RULE, Broken, broken_rules, fault_at
from simcash_env.config.fields import Currency, Model, Name, Priority, Text
from simcash_env.config.report import broken_of
from simcash_env.config.suggest import nearest, suggestion
from simcash_env.errors import ConfigError, Fault
from simcash_env.files import shipped_folder

ISO: Final = "iso"
NUMBER: Final = "number"
TICKS: Final = "ticks"

REQUIRED: Final = ("submitted", "sender", "receiver")
DATE_DIRECTIVES: Final = ("%Y", "%y", "%m", "%d", "%j", "%b", "%B", "%D", "%F", "%x", "%c", "%G")


def has_date(time_format: str) -> bool:
    """True if a format of times contains the date."""
    return any(directive in time_format for directive in DATE_DIRECTIVES)


def _names(value: Any) -> Any:
    if isinstance(value, str):
        return value
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(name, str) for name in value):
        raise PydanticCustomError(RULE, "must be the name of a column, or a list of names of which one is there")
    return tuple(value)


def _one_character(value: Any) -> Any:
    if not isinstance(value, str) or len(value) != 1 or not value.isascii() or value in '"\r\n':
        raise PydanticCustomError(RULE, "must be one ASCII character, not a quote or a line break")
    return value


def _encoding(value: Any) -> Any:
    try:
        codecs.lookup(value)
    except (LookupError, TypeError, ValueError):
        raise PydanticCustomError(RULE, "must be a known encoding such as utf-8, utf-16 or latin-1") from None
    return value


def zone_problem(name: Any) -> str | None:
    """The rule that the name of a time zone breaks."""
    try:
        ZoneInfo(name)
    except (LookupError, OSError, ValueError, TypeError):  # unknown, a folder, an absolute path, no text
        return "must be a time zone of the IANA database such as Europe/Paris or UTC"
    return None


def _zone(value: Any) -> Any:
    problem = zone_problem(value)
    if problem:
        raise PydanticCustomError(RULE, problem)
    return value


Columns = Annotated[
    str | tuple[str, ...],
    Field(description="column name, or a list of names of which one is there"),
    BeforeValidator(_names),
]
Zone = Annotated[str, Field(description="IANA name such as `Europe/Paris`"), BeforeValidator(_zone)]
Delimiter = Annotated[str, Field(description="one character"), BeforeValidator(_one_character)]
Encoding = Annotated[str, Field(description="name of an encoding"), BeforeValidator(_encoding)]
Day = Annotated[date, Field(description="date")]


class ColumnNames(Model):
    """Names of the input's columns.

    A single name must be in the input. Of a list of names, the first one that is there is read; an optional column may
    then be missing. Give either ``amount`` (currency units) or ``amount_cents``. Without ``day``, ``submitted`` must
    contain the date.
    """

    day: Columns | None = None
    submitted: Columns
    sender: Columns
    receiver: Columns
    amount: Columns | None = None
    amount_cents: Columns | None = None
    payment_id: Columns | None = None
    priority: Columns | None = None
    deadline: Columns | None = None
    not_before: Columns | None = None
    settled: Columns | None = None
    kind: Columns | None = None
    divisible: Columns | None = None
    currency: Columns | None = None

    @model_validator(mode="after")
    def _has_an_amount(self) -> ColumnNames:
        if self.amount is None and self.amount_cents is None:
            raise fault_at(("amount",), "is required, or amount_cents", None)
        return self

    def given(self) -> Iterator[tuple[str, tuple[str, ...], bool]]:
        """Yield every column that is mapped, its names in the input, and whether one of them must be there."""
        for name in type(self).model_fields:
            names = getattr(self, name)
            if names is not None:
                is_single = isinstance(names, str)
                yield name, (names,) if is_single else names, is_single or name in REQUIRED


class MappingConfig(Model):
    """How an input is read.

    Formats apply to text. Values that the input stores as dates, times or numbers (Parquet, Excel, DuckDB, data frames)
    are taken as they are.
    """

    format: Literal[1]
    description: Text = ""
    columns: ColumnNames
    table: Annotated[Name, Field(description="sheet of an Excel file, or table of a DuckDB file")] | None = None
    delimiter: Delimiter = ","
    encoding: Encoding = "utf-8"
    missing: tuple[Text, ...] = ("",)
    day_format: Annotated[Text, Field(description="`iso`, `number`, or a format such as `%d.%m.%Y`")] = ISO
    first_day: Day | None = None
    time_format: Annotated[Text, Field(description="`iso`, `ticks`, or a format such as `%H:%M:%S`")] = ISO
    time_zone: Zone | None = None
    local_time_zone: Zone | None = None
    decimal_separator: Literal[".", ","] = "."
    thousands_separator: Annotated[
        Literal["", ",", ".", " ", "'", "_"], Field(description="empty, or `,` or `.` or a space or `'` or `_`")
    ] = ""
    currency: Currency | None = None
    priority_words: dict[Text, Priority] = Field(default_factory=dict)
    true_words: tuple[Text, ...] = ("true", "yes", "1")
    false_words: tuple[Text, ...] = ("false", "no", "0")

    @model_validator(mode="after")
    def _fits(self) -> MappingConfig:
        broken = []
        if self.thousands_separator == self.decimal_separator:
            rule = "must differ from decimal_separator"
            broken.append(Broken(("thousands_separator",), rule, self.thousands_separator))
        if self.day_format == NUMBER and self.first_day is None:
            broken.append(Broken(("first_day",), "is required with day_format: number: the date of day 1", None))
        if self.day_format not in {ISO, NUMBER} and not has_date(self.day_format):
            broken.append(Broken(("day_format",), "must be iso, number or a format of dates", self.day_format))
        if self.time_format not in {ISO, TICKS} and "%" not in self.time_format:
            broken.append(Broken(("time_format",), "must be iso, ticks or a format of times", self.time_format))
        if self.columns.day is None and self.time_format != ISO and not has_date(self.time_format):
            broken.append(Broken(("columns", "day"), "is required: the times have no date", None))
        if broken:
            raise broken_rules(broken)
        return self


def preset_names() -> tuple[str, ...]:
    """Names of the mappings shipped with the package, sorted."""
    return tuple(sorted(path.stem for path in shipped_folder("mappings").glob("*.yaml")))


def load_mapping(source: str | Path | MappingConfig) -> MappingConfig:
    """A mapping by the name of a preset, from a YAML or JSON file, or unchanged.

    Raises:
        ConfigError: neither a file nor a preset, or the file breaks rules; lists every fault.
    """
    if isinstance(source, MappingConfig):
        return source
    path = Path(source)
    if isinstance(source, str) and not path.suffix:
        if source not in preset_names():
            guess = nearest(source, preset_names())
            hint = f", presets are {', '.join(preset_names())}" if guess is None else suggestion(guess)
            rule = f"neither a mapping file (.yaml or .json) nor a preset{hint}"
            raise ConfigError([Fault(None, None, "mapping", repr(source), rule)])
        path = shipped_folder("mappings") / f"{source}.yaml"
    document = read_document(path)
    if not isinstance(document.value, dict):
        raise document.error([*document.broken, Broken((), "a mapping file must be a mapping", document.value)])
    try:
        mapping = MappingConfig.model_validate(document.value)
    except ValidationError as error:
        raise document.error([*document.broken, *broken_of(error, document.value)]) from None
    if document.broken:
        raise document.error(document.broken)
    return mapping
