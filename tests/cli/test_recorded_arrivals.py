"""Commands on a scenario whose payments are recorded."""

import json

import pyarrow.parquet as pq
import pytest
import yaml

from simcash_env.cli import main
from tests.recorded import drawn_rows, recorded_rows, write_rows


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    """A scenario file beside its payments, seen from another folder."""
    folder = tmp_path / "system"
    folder.mkdir()
    write_rows(drawn_rows(5, 6, 12), 6, folder / "payments.parquet")
    file = folder / "scenario.yaml"
    file.write_text(yaml.safe_dump(recorded_rows("payments.parquet", select="train")))
    monkeypatch.chdir(tmp_path)
    return file


def called(capsys, *arguments):
    """Exit code and both streams of a command."""
    with pytest.raises(SystemExit) as leaving:
        main([str(argument) for argument in arguments])
    written = capsys.readouterr()
    return leaving.value.code, written.out, written.err


def test_recorded_scenario_is_validated_and_run_from_its_file(scenario, capsys):
    assert called(capsys, "validate", scenario)[0] == 0
    code, out, _ = called(capsys, "run", scenario, "--seed", 3, "--json", "--quiet")
    assert (code, json.loads(out)["arrived"]) in {(0, number) for number in (12, 13, 14)}


def test_recorded_scenario_is_recorded_and_replayed(scenario, capsys, tmp_path):
    record = tmp_path / "run.parquet"
    assert called(capsys, "run", scenario, "--seed", 3, "--events", record, "--quiet")[0] == 0
    code, out, _ = called(capsys, "replay", record, "--json")
    assert (code, json.loads(out)["is_equal"]) == (0, True)
    (event,) = [row for row in pq.read_table(record).to_pylist() if row["kind"] == "RecordedDay"]
    assert event["value_1"] in {20250130, 20250131, 20250201}


def test_recorded_payments_that_changed_are_named_with_file_and_line(scenario, capsys):
    rows = yaml.safe_load(scenario.read_text())
    rows["arrivals"]["recorded"]["checksum"] = "sha256:" + "1" * 64
    scenario.write_text(yaml.safe_dump(rows))
    code, out, err = called(capsys, "run", scenario)
    assert code == 2
    assert f"{scenario}:" in err + out
    assert "arrivals.recorded.checksum: must be that of" in " ".join((err + out).split())


def test_recorded_scenario_is_benchmarked(scenario, capsys):
    code, out, err = called(capsys, "benchmark", scenario, "--seeds", 4, "--tuning-seeds", 2, "--json")
    assert code == 0, err
    rows = json.loads(out)
    assert {row["scenario"] for row in rows} == {"recorded"}


def test_recorded_scenario_is_learned_and_evaluated(scenario, capsys, tmp_path):
    pytest.importorskip("torch")
    settings = tmp_path / "settings.yaml"
    settings.write_text(
        yaml.safe_dump({"scenario": str(scenario), "num_envs": 2, "steps_per_rollout": 6, "total_steps": 24})
    )
    checkpoint = tmp_path / "policy.pt"
    code, _, err = called(capsys, "train", settings, "--out", checkpoint, "--quiet")
    assert code == 0, err
    code, out, err = called(capsys, "evaluate", checkpoint, "--seeds", 3, "--json")
    assert code == 0, err
    assert json.loads(out)
