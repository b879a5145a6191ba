"""``simcash doctor``: what it finds, what it says of it, and that it can find the engine broken."""

import ast
import importlib.metadata
import json
import platform
import sys
import tempfile
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

import simcash_env
from simcash_env.cli import doctor, main, warming
from simcash_env.errors import SimulationError
from simcash_env.kernels._numba import jit as _jit
from tests.sources import modules

ROOT = Path(__file__).resolve().parents[2]


def called(capsys, *options):
    with pytest.raises(SystemExit) as leaving:
        main(["doctor", *options])
    return leaving.value.code, capsys.readouterr()


def test_doctor_report_names_versions_machine_cache_and_a_run_to_the_cent(capsys):
    code, written = called(capsys, "--json")
    found = json.loads(written.out)
    assert (code, written.err) == (0, "")
    assert found["simcash_env"] == simcash_env.__version__
    assert found["python"].startswith(f"{sys.version_info.major}.{sys.version_info.minor}.")
    assert found["dependencies"]["numba"] == importlib.metadata.version("numba")
    assert found["cache"]["folder"].endswith(Path(found["cache"]["folder"]).name)
    assert found["cache"]["files"] > 0 or not found["cache"]["is_used"]
    assert found["run"]["is_right"]
    assert found["run"]["cents"] == 20_000  # 500 bps of a pool of 100,000 for two ticks, for two banks
    assert found["run"]["first_run_s"] > 0


def test_doctor_text_has_a_line_a_finding_and_quick_runs_nothing(capsys, monkeypatch):
    monkeypatch.setenv("SIMCASH_TEST", "said")
    code, written = called(capsys, "--quick")
    lines = dict(line.split(": ", 1) for line in written.out.splitlines())
    assert code == 0
    assert "run" not in lines
    assert lines["simcash_env"] == simcash_env.__version__
    assert "SIMCASH_TEST said" in lines["variables"]
    assert "numpy" in lines["dependencies"]
    assert lines["cache"].startswith("folder ")


def test_doctor_engine_that_fails_or_is_wrong_is_told_and_leaves_with_one(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "cost_of_a_run", lambda: 19_999)
    code, written = called(capsys)
    assert code == 1
    assert "is_right False, cents 19999, cents_expected 20000" in written.out
    assert "does not work here" in written.err

    def fails():
        message = "no kernel"
        raise SimulationError(message)

    monkeypatch.setattr(doctor, "cost_of_a_run", fails)
    code, written = called(capsys, "--json")
    assert code == 1
    assert json.loads(written.out)["run"] == {"is_right": False, "failure": "SimulationError: no kernel"}


def test_doctor_warm_calls_every_entry_of_the_packages(capsys):
    code, written = called(capsys, "--warm", "--json")
    warm = json.loads(written.out)["warm"]
    assert (code, written.err) == (0, "")
    assert warm["seconds"] > 0
    assert warm["compiled"] <= warm["entries"]
    defined = {
        node.name
        for path in modules(warming.PACKAGE, "baselines", "training").values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef) and any(ast.unparse(each) == "entry" for each in node.decorator_list)
    }
    assert "step_batch" in defined
    assert not _jit.entries() or defined <= {entry.py_func.__name__ for entry in _jit.entries() if entry.signatures}


def test_doctor_warm_names_an_entry_that_it_does_not_call(capsys, monkeypatch):
    entry = SimpleNamespace(py_func=doctor.megabytes, signatures=[])
    monkeypatch.setattr(warming, "CALLS", ())
    monkeypatch.setattr(_jit, "entries", lambda: (entry,))
    code, written = called(capsys, "--warm")
    assert code == 1
    assert "doctor --warm: not compiled: megabytes" in written.err


def test_doctor_warm_and_quick_contradict_each_other(capsys):
    code, written = called(capsys, "--warm", "--quick")
    assert (code, written.out) == (2, "")
    assert written.err == "--warm: cannot be combined with --quick, which compiles nothing\n"


def test_doctor_warms_nothing_where_the_engine_is_wrong(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "cost_of_a_run", lambda: 19_999)
    code, written = called(capsys, "--warm", "--json")
    assert code == 1
    assert "warm" not in json.loads(written.out)


def test_doctor_somebody_who_watches_is_told_what_takes_so_long(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "notes", Console(stderr=True, force_terminal=True))
    code, written = called(capsys)
    assert code == 0
    assert "running castro-2period-v0" in written.err
    assert "is_right True, cents 20000" in written.out
    assert called(capsys, "--json")[1].err == ""


def test_doctor_cache_that_cannot_be_made_is_told_and_not_tripped_over(capsys, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("SIMCASH_CACHE_DIR", str(tmp_path / "file"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "elsewhere"))
    code, written = called(capsys, "--quick", "--json")
    cache = json.loads(written.out)["cache"]
    assert code == 0
    assert cache["folder"].startswith(str(tmp_path / "elsewhere"))
    assert (cache["files"], cache["other_versions"]) == (0, 0)


def test_doctor_file_that_goes_away_while_it_is_counted_counts_as_nothing(monkeypatch, tmp_path):
    (tmp_path / "here").write_bytes(bytes(2_500_000))
    monkeypatch.setattr(doctor, "files_in", lambda folder: [folder / "gone", folder / "here"])
    assert doctor.megabytes([tmp_path]) == 2.5


def test_doctor_where_the_system_has_no_list_of_processors_the_machine_is_named(monkeypatch):
    def missing(*_, **__):
        raise FileNotFoundError(2, "No such file or directory")

    monkeypatch.setattr(Path, "read_text", missing)
    assert doctor.processor() == (platform.processor() or platform.machine())


def test_doctor_requirements_are_grouped_by_the_extra_that_asks_for_them(monkeypatch):
    required = [
        "numpy<2.6,>=2.0",
        'numpy>=2.1; python_version >= "3.13"',
        "?",
        'torch>=2.4; extra == "training"',
        'ray[rllib]>=2.40; extra == "rllib"',
        'simcash-env[training,rllib]; extra == "dev"',
        'pytest>=8; python_version > "3.10" and extra == "dev"',
    ]
    assert doctor.grouped(required) == {
        "": ["numpy"],
        "training": ["torch"],
        "rllib": ["ray"],
        "dev": ["pytest", "torch", "ray"],
    }
    monkeypatch.setattr(importlib.metadata, "requires", lambda _: [*required, 'no-such-thing; extra == "training"'])
    found = doctor.requirements()
    assert found["dependencies"] == {"numpy": importlib.metadata.version("numpy")}
    assert found["extras"]["training"]["missing"][-1] == "no-such-thing"
    assert not found["extras"]["training"]["is_complete"]
    assert doctor.extra_line(found["extras"]["training"]).startswith("missing ")


def test_doctor_every_extra_of_the_package_is_understood():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = list(declared["dependencies"])
    for extra, names in declared["optional-dependencies"].items():
        lines += [f"{name}; extra == '{extra}'" for name in names]
    found = doctor.grouped(lines)
    assert set(found) == {"", *declared["optional-dependencies"]}
    assert all(found.values())
    assert "simcash-env" not in {name for names in found.values() for name in names}


def test_doctor_package_that_is_not_installed_has_no_requirements(monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "requires", missing)
    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert doctor.requirements() == {"dependencies": {}, "extras": {}}
    assert doctor.package()["installed"] == "not installed"


def test_doctor_ends_with_its_verdict(capsys, monkeypatch):
    monkeypatch.setattr(doctor, "requirements", lambda: {"dependencies": {}, "extras": {}})
    assert called(capsys, "--quick")[1].out.splitlines()[-1] == (
        "verdict: the engine was not tested (--quick); all extras are installed"
    )
    monkeypatch.setattr(doctor, "cost_of_a_run", lambda: doctor.COST_CENTS)
    extras = {"plots": {"is_complete": False, "missing": ["matplotlib"], "versions": {}}}
    monkeypatch.setattr(doctor, "requirements", lambda: {"dependencies": {}, "extras": extras})
    assert called(capsys)[1].out.splitlines()[-1] == "verdict: the engine works; extras not installed: plots"
    monkeypatch.setattr(doctor, "cost_of_a_run", lambda: 1)
    assert json.loads(called(capsys, "--json")[1].out)["verdict"].startswith("the engine does not work: ")
