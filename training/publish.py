"""Learned policies compared with the best tuned baselines: ``python -m training.publish [SCENARIO ...]``.

Trains on each scenario with its settings in ``configs/training``, by PPO or, where they have slopes, by a search;
evaluates on test days that training does not use, and writes ``docs/results/learned.json`` and the table built from it.
All seeds from 0 on are trained and counted; none is selected. ``--tables`` only rebuilds the table; ``--evaluate``
evaluates ``configs/trained`` without training; ``--compare`` keeps the costs of the learned policies and plays again
only what they are compared with.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env import __version__
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.evaluation.bound_validity import AllowedDecisions, decisions_of_policy
from simcash_env.evaluation.evaluate import Evaluation, evaluate_policy, played_seeds
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.regret import Bounds
from simcash_env.evaluation.results import Result, result
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.statistics import F64, Interval, bootstrap_interval, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.checkpoint import resume_path
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.expert import ExpertSettings, cost
from simcash_env.learning.exploitability import exploitability_of_policies
from simcash_env.learning.learner import ActingPolicy, learner_named
from simcash_env.learning.settings import ALGORITHM, SEARCH, TrainingSettings, load_settings, planned_steps
from simcash_env.literal import literal_console
from simcash_env.machine import made_by
from simcash_env.registry import load
from training.table import markdown, restored
from training.tuned_baselines import searched, tuned_baselines

FOLDER: Final = Path("docs") / "results"
MODELS: Final = Path("configs") / "trained"
COMMAND: Final = "python -m training.publish"
MEASURED_DAYS: Final = 20
FEW_DECISIONS: Final = 100
TEST_DAYS, LONG_TEST_DAYS = 10_000, 2_000
"""Of scenarios whose runs have at most ``FEW_DECISIONS`` decisions of banks, and of all others."""
GAMES: Final = ("castro-2period-v0", "castro-3period-v0")
EQUILIBRIUM_CENTS: Final = {"castro-2period-v0": 2_000, "castro-3period-v0": 12_000}
"""System cost in the only equilibrium on the grid."""
SEEDS: Final = 3
PUBLISHED: Final = (
    "castro-2period-v0", "castro-3period-v0", "bis-box3-v0", "2b-3t-v0", "2b-3t-v0-around", "2b-3t-v0-slopes",
    "3b-6t-v0", "3b-6t-v0-slopes", "castro-12period-v0", "castro-12period-v0-slopes", "4b-8t-v0", "4b-8t-v0-slopes",
    "2b-stress-v0", "2b-stress-v0-slopes", "5b-12t-v0", "5b-12t-v0-slopes", "two-banks-v0-slopes",
    "core-periphery-50-v0", "core-periphery-50-v0-slopes", "lynx-day-v0", "lynx-day-v0-slopes", "crisis-v0",
    "crisis-v0-slopes", "money-market-v0-slopes", "target2-day-v0", "target2-day-v0-slopes", "ten-banks-v0-slopes",
    "core-periphery-200-v0", "core-periphery-200-v0-slopes",
)  # fmt: skip


def algorithm_of(settings: TrainingSettings) -> str:
    """The learner that settings are for: those with slopes are of a search."""
    return SEARCH if settings.search.slopes else ALGORITHM


def checkpoint(models: Path, name: str, seed: int, settings: TrainingSettings) -> Path:
    """Where the policies of a run with the settings of this name are saved."""
    return models / f"{name}-seed{seed}{learner_named(algorithm_of(settings)).ending}"


def policies(path: Path, settings: TrainingSettings, seed: int, *, is_trained: bool) -> tuple[ActingPolicy, float, int]:
    """Train and save policies, or load them; returns the policies, seconds and steps.

    Args:
        path: of the checkpoint.
        settings: of the training.
        seed: of the run.
        is_trained: load it.
    """
    algorithm = algorithm_of(settings)
    learner = learner_named(algorithm)
    if is_trained:
        return learner.load(path), 0.0, planned_steps(settings, algorithm)
    began = time.monotonic()
    trained = learner.train(settings, seed, out=path)
    resume_path(path).unlink()
    if not trained.is_complete:
        raise KeyboardInterrupt
    return trained.policy, time.monotonic() - began, trained.facts.steps


def test_days(config: ScenarioConfig) -> int:
    """Number of test days for a scenario."""
    return TEST_DAYS if decisions_of(config) <= FEW_DECISIONS else LONG_TEST_DAYS


def decisions_of(config: ScenarioConfig) -> int:
    """Decisions of banks in a run."""
    return len(config.banks) * config.simulation.num_ticks


def run(name: str, num_seeds: int, models: Path, *, is_trained: bool, report: Callable[[str], None]) -> dict[str, Any]:
    """Train and evaluate with the settings of a name (a scenario, or one with a suffix); returns plain Python."""
    settings: TrainingSettings = load_settings(name)
    config = load(settings.scenario)
    days = played_seeds(config, held_out_seeds(test_days(config)))
    learned, played, runs = list[ActingPolicy](), list[Evaluation](), list[dict[str, Any]]()
    for seed in range(num_seeds):
        report(f"{name}: training run {seed}")
        path = checkpoint(models, name, seed, settings)
        policy, seconds, steps = policies(path, settings, seed, is_trained=is_trained)
        evaluation, agent = evaluate_learned(policy, config, days)
        played.append(evaluation)
        learned.append(policy)
        runs.append({
            "seed": seed, "steps": steps, "seconds": round(seconds, 1), "total": asdict(evaluation.total()),
            "by_kind": evaluation.by_kind(), "pool_shares": list(agent.pool_shares()),
        })  # fmt: skip
    if name in GAMES:
        for found, policy in zip(runs, learned, strict=True):
            found["exploitability"] = exploitability_of_policies(policy, config).cents / EQUILIBRIUM_CENTS[name]
    report(f"{name}: baselines")
    taught = None
    if isinstance(settings.expert, ExpertSettings) and settings.imitate_steps:
        taught = asdict(cost(config, settings.expert, settings.largest_share, days, settings.action).total())
    return {
        "scenario": name,
        "made_by": made_by(),
        "settings": settings.model_dump(mode="json", exclude_defaults=True),
        "test_days": len(days),
        "runs": runs,
        "teacher": taught,
        **compared(config, days, *costs_of_runs(played)),
    }


def costs_of_runs(played: Sequence[Evaluation]) -> tuple[F64, Result]:
    """Mean over training runs of the cost of each day, and the figures of all runs together, without a gap."""
    learned = np.mean([evaluation.totals() for evaluation in played], axis=0)
    pooled = np.concatenate([evaluation.totals() for evaluation in played])
    shares = [evaluation.settled_share for evaluation in played if evaluation.settled_share is not None]
    share = float(np.mean(shares)) if shares else None
    return learned, result("learned", pooled, bootstrap_interval(learned), share)


def compared_again(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row whose learned policies keep their costs, compared with today's baselines, search and bound."""
    config = load(row["settings"]["scenario"])
    days = played_seeds(config, held_out_seeds(row["test_days"]))
    found = compared(config, days, np.array(row["totals"]), restored(row["results"]["learned"]))
    return {**row, **found, "compared_by": made_by()}


def compared(config: ScenarioConfig, days: Sequence[int], learned: F64, own: Result) -> dict[str, Any]:
    """Compare learned policies with the best baseline on test days, the search for constants, FIFO and the lower bound.

    Args:
        config: the scenario.
        days: test days.
        learned: cost of each, mean over training runs.
        own: figures of the learned policies; their gap is added.
    """
    scripts, fifo, search = tuned_baselines(config, days), evaluate_policy(config, FifoPolicy(), days), None
    best = scripts[0].evaluation.totals()
    bounds = Bounds(config, days[:MEASURED_DAYS])
    least = bounds.of(AllowedDecisions(pool="any"))
    reference, may = Reference(config, days), AllowedDecisions(pool="any")
    figures = {
        "learned": replace(own, gap=reference.gap(own.total.mean, may)),
        "tuned": result(
            scripts[0].policy, best, bootstrap_interval(best), scripts[0].evaluation.settled_share,
            reference.gap(float(best.mean()), decisions_of_policy(config, scripts[0].kernel_policy)),
        ),
    }  # fmt: skip
    if (played := searched(config, days)) is not None:
        search = played.totals()
        gap = reference.gap(float(search.mean()), may)
        figures["search"] = result("search", search, bootstrap_interval(search), played.settled_share, gap)
    found: dict[str, Any] = {
        "learned": asdict(bootstrap_interval(learned)), "totals": learned.round(2).tolist(),
        "tuned": {
            "policy": scripts[0].policy, "parameters": scripts[0].parameters,
            "total": asdict(bootstrap_interval(best)), "totals": best.tolist(),
        },
        "others": {script.policy: float(script.evaluation.totals().mean()) for script in scripts},
        "fifo": asdict(bootstrap_interval(fifo.totals())),
        "difference": asdict(paired_difference(learned, best)),
        "difference_to_search": None if search is None else asdict(paired_difference(learned, search)),
        "difference_to_fifo": asdict(paired_difference(learned, fifo.totals())),
        "bound": "none" if least is None else bounds.kind,
        "results": {name: asdict(found) for name, found in figures.items()},
    }  # fmt: skip
    if least is not None:
        count = len(least)
        found["room"] = float(1.0 - least.mean() / max(best[:count].mean(), 1e-9))
        found["regret"] = asdict(bootstrap_interval(learned[:count] - least))
        found["tuned_regret"] = asdict(bootstrap_interval(best[:count] - least))
    found["verdict"] = verdict(found)
    return found


ROOM, NEAR = 0.10, 0.02
"""Gap of the bound below the baseline under which ``within`` is possible; and its largest extra cost."""


def verdict(found: Mapping[str, Any]) -> str:
    """``apart``: learned is cheaper, intervals do not overlap; ``below``: only the difference's interval is below 0.

    ``within``: at most 2 % more expensive, with a bound less than 10 % below the baseline. Else ``missed``.
    """
    difference, tuned = Interval(**found["difference"]), found["tuned"]["total"]
    if found["learned"]["high"] < tuned["low"]:
        return "apart"
    if difference.high < 0.0:
        return "below"
    if found.get("room", 1.0) < ROOM and difference.mean <= NEAR * tuned["mean"]:
        return "within"
    return "missed"


def write(results: Mapping[str, Any], folder: Path) -> None:
    """Write the raw results, one line for each scenario, and the table."""
    head = {key: value for key, value in results.items() if key != "rows"}
    rows = ",\n".join(json.dumps(row) for row in results["rows"])
    write_atomically(folder / "learned.json", (json.dumps(head)[:-1] + ', "rows": [\n' + rows + "\n]}\n").encode())
    write_atomically(folder / "learned.md", (markdown(results) + "\n").encode())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparison and write its results, or only rebuild the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", default=list(PUBLISHED), help="Names of settings; others keep their results."
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="Number of training runs, with seeds 0 to N - 1.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of learned.json and learned.md.")
    parser.add_argument("--models", type=Path, default=MODELS, help="Folder of the trained policies.")
    parser.add_argument(
        "--evaluate",
        action="store_true",
        help="Evaluate the policies in --models, of which seed 0 is shipped; do not train.",
    )
    parser.add_argument(
        "--compare",
        action="store_true",
        help="Keep the costs of the learned policies; play only baselines and search, and take the bound of today.",
    )
    parser.add_argument("--tables", action="store_true", help="Only rebuild the table from the raw results.")
    given: Any = parser.parse_args(arguments)
    if given.evaluate:
        missing = [
            path
            for name in given.scenarios
            for seed in range(given.seeds)
            if not (path := checkpoint(given.models, name, seed, load_settings(name))).is_file()
        ]
        if missing:
            parser.error(f"--evaluate: {missing[0]} is not there; the shipped policies are those of --seeds 1")
    raw = given.folder / "learned.json"
    stored: Any = json.loads(raw.read_text(encoding="utf-8")) if raw.is_file() else {"version": __version__, "rows": []}
    rows = stored["rows"]
    given.folder.mkdir(parents=True, exist_ok=True)
    console = literal_console(stderr=True)
    for scenario in () if given.tables else given.scenarios:
        by_name = {row["scenario"]: row for row in rows}
        if given.compare:
            console.print(f"{scenario}: baselines")
            by_name[scenario] = compared_again(by_name[scenario])
        else:
            by_name[scenario] = run(
                scenario, given.seeds, given.models, is_trained=given.evaluate, report=console.print
            )
        rows = [by_name[name] for name in PUBLISHED if name in by_name]
        write({"version": __version__, "command": COMMAND, "rows": rows}, given.folder)
    version = stored["version"] if given.tables else __version__
    write({"version": version, "command": COMMAND, "rows": rows}, given.folder)


if __name__ == "__main__":
    main()
