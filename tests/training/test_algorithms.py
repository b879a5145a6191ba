"""The comparison of algorithms on a few days: its runs, its table and figures, and its files for marl-eval."""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from simcash_env.learning.settings import load_settings
from tools import check_marl_eval
from training import marl_eval
from training.algorithms import __main__ as command
from training.algorithms import contest, ours, references, rows, tables
from training.lines import read_lines

ROOT = Path(__file__).parents[2]
PNG = b"\x89PNG\r\n\x1a\n"
DAY = "castro-12period-v0"
MAIN = [name for name, row in rows.ROWS.items() if row.library != "benchmarl"]
QUICK = {"ippo", "cmaes"}


@pytest.fixture
def few(monkeypatch):
    """Few days and decisions."""
    for module in (contest, references, command):
        monkeypatch.setattr(module, "CURVE_DAYS", 2)
        monkeypatch.setattr(module, "FINAL_DAYS", 3)
    monkeypatch.setattr(contest, "ROLLOUT", 96)
    monkeypatch.setattr(contest, "PARTS", 2)
    monkeypatch.setattr(ours, "PARTS", 2)
    monkeypatch.setattr(ours, "SEARCH_DAYS", 1)
    monkeypatch.setattr(ours, "POPULATION", 4)
    monkeypatch.setattr(references, "TUNING_DAYS", 2)
    references.search_costs.cache_clear()
    yield
    references.search_costs.cache_clear()


def line(name, scenario, seed, costs=(300.0, 200.0), final=200.0):
    return {
        "algorithm": name, "scenario": scenario, "seed": seed, "budget": 10, "decisions": [0, 10],
        "costs": list(costs), "final": final + seed, "final_days": 3, "standard_error": 1.0, "minus_search": 1.0 + seed,
        "minus_search_error": 0.5, "cpu_seconds": 2.0, "version": "1", "commit": "abc", "processor": "one",
    }  # fmt: skip


def reference(scenario):
    return {
        "algorithm": "references", "scenario": scenario, "seed": 0, "script": "fifo",
        "final": {references.SCRIPT: 220.0, references.SEARCH: 100.0}, "curve": 100.0,
    }  # fmt: skip


def made():
    runs = [line(name, one, seed) for name in rows.ROWS for one in ("a", "b") for seed in range(2)]
    return [*runs, reference("a"), reference("b")]


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.slow) for name in MAIN]
)
def test_algorithms_row_trains_and_is_evaluated_at_every_part_of_its_budget(name, few, tmp_path):
    budget = 48 if name == "expert-iteration" else 960
    played = rows.play(name, DAY, 0, tmp_path, budget)
    assert len(played.costs) == len(played.counts) == 3
    assert played.counts == sorted(played.counts)
    assert played.counts[-1] >= budget
    assert played.final.shape == (3,)
    assert played.cpu_seconds > 0.0


@pytest.mark.parametrize("name", [name for name in rows.ROWS if name not in MAIN])
@pytest.mark.filterwarnings("ignore")  # of BenchMARL, about itself
def test_algorithms_row_of_benchmarl_trains_on_the_batch(name, few, tmp_path):
    if not rows.is_installed(name):
        pytest.skip("make test-adapters installs BenchMARL and runs this")
    played = rows.play(name, DAY, 0, tmp_path, 960)
    assert len(played.costs) == 3
    assert played.final.shape == (3,)


@pytest.mark.parametrize(("action", "chosen"), [("budget", 2.0), ("rank", 1.0)])
@pytest.mark.filterwarnings("ignore")  # of BenchMARL, about itself
def test_algorithms_greedy_of_benchmarl_sees_what_its_training_shows(action, chosen):
    if not rows.is_installed("benchmarl-iql"):
        pytest.skip("make test-adapters installs BenchMARL and runs this")
    module = importlib.import_module("training.algorithms.benchmarl")
    task = module.SimCashBatchClass(DAY, {"scenario": DAY, "action": action})
    env = task.get_env_fun(3, action == "rank", 0, "cpu")()
    shown = env.reset().select(module.GROUP)
    seen = []

    def policy(rows_of_banks):
        seen.append(rows_of_banks.clone())
        return env.action_spec.zeros().apply(lambda zeros: zeros + 2)

    actions = module.Greedy(SimpleNamespace(policy=policy)).act(env.vec)
    assert (seen[0] == shown).all()
    assert (actions == chosen).all()
    assert actions.shape[:2] == (3, 2)


def test_algorithms_command_repeats_no_run_and_names_what_is_not_installed(few, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "is_installed", lambda name: name != "benchmarl-iql")
    out = tmp_path / "results" / "lines.jsonl"
    arguments = ["--rows", "ippo", "benchmarl-iql", "--scenarios", DAY, "--budget", "192", "--out", str(out)]
    command.main([*arguments, "--references"])
    command.main([*arguments, "--references"])
    command.main([*arguments, "--seeds", "1"])
    command.main([*arguments, "--seeds", "2"])
    found = read_lines(out)
    assert [(one["algorithm"], one["seed"]) for one in found] == [("references", 0), ("ippo", 0), ("ippo", 1)]
    search, played = found[0]["final"][references.SEARCH], found[1]
    assert played["minus_search"] == pytest.approx(played["final"] - search)
    assert "not installed here: benchmarl-iql" in capsys.readouterr().out


def test_algorithms_same_seed_gives_the_same_costs(few, tmp_path):
    first, again, other = (rows.play("ippo-rank-script", DAY, seed, tmp_path, 960) for seed in (0, 0, 1))
    assert first.costs == again.costs
    assert first.costs != other.costs


def test_algorithms_contest_of_an_uncapped_row_has_the_whole_pool():
    capped, whole = (contest.Contest(DAY, 0, "rank", is_capped=flag) for flag in (True, False))
    assert capped.largest_share == load_settings(DAY).largest_share
    assert whole.largest_share == 1.0
    assert capped.banks == 2
    assert capped.copies * capped.ticks * capped.banks == contest.ROLLOUT


@pytest.mark.slow
def test_algorithms_expert_iteration_without_a_pool_has_a_base_without_shares(few, tmp_path):
    played = rows.play("expert-iteration", "lynx-day-v0", 0, tmp_path, 192)
    assert played.notes["milliseconds_per_decision"] > 0.0


def test_algorithms_table_and_figures_show_every_row(tmp_path, capsys):
    path = tmp_path / "algorithms.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in made()))
    tables.main(["--results", str(path), "--assets", str(tmp_path)])
    page = (tmp_path / "algorithms.md").read_text()
    assert all(f"| {row.title} |" in page for row in rows.ROWS.values())
    assert "| *best tuned script* | | 2.20 | 2.20 |" in page
    assert "2.000 to 2.010" in page
    assert "+1.5 % [" in (tmp_path / "algorithms-gradient.md").read_text()
    for name in ("algorithms.png", "algorithms-profiles.png"):
        assert (tmp_path / name).read_bytes()[:8] == PNG
    assert "15 rows, 2 seeds, a, b" in capsys.readouterr().out


def test_algorithms_table_leaves_out_a_scenario_with_missing_runs():
    lines = [one for one in made() if (one["algorithm"], one["scenario"], one["seed"]) != ("cmaes", "b", 1)]
    assert tables.Comparison(lines).scenarios == ["a"]
    once = [one for one in made() if one["algorithm"] != "cmaes" or one["seed"] == 0]
    assert "cmaes" not in tables.Comparison(once).names
    assert "| CMA-ES on constants | `rank` | 2.00 | 2.00 | | | | 1 of 2 runs so far |" in tables.markdown(
        tables.Comparison(once)
    )
    with pytest.raises(ValueError, match="no scenario has all runs"):
        tables.Comparison([])


def test_algorithms_panels_show_every_row_once():
    shown = [name for names in tables.PANELS.values() for name in names]
    assert sorted(shown) == sorted(rows.ROWS)


def test_marl_eval_files_have_the_runs_of_all_tasks(tmp_path):
    (tmp_path / "algorithms.jsonl").write_text("".join(json.dumps(one) + "\n" for one in made()))
    searches = [
        {"scenario": name, "seed": seed, "decisions": 9, "validation": {"start": 500.0, "mean": 400.0}}
        for name, seeds in (("a", 2), ("b", 1))
        for seed in range(seeds)
    ]
    (tmp_path / "searches.jsonl").write_text("".join(json.dumps(one) + "\n" for one in searches))
    marl_eval.main(["--folder", str(tmp_path)])
    found = json.loads((tmp_path / "algorithms-marl-eval.json").read_text())["simcash"]
    assert found["a"]["ippo"]["seed_1"]["step_1"] == {"step_count": 10, "return": [-2.0]}
    assert found["b"]["cmaes"]["seed_0"]["absolute_metrics"] == {"return": [-2.0]}
    found = json.loads((tmp_path / "searches-marl-eval.json").read_text())
    assert found["simcash"]["a"]["cmaes"].keys() == {"seed_0", "seed_1"}
    assert found["simcash-single"].keys() == {"a", "b"}
    assert found["simcash-single"]["b"]["cmaes"]["seed_0"]["step_0"] == {"step_count": 0, "return": [-5.0]}


def test_marl_eval_searches_with_one_seed_each_are_one_environment():
    lines = [{"scenario": "a", "seed": 0, "decisions": 9, "validation": {"start": 5.0, "mean": 4.0}}]
    assert marl_eval.of_searches(lines).keys() == {"simcash-single"}


@pytest.mark.parametrize("name", ["algorithms", "searches"])
@pytest.mark.filterwarnings("ignore")  # of marl-eval's libraries, about themselves
def test_marl_eval_loader_accepts_the_published_files(name, capsys):
    if importlib.util.find_spec("marl_eval") is None:
        pytest.skip("make marl-eval installs marl-eval")
    assert check_marl_eval.main([str(ROOT / "docs" / "results" / f"{name}-marl-eval.json")]) == 0
    assert "accepted" in capsys.readouterr().out
