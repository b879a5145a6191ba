"""Search for a policy, about a minute, and compare it with the scripted ones: ``python -m training.demo``."""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simcash_env import __version__
from simcash_env.cli.screen import data_console
from simcash_env.cli.training import cli_train
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.evaluation.bound_validity import decisions_of_learners
from simcash_env.evaluation.evaluate import Evaluation, evaluate_policy, played_seeds
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.leaderboard import Row, baseline_rows, edge_warnings, make_row
from simcash_env.evaluation.lower_bounds import OF_BANKS_ALONE, with_any_share
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import PLAYED_ONCE
from simcash_env.files import make_folder_of, write_atomically
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_policy import RankPolicy
from simcash_env.learning.settings import SEARCH
from simcash_env.literal import literal_console, literal_text
from simcash_env.registry import load
from training.plots import LEARNED_NAME, draw

SCENARIO: Final = "castro-12period-v0"
SETTINGS: Final = "castro-12period-v0-rank"
FOLDER: Final = Path("results") / "demo"
TEST_DAYS: Final = 100_000
TUNING_DAYS: Final = 2_000
MOST_SECONDS: Final = 180.0
UNPLAYED: Final = frozenset({"hold_all", "random"})
"""Policies in the table but not in the figure, where their high cost would compress all other bars."""


@dataclass(frozen=True, eq=False)
class Score:
    """A table row and the costs behind it."""

    row: Row
    evaluation: Evaluation


def score_scripted(
    config: ScenarioConfig, seeds: Sequence[int], tuning: Sequence[int], console: Console
) -> list[Score]:
    """Score the scripted policies, including the tuned ones."""
    scores = []
    with console.status("tuning the scripted policies") as status:
        for row, evaluation in baseline_rows(config, seeds, tuning):
            scores.append(Score(row, evaluation))
            status.update(literal_text(f"scored {row.policy}"))
    return scores


HEADS: Final = ("policy", "mean", "95 % interval", "liquidity", "delay", "penalties", "parameters")


def cells(row: Row) -> tuple[str, ...]:
    """A row of the table, one cell for each of ``HEADS``."""
    kinds = row.by_kind
    penalties = kinds["deadline_penalty"] + kinds["eod_penalty"] + kinds["drop_penalty"]
    return (
        row.policy,
        f"{row.total.mean:,.0f}",
        row.total.range(" - "),
        f"{kinds['liquidity']:,.0f}",
        f"{kinds['delay']:,.0f}",
        f"{penalties:,.0f}",
        row.parameters,
    )


def caption(scores: Sequence[Score]) -> str:
    """The caption: what the figures are."""
    count = max(score.row.total.count for score in scores)
    parts = (
        [f"mean and 95 % bootstrap interval over {count:,} test days, which were not used for training or tuning"]
        if count > 1
        else []
    )
    parts += [PLAYED_ONCE] if any(score.row.total.count == 1 for score in scores) else []
    return "; ".join(parts)


def cheapest_first(scores: Sequence[Score]) -> list[Row]:
    """The rows in ascending order of mean cost."""
    return sorted((score.row for score in scores), key=lambda row: row.total.mean)


def comparison_table(scores: Sequence[Score]) -> Table:
    """The table for the terminal: cheapest first, the learned policy in bold."""
    table = Table(
        title=f"{SCENARIO}: cost per day in cents, both banks", caption=caption(scores), box=box.SIMPLE_HEAD,
        pad_edge=False, collapse_padding=True,
    )  # fmt: skip
    for name in HEADS[:-1]:
        table.add_column(name, justify="left" if name == "policy" else "right", no_wrap="interval" not in name)
    for row in cheapest_first(scores):
        table.add_row(*cells(row)[:-1], style="bold" if row.policy == LEARNED_NAME else None)
    return table


def parameter_lines(scores: Sequence[Score]) -> list[str]:
    """The parameters of each row, which would not fit in the table of a terminal."""
    return [f"{row.policy}: {row.parameters}" for row in cheapest_first(scores) if row.parameters]


def markdown_table(scores: Sequence[Score], sentence: str) -> str:
    """The same table as Markdown, with a sentence on the result and the command that reproduces it."""
    lines = ["| " + " | ".join(HEADS) + " |", "|---|---:|---:|---:|---:|---:|---|"]
    for row in cheapest_first(scores):
        texts = [f"**{text}**" if text and row.policy == LEARNED_NAME else text for text in cells(row)]
        lines.append("| " + " | ".join(texts) + " |")
    lines += ["", f"`{SCENARIO}`, cost per day in cents, both banks: {caption(scores)}. {sentence}"]
    return "\n".join([*lines, f"Version {__version__}, `python -m training.demo --markdown FILE`.", ""])


def verdict(learned: Score, best: Score) -> str:
    """One sentence on the learned policy and the best scripted one."""
    difference = learned.evaluation.minus(best.evaluation)
    percent = 100 * difference.mean / best.row.total.mean
    if learned.row.total.is_below(best.row.total):
        words = "cheaper, and the intervals do not overlap"
    elif difference.high < 0:
        words = "cheaper on the same days, although the intervals of the means overlap"
    elif difference.low > 0:
        words = "more expensive"
    else:
        words = "not clearly different"
    return (
        f"The learned policy is {words}: {difference} cents per day ({percent:+.1f} %) relative to {best.row.policy}."
    )


def habits(policy: RankPolicy, shares: npt.NDArray[np.float64], bank_ids: Sequence[str]) -> list[str]:
    """Sentences on the pool shares that the learned policy chooses, and its constants.

    Args:
        policy: the policy.
        shares: (runs, banks) pool shares on test days.
        bank_ids: names of those banks.
    """
    lines = []
    for place, bank in enumerate(bank_ids):
        low, middle, high = np.quantile(shares[:, place], (0.05, 0.5, 0.95))
        lines.append(
            f"{bank} commits {middle:.1%} of its pool on the median day, {low:.1%} to {high:.1%} on 90 % of days."
        )
    values = policy.layout.named(policy.parameters[0])
    searched = policy.settings.search.components
    lines.append("Constants: " + ", ".join(f"{name} {values[name]:.3f}" for name in searched) + ".")
    return lines


def bound_sentence(config: ScenarioConfig, learned: Score, best: Score) -> str:
    """One sentence on the lower bound of the mean cost on these days; empty if none is known."""
    reference = Reference(config, learned.evaluation.seeds)
    allowed = with_any_share(decisions_of_learners(config))
    gaps = [reference.gap(score.row.total.mean, allowed) for score in (learned, best)]
    if reference.bound is None or reference.cents is None or None in gaps:
        return ""
    who = "No policy whose banks decide alone" if reference.bound.kind in OF_BANKS_ALONE else "No policy"
    return (
        f"{who} costs less than {reference.cents:,.0f} cents per day on average ({reference.bound.kind} bound, "
        f"standard error {reference.bound.standard_error:,.0f}): the learned policy is at most {gaps[0]:.1%} above it, "
        f"{best.row.policy} {gaps[1]:.1%}."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, score, print the table and draw the figure."""
    parser = argparse.ArgumentParser(prog="python -m training.demo", description=__doc__)
    parser.add_argument("--steps", type=int, default=None, help="Training steps (bank decisions).")
    parser.add_argument("--seed", type=int, default=0, help="Random seed of the training.")
    parser.add_argument("--test-days", type=int, default=TEST_DAYS, help="Number of test days.")
    parser.add_argument("--tuning-days", type=int, default=TUNING_DAYS, help="Number of training days for tuning.")
    parser.add_argument("--markdown", type=Path, default=None, metavar="FILE", help="Markdown file for the table.")
    parser.add_argument("--out", type=Path, default=FOLDER, help="Folder for the checkpoint and the figure.")
    given: Any = parser.parse_args(arguments)
    begin, console = time.monotonic(), data_console()
    config, seeds = load(SCENARIO), held_out_seeds(given.test_days)
    console.print(Text.assemble((SCENARIO, "bold"), f": {config.description}"))
    with console.status("compiling the engine (once on this machine)"):
        evaluate_policy(config, FifoPolicy(), [1])
    console.print("Searching for the constants of one policy for both banks, about a minute.")
    trained = cli_train(
        SETTINGS, given.seed, given.steps, given.out / "policy.npy", algorithm=SEARCH, max_seconds=MOST_SECONDS,
        console=console,
    )  # fmt: skip
    evaluation, agent = evaluate_learned(trained.policy, config, played_seeds(config, seeds))
    scores = score_scripted(config, seeds, training_seeds(given.tuning_days), console)
    parameters = f"search by CMA-ES, {trained.facts.steps:,} decisions of banks, seed {given.seed}"
    learned = Score(make_row(LEARNED_NAME, parameters, evaluation, scores[0].evaluation), evaluation)
    best = min(scores, key=lambda score: score.row.total.mean)
    console.print(comparison_table([*scores, learned]))
    for line in parameter_lines([*scores, learned]):
        console.print(line, highlight=False)
    for warning in edge_warnings([score.row for score in scores]):
        literal_console(stderr=True).print(f"warning: {warning}", highlight=False)
    sentence = " ".join(filter(None, (verdict(learned, best), bound_sentence(config, learned, best))))
    console.print(sentence)
    if given.markdown is not None:
        make_folder_of(given.markdown)
        write_atomically(given.markdown, markdown_table([*scores, learned], sentence).encode())
    shares = np.concatenate(agent.shares)
    for line in habits(trained.policy, shares, trained.facts.bank_ids):
        console.print(line)
    figure = given.out / "comparison.png"
    shown = [score.row for score in (*scores, learned) if score.row.policy not in UNPLAYED]
    draw(figure, shown, trained.facts.curve, shares, trained.facts.bank_ids)
    console.print(
        f"Figure: {figure}   checkpoint: {given.out / 'policy.npy'}   {time.monotonic() - begin:,.0f} s in total"
    )


if __name__ == "__main__":
    main()
