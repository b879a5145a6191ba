"""External banks on the command line: one default, chosen by --external, reported once on stderr."""

import json

import pytest

from simcash_env.simulation import Simulation
from tests.cli.test_commands import called

GAME = "castro-12period-v0"
NOTE = "external banks BANK_A, BANK_B {} in ticks without actions (external: {}); choose with --external or --policy"
CHOICES = [
    ((), "release", "release every payment"),
    (("--external", "release"), "release", "release every payment"),
    (("--external", "hold"), "hold", "hold every payment"),
    (
        ("--external", "deadline:urgency_threshold=2"),
        {"type": "deadline", "urgency_threshold": 2},
        "follow the policy deadline",
    ),
]


@pytest.mark.parametrize(("option", "external", "does"), CHOICES)
def test_external_default_of_a_run(capsys, option, external, does):
    code, out, error = called(capsys, "run", GAME, "--seed", "4", *option, "--json")
    run = Simulation(GAME, seed=4, external=external).run_to_completion()
    name = external if isinstance(external, str) else external["type"]
    summary = json.loads(out)
    assert (code, summary["digest"], summary["notices"]) == (0, run.digest, list(run.notices))
    assert error.startswith(NOTE.format(does, name))
    assert error.count("\n") == 1
    assert called(capsys, "run", GAME, *option, "--quiet")[2] == ""


@pytest.mark.parametrize(("option", "external", "does"), CHOICES)
def test_external_default_of_a_saved_run(tmp_path, monkeypatch, capsys, option, external, does):
    monkeypatch.chdir(tmp_path)
    _, made, error = called(capsys, "create", GAME, "saved", "--seed", "4", *option, "--json")
    assert does in error
    assert does in json.loads(made)["notices"][0]
    assert Simulation.load("saved").external == external
    assert does in called(capsys, "tick", "saved", "--count", "2")[2]
    (tmp_path / "moves.json").write_text(json.dumps({"actions": {}}))
    assert called(capsys, "tick", "saved", "--actions", "moves.json")[2] == "", "the caller decides"
    assert does in called(capsys, "tick", "saved", "--actions", "moves.json", "--count", "2")[2]
    (tmp_path / "pool.json").write_text(json.dumps({"transactions": []}))
    assert does in called(capsys, "tick", "saved", "--actions", "pool.json")[2]
    assert does in called(capsys, "run", "--state", "saved", "--ticks", "1")[2]
    run = Simulation(GAME, seed=4, external=external)
    for actions in (None, None, {}, {}, None, None, None):
        run.tick(actions)
    assert Simulation.load("saved").digest() == run.digest()
    assert does in json.loads(called(capsys, "state", "saved", "--json")[1])["summary"]["notices"][0]


def test_external_default_of_a_market_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, error = called(capsys, "market", "run", "target2-day-v0", "--external", "hold")
    assert (code, out) == (1, "")
    assert "needs market.schedule" in error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", GAME, "--external", "fiffo"), "--external fiffo: must be one of fifo,"),
        (
            ("run", GAME, "--external", "deadline"),
            "--external deadline: urgency_threshold: is required",
        ),
        (("create", GAME, "saved", "--external", "external"), "--external external: must be release, hold or a policy"),
        (
            ("run", "--state", "saved", "--external", "hold"),
            "--external: a saved simulation has its default (simcash create --external)",
        ),
    ],
)
def test_external_default_that_is_none_is_refused(tmp_path, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(tmp_path)
    code, out, error = called(capsys, *arguments)
    assert (code, out) == (2, "")
    assert error.startswith(said)
