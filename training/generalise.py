"""One policy for a family of scenarios: ``python -m training.generalise [--members 5]``.

A policy is trained on a randomised family, with a new member at every reset. It is evaluated on members that training
does not use, and compared with a specialist trained on that member alone, the best tuned baseline of that member, and
FIFO with its best pool share. The comparison uses test days; training and tuning use training days only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.envs.families import Randomize
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import bootstrap_interval, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.policy import Policy
from simcash_env.learning.settings import load_settings
from simcash_env.literal import literal_console
from simcash_env.machine import made_by, origin
from simcash_env.registry import load
from training.publish import FOLDER

COMMAND: Final = "python -m training.generalise"
FAMILY: Final = "2b-3t-v0"
SETTINGS: Final = "family-2b-3t"
TEST_DAYS, TUNING_DAYS = 1_000, 200
SCRIPTS: Final = ("fifo", "liquidity_reserve")
MEMBERS: Final = 5
DIFFERENCES: Final = ("difference to specialist", "difference to baseline")


def member_row(number: int, config: ScenarioConfig, generalist: Policy, specialist: Policy) -> dict[str, Any]:
    """The cost of all policies on a member's test days."""
    days = held_out_seeds(TEST_DAYS)
    tuned = [tune(config, family, training_seeds(TUNING_DAYS)) for family in SCRIPTS]
    scripts = {
        family: evaluate_policy(config, found.policy, days, found.shares).totals()
        for family, found in zip(SCRIPTS, tuned, strict=True)
    }
    best = min(scripts, key=lambda family: float(scripts[family].mean()))
    general, special = (evaluate_learned(policy, config, days)[0].totals() for policy in (generalist, specialist))
    return {
        "member": number,
        "generalist": asdict(bootstrap_interval(general)),
        "specialist": asdict(bootstrap_interval(special)),
        "script": {"policy": f"tuned:{best}", **asdict(bootstrap_interval(scripts[best]))},
        "fifo": asdict(bootstrap_interval(scripts["fifo"])),
        "to_specialist": asdict(paired_difference(general, special)),
        "to_script": asdict(paired_difference(general, scripts[best])),
    }


def run(members: int, report: Any) -> dict[str, Any]:
    """Train and compare."""
    settings = load_settings(SETTINGS)
    report("training on the family")
    generalist = train(settings, 0).policy
    family = Randomize(**{**(settings.randomize or {}), "split": "test", "num_members": members})
    special = settings.model_copy(update={"randomize": None, "total_steps": settings.total_steps // 2})
    rows = []
    for number, config in enumerate(family.members(load(settings.scenario))):
        report(f"member {number}")
        specialist = train(special, 0, config=config).policy
        rows.append(member_row(number, config, generalist, specialist))
    return {
        **made_by(), "command": COMMAND, "family": settings.randomize, "scenario": settings.scenario,
        "test_days": TEST_DAYS, "steps": settings.total_steps, "specialist_steps": special.total_steps, "rows": rows,
    }  # fmt: skip


def markdown(results: Mapping[str, Any]) -> str:
    """The table with its notes, as Markdown."""
    head = ("member", "generalist", "specialist", "best tuned baseline", "FIFO, best share", *DIFFERENCES)
    lines = ["| " + " | ".join(head) + " |", "|---|---:|---:|---:|---:|---|---|"]
    lines += [line(row) for row in results["rows"]]
    ratios = {
        name: float(np.mean([row["generalist"]["mean"] / row[name]["mean"] for row in results["rows"]]))
        for name in ("specialist", "script", "fifo")
    }
    notes = f"""
Cents per run of `{results["scenario"]}` with redrawn sizes, rates and prices. Members are from the test split, which
training does not use. Means over {results["test_days"]:,} test days; differences are paired by day (95 % intervals).
Mean ratio of the generalist's cost to the specialist's: {ratios["specialist"]:.3f}; to the tuned baseline's:
{ratios["script"]:.3f}; to that of FIFO with its best share: {ratios["fifo"]:.3f}. Training steps:
{results["steps"]:,} for the generalist, on the family; {results["specialist_steps"]:,} for each specialist.
`{results["command"]}`. {origin(results)}."""
    return "\n".join([*lines, notes])


def line(row: Mapping[str, Any]) -> str:
    """One row of the table."""
    cells = [
        str(row["member"]),
        f"{row['generalist']['mean']:,.0f}",
        f"{row['specialist']['mean']:,.0f}",
        f"{row['script']['policy'].removeprefix('tuned:')} {row['script']['mean']:,.0f}",
        f"{row['fifo']['mean']:,.0f}",
        difference(row, "specialist"),
        difference(row, "script"),
    ]
    return "| " + " | ".join(cells) + " |"


def difference(row: Mapping[str, Any], other: str) -> str:
    """Cost difference to another policy in cents, with its interval."""
    found = row[f"to_{other}"]
    return f"{found['mean']:+,.0f} ({found['low']:+,.0f} to {found['high']:+,.0f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the comparison and write its results."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--members", type=int, default=MEMBERS, help="Number of members of the test split.")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of generalise.json and generalise.md.")
    given: Any = parser.parse_args(arguments)
    results = run(given.members, literal_console(stderr=True).print)
    given.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(given.folder / "generalise.json", (json.dumps(results, indent=1) + "\n").encode())
    write_atomically(given.folder / "generalise.md", (markdown(results) + "\n").encode())


if __name__ == "__main__":
    main()
