"""metrics, compare, --set and --tables on the command line."""

import json
from pathlib import Path

import pytest

from simcash_env.cli import main


def called(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(words))
    told = capsys.readouterr()
    return int(leaving.value.code or 0), told.out, told.err


def test_metrics_of_a_scenario_and_of_its_record_are_equal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = str(tmp_path / "run.parquet")
    assert called(capsys, "run", "lynx-day-v0", "--seed", "1", "--events", record, "--quiet")[0] == 0
    played = json.loads(called(capsys, "metrics", "lynx-day-v0", "--seed", "1", "--json")[1])
    replayed = json.loads(called(capsys, "metrics", record, "--json")[1])
    assert replayed == played
    assert next(iter(played["throughput_by_hour"])) == "07:00"


def test_metrics_prints_every_table(capsys: pytest.CaptureFixture[str]) -> None:
    code, told, _ = called(capsys, "metrics", "lynx-day-v0", "--seed", "1", "--set", "currency=CAD")
    assert code == 0
    for words in ("delay indicator", "gini", "liquidity upper", "18:00", "BCBS 248", "amounts in CAD", "gridlocks"):
        assert words in told


def test_metrics_throughput_ends_below_one_where_value_stays_unsettled(capsys: pytest.CaptureFixture[str]) -> None:
    poor = ("--set", "banks.*.opening_balance=100000", "--set", "banks.*.credit_limit=0")
    found = json.loads(called(capsys, "metrics", "lynx-day-v0", "--seed", "1", "--json", *poor)[1])
    assert found["settled_share_value"] < 0.9
    assert found["throughput_by_hour"]["18:00"] == pytest.approx(found["settled_share_value"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("metrics", "run.parquet", "--seed", "1"), "--seed: a record has its own"),
        (("metrics", "lynx-day-v0", "--run", "1"), "--run: needs a run record"),
        (
            ("metrics", "lynx-day-v0", "--set", "lsm.algoritms=[]"),
            "--set lsm.algoritms: unknown key, got a list. Did you mean",
        ),
        (("run", "lynx-day-v0", "--set", "lsm"), "--set lsm: must be KEY=VALUE"),
        (("run", "lynx-day-v0", "--set", "name=a", "--set", "name=b"), "--set name: is given twice"),
        (("run", "lynx-day-v0", "--set", "name=["), "--set name: not valid YAML"),
        (("run", "lynx-day-v0", "--set", "simulation.open=7:30"), "--set simulation.open: has two meanings in YAML"),
        (("run", "lynx-day-v0", "--tables", "t", "--format", "xlsx"), "--format: must be one of csv, parquet, arrow"),
        (("create", "lynx-day-v0", "saved", "--set", "seed=1"), "--set seed: unknown key"),
        (("validate", "lynx-day-v0", "--set", "banks.X.id=1"), "--set banks.X.id: banks has no entry 'X'"),
        (("compare", "lynx-day-v0"), "needs a second scenario, --set or --variant"),
        (("compare", "lynx-day-v0", "--variant", "a"), "--variant a: must be NAME=KEY=VALUE"),
        (("compare", "lynx-day-v0", "--variant", "a=x=1"), "--variant a x: unknown key"),
        (("compare", "lynx-day-v0", "lynx-day-v0"), "'lynx-day-v0'"),
        (
            ("compare", "lynx-day-v0", "--set", "lsm.algorithms=[]", "--figure", "a.txt"),
            "must end in .png, .svg or .pdf",
        ),
    ],
)
def test_bad_words_are_named(
    words: tuple[str, ...],
    told: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    code, _, problem = called(capsys, *words)
    assert code == 2
    assert told in problem.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_compare_prints_one_table_and_draws_one_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    figure = tmp_path / "d.png"
    group = ("--set", "lsm.algorithms=[]", "--variant", "dear=costs.overdraft_bps_per_tick=3;currency=CAD")
    code, told, _ = called(capsys, "compare", "lynx-day-v0", *group, "--seeds", "5", "--figure", str(figure))
    assert code == 0
    assert "total cost" in told
    assert "dear" in told
    assert figure.stat().st_size > 10_000
    found = json.loads(called(capsys, "compare", "lynx-day-v0", *group, "--seeds", "5", "--json")[1])
    assert {row["variant"] for row in found["rows"]} == {"lynx-day-v0", "lsm.algorithms=[]", "dear"}


def test_run_writes_tables(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "tables"
    code, _, told = called(capsys, "run", "castro-2period-v0", "--tables", str(folder), "--format", "csv")
    assert code == 0
    assert f"{folder / 'payments.csv'}: written" in told
    assert len(list(folder.iterdir())) == 5


def test_clock_and_currency_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved = str(tmp_path / "saved")
    hours = ("--set", "simulation.open='07:00'", "--set", "simulation.close='09:00'", "--set", "currency=EUR")
    assert called(capsys, "create", "castro-2period-v0", saved, *hours)[0] == 0
    assert "07:00; amounts in EUR" in called(capsys, "state", saved)[1]
    code, told, _ = called(capsys, "tick", saved, "--quiet")
    assert code == 0
    assert told.startswith("tick 0 (day 0, 07:00): ")
    assert " EUR" in told
    assert "(350.00 EUR)" in called(capsys, "run", "--state", saved, "--quiet")[1]
