"""Errors of rules that span several fields, with the place where each is broken."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Place = tuple[str | int, ...]

UNKNOWN_KEY = "unknown_key"
RULE = "rule"
"""Error type of our own rules: the message is the rule, the input is the value that breaks it."""


class Broken(NamedTuple):
    """A broken rule: place, rule and value found."""

    place: Place
    rule: str
    value: Any


def broken_rules(broken: Iterable[Broken], title: str = "scenario") -> ValidationError:
    """One pydantic error that carries every broken rule with its own place."""
    details = [
        InitErrorDetails(type=PydanticCustomError(RULE, rule), loc=place, input=value) for place, rule, value in broken
    ]
    return ValidationError.from_exception_data(title, details)


def fault_at(place: Place, rule: str, value: Any) -> ValidationError:
    """The error of one broken rule; the place is relative to the model that raises it."""
    return broken_rules([Broken(place, rule, value)])


def error_detail(fault: Any) -> InitErrorDetails:
    """One error of a caught pydantic error, in the form that a new pydantic error takes."""
    kind = PydanticCustomError(fault["type"], fault["msg"], fault.get("ctx"))
    return InitErrorDetails(type=kind, loc=fault["loc"], input=fault["input"])
