"""Train, score, draw, search, distil and export from the command line, one after the other, as a user would."""

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import called
from tests.cli.test_records import PNG
from tests.cli.test_terminal import on_terminal
from tests.processes import simcash

GAME = "castro-2period-v0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint of each learner in it."""
    place = tmp_path_factory.mktemp("learned")
    done("train", GAME, "--steps", "2048", "--out", "shared.pt", cwd=place)
    done("train", GAME, "--algorithm", "ippo", "--steps", "2048", "--out", "ippo.pt", "--quiet", cwd=place)
    return place


def done(*arguments: str, cwd: Path) -> str:
    found = simcash(*arguments, cwd=cwd)
    assert found.returncode == 0, found.stderr
    return found.stdout


def test_learning_tools_checkpoint_is_scored_drawn_and_stands_in_the_table(folder: Path) -> None:
    done("evaluate", "shared.pt", "--seeds", "4", "--plots", "drawn", cwd=folder)
    assert {path.name for path in (folder / "drawn").iterdir()} >= {"shared-learning.png", "shared-balances.png"}
    told = done("benchmark", GAME, "--seeds", "4", "--tuning-seeds", "0", "--learned", "ippo.pt", "--plots", "figures",
                "--json", cwd=folder)  # fmt: skip
    assert "learned" in {row["policy"] for row in json.loads(told)}
    figures = list((folder / "figures").iterdir())
    assert {path.stem.removeprefix(f"{GAME}-") for path in figures} >= {"costs", "balances", "cross-play"}
    assert all(path.read_bytes().startswith(PNG) for path in (*figures, *(folder / "drawn").iterdir()))


def test_learning_tools_table_is_printed_for_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    code, table, notes = called(capsys, "benchmark", GAME, "--seeds", "4", "--tuning-seeds", "0", "--markdown")
    assert (code, notes) == (0, "")
    assert table.startswith("| scenario |")


@pytest.mark.slow
def test_learning_tools_policy_that_is_shipped_is_drawn_by_the_name_of_its_scenario(folder: Path) -> None:
    done("evaluate", "castro-12period-v0", "--seeds", "2", "--plots", "shipped", cwd=folder)
    assert list((folder / "shipped").glob("*balances.png"))


def test_learning_tools_checkpoint_of_another_scenario_is_refused_before_anything_is_played(folder: Path) -> None:
    refused = simcash("benchmark", "castro-3period-v0", "--learned", "shared.pt", cwd=folder)
    assert refused.returncode == 2
    assert "scenario: must be one of castro-3period-v0, got 'castro-2period-v0'" in refused.stderr


@pytest.mark.slow
def test_learning_tools_policy_becomes_trees_that_run(folder: Path) -> None:
    options = ("--seeds", "4", "--tuning-seeds", "0", "--rounds", "1", "--out", "trees")
    report = json.loads(done("distill", "shared.pt", *options, "--json", cwd=folder))
    assert report["scenario"] == GAME
    assert {path.name for path in (folder / "trees").iterdir()} >= {"report.json", "scenario.yaml", "BANK_A.json"}
    assert "distilled trees" in done("distill", "shared.pt", *options, cwd=folder)
    done("run", "trees/scenario.yaml", "--seed", "3", "--quiet", cwd=folder)


@pytest.mark.slow
def test_learning_tools_runs_become_data_sets_below_the_folder_that_is_there_by_default(folder: Path) -> None:
    told = json.loads(done("export", "ippo.pt", "--runs", "2", "--json", cwd=folder))
    assert (folder / told["parquet"]).is_file()
    assert all((folder / told["minari_root"] / name / "data" / "main_data.hdf5").is_file() for name in told["minari"])
    again = simcash("export", "ippo.pt", "--runs", "2", cwd=folder)
    assert again.returncode == 2
    assert "is there already; it is not overwritten" in again.stderr
    named = done(
        "export", GAME, "--policy", "deadline:urgency_threshold=1", "--runs", "2", "--bank", "BANK_B", cwd=folder
    )
    assert named.count("Minari, below") == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((GAME, "--policy", "fiffo"), "must be one of"),
        ((GAME, "--policy", "deadline:urgency_threshold=-1"), "must be at least 0"),
        ((GAME, "--bank", "NOBODY", "--out", "none"), "decides nothing here"),
        (("shared.pt", "--policy", "fifo"), "a checkpoint decides for itself"),
    ],
)
def test_learning_tools_what_cannot_be_exported_is_refused(folder: Path, words: tuple[str, ...], said: str) -> None:
    refused = simcash("export", *words, "--runs", "1", cwd=folder)
    assert refused.returncode == 2
    assert said in refused.stderr


@pytest.mark.slow
def test_learning_tools_search_leaves_settings_that_train(folder: Path) -> None:
    options = ("--trials", "1", "--steps", "2048", "--seeds", "4", "--out", "best.yaml")
    code, told, shown = on_terminal("tune", GAME, *options, cwd=folder)
    assert (code, f"study {GAME} in results/tuning/{GAME}.journal: 1 trial done" in told) == (0, True)
    assert "a run" in shown, "of the best trial, on the bar"
    assert json.loads(done("tune", GAME, *options, "--json", cwd=folder))["done"] == 1
    done("train", "best.yaml", "--steps", "2048", "--out", "best.pt", "--quiet", cwd=folder)


@pytest.mark.slow
def test_learning_tools_search_that_is_interrupted_says_how_it_goes_on(tmp_path: Path) -> None:
    options = ("--storage", "search.journal", "--steps", "100000000")
    code, told, shown = on_terminal("tune", GAME, *options, cwd=tmp_path, interrupt_at="a bank and run")
    assert code == 130
    assert f"study {GAME} in search.journal: 0 trials done, 1 interrupted (and repeated)" in told
    assert "best" not in told
    assert "interrupted: the study is in search.journal, repeat the command to continue it" in shown


@pytest.mark.slow
def test_learning_tools_training_that_is_interrupted_leaves_what_there_is(tmp_path: Path) -> None:
    words = ("train", GAME, "--algorithm", "ippo", "--steps", "100000000", "--out", "begun.pt", "--json")
    code, told, shown = on_terminal(*words, cwd=tmp_path, interrupt_at="a bank and run")
    found = json.loads(told)
    assert (code, found["is_complete"], found["scenario"]) == (130, False, GAME)
    assert "interrupted after" in shown
    assert "saved begun.pt and begun.json" in shown
    assert 0 < found["steps"] < 100_000_000
    done("evaluate", "begun.pt", "--seeds", "2", cwd=tmp_path)
