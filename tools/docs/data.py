"""The tables on the page about recorded payments."""

from __future__ import annotations

from datetime import date
from typing import Any

from simcash_env.data.banks import BANK_COLUMNS
from simcash_env.data.importing import TREATMENTS
from simcash_env.data.mapping import ColumnNames, MappingConfig, load_mapping, preset_names
from simcash_env.data.payments import COLUMNS
from tools.docs.markdown import table
from tools.docs.scenario_files import key_rows

MEANINGS = {
    "format": "Version of the mapping format.",
    "description": "A note for readers.",
    "columns": "Names of the input's columns, see below.",
    "table": "Sheet (default: the first) or table (default: the only one).",
    "delimiter": "Of text files; `.tsv` files have a tab unless the key names another character.",
    "encoding": "Of text files.",
    "missing": "Texts that mean that there is no value.",
    "day_format": "How days are written. `number`: 1 is `first_day`, 2 the date after it.",
    "first_day": "Date of day 1, for `day_format: number`.",
    "time_format": "How times are written. `iso`: `HH:MM[:SS[.ffffff]]`, also after a date and before an offset from "
    "UTC. `ticks`: number of the tick in its day, from 0.",
    "time_zone": "Zone of times without an offset; default: local time.",
    "local_time_zone": "Zone of the opening hours, in which times are stored; default: `time_zone`.",
    "decimal_separator": "Between units and decimals.",
    "thousands_separator": "Between groups of three digits. A space stands for no-break spaces too.",
    "currency": "Label of the amounts, and of the currency column if there is one.",
    "priority_words": "Words for priorities, upper or lower case.",
    "true_words": "Words for true, upper or lower case.",
    "false_words": "Words for false, upper or lower case.",
}
"""Descriptions of the keys of a mapping file."""


def payment_columns() -> str:
    """The columns of the payments table."""
    rows = [(f"`{row.name}`", f"`{row.type}`", row.presence, row.unit, row.meaning) for row in COLUMNS]
    return table(("column", "Arrow type", "import", "unit", "meaning"), rows)


def bank_columns() -> str:
    """The columns of the banks table."""
    return table(("column", "unit", "meaning"), [(f"`{row.name}`", row.unit, row.meaning) for row in BANK_COLUMNS])


def mapping_keys() -> str:
    """The keys of a mapping file."""
    rows = []
    for (key, kind, default), (name, field) in zip(
        key_rows(MappingConfig), MappingConfig.model_fields.items(), strict=True
    ):
        shown = default if field.is_required() else _shown(field.get_default(call_default_factory=True))
        rows.append((key, kind.replace(PART, "mapping"), shown, MEANINGS[name]))
    return table(("key", "value", "default", "meaning"), rows)


PART = (
    "`{day, submitted, sender, receiver, amount, amount_cents, payment_id, priority, deadline, not_before, settled, "
    "kind, divisible, currency}`"
)
"""How a table of keys shows the columns, which have a table of their own."""


def _shown(value: Any) -> str:
    """A default as YAML."""
    if value is None or value in ({}, ""):
        return ""
    if isinstance(value, tuple):
        return "`[" + ", ".join(f'"{item}"' for item in value) + "]`"
    return f'`"{value}"`' if value in {",", "."} else f"`{value}`"


def presets() -> str:
    """The presets: for every column of the payments table, the column that it is read from."""
    loaded = {name: load_mapping(name) for name in preset_names()}
    rows = []
    for column in ColumnNames.model_fields:
        cells = []
        for mapping in loaded.values():
            names = getattr(mapping.columns, column)
            given = (names,) if isinstance(names, str) else names or ()
            cells.append(", ".join(f"`{name}`" for name in given))
        rows.append((f"`{column}`", *cells))
    for key in ("day_format", "first_day", "time_format", "delimiter", "priority_words"):
        values = [getattr(mapping, key) for mapping in loaded.values()]
        rows.append((f"*{key}*", *map(_setting, values)))
    return table(("", *(f"`{name}`" for name in loaded)), rows)


def _setting(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{word} {number}" for word, number in value.items())
    return "" if value is None else value.isoformat() if isinstance(value, date) else f"`{value}`"


def treatments() -> str:
    """What ``--on-error`` does with the rows of each rule."""
    rows = [(rule, what, "skip the row", clamp) for rule, (what, clamp) in TREATMENTS.items()]
    return table(("rule", "rows", "`skip`", "`clamp`"), rows)
