"""The levels that learning curves are drawn with."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from simcash_env.learning.checkpoint_plots import draw_curve
from simcash_env.learning.reference_levels import reference_levels
from simcash_env.learning.settings import load_settings
from tests.cli.test_commands import called
from training import cli_evaluate


def test_reference_levels_are_those_of_fifo_the_best_script_and_the_expert():
    found = reference_levels(load_settings("castro-12period-v0"))
    assert list(found)[:2] == ["FIFO", "best script (tuned:liquidity_reserve)"]
    assert found["FIFO"] == 99_600  # the whole pool of 1,000,000 for 12 ticks at 83 bps
    assert found["best script (tuned:liquidity_reserve)"] < found["FIFO"] / 5


def test_reference_levels_have_the_expert_of_the_settings():
    expert = {"policy": {"type": "fifo"}, "shares": [0.0, 0.2]}
    found = reference_levels(load_settings("castro-2period-v0", expert=expert))
    assert found["expert"] == pytest.approx(1_000.0)


def test_reference_levels_of_a_changed_scenario_or_a_family():
    assert list(reference_levels(load_settings("two-banks-v0", changes={"costs.eod_penalty": 7}, expert=None))) == [
        "FIFO"
    ]
    assert reference_levels(load_settings("configs/training/family-2b-3t.yaml")) == {}


@pytest.mark.parametrize("algorithm", ["ippo", "cmaes"])
def test_reference_levels_are_drawn_and_logged_by_every_learner(algorithm, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = "castro-12period-v0-rank" if algorithm == "cmaes" else "castro-2period-v0"
    words = ("train", settings, "--algorithm", algorithm, "--steps", "12288", "--quiet")
    code, _, err = called(
        capsys, *words, "--curve", "curve.svg", "--tensorboard", "logs", "--out", f"a{ending(algorithm)}"
    )
    assert (code, err) == (0, "")
    text = (tmp_path / "curve.svg").read_text(encoding="utf-8")
    assert "FIFO" in text
    assert "best script (tuned:" in text
    assert list((tmp_path / "logs").iterdir())
    code, _, err = called(capsys, *words, "--curve", "curve.txt")
    assert (code, "--curve: must end in .png, .svg or .pdf" in err) == (2, True)


def ending(algorithm):
    return ".npy" if algorithm == "cmaes" else ".pt"


@pytest.mark.parametrize(
    ("changes", "note"), [({}, ""), ({"costs.eod_penalty": 7}, "no tuned policy is known for this scenario")]
)
def test_reference_levels_that_lack_a_best_script_are_said_to(changes, note, tmp_path, monkeypatch):
    said = {}

    def noted(curves, title, path, levels, note):
        said.update(levels=list(levels), note=note)
        return path

    monkeypatch.setattr("simcash_env.learning.checkpoint_plots.draw_learning_curves", noted)
    settings = load_settings("two-banks-v0", changes=changes, expert=None)
    draw_curve(SimpleNamespace(training_settings=lambda: settings, curve=[(1, 2.0)]), "mine", tmp_path / "curve.png")
    assert said["note"] == note
    assert len(said["levels"]) == (1 if note else 2)


@pytest.mark.parametrize(
    ("changes", "note"), [({}, None), ({"costs.eod_penalty": 90_000}, "no tuned policy is known for this scenario")]
)
def test_reference_levels_of_an_evaluation_say_where_no_best_script_is_known(changes, note, capsys):
    checkpoint = Path("2b-3t-v0")
    cli_evaluate(checkpoint, 2, as_json=True, changes=changes)
    found = json.loads(capsys.readouterr().out)
    assert found["yardsticks_note"] == note
    assert [row["policy"] for row in found["yardsticks"]][1:] == ([] if note else ["tuned:liquidity_reserve"])
    cli_evaluate(checkpoint, 2, changes=changes)
    printed = capsys.readouterr().out
    assert ("no tuned policy is known for this scenario" in printed) == bool(note)
