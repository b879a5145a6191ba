"""What ``make test`` leaves out is what ``make test-all`` runs, and an unknown profile is refused."""

import os
import subprocess
import sys

import pytest

from tests.budget import PROFILES, examples, slow_but
from tests.repository.pages import ROOT


def test_budget_default_tries_no_more_than_all(monkeypatch):
    counts = []
    for profile in PROFILES:
        monkeypatch.setattr("tests.budget.PROFILE", profile)
        counts.append((examples(20, 50, 1_000), examples(8, 15)))
    assert counts == [(20, 8), (50, 15), (1_000, 15)]


def test_budget_slow_cases_are_marked_and_none_is_lost():
    cases = slow_but({2}, 1, 2, 3)
    assert [case.values for case in cases] == [(1,), (2,), (3,)]
    assert [[mark.name for mark in case.marks] for case in cases] == [["slow"], [], ["slow"]]


@pytest.mark.parametrize("profile", ["fast", ""])
def test_budget_unknown_profile_is_refused(profile):
    environment = {**os.environ, "HYPOTHESIS_PROFILE": profile, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", "import tests.budget"], env=environment, capture_output=True, text=True, check=False
    )
    assert f"must be one of default, all, long, got '{profile}'" in done.stderr
    assert done.returncode == 1
