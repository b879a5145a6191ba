"""``simcash market`` with real processes: stopped by Ctrl-C and by kill -9, resumed, asked at a real terminal."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simcash_env import cli
from simcash_env.market.store import MarketStore
from tests.budget import PROFILE, examples, slow_but
from tests.market.worlds import BANKS, scheduled
from tests.processes import simcash

PATIENCE = 240
"""Seconds for a process on a busy machine."""


def write(path: Path, config) -> str:
    path.write_text(json.dumps(config.model_dump(mode="json") | {"format": 1}), "utf-8")
    return str(path)


@pytest.fixture
def scenario(tmp_path) -> str:
    """Attempts that wait for milliseconds, so that there is a middle to stop in."""
    limits = {"ALFA": {"BRAVO": 500}, "CHARLIE": {"DELTA": 300}}
    config = scheduled(
        payments=True, ticks=40, market={"counterparty_limits": limits}, retry={"max_retries": 2, "base_delay": 60}
    )
    return write(tmp_path / "scenario.yaml", config)


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "simcash_env.cli", "market", *words]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return simcash("market", *words, "--dir", folder)


def end_of(folder: Path, name: str) -> dict:
    done = run(folder, "show", name, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def wait_for(path: Path, process: subprocess.Popen, slots: int) -> None:
    """Until so many slots are saved."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        saved = MarketStore(path).list()
        if saved and not saved[0].problem and saved[0].cursor >= slots:
            return
        assert process.poll() is None, "it ended before it could be stopped"
        time.sleep(0.005)
    pytest.fail("nothing was saved")


SLOTS = {"default": (7,), "all": (1, 7, 16), "long": range(1, 23)}[PROFILE]
"""After how many slots a process is stopped; the last ones are over too soon to be caught."""
OPTIONS = ("--slots-per-tick", "2", "--delay", "ms")


@pytest.fixture(scope="module")
def ends() -> dict:
    """Ends of uninterrupted runs, by scenario text."""
    return {}


def uninterrupted(ends, scenario: str, tmp_path: Path) -> dict:
    text = Path(scenario).read_text("utf-8")
    if text not in ends:
        done = run(tmp_path / "whole", "run", scenario, "--save", "whole", *OPTIONS)
        assert done.returncode == 0, done.stderr
        ends[text] = end_of(tmp_path / "whole", "whole")
        assert ends[text]["is_done"]
    return ends[text]


@pytest.mark.parametrize("stop", slow_but({signal.SIGKILL}, signal.SIGINT, signal.SIGKILL))
@pytest.mark.parametrize("slots", SLOTS)
def test_market_process_that_is_stopped_is_resumed_to_the_same_end(stop, slots, scenario, ends, tmp_path):
    for attempt in range(5):
        folder = tmp_path / f"runs{attempt}"
        words = command("run", scenario, "--save", "run", *OPTIONS, "--dir", str(folder))
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            wait_for(folder, process, slots)
            process.send_signal(stop)
            _, errors = process.communicate(timeout=PATIENCE)
        if process.returncode != 0:  # else it was over before the signal came
            break
    assert process.returncode == (130 if stop == signal.SIGINT else -signal.SIGKILL)
    if stop == signal.SIGINT:
        assert "to continue, run simcash market resume run" in errors
    assert slots <= MarketStore(folder).list()[0].cursor < 24
    done = run(folder, "resume", "run", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == end_of(folder, "run") == uninterrupted(ends, scenario, tmp_path)


def test_market_stopping_at_many_slots_gives_the_same_end(scenario, ends, tmp_path):
    folder = tmp_path / "runs"
    done = run(folder, "run", scenario, "--save", "run", "--slots", "1", *OPTIONS)
    for slots in range(3, 24, examples(7, 2)):
        assert done.returncode == 130
        done = run(folder, "resume", "run", "--slots", str(slots), "--no-auto-save")
    done = run(folder, "resume", "run")
    assert done.returncode == 0, done.stderr
    assert end_of(folder, "run") == uninterrupted(ends, scenario, tmp_path)


def test_market_runs_are_listed_and_deleted(scenario, tmp_path):
    folder = tmp_path / "runs"
    assert run(folder, "list").stdout == f"no saved runs in {folder}\n"
    run(folder, "run", scenario, "--save", "monday", "--slots", "2", *OPTIONS)
    (folder / "broken.market").write_bytes(b"nothing")
    listed = run(folder, "list").stdout
    assert "not a saved market run" in listed
    assert "to be resumed" in listed
    refused = run(folder, "resume", "broken")
    assert refused.returncode == 1
    assert "broken.market: not a saved market run" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert (folder / "broken.market").read_bytes() == b"nothing"
    deleted = run(folder, "delete", "broken", "--json")
    assert (deleted.returncode, json.loads(deleted.stdout), deleted.stderr) == (0, {"deleted": "broken"}, "")
    assert [one["name"] for one in json.loads(run(folder, "list", "--json").stdout)] == ["monday"]
    assert run(folder, "delete", "broken").returncode == 1
    assert run(folder, "delete", "monday").stderr == "monday: removed\n"
    assert list(folder.iterdir()) == []


def test_market_run_without_a_name_is_kept_nowhere(scenario, ends, tmp_path):
    folder = tmp_path / "runs"
    done = run(folder, "run", scenario, "--json", *OPTIONS)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == uninterrupted(ends, scenario, tmp_path)
    stopped = run(folder, "run", scenario, "--slots", "2", *OPTIONS)
    assert (stopped.returncode, stopped.stderr) == (130, "interrupted after 2 of 24 slots\n")
    assert not folder.exists()


def test_market_who_ran_out_of_what_is_told(tmp_path, capsys):
    retry = {"max_retries": 0, "base_delay": 0}
    config = scheduled(money=500, trades_per_account=1, amount_min=500, amount_max=500, retry=retry)
    with pytest.raises(SystemExit, match="0"):
        cli.main(["market", "run", write(tmp_path / "scarce.yaml", config)])
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("depleted")] == [
        "depleted: ALFA/reserves at step 1",
        "depleted: CHARLIE/reserves at step 5",
    ]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("run", "two-banks-v0"), "two-banks-v0: needs market.schedule, has no market"),
        (("run", "money-market-v0"), "needs market.schedule, has a market without a schedule"),
        (("run", "two-banks-v0", "--delay", "hours"), "--delay must be ms or ticks"),
        (("show", "nothing"), "cannot be read"),
    ],
)
def test_market_mistakes_are_told_without_a_traceback(words, problem, tmp_path):
    done = run(tmp_path, *words)
    assert done.returncode in {1, 2}
    assert problem in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr


def poor(folder: Path) -> str:
    """A scenario whose banks have nothing to lend, and whose schedule asks what to do."""
    retry = {"max_retries": 0, "base_delay": 0, "on_exhausted": "ask"}
    lines = dict.fromkeys(BANKS, 10**6)
    config = scheduled(money=0, market={"credit_lines": lines}, trades_per_account=1, retry=retry)
    return write(folder / "poor.yaml", config)


def test_market_person_is_asked_at_a_real_terminal(tmp_path):
    words = ("run", poor(tmp_path), "--save", "asked")
    refused = run(tmp_path / "runs", *words)
    assert refused.returncode == 1
    assert "ask needs a terminal, and none is connected" in refused.stderr
    main, side = pty.openpty()
    with subprocess.Popen(
        command(*words, "--dir", str(tmp_path / "runs")), stdin=side, stdout=side, stderr=side, close_fds=True
    ) as process:
        os.close(side)
        seen = ""
        for number, answer in enumerate(("what", "r", "s", "c", "q"), start=1):
            seen = read_until(main, seen, "or [q]uit", number)
            os.write(main, f"{answer}\n".encode())
        process.wait(PATIENCE)
    os.close(main)
    assert "is not one of r, s, c, q" in seen
    end = end_of(tmp_path / "runs", "asked")
    assert [slot["state"] for slot in end["slots"]] == ["skipped", "failed", "failed", *["pending"] * 5]
    assert [slot["attempts"] for slot in end["slots"]] == [2, 1, 1, *[0] * 5]
    assert end["is_stopped"]


def test_market_person_who_ends_the_input_leaves_a_run_to_be_resumed(tmp_path):
    ours, theirs = pty.openpty()
    words = command("run", poor(tmp_path), "--save", "asked", "--dir", str(tmp_path / "runs"))
    with subprocess.Popen(words, stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True) as process:
        os.close(theirs)
        seen = read_until(ours, "", "or [q]uit", 1)
        os.write(ours, b"\x04")  # Ctrl-D
        seen = read_until(ours, seen, "interrupted", 1)
        assert process.wait(PATIENCE) == 130
    os.close(ours)
    assert "Traceback" not in seen
    (saved,) = MarketStore(tmp_path / "runs").list()
    assert (saved.name, saved.cursor, saved.is_done) == ("asked", 0, False)


def read_until(main: int, seen: str, prompt: str, count: int) -> str:
    """What the terminal shows until the prompt stands there so many times."""
    until = time.monotonic() + PATIENCE
    while seen.count(prompt) < count:
        assert time.monotonic() < until, seen
        if select.select([main], [], [], 1.0)[0]:
            seen += os.read(main, 4096).decode()
    return seen
