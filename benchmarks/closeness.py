"""How close is each policy to the best? ``python -m benchmarks.closeness [SCENARIO ...] [--searches FOLDER]``.

On the same test days: the cheapest of nine scripts tuned on training days, the shipped policies of a search (or those
of another folder, as ``python -m training.search`` writes it) and of PPO, next to the lower bound. Writes
``closeness.json`` and ``closeness.md`` in ``docs/results`` and the figure ``docs/assets/closeness.png``; scenarios that
are not named keep their rows, ``--tables`` only rebuilds.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env import __version__
from simcash_env.amounts import amount_text
from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.bound_validity import decisions_of_learners
from simcash_env.evaluation.evaluate import Evaluation, played_seeds
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.lower_bounds import with_any_share
from simcash_env.evaluation.plots import figure, save
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.statistics import bootstrap_interval, conditional_value_at_risk, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.checkpoint import read_facts
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.learner import learner_named
from simcash_env.literal import literal_label, literal_legend
from simcash_env.machine import commit, machine
from simcash_env.registry import load
from training.publish import decisions_of, test_days
from training.tuned_baselines import tuned_baselines

RESULTS: Final = Path("docs") / "results"
ASSETS: Final = Path("docs") / "assets"
SHIPPED: Final = Path("configs") / "trained"
COMMAND: Final = "python -m benchmarks.closeness"
QUICK, MANY_DAYS = 60, 100_000
"""A scenario whose runs have at most ``QUICK`` decisions of banks is played on ``MANY_DAYS`` test days, because a few
expensive days hold much of its cost. Every other scenario is played on as many as in ``training.publish``."""
NORMAL: Final = 1.96
"""Standard errors from the middle of a 95 % interval to its ends."""
AROUND: Final = "-around"
"""Ending of the name of a second PPO policy, which adds to the actions of the search."""
HEADS: Final = (
    "scenario", "policy", "mean cost", "95 % interval", "gap to the bound", "difference to the best script",
    "difference to the search", "CVaR 95 %", "CVaR 99 %", "worst day", "settled",
)  # fmt: skip
LEARNED: Final = ("slopes", "ppo")
"""Kinds of policies that are compared with the search for constants."""
COLOURS: Final = {"script": "#0072B2", "search": "#D55E00", "slopes": "#CC79A7", "ppo": "#009E73"}
"""By kind of policy; colours that colour-blind readers can tell apart (Okabe and Ito)."""


def learned(config: ScenarioConfig, seeds: Sequence[int], searches: Path) -> Iterator[tuple[str, str, Evaluation]]:
    """Kind, name and costs of every checkpoint of the scenario: of searches, and of PPO those that are shipped."""
    found = [("search", path) for path in sorted(searches.glob(f"{config.name}*-seed*.npy"))]
    ppo = [SHIPPED / f"{config.name}{form}-seed0.pt" for form in ("", AROUND)]
    found += [("ppo", path) for path in ppo if path.is_file()]
    for kind, path in found:
        facts = read_facts(path)
        evaluation, _ = evaluate_learned(learner_named(facts.algorithm).load(path), config, seeds)
        settings = facts.training_settings()
        form = " around the search" if settings.start else " with slopes" if settings.search.slopes else ""
        yield "slopes" if settings.search.slopes else kind, f"{facts.algorithm}{form}, seed {facts.seed}", evaluation


def measure(name: str, searches: Path) -> dict[str, Any]:
    """The rows of one scenario."""
    config = load(name)
    seeds = played_seeds(config, held_out_seeds(MANY_DAYS if decisions_of(config) <= QUICK else test_days(config)))
    best = tuned_baselines(config, seeds)[0]
    script = best.evaluation
    played = [("script", best.policy, script), *learned(config, seeds, searches)]
    reference, allowed = Reference(config, seeds), with_any_share(decisions_of_learners(config))
    searched = next((evaluation.totals() for kind, _, evaluation in played if kind == "search"), None)
    rows = []
    for kind, policy, evaluation in played:
        totals = evaluation.totals()
        interval, difference = bootstrap_interval(totals), paired_difference(totals, script.totals())
        to_search = paired_difference(totals, searched) if kind in LEARNED and searched is not None else None
        rows.append({
            "kind": kind, "policy": policy, "mean": interval.mean, "low": interval.low, "high": interval.high,
            "gap": reference.gap(interval.mean, allowed),
            "difference": difference.numbers(),
            "to_search": to_search.numbers() if to_search else None,
            "cvar95": conditional_value_at_risk(totals, 0.95), "cvar99": conditional_value_at_risk(totals, 0.99),
            "worst": float(np.max(totals)), "settled": evaluation.settled_share,
        })  # fmt: skip
    bound = reference.bound
    return {
        "scenario": name, "days": len(seeds), "bound": reference.cents, "bound_kind": bound.kind if bound else None,
        "bound_error": bound.standard_error if bound else None, "rows": rows, "commit": commit(), "machine": machine(),
    }  # fmt: skip


def difference_text(given: Sequence[float] | None, best: float) -> str:
    """A difference with its interval, and in per cent of the best tuned script; empty without one."""
    if given is None:
        return ""
    mean, low, high = given
    return f"{amount_text(mean)} [{amount_text(low)}, {amount_text(high)}], {100 * mean / best:+.1f} %"


def gap_text(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The gap to the bound with its 95 % interval, from the errors of the mean and of the bound; empty without one."""
    if row["gap"] is None:
        return ""
    bound, mean = found["bound"], row["mean"]
    error = math.hypot((row["high"] - row["low"]) / 2 / bound, NORMAL * found["bound_error"] * mean / bound**2)
    return f"{row['gap']:.1%} [{row['gap'] - error:.1%}, {row['gap'] + error:.1%}]"


def cells(scenario: str, row: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """A line of the table."""
    best = found["rows"][0]["mean"]
    return [
        scenario, row["policy"], amount_text(row["mean"]), f"{amount_text(row['low'])} to {amount_text(row['high'])}",
        gap_text(row, found),
        "" if row["kind"] == "script" else difference_text(row["difference"], best),
        difference_text(row.get("to_search"), best),
        amount_text(row["cvar95"]), amount_text(row["cvar99"]), amount_text(row["worst"]),
        "" if row.get("settled") is None else f"{row['settled']:.2%}",
    ]  # fmt: skip


def markdown(results: Mapping[str, Any]) -> str:
    """The table, and what it says."""
    lines = [f"| {' | '.join(HEADS)} |", "|---|---|" + "---:|" * (len(HEADS) - 2)]
    for found in results["scenarios"]:
        for place, row in enumerate(found["rows"]):
            scenario = "" if place else f"`{found['scenario']}`"
            lines.append(f"| {' | '.join(cells(scenario, row, found))} |")
    lines += [
        "",
        "Currency units of a run, all banks together, on test days; 95 % intervals, differences paired by day.",
    ]
    for found in results["scenarios"]:
        bound = "no bound is known"
        if found["bound"] is not None:
            error = amount_text(found["bound_error"])
            bound = f"bound {amount_text(found['bound'])} (standard error {error}, {found['bound_kind']})"
        lines.append(f"`{found['scenario']}`: {found['days']:,} days, {bound}, commit {found['commit']}.")
    return "\n".join([*lines, "", f"Version {results['version']}, `{results['command']}`; {results['machine']}.", ""])


def draw(results: Mapping[str, Any]) -> Any:
    """Costs relative to the best tuned script, with intervals, and the bound as a bar."""
    scenarios = results["scenarios"]
    drawn, axis = figure(9.0, 1.4 + 0.45 * len(scenarios))
    labels = {
        "script": "best tuned script", "search": "search for constants", "slopes": "search for constants and slopes",
        "ppo": "PPO, shipped",
    }  # fmt: skip
    named = set()
    for place, found in enumerate(reversed(scenarios)):
        best = found["rows"][0]["mean"]
        heights = np.linspace(0.2, -0.2, len(found["rows"]))  # so that policies of about the same cost are all seen
        for row, height in zip(found["rows"], heights, strict=True):
            mean, low, high = (100 * (1 + value / best) for value in row["difference"])
            label = labels[row["kind"]] if row["kind"] not in named else None
            named.add(row["kind"])
            axis.errorbar(
                mean, place + height, xerr=[[mean - low], [high - mean]], fmt="o", ms=5, capsize=2,
                color=COLOURS[row["kind"]], label=None if label is None else literal_label(label),
            )  # fmt: skip
        if found["bound"] is not None:
            label = "lower bound" if "bound" not in named else None
            named.add("bound")
            axis.plot(
                [100 * found["bound"] / best] * 2,
                [place - 0.35, place + 0.35],
                color="black",
                lw=2,
                label=None if label is None else literal_label(label),
            )
    axis.set_yticks(range(len(scenarios)), [found["scenario"] for found in reversed(scenarios)])
    axis.set_xlabel("mean cost on test days, % of the best tuned script")
    axis.grid(axis="x", alpha=0.3)
    literal_legend(drawn, loc="outside upper center", ncols=3, frameon=False)
    return drawn


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the named scenarios, and write results, table and figure."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", help="ids of the library")
    parser.add_argument("--searches", type=Path, default=SHIPPED, help="folder of the searches' checkpoints")
    parser.add_argument("--folder", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="folder of the figure")
    parser.add_argument("--tables", action="store_true", help="only rebuild table and figure from the results")
    given = parser.parse_args(arguments)
    raw = given.folder / "closeness.json"
    stored = json.loads(raw.read_text(encoding="utf-8"))["scenarios"] if raw.is_file() else []
    known = {found["scenario"]: found for found in stored}
    for name in [] if given.tables else given.scenarios:
        known[name] = measure(name, given.searches)
        results = {"version": __version__, "command": COMMAND, "machine": machine(), "scenarios": list(known.values())}
        given.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(raw, (json.dumps(results, indent=1) + "\n").encode())
        print(f"{name}: {len(known[name]['rows'])} policies on {known[name]['days']:,} days", flush=True)
    results = json.loads(raw.read_text(encoding="utf-8"))
    write_atomically(given.folder / "closeness.md", markdown(results).encode())
    save(draw(results), given.assets / "closeness.png")


if __name__ == "__main__":
    main()
