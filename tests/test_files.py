"""Every file that is written: the old one or the new one is there, whole, whatever happens; and the error names it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from simcash_env.errors import WriteError
from simcash_env.files import make_folder_of, replacing, write_atomically
from tests.sources import modules

ROOT = Path(__file__).parents[1]

WRITERS = {
    "simcash_env/files.py": "the one place where files are written",
    "simcash_env/records/parquet.py": "its own partial file, which takes its name by files.take_name",
    "simcash_env/records/database.py": "DuckDB's transactions",
    "simcash_env/service/store.py": "SQLite's transactions",
    "simcash_env/kernels/_numba/jit.py": "the folder of the cache; what cannot be kept there is told and compiled anew",
    "simcash_env/learning/checkpoint.py": "into a partial file of files.replacing",
    "simcash_env/data/payments.py": "likewise",
    "simcash_env/data/importing.py": "into a folder beside the old one, whose files take their places when all are written",
    "simcash_env/data/reading.py": "opens messages to read them",
    "simcash_env/data/figures.py": "into memory",
    "simcash_env/data/calibration.py": "makes its folder; writes by files.write_atomically",
    "simcash_env/evaluation/compare.py": "into a partial file of files.replacing",
    "simcash_env/simulation/run_tables.py": "likewise",
    "training/plots.py": "likewise",
    "simcash_env/evaluation/plots.py": "likewise",
    "simcash_env/records/plots.py": "into memory, then files.write_atomically",
    "simcash_env/market/store.py": "removes a saved run that it is asked to; writes by files.write_atomically",
    "training/publish.py": "removes what is there to resume from; makes its folder; writes by files.write_atomically",
    "simcash_env/learning/rank_search.py": "into a partial file of files.replacing",
    "training/recorded_days.py": "makes its folder; writes by files.write_atomically",
    "training/generalise.py": "makes its folder; writes by files.write_atomically",
    "training/distilled.py": "likewise",
    "simcash_env/learning/distill_report.py": "likewise",
    "simcash_env/learning/ray_sweep.py": "likewise; and a folder of Ray's, which it hands over whole",
    "simcash_env/learning/rllib_ppo.py": "a folder beside the old one, which takes its place when it is whole",
    "simcash_env/learning/offline_data.py": "into a partial file of files.replacing; Minari's folder",
    "simcash_env/evaluation/submission_archive.py": "into a temporary folder",
    "simcash_env/evaluation/submission_process.py": "likewise",
    "simcash_env/evaluation/submission_score.py": "likewise",
    "simcash_env/service/viewer.py": "likewise",
    "simcash_env/cli/__init__.py": "the null device, where standard output has gone away",
}
"""Where something is written, and what keeps it whole."""
WRITES = {
    "write_text",
    "write_bytes",
    "savefig",
    "mkdir",
    "ParquetWriter",
    "write_table",
    "connect",
    "unlink",
    "replace",
    "rename",
}


def writes_in(source: str) -> set[str]:
    """Calls that write, or may: by name, and ``open`` with a mode that writes."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        modes = [each.value for each in node.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        is_file = name == "open" and any(set(mode) <= set("wabrx+t") and set(mode) & set("wax+") for mode in modes)
        is_text = name == "replace" and (len(node.args) > 1 or node.keywords)  # of strings and dataclasses
        if is_file or (name in WRITES and not is_text):
            found.add(name)
    return found


def test_files_are_written_in_known_places_alone():
    paths = modules()
    found = {name for name, path in paths.items() if writes_in(path.read_text(encoding="utf-8"))}
    assert found - set(WRITERS) == set()
    assert set(WRITERS) <= set(paths)


def test_files_search_for_writes_finds_one():
    assert writes_in("path.open('wb')") == {"open"}
    assert writes_in("path.write_text('x')") == {"write_text"}
    assert writes_in("path.open('rb'); text.replace('a', 'b'); replace(facts, ticks=1)") == set()


KILLED = """
import os, signal
from pathlib import Path
from simcash_env import files

def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)

def half(path, data):
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        die()

target, at = Path({target!r}), {at!r}
if at == "in mid-write":
    files.Path.write_bytes = half
elif at == "before it is on the disk":
    os.fsync = die
elif at == "before it takes its name":
    files.Path.replace = die
elif at == "after it took its name":
    rename = files.Path.replace
    files.Path.replace = lambda *given: (rename(*given), die())
files.write_atomically(target, b"new" * 1000)
"""


@pytest.mark.parametrize(
    ("at", "is_new"),
    [
        ("in mid-write", False),
        ("before it is on the disk", False),
        ("before it takes its name", False),
        ("after it took its name", True),
        ("never", True),
    ],
)
def test_files_process_killed_while_it_writes_leaves_the_old_file_or_the_new_one(tmp_path, at, is_new):
    target = tmp_path / "file"
    target.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED.format(target=str(target), at=at)], cwd=ROOT, check=False)
    assert done.returncode == (0 if at == "never" else -9)
    assert target.read_bytes() == (b"new" * 1000 if is_new else b"old")


FAULTS = {28: "No space left on device", 13: "Permission denied", 5: "Input/output error", 30: "Read-only file system"}


@pytest.mark.parametrize("number", FAULTS)
@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_files_each_step_may_fail_for_any_reason(tmp_path, monkeypatch, number, step):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def fail(*_, **__):
        raise OSError(number, FAULTS[number])

    monkeypatch.setattr("os.fsync" if step == "fsync" else f"pathlib.Path.{step}", fail)
    with pytest.raises(WriteError, match=f"{target}: cannot be written: {FAULTS[number]}"):
        write_atomically(target, b"new")
    monkeypatch.undo()
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_place_where_no_file_can_be_is_named(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"")
    for target in (tmp_path / "folder", tmp_path / "none" / "file", tmp_path / "file" / "file", Path("/dev/null/file")):
        with pytest.raises(WriteError, match=f"^{target}: cannot be written: "):
            write_atomically(target, b"new")
    with pytest.raises(WriteError, match="cannot be written: "):
        make_folder_of(tmp_path / "file" / "more" / "file")


def test_files_error_of_another_kind_in_the_middle_leaves_the_old_file_too(tmp_path):
    target = tmp_path / "file"
    target.write_bytes(b"old")

    def write_half():
        with replacing(target) as partial:
            partial.write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
