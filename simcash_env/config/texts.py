"""Which text and which numbers are accepted: what every file, database and answer can hold."""

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
"""What additionally must not stand in a name."""

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
    """The rule that the text of a name breaks: a name is one line."""
    found = LINE_BREAK.search(text)
    if found is not None:
        return f"must be one line without tabs: character {found.start() + 1} is {_code(found)}"
    return text_problem(text)


def _code(found: re.Match[str]) -> str:
    return f"U+{ord(found.group()):04X}"


def scalar_problem(value: Any) -> str | None:
    """The rule that a text or a number breaks, wherever it stands."""
    if isinstance(value, str):
        return text_problem(value)
    return NOT_FINITE if isinstance(value, float) and not math.isfinite(value) else None


def unusable(value: Any, place: Place = ()) -> Iterator[Broken]:
    """Every text that is not usable and every number that is not finite, keys included.

    A mapping or list that stands in several places is read once; so one that contains itself has an end.
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
