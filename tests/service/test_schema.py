"""schemathesis over the OpenAPI document: what the service answers is what it says it answers."""

import pytest

from tests.budget import examples

schemathesis = pytest.importorskip("schemathesis")
from hypothesis import HealthCheck, given, settings  # noqa: E402
from schemathesis import GenerationMode  # noqa: E402
from schemathesis.checks import CHECKS  # noqa: E402

from tests.service.processes import serving  # noqa: E402

EXAMPLES = examples(8, 25)
NOT_MEANT = {
    "positive_data_acceptance",  # the document cannot say which scenarios, banks and ticks there are
    "ignored_auth",  # without a token there is none to ignore; test_access.py has one
}
NUM_ENDPOINTS = 22


@pytest.fixture(scope="module")
def explored():
    """A service, its document, and a simulation so that examples reach further than 404."""
    with serving("--max-simulations", "10000", "--max-ticks", "50") as served:
        simulation = served.make("castro-12period-v0", seed=1)
        made = served.client.post("/environments", json={"scenario": "castro-12period-v0"}).json()["id"]
        served.client.post(f"/environments/{made}/reset")
        names = {"simulations": simulation, "environments": made}
        yield schemathesis.openapi.from_url(f"{served.url}/openapi.json"), names


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("number", range(NUM_ENDPOINTS))
def test_schema_every_answer_is_one_that_the_document_describes(explored, number, mode):
    schema, names = explored
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == NUM_ENDPOINTS
    checks = [check for check in CHECKS.get_all() if check.__name__ not in NOT_MEANT]
    operation = operations[number]
    has_parts = operation.body or operation.path_parameters or operation.query
    if mode is GenerationMode.NEGATIVE and not has_parts:
        pytest.skip("this call has nothing that could be wrong")

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def every(case):
        if mode is GenerationMode.POSITIVE and "id" in (case.path_parameters or {}) and case.method != "DELETE":
            case.path_parameters["id"] = names[case.path.split("/")[1]]
        case.call_and_validate(checks=checks)

    every()
