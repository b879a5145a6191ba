"""How much of the gap to the bound is foresight? ``python -m benchmarks.foresight [SCENARIO ...] [--days N]``.

Plays the policy of a search on test days. Then plans all releases of some of these days together, with all arrivals
known and the pool shares that the policy chose. The difference is the value of foresight: no policy with these shares
can save all of it. Writes ``foresight.json`` and ``foresight.md``; other scenarios keep their rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks.scenario_rows import command_line, page, remake
from simcash_env.amounts import amount_text
from simcash_env.evaluation.bound_validity import decisions_of_learners
from simcash_env.evaluation.evaluate import played_seeds
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.statistics import paired_difference
from simcash_env.evaluation.two_stage import given_share_costs
from simcash_env.learning.checkpoint import find_checkpoint
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_policy import RankPolicy
from simcash_env.machine import made_by
from simcash_env.registry import load

COMMAND: Final = "python -m benchmarks.foresight"
POLICIES: Final = {
    "2b-3t-v0": "slopes", "3b-6t-v0": "slopes", "4b-8t-v0": "slopes", "castro-12period-v0": "slopes",
    "2b-stress-v0": "slopes", "5b-12t-v0": "slopes",
}  # fmt: skip
"""Scenarios whose banks choose a pool share, and the search whose policy is the cheapest there."""
DAYS: Final = 1_000
HEADS: Final = ("scenario", "policy", "days", "its cost", "with releases that know the future", "saved")


def measure(scenario: str, num_days: int) -> dict[str, Any]:
    """The row of a scenario."""
    name, config = f"{scenario}-{POLICIES[scenario]}", load(scenario)
    seeds = played_seeds(config, held_out_seeds(num_days))
    evaluation, agent = evaluate_learned(RankPolicy.load(find_checkpoint(Path(name))), config, seeds)
    may = decisions_of_learners(config)
    totals, shares = evaluation.totals(), np.clip(np.concatenate(agent.shares), 0.0, 1.0)
    planned = given_share_costs(config, seeds, may, shares)
    return {
        "scenario": scenario, "policy": name, "days": num_days, "mean": float(totals.mean()),
        "planned": float(planned.mean()), "saved": paired_difference(totals, planned).numbers(),
        "made_by": made_by(),
    }  # fmt: skip


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table, and what it says."""
    body = []
    for row in rows:
        saved = [f"{value / row['mean']:.1%}" for value in row["saved"]]
        body.append([
            f"`{row['scenario']}`", f"`{row['policy']}`", f"{row['days']:,}", amount_text(row["mean"]),
            amount_text(row["planned"]), f"{saved[0]} [{saved[1]}, {saved[2]}]",
        ])  # fmt: skip
    notes = [
        "Currency units of a run, all banks together, on test days. *Saved*: by releases that all banks plan together",
        "with all arrivals known, under the pool shares that the policy chose, in per cent of its cost, with a 95 %",
        "interval, paired by day; only what the solver proves in time counts.",
    ]
    return page(COMMAND, HEADS, body, notes, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the named scenarios, and write results and table."""
    purpose = __doc__.split("\n\n", maxsplit=1)[0]
    given = command_line(COMMAND, purpose, tuple(POLICIES), DAYS, arguments)
    remake(COMMAND, "foresight", tuple(POLICIES), given, measure, markdown)


if __name__ == "__main__":
    main()
