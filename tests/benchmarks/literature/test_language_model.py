"""The comparison with SimCash's language-model optimiser: the same days, the same units, the published figures."""

import json

import pytest

from benchmarks.literature import language_model
from benchmarks.literature.language_model import HINDSIGHT, days_of_run, hindsight, play_learned, play_script, published
from simcash_env import Simulation
from simcash_env.config import FifoPolicy
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.grid_search import Tuned
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.policy import Policy
from simcash_env.registry import load
from training.publish import MODELS

FIGURES = published()
SCENARIOS = tuple(FIGURES["scenarios"])


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_language_model_arrivals_of_every_day_are_the_published_ones(scenario):
    config = with_common_policy(load(scenario), FifoPolicy())
    days = [Simulation(config, seed=seed, events=False) for seed in FIGURES["seeds"]]
    assert [day.run_to_completion().arrived for day in days] == FIGURES["scenarios"][scenario]["arrivals"]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_language_model_first_day_of_every_run_is_fifo_with_half_of_the_pool(scenario):
    config = with_common_policy(load(scenario), FifoPolicy())
    ours = play_script(config, FIGURES["seeds"][:1], [0.5] * len(config.banks))
    for run in FIGURES["scenarios"][scenario]["runs"]:
        assert run["costs"][0] == ours["costs"][0]
    assert ours["settled"] == [1.0]


def test_language_model_figures_are_complete():
    for scenario, found in FIGURES["scenarios"].items():
        standard = [(run["model"], run["run"]) for run in found["runs"] if "prompt" not in run]
        assert standard == [(model, number) for model in ("flash", "pro", "glm") for number in (1, 2, 3)], scenario
        for run in found["runs"]:
            assert len(run["costs"]) == len(run["settled"]) == len(FIGURES["seeds"]) == 10
            days = days_of_run(run, found["arrivals"])
            assert len(days["costs"]) == 9
            assert all(0 < share <= 1 for share in days["settled"])


def test_language_model_hindsight_is_the_lowest_cost_of_a_day():
    """The first and the last day of the 2-bank scenarios: seeds 43 and 51."""
    lowest = {name: hindsight(found["runs"]) for name, found in FIGURES["scenarios"].items()}
    assert (lowest["2b-3t-v0"][0], lowest["2b-3t-v0"][-1]) == (17_811, 13_513)
    assert (lowest["castro-12period-v0"][0], lowest["castro-12period-v0"][-1]) == (42_061, 33_116)


def test_language_model_settled_share_of_split_payments_counts_parts():
    (run,) = [run for run in FIGURES["scenarios"]["2b-3t-v0"]["runs"] if "arrivals" in run]
    days = days_of_run(run, FIGURES["scenarios"]["2b-3t-v0"]["arrivals"])
    assert days["settled"][-1] == run["settled"][-1] / run["arrivals"][-1]


def test_language_model_learned_days_cost_what_evaluate_says():
    policy, seeds = Policy.load(MODELS / "2b-3t-v0-seed0.pt"), [43, 44, 45]
    days = play_learned(policy, load("2b-3t-v0"), seeds)
    assert days["costs"] == evaluate_learned(policy, load("2b-3t-v0"), seeds)[0].totals().tolist()
    assert all(0 < share <= 1 for share in days["settled"])


def test_language_model_command_writes_results_table_and_figure(tmp_path, monkeypatch):
    monkeypatch.setattr(language_model, "tune", lambda config, family, seeds: Tuned(FifoPolicy(), (0.06, 0.06), 0.0))
    small = FIGURES | {"scenarios": {"2b-3t-v0": FIGURES["scenarios"]["2b-3t-v0"]}}
    monkeypatch.setattr(language_model, "published", lambda: small)
    language_model.main(["--folder", str(tmp_path), "--assets", str(tmp_path)])
    results = json.loads((tmp_path / "language-model.json").read_text(encoding="utf-8"))
    rows = results["scenarios"][0]["rows"]
    assert [row["policy"] for row in rows[:3]] == ["learned", "script small_first", HINDSIGHT]
    assert len(rows) == 12
    page = (tmp_path / "language-model.md").read_text(encoding="utf-8")
    assert "| `2b-3t-v0` | flash, run 1 | 26,121 |" in page
    assert (tmp_path / "language-model.png").read_bytes().startswith(b"\x89PNG")


def test_language_model_shows_one_run_of_other_prompts():
    runs = FIGURES["scenarios"]["castro-12period-v0"]["runs"]
    shown = language_model.shown(runs)
    assert [language_model.name_of(run) for run in shown[-2:]] == ["glm, run 3", "pro, prompt c1-info_r2"]
    assert len(shown) == 10
