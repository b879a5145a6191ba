"""Do rollout policies cost less than their base? ``python -m benchmarks.rollout [SCENARIO ...] [--days N]``.

The base is the best of all tuned scripts, tuned on training days and chosen on validation days (``tuned``), or one that
is not tuned and allocates the pool as the scenario does (``fifo``). Rollout policy and base play the same validation
days, so that the difference is paired. Writes ``rollout.json`` and ``rollout.md``, in which other scenarios and bases
keep their rows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.rollout_policy import (
    RolloutBase,
    RolloutSettings,
    play_rollout,
    rollout_base,
    tuned_base,
)
from simcash_env.evaluation.seeds import training_seeds, validation_seeds
from simcash_env.evaluation.statistics import Interval
from simcash_env.files import write_atomically
from simcash_env.machine import commit, machine
from simcash_env.registry import load

FOLDER: Final = Path("docs") / "results"
SCENARIOS: Final = (
    "2b-3t-v0", "two-banks-v0", "3b-6t-v0", "4b-8t-v0", "castro-12period-v0", "5b-12t-v0", "2b-stress-v0",
    "lynx-day-v0", "crisis-v0",
)  # fmt: skip
TUNED: Final = "tuned"
BASES: Final = (TUNED, "fifo")
VARIED: Final = "4b-8t-v0"
"""Scenario on which the settings are varied."""
VARIANTS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"samples": 8},
    {"samples": 128},
    {"objective": "own"},
    {"banks": "jointly"},
    {"rounds": 2},
    {"confidence": 0.0},
    {"confidence": 2.0},
    {"horizon_ticks": 2},
    {"horizon_ticks": 4},
    {"candidates": ["pool"]},
    {"candidates": ["scripts"]},
    {"candidates": ["orders"]},
    {"candidates": ["changes"]},
    {"candidates": ["pool", "orders"]},
)
HEAD: Final = (
    "scenario", "base", "cost of the base", "cost of the rollout", "difference, 95 % interval", "in per cent",
    "settings", "days", "ms a decision",
)  # fmt: skip


def measure(scenario: str, base: RolloutBase, num_days: int, changes: Mapping[str, Any]) -> dict[str, Any]:
    """One row: a rollout policy against its base on validation days."""
    config, days, settings = load(scenario), validation_seeds(num_days), RolloutSettings(**changes)
    plain = evaluate_policy(config, base.policy, days, base.shares)
    played = play_rollout(config, base, days, settings).evaluation
    return {
        "scenario": scenario,
        "base": base.name,
        "policy": base.policy.model_dump(mode="json", exclude={"file"}),
        "shares": base.shares,
        "base_cents": asdict(plain.total()),
        "cents": asdict(played.total()),
        "difference": asdict(played.minus(plain)),
        "changes": dict(changes),
        "settings": settings.describe(),
        "milliseconds_per_decision": played.milliseconds_per_decision,
        "days": num_days,
        "commit": commit(),
        "machine": machine(),
    }


def key(row: Mapping[str, Any]) -> tuple[str, str]:
    """What a row is kept by: the scenario, and the base, of which the best tuned one may change."""
    return row["scenario"], TUNED if row["base"].startswith(TUNED) else row["base"]


def order(row: Mapping[str, Any]) -> tuple[bool, int, str]:
    """Where a row stands: tuned bases first, scenarios in the order of ``SCENARIOS``."""
    scenario, base = key(row)
    return base != TUNED, SCENARIOS.index(scenario) if scenario in SCENARIOS else len(SCENARIOS), scenario


def cells(row: Mapping[str, Any]) -> list[str]:
    """A line of the table."""
    base, cents, difference = (Interval(**row[name]) for name in ("base_cents", "cents", "difference"))
    return [
        f"`{row['scenario']}`",
        row["base"],
        f"{base.mean:,.0f}",
        f"{cents.mean:,.0f}",
        f"{difference.mean:+,.0f} [{difference.low:+,.0f}, {difference.high:+,.0f}]",
        f"{100 * difference.mean / base.mean:+.1f} %",
        row["settings"] + "".join(f"; {name} {_text(value)}" for name, value in row["changes"].items() if name in TOLD),
        f"{row['days']:,}",
        f"{row['milliseconds_per_decision']:.1f}",
    ]


TOLD: Final = ("confidence", "rounds", "candidates")
"""Settings that their description leaves out."""


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list | tuple) else f"{value:g}"


def markdown(results: Mapping[str, Any]) -> str:
    """Both tables, with what they were measured on."""
    lines = []
    for rows in filter(None, (results["rows"], results["variants"])):
        lines += ["| " + " | ".join(HEAD) + " |", "|---|---|---:|---:|---:|---:|---|---:|---:|"]
        lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
        lines.append("")
    places = sorted({f"{row['commit']} on {row['machine']}" for row in (*results["rows"], *results["variants"])})
    lines += [
        "Cents a run, all banks together, on validation days (seeds from 1,000,000 on). A base `tuned:` is the best of",
        "nine scripts tuned on training days; `fifo` allocates the pool as the scenario does. Difference: rollout",
        "minus base, paired by day, 95 % bootstrap interval.",
        "Milliseconds are wall time for the decision of one bank on one core.",
        f"Version {results['version']}, `python -m benchmarks.rollout`; {'; '.join(places)}.",
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=list(SCENARIOS), help="Scenarios; others keep their rows.")
    parser.add_argument("--days", type=int, default=500, help="Number of validation days.")
    parser.add_argument("--tuning-days", type=int, default=100, help="Number of training days for the base.")
    parser.add_argument("--samples", type=int, default=32, help="Futures sampled at a decision.")
    parser.add_argument("--bases", nargs="+", default=list(BASES), help="Base policies; others keep their rows.")
    parser.add_argument("--variants", action="store_true", help=f"Vary the settings on {VARIED} as well.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of rollout.json and rollout.md.")
    given = parser.parse_args(arguments)
    raw = given.folder / "rollout.json"
    known = json.loads(raw.read_text(encoding="utf-8")) if raw.is_file() else {"rows": [], "variants": []}
    rows, variants = {key(row): row for row in known["rows"]}, known["variants"]
    for scenario, name in ((scenario, name) for scenario in given.scenarios for name in given.bases):
        config = load(scenario)
        base = tuned_base(config, training_seeds(given.tuning_days)) if name == TUNED else rollout_base(config, name)
        row = measure(scenario, base, given.days, {"samples": given.samples})
        rows[key(row)] = row
        print(" | ".join(cells(row)), flush=True)
        if given.variants and (scenario, name) == (VARIED, TUNED):
            variants = []
            for changes in VARIANTS:
                variants.append(measure(scenario, base, given.days, {"samples": given.samples, **changes}))
                print(" | ".join(cells(variants[-1])), flush=True)
        results = {"version": __version__, "rows": sorted(rows.values(), key=order), "variants": variants}
        given.folder.mkdir(parents=True, exist_ok=True)
        write_atomically(raw, (json.dumps(results, indent=1) + "\n").encode())
        write_atomically(given.folder / "rollout.md", markdown(results).encode())


if __name__ == "__main__":
    main()
