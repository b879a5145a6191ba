import pytest

from tests.service.processes import serving


@pytest.fixture(scope="session")
def service():
    """One service for all tests that leave it as they found it."""
    with serving() as served:
        yield served
