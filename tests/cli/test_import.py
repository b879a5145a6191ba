"""``simcash import``: output, exit codes and options."""

import json

import pytest

from simcash_env.cli import main
from simcash_env.data.importing import FILES
from tests.data.inputs import BANK_ROWS, HEADER, ROWS, changed, csv_text


def simcash(*arguments):
    """Run a command; returns its exit code."""
    with pytest.raises(SystemExit) as leaving:
        main([str(argument) for argument in arguments])
    return leaving.value.code


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "payments.csv"
    path.write_text(csv_text())
    return path


def test_import_command_prints_what_it_wrote(file, tmp_path, capsys):
    out = tmp_path / "my-system"
    assert simcash("import", file, "--currency", "EUR", "--out", out) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "4 rows: 4 payments of 3 banks on 2 days, 5,150.75 EUR",
        "No banks table was given: opening balances are derived from the payments by upper-bound:1.0.",
        "With 2 days, fewer than 5, a part of the split is empty.",
    ]
    assert printed.err.splitlines() == [f"written: {out / name}" for name in FILES]


def test_import_command_with_all_options(file, tmp_path, capsys):
    banks = tmp_path / "banks.csv"
    banks.write_text(BANK_ROWS)
    file.write_text(csv_text() + changed(3, submitted="06:00") + "\n")
    options = ("--banks", banks, "--map", "canonical", "--open", "07:30", "--close", "17:30", "--tick", "1h")
    more = ("--time-zone", "Europe/Paris", "--on-error", "skip", "--quiet")
    assert simcash("import", file, *options, *more, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines()[:2] == [
        "5 rows: 4 payments of 3 banks on 2 days, 5,150.75",
        "skipped: 1 rows, 750.25: outside hours",
    ]
    assert printed.err == ""


def test_import_command_as_json(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert simcash("import", file, "--liquidity", "lower-bound:1.5", "--out", out, "--json") == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["payments"], result["rows"], result["days"], result["banks"]) == (4, 4, 2, 3)
    assert (result["value_cents"], result["currency"], result["handled"]) == (515_075, None, [])
    assert result["files"] == [str(out / name) for name in FILES]
    assert "lower-bound:1.5" in result["notes"][0]


def test_import_command_refuses_and_writes_nothing(file, tmp_path, capsys):
    rows = [changed(1, amount="x")] * 12
    file.write_text("\n".join([HEADER, ROWS[0], *rows, ""]))
    assert simcash("import", file, "--out", tmp_path / "out") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == f"{file}:3: amount: must be a number such as 1234.56, got 'x'"
    assert lines[10:] == ["amount: 2 more rows: must be a number such as 1234.56"]
    assert not (tmp_path / "out").exists()


def test_import_command_lists_all_problems(file, tmp_path, capsys):
    rows = [changed(1, amount="x")] * 12
    file.write_text("\n".join([HEADER, *rows, ""]))
    table = tmp_path / "problems.csv"
    assert simcash("import", file, "--out", tmp_path / "out", "--json", "--problems", table) == 2
    printed = capsys.readouterr()
    problems = json.loads(printed.out)["problems"]
    assert len(problems) == 12
    assert problems[0] == {
        "file": str(file),
        "row": 2,
        "column": "amount",
        "value": "'x'",
        "rule": "must be a number such as 1234.56",
    }
    assert printed.err.splitlines() == [f"{table}: 12 problems", "12 problems; nothing was written"]
    assert table.read_text().splitlines()[:2] == [
        "file,row,column,value,rule",
        f"{file},2,amount,'x',must be a number such as 1234.56",
    ]
    assert simcash("import", file, "--out", tmp_path / "out", "--problems", table) == 2
    assert len(table.read_text().splitlines()) == 13


def test_import_command_checks_the_folder_first(file, tmp_path, capsys):
    assert simcash("import", tmp_path / "none.csv", "--out", tmp_path) == 1
    assert "the folder has files; --force replaces" in capsys.readouterr().err
    assert simcash("import", file, "--out", tmp_path, "--force") == 0
    assert simcash("import", file, "--out", tmp_path / "out", "--map", "none") == 2


def test_import_command_anonymises(file, tmp_path, capsys):
    file.write_text(csv_text() + changed(3, submitted="06:00") + "\n")
    options = ("--anonymise", "--scale", "2", "--jitter", "5", "--seed", "987654321", "--on-error", "skip")
    assert simcash("import", file, "--currency", "EUR", "--out", tmp_path / "out", *options) == 0
    printed = capsys.readouterr().out
    assert "5 rows: 4 payments of 3 banks on 2 days, 10,301.50 EUR" in printed
    assert "skipped: 1 rows, 1,500.50 EUR: outside hours" in printed
    assert "Anonymised: 3 banks are named by rank of the value they send" in printed
    for name in FILES:
        content = (tmp_path / "out" / name).read_bytes()
        assert all(secret not in content for secret in (b"ALPHA", b"BETA", b"payments.csv", b"987654321")), name
    assert "bank-001" in (tmp_path / "out" / "scenario.yaml").read_text()
    assert simcash("import", file, "--out", tmp_path / "plain", "--anonymise", "--on-error", "skip") == 0
    assert "4 payments of 3 banks on 2 days, 5,150.75" in capsys.readouterr().out


def test_import_command_options_of_anonymise(file, tmp_path, capsys):
    assert simcash("import", file, "--out", tmp_path / "out", "--scale", "2", "--jitter", "5", "--seed", "3") == 2
    assert capsys.readouterr().err.splitlines() == [
        "--scale: can only be given with --anonymise",
        "--jitter: can only be given with --anonymise",
        "--seed: can only be given with --anonymise",
    ]
    assert simcash("import", file, "--out", tmp_path / "out", "--anonymise", "--scale", "zzz") == 2
    message = capsys.readouterr().err
    assert message.startswith("scale: must be a number above 0")
    assert "zzz" not in message
    assert not (tmp_path / "out").exists()
