"""Streams that are closed, or whose encoding lacks a character: the run goes on, and never a traceback."""

import io
import itertools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simcash_env.cli import streams
from tests.budget import slow_but

ROOT = Path(__file__).parents[2]
SIMCASH = f"{sys.executable} -m simcash_env.cli"
CHINESE = """format: 1
name: 日
simulation: {ticks_per_day: 3, num_days: 1}
banks: [{id: 銀行, opening_balance: 5}, {id: B}]
events: [{type: payment, tick: 0, from_bank: 銀行, to_bank: B, amount: 1, deadline: 2}]
"""

OPTIONS = ("--quiet --json", "--verbose --db runs.duckdb")


def shell(line, folder, **variables):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    return subprocess.run(["bash", "-c", line], cwd=folder, env=environment, capture_output=True, check=False)


CLOSED = (">&-", "2>&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-")
KEPT: set[object] = {(CLOSED[-1], OPTIONS[0]), (CLOSED[0], OPTIONS[1])}


@pytest.mark.parametrize("case", slow_but(KEPT, *itertools.product(CLOSED, ("", *OPTIONS))), ids=" ".join)
def test_closed_streams_end_in_no_traceback(tmp_path, case):
    closed, options = case
    done = shell(f"{SIMCASH} run two-banks-v0 {options} {closed}", tmp_path)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    if ">&-" not in closed.replace("2>&-", ""):
        assert b"two-banks-v0" in done.stdout
    if "--db" in options:
        asked = shell(f"{SIMCASH} replay runs.duckdb --json", tmp_path)
        assert json.loads(asked.stdout)["is_equal"], "nothing was printed into the file"


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_streams_mistake_with_closed_streams_keeps_its_exit_code(tmp_path, closed):
    done = shell(f"{SIMCASH} run nowhere.yaml {closed}", tmp_path)
    assert (done.returncode, b"Traceback" in done.stderr) == (2, False)


ENCODED: set[object] = {
    ("cp1252", "--quiet"),
    ("ascii", "--verbose"),
    ("utf-8", "--quiet"),
    ("utf-8", "--quiet --json"),
}
WAYS = itertools.product(("cp1252", "ascii", "utf-8"), ("--quiet", "--verbose", "--quiet --json"))


@pytest.mark.parametrize("case", slow_but(ENCODED, *WAYS), ids=" ".join)
def test_streams_encoding_that_lacks_a_character_gets_its_escape(tmp_path, case):
    encoding, options = case
    (tmp_path / "日.yaml").write_text(CHINESE, encoding="utf-8")
    done = shell(f"{SIMCASH} run 日.yaml {options}", tmp_path, PYTHONIOENCODING=encoding)
    assert (done.returncode, b"Traceback" in done.stderr) == (0, False)
    wanted = "銀行" if encoding == "utf-8" and "--json" not in options else "\\u9280\\u884c"
    assert wanted.encode() in done.stdout


def test_streams_file_name_that_is_no_text_is_printed_as_escape(tmp_path):
    done = shell(
        f"{SIMCASH} validate $'\\xe9.yaml'; {SIMCASH} create two-banks-v0 $'\\xe9'", tmp_path, PYTHONIOENCODING="utf-8"
    )
    assert b"Traceback" not in done.stderr
    assert b"\\udce9.yaml: cannot be read" in done.stderr
    assert b"must be Unicode text" in done.stderr
    assert b"got '\\udce9'" in done.stderr
    assert done.stdout == b""


def test_standard_streams_are_replaced_where_they_are_closed(monkeypatch):
    taken = []
    monkeypatch.setattr(streams, "_occupy", taken.append)
    closed = io.StringIO()
    closed.close()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stdin", None)
        patched.setattr(sys, "stdout", closed)
        patched.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), "cp1252"))
        streams.prepare_streams()
        replaced = sys.stdin, sys.stdout
        assert sys.stdin.read() == ""
        sys.stdout.write("no one reads this")
        assert sys.stderr.errors == "backslashreplace"
        for stream in replaced:
            stream.close()
    assert taken == [0, 1, 2]


@pytest.mark.parametrize("number", [0, 1])
def test_streams_free_number_is_taken_by_the_null_device(number, monkeypatch):
    """Here the number that is asked for is free, and the system may or may not give it first."""
    read, write = os.pipe()
    os.close(read)
    os.close(write)
    free = (read, write)[number]
    streams._occupy(free)
    assert os.fstat(free).st_rdev == Path(os.devnull).stat().st_rdev
    before = os.fstat(free)
    streams._occupy(free)
    assert os.fstat(free) == before
    os.close(free)
