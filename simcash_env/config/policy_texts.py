"""Policies as text, ``NAME:parameter=value,...``, and the banks that they are for, as users type them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from simcash_env.config.documents import DUPLICATE
from simcash_env.config.numbers import has_two_meanings, number_in

LONGEST_NUMBER: Final = 18
NOT_DECIMAL: Final = "must be written in decimal digits"
TREE_SUFFIX: Final = ".json"

Value = TypeVar("Value")


@dataclass(frozen=True)
class PolicyText:
    """A policy that was given as text.

    Attributes:
        fields: the mapping of a scenario file; not validated.
        faults: key, value and rule of every parameter that cannot be read.
    """

    fields: dict[str, Any]
    faults: tuple[tuple[str, str | None, str], ...]


def parse_policy(text: str) -> PolicyText:
    """Parse ``name``, ``name:parameter=value,...`` or a tree file, ``file.json:parameter=value,...``."""
    name, _, rest = text.partition(":")
    values: dict[str, Any] = {}
    faults: list[tuple[str, str | None, str]] = []
    for item in filter(None, rest.split(",")):
        key, _, value = item.partition("=")
        if key in values or key == "type":
            faults.append((key, None, DUPLICATE))
        elif has_two_meanings(value):
            faults.append((key, repr(value), NOT_DECIMAL))
        number = number_in(value) if len(value) <= LONGEST_NUMBER else None
        values[key] = value if number is None else number
    if name.endswith(TREE_SUFFIX):
        return PolicyText({"type": "tree", "file": name, **({"parameters": values} if values else {})}, tuple(faults))
    return PolicyText({"type": name, **values}, tuple(faults))


def named_banks(pattern: str, bank_ids: Sequence[str]) -> tuple[str, ...]:
    """The bank of this id; otherwise the banks whose ids match the pattern, in which ``*`` stands for any text."""
    return (pattern,) if pattern in bank_ids else tuple(bank for bank in bank_ids if fnmatchcase(bank, pattern))


def by_bank(choices: Iterable[tuple[str, Value]] | Mapping[str, Value], bank_ids: Sequence[str]) -> dict[str, Value]:
    """Values by bank from values by bank or pattern: an id beats a pattern, a later pattern an earlier one."""
    rows = list(choices.items() if isinstance(choices, Mapping) else choices)
    ordered = [row for row in rows if row[0] not in bank_ids] + [row for row in rows if row[0] in bank_ids]
    return {bank: value for pattern, value in ordered for bank in named_banks(pattern, bank_ids)}
