"""What is wrong with a request is told at its place and by its rule, with the right status and without a traceback."""

import json
from itertools import count

import pytest

from simcash_env.config import load_scenario
from tests.service.processes import FIFO

NEW, TICK, PAY = "/simulations", "/simulations/{id}/tick", "/simulations/{id}/transactions"
GOOD = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 100, "deadline": 5}
SCENARIO = load_scenario("two-banks-v0").model_dump(mode="json")
CASTRO = "castro-12period-v0"


def scenario_with(*path, value):
    """A sound scenario with one value of it changed."""
    whole = json.loads(json.dumps(SCENARIO))
    here = whole
    for step in path[:-1]:
        here = here[step]
    here[path[-1]] = value
    return {"scenario": whole}


def post(path, body, status, said, **parameters):
    return ("POST", path, body, status, said, parameters)


def get(path, status, said, **parameters):
    return ("GET", path, None, status, said, parameters)


BANKS_0 = ("banks", 0)
CASES = [
    # the body as text
    post(NEW, b"{", 400, "body:1: not valid JSON"),
    post(NEW, b"\xff\xfe", 400, "body: not UTF-8 text"),
    post(NEW, b'{"scenario": "a", "scenario": "b"}', 400, "scenario: is given twice"),
    post(NEW, b"[" * 100_000, 400, "body: not usable JSON"),
    post(NEW, b"1" * 10_000, 400, "body: not usable JSON"),
    post(NEW, b'{"scenario": {"name": "\\ud800"}}', 422, "scenario.name: must be Unicode text: character 1 is half of a surrogate"),
    post(NEW, b'{"scenario": {"banks": [{"id": "A\\u0000"}]}}', 422, "scenario.banks.0.id: must not contain control characters"),
    post(NEW, b'{"scenario": {"metadata": {"\\udfff": 1}}}', 422, "scenario.metadata.\\udfff: key must be Unicode text"),
    post(NEW, b'{"scenario": "castro-12period-v0", "policies": {"\\ud800": {}}}', 422, "policies.\\ud800: key must be Unicode text"),
    post(NEW, b'{"scenario": {"costs": {"split_friction_cost": NaN}}}', 422, "scenario.costs.split_friction_cost: must be a finite number"),
    post(NEW, b'{"scenario": {"banks": [{"id": "A", "id": "B"}]}}', 400, "scenario.banks.0.id: is given twice"),
    post(TICK, b'{"actions": {"\\ud800": {}}}', 422, "actions.\\ud800: key must be Unicode text"),
    post(PAY, b'{"sender": "\\ud800", "receiver": "BANK_B", "amount": 1, "deadline": 5}', 422, "sender: must be Unicode text"),
    post(NEW, b"", 422, "body: is required"),
    post(NEW, b"[]", 422, "body: must be a mapping"),
    post(NEW, b'"castro-12period-v0"', 422, "body: must be a mapping"),
    post(NEW, b"null", 422, "body: must be a mapping"),
    post(NEW, b" " * (4 * 2**20 + 1), 413, "body: 4194305 bytes are over the limit of 4194304 (--max-body)"),
    # a new simulation
    post(NEW, {}, 422, "scenario: is required"),
    post(NEW, {"scenario": 7}, 422, "scenario: must be an id of the library or a mapping, got 7"),
    post(NEW, {"scenario": None}, 422, "scenario: must be an id of the library or a mapping"),
    post(NEW, {"scenario": []}, 422, "scenario: must be an id of the library or a mapping, got a list"),
    post(NEW, {"scenario": "castro-12period"}, 422, "scenario: no scenario of the library, got 'castro-12period'. Did you mean castro-12period-v0?"),
    post(NEW, {"scenario": "/etc/passwd"}, 422, "scenario: no scenario of the library"),
    post(NEW, {"scenario": "configs/scenarios/two-banks-v0.yaml"}, 422, "scenario: no scenario of the library"),
    post(NEW, {"scenario": ""}, 422, "scenario: no scenario of the library"),
    post(NEW, {"scenario": CASTRO, "sead": 1}, 422, "sead: unknown key, got 1. Did you mean seed?"),
    post(NEW, {"scenario": CASTRO, "seed": -1}, 422, "seed: must be at least 0, got -1"),
    post(NEW, {"scenario": CASTRO, "seed": 2**63}, 422, "seed: must be at most 9223372036854775807"),
    post(NEW, {"scenario": CASTRO, "seed": 1.5}, 422, "seed: must be a whole number, got 1.5"),
    post(NEW, {"scenario": CASTRO, "seed": "1"}, 422, "seed: must be a whole number, got '1'"),
    post(NEW, {"scenario": CASTRO, "seed": True}, 422, "seed: must be a whole number, got True"),
    post("/environments", {"scenario": CASTRO, "alpha": False}, 422, "alpha: must be a number, got False"),
    post(TICK, {"pool_shares": {"BANK_A": True}}, 422, "pool_shares.BANK_A: must be a number, got True"),
    post(NEW, {"scenario": CASTRO, "events": 1}, 422, "events: must be true or false, got 1"),
    post(NEW, {"scenario": CASTRO, "policies": []}, 422, "policies: must be a mapping, got a list"),
    post(NEW, {"scenario": CASTRO, "policies": {"BANK_A": 7}}, 422, "policies.BANK_A: must be a policy: a mapping, or NAME:parameter=value,..., got 7"),
    post(NEW, {"scenario": CASTRO, "policies": {"BANK_C": FIFO}}, 422, "policies.BANK_C: unknown bank, banks are BANK_A, BANK_B"),
    post(NEW, {"scenario": CASTRO, "policies": {"BANK_A": {}}}, 422, "policies.BANK_A: needs a type"),
    post(NEW, {"scenario": CASTRO, "policies": {"BANK_A": {"type": "fivo"}}}, 422, "Did you mean fifo?"),
    post(NEW, {"scenario": CASTRO, "policies": {"BANK_A": {"type": "deadline"}}}, 422, "policies.BANK_A.urgency_threshold: is required"),
    post(NEW, {"scenario": CASTRO, "external_policy": {"type": "deadline", "urgency_threshold": -1}}, 422, "external_policy.urgency_threshold: must be at least 0, got -1"),
    post(NEW, {"scenario": CASTRO, "external_policy": {"type": "tree", "file": "/etc/passwd"}}, 422, "external_policy.file: files are not read here"),
    post(NEW, {"scenario": CASTRO, "policies": {"BANK_B": {"type": "tree", "file": "x.json"}}}, 422, "policies.BANK_B.file: files are not read here"),
    post(NEW, {"scenario": CASTRO, "external": "fiffo"}, 422, "external: must be one of fifo,"),
    post(NEW, {"scenario": CASTRO, "external": {"type": "external"}}, 422, "external: must be release, hold or a policy"),
    post(NEW, {"scenario": CASTRO, "external": {"type": "tree", "file": "/etc/passwd"}}, 422, "external.file: files are not read here"),
    post(NEW, {"scenario": CASTRO, "external_policy": {"type": "tree"}}, 422, "external_policy: give either file or tree"),
    post(NEW, {"scenario": CASTRO, "external_policy": {"type": "tree", "tree": {}}}, 422, "external_policy.tree"),
    # its scenario
    post(NEW, {"scenario": {}}, 422, "is required"),
    post(NEW, {"scenario": {"banks": []}}, 422, "format: is required, write format: 1"),
    post(NEW, scenario_with("format", value=2), 422, "format: must be 1, got 2"),
    post(NEW, scenario_with("nmae", value="x"), 422, "nmae: unknown key, got 'x'. Did you mean name?"),
    post(NEW, scenario_with("banks", value=[]), 422, "banks: must have at least 1 entries"),
    post(NEW, scenario_with("banks", value={}), 422, "banks: must be a list"),
    post(NEW, scenario_with(*BANKS_0, "opening_balance", value=1.5), 422, "banks.0.opening_balance: must be a whole number of cents, got 1.5"),
    post(NEW, scenario_with(*BANKS_0, "opening_balance", value="100"), 422, "banks.0.opening_balance: must be a whole number of cents, got '100'"),
    post(NEW, scenario_with(*BANKS_0, "credit_limit", value=-1), 422, "banks.0.credit_limit: must be at least 0, got -1"),
    post(NEW, scenario_with(*BANKS_0, "opening_balance", value=10**16), 422, "banks.0.opening_balance: must be at most 1000000000000000"),
    post(NEW, scenario_with(*BANKS_0, "id", value=""), 422, "banks.0.id: must not be empty"),
    post(NEW, scenario_with(*BANKS_0, "id", value=SCENARIO["banks"][1]["id"]), 422, "banks.1.id"),
    post(NEW, scenario_with(*BANKS_0, "policy", value={"type": "tree", "file": "/etc/passwd"}), 422, "banks.0.policy.file: files are not read here"),
    post(NEW, scenario_with(*BANKS_0, "liquidity_pool", value=-5), 422, "banks.0.liquidity_pool: must be at least 0, got -5"),
    post(NEW, scenario_with("simulation", "ticks_per_day", value=0), 422, "simulation.ticks_per_day: must be at least 1, got 0"),
    post(NEW, scenario_with("simulation", "num_days", value=10**10), 422, "simulation.num_days: must be at most 1000000000"),
    post(NEW, scenario_with("market", value={"open": True}), 422, "market.deposit_rate: is required"),
    post(NEW, scenario_with("events", value=[{"type": "nothing"}]), 422, "events.0"),
    post(NEW, {"scenario": {"agents": []}}, 422, "agents"),
    post(NEW, {"scenario": {"agents": [{"id": "A", "policy": {"type": "FromJson", "json_path": "/etc/passwd"}}]}}, 422, "agents.0.policy.json_path: files are not read here"),
    # ticks
    post(TICK, None, 422, "query.count: must be at least 1, got '0'", count=0),
    post(TICK, None, 422, "query.count: must be at least 1, got '-3'", count=-3),
    post(TICK, None, 422, "query.count: must be a whole number, got 'many'", count="many"),
    post(TICK, None, 422, "query.count: must be a whole number, got '1.5'", count="1.5"),
    post(TICK, None, 422, "query.count: must be at most 10000 (--max-ticks), got 10001", count=10_001),
    post(TICK, None, 422, "query.count: must be at most 1000000000", count=10**12),
    post(TICK, None, 422, "query.conut: unknown key. Did you mean count?", conut=1),
    post(TICK, None, 409, "12 of 12 ticks are left, 13 were requested; none has run", count=13),
    post("/simulations/none/tick", None, 404, "unknown simulation 'none'"),
    post(TICK, b"{", 400, "body:1: not valid JSON"),
    post(TICK, [], 422, "body: must be a mapping"),
    post(TICK, {"action": {}}, 422, "action: unknown key, got a mapping. Did you mean actions?"),
    post(TICK, {"actions": {"BANK_A": "release"}}, 422, "actions.BANK_A: must be a mapping, got 'release'"),
    post(TICK, {"actions": {"BANK_C": {}}}, 422, "unknown bank 'BANK_C'; banks are BANK_A, BANK_B"),
    post(TICK, {"actions": {"BANK_A": {"tx_99999999": "release"}}}, 422, "actions.BANK_A.tx_99999999: this payment is not in the bank's Queue 1"),
    post(TICK, {"actions": {"BANK_A": {"tx_1": "relaese"}}}, 422, "actions.BANK_A.tx_1: must be 'release', 'hold', 'drop', 'withdraw', ('split', parts), ('release', rtgs_priority), ('split', parts, rtgs_priority) or ('resubmit', rtgs_priority), with rtgs_priority 'normal', 'urgent' or 'highly_urgent', got 'relaese'"),
    post(TICK, {"actions": {"BANK_A": {"tx_1": 7}}}, 422, "actions.BANK_A.tx_1: must be 'release', 'hold', 'drop', 'withdraw', ('split', parts), ('release', rtgs_priority), ('split', parts, rtgs_priority) or ('resubmit', rtgs_priority), with rtgs_priority 'normal', 'urgent' or 'highly_urgent', got 7"),
    post(TICK, {"actions": {"BANK_A": {"tx_1": ["split"]}}}, 422, "actions.BANK_A.tx_1"),
    post(TICK, {"actions": {"BANK_A": {"tx_1": {"split": 2}}}}, 422, "actions.BANK_A.tx_1"),
    post(TICK, {"pool_levels": {"BANK_A": 21}}, 422, "pool_levels.BANK_A: must be a whole number from 0 to 20, got 21"),
    post(TICK, {"pool_levels": {"BANK_A": 1.5}}, 422, "pool_levels.BANK_A: must be a whole number, got 1.5"),
    post(TICK, {"pool_levels": {"BANK_C": 1}}, 422, "unknown bank 'BANK_C'"),
    post(TICK, {"collateral": {"BANK_A": "all"}}, 422, "collateral.BANK_A: must be a whole number, got 'all'"),
    post(TICK, {"pool_levels": {"BANK_A": 1}}, 422, "query.count: must be 1 where decisions are given", count=2),
    # payments
    post(PAY, {}, 422, "sender: is required"),
    post(PAY, {**GOOD, "sender": "BANK_C"}, 422, "sender: unknown bank 'BANK_C'; banks are BANK_A, BANK_B"),
    post(PAY, {**GOOD, "receiver": "BANK_C"}, 422, "receiver: unknown bank 'BANK_C'"),
    post(PAY, {**GOOD, "receiver": "BANK_A"}, 422, "receiver: must differ from the sender, got 'BANK_A'"),
    post(PAY, {**GOOD, "amount": 0}, 422, "amount: must be a whole number of cents from 1 to 10**15, got 0"),
    post(PAY, {**GOOD, "amount": -5}, 422, "amount: must be a whole number of cents from 1 to 10**15, got -5"),
    post(PAY, {**GOOD, "amount": 10**15 + 1}, 422, "amount: must be a whole number of cents from 1 to 10**15, got 1000000000000001"),
    post(PAY, {**GOOD, "amount": 1.5}, 422, "amount: must be a whole number, got 1.5"),
    post(PAY, {**GOOD, "amount": "100"}, 422, "amount: must be a whole number, got '100'"),
    post(PAY, {**GOOD, "amount": None}, 422, "amount: must be a whole number"),
    post(PAY, {**GOOD, "deadline": 0}, 422, "deadline: must be a tick from 1 to 12, got 0"),
    post(PAY, {**GOOD, "deadline": 13}, 422, "deadline: must be a tick from 1 to 12, got 13"),
    post(PAY, {**GOOD, "deadline_in": 5}, 422, "deadline_in: give either deadline or deadline_in"),
    post(PAY, {**GOOD, "deadline_tick": 5}, 422, "deadline_tick: give either deadline or deadline_tick"),
    post(PAY, {**GOOD, "deadline": None, "deadline_in": 0}, 422, "deadline_in: must be a whole number of ticks from 1, got 0"),
    post(PAY, {**GOOD, "deadline": None, "deadline_tick": 13}, 422, "deadline_tick: must be a tick from 1 to 12, got 13"),
    post(PAY, {**GOOD, "priority": 11}, 422, "priority: must be a whole number from 0 to 10, got 11"),
    post(PAY, {**GOOD, "divisible": "yes"}, 422, "divisible: must be true or false, got 'yes'"),
    post(PAY, {**GOOD, "rtgs_priority": "soon"}, 422, "rtgs_priority: must be normal, urgent or highly_urgent, got 'soon'"),
    post(PAY, {**GOOD, "amuont": 1}, 422, "amuont: unknown key, got 1. Did you mean amount?"),
    post("/simulations/none/transactions", GOOD, 404, "unknown simulation 'none'"),
    # reading
    get("/simulations/none", 404, "unknown simulation 'none'"),
    get("/simulations/none/state", 404, "unknown simulation 'none'"),
    get("/simulations/{id}/state", 422, "query.tick: must be at most 0, the ticks that have been closed, got 5", tick=5),
    get("/simulations/{id}/state", 422, "query.tick: must be at least 0, got '-1'", tick=-1),
    get("/simulations/{id}/state", 422, "query.payments: must be at most 10000, got '10001'", payments=10_001),
    get("/simulations/{id}/transactions/tx_77777777", 404, "unknown payment 'tx_77777777'"),
    get("/simulations/{id}/transactions/nothing", 404, "unknown payment 'nothing'"),
    get("/simulations/{id}/transactions/tx_\u00b2", 404, "unknown payment"),
    get("/simulations/{id}/agents/BANK_C", 404, "unknown bank 'BANK_C'"),
    get("/simulations/{id}/events", 422, "query.kind: is not a kind of event, got 'Arival'. Did you mean Arrival?", kind="Arival"),
    get("/simulations/{id}/events", 422, "query.bank: is not a bank of this simulation", bank="BANK_C"),
    get("/simulations/{id}/events", 422, "query.tx: is not a payment id such as tx_00000001", tx="7"),
    get("/simulations/{id}/events", 422, "query.limit: must be at least 1, got '0'", limit=0),
    get("/simulations/{id}/events", 422, "query.limit: must be at most 10000", limit=10_001),
    get("/simulations/{id}/events", 422, "query.after: must be at least 0", after=-1),
    get("/simulations/{id}/events", 422, "query.newest_first: must be true or false, got 'perhaps'", newest_first="perhaps"),
    get("/simulations/{id}/events", 422, "query.knid: unknown key. Did you mean kind?", knid="Arrival"),
    get("/simulations/{id}/metrics", 422, "query.from_tick: must be at least 0", from_tick=-1),
    get("/nothing", 404, "Not Found"),
    get("/static/../app.py", 404, "Not Found"),
    get("/static/..%2fapp.py", 404, "Not Found"),
    get(TICK, 405, "Method Not Allowed"),
    ("DELETE", "/simulations/none", None, 404, "unknown simulation 'none'", {}),
    ("DELETE", "/simulations", None, 405, "Method Not Allowed", {}),
    ("PUT", "/simulations/{id}", {}, 405, "Method Not Allowed", {}),
]  # fmt: skip
NUMBERS = count()


@pytest.fixture(scope="module")
def name(service):
    """A simulation that no case may change."""
    return service.make(CASTRO, seed=1)


@pytest.fixture(scope="module")
def kept(service, name):
    """Digest of the simulation and number of simulations before the cases: no refused request may change them."""
    return digest_and_count(service, name)


def digest_and_count(service, name):
    return service.get(f"/simulations/{name}/metrics")["digest"], len(service.get("/simulations")["simulations"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said", "parameters"), CASES, ids=lambda _: str(next(NUMBERS))
)
def test_broken_request_is_refused_by_place_and_rule(service, name, kept, method, path, body, status, said, parameters):
    is_text = isinstance(body, bytes)
    content = body if is_text else None if body is None else json.dumps(body).encode()
    headers = {"content-type": "application/json"} if content is not None else {}
    url = path.replace("{id}", name)
    answer = service.client.request(method, url, content=content, headers=headers, params=parameters or None)
    assert answer.status_code == status, answer.text
    found = answer.json()
    assert said in found["error"]
    assert found["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.text
    if status == 422:
        assert found["faults"]
    assert digest_and_count(service, name) == kept


def test_bad_requests_body_that_does_not_say_its_length_is_counted(service):
    chunks = (b" " * 2**20 for _ in range(6))
    answer = service.client.post(NEW, content=chunks, headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert "are over the limit of 4194304 (--max-body)" in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/simulations", "GET, HEAD, POST"),
        ("/simulations/{id}", "GET, HEAD, DELETE"),
        ("/simulations/{id}/tick", "POST"),
        ("/environments", "GET, HEAD, POST"),
        ("/health", "GET, HEAD"),
    ],
)
def test_bad_requests_wrong_method_is_answered_with_all_methods_of_the_path(service, name, path, methods):
    """The framework named the methods of the first route of a path only; found by schemathesis."""
    answer = service.client.patch(path.replace("{id}", name))
    assert (answer.status_code, answer.headers["allow"]) == (405, methods)


def test_bad_requests_there_are_many_of_them():
    assert len(CASES) >= 120
    assert len({repr(case) for case in CASES}) == len(CASES)


def test_bad_requests_run_that_is_over_ticks_no_further_and_takes_no_payment(service):
    over = service.make("castro-2period-v0", external_policy=FIFO)
    service.tick(over, 2)
    refused = service.client.post(f"/simulations/{over}/tick")
    assert (refused.status_code, refused.json()["error"]) == (409, "the run is over: all 2 ticks have been closed")
    refused = service.client.post(f"/simulations/{over}/transactions", json=GOOD)
    assert (refused.status_code, refused.json()["error"]) == (409, "the run is over: no payment can arrive any more")


def test_bad_requests_without_events_there_are_none_to_read(service):
    quiet = service.make(CASTRO, events=False, external_policy=FIFO)
    service.tick(quiet, 3)
    refused = service.client.get(f"/simulations/{quiet}/events")
    assert refused.status_code == 409
    assert "keeps no events" in refused.json()["error"]
    refused = service.client.get(f"/simulations/{quiet}/transactions/tx_00000001")
    assert refused.status_code == 404
    assert "only known with events" in refused.json()["error"]


def test_bad_requests_messages_are_those_of_the_command_line(service, tmp_path):
    from simcash_env.errors import ConfigError

    broken = scenario_with(*BANKS_0, "opening_balance", value=1.5)["scenario"]
    broken["simulation"]["num_days"] = 0
    with pytest.raises(ConfigError) as refused:
        load_scenario(broken)
    answer = service.client.post(NEW, json={"scenario": broken})
    assert answer.json()["error"] == str(refused.value)
    assert len(answer.json()["faults"]) == 2
