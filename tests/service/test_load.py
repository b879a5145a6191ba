"""Many clients at once: no error, no cross-talk, the results of the same runs alone."""

from benchmarks.service import load
from tests.budget import examples
from tests.service.processes import serving


def test_load_sixty_four_clients_on_sixteen_simulations_get_what_each_would_get_alone():
    with serving() as served:
        found = load(served.url, num_clients=64, num_simulations=16, seconds=examples(1, 4))
    assert found["errors"] == []
    assert found["different"] == []
    assert found["lost"] == 0
    assert found["ticks"] >= 64
    assert found["bytes_left"] == 0
