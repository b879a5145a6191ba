"""What the viewer's page asks the service for: what can be opened, frames, figures, and errors with file and line."""

import asyncio
import base64
import shutil
from pathlib import Path

import httpx
import pytest

from simcash_env.config import load_scenario
from simcash_env.learning.checkpoint import facts_path, find_checkpoint
from simcash_env.schema.codes import EventKind
from simcash_env.service import viewer
from simcash_env.service.app import make_app
from simcash_env.service.settings import Settings
from simcash_env.service.words import WORDS, policy_text
from simcash_env.simulation import Simulation
from tests.recorded import drawn_rows, recorded_rows, write_rows
from tests.service.test_recorded_runs import recorded

GAME = "castro-12period-v0"
TEXT = """format: 1
name: mine
rules: standard
simulation: {ticks_per_day: 4, num_days: 1, open: '08:00', close: '12:00'}
currency: EUR
banks:
  - {id: A, opening_balance: 1000, policy: {type: fifo}}
  - {id: B, opening_balance: 1000, policy: {type: deadline, urgency_threshold: 1}}
"""


def asking(calls, **settings):
    """Let calls(ask, app) run on an app of its own; ask(method, path, ...) returns status and content."""

    async def run():
        app = make_app(Settings(**settings))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:

            async def ask(method, path, **more):
                answer = await client.request(method, f"/viewer{path}", **more)
                return answer.status_code, answer.json()

            await calls(ask, app)
        await app.state.keeper.close()

    asyncio.run(run())


async def made(ask, **view):
    status, content = await ask("POST", "/simulations", json=view)
    assert status == 200, content
    return content


async def refused(ask, path, **view):
    status, content = await ask("POST", path, json=view)
    assert status in {404, 409, 422}, content
    return content["error"]


def test_viewer_words_name_every_kind_of_event():
    assert set(WORDS) == set(EventKind)
    assert len(set(WORDS.values())) == len(WORDS)


def test_viewer_start_lists_what_can_be_opened():
    async def calls(ask, _):
        _, start = await ask("GET", "/start")
        assert {"id", "banks", "ticks_per_day", "num_days", "description"} <= set(start["scenarios"][0])
        assert [one["type"] for one in start["scripted"]][:2] == ["fifo", "deadline"]
        assert {"name": "castro-12period-v0", "scenario": GAME, "action": "queue"} in start["trained"]
        assert start["files"] == []
        assert start["words"]["Arrival"] == "payment arrives"
        assert set(start["trees"]) == {"balance_first", "offset_seeker", "priority_first", "small_first"}

    asking(calls)


def test_viewer_own_scenario_is_checked_and_run_with_its_clock_and_currency():
    async def calls(ask, _):
        status, checked = await ask("POST", "/check", json={"text": TEXT, "name": "mine.yaml"})
        assert status == 200
        assert (checked["name"], checked["ticks_per_day"], checked["trained"]) == ("mine", 4, [])
        assert checked["banks"][1] == {"id": "B", "policy": "deadline (urgency_threshold 1)"}
        about = await made(ask, text=TEXT, name="mine.yaml", seed=2)
        assert (about["currency"], about["seed"]) == ("EUR", 2)
        assert about["times"] == ["08:00", "09:00", "10:00", "11:00", "12:00"]
        assert about["guideline"][1] == {"tick": 4.0, "share": 0.75, "time": "14:30"}
        assert about["market"] is None

    asking(calls)


@pytest.mark.parametrize(
    ("view", "error"),
    [
        (
            {"text": TEXT.replace("opening_balance", "opening_balanse", 1), "name": "mine.yaml"},
            "mine.yaml:7: banks.0.op",
        ),
        ({"text": "format: [1", "name": "mine.yaml"}, "mine.yaml:1: not valid YAML"),
        ({"text": '{"format": 1,', "name": "mine"}, "mine:1: not valid JSON"),
        ({"text": "format: 1\nformat: 1\n", "name": "mine.yaml"}, "mine.yaml:2: format: is given twice"),
        ({"text": TEXT, "name": "mine.yaml", "policies": {"C": {"type": "fifo"}}}, "policies.C: unknown bank"),
        ({"text": TEXT, "name": "mine.yaml", "policies": {"*": {"type": "deadline"}}}, "policies.A.urgency_threshold"),
        ({"scenario": "castro-12"}, "scenario: no scenario of the library"),
        ({}, "scenario: give one of scenario, text and file"),
        ({"scenario": GAME, "text": TEXT}, "scenario: give one of scenario, text and file"),
        ({"file": "x.yaml"}, "file: no folder of data is served (--data), got 'x.yaml'"),
        (
            {"scenario": GAME, "policies": {"BANK_A": {"type": "trained", "checkpoint": "/etc/passwd"}}},
            "policies.BANK_A.checkpoint: must be a shipped policy, or one that was uploaded, got '/etc/passwd'",
        ),
        (
            {"scenario": GAME, "policies": {"BANK_A": {"type": "trained", "checkpoint": "upload:../../x.pt"}}},
            "policies.BANK_A.checkpoint: must be a shipped policy",
        ),
        ({"scenario": GAME, "policies": {"BANK_A": {"type": "trained"}}}, "policies.BANK_A.checkpoint: must be"),
        (
            {
                "scenario": GAME,
                "policies": {
                    "BANK_A": {"type": "trained", "checkpoint": GAME},
                    "BANK_B": {"type": "trained", "checkpoint": "crisis-v0"},
                },
            },
            "policies: all trained banks must follow one checkpoint, got 'castro-12period-v0, crisis-v0'",
        ),
        (
            {"scenario": "crisis-v0", "policies": {"*": {"type": "trained", "checkpoint": GAME}}},
            "castro-12period-v0-seed0: was trained on scenario castro-12period-v0, got crisis-v0",
        ),
    ],
)
def test_viewer_faulty_request_names_file_line_and_rule(view, error):
    async def calls(ask, app):
        assert (await refused(ask, "/simulations", **view)).startswith(error)
        assert app.state.keeper.held == {}

    asking(calls)


def test_viewer_frame_is_the_state_of_the_simulation():
    async def calls(ask, _):
        about = await made(ask, scenario="crisis-v0", seed=4, policies={"*": {"type": "fifo"}})
        path = f"/simulations/{about['id']}"
        status, frame = await ask("POST", f"{path}/tick", params={"count": 40, "bank": "BANK_A"})
        assert status == 200
        here = Simulation("crisis-v0", seed=4)
        for bank in here.bank_ids:
            here.set_policy(bank, "fifo")
        here.run(40)
        ids = about["bank_ids"]
        assert frame["banks"]["balance"] == [here.balance(bank) for bank in ids]
        assert frame["banks"]["available"] == [here.available_liquidity(bank) for bank in ids]
        assert frame["banks"]["cost"] == [sum(here.costs(bank).values()) for bank in ids]
        central = [here.transaction(tx) for tx in here.queue2()]
        assert frame["banks"]["queue2_cents"] == [
            sum(one.remaining for one in central if one.sender == bank) for bank in ids
        ]
        assert sum(pair[3] for pair in frame["waiting"]) == sum(one.remaining for one in central)
        for bank, trouble, overdue in zip(ids, frame["banks"]["trouble"], frame["banks"]["overdue_cents"], strict=True):
            late = sum(one.remaining for one in central if one.sender == bank and one.overdue_since is not None)
            assert overdue == late
            waits = any(one.sender == bank for one in central)
            assert trouble == (3 if late else 2 if waits else 1 if here.balance(bank) < 0 else 0)
        own = [one.id for one in central if one.sender == "BANK_A"]
        assert [one["id"] for one in frame["queue"]] == own
        assert {one["queue"] for one in frame["queue"]} <= {2}
        deadlines = [one["deadline_tick"] for one in frame["due"]]
        assert deadlines == sorted(deadlines)
        earlier, then = Simulation("crisis-v0", seed=4), 17
        for bank in earlier.bank_ids:
            earlier.set_policy(bank, "fifo")
        earlier.run(then)
        _, frame = await ask("GET", f"{path}/frame", params={"tick": then})
        assert frame["banks"]["balance"] == [earlier.balance(bank) for bank in ids]
        assert frame["queue_count"] == len(earlier.queue2())
        _, track = await ask("GET", f"{path}/track", params={"from_tick": 10, "bank": ["BANK_B"]})
        assert (track["from_tick"], track["num_ticks"]) == (10, 40)
        assert track["banks"]["BANK_B"]["balance"][-1] == here.balance("BANK_B")

    asking(calls)


def test_viewer_frame_of_a_market_has_books_loans_and_accounts():
    async def calls(ask, _):
        about = await made(ask, scenario="money-market-v0", seed=3)
        assert set(about["market"]) == {"deposit_rate", "lending_rate", "books"}
        _, frame = await ask("POST", f"/simulations/{about['id']}/tick", params={"count": 30})
        here = Simulation("money-market-v0", seed=3)
        here.run(30)
        assert len(frame["market"]["loans"]) == len(here.loans())
        assert len(frame["market"]["orders"]) == len(here.orders())
        assert frame["market"]["accounts"]["lent"] == [here.market_account(bank).lent for bank in about["bank_ids"]]
        assert about["market"]["books"][0]["maturity"].endswith(" ticks")

    asking(calls)


def test_viewer_refuses_what_is_not_there():
    async def calls(ask, _):
        about = await made(ask, scenario=GAME, policies={"BANK_A": {"type": "person"}})
        path = f"/simulations/{about['id']}"
        for parameters, status, error in (
            ({"tick": 3}, 422, "query.tick: must be at most 0, the ticks that have been closed, got 3"),
            ({"bank": "X"}, 404, "unknown bank 'X'"),
            ({"desk": "BANK_B"}, 422, "query.desk: must be a bank that a person decides for, got 'BANK_B'"),
        ):
            found = await ask("GET", f"{path}/frame", params=parameters)
            assert (found[0], found[1]["error"].split(". Did")[0]) == (status, error)
        status, content = await ask("GET", f"{path}/track", params={"bank": "X"})
        assert (status, content["error"]) == (422, "query.bank: is not a bank of this simulation, got 'X'")
        _, shown = await ask("GET", path)
        assert shown["people"] == ["BANK_A"]
        assert shown["policies"] == {"BANK_A": "person", "BANK_B": "fifo"}
        assert shown["notices"] == []

    asking(calls)


def test_viewer_says_who_decides():
    async def calls(ask, _):
        policies = {
            "BANK_A": {"type": "trained", "checkpoint": "crisis-v0"},
            "BANK_B": {"type": "tree", "tree": {"policy_id": "mine", "payment_tree": RELEASE}},
            "BANK_C": {"type": "fifo"},
        }
        about = await made(ask, scenario="crisis-v0", policies=policies)
        assert about["policies"]["BANK_A"] == "trained: crisis-v0"
        assert about["policies"]["BANK_B"] == "tree mine"
        assert about["policies"]["BANK_C"] == "fifo"
        _, plain = await ask("POST", "/simulations", json={"scenario": "crisis-v0"})
        assert plain["policies"]["BANK_A"] == "external: release"
        assert any("release every payment" in notice for notice in plain["notices"])

    asking(calls)
    assert policy_text(load_scenario(GAME).banks[0].policy) == "external"


RELEASE = {"type": "action", "node_id": "r", "action": "Release"}


def test_viewer_external_policy_of_the_api_is_named():
    async def calls(ask, app):
        from simcash_env.service.requests import NewSimulation

        external = {"type": "deadline", "urgency_threshold": 2}
        held = await app.state.keeper.create(NewSimulation(scenario=GAME, external=external))
        _, about = await ask("GET", f"/simulations/{held.id}")
        assert about["policies"]["BANK_A"] == "external: deadline"

    asking(calls)


def test_viewer_uploaded_checkpoint_plays_until_the_service_stops():
    path = find_checkpoint(Path(GAME))
    weights = base64.b64encode(path.read_bytes()).decode()
    facts = facts_path(path).read_text(encoding="utf-8")
    folders = []

    async def calls(ask, app):
        status, kept = await ask("POST", "/checkpoints", json={"name": "my.pt", "facts": facts, "weights": weights})
        assert (status, kept["scenario"]) == (200, GAME)
        policy = {"type": "trained", "checkpoint": kept["checkpoint"]}
        about = await made(ask, scenario=GAME, seed=3, policies={"*": policy})
        assert set(about["policies"].values()) == {"trained: my.pt"}
        assert about["notices"] == ["pools of trained banks are cut to 30 %, as in training"]
        _, own = await ask("POST", f"/simulations/{about['id']}/tick", params={"count": 12})
        shipped = await made(ask, scenario=GAME, seed=3, policies={"*": {"type": "trained", "checkpoint": GAME}})
        _, same = await ask("POST", f"/simulations/{shipped['id']}/tick", params={"count": 12})
        assert own["totals"] == same["totals"]
        folders.append(app.state.keeper.uploads())
        for body, error in (
            ({"name": "../my.pt", "facts": facts, "weights": weights}, "name: must be the name of a .pt or .npy file"),
            ({"name": "my.pt", "facts": facts, "weights": "???"}, "weights: must be base64"),
            ({"name": "my.pt", "facts": "{", "weights": weights}, "my.pt: no checkpoint that can be read"),
            ({"name": "my.pt", "facts": facts, "weights": weights[:400]}, "my.pt"),
        ):
            assert error in await refused(ask, "/checkpoints", **body)

    asking(calls)
    assert not folders[0].exists()


def test_viewer_uploaded_record_is_opened_and_scrubbed(tmp_path):
    path = tmp_path / "run.duckdb"
    simulation = recorded(path, ticks=6)

    async def calls(ask, _):
        content = path.read_bytes()
        status, about = await ask("POST", "/records", params={"name": "run.duckdb", "run": 1}, content=content)
        assert (status, about["tick"]) == (200, 6)
        _, frame = await ask("GET", f"/simulations/{about['id']}/frame", params={"tick": 2})
        assert frame["tick"] == 2
        _, frame = await ask("GET", f"/simulations/{about['id']}/frame")
        assert frame["banks"]["balance"] == [simulation.balance(bank) for bank in simulation.bank_ids]
        status, content = await ask("POST", "/records", params={"name": "x.parquet"}, content=b"nothing")
        assert (status, content["error"]) == (409, "x.parquet: neither a Parquet nor a DuckDB file")

    asking(calls)


def test_viewer_without_the_library_of_records_names_the_extra(monkeypatch):
    async def calls(ask, _):
        monkeypatch.setitem(__import__("sys").modules, "simcash_env.service.recorded_runs", None)
        status, content = await ask("POST", "/records", params={"name": "x.parquet"}, content=b"nothing")
        assert status == 409
        assert content["error"].endswith("pip install 'simcash-env[records]'")

    asking(calls)


def test_viewer_opens_scenarios_and_records_of_the_folder_of_data(tmp_path):
    folder = tmp_path / "data"
    (folder / "days").mkdir(parents=True)
    write_rows(drawn_rows(2, 6, 5), 6, folder / "days" / "payments.parquet")
    text = __import__("json").dumps(recorded_rows("payments.parquet"))
    (folder / "days" / "scenario.json").write_text(text, encoding="utf-8")
    (folder / "list.json").write_text("[]", encoding="utf-8")
    (folder / "number.json").write_text('{"arrivals": {"recorded": {"file": 5}}}', encoding="utf-8")
    (folder / "notes.txt").write_text("none", encoding="utf-8")
    recorded(folder / "run.parquet", ticks=3)
    shutil.copy(folder / "run.parquet", tmp_path / "outside.parquet")

    async def calls(ask, _):
        _, start = await ask("GET", "/start")
        found = {(one["file"], one["kind"]) for one in start["files"]}
        assert ("days/scenario.json", "scenario") in found
        assert ("run.parquet", "record") in found
        assert not [name for name, _ in found if name.endswith(".txt")]
        about = await made(ask, file="days/scenario.json", seed=1)
        _, frame = await ask("POST", f"/simulations/{about['id']}/tick", params={"count": 2})
        assert frame["totals"]["arrived"] > 0
        status, about = await ask("POST", "/records/open", json={"file": "run.parquet"})
        assert (status, about["tick"]) == (200, 3)
        for name in ("../outside.parquet", "missing", "x" * 5_000):
            error = await refused(ask, "/records/open", file=name)
            assert error.startswith("file: must be a file in the folder of data (--data)")
        assert (await refused(ask, "/simulations", file="number.json")).startswith("number.json")
        assert "must be an id of the library or a mapping" in await refused(ask, "/simulations", file="list.json")

    asking(calls, data=folder)


def test_viewer_charts_come_from_the_installed_package(monkeypatch):
    async def calls(_, app):
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            script = await client.get("/viewer/plotly.js")
            assert script.status_code == 200
            assert script.headers["content-type"].startswith("text/javascript")
            monkeypatch.setattr(viewer, "plotly_file", lambda: None)
            missing = await client.get("/viewer/plotly.js")
            assert (missing.status_code, missing.json()["error"]) == (
                404,
                "charts need plotly: pip install 'simcash-env[service]'",
            )

    asking(calls)


def test_viewer_finds_plotly_only_where_it_is_installed(monkeypatch):
    plain = viewer.__dict__["plotly_file"].__wrapped__
    assert plain().name == "plotly.min.js"
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    assert plain() is None
