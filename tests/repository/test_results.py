"""Published figures are those of the raw results: any figure that is changed on a page or in a table is found."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines import publish
from simcash_env.evaluation.evaluate import is_random
from simcash_env.registry import load, scenario_ids
from tools.docs import generate

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "docs" / "results"
PUBLISHED = json.loads((RESULTS / "benchmark.json").read_text())


def measured_blocks():
    """The tables of measured figures and the pages that they are on."""
    for page in generate.PAGES:
        text = (ROOT / page).read_text()
        for found in generate.MARKED.finditer(text):
            if found["name"] in generate.MEASURED:
                yield page, found["name"], text, found.span()


BLOCKS = list(measured_blocks())


def test_results_every_measured_table_is_on_a_page_and_the_readme_has_results():
    assert {name for _, name, _, _ in BLOCKS} == set(generate.MEASURED)
    assert ("README.md", "results") in {(page, name) for page, name, _, _ in BLOCKS}


def test_results_that_are_to_be_remade_say_so_under_their_table():
    text = (RESULTS / "README.md").read_text()
    notes = generate.remake_notes(text)
    assert notes.keys() <= generate.MEASURED.keys()
    for page, name, whole, (first, last) in BLOCKS:
        assert ("to be remade" in whole[first:last]) == (name in notes), f"{page}: {name}"
    for name, note in notes.items():
        assert note.startswith("Made with version 0.1.0 before 2026-11-29, to be remade by `python -m "), name
    row = "| `market` | all | a rule | `python -m training.market_study` |"
    assert generate.remake_notes(row) == {
        "market": "Made with an earlier version, to be remade by `python -m training.market_study`; rows: all. "
        "Changed since: a rule."
    }
    assert generate.remake_notes("| `market.md` | `python -m training.market_study` |") == {}


@settings(deadline=None)
@given(at=st.integers(0, len(BLOCKS) - 1), where=st.integers(0, 10**6), shift=st.integers(1, 9))
def test_results_figure_that_is_changed_on_a_page_is_found(at, where, shift):
    page, name, text, (first, last) = BLOCKS[at]
    places = [first + found.start() for found in re.finditer(r"[0-9]", text[first:last])]
    place = places[where % len(places)]
    other = str((int(text[place]) + shift) % 10)
    changed = text[:place] + other + text[place + 1 :]
    assert generate.filled(text) == text, f"{page}: {name} is not what docs/results says"
    assert generate.filled(changed) == text


def test_results_table_of_the_benchmark_is_what_the_raw_results_say():
    assert (RESULTS / "benchmark.md").read_text() == publish.markdown(PUBLISHED) + "\n"


@settings(deadline=None, max_examples=20)
@given(
    at=st.integers(0, len(PUBLISHED["rows"]) - 1),
    name=st.sampled_from(["mean", "low", "high"]),
    cents=st.integers(2, 10**6),  # of 39,747.5 and one more both round to 39,748
)
def test_results_figure_that_is_changed_in_the_raw_results_changes_the_table_of_all_policies(at, name, cents):
    rows = PUBLISHED["rows"]
    if rows[at]["total"]["count"] == 1:
        name = "mean"  # one run has no interval
    row = {**rows[at], "total": {**rows[at]["total"], name: rows[at]["total"][name] + cents}}
    assert publish.table([*rows[:at], row, *rows[at + 1 :]]) != publish.table(rows)


@pytest.mark.parametrize(
    "row", PUBLISHED["rows"], ids=lambda row: f"{row['scenario']}-{row['policy']}-{row['parameters']}"[:60]
)
def test_results_published_mean_is_that_of_the_days_behind_it(row):
    totals = np.array(row["totals"], float)
    days = PUBLISHED["test_days"] if row["policy"] == "random" or is_random(load(row["scenario"])) else 1
    assert len(totals) == row["total"]["count"] == days
    assert PUBLISHED["test_days"] >= 100
    assert row["scenario"] in scenario_ids()
    assert totals.mean() == pytest.approx(row["total"]["mean"])
    assert sum(row["by_kind"].values()) == pytest.approx(row["total"]["mean"])
    assert sum(row["by_bank"].values()) == pytest.approx(row["total"]["mean"])
