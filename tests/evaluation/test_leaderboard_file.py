"""The file of the leaderboard: boards, rows of submitted policies, the table next to it."""

import json

import pytest

from simcash_env.errors import ConfigError, SubmissionError
from simcash_env.evaluation.leaderboard_file import (
    Leaderboard,
    entry_text,
    markdown,
    new_board,
    opened,
    read_boards,
    with_submission,
)
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.submission_archive import open_archive
from simcash_env.evaluation.submission_score import score
from simcash_env.registry import load
from tests.evaluation.submissions import FACTS, GAME, RELEASE, archive, policy

RANDOM = "2b-3t-v0"


@pytest.fixture(scope="module")
def game():
    return new_board(load(GAME), 5, 2)


@pytest.fixture(scope="module")
def random():
    return new_board(load(RANDOM), 5, 0)


def entered(folder, board, facts=FACTS, code=RELEASE):
    config = load(board.scenario)
    found = open_archive(archive(folder, {"agent.py": code}, facts=facts))
    return with_submission(board, found, score(found, config, held_out_seeds(board.num_seeds)), config)


def test_leaderboard_file_board_has_the_scripts_and_the_best_tuned_one(game):
    assert [row.policy for row in game.baselines] == ["fifo", "fifo", "hold_all", "random", "tuned:fifo"]
    assert game.best().policy == "tuned:fifo"
    assert game.num_seeds == 5


def test_leaderboard_file_row_of_a_submission_is_paired_with_fifo_and_the_best_script(random, tmp_path):
    board = entered(tmp_path, random)
    (entry,) = board.submissions
    totals = entry.row.totals
    fifo, best = board.baselines[0].totals, board.best().totals
    assert len(totals) == 5
    assert entry.row.difference_to_fifo.mean == pytest.approx(sum(map(int.__sub__, totals, fifo)) / 5)
    assert entry.difference_to_best.mean == pytest.approx(sum(map(int.__sub__, totals, best)) / 5)
    assert entry.difference_to_best.count == 5
    assert entry.best == "fifo (pool 50 %)"
    assert entry.row.parameters == "by A. Author"
    assert entry.row.gap is not None
    assert entry.row.gap_bound
    assert board.rows()[0].total.mean <= board.rows()[-1].total.mean


def test_leaderboard_file_policy_that_draws_is_compared_with_one_run_of_the_scripts(game, tmp_path):
    facts = FACTS.replace("format = 1", 'format = 1\nstochastic = true\ninformation = "all"')
    code = policy(act="chosen = {bank: np.ones(5, int) for bank in chosen}")
    (entry,) = entered(tmp_path, game, facts, code).submissions
    assert entry.difference_to_best.count == 5
    text = entry_text(entry)
    assert "A. Author; " in text
    assert "illegal choices a run" in text
    assert text.endswith("sees all banks")


def test_leaderboard_file_row_of_the_same_name_is_replaced(random, tmp_path):
    first = entered(tmp_path, random)
    second = entered(tmp_path, first, code=policy(act="chosen = {b: 0 * m for b, m in chosen.items()}"))
    assert len(second.submissions) == 1
    assert second.submissions[0].sha256 != first.submissions[0].sha256


def test_leaderboard_file_is_read_as_it_was_written(game, random, tmp_path):
    board = Leaderboard(tmp_path / "new" / "leaderboard.json")
    board.put(entered(tmp_path, game))
    board.put(random)
    page = board.save()
    with opened(board.path) as again:
        assert again.boards == board.boards
    assert page.read_text() == markdown(board.boards) + "\n"
    lines = page.read_text().splitlines()
    assert lines[0].startswith("| scenario | policy | mean cost |")
    assert any("release-all" in line and "A. Author; " in line for line in lines)
    assert f"- `{GAME}`: test seeds 2,000,000 to 2,000,004; scripts tuned on 2 training seeds" in page.read_text()
    assert f"- `{RANDOM}`: test seeds 2,000,000 to 2,000,004; scripts played" in page.read_text()
    assert "bound" in lines[-1]
    random_rows = [line for line in lines if "`2b-3t-v0` |" in line]
    assert len(random_rows) == 1  # a scenario is named in its first row only
    with opened(tmp_path / "none.json") as empty:
        assert empty.boards == []


def test_leaderboard_file_board_is_taken_again_or_begun(game, tmp_path):
    standing = Leaderboard(tmp_path / "l.json", [game])
    assert standing.board(load(GAME), None, 0) is game
    assert standing.board(load(GAME), 5, 0) is game
    assert standing.board(load("castro-3period-v0"), 2, 0).num_seeds == 2
    with pytest.raises(ConfigError, match=rf"l\.json: {GAME}\.num_seeds: is 5 in this file, got 6"):
        standing.board(load(GAME), 6, 0)
    with pytest.raises(ConfigError, match=f"{GAME}: has changed since its board was begun"):
        standing.board(load(GAME, changes={"banks.*.credit_limit": 1}), 5, 0)


def test_leaderboard_file_name_of_another_author_is_taken(game, tmp_path):
    standing = Leaderboard(tmp_path / "l.json", [entered(tmp_path, game)])
    own = open_archive(archive(tmp_path))
    standing.require_free(own)
    other = open_archive(archive(tmp_path, facts=FACTS.replace("A. Author", "B. Author")))
    with pytest.raises(ConfigError, match=rf"{GAME}\.release-all: is the name of a policy of A\. Author"):
        standing.require_free(other)


def test_leaderboard_file_scripts_of_other_days_cannot_be_compared(random, tmp_path):
    found = open_archive(archive(tmp_path))
    config = load(RANDOM)
    played = score(found, config, held_out_seeds(3))
    with pytest.raises(SubmissionError, match="was played on 5 days, the submitted policy on 3"):
        with_submission(random, found, played, config)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("{", "is no leaderboard: JSONDecodeError"),
        ("[]", "is no leaderboard: TypeError"),
        ('{"format": 2}', "format: must be 1, got 2"),
        ('{"format": 1, "boards": [{}]}', "is no leaderboard: KeyError"),
    ],
)
def test_leaderboard_file_that_is_none_is_refused(text, rule, tmp_path):
    path = tmp_path / "l.json"
    path.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_boards(path)
    assert rule in str(error.value)
    assert str(path) in str(error.value)


def test_leaderboard_file_keeps_every_fact_of_a_row(game, tmp_path):
    board = entered(tmp_path, game)
    Leaderboard(tmp_path / "l.json", [board]).save()
    (row,) = json.loads((tmp_path / "l.json").read_text())["boards"][0]["submissions"]
    assert set(row) >= {"authors", "sha256", "versions", "python", "simcash_env", "difference_to_best"}
