"""Suggestions for misspelled and incomplete names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Final

from simcash_env.errors import SUGGESTION

SHORTEST_PREFIX: Final = 2
MOST_SUGGESTED: Final = 3


def likely(name: str, known: Iterable[str]) -> tuple[str, ...]:
    """The known names that a name may stand for: those that begin with it, at most three, otherwise the most similar.

    Args:
        name: what was typed; upper and lower case are equal.
        known: the names that exist.
    """
    names = {candidate.lower(): candidate for candidate in known}
    typed = name.lower()
    begun = [lower for lower in names if lower.startswith(typed)] if len(typed) >= SHORTEST_PREFIX else []
    found = begun[:MOST_SUGGESTED] or difflib.get_close_matches(typed, names, n=1, cutoff=0.6)
    return tuple(names[lower] for lower in found)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The most similar known name, the only one that begins with the name, or None."""
    names = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.6) or likely(name, names)
    return names[found[0]] if len(found) == 1 else None


def suggestion(guess: str | Sequence[str] | None) -> str:
    """The end of a rule that suggests one name or several; empty if there is none."""
    guesses = [guess] if isinstance(guess, str) else list(guess or ())
    if not guesses:
        return ""
    *most, last = guesses
    return f"{SUGGESTION}{', '.join(most)}{' or ' if most else ''}{last}?"


def unknown_key(name: str, known: Iterable[str]) -> str:
    """The message for an unknown key, with the nearest known key."""
    return f"unknown key{suggestion(nearest(name, known))}"
