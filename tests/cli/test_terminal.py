"""What a person at a terminal sees, and what a file gets: bars are drawn on a terminal only."""

import contextlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from simcash_env.simulation import Simulation
from tests.cli.test_commands import CONFIGS, heed_interrupts
from tests.processes import simcash

ROOT = Path(__file__).parents[2]
ESCAPE = "\x1b["


def on_terminal(*arguments, cwd, interrupt_at=None):
    """Run a command whose stderr is a terminal; its exit code, stdout, and what the terminal got.

    Ctrl-C comes as soon as what the pattern ``interrupt_at`` fits is to be read there.
    """
    ours, theirs = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "120"}
    environment.pop("NO_COLOR", None)
    command = [sys.executable, "-m", "simcash_env.cli", *arguments]
    with (
        tempfile.TemporaryFile() as paper,
        subprocess.Popen(
            command,
            stdout=paper,
            stderr=theirs,
            cwd=cwd,
            env=environment,
            preexec_fn=heed_interrupts,  # noqa: PLW1509 - as in test_commands
        ) as process,
    ):
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # Linux's way to say that the other end has gone
            while part := os.read(ours, 65_536):
                shown += part
                if interrupt_at is not None and re.search(interrupt_at, shown.decode(errors="replace")):
                    process.send_signal(signal.SIGINT)
                    interrupt_at = None
        os.close(ours)
        process.wait()
        paper.seek(0)
        printed = paper.read()
    return process.returncode, printed.decode(), shown.decode()


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    folder = tmp_path_factory.mktemp("terminal")
    assert simcash("run", "two-banks-v0", "--events", "run.parquet", "--quiet", cwd=folder).returncode == 0
    for name in ("saved", "watched", "quiet"):
        assert simcash("create", "two-banks-v0", name, "--quiet", cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize("command", [("run", "two-banks-v0"), ("replay", "run.parquet")])
def test_terminal_gets_a_bar_and_a_file_none_and_the_data_are_the_same(record, command):
    code, printed, shown = on_terminal(*command, "--json", cwd=record)
    assert code == 0
    assert ESCAPE in shown
    assert "ticks" in shown
    assert "%" in shown
    piped = simcash(*command, "--json", cwd=record)
    assert ESCAPE not in piped.stderr + piped.stdout
    assert "%" not in piped.stderr
    assert json.loads(printed) == json.loads(piped.stdout)
    quiet = on_terminal(*command, "--json", "--quiet", cwd=record)
    assert (quiet[0], quiet[2]) == (0, "")


def test_terminal_live_table_is_drawn_on_a_terminal_and_says_where_there_is_none(record):
    code, _, shown = on_terminal("run", "two-banks-v0", "--live", cwd=record)
    assert code == 0
    assert "Queue 2" in shown
    piped = simcash("run", "two-banks-v0", "--live", cwd=record)
    assert piped.returncode == 0
    assert "--live: no terminal to draw on" in piped.stderr


def test_terminal_saved_run_has_a_bar_of_its_own(record):
    code, printed, shown = on_terminal("tick", "watched", "--count", "5", cwd=record)
    assert (code, len(printed.splitlines())) == (0, 5)
    assert "%" in shown
    assert on_terminal("tick", "quiet", "--count", "5", "--quiet", cwd=record) == (0, printed, "")
    piped = simcash("tick", "saved", "--count", "5", cwd=record)
    assert piped.stdout == printed
    assert "%" not in piped.stderr
    assert piped.stderr.startswith("external banks ALFA, BRAVO release every payment")


def test_terminal_ctrl_c_while_a_saved_run_goes_on_saves_the_ticks_that_are_closed(tmp_path):
    scenario = tmp_path / "endless.yaml"
    short = (CONFIGS / "two-banks-v0.yaml").read_text(encoding="utf-8")
    assert "num_days: 1\n" in short
    scenario.write_text(short.replace("num_days: 1\n", "num_days: 20_000\n"), encoding="utf-8")
    assert simcash("create", str(scenario), "saved", "--quiet", cwd=tmp_path).returncode == 0
    tick = ("tick", "saved", "--count", "1_000_000_000")
    code, printed, shown = on_terminal(*tick, cwd=tmp_path, interrupt_at="[1-9][0-9]*%")
    saved = Simulation.load(tmp_path / "saved")
    assert code == 130
    assert 0 < saved.current_tick == len(printed.splitlines())
    assert f"interrupted after {saved.current_tick} ticks: they are saved" in shown
