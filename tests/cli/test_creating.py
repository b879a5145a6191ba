"""``simcash new``: what it writes is a game, from flags and from answers on a terminal."""

import json
import os
import pty
import subprocess
import sys

import pytest

from simcash_env.cli.creating import DEFAULT, Wanted, cents_of, scenario_text
from simcash_env.config import load_scenario
from simcash_env.config.documents import parse_yaml
from simcash_env.errors import ConfigError
from simcash_env.evaluation.game_checks import game_warnings
from tests.cli.test_commands import called


def config_of(wanted):
    return load_scenario(parse_yaml(scenario_text(wanted, "x"), None).value)


@pytest.mark.parametrize("liquidity", ["credit", "pool"])
@pytest.mark.parametrize(("banks", "ticks", "days", "payments"), [(2, 4, 1, 6), (4, 24, 1, 24), (3, 12, 5, 6)])
def test_creating_scenario_is_a_game(liquidity, banks, ticks, days, payments):
    config = config_of(Wanted(banks, ticks, days, payments, "250.00", liquidity))
    assert (len(config.banks), config.simulation.ticks_per_day, config.simulation.num_days) == (banks, ticks, days)
    assert config.banks[0].arrivals.amount.mean == 25_000
    assert game_warnings(config) == []


def test_creating_writes_a_commented_file_that_is_valid(capsys, tmp_path):
    file = tmp_path / "mine.yaml"
    code, out, err = called(capsys, "new", str(file), "--banks", "3", "--currency", "EUR")
    assert (code, out) == (0, f"{file}\n")
    assert "next: simcash validate" in err
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# Question: ")
    assert "# Trade-off: " in text
    config = load_scenario(file)
    assert (config.name, config.currency, len(config.banks)) == ("mine", "EUR", 3)
    code, out, err = called(capsys, "validate", str(file), "--quick")
    assert (code, out, err) == (0, f"{file}: ok\n", "")


def test_creating_replaces_a_file_only_when_told(capsys, tmp_path):
    file = tmp_path / "mine.yml"
    file.write_text("kept", encoding="utf-8")
    code, out, err = called(capsys, "new", str(file), "--banks", "2")
    assert (code, out) == (2, "")
    assert "exists; --force replaces it" in err
    assert file.read_text(encoding="utf-8") == "kept"
    code, out, err = called(capsys, "new", str(file), "--banks", "2", "--force", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"file": str(file), "name": "mine", "banks": 2}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("x.txt",), "FILE: must end in .yaml or .yml, got"),
        (("none/x.yaml",), "the folder none does not exist"),
        (("x.yaml", "--liquidity", "gold"), "--liquidity: must be credit or pool, got 'gold'"),
        (("x.yaml", "--mean-payment", "1.001"), "--mean-payment: must be a positive amount in currency units"),
        (("x.yaml", "--mean-payment", "x"), "--mean-payment: must be a positive amount in currency units"),
        (("x.yaml", "--currency", "\t"), "currency: "),
        (("x.yaml", "--banks", "1"), "--banks"),
        (("x.yaml", "--payments", "nan"), "--payments"),
    ],
)
def test_creating_mistake_is_named_and_nothing_is_written(options, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = called(capsys, "new", *options)
    assert (code, out) == (2, "")
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_creating_amounts_are_exact():
    assert cents_of("0.29") == 29
    assert cents_of(DEFAULT.mean_payment) == 10_000
    with pytest.raises(ConfigError, match="--days: must be at least 1"):
        scenario_text(Wanted(days=0, ticks=1), "x")


def test_creating_asks_on_a_terminal_for_what_is_not_given(tmp_path):
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "simcash_env.cli", "new", "asked.yaml"]
    with subprocess.Popen(
        command, stdin=theirs, stderr=theirs, stdout=subprocess.PIPE, text=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm"},
    ) as process:  # fmt: skip
        os.close(theirs)
        os.write(ours, b"five\n5\n\n2\n\n80.50\npool\nSEK\n")
        assert process.stdout.read() == "asked.yaml\n"
    os.close(ours)
    config = load_scenario(tmp_path / "asked.yaml")
    assert process.returncode == 0
    assert (len(config.banks), config.simulation.ticks_per_day, config.simulation.num_days) == (5, 24, 2)
    assert (config.banks[0].arrivals.amount.mean, config.currency) == (8_050, "SEK")
    assert config.banks[0].liquidity_pool
