"""Does PPO find more around the constants of a search? ``python -m training.around SCENARIO [--log-std -5 ...]``.

Trains PPO on the rank action, added to the actions of the scenario's shipped search (setting ``start``), once for each
given width of exploration and learning rate. Appends a line for each run to ``docs/results/around-search.jsonl``: the
settings, and the cost on validation days relative to the search's, paired by day. A run whose line is there is not
repeated. ``--tables`` only rebuilds the table.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.cli.doctor import processor
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.evaluation.statistics import paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.ippo import train
from simcash_env.learning.rank_policy import RankPolicy, search_checkpoint
from simcash_env.learning.settings import TrainingSettings, load_settings
from simcash_env.machine import commit
from simcash_env.registry import load
from training.lines import complete, read_lines, table

RESULTS: Final = Path("docs") / "results" / "around-search.jsonl"
COMMAND: Final = "python -m training.around"
DAYS: Final = 2_000
STEPS: Final = 2_000_000
CASE: Final = ("scenario", "seed", "steps", "log_std", "learning_rate")
HEADS: Final = ("scenario", "steps", "log_std", "learning rate", "seed", "cost less the search's, % of it")


def settings_around(scenario: str, steps: int, log_std: float, learning_rate: float) -> TrainingSettings:
    """The scenario's settings, with the rank action around its search and without imitation."""
    return load_settings(
        scenario, action="rank", start=f"{scenario}-rank", log_std=log_std, learning_rate=learning_rate,
        total_steps=steps, imitate_steps=0, entropy=0.0, largest_share=1.0,
    )  # fmt: skip


def measure(scenario: str, seed: int, steps: int, log_std: float, learning_rate: float, days: int) -> dict[str, Any]:
    """Train once and compare with the search; the line of results."""
    config, seeds = load(scenario), validation_seeds(days)
    trained = train(settings_around(scenario, steps, log_std, learning_rate), seed)
    cost, search = (
        evaluate_learned(policy, config, seeds)[0].totals()
        for policy in (trained.policy, RankPolicy.load(search_checkpoint(scenario)))
    )
    difference = paired_difference(cost, search)
    return {
        "scenario": scenario, "seed": seed, "steps": steps, "log_std": log_std, "learning_rate": learning_rate,
        "search": float(search.mean()), "minus_search": difference.numbers(),
        "days": days, "version": __version__, "commit": commit(), "processor": processor(),
    }  # fmt: skip


def cells(line: Mapping[str, Any]) -> list[str]:
    """A line of the table."""
    mean, low, high = (100.0 * value / line["search"] for value in line["minus_search"])
    return [
        f"`{line['scenario']}`", f"{line['steps']:,}", f"{line['log_std']:g}", f"{line['learning_rate']:g}",
        str(line["seed"]), f"{mean:+.2f} [{low:+.2f}, {high:+.2f}]",
    ]  # fmt: skip


def markdown(lines: Sequence[Mapping[str, Any]]) -> str:
    """The table of all runs, by scenario and width."""
    made = sorted({f"{line['commit']} on {line['processor']}" for line in lines})
    days = sorted({f"{line['days']:,}" for line in lines})
    return "\n".join([
        *table(lines, CASE, HEADS, cells), "",
        f"{' or '.join(days)} validation days, 95 % bootstrap intervals, paired by day.",
        f"`{COMMAND}`; {'; '.join(made)}.",
        "",
    ])  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the runs that are missing, and the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__.splitlines()[0])
    parser.add_argument("scenarios", nargs="*", help="ids of the library with a shipped search")
    parser.add_argument("--log-std", type=float, nargs="+", default=[-4.0], help="widths of exploration")
    parser.add_argument("--learning-rate", type=float, nargs="+", default=[3e-4], help="learning rates at the start")
    parser.add_argument("--steps", type=int, default=STEPS, help="decisions of banks in a run")
    parser.add_argument("--seeds", type=int, default=1, help="runs of each, seeds from 0")
    parser.add_argument("--days", type=int, default=DAYS, help="validation days")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of results; the table stands beside it")
    parser.add_argument("--tables", action="store_true", help="only rebuild the table")
    given = parser.parse_args(arguments)
    cases = itertools.product(given.scenarios, range(given.seeds), [given.steps], given.log_std, given.learning_rate)
    if not given.tables:
        complete(given.out, CASE, cases, lambda case: measure(*case, given.days), cells)
    write_atomically(given.out.with_suffix(".md"), markdown(read_lines(given.out)).encode())


if __name__ == "__main__":
    main()
