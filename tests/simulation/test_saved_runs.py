"""One process at a time runs a saved file; the lock goes with its process, and leaves nothing behind."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from simcash_env.errors import SimulationError, WriteError
from simcash_env.files import held_alone, is_open_elsewhere, lock_of
from simcash_env.simulation import Simulation
from tests.processes import simcash
from tests.worlds import quiet

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from simcash_env.files import held_alone
with held_alone(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def holder(program: str, path: Path) -> "subprocess.Popen[str]":
    """A process that has said that it holds the file, until its stdin is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "saved.simcash"
    Simulation(quiet(), events="tick").save(path)
    return path


def test_saved_run_is_refused_while_another_process_runs_it(saved):
    before = saved.read_bytes()
    process = holder(HOLD, saved)
    for words in (("tick", saved), ("run", "--state", saved), ("create", "two-banks-v0", saved, "--force")):
        done = simcash(*words)
        assert (done.returncode, done.stderr) == (
            1,
            f"{saved}: another process is running it; try again once that has ended\n",
        )
    assert saved.read_bytes() == before
    assert simcash("state", saved).returncode == 0, "reading is free"
    process.communicate("")
    assert simcash("tick", saved, "--quiet").returncode == 0
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_saved_runs_lock_is_released_when_its_process_dies(saved):
    process = holder(HOLD, saved)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert lock_of(saved).exists()
    with held_alone(saved):
        pass
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


def test_saved_runs_two_processes_lose_no_tick(saved):
    """Both ran to the same tick, and one of the two runs was lost."""
    command = [sys.executable, "-m", "simcash_env.cli", "tick", str(saved), "--quiet"]
    processes = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(4)]
    codes = []
    for process in processes:
        process.communicate()
        codes.append(process.returncode)
    assert set(codes) <= {0, 1}
    assert Simulation.load(saved).current_tick == codes.count(0)


def test_saved_runs_lock_that_was_just_removed_is_made_anew(saved, monkeypatch):
    """The holder before removed the file after we had opened it: its lock would mean nothing."""
    real = fcntl.flock
    left = [2]

    def flock(descriptor, operation):
        real(descriptor, operation)
        if left[0]:
            left[0] -= 1
            lock_of(saved).unlink()
            if left[0]:
                lock_of(saved).touch()

    monkeypatch.setattr("simcash_env.files.fcntl.flock", flock)
    with held_alone(saved):
        assert lock_of(saved).exists()
        with pytest.raises(SimulationError, match="another process"), held_alone(saved):
            pass


def test_saved_runs_file_that_is_not_there_is_not_held(tmp_path):
    for path in (tmp_path / "none", tmp_path / "no" / "folder", Path("null\0character"), Path("x" * 300)):
        with held_alone(path):
            assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("call", ["os.open", "fcntl.flock"])
def test_saved_runs_lock_that_cannot_be_taken_names_the_file(saved, monkeypatch, call):
    def fails(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(f"simcash_env.files.{call}", fails)
    with pytest.raises(WriteError, match=r"saved\.simcash: cannot be written: No locks available"), held_alone(saved):
        pass


def test_market_run_is_refused_while_another_process_runs_it(tmp_path):
    (tmp_path / "one.market").write_bytes(b"damaged")
    process = holder(HOLD, tmp_path / "one.market")
    done = simcash("market", "resume", "one", "--dir", tmp_path)
    assert (done.returncode, "another process is running it" in done.stderr) == (1, True)
    process.communicate("")
    assert "not a saved market run" in simcash("market", "resume", "one", "--dir", tmp_path).stderr


DUCKDB = "import sys, duckdb\nc = duckdb.connect(sys.argv[1])\nprint('held', flush=True)\nsys.stdin.read()\n"


@pytest.mark.parametrize("read_only", [True, False])
def test_saved_runs_database_that_another_process_has_open_is_told_from_others(tmp_path, read_only):
    path = tmp_path / "runs.duckdb"
    process = holder(DUCKDB, path)
    assert is_open_elsewhere(path, read_only=read_only)
    process.communicate("")
    assert not is_open_elsewhere(path, read_only=read_only)
    assert not is_open_elsewhere(tmp_path / "none", read_only=read_only)
    assert not is_open_elsewhere(tmp_path, read_only=read_only)
