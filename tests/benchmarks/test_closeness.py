"""The table of scripts, searches and PPO next to the bound: same days, paired differences, rows that are kept."""

import json

import pytest

from benchmarks import closeness
from simcash_env.config.policies import FifoPolicy
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.learning.rank_search import RankSearch, save
from simcash_env.learning.settings import SearchSettings, load_settings
from simcash_env.registry import load
from training.tuned_baselines import TunedBaseline

SCENARIO = "2b-3t-v0"


@pytest.fixture
def searches(tmp_path):
    """A folder with the checkpoint of a search of one generation."""
    own = SearchSettings(generations=1, population=4, days=4)
    run = RankSearch(load_settings(SCENARIO).model_copy(update={"search": own}), 7)
    run.step()
    save(run, run.policy(run.start), tmp_path / f"{SCENARIO}-seed7.npy", [])
    return tmp_path


def half_of_the_pool(config, seeds):
    """FIFO with half of the pool as the only tuned script."""
    evaluation = evaluate_policy(config, FifoPolicy(), seeds, (0.5, 0.5))
    return [TunedBaseline("fifo", "", evaluation, FifoPolicy())]


def test_closeness_compares_all_policies_on_the_same_days(searches, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(closeness, "MANY_DAYS", 30)
    monkeypatch.setattr(closeness, "tuned_baselines", half_of_the_pool)
    out = tmp_path / "out"
    arguments = ["--searches", str(searches), "--folder", str(out), "--assets", str(out)]
    closeness.main([SCENARIO, *arguments])
    found = json.loads((out / "closeness.json").read_text())["scenarios"][0]
    script, search, ppo = found["rows"][:3]
    assert [row["policy"] for row in found["rows"]] == [
        "fifo", "cmaes, seed 7", "ippo, seed 0", "ippo around the search, seed 0",
    ]  # fmt: skip
    assert ppo["to_search"][0] == pytest.approx(ppo["mean"] - search["mean"])
    fifo = evaluate_policy(load(SCENARIO), FifoPolicy(), held_out_seeds(30), (0.5, 0.5)).totals()
    assert script["mean"] == pytest.approx(fifo.mean())
    assert script["worst"] == fifo.max()
    assert 0.0 < script["settled"] <= 1.0
    for row in (search, ppo):
        assert row["difference"][0] == pytest.approx(row["mean"] - script["mean"])
        assert (row["to_search"] is None) == (row is search)
        assert row["gap"] == pytest.approx(row["mean"] / found["bound"] - 1)
    text = (out / "closeness.md").read_text()
    assert text.count("| cmaes, seed 7 |") == 1
    assert f"`{SCENARIO}`: 30 days, bound " in text
    assert (out / "closeness.png").read_bytes().startswith(b"\x89PNG")
    (out / "closeness.md").unlink()
    closeness.main(["--tables", *arguments])
    assert (out / "closeness.md").read_text() == text
    assert capsys.readouterr().out.startswith(f"{SCENARIO}: 4 policies on 30 days")
