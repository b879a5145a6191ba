"""One policy for a family of scenarios: ``python -m training.generalise [--members 5]``.

A policy is trained on a randomised family, a member at every reset. It is then played on members that it has never met,
beside a specialist trained on that very member alone, the best tuned script of that member, and FIFO with the share
that is best there. All days of the comparison are test days; tuning and training see training days only.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env import __version__
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
from simcash_env.registry import load
from training.publish import FOLDER

COMMAND: Final = "python -m training.generalise"
FAMILY: Final = "2b-3t-v0"
SETTINGS: Final = "family-2b-3t"
TEST_DAYS, TUNING_DAYS = 1_000, 200
SCRIPTS: Final = ("fifo", "liquidity_reserve")
MEMBERS: Final = 5


def member_row(number: int, config: ScenarioConfig, generalist: Policy, specialist: Policy) -> dict[str, Any]:
    """What all cost on a member's test days."""
    days = held_out_seeds(TEST_DAYS)
    tuned = [tune(config, family, training_seeds(TUNING_DAYS)) for family in SCRIPTS]
    scripts = {
        family: evaluate_policy(config, found.policy, days, found.shares).totals()
        for family, found in zip(SCRIPTS, tuned, strict=True)
    }
    best = min(scripts, key=lambda family: float(scripts[family].mean()))
    general, special = (evaluate_learned(player, config, days)[0].totals() for player in (generalist, specialist))
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
        "version": __version__, "command": COMMAND, "family": settings.randomize, "scenario": settings.scenario,
        "test_days": TEST_DAYS, "steps": settings.total_steps, "specialist_steps": special.total_steps, "rows": rows,
    }  # fmt: skip


def markdown(results: Mapping[str, Any]) -> str:
    """The page."""
    head = ("member", "generalist", "specialist", "best tuned script", "FIFO, best share", "to specialist", "to script")
    lines = ["| " + " | ".join(head) + " |", "|---|---:|---:|---:|---:|---|---|"]
    lines += [line(row) for row in results["rows"]]
    ratios = {
        name: float(np.mean([row["generalist"]["mean"] / row[name]["mean"] for row in results["rows"]]))
        for name in ("specialist", "script", "fifo")
    }
    notes = f"""
Cents of a run of `{results["scenario"]}` with its sizes, rates and prices drawn anew: members of the test split, which
no training has seen; means of {results["test_days"]:,} test days, paired differences with 95 % intervals.
Mean ratio of the generalist's cost: {ratios["specialist"]:.3f} to the specialist's, {ratios["script"]:.3f} to the tuned
script's, {ratios["fifo"]:.3f} to FIFO's with the best share. The generalist had {results["steps"]:,} steps on the
family, each specialist {results["specialist_steps"]:,} on its member.
Version {results["version"]}, `{results["command"]}`."""
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
    """Cents more than another, with an interval."""
    found = row[f"to_{other}"]
    return f"{found['mean']:+,.0f} ({found['low']:+,.0f} to {found['high']:+,.0f})"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--members", type=int, default=MEMBERS, help="of the test split")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given: Any = parser.parse_args(arguments)
    results = run(given.members, literal_console(stderr=True).print)
    given.folder.mkdir(parents=True, exist_ok=True)
    write_atomically(given.folder / "generalise.json", (json.dumps(results, indent=1) + "\n").encode())
    write_atomically(given.folder / "generalise.md", (markdown(results) + "\n").encode())


if __name__ == "__main__":
    main()
