"""``simcash report`` on a payments table."""

import json
from pathlib import Path

import pytest

from simcash_env.cli.screen import data
from simcash_env.data.payments import write_payments
from simcash_env.data.profile import profile_of
from tests.cli.test_commands import called
from tests.data.tables import payments_of


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two payments tables and a banks table, as the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(data, "width", 200)  # no cell of a table is folded
    write_payments(recorded(), Path("payments.parquet"))
    write_payments(payments_of((0, "10:00", "A", "[b]B", 7)), Path("generated.parquet"))
    Path("banks.csv").write_text("id\nA\n[b]B\nIDLE\n", encoding="utf-8")
    return tmp_path


def recorded():
    return payments_of((0, "08:00", "A", "[b]B", 123_456_789), (1, "09:30", "[b]B", "A", 5), source="recorded.csv")


def test_report_prints_statistics(folder, capsys):
    code, out, err = called(capsys, "report", "payments.parquet", "--banks", "banks.csv")
    assert (code, err) == (0, "")
    rows = [[cell.strip() for cell in line.strip("│┃").split("│")] for line in out.splitlines() if "│" in line]
    assert ["payments", "2"] in rows
    assert ["value (EUR)", "1,234,567.94"] in rows
    assert ["09:00 to 10:00", "1", "0.05", "50.0 %", "0.0 %"] in rows
    assert ["A", "1", "1,234,567.89", "1", "0.05", "1,234,567.89", "1,234,567.89"] in rows
    assert ["IDLE", "0", "0.00", "0", "0.00", "0.00", "0.00"] in rows
    assert "[b]B" in out
    assert sorted(path.name for path in folder.iterdir()) == ["banks.csv", "generated.parquet", "payments.parquet"]


def test_report_writes_a_page(folder, capsys):
    code, out, err = called(
        capsys, "report", "payments.parquet", "--compare", "generated.parquet", "--out", "report.html"
    )
    assert (code, err) == (0, "written: report.html\n")
    assert "generated" in out
    text = Path("report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "Network of payments (generated)" in text


def test_report_as_json(folder, capsys):
    code, out, err = called(capsys, "report", "payments.parquet", "--json", "--quiet", "--out", "report.html")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["profile"] == json.loads(json.dumps(profile_of(recorded()).as_dict()))
    assert (found["file"], found["out"]) == ("payments.parquet", "report.html")
    assert (found["compare"], found["compared_profile"]) == (None, None)
    code, out, _ = called(capsys, "report", "payments.parquet", "--compare", "generated.parquet", "--json")
    assert code == 0
    assert json.loads(out)["compared_profile"]["value_cents"] == 7


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["none.parquet"], "none.parquet: cannot be read"),
        (["banks.csv"], "banks.csv: cannot be read as Parquet"),
        (["payments.parquet", "--banks", "none.csv"], "none.csv: cannot be read"),
        (["payments.parquet", "--compare", "none.parquet"], "none.parquet: cannot be read"),
        (
            ["payments.parquet", "--out", "none/report.html"],
            "--out: the folder none does not exist, got 'none/report.html'",
        ),
        (["payments.parquet", "--out", "payments.parquet"], "--out: is an input file, got 'payments.parquet'"),
    ],
)
def test_report_refused(arguments, expected, folder, capsys):
    before = {path: path.read_bytes() for path in folder.iterdir()}
    code, out, err = called(capsys, "report", *arguments)
    assert (code, out) == (2, "")
    assert expected in err
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
