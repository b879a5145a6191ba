"""The nearest known name to a misspelt one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like this one, or None when none does."""
    names = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def unknown_key(name: str, known: Iterable[str]) -> str:
    """The rule that an unknown key breaks, with the nearest known one."""
    guess = nearest(name, known)
    return "unknown key" if guess is None else f"unknown key, did you mean {guess}?"
