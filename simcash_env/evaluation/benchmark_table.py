"""The benchmark's rows as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simcash_env.evaluation.statistics import Interval

HEADS: Final = (
    "scenario", "policy", "mean cost", "95 % interval", "difference to FIFO", "regret", "delay", "liquidity",
    "parameters",
)  # fmt: skip
MOST_SHARES: Final = 5
"""Longer lists of pool shares are not printed."""


def table(rows: Sequence[Mapping[str, Any]], most_tuned: int | None = None) -> list[str]:
    """Lines of Markdown, by scenario, cheapest first, with the best ``most_tuned`` tuned policies (default: all)."""
    lines = [
        "| " + " | ".join(HEADS) + " |",
        "|---|---|---:|---:|---:|---:|---:|---:|---|",
    ]
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        own = sorted((row for row in rows if row["scenario"] == scenario), key=lambda row: row["total"]["mean"])
        tuned = [row for row in own if row["policy"].startswith("tuned:")][:most_tuned]
        shown = [row for row in own if row in tuned or not row["policy"].startswith("tuned:")]
        for place, row in enumerate(shown):
            lines.append("| " + " | ".join(cells(row, scenario if place == 0 else "")) + " |")
    return lines


def cells(row: Mapping[str, Any], scenario: str) -> list[str]:
    """One row of the table."""
    total, metrics, regret = row["total"], row["metrics"], row["regret"]
    mark = "≤ " if row["bound"] == "relaxed" else ""
    return [
        f"`{scenario}`" if scenario else "",
        row["policy"],
        f"{total['mean']:,.0f}",
        Interval(**total).range(),
        f"{row['difference_to_fifo']['mean']:+,.0f}"
        if row["policy"] != "fifo" or row["difference_to_fifo"]["mean"]
        else "",
        "" if regret is None else f"{mark}{regret['mean']:,.0f}",
        f"{metrics['delay_indicator']:.2f}" if "delay_indicator" in metrics else "",
        f"{metrics['liquidity_used']:,.0f}" if "liquidity_used" in metrics else "",
        shortened(row["parameters"]),
    ]


def shortened(parameters: str) -> str:
    """Parameters, with a long list of pool shares abbreviated."""
    head, _, shares = parameters.partition("pool ")
    if shares.count("/") < MOST_SHARES:
        return parameters
    return f"{head}pool by bank"
