"""How rare could expensive days be? ``python -m benchmarks.tail_limits [SCENARIO ...] [--days N]``.

Banks allocate the pool shares that the policy of a search chooses on each day, plus a constant. Each bank then plans
its releases with all arrivals known. So no policy with these shares has a lower mean, or cheaper expensive days. Writes
``tail-limits.json`` and ``tail-limits.md``; other scenarios keep their rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from benchmarks.scenario_rows import command_line, page, remake
from simcash_env.evaluation.bound_validity import decisions_of_learners
from simcash_env.evaluation.lower_bounds import with_any_share
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.evaluation.two_stage import relaxed_share_costs
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_policy import RankPolicy, search_checkpoint
from simcash_env.machine import made_by
from simcash_env.registry import load
from training.tails import LEVELS, SCENARIOS, tails

COMMAND: Final = "python -m benchmarks.tail_limits"
DAYS: Final = 5_000
ADDED: Final = (0.0, 0.01, 0.02, 0.03, 0.04, 0.06)
"""Shares of the pool that are added to those of the policy."""
HEADS: Final = ("scenario", "share added", "mean, %", "CVaR 95 %, %", "CVaR 99 %, %")


def measure(scenario: str, num_days: int) -> dict[str, Any]:
    """The row of a scenario: mean and tails of the policy, and with each share added."""
    config, seeds = load(scenario), validation_seeds(num_days)
    evaluation, agent = evaluate_learned(RankPolicy.load(search_checkpoint(scenario)), config, seeds)
    shares = np.clip([np.concatenate(agent.shares) + added for added in ADDED], 0.0, 1.0)
    costs = relaxed_share_costs(config, seeds, with_any_share(decisions_of_learners(config)), shares)
    totals = evaluation.totals()
    return {
        "scenario": scenario, "days": num_days, "levels": LEVELS, "mean": float(totals.mean()), "tails": tails(totals),
        "added": [
            {"share": added, "mean": float(cents.mean()), "tails": tails(cents)}
            for added, cents in zip(ADDED, costs, strict=True)
        ],
        "made_by": made_by(),
    }  # fmt: skip


def markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    """The table, and what it says."""
    body = []
    for row in rows:
        for one in row["added"]:
            before, after = [row["mean"], *row["tails"]], [one["mean"], *one["tails"]]
            mean, *tail = (100.0 * (now / then - 1.0) for now, then in zip(after, before, strict=True))
            shown = f"{one['share']:.2f}", f"{mean:+.1f}", *(f"{level:+.0f}" for level in tail)
            body.append([f"`{row['scenario']}`", *shown])
    days = " or ".join(sorted({f"{row['days']:,}" for row in rows}))
    notes = [
        "Lower bounds relative to the search, `SCENARIO-rank`: its banks' pool shares plus a constant, releases with",
        f"all arrivals known, each bank planned by itself, payments in fractions; on {days} validation days.",
    ]
    return page(COMMAND, HEADS, body, notes, rows)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the named scenarios, and write results and table."""
    purpose = __doc__.split("\n\n", maxsplit=1)[0]
    given = command_line(COMMAND, purpose, SCENARIOS, DAYS, arguments)
    remake(COMMAND, "tail-limits", SCENARIOS, given, measure, markdown)


if __name__ == "__main__":
    main()
