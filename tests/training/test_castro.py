"""The study of Castro's games."""

import pytest

from training.castro import EQUILIBRIA, check


@pytest.mark.slow
@pytest.mark.parametrize("scenario", sorted(EQUILIBRIA))
def test_castro_study_finds_the_published_equilibrium(scenario):
    assert check(scenario, seed=0).is_equilibrium
