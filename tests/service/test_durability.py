"""Nothing that was acknowledged is lost: by SIGTERM in mid-call, by kill -9, by a client that goes away."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import pytest

from simcash_env.service.store import Store
from simcash_env.simulation import Simulation
from tests.service.processes import FIFO, ROOT, Served, alone, serving

TEN = "ten-banks-v0"
PAUSE_SECONDS = 0.01
"""Before a service is asked again."""


def test_durability_kill_9_and_a_restart_bring_back_the_last_acknowledged_tick(tmp_path):
    file = tmp_path / "kept.db"
    with serving("--db", file) as served:
        names = [served.make(TEN, seed=seed, external_policy=FIFO) for seed in range(4)]
        deciding = served.make(seed=3)
        for _ in range(2):
            queue = served.get(f"/simulations/{deciding}/state")["queue1"]
            served.tick(
                deciding,
                actions={bank: dict.fromkeys([row["id"] for row in rows], "release") for bank, rows in queue.items()},
            )
        handed = {"sender": "BANK_A", "receiver": "BANK_B", "amount": 777, "deadline": 9}
        tx = served.client.post(f"/simulations/{deciding}/transactions", json=handed).json()["id"]
        acknowledged = dict.fromkeys(names, 0)
        is_killed = threading.Event()

        def tick_on(name):
            with httpx.Client(base_url=served.url, timeout=60) as client:
                while not is_killed.is_set():
                    try:
                        answer = client.post(f"/simulations/{name}/tick", params={"count": 3})
                    except httpx.TransportError:
                        return
                    assert answer.status_code == 200, answer.text
                    acknowledged[name] = answer.json()["tick"]
                    if acknowledged[name] >= 900:
                        return

        threads = [threading.Thread(target=tick_on, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        while min(acknowledged.values()) < 9:
            is_killed.wait(0.01)
        assert served.end(signal.SIGKILL) == -signal.SIGKILL
        is_killed.set()
        for thread in threads:
            thread.join()
    with serving("--db", file) as again:
        for seed, name in enumerate(names):
            state = again.get(f"/simulations/{name}/state")
            assert acknowledged[name] <= state["tick"] <= acknowledged[name] + 3  # a kept call may have lost its answer
            assert again.get(f"/simulations/{name}/metrics")["digest"] == alone(TEN, seed, state["tick"]).digest()
            again.tick(name, 20)
            run = alone(TEN, seed, state["tick"] + 20)
            assert again.get(f"/simulations/{name}/metrics")["digest"] == run.digest()
            assert again.get(f"/simulations/{name}/events", limit=1)["total"] == len(run.events())
            assert again.get(f"/simulations/{name}/state", tick=1)["tick"] == 1
        assert again.get(f"/simulations/{deciding}/state")["tick"] == 2
        assert again.get(f"/simulations/{deciding}/transactions/{tx}")["amount"] == 777
        assert again.client.delete(f"/simulations/{deciding}").status_code == 204
    with serving("--db", file) as last:
        assert [row["id"] for row in last.get("/simulations")["simulations"]] == names


def test_durability_sigterm_in_mid_call_finishes_the_tick_answers_and_keeps_it(tmp_path):
    file = tmp_path / "kept.db"
    served = Served("--db", file)
    try:
        name = served.make(TEN, seed=1, external_policy=FIFO)
        answers = []
        calling = threading.Thread(
            target=lambda: answers.append(served.client.post(f"/simulations/{name}/tick", params={"count": 1_000}))
        )
        calling.start()
        under_way = "simcash_requests_under_way 2.0"
        with httpx.Client(base_url=served.url, timeout=60) as other:
            while calling.is_alive() and under_way not in other.get("/metrics").text:
                time.sleep(PAUSE_SECONDS)
        served.process.send_signal(signal.SIGTERM)
        calling.join()
    finally:
        assert served.end() == 0
    (answer,) = answers
    assert answer.status_code in {200, 503}
    if answer.status_code == 503:
        assert "the service is stopping" in answer.json()["error"]
        done = int(answer.json()["error"].split("is at tick ")[1])
    else:
        done = answer.json()["tick"]
    with serving("--db", file) as again:
        assert again.get(f"/simulations/{name}/state")["tick"] == done
        assert again.get(f"/simulations/{name}/metrics")["digest"] == alone(TEN, 1, done).digest()


def test_durability_client_that_goes_away_in_mid_call_stops_nothing_and_leaves_nothing():
    with serving() as served:
        name = served.make(TEN, seed=1, external_policy=FIFO)
        program = (
            f"import httpx; httpx.post('{served.url}/simulations/{name}/tick', params={{'count': 400}}, timeout=60)"
        )
        client = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        listener = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"from websockets.sync.client import connect\ns = connect('{served.socket_url}/simulations/{name}/ticks')\nfor m in s: print('heard', flush=True)",
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert listener.stdout.readline() == "heard\n"
        figures = served.client.get("/metrics").text
        assert "simcash_streams 1.0" in figures
        while 'route="/simulations/{id}/tick"' not in figures and "under_way 2.0" not in figures:
            time.sleep(PAUSE_SECONDS)
            figures = served.client.get("/metrics").text
        for process in (client, listener):
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        while served.get(f"/simulations/{name}/state")["tick"] < 400:
            time.sleep(PAUSE_SECONDS)  # the call goes on without its client
        assert served.get(f"/simulations/{name}/metrics")["digest"] == alone(TEN, 1, 400).digest()
        while "simcash_streams 0.0" not in figures or "under_way 1.0" not in figures:
            time.sleep(PAUSE_SECONDS)
            figures = served.client.get("/metrics").text
        assert served.client.delete(f"/simulations/{name}").status_code == 204
        assert served.get("/health")["memory_bytes"] == 0


def test_durability_damaged_simulation_is_refused_left_as_it_is_and_the_others_live(tmp_path):
    file = tmp_path / "kept.db"
    with serving("--db", file) as served:
        sound, damaged = (served.make(seed=seed, external_policy=FIFO) for seed in (1, 2))
        served.tick(sound, 3)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE simulations SET state = x'00112233' WHERE id = ?", (damaged,))
    connection.close()
    served = Served("--db", file)
    try:
        assert served.get(f"/simulations/{sound}/state")["tick"] == 3
        refused = served.client.post(f"/simulations/{damaged}/tick")
        assert refused.status_code == 409
        assert "snapshot: damaged, or not a snapshot" in refused.json()["error"]
        assert [row["id"] for row in served.get("/simulations")["unreadable"]] == [damaged]
    finally:
        assert served.end() == 0
    with sqlite3.connect(file) as connection:
        (state,) = connection.execute("SELECT state FROM simulations WHERE id = ?", (damaged,)).fetchone()
    connection.close()
    assert state == bytes.fromhex("00112233")
    assert not any("Traceback" in line for line in served.lines)


def refused(file):
    command = [sys.executable, "-m", "simcash_env.cli", "serve", "--port", "0", "--db", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=None)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    return done.stderr


def test_durability_files_that_are_none_of_ours_are_refused_and_left_as_they_are(tmp_path):
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    connection.close()
    text = tmp_path / "notes.txt"
    text.write_text("no database, but of some length " * 50)
    for file, said in ((other, "is the database of another program"), (text, "file is not a database")):
        before = file.read_bytes()
        assert said in refused(file)
        assert file.read_bytes() == before


def test_durability_second_service_is_refused_the_same_database(tmp_path):
    file = tmp_path / "kept.db"
    with serving("--db", file):
        assert "database is locked" in refused(file)


def test_durability_full_disk_is_told_and_the_call_has_not_happened(tmp_path):
    from simcash_env.config import load_scenario
    from simcash_env.service.held import Held, Origin
    from simcash_env.service.keeper import Keeper
    from simcash_env.service.refusals import Refusal
    from simcash_env.service.run import Run
    from simcash_env.service.settings import Settings

    keeper = Keeper(Settings(db=tmp_path / "kept.db"))
    origin = Origin(load_scenario(TEN), 1, events=True)
    held = Held("one", "now", origin, Run(origin.config, seed=1, events=True))
    keeper._store.add("one", "now", origin.as_row(), held.run.state_bytes())
    keeper.tick(held, 5, {})
    before = held.run.digest(), len(held.run.log_parts()), list(held.reports)
    keeper._store._connection.execute("PRAGMA max_page_count = 1")  # as far as SQLite can tell, the disk is full
    message = ""
    for _ in range(50):
        try:
            keeper.tick(held, 20, {})
        except Refusal as refusal:
            message = str(refusal)
            break
        before = held.run.digest(), len(held.run.log_parts()), list(held.reports)
    assert message.endswith("database or disk is full; nothing has changed")
    assert held.run.digest() == before[0]
    assert held.reports == before[2]
    keeper._store.close()


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_durability_interrupt_ends_with_130():
    served = Served()
    assert served.end(signal.SIGINT) == 130


def test_durability_database_named_memory_is_a_file(tmp_path, monkeypatch):
    """SQLite would keep it in memory, and nothing of it."""
    monkeypatch.chdir(tmp_path)
    store = Store(Path(":memory:"))
    assert (tmp_path / ":memory:").is_file()
    store.close()


def test_durability_external_banks_hold_in_simulations_kept_before_there_was_a_default(tmp_path):
    file = tmp_path / "kept.db"
    with serving("--db", file) as served:
        name = served.make(seed=3, external="hold")
        served.tick(name, 2)
    with sqlite3.connect(file) as connection:
        (origin,) = connection.execute("SELECT origin FROM simulations").fetchone()
        older = {key: value for key, value in json.loads(origin).items() if key != "external"}
        connection.execute("UPDATE simulations SET origin = ?", (json.dumps(older),))
    connection.close()
    run = Simulation("castro-12period-v0", seed=3, external="hold")
    run.run(4)
    run.open_tick()
    with serving("--db", file) as served:
        assert served.get(f"/simulations/{name}")["external"] == "hold"
        served.tick(name, 2)
        assert served.get(f"/simulations/{name}/metrics")["digest"] == run.digest()
        totals = served.get(f"/simulations/{name}/state", tick=3)["totals"]
        assert totals["settled"] == 0
