"""The measured algorithms never settle more than the best set, and each resolves what it is made for."""

import pytest

from benchmarks.gridlock import ALGORITHMS, INSTANCES, Instance, best_value, settled_value

BY_NAME = {instance.name: instance for instance in INSTANCES}


@pytest.mark.parametrize("instance", INSTANCES, ids=list(BY_NAME))
def test_gridlock_no_algorithm_beats_the_best_set_and_nothing_settles_gross(instance: Instance) -> None:
    best = best_value(instance)
    assert best > 0
    found = {name: settled_value(instance, lsm) for name, lsm in ALGORITHMS.items()}
    assert found["none"] == 0
    assert max(found.values()) <= best
    assert found["bilateral"] <= found["bilateral subset"]
    assert found["bilateral"] <= found["bilateral, cycles"]


@pytest.mark.parametrize(
    ("algorithm", "queue"),
    [
        ("bilateral", "two banks, net funded"),
        ("bilateral subset", "two banks, part of each side"),
        ("cycles", "cycle of three, other way"),
        ("cycles", "two cycles that share a bank"),
        ("prefix", "cycle that only a set resolves"),
    ],
)
def test_gridlock_algorithm_settles_the_best_set_of_what_it_is_made_for(algorithm: str, queue: str) -> None:
    assert settled_value(BY_NAME[queue], ALGORITHMS[algorithm]) == best_value(BY_NAME[queue])
