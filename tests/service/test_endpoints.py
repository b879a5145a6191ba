"""Every endpoint over a real socket, against the same runs without a service."""

import json
import subprocess
import sys
from urllib.parse import quote

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from simcash_env.schema.codes import EventKind
from simcash_env.simulation import Simulation
from tests.service.processes import FIFO, ROOT, alone

TEN = "ten-banks-v0"


def test_endpoints_run_over_http_is_the_run_without_it(service):
    name = service.make(seed=42, external_policy=FIFO)
    done = service.tick(name, 12)
    found = service.get(f"/simulations/{name}/metrics")
    run = alone("castro-12period-v0", 42, 12)
    assert (done["tick"], done["is_over"], len(done["reports"])) == (12, True, 12)
    assert found["digest"] == run.digest()
    assert found["costs"] == run.summary().costs
    assert found["totals"]["total_cost"] == sum(report["total_cost"] for report in done["reports"])
    assert sum(day["total_cost"] for day in found["days"]) == found["totals"]["total_cost"]
    state = service.get(f"/simulations/{name}/state")
    assert {bank["id"]: bank["balance"] for bank in state["banks"]} == run.summary().final_balances


def test_endpoints_external_banks_see_what_they_decide_on_and_decide_with_the_tick(service):
    name = service.make(seed=3)
    run = Simulation("castro-12period-v0", seed=3)
    for _ in range(4):
        run.open_tick()
        state = service.get(f"/simulations/{name}/state")
        waiting = {bank: [payment["id"] for payment in queue] for bank, queue in state["queue1"].items()}
        assert waiting == {bank: run.queue1(bank) for bank in run.bank_ids}
        actions = {bank: dict.fromkeys(queue[:1], "release") for bank, queue in waiting.items()}
        levels = {"BANK_A": 5, "BANK_B": 10} if state["tick"] == 0 else {}
        service.tick(name, actions=actions, pool_levels=levels)
        run.tick(actions, pool_levels=levels)
    run.open_tick()
    assert service.get(f"/simulations/{name}/metrics")["digest"] == run.digest()


@pytest.mark.parametrize(
    ("deadline", "due"), [({"deadline_tick": 9}, 9), ({"deadline_in": 8}, 10), ({"deadline_in": 99}, 11), ({}, 7)]
)
def test_endpoints_payment_is_handed_in_with_either_deadline_or_the_default(service, deadline, due):
    name = service.make(seed=1, external_policy=FIFO)
    service.tick(name, 2)
    body = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 777, **deadline}
    answer = service.client.post(f"/simulations/{name}/transactions", json=body)
    assert (answer.status_code, answer.json()["deadline_tick"]) == (201, due)
    tx = answer.json()["id"]
    assert service.get(f"/simulations/{name}/transactions/{tx}")["deadline_tick"] == due
    service.tick(name, 1)
    assert service.get(f"/simulations/{name}/state", tick=2)["tick"] == 2, "the inputs are given in again"


def test_endpoints_payment_is_handed_in_waits_and_settles(service):
    name = service.make(seed=1)
    body = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 777, "deadline": 5, "priority": 9}
    answer = service.client.post(f"/simulations/{name}/transactions", json=body)
    assert answer.status_code == 201
    tx = answer.json()["id"]
    assert answer.json() == {"id": tx, "tick": 0, "deadline_tick": 5}
    assert service.get(f"/simulations/{name}/transactions/{tx}")["status"] == "queue1"
    service.tick(name, actions={"BANK_A": {tx: "release"}})
    found = service.get(f"/simulations/{name}/transactions/{tx}")
    assert (found["status"], found["amount"], found["settled_tick"]) == ("settled", 777, 0)
    assert found["sender"] == "BANK_A"
    events = service.get(f"/simulations/{name}/events", tx=tx)
    assert [event["kind"] for event in events["events"]][:2] == ["Arrival", "PolicySubmit"]


def test_endpoints_one_bank_is_shown_with_its_queue_and_who_waits_on_whom(service):
    name = service.make(TEN, seed=1)
    service.tick(name, 5)
    bank = service.get(f"/simulations/{name}/state")["banks"][0]
    found = service.get(f"/simulations/{name}/agents/{bank['id']}", payments=2)
    assert found["bank"] == bank
    assert found["policy"] == {"type": "external"}
    assert len(found["queue1"]) == min(2, bank["queue1_count"])
    assert sum(row["count"] for row in found["waiting_for"]) == bank["queue1_count"] + bank["queue2_count"]


def test_endpoints_events_come_in_pages_and_by_filter(service):
    name = service.make(TEN, seed=5, external_policy=FIFO)
    service.tick(name, 30)
    run = alone(TEN, 5, 30)
    rows = [event.as_dict() for event in run.events()]
    found, after = [], 0
    while after is not None:
        page = service.get(f"/simulations/{name}/events", after=after, limit=97)
        found, after = found + page["events"], page["next"]
    assert page["total"] == page["matched"] == len(rows)
    assert [event["position"] for event in found] == list(range(len(rows)))
    flat = [
        {**{key: event[key] for key in ("tick", "kind", "bank", "counterparty", "tx", "amount")}, **event["details"]}
        for event in found
    ]
    assert [{key: value for key, value in row.items() if value is not None} for row in flat] == rows
    bank = run.bank_ids[3]
    chosen = service.get(
        f"/simulations/{name}/events", kind=["Arrival", "CostAccrual"], bank=bank, from_tick=3, to_tick=7, limit=10_000
    )
    wanted = [
        number
        for number, row in enumerate(rows)
        if row["kind"] in {"Arrival", "CostAccrual"}
        and bank in {row["bank"], row.get("counterparty")}
        and 3 <= row["tick"] <= 7
    ]
    assert [event["position"] for event in chosen["events"]] == wanted
    newest = service.get(f"/simulations/{name}/events", newest_first=True, limit=3)
    assert [event["position"] for event in newest["events"]] == [len(rows) - 1, len(rows) - 2, len(rows) - 3]
    older = service.get(f"/simulations/{name}/events", newest_first=True, limit=1, after=newest["next"])
    assert older["events"][0]["position"] == len(rows) - 4


def test_endpoints_earlier_states_are_those_that_were_then(service):
    name = service.make(TEN, seed=9)
    asked = (69, 0, 12, 66, 64, 4, 3, 65)
    then = {}
    for tick in range(70):
        if tick not in asked:
            service.tick(name)
            continue
        then[tick] = service.get(f"/simulations/{name}/state")
        if tick == 3:
            body = {
                "sender": then[0]["banks"][0]["id"],
                "receiver": then[0]["banks"][1]["id"],
                "amount": 5,
                "deadline": 50,
            }
            assert service.client.post(f"/simulations/{name}/transactions", json=body).status_code == 201
        queue = {bank: [row["id"] for row in rows] for bank, rows in then[tick]["queue1"].items()}
        service.tick(name, actions={bank: dict.fromkeys(ids[:2], "release") for bank, ids in queue.items() if ids})
    for tick in asked:
        assert service.get(f"/simulations/{name}/state", tick=tick) == then[tick], tick


def test_endpoints_socket_streams_every_tick_whoever_runs_it(service):
    name = service.make(seed=2, external_policy=FIFO)
    with connect(f"{service.socket_url}/simulations/{name}/ticks") as socket:
        first = json.loads(socket.recv(timeout=60))
        assert (first["type"], first["state"]["tick"]) == ("state", 0)
        socket.send("what a client says is not listened to")
        reports = service.tick(name, 3)["reports"]
        messages = [json.loads(socket.recv(timeout=60)) for _ in range(3)]
        assert [message["report"] for message in messages] == reports
        assert [message["state"] is not None for message in messages] == [False, False, True]
        assert messages[-1]["state"] == service.get(f"/simulations/{name}/state")
        assert service.client.delete(f"/simulations/{name}").status_code == 204
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=60)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "the simulation was deleted")


def test_endpoints_socket_for_nothing_is_closed_with_the_reason(service):
    with connect(f"{service.socket_url}/simulations/none/ticks") as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=60)
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "unknown simulation 'none'")


def test_endpoints_simulations_are_listed_and_deleted(service):
    name = service.make(seed=8, external_policy={"type": "deadline", "urgency_threshold": 2})
    listed = service.get("/simulations")["simulations"]
    assert [row["seed"] for row in listed if row["id"] == name] == [8]
    shown = service.get(f"/simulations/{name}")
    assert {bank["policy"]["type"] for bank in shown["scenario"]["banks"]} == {"deadline"}
    assert service.client.delete(f"/simulations/{name}").status_code == 204
    assert service.client.get(f"/simulations/{name}").status_code == 404
    assert name not in {row["id"] for row in service.get("/simulations")["simulations"]}


def test_endpoints_scenario_of_ones_own_and_a_tree_written_out_run(service):
    from simcash_env.config import load_scenario

    scenario = load_scenario("two-banks-v0").model_dump(mode="json")
    tree = {
        "version": "1.0",
        "policy_id": "all",
        "payment_tree": {"type": "action", "node_id": "A", "action": "Release"},
    }
    name = service.make(scenario, external_policy={"type": "tree", "tree": tree})
    service.tick(name, scenario["simulation"]["ticks_per_day"])
    assert service.get(f"/simulations/{name}/state")["is_over"]


def test_endpoints_library_can_be_chosen_from(service):
    from simcash_env.config.library import scenario_ids

    rows = service.get("/scenarios")
    assert [row["id"] for row in rows] == list(scenario_ids())
    assert all("?" in row["question"] for row in rows)


def test_endpoints_what_the_viewer_asks_for_beside_its_page_is_there(service):
    assert set(service.get("/viewer/start")["words"]) == {kind.label for kind in EventKind}
    icon = service.client.get("/favicon.ico")
    assert (icon.status_code, icon.content) == (204, b"")


def test_endpoints_health_and_figures_for_prometheus(service):
    name = service.make(seed=1, external_policy=FIFO)
    service.tick(name, 2)
    assert service.get("/health")["status"] == "ok"
    answer = service.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    figures = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert float(figures["simcash_ticks_total"]) >= 2
    assert float(figures["simcash_simulations"]) >= 1
    route = 'simcash_requests_total{method="POST",route="/simulations/{id}/tick",status="200"}'
    assert float(figures[route]) >= 1


def test_endpoints_every_answer_carries_a_request_id_and_so_does_its_line_in_the_log(service):
    answer = service.client.get("/health", headers={"X-Request-ID": "my-own.id_1"})
    assert answer.headers["x-request-id"] == "my-own.id_1"
    other = service.client.get("/simulations/none", headers={"X-Request-ID": "not usable\u00e9".encode()})
    made = other.headers["x-request-id"]
    assert made != "not usable"
    assert other.json()["request_id"] == made
    service.get("/health")  # its line is written after the one before
    lines = {line.get("request_id"): line for line in service.log if line["message"] == "request"}
    assert (lines["my-own.id_1"]["path"], lines["my-own.id_1"]["status"]) == ("/health", 200)
    assert lines[made]["status"] == 404


def test_endpoints_documentation_page_needs_no_other_site(service):
    page = service.client.get("/docs").text
    assert "swagger" in page
    assert "http://" not in page.replace(service.url, "")
    assert "https://" not in page
    for file in ("swagger-ui-bundle.js", "swagger-ui.css"):
        assert service.client.get(f"/static-offline-docs/{file}").status_code == 200
    assert "/simulations/{id}/tick" in service.get("/openapi.json")["paths"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--host", "0.0.0.0"], "--host: is not a loopback address: set --token, or --insecure"),
        (["--token", ""], "--token: must be printable ASCII and not empty"),
        (["--db", "."], "--db: cannot be used: unable to open database file"),
        (["--host", "192.0.2.1", "--insecure"], "cannot listen on 192.0.2.1:8000"),
        (["--port", "70000"], "--port"),
        (["--max-ticks", "0"], "--max-ticks"),
    ],
)
def test_endpoints_what_cannot_be_served_is_refused_before_anything_listens(options, said):
    command = [sys.executable, "-m", "simcash_env.cli", "serve", *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode in {1, 2}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


ODD_IDS = ["A/B", "A/", "/", ".", "..", "../..", "%2F", "A%2FB", "?", "#", "a b", " ", "a&b=c", "銀行", "[/b]", "<b>"]


def test_endpoints_every_bank_id_is_reachable(service):
    """An id with a slash was 404, however it was encoded."""
    rows = [{"id": name, "opening_balance": number} for number, name in enumerate(ODD_IDS)]
    simulation = {"ticks_per_day": 2, "num_days": 1}
    name = service.make({"format": 1, "name": "odd", "simulation": simulation, "banks": rows})
    for number, bank in enumerate(ODD_IDS):
        encoded = quote(bank, safe="").replace(".", "%2E")
        by_path = service.get(f"/simulations/{name}/agents/{encoded}")
        by_parameter = service.get(f"/simulations/{name}/agents", bank=bank)
        assert by_path == by_parameter
        assert (by_path["bank"]["id"], by_path["bank"]["balance"]) == (bank, number)
    refused = service.client.get(f"/simulations/{name}/agents/A%2FC")
    assert (refused.status_code, refused.json()["error"]) == (404, "unknown bank 'A/C'")


@pytest.mark.parametrize(
    ("external", "said"),
    [
        ("release", "release every payment in ticks without actions (external: release)"),
        ("hold", "hold every payment in ticks without actions (external: hold)"),
        ({"type": "deadline", "urgency_threshold": 2}, "follow the policy deadline in ticks without actions"),
    ],
)
def test_endpoints_external_default_is_told_and_followed(service, external, said):
    name = service.make(seed=6, external=external)
    run = Simulation("castro-12period-v0", seed=6, external=external)
    detail = service.get(f"/simulations/{name}")
    assert (detail["external"], len(detail["notices"])) == (external, 1)
    assert f"external banks BANK_A, BANK_B {said}" in detail["notices"][0]
    assert service.get(f"/simulations/{name}/state")["notices"] == detail["notices"]
    service.tick(name, 3)
    service.tick(name, actions={})
    service.tick(name, pool_levels={})
    run.run(3)
    run.tick({})
    run.tick()
    run.open_tick()
    assert service.get(f"/simulations/{name}/metrics")["digest"] == run.digest()
    states = [service.get(f"/simulations/{name}/state", tick=tick)["totals"] for tick in (4, 5)]
    assert states[1] == service.get(f"/simulations/{name}/state")["totals"]
    again = Simulation("castro-12period-v0", seed=6, external=external)
    again.run(3)
    again.tick({})
    assert states[0]["settled"] == again.summary().settled


def test_endpoints_external_default_is_to_release(service):
    name = service.make(seed=6)
    run = Simulation("castro-12period-v0", seed=6)
    service.tick(name, 12)
    assert service.get(f"/simulations/{name}/metrics")["digest"] == run.run_to_completion().digest
