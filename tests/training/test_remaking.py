"""The commands that remake published tables, on games of a few days: what they print, and what they write."""

import json
import re
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from simcash_env.config import FifoPolicy
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.leaderboard import make_row
from simcash_env.evaluation.policy_families import FAMILIES
from simcash_env.learning import ippo
from simcash_env.learning.checkpoint import find_checkpoint, read_facts
from simcash_env.learning.distill import Options
from simcash_env.learning.evaluate import evaluate_checkpoint
from simcash_env.learning.expert import URGENT_TICKS, ExpertSettings, cost
from simcash_env.registry import load
from training import castro, demo, distilled, expert, generalise, market_study, publish, tuned_baselines
from training.table import cells

PNG = b"\x89PNG\r\n\x1a\n"
TINY = {"num_envs": 8, "total_steps": 192, "num_minibatches": 2, "hidden": [8]}


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Work in an empty folder, with settings of trainings that take no time: ``tiny(NAME, ...)`` writes some."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("simcash_env.learning.settings.shipped_folder", lambda kind: tmp_path / "settings")
    monkeypatch.setenv("COLUMNS", "250")

    def write(name, **values):
        folder = tmp_path / "settings"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"scenario": name, **TINY, **values}))

    return write


def body(page):
    """The cells of a Markdown table's rows, without its head."""
    lines = [line for line in page.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def plain(cents):
    return f"{cents:,.0f}"


def test_remaking_castros_games_are_told_run_by_run_and_counted(tiny, capsys):
    for name in castro.EQUILIBRIA:
        tiny(name, steps_per_rollout=2, max_queue_slots=4)
    castro.main(["--seeds", "2", "--json"])
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert [(item["scenario"], item["seed"]) for item in found] == [
        (name, seed) for name in castro.EQUILIBRIA for seed in (0, 1)
    ]
    assert len(captured.err.splitlines()) == 4
    for item in found:
        assert item["is_equilibrium"] == (tuple(item["levels"]) == castro.EQUILIBRIA[item["scenario"]])
    castro.main(["--seeds", "2"])
    told = capsys.readouterr().out
    assert len(re.findall(r" castro-.period-v0 +│ [01] ", told)) == 4
    assert told.count("equal") + told.count("different") == 4
    for name in castro.EQUILIBRIA:
        hits = sum(item["is_equilibrium"] for item in found if item["scenario"] == name)
        assert f"{name}: {hits} of 2 seeds in equilibrium" in told


def test_remaking_demo_trains_compares_writes_and_draws(tiny, tmp_path, capsys):
    tiny(
        demo.SETTINGS,
        scenario=demo.SCENARIO,
        search={"days": 4, "population": 4, "components": ["weight_size", "pool"]},
    )
    words = ["--test-days", "20", "--tuning-days", "2", "--out", "drawn", "--markdown", "pages/demo.md"]
    demo.main(["--steps", "400", "--seed", "3", *words])
    told = capsys.readouterr().out
    assert (tmp_path / "drawn" / "comparison.png").read_bytes().startswith(PNG)
    result = evaluate_checkpoint(tmp_path / "drawn" / "policy.npy", demo.held_out_seeds(20))
    rows = body((tmp_path / "pages" / "demo.md").read_text())
    means = [float(row[1].strip("*").replace(",", "")) for row in rows]
    assert means == sorted(means)
    learned = next(row for row in rows if row[0] == "**learned**")
    assert learned[1] == f"**{plain(result.evaluation.totals().mean())}**"
    assert f"{result.facts.steps:,} decisions of banks, seed 3" in learned[-1]
    assert len([row for row in rows if row[0].startswith("tuned:")]) == len(FAMILIES)
    assert all(f" {row[0].strip('*')} " in f" {told}" for row in rows)
    assert "The learned policy is " in told
    assert told.count(" commits ") == 2
    assert f"{np.median(np.concatenate(result.agent.shares)[:, 0]):.1%} of its pool on the median day" in told
    assert re.search(r"Constants: weight_size -?\d\.\d{3}, pool \d\.\d{3}\.", told)
    demo.main(["--steps", "1", "--test-days", "2", "--tuning-days", "1", "--out", "again"])
    assert {path.name for path in (tmp_path / "again").iterdir()} == {
        "comparison.png",
        "policy.json",
        "policy.npy",
        "policy.resume",
    }


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([-500, -500, -500], "cheaper, and the intervals do not overlap"),
        ([-20, -30, -25], "cheaper on the same days"),
        ([20, 30, 25], "more expensive"),
        ([-20, 30, 0], "not clearly different"),
    ],
)
def test_remaking_demos_sentence_compares_the_same_days(changes, words):
    fifo = evaluate_policy(load(demo.SCENARIO), FifoPolicy(), [1, 2, 3])
    best, other = fifo.cents.copy(), fifo.cents.copy()
    best[:] = other[:] = 0
    best[:, 0, 0] = [1_000, 1_100, 1_200]
    other[:, 0, 0] = best[:, 0, 0] + changes
    scores = [
        demo.Score(make_row(name, "", evaluation, evaluation), evaluation)
        for name, evaluation in (("learned", replace(fifo, cents=other)), ("best", replace(fifo, cents=best)))
    ]
    sentence = demo.verdict(*scores)
    assert sentence.startswith(f"The learned policy is {words}")
    assert sentence.endswith(f"({100 * sum(changes) / 3 / 1_100:+.1f} %) relative to best.")


@pytest.mark.slow
def test_remaking_study_of_the_market_prints_the_page_that_it_writes(tiny, tmp_path, capsys):
    tiny(market_study.SCENARIO, total_steps=600, steps_per_rollout=24, max_queue_slots=4, bank_id=False)
    market_study.main(["--runs", "2", "--markdown", "market.md"])
    page = (tmp_path / "market.md").read_text()
    told = capsys.readouterr().out
    assert told.endswith(page)
    assert re.search(r"^ +\d+ steps, [\d,]+ cents per run$", told, re.MULTILINE)
    learned, system = (body(table) for table in page.split("\n\n")[:2])
    assert [row[0] for row in learned] == ["no orders", "corridor trader", "learned orders"]
    assert [row[-1] == "" for row in learned] == [True, False, False]
    assert learned[0][2] == "0.000 [0.000, 0.000]", "who places no order pays no interest"
    kinds = [*market_study.POLICIES, "all learned"]
    figures = [name.replace("_", " ") for name in market_study.FIGURES]
    assert [row[:2] for row in system] == [[kind, figure] for kind in kinds for figure in figures]
    assert "over 2 test runs, which were not used in training (second table: the first 2 of them)" in page
    (tmp_path / "market.md").unlink()
    market_study.main(["--runs", "2"])
    assert capsys.readouterr().out == told
    assert not (tmp_path / "market.md").exists()


def test_remaking_market_is_studied_only_where_there_is_one():
    with pytest.raises(ValueError, match="castro-2period-v0: has no market"):
        market_study.with_learners(load("castro-2period-v0"), ["BANK_A"])


@pytest.fixture
def few_days(monkeypatch):
    """Test days and tuning days of ``training.publish``, few."""
    monkeypatch.setattr(publish, "TEST_DAYS", 20)
    monkeypatch.setattr(publish, "MEASURED_DAYS", 3)
    monkeypatch.setattr(tuned_baselines, "TUNING_DAYS", 2)


def published(folder):
    """The results in a folder; the table there is theirs."""
    results = json.loads((folder / "learned.json").read_text())
    page = (folder / "learned.md").read_text()
    assert len(body(page[: page.index("Amounts in currency units")])) == sum(
        len(row["results"]) for row in results["rows"]
    )
    rows = body(page[page.index("| scenario | learned |") :])
    assert rows == [[cell.strip() for cell in cells(row)] for row in results["rows"]]
    return results["rows"]


@pytest.mark.slow
def test_remaking_learned_policies_are_published_scenario_by_scenario(tiny, few_days, tmp_path, capsys):
    few = {"policies": "own", "max_queue_slots": 4}
    teacher = {"policy": {"type": "fifo"}, "shares": [0.2]}
    tiny("castro-2period-v0", steps_per_rollout=2, **few)
    tiny("castro-3period-v0", steps_per_rollout=3, teacher=teacher, imitate_steps=96, **few)
    command = ["--seeds", "2", "--folder", "results", "--models", "models"]
    publish.main(["castro-3period-v0", *command])
    publish.main(["castro-2period-v0", *command])
    assert "castro-2period-v0: training run 1" in capsys.readouterr().err
    assert {path.name for path in (tmp_path / "models").iterdir()} == {
        f"castro-{game}period-v0-seed{seed}.{ending}" for game in (2, 3) for seed in (0, 1) for ending in ("pt", "json")
    }
    rows = published(tmp_path / "results")
    assert [row["scenario"] for row in rows] == ["castro-2period-v0", "castro-3period-v0"]
    for row in rows:
        assert [run["seed"] for run in row["runs"]] == [0, 1]
        assert all(run["exploitability"] >= 0.0 and run["steps"] >= 192 for run in row["runs"])
        assert len(row["totals"]) == row["test_days"] == 1
        assert set(row["others"]) == {f"tuned:{family}" for family in tuned_baselines.ALL_FAMILIES}
        assert row["regret"]["count"] == row["tuned_regret"]["count"] == 1
        assert row["verdict"] == publish.verdict(row)
    config, taught = load("castro-3period-v0"), ExpertSettings(**teacher)
    assert rows[0]["teacher"] is None
    assert rows[1]["teacher"]["mean"] == cost(config, taught, 1.0, publish.held_out_seeds(20)).totals().mean()
    publish.main(["castro-2period-v0", "--evaluate", *command])
    again = published(tmp_path / "results")
    assert again[0]["totals"] == rows[0]["totals"]
    assert [run["seconds"] for run in again[0]["runs"]] == [0.0, 0.0]
    assert again[1] == rows[1]
    (tmp_path / "results" / "learned.md").unlink()
    publish.main(["--tables", *command])
    assert published(tmp_path / "results") == again


def test_remaking_scenario_that_is_too_large_for_a_bound_is_published_without_one(
    tiny, few_days, tmp_path, monkeypatch
):
    monkeypatch.setattr("simcash_env.evaluation.regret.LARGEST_RELAXED", 0.0)
    tiny("2b-3t-v0", steps_per_rollout=3)
    publish.main(["2b-3t-v0", "--seeds", "1", "--folder", "results", "--models", "models"])
    (row,) = published(tmp_path / "results")
    assert row["bound"] == "none"
    assert not row.keys() & {"room", "regret", "tuned_regret"}
    assert "exploitability" not in row["runs"][0]
    assert cells(row)[7:10] == ["", "", ""]


def test_remaking_comparison_is_made_again_without_training(tiny, few_days, tmp_path, monkeypatch):
    tiny("2b-3t-v0", steps_per_rollout=3)
    command = ["2b-3t-v0", "--folder", "results", "--models", "models"]
    publish.main([*command, "--seeds", "1"])
    (row,) = published(tmp_path / "results")
    search = row["results"]["search"]["total"]["mean"]
    assert row["difference_to_search"]["mean"] == pytest.approx(row["learned"]["mean"] - search)
    monkeypatch.setattr(publish, "learner_named", None)
    monkeypatch.setattr(publish, "searched", lambda config, days: None)
    publish.main([*command, "--compare"])
    (again,) = published(tmp_path / "results")
    assert again["difference_to_search"] is None
    assert cells(again)[6] == ""
    for part in ("totals", "learned", "tuned", "difference", "verdict", "made_by"):
        assert again[part] == row[part]
    assert again["results"] == {name: row["results"][name] for name in ("learned", "tuned")}
    assert "baselines, search and bound of " in (tmp_path / "results" / "learned.md").read_text()


def test_remaking_settings_with_slopes_are_searched_and_their_policies_evaluated_again(tiny, few_days, tmp_path):
    search = {"days": 4, "population": 4, "generations": 1, "slopes": ["pool.by_queue1_count"]}
    tiny("2b-3t-v0-slopes", scenario="2b-3t-v0", search=search)
    command = ["2b-3t-v0-slopes", "--seeds", "1", "--folder", "results", "--models", "models"]
    publish.main(command)
    (row,) = published(tmp_path / "results")
    assert row["runs"][0]["steps"] == 4 * 4 * 3 * 2
    assert read_facts(tmp_path / "models" / "2b-3t-v0-slopes-seed0.npy").algorithm == "cmaes"
    publish.main([*command, "--evaluate"])
    (again,) = published(tmp_path / "results")
    assert (again["totals"], again["runs"][0]["steps"]) == (row["totals"], row["runs"][0]["steps"])
    assert cells(again)[-2] == ""


def test_remaking_every_published_policy_is_shipped():
    shipped = [find_checkpoint(Path(name)).stem for name in publish.PUBLISHED]
    assert shipped == [f"{name}-seed0" for name in publish.PUBLISHED]


def test_remaking_run_with_more_decisions_is_played_on_fewer_days():
    names = ("castro-2period-v0", "money-market-v0", "core-periphery-200-v0")
    assert [publish.test_days(load(name)) for name in names] == [10_000, 2_000, 2_000]


def test_remaking_ctrl_c_ends_the_publishing_and_leaves_the_table_as_it_was(tiny, few_days, tmp_path, monkeypatch):
    tiny("castro-2period-v0", steps_per_rollout=2)
    monkeypatch.setattr(ippo.Ippo, "step", lambda run: signal.raise_signal(signal.SIGINT) or {})
    with pytest.raises(KeyboardInterrupt):
        publish.main(["castro-2period-v0", "--folder", "results", "--models", "models"])
    assert not list((tmp_path / "results").iterdir())
    assert read_facts(tmp_path / "models" / "castro-2period-v0-seed0.pt").steps == 0


@pytest.mark.slow
def test_remaking_trees_are_distilled_from_a_checkpoint_that_is_trained_once(tiny, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(distilled, "TEST_DAYS", 20)
    monkeypatch.setattr(distilled, "TUNING_DAYS", 2)
    monkeypatch.setattr(distilled, "Options", partial(Options, rounds=1, sample_days=4, choosing_days=2))
    tiny("castro-2period-v0", steps_per_rollout=2, max_queue_slots=4)
    distilled.main(["castro-2period-v0", "--out", "pages"])
    raw, page = tmp_path / "pages" / "distilled.json", tmp_path / "pages" / "distilled.md"
    results = json.loads(raw.read_text())
    assert (results["test_days"], results["tuning_days"]) == (20, 2)
    (row,), (cells_of_row,) = results["rows"], body(page.read_text())
    assert cells_of_row[:2] == ["`castro-2period-v0`", str(max(row["nodes"].values()))]
    assert cells_of_row[4].startswith(plain(row["network"]["mean"]))
    folder = tmp_path / distilled.OUT / "castro-2period-v0-seed0"
    assert json.loads((folder / "BANK_A.json").read_text()) == row["trees"]["BANK_A"]
    assert "castro-2period-v0: training" in capsys.readouterr().err
    distilled.main(["castro-2period-v0", "--out", "pages"])
    assert "training" not in capsys.readouterr().err
    assert json.loads(raw.read_text()) == results
    before = page.read_text()
    page.unlink()
    distilled.main(["--tables", "--out", "pages"])
    assert page.read_text() == before
    assert "n = 1: nothing is random" in before
    assert "Tuned baselines: `fifo`, `deadline`, `liquidity_aware`, `liquidity_reserve`;" in before
    other = {**row, "scenario": "2b-3t-v0", "test_days": 20, "baselines": {"tuned:fifo (pool 5 %)": row["tree"]}}
    raw.write_text(json.dumps({**results, "rows": [other]}))
    distilled.main(["castro-2period-v0", "--out", "pages"])
    assert [one["scenario"] for one in json.loads(raw.read_text())["rows"]] == ["castro-2period-v0", "2b-3t-v0"]
    assert "Tuned baselines: `fifo`, in some rows `deadline`" in page.read_text()


@pytest.mark.slow
def test_remaking_family_is_learned_and_compared_on_members_of_its_own(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(generalise, "TEST_DAYS", 20)
    monkeypatch.setattr(generalise, "TUNING_DAYS", 2)
    family = {"sizes": [0.5, 2.0], "num_members": 4}
    tiny(generalise.SETTINGS, scenario=generalise.FAMILY, randomize=family, steps_per_rollout=3)
    generalise.main(["--members", "2", "--folder", "pages"])
    results = json.loads((tmp_path / "pages" / "generalise.json").read_text())
    assert (results["family"], results["steps"], results["specialist_steps"]) == (family, 192, 96)
    rows = results["rows"]
    assert [row["member"] for row in rows] == [0, 1]
    assert rows[0]["fifo"] != rows[1]["fifo"]
    assert all(row["generalist"]["count"] == 20 for row in rows)
    assert all(row["generalist"] != row["specialist"] for row in rows)
    page = body((tmp_path / "pages" / "generalise.md").read_text())
    assert [line[:3] for line in page] == [
        [str(row["member"]), plain(row["generalist"]["mean"]), plain(row["specialist"]["mean"])] for row in rows
    ]


def test_remaking_teacher_that_is_found_is_printed_as_the_lines_of_a_training(monkeypatch, capsys):
    monkeypatch.setattr(expert, "DAYS", 20)
    monkeypatch.setattr(expert, "TUNING_DAYS", 2)
    expert.main(["2b-3t-v0", "--largest-share", "0.2"])
    told = capsys.readouterr().out
    found = ExpertSettings(**yaml.safe_load(told)["expert"])
    cents = cost(load("2b-3t-v0"), found, 0.2, expert.training_seeds(20)).totals().mean()
    assert re.fullmatch(rf"# .*pool .* with this expert {plain(cents)}", told.splitlines()[0])
    assert found.policy == {"type": "urgent_first", "urgent_ticks": URGENT_TICKS}
