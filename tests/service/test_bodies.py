"""Bodies in JSON and YAML, policies by name, HEAD, and calls without a token."""

import secrets

import pytest
import yaml

from simcash_env.service.openapi import EXAMPLES
from tests.budget import slow_but
from tests.service.processes import serving

TOKEN = secrets.token_hex()

MINE = """
scenario:
  format: 1
  name: mine
  simulation: {ticks_per_day: 4, num_days: 1}
  banks:
    - {id: A, opening_balance: 10_000}  # a comment
    - {id: B}
seed: 7
"""


def post(service, path, content, kind):
    headers = {} if kind is None else {"content-type": kind}
    return service.client.post(path, content=content, headers=headers)


@pytest.mark.parametrize("kind", ["application/yaml", "text/yaml; charset=utf-8", "APPLICATION/X-YAML", "text/x-yaml"])
def test_bodies_yaml_is_read_by_its_media_type(service, kind):
    answer = post(service, "/simulations", MINE, kind)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert (found["seed"], found["scenario"]["name"], found["bank_ids"]) == (7, "mine", ["A", "B"])
    service.client.delete(f"/simulations/{found['id']}")


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        ("{}", None, 415, "Content-Type: send application/json, or application/yaml for YAML; the header is missing"),
        ("{}", "text/plain", 415, "application/yaml for YAML; got 'text/plain'"),
        ("scenario: a\nscenario: b\n", "application/yaml", 400, "body: scenario: "),
        ("scenario: [", "application/yaml", 400, "body:"),
        ("scenario: 0x10\n", "application/yaml", 422, "scenario: has two meanings in YAML"),
        ("scenari: two-banks-v0\n", "application/yaml", 422, "Did you mean scenario?"),
    ],
)
def test_bodies_mistakes_say_what_to_send(service, content, kind, status, said):
    answer = post(service, "/simulations", content, kind)
    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.text


def test_bodies_call_without_a_body_needs_no_media_type(service):
    name = service.make("two-banks-v0")
    assert service.client.post(f"/simulations/{name}/tick").status_code == 200


@pytest.mark.parametrize("given", [example["value"] for example in EXAMPLES["post", "/simulations"].values()])
@pytest.mark.parametrize("kind", ["json", "yaml"])
def test_bodies_examples_of_the_document_are_accepted(service, given, kind):
    content = yaml.safe_dump(given) if kind == "yaml" else None
    headers = {"content-type": "application/yaml"} if kind == "yaml" else {}
    body = {"content": content} if kind == "yaml" else {"json": given}
    answer = service.client.post("/simulations", headers=headers, **body)
    assert answer.status_code == 201, answer.text
    service.client.delete(f"/simulations/{answer.json()['id']}")


def test_bodies_policies_are_named_as_on_the_command_line(service):
    policies = {"*": "deadline:urgency_threshold=6", "ALFA": "small_first.json:urgent_ticks=2"}
    name = service.make("two-banks-v0", policies=policies)
    alfa, bravo = (service.get(f"/simulations/{name}/agents/{bank}")["policy"] for bank in ("ALFA", "BRAVO"))
    assert (alfa["type"], alfa["parameters"]["urgent_ticks"]) == ("tree", 2.0)
    assert bravo == {"type": "deadline", "urgency_threshold": 6}
    name = service.make("two-banks-v0", external="deadline:urgency_threshold=3")
    assert service.get(f"/simulations/{name}")["external"] == {"type": "deadline", "urgency_threshold": 3}
    name = service.make("two-banks-v0", external_policy="fifo")
    assert service.get(f"/simulations/{name}/agents/ALFA")["policy"] == {"type": "fifo"}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"policies": {"ALF": "fifo"}}, "policies.ALF: unknown bank, banks are ALFA, BRAVO, got 'ALF'. Did you mean ALFA?"),
        ({"policies": {"*": "dedline:x=1"}}, "policies.*: must be one of fifo"),
        ({"policies": {"*": "deadline:x=1,x=2"}}, "policies.*.x: is given twice"),
        ({"policies": {"*": "own.json"}}, "policies.*.file: files are not read here"),
        ({"policies": {"*": "deadline"}}, "policies.*.urgency_threshold: is required"),
        ({"external": "deadline:urgency_threshold=-1"}, "external.urgency_threshold: must be at least 0"),
        ({"external": "deadline:x=1,x=2"}, "external.x: "),
        ({"external_policy": "nothing"}, "external_policy: must be one of fifo"),
    ],
)  # fmt: skip
def test_bodies_policy_mistakes_are_named(service, fields, said):
    answer = service.client.post("/simulations", json={"scenario": "two-banks-v0", **fields})
    assert answer.status_code == 422
    assert said in answer.json()["error"]


@pytest.mark.parametrize("path", ["/health", "/scenarios", "/simulations", "/metrics", "/openapi.json", "/"])
def test_bodies_head_is_get_without_the_body(service, path):
    got, head = service.client.get(path), service.client.head(path)
    assert (head.status_code, head.content) == (got.status_code, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    assert service.client.head("/nowhere").status_code == 404


@pytest.mark.parametrize("is_open", slow_but({True}, True, False))
def test_bodies_health_needs_no_token_and_metrics_as_chosen(is_open):
    with serving(*["--open-metrics"] * is_open, token=TOKEN) as served:
        bare = {"authorization": ""}
        assert served.client.get("/health", headers=bare).json()["status"] == "ok"
        assert served.client.head("/health", headers=bare).status_code == 200
        assert served.client.get("/metrics", headers=bare).status_code == (200 if is_open else 401)
        assert served.client.get("/scenarios", headers=bare).status_code == 401
        page = served.client.get("/", headers={**bare, "accept": "text/html,*/*"})
        assert (page.status_code, page.headers["content-type"]) == (401, "text/html; charset=utf-8")
        assert "This service needs a token" in page.text
        assert page.headers["www-authenticate"] == "Bearer"
        posted = served.client.post("/simulations", headers={**bare, "accept": "text/html"})
        assert posted.json()["error"].startswith("authorization: ")
        document = served.client.get("/openapi.json").json()
        assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
        assert document["security"] == [{"token": []}]
        assert document["paths"]["/health"]["get"]["security"] == []
        assert ("security" in document["paths"]["/metrics"]["get"]) == is_open


def test_bodies_document_has_tags_examples_and_no_scheme_without_a_token(service):
    document = service.get("/openapi.json")
    assert "securitySchemes" not in document["components"]
    names = {tag["name"] for tag in document["tags"]}
    for operations in document["paths"].values():
        for operation in operations.values():
            assert len(operation["tags"]) == 1
            assert set(operation["tags"]) <= names
            for media in operation.get("requestBody", {}).get("content", {}):
                assert media in {"application/json", "application/yaml"}
