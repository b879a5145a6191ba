"""Accepted text and numbers: what every file format, database and response can represent."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from simcash_env.config.faults import Broken, Place

SURROGATE: Final = re.compile("[\ud800-\udfff]")
CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
"""Control characters without tab and line breaks, and the two that are no characters: YAML and XML refuse them too."""

LINE_BREAK: Final = re.compile("[\t\n\r\x85\u2028\u2029]")
"""Characters that are additionally not allowed in names."""

NOT_FINITE: Final = "must be a finite number"


def text_problem(text: str) -> str | None:
    """The rule that a text breaks."""
    found = SURROGATE.search(text)
    if found is not None:
        return f"must be Unicode text: character {found.start() + 1} is half of a surrogate pair ({_code(found)})"
    found = CONTROL.search(text)
    if found is not None:
        return f"must not contain control characters: character {found.start() + 1} is {_code(found)}"
    return None


def name_problem(text: str) -> str | None:
    """The rule that a name breaks: a name is one line."""
    found = LINE_BREAK.search(text)
    if found is not None:
        return f"must be one line without tabs: character {found.start() + 1} is {_code(found)}"
    return text_problem(text)


def _code(found: re.Match[str]) -> str:
    return f"U+{ord(found.group()):04X}"


def scalar_problem(value: Any) -> str | None:
    """The rule that a text or number breaks anywhere in a file."""
    if isinstance(value, str):
        return text_problem(value)
    return NOT_FINITE if isinstance(value, float) and not math.isfinite(value) else None


def unusable(value: Any, place: Place = ()) -> Iterator[Broken]:
    """Yield every invalid text and every number that is not finite, including keys.

    A mapping or list that occurs several times is read once, so a self-referencing value terminates.
    """
    seen: set[int] = set()
    waiting: list[tuple[Place, Any]] = [(place, value)]
    while waiting:
        at, found = waiting.pop()
        problem = scalar_problem(found)
        if problem is not None:
            yield Broken(at, problem, found)
        if not isinstance(found, (Mapping, list, tuple)) or id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, Mapping):
            for key in found:
                problem = text_problem(key) if isinstance(key, str) else None
                if problem is not None:
                    yield Broken((*at, key), f"key {problem}", key)
            inside = [((*at, key), content) for key, content in found.items()]
        else:
            inside = [((*at, number), content) for number, content in enumerate(found)]
        waiting += reversed(inside)
