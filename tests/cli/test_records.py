"""Saved simulations, records, plots and completion from the command line, in processes of their own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from simcash_env.cli import speed
from simcash_env.records.reading import open_record
from simcash_env.simulation import Simulation
from tests.budget import slow_but
from tests.cli.test_commands import CONFIGS, called, heed_interrupts
from tests.processes import simcash

PNG = b"\x89PNG\r\n\x1a\n"


def answer(*arguments, cwd):
    done = simcash(*arguments, "--json", cwd=cwd)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_records_run_advanced_step_by_step_from_a_file_is_the_run_in_one_go(tmp_path):
    made = answer(
        "create",
        "castro-12period-v0",
        "saved",
        "--seed",
        "7",
        cwd=tmp_path,
    )
    assert (made["current_tick"], made["num_ticks"], made["seed"]) == (0, 12, 7)
    stepped = answer("tick", "saved", "--count", "5", cwd=tmp_path)
    assert (stepped["current_tick"], [row["tick"] for row in stepped["results"]]) == (5, [0, 1, 2, 3, 4])
    assert {event["kind"] for event in stepped["results"][0]["events"]} >= {"Arrival", "RtgsImmediateSettlement"}
    assert answer("state", "saved", cwd=tmp_path)["current_tick"] == 5
    went_on = answer("run", "--state", "saved", "--ticks", "3", "--quiet", cwd=tmp_path)
    assert went_on["ticks"] == 8
    done = simcash("tick", "saved", "--count", "100", cwd=tmp_path)
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4)
    assert "the run is over after 4 of 100 ticks" in done.stderr
    whole = answer("run", "castro-12period-v0", "--seed", "7", "--quiet", cwd=tmp_path)
    assert answer("state", "saved", cwd=tmp_path)["summary"] == whole


def test_records_outside_decisions_and_payments_come_from_a_file(tmp_path):
    answer("create", "castro-12period-v0", "saved", "--seed", "42", "--external", "hold", cwd=tmp_path)
    held = answer("tick", "saved", cwd=tmp_path)["results"][0]
    assert (held["num_arrivals"], held["num_settlements"]) == (9, 0)
    mine = answer("state", "saved", "--bank", "BANK_A", cwd=tmp_path)
    moves = {
        "transactions": [{"sender": "BANK_A", "receiver": "BANK_B", "amount": 777, "deadline": 9}],
        "actions": {"BANK_A": {mine["queue1"][0]: "release"}},
    }
    (tmp_path / "moves.json").write_text(json.dumps(moves))
    events = answer("tick", "saved", "--actions", "moves.json", cwd=tmp_path)["results"][0]["events"]
    assert [event["tx"] for event in events if event["kind"] == "RtgsImmediateSettlement"] == [mine["queue1"][0]]
    assert next(event["amount"] for event in events if event["kind"] == "Arrival") == 777
    told = simcash("state", "saved", "--bank", "BANK_A", cwd=tmp_path).stdout
    assert "7.77 to BANK_B, due at tick 9" in told


def test_records_kept_log_is_saved_where_it_is_asked_for(tmp_path):
    for option, known in (("--keep-events", True), ("--quiet", False)):
        answer("create", "two-banks-v0", "saved", "--force", option, cwd=tmp_path)
        answer("tick", "saved", "--count", "3", cwd=tmp_path)
        assert (len(Simulation.load(tmp_path / "saved").events()) > 0) == known


def test_records_run_leaves_records_and_a_picture_that_agree(tmp_path):
    files = ("--events", "run.parquet", "--db", "runs.duckdb", "--plot", "run.png")
    done = simcash("run", "castro-12period-v0", *files, "--json", cwd=tmp_path)
    summary = json.loads(done.stdout)
    assert done.returncode == 0
    for file in ("run.parquet", "runs.duckdb"):
        facts = open_record(tmp_path / file).facts
        assert (facts.digest, facts.status) == (summary["digest"], "complete")
        assert f"{file}: {facts.num_events:,} events" in done.stderr
    found = answer("replay", "run.parquet", cwd=tmp_path)
    assert (found["is_equal"], found["num_events"]) == (True, facts.num_events)
    assert "equal" in simcash("replay", "runs.duckdb", cwd=tmp_path).stdout
    drawn = (tmp_path / "run.png").read_bytes()
    assert drawn.startswith(PNG)
    assert answer("plot", "runs.duckdb", cwd=tmp_path) == {"file": "runs.duckdb", "out": "runs.png"}
    assert simcash("plot", "run.parquet", "--out", "again.png", cwd=tmp_path).stdout == "again.png\n"
    assert all((tmp_path / file).read_bytes() == drawn for file in ("runs.png", "again.png"))


def test_records_saved_run_is_recorded_from_where_it_stands_with_its_new_policy(tmp_path):
    answer("create", "castro-12period-v0", "saved", "--seed", "7", cwd=tmp_path)
    answer("tick", "saved", "--count", "4", cwd=tmp_path)
    done = simcash(
        "run", "--state", "saved", "--db", "runs.duckdb", "--policy", "BANK_A=fifo", "--days", "1", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = answer("replay", "runs.duckdb", cwd=tmp_path)
    assert (found["is_equal"], found["ticks"]) == (True, 8)
    assert Simulation.load(tmp_path / "saved").policy("BANK_A") == {"type": "fifo"}


@pytest.mark.parametrize("number", slow_but({signal.SIGINT}, signal.SIGINT, signal.SIGTERM))
def test_records_what_was_recorded_before_ctrl_c_can_be_replayed(tmp_path, number):
    scenario = tmp_path / "endless.yaml"
    short = (CONFIGS / "ten-banks-v0.yaml").read_text(encoding="utf-8")
    scenario.write_text(short.replace("num_days: 10\n", "num_days: 100_000\n"), encoding="utf-8")
    assert simcash("create", str(scenario), "saved", "--quiet", cwd=tmp_path).returncode == 0
    command = [sys.executable, "-m", "simcash_env.cli", "run", "--state", "saved", "--verbose", "--json"]
    command += ["--events", "run.parquet", "--db", "runs.duckdb", "--plot", "run.png"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - as in test_commands
    ) as process:
        for line in process.stderr:
            if line.startswith("tick 0"):
                break
        process.send_signal(number)
        process.stderr.read()
        ticks = json.loads(process.stdout.read())["ticks"]
    assert process.returncode == 130
    for file in ("run.parquet", "runs.duckdb"):
        facts = open_record(tmp_path / file).facts
        assert (facts.status, facts.ticks) == ("interrupted", ticks)
        assert answer("replay", file, cwd=tmp_path)["is_equal"]
    assert Simulation.load(tmp_path / "saved").current_tick == ticks
    assert (tmp_path / "run.png").read_bytes().startswith(PNG)


def completions(words, count):
    environment = {**os.environ, "_SIMCASH_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(count)}
    command = [sys.executable, "-m", "simcash_env.cli"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout.split()


def test_records_shell_completes_commands_options_scenarios_and_files(tmp_path):
    assert completions("simcash re", 1) == ["replay", "report"]
    assert "--events" in completions("simcash run --e", 2)
    assert completions("simcash run castro-1", 2) == ["castro-12period-v0"]
    (tmp_path / "runs.duckdb").touch()
    (tmp_path / "runs").mkdir()
    assert completions(f"simcash replay {tmp_path}/run", 2) == [f"{tmp_path}/runs/", f"{tmp_path}/runs.duckdb"]
    assert completions(f"simcash replay {tmp_path}/nowhere/run", 2) == []
    asked = (
        f"{sys.executable} -m simcash_env.cli --show-completion; true"  # it looks for the shell that it was started by
    )
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=False)
    assert "_SIMCASH_COMPLETE" in done.stdout, done.stderr


def test_records_saved_run_goes_on_under_another_policy_without_a_record(tmp_path, capsys):
    saved = str(tmp_path / "saved")
    assert called(capsys, "create", "two-banks-v0", saved)[0] == 0
    code, told, _ = called(
        capsys, "run", "--state", saved, "--ticks", "2", "--policy", "ALFA=deadline:urgency_threshold=1", "--json"
    )
    assert (code, json.loads(told)["ticks"]) == (0, 2)
    assert Simulation.load(saved).policy("ALFA") == {"type": "deadline", "urgency_threshold": 1}
    assert Simulation.load(saved).policy("BRAVO") == {"type": "external"}


def test_records_state_of_a_saved_run_is_a_table_of_its_banks(tmp_path, capsys):
    saved = str(tmp_path / "saved")
    assert called(capsys, "create", "two-banks-v0", saved, "--seed", "3", "--quiet")[0] == 0
    code, told, _ = called(capsys, "state", saved)
    simulation = Simulation.load(saved)
    assert code == 0
    assert f"two-banks-v0, seed 3, 0 of {simulation.num_ticks} ticks; amounts in currency units" in told
    for bank in simulation.bank_ids:
        assert (
            next(line for line in told.splitlines() if bank in line).split("│")[2].strip()
            == f"{simulation.balance(bank) / 100:,.2f}"
        )


def test_records_file_of_events_that_cannot_be_opened_is_told_and_the_database_is_closed(tmp_path, capsys):
    db, events = tmp_path / "runs.duckdb", tmp_path / ("x" * 250)
    code, told, notes = called(capsys, "run", "two-banks-v0", "--quiet", "--db", str(db), "--events", str(events))
    assert (code, told) == (1, "")
    assert notes == f"{events}: cannot be written: File name too long\n"
    with contextlib.closing(open_record(db)) as record:
        assert (record.facts.status, record.facts.num_events) == ("running", 0)
    assert [path.name for path in tmp_path.iterdir()] == ["runs.duckdb"]


def test_records_speed_of_the_machine_is_a_table_too(capsys, monkeypatch):
    monkeypatch.setattr(speed, "SCENARIO", "castro-2period-v0")
    monkeypatch.setattr(speed, "COPIES", 2)
    monkeypatch.setattr(speed, "data", Console(width=160))
    monkeypatch.setattr(speed, "notes", Console(stderr=True, force_terminal=True))
    code, told, notes = called(capsys, "bench", "--rounds", "1")
    assert code == 0
    assert "castro-2period-v0, best of 1" in told
    figures = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in told.splitlines() if line[:1] == "│"}
    assert set(figures) == {title for title, _ in speed.TITLES.values()}
    assert all(float(figure.replace(",", "")) > 0 for figure in figures.values())
    assert "measuring" in notes


def test_records_speed_of_the_machine_is_one_object():
    done = simcash("bench", "--rounds", "1", "--json")
    figures = json.loads(done.stdout)
    assert all(figures[name] > 0 for name in figures if name.endswith(("_per_s", "_us", "_cartpole")))
    assert figures["scenario"] == "ten-banks-v0"


def test_records_named_policy_is_shown_with_its_parameters():
    done = simcash("policies", "show", "deadline")
    assert done.stdout.startswith("deadline: Release payments due within urgency_threshold ticks")
    assert "urgency_threshold: ticks, at least 0" in done.stdout
    assert json.loads(simcash("policies", "show", "fifo", "--json").stdout)["parameters"] == {}


def test_records_faults_are_told_as_json_too(tmp_path):
    (tmp_path / "bad.yaml").write_text("format: 2\n")
    done = simcash("validate", "two-banks-v0", "bad.yaml", "--json", cwd=tmp_path)
    good, bad = json.loads(done.stdout)
    assert done.returncode == 2
    assert good == {"file": "two-banks-v0", "ok": True, "faults": [], "warnings": []}
    assert bad["faults"][0] == {"file": "bad.yaml", "line": 1, "path": "format", "value": "2", "rule": "must be 1"}
    assert json.loads(simcash("scenarios", "show", "two-banks-v0", "--json").stdout)["name"] == "two-banks-v0"
