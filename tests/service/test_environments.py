"""Environments over HTTP and WebSocket: the same rewards and costs as in Python, by name."""

import json
import subprocess
import sys

import numpy as np
import pytest
from websockets.sync.client import connect

from simcash_env.envs.vector import SimCashVec
from tests.service.processes import ROOT, serving

GAME = "two-banks-v0"


@pytest.fixture
def made(service):
    """The path of a new environment, deleted afterwards."""
    paths = []

    def make(scenario=GAME, **more):
        answer = service.client.post("/environments", json={"scenario": scenario, **more})
        assert answer.status_code == 201, answer.text
        paths.append(f"/environments/{answer.json()['id']}")
        return paths[-1]

    yield make
    for path in paths:
        service.client.delete(path)


def post(service, path, body=None, status=200):
    answer = service.client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def release_all(banks):
    return {"action": {"banks": {bank: {"others": "release"} for bank in banks}}}


def test_environments_day_has_the_rewards_and_observations_of_the_batch(service, made):
    place = made()
    result = post(service, f"{place}/reset", {"seed": 5, "episode_id": "mine"})
    vec = SimCashVec(GAME, 1, autoreset="disabled", max_queue_slots=32)
    vec.reset(5)
    assert (result["reward"], result["done"], result["metadata"]) == (
        None,
        False,
        {"episode_id": "mine", "step_count": 0},
    )
    for number in range(vec.num_ticks):
        for row, bank in enumerate(vec.bank_ids):
            seen = result["observation"]["banks"][bank]
            assert seen["values"] == dict(zip(vec.observation_layout, vec.observations[0, row].tolist(), strict=True))
            assert seen["tick"] == number
            assert [one["legal"] for one in seen["payments"]] == [["hold", "release"]] * len(seen["payments"])
        heads = np.where(vec.masks[..., 1] == 1, 1, 0)
        vec.step(heads)
        result = post(service, f"{place}/step", release_all(vec.bank_ids))
        assert result["reward"] == pytest.approx(float(vec.rewards.sum()), rel=1e-12)
        for row, bank in enumerate(vec.bank_ids):
            costs = result["observation"]["banks"][bank]["last_costs_cents"]
            assert list(costs.values()) == vec.costs[0, row].tolist()
    assert result["done"]
    assert "The episode is over." in result["observation"]["banks"]["ALFA"]["text"]
    assert result["observation"]["banks"]["ALFA"]["payments"] == []
    state = service.get(f"{place}/state")
    assert (state["episode_id"], state["step_count"], state["seed"], state["done"]) == ("mine", 12, 5, True)
    answer = service.client.post(f"{place}/step", json=release_all(vec.bank_ids))
    assert (answer.status_code, answer.json()["error"]) == (409, "the episode is over: call reset")


def test_environments_text_says_what_may_be_decided(service, made):
    place = made("castro-12period-v0", banks=["BANK_A"], external="fifo")
    seen = post(service, f"{place}/reset", {"seed": 1})["observation"]["banks"]
    assert list(seen) == ["BANK_A"]
    found = seen["BANK_A"]
    assert "You are BANK_A, a bank in a payment system." in found["text"]
    for payment in found["payments"]:
        assert f"- {payment['id']}: {payment['remaining_cents'] / 100:,.2f} to BANK_B, due in " in found["text"]
    assert found["heads"]["pool"]["legal"] == list(range(21))
    assert "pool (share of the liquidity pool" in found["text"]
    chosen = {"payments": {found["payments"][0]["id"]: "release"}, "heads": {"pool": 4}}
    after = post(service, f"{place}/step", {"action": {"banks": {"BANK_A": chosen}}})["observation"]["banks"]["BANK_A"]
    assert after["values"]["pool_allocated_share"] == pytest.approx(0.2)
    assert found["payments"][0]["id"] not in {one["id"] for one in after["payments"]}
    assert "pool (" not in after["text"]


@pytest.mark.parametrize(
    ("action", "said"),
    [
        ({"BRAV": {}}, "banks.BRAV: no bank of this name decides; banks are ALFA, BRAVO. Did you mean BRAVO?"),
        ({"ALFA": {"payments": {"tx_1": "release"}}}, "banks.ALFA.payments.tx_1: no payment of this id is shown"),
        ({"ALFA": {"others": "go"}}, "banks.ALFA.others: must be one of hold, release, got 'go'"),
        ({"ALFA": {"heads": {"pool": 1}}}, "banks.ALFA.heads.pool: no head of this name; heads are none"),
        ({"ALFA": {"other": "hold"}}, "action.banks.ALFA.other: unknown key, got 'hold'. Did you mean others?"),
        (7, "action.banks: must be a mapping"),
    ],
)
def test_environments_wrong_action_is_named_and_changes_nothing(service, made, action, said):
    place = made()
    post(service, f"{place}/reset", {"seed": 1})
    answer = service.client.post(f"{place}/step", json={"action": {"banks": action}})
    assert answer.status_code == 422
    assert said in answer.json()["error"]
    assert service.get(f"{place}/state")["step_count"] == 0


def test_environments_choice_that_is_not_legal_now_is_refused_with_those_that_are(service, made):
    place = made("castro-12period-v0", max_queue_slots=2)
    seen = post(service, f"{place}/reset", {"seed": 1})["observation"]["banks"]["BANK_A"]
    assert (len(seen["payments"]), seen["num_not_shown"]) == (2, 1)
    assert "1 more payments are not shown and are held." in seen["text"]
    post(service, f"{place}/step", {"action": {"banks": {}}})
    answer = service.client.post(f"{place}/step", json={"action": {"banks": {"BANK_A": {"heads": {"pool": 3}}}}})
    assert answer.json()["error"] == "banks.BANK_A.heads.pool: must be one of 0, got 3"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"scenario": "two-bank"}, 422, "Did you mean two-banks-v0?"),
        ({"scenario": GAME, "banks": ["ALF"]}, 422, "banks.0: unknown bank, banks are ALFA, BRAVO, got 'ALF'. Did you mean ALFA?"),
        ({"scenario": GAME, "banks": []}, 422, "banks: must have at least one bank"),
        ({"scenario": GAME, "policies": {"*": "fifo"}}, 422, "banks: no bank of the scenario is external"),
        ({"scenario": GAME, "alpha": 2}, 422, "alpha: must be at most 1"),
        ({"scenario": GAME, "max_queue_slots": 0}, 422, "max_queue_slots: must be at least 1"),
    ],
)  # fmt: skip
def test_environments_faulty_request_is_refused(service, body, status, said):
    answer = service.client.post("/environments", json=body)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_environments_are_listed_deleted_and_limited():
    with serving("--max-simulations", "1") as served:
        place = f"/environments/{post(served, '/environments', {'scenario': GAME}, 201)['id']}"
        (row,) = served.get("/environments")["environments"]
        assert (row["scenario"], row["banks"], row["episode_id"], row["step_count"]) == (
            GAME,
            ["ALFA", "BRAVO"],
            None,
            0,
        )
        answer = served.client.post("/environments", json={"scenario": GAME})
        assert (answer.status_code, "its limit (--max-simulations)" in answer.json()["error"]) == (429, True)
        answer = served.client.post(f"{place}/step", json=release_all(["ALFA"]))
        assert (answer.status_code, answer.json()["error"]) == (409, "there is no episode yet: call reset")
        assert served.client.delete(place).status_code == 204
        assert served.client.get(f"{place}/state").status_code == 404
    with serving("--max-memory", "1") as served:
        small = served.client.post("/environments", json={"scenario": "core-periphery-200-v0", "max_queue_slots": 256})
        assert (small.status_code, "--max-memory" in small.json()["error"]) == (507, True)


def test_environments_schema_describes_actions_and_observations(service, made):
    found = service.get(f"{made()}/schema")
    assert set(found) == {"action", "observation", "state"}
    assert "BankAction" in found["action"]["$defs"]
    assert "BankObservation" in found["observation"]["$defs"]


def test_environments_session_speaks_the_messages_of_openenv(service, made):
    place = made()
    with connect(service.socket_url + f"{place}/ws") as socket:

        def ask(**message):
            socket.send(json.dumps(message))
            return json.loads(socket.recv())

        found = ask(type="reset", data={"seed": 1})
        assert (found["type"], found["data"]["done"]) == ("observation", False)
        found = ask(type="step", data={**release_all(["ALFA", "BRAVO"])["action"], "metadata": {}})
        assert (found["type"], found["data"]["metadata"]["step_count"]) == ("observation", 1)
        assert ask(type="state")["data"]["step_count"] == 1
        wrong = ask(type="step", data={"banks": {"X": {}}})
        assert (wrong["type"], wrong["data"]["code"]) == ("error", "EXECUTION_ERROR")
        assert "no bank of this name" in wrong["data"]["message"]
        assert "banks: is required" in ask(type="step", data={})["data"]["message"]
        assert ask(type="go")["data"] == {
            "message": "type: must be one of reset, step, state, close", "code": "VALIDATION_ERROR"}  # fmt: skip
        socket.send("no JSON")
        assert json.loads(socket.recv())["data"]["code"] == "VALIDATION_ERROR"
        socket.send(json.dumps({"type": "close"}))
        with pytest.raises(Exception, match="1000"):
            socket.recv()
    with connect(service.socket_url + "/environments/none/ws") as socket:
        socket.send(json.dumps({"type": "state"}))
        assert "unknown environment 'none'" in socket.recv()


def test_environments_example_agent_plays_a_day(service):
    command = [sys.executable, str(ROOT / "examples" / "http_agent.py"), service.url]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("sum of rewards -")
    assert service.get("/environments")["environments"] == []


def test_environments_client_of_openenv_plays_a_day(service, made):
    client = pytest.importorskip("openenv.core.generic_client", reason="needs the extra openenv")
    with client.GenericEnvClient(base_url=service.url + made()).sync() as environment:
        result = environment.reset(seed=1)
        while not result.done:
            result = environment.step({"banks": {"ALFA": {"others": "release"}}})
        assert environment.state()["step_count"] == 12
