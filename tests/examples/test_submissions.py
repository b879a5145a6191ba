"""Policies that other libraries have learned: their archives give the rows of the published leaderboard."""

import importlib
import shutil
import zipfile
from pathlib import Path

import pytest

from examples.submissions.pack import pack
from simcash_env.evaluation.leaderboard_file import markdown, read_boards
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.submission_archive import open_archive
from simcash_env.evaluation.submission_score import score
from simcash_env.registry import load
from tests.budget import slow_but
from tests.repository.pages import ROOT

FOLDER = ROOT / "examples" / "submissions"
PUBLISHED = ROOT / "docs" / "results" / "leaderboard.json"
LIBRARIES = {"sb3_maskable_ppo": "sb3_contrib", "torchrl_ppo": "torchrl"}
LARGEST_BYTES = 200_000


def archive_of(name: str) -> Path:
    return FOLDER / f"{name}.zip"


@pytest.mark.parametrize("name", LIBRARIES)
def test_submissions_archive_holds_the_files_beside_it_and_its_row_is_published(name):
    found = open_archive(archive_of(name))
    with zipfile.ZipFile(archive_of(name)) as content:
        for member in ("policy.toml", "agent.py"):
            assert content.read(member) == (FOLDER / name / member).read_bytes()
    assert archive_of(name).stat().st_size < LARGEST_BYTES
    rows = {
        (board.scenario, entry.row.policy): entry.sha256
        for board in read_boards(PUBLISHED)
        for entry in board.submissions
    }
    assert {rows[scenario, found.facts.name] for scenario in found.facts.scenarios} == {found.sha256}


@pytest.mark.parametrize("name", slow_but({"sb3_maskable_ppo"}, *LIBRARIES))
@pytest.mark.slow
def test_submissions_archive_costs_what_the_leaderboard_says(name):
    pytest.importorskip(LIBRARIES[name], reason=f"needs {LIBRARIES[name]}: make test-adapters")
    found = open_archive(archive_of(name))
    for board in read_boards(PUBLISHED):
        if board.scenario in found.facts.scenarios:
            (entry,) = [entry for entry in board.submissions if entry.row.policy == found.facts.name]
            played = score(found, load(board.scenario), held_out_seeds(4))
            totals = played.evaluation.totals().tolist()
            assert totals == list(entry.row.totals[: len(totals)])
            assert played.illegal_choices == 0


def test_submissions_published_table_is_that_of_the_file():
    assert PUBLISHED.with_suffix(".md").read_text() == markdown(read_boards(PUBLISHED)) + "\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "module", "budget"),
    [("sb3_maskable_ppo", "train_sb3", (1_024, [8])), ("torchrl_ppo", "train_torchrl", (1,))],
)
@pytest.mark.filterwarnings("ignore")  # of the libraries, about themselves
def test_submissions_program_trains_what_its_archive_needs(name, module, budget, tmp_path):
    pytest.importorskip(LIBRARIES[name], reason=f"needs {LIBRARIES[name]}: make test-adapters")
    import torch

    training = importlib.import_module(f"examples.submissions.{module}")
    weights = tmp_path / "weights.pt"
    if name == "torchrl_ppo":
        torch.save(training.train(*budget).state_dict(), weights)
    else:
        training.train("castro-2period-v0", *budget).policy.save(weights)
    shutil.copytree(FOLDER / name, tmp_path / name)
    text = (tmp_path / name / "policy.toml").read_text()
    (tmp_path / name / "policy.toml").write_text(text.replace(', "castro-12period-v0"', ""))
    archive = open_archive(pack(tmp_path / name, {"castro-2period-v0.pt": weights}))
    played = score(archive, load("castro-2period-v0"), (1,))
    assert played.evaluation.totals().tolist()[0] > 0
