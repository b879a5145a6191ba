"""``simcash generate`` and ``simcash calibrate``: files, tables, JSON and refusals."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from simcash_env.cli import main
from simcash_env.config import load_scenario
from simcash_env.data import read_payments
from tests.data.systems import system


def run(capfd: Any, *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main([*words])
    told = capfd.readouterr()
    return int(left.value.code or 0), told.out, told.err


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    file = tmp_path / "system.yaml"
    file.write_text(yaml.safe_dump(system()))
    return str(file)


def test_calibrating_generate_writes_payments(capfd: Any, scenario: str, tmp_path: Path) -> None:
    out = tmp_path / "payments.parquet"
    words = ("generate", scenario, "--days", "2", "--seed", "4", "--start", "2026-02-02", "--out", str(out))
    code, told, notes = run(capfd, *words)
    payments = read_payments(out)
    assert (code, told) == (0, "")
    assert f"{len(payments):,} payments of 2 days, 2026-02-02 to 2026-02-03" in notes
    code, told, notes = run(capfd, *words, "--json")
    assert json.loads(told)["payments"] == len(payments)
    assert run(capfd, *words, "--quiet") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (("--start", "2026"), "--start: must be a date, YYYY-MM-DD, got '2026'"),
        (("--out", "no/such/folder.parquet"), "--out: the folder no/such does not exist"),
        (("--times", "late"), "times: must be start or uniform, got 'late'"),
    ],
)
def test_calibrating_generate_refuses(
    capfd: Any, scenario: str, tmp_path: Path, words: tuple[str, ...], rule: str
) -> None:
    code, _, notes = run(capfd, "generate", scenario, "--out", str(tmp_path / "a.parquet"), *words)
    assert (code, rule in notes) == (2, True)


def test_calibrating_calibrate_writes_scenario_fit_and_report(capfd: Any, scenario: str, tmp_path: Path) -> None:
    payments, out = tmp_path / "payments.parquet", tmp_path / "model"
    run(capfd, "generate", scenario, "--days", "5", "--out", str(payments), "--quiet")
    words = ("calibrate", str(payments), "--out", str(out), "--days", "3", "--amounts", "empirical")
    code, told, notes = run(capfd, *words)
    assert code == 0
    assert "2 recorded days and 3 generated days" in told
    assert "size_ks_distance" in told
    assert f"written: {out / 'scenario.yaml'}" in notes
    assert load_scenario(out / "scenario.yaml").banks[0].arrivals is not None
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "generated" in page
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    code, _, notes = run(capfd, *words, "--json", "--quiet", "--fit-share", "1.0")
    assert code == 1
    assert notes.endswith("the folder has files; --force replaces scenario.yaml, fit.json, report.html\n")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    code, told, notes = run(capfd, *words, "--json", "--quiet", "--fit-share", "1.0", "--force")
    found = json.loads(told)
    assert (code, notes, found["held_out_days"]) == (0, "", [])
    assert found["goodness_of_fit"]["num_recorded_days"] == 5


def test_calibrating_calibrate_refuses_a_file_as_folder(capfd: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    code, _, notes = run(capfd, "calibrate", str(tmp_path / "none.parquet"), "--out", str(file))
    assert (code, "cannot be written: is a file" in notes) == (1, True)
