"""Who may call: the token, the page of another site, a rebound name; and the limits."""

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from simcash_env.config import load_scenario
from simcash_env.errors import RoomError
from simcash_env.service.guard import COOKIE
from tests.service.processes import FIFO, serving

EVERYWHERE = "0.0.0.0"
TOKEN = "correct horse battery staple"  # noqa: S105 - of these tests


@pytest.fixture(scope="module")
def guarded():
    options = (
        "--host",
        EVERYWHERE,
        "--max-simulations",
        "2",
        "--max-banks",
        "4",
        "--max-ticks",
        "5",
        "--max-memory",
        "1",
        "--max-body",
        "1",
    )
    with serving(*options, token=TOKEN) as served:
        served.url = served.url.replace(EVERYWHERE, "127.0.0.1")
        served.client.base_url = served.url
        yield served


PATHS = ["/", "/scenarios", "/metrics", "/docs", "/openapi.json", "/static/app.js", "/simulations", "/nothing"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"]
)
def test_access_every_call_needs_the_token(guarded, path, header):
    import httpx

    headers = {} if header is None else {"authorization": header}
    answer = httpx.get(guarded.url + path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "a token is needed" in answer.json()["error"]
    assert guarded.client.get(path).status_code != 401


def test_access_browser_comes_with_the_token_once_and_gets_a_cookie(guarded):
    import httpx

    with httpx.Client(base_url=guarded.url) as browser:
        assert browser.get("/", params={"token": "wrong"}).status_code == 401
        welcome = browser.get("/", params={"token": TOKEN})
        assert (welcome.status_code, welcome.headers["location"]) == (303, "/")
        cookie = welcome.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        assert TOKEN not in cookie
        assert browser.get("/").status_code == 200
        assert browser.get("/health").status_code == 200
        session = f"{COOKIE}={browser.cookies[COOKIE]}"
    for header, status in ((f"odd,name=1; {session}", 200), ("odd,name=1", 401), (f"{session}x", 401)):
        assert httpx.get(guarded.url + "/scenarios", headers={"cookie": header}).status_code == status
    assert not [line for line in guarded.lines if TOKEN in line or "correct+horse" in line]


def test_access_socket_needs_the_token_too(guarded):
    name = guarded.make("castro-2period-v0")
    url = guarded.socket_url + f"/simulations/{name}/ticks"
    with connect(url) as socket, pytest.raises(ConnectionClosed) as refused:
        socket.recv(timeout=60)
    assert refused.value.rcvd.code == 4401
    with connect(url, additional_headers={"authorization": f"Bearer {TOKEN}"}) as socket:
        assert socket.recv(timeout=60)
    assert guarded.client.delete(f"/simulations/{name}").status_code == 204


def test_access_limits_are_told_with_the_option_that_sets_them(guarded):
    many = load_scenario("ten-banks-v0").model_dump(mode="json")
    refused = guarded.client.post("/simulations", json={"scenario": many})
    assert refused.status_code == 422
    assert refused.json()["error"] == "banks: must have at most 4 entries here (--max-banks), got 10"
    names = [guarded.make("castro-12period-v0", external_policy=FIFO) for _ in range(2)]
    refused = guarded.client.post("/simulations", json={"scenario": "castro-12period-v0"})
    assert (refused.status_code, refused.json()["error"]) == (
        429,
        "the service holds 2 simulations, its limit (--max-simulations)",
    )
    refused = guarded.client.post(f"/simulations/{names[0]}/tick", params={"count": 6})
    assert "must be at most 5 (--max-ticks)" in refused.json()["error"]
    refused = guarded.client.post(
        "/simulations", content=b" " * (2**20 + 1), headers={"content-type": "application/json"}
    )
    assert refused.status_code == 413
    for name in names:
        assert guarded.client.delete(f"/simulations/{name}").status_code == 204


def test_access_simulation_that_outgrows_the_memory_stops_where_it_is(guarded):
    long = load_scenario("two-banks-v0").model_dump(mode="json")
    long["simulation"] |= {"ticks_per_day": 100_000, "num_days": 1}
    for bank in long["banks"]:
        bank["arrivals"]["rate_per_tick"] *= 10
    name = guarded.make(long)
    answer = guarded.client.post(f"/simulations/{name}/tick", params={"count": 5})
    while answer.status_code == 200:
        answer = guarded.client.post(f"/simulations/{name}/tick", params={"count": 5})
    assert answer.status_code == 507
    assert "of 1 MiB (--max-memory): delete some" in answer.json()["error"]
    refused = guarded.client.post("/simulations", json={"scenario": "castro-2period-v0"})
    assert refused.status_code == 507
    assert guarded.client.delete(f"/simulations/{name}").status_code == 204
    assert guarded.client.delete(f"/simulations/{guarded.make('castro-2period-v0')}").status_code == 204


@pytest.mark.parametrize("events", [True, False])
def test_access_one_tick_of_far_too_many_payments_is_stopped_and_has_not_happened(guarded, events):
    crowded = load_scenario("two-banks-v0").model_dump(mode="json")
    for bank in crowded["banks"]:
        bank["arrivals"]["rate_per_tick"] = 10_000.0
    refused = guarded.client.post("/simulations", json={"scenario": crowded})  # external banks: its first tick opens
    assert refused.status_code == 507
    assert "tick 0: no room for" in refused.json()["error"]
    name = guarded.make(crowded, external_policy=FIFO, events=events)
    before = guarded.get(f"/simulations/{name}/metrics")
    refused = guarded.client.post(f"/simulations/{name}/tick")
    assert refused.status_code == 507
    assert refused.json()["error"].endswith("bytes more; nothing has changed")
    assert guarded.get(f"/simulations/{name}/metrics") == before
    assert guarded.get("/health")["memory_bytes"] < 2**20
    assert guarded.client.delete(f"/simulations/{name}").status_code == 204


def test_access_run_that_was_refused_room_goes_on_as_if_it_had_not_been():
    from simcash_env.service.run import Run
    from simcash_env.simulation import Simulation
    from tests.worlds import busy

    config = busy(banks=3, scripted=3, ticks=12, rate=20.0, wealth=500)
    allowed, refusals = [False], 0
    run = Run(config, seed=3, events=True, may_grow=lambda _: allowed[0])
    while not run.is_over:
        mark, before = run.mark(), run.digest()
        try:
            run.tick()
        except RoomError:
            refusals += 1
            run.go_back(mark)
            assert run.digest() == before
            allowed[0] = True
        else:
            allowed[0] = False
    alone = Simulation(config, seed=3)
    alone.run_to_completion()
    assert refusals >= 2
    assert run.digest() == alone.digest()
    assert (run.events().rows == alone.events().rows).all()


def test_access_another_sites_page_may_read_and_do_nothing(service):
    headers = {"origin": "https://elsewhere.example"}
    refused = service.client.post("/simulations", json={"scenario": "castro-2period-v0"}, headers=headers)
    assert refused.status_code == 403
    assert "is another site's page" in refused.json()["error"]
    assert "access-control-allow-origin" not in service.client.get("/health", headers=headers).headers
    name = service.make("castro-2period-v0")
    url = f"{service.socket_url}/simulations/{name}/ticks"
    with connect(url, origin="https://elsewhere.example") as socket, pytest.raises(ConnectionClosed) as closed:
        socket.recv(timeout=60)
    assert closed.value.rcvd.code == 4403
    rebound = service.client.get("/health", headers={"host": "elsewhere.example"})
    assert rebound.status_code == 403
    assert "is not a name of this machine" in rebound.json()["error"]
    assert service.client.get("/health", headers={"host": "localhost:1234"}).status_code == 200


def test_access_page_lets_nothing_of_another_site_in(service):
    headers = service.client.get("/").headers
    assert headers["content-security-policy"].startswith("default-src 'self'; ")
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
