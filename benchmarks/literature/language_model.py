"""SimCash's language-model optimiser, day by day: ``python -m benchmarks.literature.language_model``.

SimCash published ten days of each run of its optimiser, in which a language model rewrites every bank's policy after
every day. The same days are played here by shipped learned policies and by tuned scripts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.literature.study import Results, Study, panels, table
from simcash_env import Simulation
from simcash_env.config import ScenarioConfig
from simcash_env.envs.learners import assign_learners
from simcash_env.envs.vector import make_vec
from simcash_env.evaluation.evaluate import deciding_banks, with_common_policy
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.policy_families import Family
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.learning.evaluate import LearnedAgent
from simcash_env.learning.policy import Policy
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.literal import literal_console, literal_plot
from simcash_env.registry import load
from training.publish import MODELS
from training.tuned_baselines import PUBLISHED

FIGURES: Final = Path(__file__).with_name("simcash_llm_2026.json")
FIRST_DAY: Final = 1
"""Day 0 is FIFO with half of the pool, the same in every run."""
TUNING_DAYS, SKIPPED_DAYS = 200, 200
"""Scripts are tuned on training days after the first 200, so on none of the days that are compared."""
HINDSIGHT: Final = "cheapest of any run, day by day"

Days = dict[str, list[Any]]
"""Costs in cents and settled shares of a number of days."""


def published() -> dict[str, Any]:
    """The published figures."""
    found: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8"))
    return found


def days_of_run(run: Mapping[str, Any], arrivals: Sequence[int]) -> Days:
    """The days of a published run on which a policy of the optimiser was played."""
    counts = run.get("arrivals", arrivals)
    settled = [done / came for done, came in zip(run["settled"], counts, strict=True)]
    return {"costs": run["costs"][FIRST_DAY:], "settled": settled[FIRST_DAY:]}


def hindsight(runs: Sequence[Mapping[str, Any]]) -> list[int]:
    """The lowest cost of any run on every day; which run that is differs from day to day."""
    lowest: list[int] = np.min([run["costs"][FIRST_DAY:] for run in runs], axis=0).tolist()
    return lowest


def name_of(run: Mapping[str, Any]) -> str:
    """A published run in words."""
    return f"{run['model']}, prompt {run['prompt']}" if "prompt" in run else f"{run['model']}, run {run['run']}"


def shown(runs: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The runs with the standard prompt, and of those with other prompts the one with the lowest mean cost."""
    standard = [run for run in runs if "prompt" not in run]
    others = [run for run in runs if "prompt" in run]
    return standard + sorted(others, key=lambda run: sum(run["costs"][FIRST_DAY:]))[:1]


def play_script(
    config: ScenarioConfig, seeds: Sequence[int], shares: npt.NDArray[np.float64] | Sequence[float] | None
) -> Days:
    """Days of scripted banks."""
    fractions = {} if shares is None else dict(zip(sorted(bank.id for bank in config.banks), shares, strict=True))
    banks = tuple(
        bank.model_copy(update={"liquidity_allocation_fraction": fractions[bank.id]}) if bank.id in fractions else bank
        for bank in config.banks
    )
    played = config.model_copy(update={"banks": banks})
    found = [Simulation(played, seed=seed, events=False).run_to_completion() for seed in seeds]
    return {"costs": [one.total_cost for one in found], "settled": [one.settled / one.arrived for one in found]}


def play_learned(policy: Policy, config: ScenarioConfig, seeds: Sequence[int]) -> Days:
    """Days of a learned policy, its most likely choices."""
    settings = policy.settings
    scenario = assign_learners(with_largest_share(config, settings.largest_share), settings.learners)
    learners = deciding_banks(scenario)
    agent = LearnedAgent(policy, settings, learners)
    vec = make_vec(
        scenario,
        len(seeds),
        learners=learners,
        max_queue_slots=settings.max_queue_slots,
        action=settings.action,
        autoreset="disabled",
    )
    vec.reset(list(seeds))
    costs = np.zeros(len(seeds), np.int64)
    for _ in range(vec.num_ticks):
        vec.step(agent.act(vec))
        costs += vec.costs.sum(axis=(1, 2))
    states = [vec.state(copy) for copy in range(len(seeds))]
    settled = [int(state.settled_count[0]) / int(state.arrived_count[0]) for state in states]
    return {"costs": costs.tolist(), "settled": settled}


def best_family(scenario: str) -> Family:
    """The tuned script that is cheapest on the test days of the benchmark, which are not the days compared here."""
    rows = json.loads(PUBLISHED.read_text(encoding="utf-8"))["rows"]
    tuned = [row for row in rows if row["scenario"] == scenario and row["policy"].startswith("tuned:")]
    best: Family = min(tuned, key=lambda row: float(row["total"]["mean"]))["policy"].removeprefix("tuned:")
    return best


def compare(scenario: str, figures: Mapping[str, Any], seeds: Sequence[int]) -> dict[str, Any]:
    """One scenario: every published run, the cheapest in hindsight, a learned policy and a script."""
    config, runs = load(scenario), figures["runs"]
    family = best_family(scenario)
    tuned = tune(config, family, training_seeds(TUNING_DAYS, skip=SKIPPED_DAYS))
    learned = play_learned(Policy.load(MODELS / f"{scenario}-seed0.pt"), config, seeds)
    script = play_script(with_common_policy(config, tuned.policy), seeds, tuned.shares)
    return {
        "scenario": scenario,
        "script": {"policy": family, "parameters": tuned.describe()},
        "rows": [
            {"policy": "learned", **learned},
            {"policy": f"script {family}", **script},
            {"policy": HINDSIGHT, "costs": hindsight(runs), "settled": []},
            *({"policy": name_of(run), **days_of_run(run, figures["arrivals"])} for run in shown(runs)),
        ],
    }


def run() -> dict[str, Any]:
    """All scenarios of the published figures."""
    figures, report = published(), literal_console(stderr=True).print
    seeds, found = figures["seeds"][FIRST_DAY:], []
    for scenario, own in figures["scenarios"].items():
        report(scenario)
        found.append(compare(scenario, own, seeds))
    return {"source": figures["source"], "seeds": seeds, "scenarios": found}


def markdown(results: Results) -> str:
    """A table of all scenarios and policies."""
    rows = []
    for found in results["scenarios"]:
        by_name = {row["policy"]: row for row in found["rows"]}
        lowest = by_name[HINDSIGHT]["costs"]
        for row in found["rows"]:
            costs, settled = row["costs"], row["settled"]
            below = sum(own <= least for own, least in zip(costs, lowest, strict=True))
            rows.append((
                f"`{found['scenario']}`", row["policy"], f"{np.mean(costs):,.0f}", f"{np.median(costs):,.0f}",
                f"{costs[-1]:,}", f"{np.mean(settled):.1%}" if settled else "",
                f"{settled[-1]:.1%}" if settled else "", f"{below} of {len(lowest)}",
            ))  # fmt: skip
    heads = (
        "scenario", "policy", "mean cost", "median", "cost of the last day", "settled", "settled on the last day",
        "days at or below the cheapest run",
    )  # fmt: skip
    scripts = "; ".join(f"`{one['scenario']}` {one['script']['parameters']}" for one in results["scenarios"])
    first, final = results["seeds"][0], results["seeds"][-1]
    notes = (
        f"Cost in cents of all banks, seeds {first} to {final}. *Settled*: share of the number of payments. *Cheapest "
        "of any run*: chosen in hindsight, day by day, among all published runs; no policy that can be played. Of the "
        "runs with other prompts the table shows the one with the lowest mean, also chosen in hindsight. Scripts were "
        f"tuned on {TUNING_DAYS} other training days: {scripts}. Published figures: {results['source']}."
    )
    return f"{table(heads, rows, left=2)}\n\n{notes}"


@literal_plot()
def draw(results: Results) -> Any:
    """Mean cost of every policy, a panel for each scenario."""
    drawn, axes = panels(len(results["scenarios"]), width=2.6, height=3.8)
    drawn.supxlabel("mean cost in cents; per cent: settled payments", fontsize=8)
    for found, panel in zip(results["scenarios"], axes, strict=True):
        rows = found["rows"]
        means = [float(np.mean(row["costs"])) for row in rows]
        settled = [float(np.mean(row["settled"])) if row["settled"] else None for row in rows]
        colors = ["C0", "C2", "0.3", *["C1"] * (len(rows) - 3)]
        panel.barh(range(len(rows)), means, color=colors)
        for at, (mean, share) in enumerate(zip(means, settled, strict=True)):
            panel.text(mean, at, "" if share is None else f" {share:.0%}", va="center", fontsize=7)
        panel.set_yticks(range(len(rows)), [row["policy"].replace(", run", "") if at > 2 else row["policy"].replace(
            " of any run, day by day", " in hindsight") for at, row in enumerate(rows)], fontsize=7)  # fmt: skip
        panel.invert_yaxis()
        panel.set_title(found["scenario"], fontsize=9)
        panel.set_xlim(0, 1.25 * max(means))
        panel.xaxis.set_major_formatter("{x:,.0f}")
        panel.tick_params(axis="x", labelsize=7)
        panel.locator_params(axis="x", nbins=3)
    return drawn


STUDY: Final = Study("language-model", "benchmarks.literature.language_model", markdown, draw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results, table and figure."""
    STUDY.finish(STUDY.parser(__doc__).parse_args(arguments), run)


if __name__ == "__main__":
    main()
