"""schemathesis over the OpenAPI document: what the service answers is what it says it answers."""

import httpx
import pytest

schemathesis = pytest.importorskip("schemathesis")
from hypothesis import HealthCheck, settings  # noqa: E402
from schemathesis.checks import CHECKS  # noqa: E402

from tests.service.processes import FIFO, serving  # noqa: E402

EXAMPLES = 25
NOT_MEANT = {
    "positive_data_acceptance",  # the document cannot say which scenarios, banks and ticks there are
    "ignored_auth",  # without a token there is none; tests/service/test_access.py has one
}


@pytest.fixture(scope="module")
def schema():
    with serving("--max-simulations", "10000", "--max-ticks", "50") as served:
        name = served.make("castro-12period-v0", seed=1)
        served.make("castro-12period-v0", seed=1, external_policy=FIFO)
        found = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
        found.simulation = name  # examples that name a simulation reach further than 404
        yield found


loaded = schemathesis.pytest.from_fixture("schema")


@loaded.parametrize()
@settings(max_examples=EXAMPLES, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_answer_is_one_that_the_document_describes(case, schema):
    if "id" in (case.path_parameters or {}) and len(str(case.path_parameters["id"])) % 2:
        case.path_parameters["id"] = schema.simulation if case.method != "DELETE" else "none"
    checks = [check for name, check in CHECKS.items() if name not in NOT_MEANT] if hasattr(CHECKS, "items") else None
    case.call_and_validate(excluded_checks=None if checks else [], checks=checks)


def test_the_document_has_every_endpoint(schema):
    paths = httpx.get(f"{schema.location}").json()["paths"]
    assert len(paths) == 13
