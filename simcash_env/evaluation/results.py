"""The one table of results: cost, gap to the lower bound, tail, worst day and settled share of each policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from rich.table import Table

from simcash_env.amounts import amount_text
from simcash_env.evaluation.statistics import Interval, conditional_value_at_risk

HEADS: Final = (
    "policy", "mean cost", "95 % interval", "gap to the bound", "CVaR 95 %", "CVaR 99 %", "worst day", "settled",
)  # fmt: skip
"""Columns that every table of results has, in this order; a scenario before them and parameters behind them if any."""


@dataclass(frozen=True)
class Result:
    """Figures of one policy on test days, all banks together.

    Attributes:
        policy: its name.
        total: mean cost of a run in cents, with its interval.
        gap: relative to the lower bound; None without a bound that holds for the policy.
        cvar95: mean cost of the most expensive 5 % of days in cents.
        cvar99: of the most expensive 1 %.
        worst_cents: the most expensive day.
        settled_share: of the value that arrived, over all days; None where it was not measured.
    """

    policy: str
    total: Interval
    gap: float | None
    cvar95: float
    cvar99: float
    worst_cents: float
    settled_share: float | None

    def cells(self) -> list[str]:
        """The columns ``HEADS``, amounts in currency units."""
        return [
            self.policy,
            amount_text(self.total.mean),
            self.total.amount_range(),
            "" if self.gap is None else f"{self.gap:.1%}",
            amount_text(self.cvar95),
            amount_text(self.cvar99),
            amount_text(self.worst_cents),
            "" if self.settled_share is None else f"{self.settled_share:.2%}",
        ]


def result(
    policy: str,
    totals: npt.ArrayLike,
    total: Interval,
    settled_share: float | None = None,
    gap: float | None = None,
) -> Result:
    """The figures of a policy.

    Args:
        policy: its name.
        totals: cents of each day.
        total: their mean and its interval.
        settled_share: by value.
        gap: to the lower bound.
    """
    days = np.asarray(totals, np.float64)
    cvar95, cvar99 = (conditional_value_at_risk(days, level) for level in (0.95, 0.99))
    return Result(policy, total, gap, cvar95, cvar99, float(days.max()), settled_share)


def result_of_row(row: Mapping[str, Any]) -> Result:
    """The figures of a row of the benchmark, as plain data; figures that an older file lacks are made from its days."""
    metrics = row.get("metrics") or {}
    share = row.get("settled_share")
    share = metrics.get("settled_share_value") if share is None else share
    return result(row["policy"], row["totals"], Interval(**row["total"]), share, row.get("gap"))


def markdown_lines(
    rows: Iterable[tuple[str, Result, str]], *, first: str = "scenario", last: str = "parameters"
) -> list[str]:
    """Lines of a Markdown table.

    Args:
        rows: text before, figures and text behind of each row.
        first: heading of the text before.
        last: heading of the text behind.
    """
    lines = [
        f"| {first} | " + " | ".join(HEADS) + f" | {last} |",
        "|---|---|" + "---:|" * (len(HEADS) - 1) + "---|",
    ]
    return lines + [f"| {before} | " + " | ".join(found.cells()) + f" | {behind} |" for before, found, behind in rows]


def add_columns(table: Table) -> None:
    """Add the columns ``HEADS`` to a table for the terminal."""
    table.add_column(HEADS[0], no_wrap=True)
    for head in HEADS[1:]:
        table.add_column(head, justify="right", overflow="fold")


def bound_note(scenario: str, kind: str, cents: float, standard_error: float) -> str:
    """What gaps are relative to, such as ``2b-3t-v0: bound 67.93 (standard error 1.90), clairvoyant``."""
    return f"{scenario}: bound {amount_text(cents)} (standard error {amount_text(standard_error)}), {kind}"
