"""Conversion of validation errors to faults with messages for users."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from simcash_env.config.faults import RULE, UNKNOWN_KEY, Broken, Place
from simcash_env.config.suggest import nearest, suggestion
from simcash_env.errors import ConfigError, Fault

LONGEST_VALUE = 60
TREE = "tree"
"""Type of the policies that may contain an inline tree, and the key of that tree."""

RULES: Mapping[str, str] = {
    "missing": "is required",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "string_type": "must be text",
    "bool_type": "must be true or false",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "too_short": "must have at least {min_length} entries",
    "too_long": "must have at most {max_length} entries",
    "tuple_type": "must be a list",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "union_tag_not_found": "needs a type",
    "int_parsing_size": "must be at most 10**15",
}
"""Messages for pydantic's error types; other types keep pydantic's message."""


def broken_of(error: ValidationError, document: Any) -> list[Broken]:
    """The faults of a pydantic error, with their places in the document."""
    return [
        Broken(_place_in(fault["loc"], document), _rule(fault), None if fault["type"] == "missing" else fault["input"])
        for fault in error.errors()
        if not _is_counted_short(fault)
    ]


def config_error(
    broken: Iterable[Broken], file: str | None, line_of: Callable[[Place], int | None] = lambda _: None
) -> ConfigError:
    """The error that lists these faults without duplicates, in the order of the file."""
    faults: dict[tuple[str, str], Fault] = {}
    for place, rule, value in broken:
        path = ".".join(str(step) for step in place)
        faults.setdefault((path, rule), Fault(file, line_of(place), path, shown(value), rule))
    return ConfigError(sorted(faults.values(), key=lambda fault: (fault.line is None, fault.line or 0)))


def shown(value: Any) -> str | None:
    """A short form of a value for messages; None stays None."""
    if value is None:
        return None
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10**LONGEST_VALUE:
        return f"a number of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."


def _is_counted_short(fault: Any) -> bool:
    """True if pydantic reports a list as too short only because its entries are invalid."""
    return bool(fault["type"] == "too_short" and len(fault["input"]) >= fault["ctx"]["min_length"])


def value_at(document: Any, place: Place, otherwise: Any) -> Any:
    """The value of the file at a place, if there is one."""
    found = document
    for step in place:
        found = _inside(found, step)
    return otherwise if found is None or isinstance(found, (dict, list)) else found


def _rule(fault: Any) -> str:
    kind, context = fault["type"], fault.get("ctx", {})
    if kind in {RULE, UNKNOWN_KEY}:
        return str(fault["msg"])
    if kind == "union_tag_invalid":
        return _wrong_type(context["tag"], context["expected_tags"])
    words = RULES.get(kind)
    return (
        str(fault["msg"]) if words is None else words.format(**{key: _plain(bound) for key, bound in context.items()})
    )


def _plain(bound: Any) -> Any:
    """An integral bound without decimal point."""
    return int(bound) if isinstance(bound, float) and bound.is_integer() else bound


def _wrong_type(tag: str, expected: str) -> str:
    names = expected.replace("'", "").split(", ")
    return f"must be one of {', '.join(names)}{suggestion(nearest(str(tag), names))}"


def _place_in(loc: Place, document: Any) -> Place:
    """The path as in the user's file, without pydantic's names of union branches."""
    place: list[str | int] = []
    here, is_past_tag = document, False
    for step in loc:
        if isinstance(step, str) and (step.startswith("<") or (not is_past_tag and _is_tag(step, here))):
            is_past_tag = step == TREE
            continue
        place.append(step)
        here = _inside(here, step)
        is_past_tag = is_past_tag or step == TREE  # errors inside a tree are reported by us, not by pydantic
    return tuple(place)


def _is_tag(step: str, here: Any) -> bool:
    return isinstance(here, Mapping) and here.get("type") == step and (step not in here or step == TREE)


def _inside(here: Any, step: str | int) -> Any:
    if isinstance(here, Mapping):
        return here.get(step)
    if isinstance(here, (list, tuple)) and isinstance(step, int) and step < len(here):
        return here[step]
    return None
