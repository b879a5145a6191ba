"""Suggestions for names that are misspelled or only begun."""

import pytest

from simcash_env.config.suggest import likely, nearest, suggestion

NAMES = ("castro-12period-v0", "castro-2period-v0", "castro-3period-v0", "castro-x", "ten-banks-v0", "two-banks-v0")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("CASTRO", NAMES[:3]),
        ("ten", ("ten-banks-v0",)),
        ("ten-bank-v0", ("ten-banks-v0",)),
        ("t", ()),
        ("nothing", ()),
    ],
)
def test_suggest_likely_names_begin_with_what_was_typed_or_resemble_it(typed, found):
    assert likely(typed, NAMES) == found


def test_suggest_nearest_is_one_name_or_none():
    assert nearest("two-bank-v0", NAMES) == "two-banks-v0"
    assert nearest("tw", NAMES) == "two-banks-v0"
    assert nearest("cas", NAMES) is None


@pytest.mark.parametrize(
    ("guess", "said"),
    [
        (None, ""),
        ((), ""),
        ("a", ". Did you mean a?"),
        (("a", "b"), ". Did you mean a or b?"),
        (("a", "b", "c"), ". Did you mean a, b or c?"),
    ],
)
def test_suggest_suggestion_lists_names(guess, said):
    assert suggestion(guess) == said
