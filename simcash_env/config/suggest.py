"""Suggestions for misspelled names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from simcash_env.errors import SUGGESTION


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar known name, or None if none is similar."""
    names = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6)
    return names[found[0]] if found else None


def suggestion(guess: str | None) -> str:
    """The end of a rule that suggests a name; empty if there is none."""
    return "" if guess is None else f"{SUGGESTION}{guess}?"


def unknown_key(name: str, known: Iterable[str]) -> str:
    """The message for an unknown key, with the nearest known key."""
    return f"unknown key{suggestion(nearest(name, known))}"
