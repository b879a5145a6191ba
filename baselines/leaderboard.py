"""The table of scripted policies: ``python -m baselines.leaderboard SCENARIO... [--json] [--seeds N]``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from baselines.evaluate import Evaluation, evaluate_agent, evaluate_policy
from baselines.grid import FAMILIES, has_pool, tune
from baselines.scripted import HoldAll, RandomLegal
from baselines.seeds import held_out_seeds, training_seeds
from baselines.statistics import Interval
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.registry import load, scenario_ids

NUM_TEST_SEEDS: Final = 200
NUM_TRAINING_SEEDS: Final = 500
HALF: Final = 0.5


@dataclass(frozen=True)
class Row:
    """One policy on one scenario, cents of all banks together, on test seeds."""

    scenario: str
    policy: str
    parameters: str
    total: Interval
    difference_to_fifo: Interval
    by_kind: dict[str, float]
    by_bank: dict[str, float]


def make_row(policy: str, parameters: str, evaluation: Evaluation, fifo: Evaluation) -> Row:
    """A row from an evaluation and FIFO's on the same seeds."""
    return Row(
        evaluation.scenario, policy, parameters, evaluation.total(), evaluation.minus(fifo), evaluation.by_kind(),
        evaluation.by_bank(),
    )  # fmt: skip


def baseline_rows(
    config: ScenarioConfig, seeds: Sequence[int], tuning_seeds: Sequence[int] | None
) -> Iterator[tuple[Row, Evaluation]]:
    """The scripted policies one after another, each with its costs; the tuned ones where there are tuning seeds."""
    fifo = evaluate_policy(config, FifoPolicy(), seeds)
    yield make_row("fifo", "pool as configured" if has_pool(config) else "", fifo, fifo), fifo
    if has_pool(config):
        half = evaluate_policy(config, FifoPolicy(), seeds, [HALF] * len(config.banks))
        yield make_row("fifo", "pool 50 %", half, fifo), half
    for name, agent in (("hold_all", HoldAll(0)), ("random", RandomLegal())):
        played = evaluate_agent(config, agent, seeds)
        yield make_row(name, "", played, fifo), played
    if tuning_seeds is not None:
        for family in FAMILIES:
            found = tune(config, family, tuning_seeds)
            tuned = evaluate_policy(config, found.policy, seeds, found.shares)
            yield make_row(f"tuned:{family}", found.describe(), tuned, fifo), tuned


def run_benchmark(
    scenarios: Sequence[str],
    num_seeds: int = NUM_TEST_SEEDS,
    *,
    num_tuning_seeds: int = NUM_TRAINING_SEEDS,
    report: Callable[[str], None] | None = None,
) -> list[Row]:
    """Score the scripted policies.

    Args:
        scenarios: ids of the library or files.
        num_seeds: test days; at least 100 for figures to be published.
        num_tuning_seeds: training days on which parameters are searched; 0 leaves the tuned policies out.
        report: called with a few words before each policy's figures are added.
    """
    rows = []
    for scenario in scenarios:
        config = load(scenario)
        tuning = training_seeds(num_tuning_seeds) if num_tuning_seeds else None
        for row, _ in baseline_rows(config, held_out_seeds(num_seeds), tuning):
            rows.append(row)
            if report is not None:
                report(f"{row.scenario}: {row.policy}")
    return rows


def format_table(rows: Sequence[Row]) -> Table:
    """A table for the terminal, cheapest first within a scenario."""
    count = rows[0].total.count if rows else 0
    table = Table(
        title="Cost of a run in cents, all banks together",
        caption=f"mean and 95 % bootstrap interval over {count} test seeds; less is better",
    )
    table.add_column("scenario")
    table.add_column("policy")
    table.add_column("mean", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("against fifo", justify="right")
    table.add_column("parameters", overflow="fold")
    order = {row.scenario: place for place, row in reversed(list(enumerate(rows)))}
    before = None
    for row in sorted(rows, key=lambda row: (order[row.scenario], row.total.mean)):
        if before not in {None, row.scenario}:
            table.add_section()
        table.add_row(
            "" if row.scenario == before else row.scenario,
            row.policy,
            f"{row.total.mean:,.0f}",
            f"{row.total.low:,.0f} to {row.total.high:,.0f}",
            f"{row.difference_to_fifo.mean:+,.0f}",
            row.parameters,
        )
        before = row.scenario
    return table


def rows_as_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list."""
    return json.dumps([asdict(row) for row in rows], indent=1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(prog="python -m baselines.leaderboard", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=list(scenario_ids()), help="ids or files; all by default")
    parser.add_argument("--seeds", type=int, default=NUM_TEST_SEEDS, help="test days")
    parser.add_argument("--tuning-seeds", type=int, default=NUM_TRAINING_SEEDS, help="training days; 0: no tuning")
    parser.add_argument("--json", action="store_true", help="print JSON")
    given: Any = parser.parse_args(arguments)
    errors = Console(stderr=True)
    with errors.status("scoring") as status:
        rows = run_benchmark(given.scenarios, given.seeds, num_tuning_seeds=given.tuning_seeds, report=status.update)
    if given.json:
        print(rows_as_json(rows))
    else:
        Console().print(format_table(rows))


if __name__ == "__main__":
    main()
