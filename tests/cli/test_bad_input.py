"""Broken configurations, command lines and files: a clear message that names place and rule, the exit code, no traceback."""

import contextlib
import os
from pathlib import Path

import pytest

from simcash_env.cli import main
from tests.cli.bad_files import GOOD, MOVES, SCENARIOS, TREES

ALL_FILES = {**{name: content for name, (content, _) in {**SCENARIOS, **TREES, **MOVES}.items()}, "good.yaml": GOOD}


def words_of_the_system(name):
    """What it says of a name that cannot be: Python's words differ from version to version."""
    with pytest.raises(ValueError, match="null") as refused:
        Path(name).stat()
    return str(refused.value)


NULL_IS_REFUSED = words_of_the_system("\0")

COMMANDS = [
    # arguments, with files of the folder by name; exit code; what has to be said
    ("", 2, "Usage"),
    ("runn", 2, "No such command 'runn'"),
    ("--nothing", 2, "--nothing"),
    ("run", 2, "give a scenario or --state FILE, one of the two"),
    ("run good.yaml --state saved", 2, "give a scenario or --state FILE, one of the two"),
    ("run nowhere.yaml", 2, "nowhere.yaml: cannot be read: no such file"),
    (
        "run castro-12perod-v0",
        2,
        "neither a file nor a scenario of the library, got 'castro-12perod-v0'. Did you mean castro-12period-v0?",
    ),
    ("run .", 2, "cannot be read"),
    ("run {null}", 2, "neither a file nor a scenario"),
    ("run good.yaml more.yaml", 2, "unexpected extra argument"),
    ("run good.yaml --ticks", 2, "--ticks"),
    ("run good.yaml --ticks 0", 2, "--ticks"),
    ("run good.yaml --ticks -1", 2, "--ticks"),
    ("run good.yaml --ticks 1.5", 2, "--ticks': Input should be a valid integer"),
    ("run good.yaml --ticks many", 2, "--ticks': Input should be a valid integer"),
    ("run good.yaml --days 0", 2, "--days"),
    ("run good.yaml --days 3", 2, "--days: the run has 2 days (8 ticks in all), got 3"),
    ("run good.yaml --ticks 9 --days 9", 2, "--ticks: the run has 8 ticks (8 ticks in all), got 9"),
    ("run --state saved --ticks 9", 2, "--ticks: the run "),
    ("run good.yaml --seed -1", 2, "--seed"),
    ("run good.yaml --seed 9223372036854775808", 2, "--seed"),
    ("run good.yaml --seed x", 2, "--seed"),
    ("run good.yaml --sed 1", 2, "--sed"),
    ("run good.yaml --policy A", 2, "--policy A: must be BANK=NAME"),
    ("run good.yaml --policy A=", 2, "--policy A=: must be one of fifo"),
    ("run good.yaml --policy =fifo", 2, "unknown bank, banks are A, B, got ''"),
    ("run good.yaml --policy Z=fifo", 2, "unknown bank, banks are A, B, got 'Z'"),
    ("run good.yaml --policy A=fiffo", 2, "--policy A=fiffo: must be one of fifo"),
    ("run good.yaml --policy A=deadline", 2, "urgency_threshold: is required"),
    ("run good.yaml --policy A=deadline:urgency_threshold=soon", 2, "urgency_threshold: must be a whole number"),
    ("run good.yaml --policy A=deadline:urgency_threshold=-1", 2, "urgency_threshold: must be at least 0, got -1"),
    ("run good.yaml --policy A=deadline:urgency_threshold=²", 2, "must be a whole number"),
    ("run good.yaml --policy A=deadline:urgency_threshold=" + "9" * 5_000, 2, "must be a whole number"),
    (
        "run good.yaml --policy A=deadline:urgency_threshold=1:30",
        2,
        "urgency_threshold: must be written in decimal digits, got '1:30'",
    ),
    (
        "run good.yaml --policy A=deadline:urgency_threshold=0x10",
        2,
        "urgency_threshold: must be written in decimal digits, got '0x10'",
    ),
    (
        "run good.yaml --policy A=deadline:urgency_threshold=1.5",
        2,
        "urgency_threshold: must be a whole number, got 1.5",
    ),
    (
        "run good.yaml --policy A=deadline:urgency_threshold=1,urgency_threshold=2",
        2,
        "urgency_threshold: is given twice",
    ),
    ("run good.yaml --policy A=deadline:urgency=1", 2, "urgency: unknown key, got 1"),
    ("run good.yaml --policy A=fifo:x", 2, "x: unknown key"),
    ("run good.yaml --policy A=fifo --policy A=fifo", 2, "A has been given a policy already"),
    ("run good.yaml --policy A=tree:file=nowhere.json", 2, "file: cannot be read"),
    ("run good.yaml --policy A=tree:file=tree-field.json", 2, "unknown field"),
    ("run good.yaml --events \udcff.parquet", 2, "--events: is not a valid file name: it must be Unicode text"),
    ("run good.yaml --db \udcff.duckdb", 2, "--db: is not a valid file name: it must be Unicode text"),
    ("run good.yaml --policy \udcff=fifo", 2, "unknown bank, banks are A, B, got '\\udcff'"),
    ("run \udcff.yaml", 2, "\\udcff.yaml: cannot be read: no such file"),
    ("run good.yaml --events nowhere/run.parquet", 2, "--events: the folder nowhere does not exist"),
    ("run good.yaml --events .", 2, "--events: is a folder"),
    ("run good.yaml --db nowhere/runs.duckdb", 2, "--db: the folder nowhere does not exist"),
    ("run good.yaml --db good.yaml", 2, "good.yaml: cannot be opened"),
    ("run good.yaml --db empty.yaml", 2, "empty.yaml: an empty file, no record of runs"),
    ("run good.yaml --plot run.gif", 2, "run.gif: a plot ends in .pdf, .png, .svg"),
    ("run good.yaml --plot run", 2, "run: a plot ends in .pdf, .png, .svg"),
    ("run good.yaml --plot nowhere/run.png", 2, "--plot: the folder nowhere does not exist"),
    ("run good.yaml --events x --db x", 2, "--db: is the file of --events too"),
    ("run good.yaml --events {null}", 2, NULL_IS_REFUSED),
    ("run good.yaml --events " + "x" * 300, 2, "--events: is not a valid file name"),
    ("run good.yaml --live --quiet", 2, "--live: cannot be combined with --quiet or --verbose"),
    ("run --state nowhere", 2, "nowhere: cannot be read: No such file or directory"),
    ("run --state .", 2, "--state: is a folder, got '.'"),
    ("run --state good.yaml", 2, "good.yaml: snapshot: damaged, or not a snapshot"),
    ("run --state saved --seed 1", 2, "--seed: a saved simulation has its seed"),
    ("run --state saved --policy-path .", 2, "--policy-path: a saved simulation has its tree files in it"),
    ("run --state saved --policy Z=fifo", 2, "unknown bank, banks are A, B, got 'Z'"),
    ("run --state saved --events saved", 2, "--state: is the file of --events too"),
    ("create", 2, "Missing argument"),
    ("create good.yaml", 2, "Missing argument"),
    ("create nowhere.yaml new", 2, "nowhere.yaml: cannot be read: no such file"),
    ("create good.yaml saved", 2, "FILE: exists; --force replaces it"),
    ("create good.yaml nowhere/new", 2, "FILE: the folder nowhere does not exist"),
    ("create good.yaml .", 2, "FILE: is a folder"),
    ("create good.yaml new --policy A=x", 2, "--policy A=x: must be one of fifo"),
    ("create rate.yaml new", 2, "banks.0.arrivals.rate_per_tick: must be at least 0"),
    ("tick", 2, "Missing argument"),
    ("tick nowhere", 2, "nowhere: cannot be read: No such file or directory"),
    ("tick good.yaml", 2, "good.yaml: snapshot: damaged, or not a snapshot"),
    ("tick damaged", 2, "damaged: snapshot: damaged, or not a snapshot"),
    ("tick cut", 2, "cut: snapshot: damaged, or not a snapshot"),
    ("tick empty.yaml", 2, "empty.yaml: snapshot: damaged, or not a snapshot"),
    ("tick saved --count 0", 2, "--count"),
    ("tick saved --count x", 2, "--count"),
    ("tick saved --actions nowhere.json", 2, "nowhere.json: cannot be read"),
    ("tick over", 1, "over: the run is over: all 8 ticks have been closed"),
    ("state nowhere", 2, "nowhere: cannot be read: No such file or directory"),
    ("state damaged", 2, "damaged: snapshot: damaged, or not a snapshot"),
    ("state saved --bank Z", 2, "unknown bank 'Z'; banks are A, B"),
    ("state saved more", 2, "unexpected extra argument"),
    ("replay", 2, "Missing argument"),
    ("replay nowhere", 2, "nowhere: cannot be read: No such file or directory"),
    ("replay .", 2, ".: cannot be read: Is a directory"),
    ("replay good.yaml", 2, "good.yaml: neither a Parquet nor a DuckDB file"),
    ("replay saved", 2, "saved: neither a Parquet nor a DuckDB file"),
    ("replay cut.parquet", 2, "cut.parquet: no Parquet file, or a damaged one"),
    ("replay cut.duckdb", 2, "cut.duckdb: cannot be opened"),
    ("replay run.parquet --run 1", 2, "run.parquet: a Parquet file holds one run"),
    ("replay runs.duckdb --run 7", 2, "runs.duckdb: no run 7; there are 1"),
    ("replay runs.duckdb --run 0", 2, "--run"),
    ("plot", 2, "Missing argument"),
    ("plot nowhere.parquet", 2, "nowhere.parquet: cannot be read: No such file or directory"),
    ("plot good.yaml", 2, "good.yaml: neither a Parquet nor a DuckDB file"),
    ("plot cut.parquet", 2, "cut.parquet: no Parquet file, or a damaged one"),
    ("plot run.parquet --out run.gif", 2, "run.gif: a plot ends in .pdf, .png, .svg"),
    ("plot run.parquet --out nowhere/run.png", 2, "--out: the folder nowhere does not exist"),
    ("plot runs.duckdb --run 7", 2, "runs.duckdb: no run 7; there are 1"),
    ("validate", 2, "Missing argument"),
    ("validate nowhere.yaml", 2, "nowhere.yaml: cannot be read: no such file"),
    ("validate good.yaml rate.yaml seed.yaml", 2, "2 faults"),
    ("validate --json rate.yaml", 2, "1 fault"),
    ("schema now", 2, "unexpected extra argument"),
    ("scenarios", 2, "Usage"),
    ("scenarios show", 2, "Missing argument"),
    ("scenarios show nothing-v0", 2, "nothing-v0"),
    ("scenarios lst", 2, "No such command 'lst'"),
    ("policies show", 2, "Missing argument"),
    ("policies show fif", 2, "neither a file nor a policy, got 'fif'. Did you mean fifo?"),
    ("policies show nowhere.json", 2, "nowhere.json: cannot be read"),
    ("policies show good.yaml", 2, "good.yaml"),
    ("policies validate nowhere.json", 2, "nowhere.json: cannot be read"),
    ("bench --rounds 0", 2, "--rounds"),
    ("bench fast", 2, "unexpected extra argument"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Broken files of every kind, and good ones to break the rest of a command line with."""
    place = tmp_path_factory.mktemp("bad")
    for name, content in ALL_FILES.items():
        (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with contextlib.chdir(place):
        for command in (
            "create good.yaml saved",
            "create good.yaml over",
            "tick over --count 8",
            "run good.yaml --events run.parquet --db runs.duckdb --quiet",
        ):
            with pytest.raises(SystemExit, match="0"):
                main(command.split())
    saved = (place / "saved").read_bytes()
    (place / "damaged").write_bytes(saved[:500] + bytes([saved[500] ^ 1]) + saved[501:])
    (place / "cut").write_bytes(saved[: len(saved) // 2])
    for name in ("run.parquet", "runs.duckdb"):
        (place / name.replace("runs", "cut").replace("run", "cut")).write_bytes((place / name).read_bytes()[:300])
    return place


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def refused(folder, capfd, monkeypatch, arguments, code, *said):
    """Run a command in the folder: it has to be refused, to say so, and to leave every file as it is."""
    before = contents(folder)
    monkeypatch.setenv("COLUMNS", "400")
    capfd.readouterr()
    with contextlib.chdir(folder), pytest.raises(SystemExit) as leaving:
        main(arguments)
    printed, told = capfd.readouterr()
    if said == ("Usage",):  # help is data
        printed, told = "", printed
    assert leaving.value.code == code, told
    for text in said:
        assert text in told
    assert "Traceback" not in told
    if "--json" not in arguments and not said[0].endswith("faults"):
        assert printed == ""
    assert contents(folder) == before


@pytest.mark.parametrize(("command", "code", "said"), COMMANDS, ids=lambda value: str(value)[:60])
def test_bad_command_line_is_refused(folder, capfd, monkeypatch, command, code, said):
    arguments = [word.replace("{null}", "a\0b") for word in command.split()]
    refused(folder, capfd, monkeypatch, arguments, code, said)


@pytest.mark.parametrize("command", ["run {}", "validate {}"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_bad_input_broken_scenario_is_refused(folder, capfd, monkeypatch, name, command):
    refused(folder, capfd, monkeypatch, command.format(name).split(), 2, name, SCENARIOS[name][1])


@pytest.mark.parametrize("command", ["policies show {}", "policies validate {}", "validate {}"])
@pytest.mark.parametrize("name", TREES)
def test_bad_input_broken_tree_is_refused(folder, capfd, monkeypatch, name, command):
    refused(folder, capfd, monkeypatch, command.format(name).split(), 2, name, TREES[name][1])


@pytest.mark.parametrize("name", MOVES)
def test_bad_input_broken_file_of_actions_is_refused_and_the_saved_run_stays(folder, capfd, monkeypatch, name):
    refused(folder, capfd, monkeypatch, ["tick", "saved", "--actions", name], 2, MOVES[name][1])


def test_bad_input_corpus_is_as_large_as_it_is_said_to_be():
    assert len(COMMANDS) + len(SCENARIOS) + len(TREES) + len(MOVES) >= 200
    assert len({command for command, _, _ in COMMANDS}) == len(COMMANDS)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write anything")
def test_bad_input_file_that_may_not_be_read_is_named(folder, capfd, monkeypatch):
    secret = folder / "secret.yaml"
    secret.touch(mode=0)
    try:
        with contextlib.chdir(folder), pytest.raises(SystemExit, match="2"):
            main(["validate", "secret.yaml"])
        assert "secret.yaml: cannot be read: Permission denied" in capfd.readouterr().err
    finally:
        secret.unlink()


def test_bad_input_full_standard_output_is_told(monkeypatch, capfd):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("no /dev/full here")
    with full.open("w") as out:
        monkeypatch.setattr("sys.stdout", out)
        with pytest.raises(SystemExit, match="1"):
            main(["schema"])
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            out.close()
    assert "No space left on device" in capfd.readouterr().err
