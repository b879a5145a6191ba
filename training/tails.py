"""What do fewer expensive days cost? ``python -m training.tails [SCENARIO ...] [--weights 0.1 1 ...]``.

Searches constants and slopes from the shipped constants of a scenario, once for each weight of the most expensive days
(setting ``risk_weight``, CVaR at 95 %). Appends a line for each search to ``docs/results/tails.jsonl``: mean and CVaR
on validation days next to those of the start, which only minimises the mean. A run whose line is there is not repeated.
``--tables`` only rebuilds the table.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt

from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.evaluation.statistics import conditional_value_at_risk, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_policy import RankPolicy, search_checkpoint
from simcash_env.learning.rank_search import train
from simcash_env.learning.settings import TrainingSettings, load_settings
from simcash_env.machine import made_by, origin
from training.lines import complete, read_lines, table

RESULTS: Final = Path("docs") / "results" / "tails.jsonl"
COMMAND: Final = "python -m training.tails"
SCENARIOS: Final = ("castro-12period-v0", "2b-3t-v0", "3b-6t-v0", "2b-stress-v0")
WEIGHTS: Final = (0.1, 0.3, 1.0, 3.0)
DAYS: Final = 20_000
LEVELS: Final = (0.95, 0.99)
CASE: Final = ("scenario", "weight", "seed")
HEADS: Final = ("scenario", "weight", "seed", "mean, %", "CVaR 95 %, %", "CVaR 99 %, %")


def settings_with(scenario: str, weight: float) -> TrainingSettings:
    """Settings of the search for slopes, with this weight of the most expensive days."""
    settings = load_settings(f"{scenario}-slopes")
    search = settings.search.model_copy(update={"risk_weight": weight, "risk_level": LEVELS[0]})
    return settings.model_copy(update={"search": search})


def tails(cents: npt.ArrayLike) -> list[float]:
    """Mean cost of the most expensive 5 % and 1 % of the days."""
    return [conditional_value_at_risk(cents, level) for level in LEVELS]


def measure(scenario: str, weight: float, seed: int, days: int) -> dict[str, Any]:
    """Search once and compare with the start; the line of results."""
    settings = settings_with(scenario, weight)
    config, seeds, found = settings.config(), validation_seeds(days), train(settings, seed).policy
    cost, start = (
        evaluate_learned(policy, config, seeds)[0].totals()
        for policy in (found, RankPolicy.load(search_checkpoint(scenario)))
    )
    return {
        "scenario": scenario, "weight": weight, "seed": seed, "days": days, "mean": float(cost.mean()),
        "start": float(start.mean()), "minus_start": paired_difference(cost, start).numbers(),
        "tails": tails(cost), "start_tails": tails(start),
        "constants": [found.layout.named(row) for row in found.parameters],
        "settings": settings.search.model_dump(mode="json"), **made_by(),
    }  # fmt: skip


def cells(line: Mapping[str, Any]) -> list[str]:
    """A line of the table, relative to the start."""
    mean, low, high = (100.0 * value / line["start"] for value in line["minus_start"])
    changes = [100.0 * (now / before - 1.0) for now, before in zip(line["tails"], line["start_tails"], strict=True)]
    return [
        f"`{line['scenario']}`", f"{line['weight']:g}", str(line["seed"]), f"{mean:+.1f} [{low:+.1f}, {high:+.1f}]",
        *(f"{change:+.0f}" for change in changes),
    ]  # fmt: skip


def markdown(lines: Sequence[Mapping[str, Any]]) -> str:
    """The table of all runs, by scenario and weight."""
    days = sorted({f"{line['days']:,}" for line in lines})
    made = " ".join(f"{one}." for one in sorted(set(map(origin, lines))))
    return "\n".join([
        *table(lines, CASE, HEADS, cells), "",
        f"Per cent of the search without weight, `SCENARIO-rank`, on {' or '.join(days)} validation days; 95 %",
        f"bootstrap intervals, paired by day. `{COMMAND}`. {made}",
        "",
    ])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs that are missing, and the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", default=SCENARIOS, help="ids with settings SCENARIO-slopes")
    parser.add_argument("--weights", type=float, nargs="+", default=WEIGHTS, help="weights of the CVaR")
    parser.add_argument("--seeds", type=int, default=1, help="searches of each, seeds from 0")
    parser.add_argument("--days", type=int, default=DAYS, help="validation days")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of results; the table stands beside it")
    parser.add_argument("--tables", action="store_true", help="only rebuild the table")
    given = parser.parse_args(arguments)
    cases = itertools.product(given.scenarios, given.weights, range(given.seeds))
    if not given.tables:
        complete(given.out, CASE, cases, lambda case: measure(*case, given.days), cells)
    write_atomically(given.out.with_suffix(".md"), markdown(read_lines(given.out)).encode())


if __name__ == "__main__":
    main()
