"""The table of scripted policies, which ``simcash benchmark`` prints and ``baselines.publish`` writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import chain
from typing import Any, Final, TypeAlias

import numpy as np
from rich.table import Table

from simcash_env.config import ScenarioConfig
from simcash_env.config.overrides import Changes
from simcash_env.errors import ActionError
from simcash_env.evaluation.contenders import TUNED, Contender, contenders
from simcash_env.evaluation.evaluate import Evaluation, played_seeds
from simcash_env.evaluation.grid_search import F64, parameter_values
from simcash_env.evaluation.known_bounds import Reference
from simcash_env.evaluation.policy_families import FAMILIES, Family
from simcash_env.evaluation.regret import Bounds
from simcash_env.evaluation.results import Result, add_columns, result
from simcash_env.evaluation.scorecard import mean_metrics
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import (
    PLAYED_ONCE,
    Interval,
    bootstrap_interval,
    conditional_value_at_risk,
    stratified_interval,
)
from simcash_env.registry import load

Rollout: TypeAlias = Callable[[ScenarioConfig, Sequence[int]], Contender]
"""Plays a rollout policy on days of a scenario, such as ``rollout_policy.play_rollout`` with base and settings."""

NUM_TEST_SEEDS: Final = 200
NUM_TRAINING_SEEDS: Final = 500


@dataclass(frozen=True)
class Row:
    """One policy on one scenario, cents of all banks together, on test seeds.

    Attributes:
        regret: cost above the clairvoyant bound, on the first test days; None where it was not requested or is not
            to be had.
        bound: ``exact`` (to 0.2 %, in 2 seconds at most), ``relaxed`` and so lower, or ``none``.
        metrics: means over the first test days, see ``scorecard.mean_metrics``.
        totals: cents of each test day; one where neither scenario nor policy draws anything.
        edges: of a tuned policy the parameters whose best value is the largest that was tried.
        values: of a tuned policy its parameters as data; ``parameters`` is the same as text.
        pool_shares: of a tuned policy the share of each bank's pool, banks sorted by id; None without a pool.
        milliseconds_per_decision: mean time for the decision of one bank, of a rollout policy.
        settled_share: value settled relative to value arrived, over all test days.
        gap: mean cost above the lower bound, relative to it; None without a known bound that holds for the policy.
        gap_bound: that bound in words.
        cvar95: mean of the most expensive 5 % of test days in cents, and ``cvar99`` of 1 %.
        worst_cents: the most expensive test day.
    """

    scenario: str
    policy: str
    parameters: str
    total: Interval
    difference_to_fifo: Interval
    by_kind: dict[str, float]
    by_bank: dict[str, float]
    regret: Interval | None = None
    bound: str = "none"
    metrics: dict[str, float] = field(default_factory=dict)
    totals: tuple[int, ...] = ()
    edges: tuple[str, ...] = ()
    values: dict[str, float] = field(default_factory=dict)
    pool_shares: tuple[float, ...] | None = None
    milliseconds_per_decision: float | None = None
    settled_share: float | None = None
    gap: float | None = None
    gap_bound: str = ""
    cvar95: float | None = None
    cvar99: float | None = None
    worst_cents: float | None = None

    def result(self) -> Result:
        """The figures of the table of results."""
        return result(self.policy, self.totals, self.total, self.settled_share, self.gap)


def make_row(policy: str, parameters: str, evaluation: Evaluation, fifo: Evaluation) -> Row:
    """A row from an evaluation and FIFO's on the same seeds; one run of FIFO holds for all where nothing is random."""
    if fifo.seeds != evaluation.seeds and not fifo.is_random:
        fifo = fifo.repeated(evaluation.seeds)
    return row_of_evaluation(policy, parameters, evaluation, evaluation.minus(fifo))


def row_of_evaluation(policy: str, parameters: str, evaluation: Evaluation, difference_to_fifo: Interval) -> Row:
    """A row from an evaluation and its difference to FIFO."""
    totals = evaluation.totals()
    return Row(
        evaluation.scenario, policy, parameters, evaluation.total(), difference_to_fifo, evaluation.by_kind(),
        evaluation.by_bank(), totals=tuple(totals.tolist()),
        milliseconds_per_decision=evaluation.milliseconds_per_decision, settled_share=evaluation.settled_share,
        cvar95=conditional_value_at_risk(totals, 0.95), cvar99=conditional_value_at_risk(totals, 0.99),
        worst_cents=float(totals.max()),
    )  # fmt: skip


def baseline_rows(
    config: ScenarioConfig,
    seeds: Sequence[int],
    tuning_seeds: Sequence[int] | None,
    families: Sequence[Family] = FAMILIES,
) -> Iterator[tuple[Row, Evaluation]]:
    """Rows of the scripted policies, each with its costs."""
    fifo = None
    for played in contenders(config, seeds, tuning_seeds, families):
        fifo = fifo or played.evaluation
        yield row_of_contender(played, fifo), played.evaluation


def row_of_contender(played: Contender, fifo: Evaluation) -> Row:
    """The row of a policy that has been played."""
    row = make_row(played.policy, played.parameters, played.evaluation, fifo)
    if not played.policy.startswith(TUNED):
        return row
    shares = None if played.shares is None else tuple(played.shares)
    values = {} if played.kernel_policy is None else parameter_values(played.kernel_policy)
    return replace(row, edges=played.edges, values=values, pool_shares=shares)


def run_benchmark(
    scenarios: Sequence[str],
    num_seeds: int = NUM_TEST_SEEDS,
    *,
    num_tuning_seeds: int = NUM_TRAINING_SEEDS,
    families: Sequence[Family] = FAMILIES,
    num_measured: int = 0,
    report: Callable[[str], None] | None = None,
    keep: list[Contender] | None = None,
    only_best: bool = False,
    changes: Changes | None = None,
    rollouts: Sequence[Rollout] = (),
) -> list[Row]:
    """Score the scripted policies, and rollout policies.

    Args:
        scenarios: ids of the library or files.
        num_seeds: test days; at least 100 for figures to be published.
        num_tuning_seeds: training days on which parameters are searched; 0 leaves the tuned policies out.
        families: what is tuned.
        num_measured: test days on which regret and metrics are taken; 0 leaves them out.
        report: called with a few words before each policy's figures are added.
        keep: gets every policy that was played, so that more can be played with it.
        only_best: of the tuned policies only the cheapest one on validation days gets a row.
        changes: new values of every scenario by dotted key.
        rollouts: play a rollout policy on given days of a scenario.
    """
    rows = []
    for scenario in scenarios:
        config, seeds = load(scenario, changes=changes), held_out_seeds(num_seeds)
        tuning = training_seeds(num_tuning_seeds) if num_tuning_seeds else None
        bounds, fifo = Bounds(config, played_seeds(config, seeds[:num_measured])), None
        reference = Reference(config, played_seeds(config, seeds), is_joint=bool(rollouts))
        scripted = contenders(config, seeds, tuning, families, only_best=only_best)
        planned = (play(config, played_seeds(config, seeds)) for play in rollouts)
        for played in chain(scripted, planned):
            fifo = fifo or played.evaluation
            row = row_of_contender(played, fifo)
            row = replace(row, gap=reference.gap(row.total.mean, played.allowed), gap_bound=reference.note)
            rows.append(measured_row(row, played, bounds, num_measured) if num_measured else row)
            if keep is not None:
                keep.append(played)
            if report is not None:
                report(f"{row.scenario}: {row.policy}")
    return rows


def measured_row(row: Row, played: Contender, bounds: Bounds, num_measured: int) -> Row:
    """The row with regret and metrics of the first test days, where they are to be had.

    A scenario that is not random has one bound, which holds for all days of a policy that draws.
    """
    days = played.evaluation.seeds[:num_measured]
    try:
        metrics = mean_metrics(played.measure(days))
    except ActionError:  # an agent whose actions cannot be repeated in a simulation
        metrics = {}
    least = bounds.of(played.allowed)
    if least is None:
        return replace(row, metrics=metrics)
    regret = bootstrap_interval(played.evaluation.totals()[: len(days)] - least)
    return replace(row, regret=regret, bound=bounds.kind, metrics=metrics)


def format_table(rows: Sequence[Row]) -> Table:
    """A table for the terminal, cheapest first within a scenario; amounts in currency units."""
    scenarios = list(dict.fromkeys(row.scenario for row in rows))
    has_many = len(scenarios) != 1
    table = Table(
        title=("Cost" if has_many else f"{scenarios[0]}: cost") + " of a run in currency units, all banks together",
        caption=caption(rows),
    )
    if has_many:
        table.add_column("scenario", overflow="fold")
    add_columns(table)
    table.add_column("parameters", overflow="fold")
    for scenario in scenarios:
        own = sorted((row for row in rows if row.scenario == scenario), key=lambda row: row.total.mean)
        for place, row in enumerate(own):
            name = [scenario if place == 0 else ""] if has_many else []
            table.add_row(*name, *row.result().cells(), parameters_text(row))
        table.add_section()
    return table


def caption(rows: Sequence[Row]) -> str:
    """What the figures of a table are."""
    count = max((row.total.count for row in rows), default=0)
    parts = [f"mean and 95 % bootstrap interval over {count:,} test seeds"] if count > 1 else []
    parts += [PLAYED_ONCE] if any(row.total.count == 1 for row in rows) else []
    bounds = dict.fromkeys(row.gap_bound for row in rows if row.gap_bound and row.gap is not None)
    return "; ".join([*parts, "less is better", *bounds])


def edge_warnings(rows: Sequence[Row]) -> list[str]:
    """A line for every tuned policy whose best parameter is the largest that was tried."""
    return [
        f"{row.scenario}: {row.policy}: {edge} is the largest value that was tried; a larger one could cost less"
        for row in rows
        for edge in row.edges
    ]


def across_scenarios(rows: Sequence[Row]) -> dict[str, Interval]:
    """Of every policy that all scenarios have: interquartile mean of cost over FIFO's mean cost, cheapest first.

    FIFO's is that of the scenario with its pools as configured; a policy played twice counts as it was first played.
    Scenarios in which FIFO costs nothing are left out. One that was played once counts as if it had been played on as
    many days as the others.
    """
    by_scenario: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_scenario.setdefault(row.scenario, {}).setdefault(row.policy, row)
    chosen = [own for own in by_scenario.values() if own["fifo"].total.mean > 0]
    common = [policy for policy in (chosen[0] if chosen else ()) if all(policy in own for own in chosen)]
    most = max((len(row.totals) for own in chosen for row in own.values()), default=1)

    def relative(own: Mapping[str, Row], policy: str) -> F64:
        totals = own[policy].totals
        return np.array(totals * most if len(totals) == 1 else totals) / own["fifo"].total.mean

    found = {policy: stratified_interval([relative(own, policy) for own in chosen]) for policy in common}
    return dict(sorted(found.items(), key=lambda item: item[1].mean))


def parameters_text(row: Row) -> str:
    """Parameters, and the time for a decision of a rollout policy."""
    if row.milliseconds_per_decision is None:
        return row.parameters
    return f"{row.parameters}; {row.milliseconds_per_decision:.2g} ms a decision"


def rows_as_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list, a line a row."""
    return "[\n" + ",\n".join(json.dumps(asdict(row)) for row in rows) + "\n]"


def rows_from_json(rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows as they were before they were written."""
    whole = []
    for row in rows:
        intervals = {
            name: None if row[name] is None else Interval(**row[name])
            for name in ("total", "difference_to_fifo", "regret")
        }
        lists: dict[str, Any] = {name: tuple(row.get(name, ())) for name in ("totals", "edges")}
        lists["pool_shares"] = None if row.get("pool_shares") is None else tuple(row["pool_shares"])
        whole.append(Row(**{**row, **intervals, **lists}))
    return whole
