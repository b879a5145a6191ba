"""The benchmark's rows as a Markdown table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simcash_env.evaluation.results import markdown_lines, result_of_row

MOST_SHARES: Final = 5
"""Longer lists of pool shares are not printed."""


def table(rows: Sequence[Mapping[str, Any]], most_tuned: int | None = None) -> list[str]:
    """Lines of Markdown, by scenario, cheapest first, with the best ``most_tuned`` tuned policies (default: all)."""
    shown_rows = []
    for scenario in dict.fromkeys(row["scenario"] for row in rows):
        own = sorted((row for row in rows if row["scenario"] == scenario), key=lambda row: row["total"]["mean"])
        tuned = [row for row in own if row["policy"].startswith("tuned:")][:most_tuned]
        shown = [row for row in own if row in tuned or not row["policy"].startswith("tuned:")]
        for place, row in enumerate(shown):
            name = f"`{scenario}`" if place == 0 else ""
            shown_rows.append((name, result_of_row(row), shortened(row["parameters"])))
    return markdown_lines(shown_rows)


def shortened(parameters: str) -> str:
    """Parameters, with a long list of pool shares abbreviated."""
    head, _, shares = parameters.partition("pool ")
    if shares.count("/") < MOST_SHARES:
        return parameters
    return f"{head}pool by bank"
