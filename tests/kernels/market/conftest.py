import pytest

from simcash_env.simulation import Simulation
from tests.kernels.market.worlds import example_book


@pytest.fixture
def book() -> Simulation:
    return example_book()
