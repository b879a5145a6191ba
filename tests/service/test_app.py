"""The whole app without a socket: what it answers while it stops, where it crashes, and who listens to nothing."""

import asyncio
import json
import logging
import threading

import httpx
import pytest

from simcash_env.errors import SimulationError
from simcash_env.service import views
from simcash_env.service.app import make_app
from simcash_env.service.guard import Guard
from simcash_env.service.keeper import Keeper
from simcash_env.service.logs import JsonHandler
from simcash_env.service.meters import Meters
from simcash_env.service.requests import NewSimulation
from simcash_env.service.server import serve
from simcash_env.service.settings import Settings
from tests.service.processes import FIFO
from tests.service.test_keeper import started
from tests.worlds import overflowing

GAME = "castro-2period-v0"
PAYMENT = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 5, "deadline": 1}


def with_client(calls):
    """Let calls(app, client) run on an app of its own."""

    async def run():
        app = make_app(Settings())
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await calls(app, client)
        await app.state.keeper.close()

    asyncio.run(run())


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_service_that_is_stopping_says_so_and_begins_nothing():
    async def calls(app, client):
        name = (await client.post("/simulations", json={"scenario": GAME})).json()["id"]
        app.state.keeper.stopping.set()
        assert (await client.get("/health")).json()["status"] == "stopping"
        for path, body in (
            ("/simulations", {"scenario": GAME}),
            (f"/simulations/{name}/tick", None),
            (f"/simulations/{name}/transactions", PAYMENT),
        ):
            refused = await client.post(path, json=body)
            assert (refused.status_code, refused.json()["error"]) == (503, "the service is stopping")
        assert list(app.state.keeper.held) == [name]

    with_client(calls)


@pytest.mark.usefixtures("unbounded")
def test_service_tick_that_fails_is_told_and_shown_as_the_simulations_failure():
    async def calls(_, client):
        made = await client.post("/simulations", json={"scenario": overflowing().model_dump(mode="json")})
        path = f"/simulations/{made.json()['id']}"
        failed = await client.post(f"{path}/tick", params={"count": 2})
        assert failed.status_code == 409
        assert failed.json()["error"].startswith("tick 1: a total left the range of int64 cents")
        shown = (await client.get(path)).json()
        assert (shown["tick"], shown["failure"]) == (1, f"the run cannot go on: {failed.json()['error']}")

    with_client(calls)


def test_service_crash_is_answered_counted_and_logged_under_its_request_id(monkeypatch, capsys):
    monkeypatch.setattr(views, "metrics", lambda *_: 1 // 0)

    async def calls(_, client):
        name = (await client.post("/simulations", json={"scenario": GAME})).json()["id"]
        crashed = await client.get(f"/simulations/{name}/metrics", headers={"x-request-id": "mine"})
        assert crashed.status_code == 500
        assert crashed.headers["x-request-id"] == crashed.json()["request_id"] == "mine"
        assert crashed.headers["x-content-type-options"] == "nosniff"
        assert crashed.json()["error"] == "the service failed; its log has the reason under this request id"
        counted = 'simcash_requests_total{method="GET",route="/simulations/{id}/metrics",status="500"} 1.0'
        assert counted in (await client.get("/metrics")).text

    with_client(calls)
    own = {line["message"]: line for line in lines(capsys) if line.get("request_id") == "mine"}
    assert own["crashed"]["error"].startswith("ZeroDivisionError: ")  # and what this Python says of it
    assert own["request"]["status"] == 500


def test_service_crash_in_mid_answer_adds_nothing_to_it(capsys):
    async def broken(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        message = "half way"
        raise ZeroDivisionError(message)

    async def receive():
        return {"type": "http.request"}

    async def send(message):
        sent.append(message["type"])

    settings, sent = Settings(), []
    guard = Guard(broken, settings=settings, meters=Meters(Keeper(settings)))
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": [], "query_string": b""}
    with pytest.raises(ZeroDivisionError, match="half way"):
        asyncio.run(guard(scope, receive, send))
    assert sent == ["http.response.start"]
    assert [line["status"] for line in lines(capsys)] == [200]


class Socket:
    """What a server does for a WebSocket; ``is_gone``: its client has left without a word."""

    def __init__(self, name, *, is_gone=False):
        path = f"/simulations/{name}/ticks"
        self.scope = {"type": "websocket", "path": path, "headers": [], "query_string": b"", "subprotocols": []}
        self.is_gone, self.sent, self._is_new = is_gone, [], True

    async def receive(self):
        if self._is_new:
            self._is_new = False
            return {"type": "websocket.connect"}
        return await asyncio.Event().wait()

    async def send(self, message):
        if self.is_gone and message["type"] == "websocket.send":
            raise ConnectionResetError
        self.sent.append(message)

    async def listen(self, app):
        await app(self.scope, self.receive, self.send)


def test_service_listener_whose_simulation_is_deleted_as_it_comes_is_told():
    async def calls(app, _):
        keeper = app.state.keeper
        held = await keeper.create(NewSimulation(scenario=GAME, external_policy=FIFO))
        socket, may_end = Socket(held.id), threading.Event()
        tasks = [
            asyncio.create_task(work)
            for work in (keeper.exclusively(held, may_end.wait), keeper.delete(held.id), socket.listen(app))
        ]
        await started(keeper, len(tasks))
        may_end.set()
        await asyncio.gather(*tasks)
        assert [message["type"] for message in socket.sent] == ["websocket.accept", "websocket.close"]
        assert (socket.sent[1]["code"], socket.sent[1]["reason"]) == (4404, f"unknown simulation '{held.id}'")

    with_client(calls)


def test_service_listener_that_left_without_a_word_is_forgotten():
    async def calls(app, _):
        held = await app.state.keeper.create(NewSimulation(scenario=GAME, external_policy=FIFO))
        await Socket(held.id, is_gone=True).listen(app)
        assert len(held.listeners) == 0

    with_client(calls)


def test_service_librarys_error_is_one_line_with_its_traceback(capsys):
    logger = logging.getLogger("tests.service.library")
    logger.propagate = False
    logger.handlers = [JsonHandler()]
    try:
        1 // 0  # noqa: B018 - it fails
    except ZeroDivisionError:
        logger.exception("it failed in %s", "the middle")
    (line,) = lines(capsys)
    assert (line["level"], line["message"], line["logger"]) == ("error", "it failed in the middle", logger.name)
    assert line["traceback"].startswith("Traceback (most recent call last):\n")
    assert "ZeroDivisionError" in line["traceback"]


@pytest.fixture
def loggers():
    """The loggers that the service takes over are given back."""
    taken = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.error", "asyncio", "websockets")]
    before = [(logger.handlers, logger.propagate, logger.level) for logger in taken]
    yield
    for logger, (handlers, propagate, level) in zip(taken, before, strict=True):
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.mark.usefixtures("loggers")
def test_service_that_cannot_start_says_why_and_lets_nobody_in(monkeypatch, capsys):
    monkeypatch.setattr(Keeper, "warm_up", lambda _: 1 // 0)
    told = []
    with pytest.raises(SimulationError, match="the service could not start; see the line above"):
        serve(Settings(port=0), ready=told.append)
    assert told == []
    assert any("ZeroDivisionError" in line["message"] for line in lines(capsys))
