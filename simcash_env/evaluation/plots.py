"""Figures of the benchmark: costs by kind, cost against liquidity, balances over the day, cross-play."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env.amounts import CENTS_PER_UNIT, amount_text
from simcash_env.evaluation.grid_search import F64
from simcash_env.evaluation.leaderboard import Row
from simcash_env.evaluation.run_columns import RunRecord
from simcash_env.files import make_folder_of, replacing
from simcash_env.literal import literal_label, literal_legend, literal_plot

QUANTILES: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
DOTS: Final = 150
MARKERS: Final = "osD^vP*Xhp<>"
BESIDE: Final[dict[str, Any]] = {
    "fontsize": "small", "loc": "center left", "bbox_to_anchor": (1.0, 0.5), "frameon": False,
}  # fmt: skip
"""A legend to the right of the plot, where it covers no line."""
LEVEL_STYLES: Final = (":", "--", "-.")
BRIGHT: Final = 0.5
LINEAR_UNDER: Final = 100.0
"""Cents under which the scale of the frontier is linear."""


def in_units(axis: Any) -> None:
    """Label the ticks of an axis of cents in currency units."""
    axis.set_major_formatter(units_text)


def units_text(cents: float, _: Any = None) -> str:
    """Cents in currency units, as the label of a tick."""
    return f"{cents / CENTS_PER_UNIT:,.10g}"


def figure(width: float = 8.0, height: float = 4.5) -> tuple[Any, Any]:
    """A figure that needs no screen, and its axes."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(drawn)
    return drawn, drawn.add_subplot()


def save(drawn: Any, path: Path) -> Path:
    """Write a figure; its folder is made where it is missing."""
    make_folder_of(path)
    with replacing(path) as partial:
        drawn.savefig(partial, format=path.suffix[1:], dpi=DOTS)
    return path


def label(row: Row) -> str:
    """A policy's name, made unique."""
    return f"{row.policy} ({row.parameters})" if row.policy == "fifo" and row.parameters else row.policy


@literal_plot()
def plot_costs(rows: Sequence[Row], path: Path) -> Path:
    """Mean cost of each policy by kind, one bar a policy; costs over ten times the cheapest are left out and named."""
    cheapest = min(row.total.mean for row in rows)
    shown = sorted((row for row in rows if row.total.mean <= 10 * cheapest), key=lambda row: row.total.mean)
    left_out = [label(row) for row in rows if row not in shown]
    drawn, axes = figure(height=1.5 + 0.4 * len(shown))
    places, left = np.arange(len(shown)), np.zeros(len(shown))
    for kind in shown[0].by_kind:
        cents = np.array([row.by_kind[kind] for row in shown])
        if cents.any():
            axes.barh(places, cents, left=left, label=literal_label(kind.replace("_", " ")))
            left = left + cents
    spread = [[row.total.mean - row.total.low for row in shown], [row.total.high - row.total.mean for row in shown]]
    axes.errorbar([row.total.mean for row in shown], places, xerr=np.abs(spread), fmt="none", ecolor="black", capsize=3)
    axes.set_yticks(places, [label(row) for row in shown])
    axes.invert_yaxis()
    in_units(axes.xaxis)
    axes.set_xlabel("currency units a run, all banks, with 95 % interval")
    title = f"{rows[0].scenario}: cost by kind"
    axes.set_title(title + (f"\nnot shown, over ten times the cheapest: {', '.join(left_out)}" if left_out else ""))
    literal_legend(axes, **BESIDE)
    return save(drawn, path)


@literal_plot()
def draw_frontier(rows: Sequence[Row], path: Path) -> Path:
    """Cost of waiting and missing against liquidity used: down and to the left is better on both."""
    drawn, axes = figure(width=9.5)
    shown = [row for row in rows if "liquidity_used" in row.metrics]
    for place, row in enumerate(shown):
        waiting = row.total.mean - sum(row.by_kind[kind] for kind in ("liquidity", "overdraft", "collateral"))
        marker, colour = MARKERS[place % len(MARKERS)], f"C{place % 10}"
        axes.plot(
            row.metrics["liquidity_used"], max(waiting, 0.0), marker, color=colour, label=literal_label(label(row)),
            markersize=8, fillstyle="none", markeredgewidth=1.8,
        )  # fmt: skip
    axes.set_yscale("symlog", linthresh=LINEAR_UNDER)  # logarithmic, with room for a cost of 0
    axes.set_ylim(bottom=-0.2 * LINEAR_UNDER)
    for axis in (axes.xaxis, axes.yaxis):
        in_units(axis)
    axes.grid(alpha=0.3)
    axes.set_xlabel("liquidity used, currency units (sum of the banks' largest net debits)")
    axes.set_ylabel("currency units a run for waiting, missing and dropping")
    axes.set_title(f"{rows[0].scenario}: cost against liquidity")
    literal_legend(axes, **BESIDE)
    return save(drawn, path)


@literal_plot()
def plot_balances(records: Sequence[RunRecord], bank: int, title: str, path: Path) -> Path:
    """A bank's balance over the ticks of many runs: median, middle half, middle nine tenths."""
    paths: F64 = np.array([record.balances[:, bank] for record in records], float)
    low, lower, middle, upper, high = np.quantile(paths, QUANTILES, axis=0)
    drawn, axes = figure()
    ticks = np.arange(paths.shape[1])
    axes.fill_between(ticks, low, high, color="C0", alpha=0.2, linewidth=0, label="nine tenths of the runs")
    axes.fill_between(ticks, lower, upper, color="C0", alpha=0.35, linewidth=0, label="half of the runs")
    axes.plot(ticks, middle, color="C0", label="median")
    axes.axhline(0, color="black", linewidth=0.5)
    in_units(axes.yaxis)
    axes.set_xlabel("tick")
    axes.set_ylabel("currency units at the end of the tick")
    axes.set_title(f"{title}: balance of {records[0].bank_ids[bank]} over {len(records)} runs")
    literal_legend(axes, **BESIDE)
    return save(drawn, path)


@literal_plot()
def draw_learning_curves(
    curves: Mapping[str, Sequence[tuple[int, float]]],
    title: str,
    path: Path,
    levels: Mapping[str, float] | None = None,
    note: str = "",
) -> Path:
    """Mean cost of a bank's run in training against steps, one line a training; exploration included.

    Args:
        curves: by name of the training, (steps, cents) of every rollout.
        title: of the figure.
        path: to write to.
        levels: cents of policies to compare with, by name, drawn as horizontal lines.
        note: a line below the title.
    """
    drawn, axes = figure(width=9.5)
    for name, points in curves.items():
        steps, cents = np.array(points, float).reshape(-1, 2).T
        axes.plot(steps, np.maximum(cents, 1.0), label=literal_label(name), linewidth=1.2)
    for place, (name, level) in enumerate((levels or {}).items()):
        style = LEVEL_STYLES[place % len(LEVEL_STYLES)]
        axes.axhline(max(level, 1.0), color="0.3", linestyle=style, linewidth=1.0, label=literal_label(name))
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
        formatter(units_text)
    axes.set_xlabel("decisions of banks")
    axes.set_ylabel("currency units of a bank's run, exploration included")
    axes.set_title(f"{title}: training" + (f"\n{note}" if note else ""))
    literal_legend(axes, **BESIDE)
    return save(drawn, path)


@literal_plot()
def draw_cross_play(costs: F64, names: Sequence[str], title: str, path: Path) -> Path:
    """What a bank pays with the row's policy among banks with the column's."""
    drawn, axes = figure(2.5 + 1.1 * len(names), 2.0 + 0.8 * len(names))
    image = axes.imshow(costs, cmap="viridis_r")
    for row, column in np.ndindex(costs.shape):
        red, green, blue, _ = image.cmap(image.norm(costs[row, column]))
        colour = "black" if 0.3 * red + 0.6 * green + 0.1 * blue > BRIGHT else "white"
        axes.text(
            column,
            row,
            amount_text(float(costs[row, column])),
            ha="center",
            va="center",
            fontsize="small",
            color=colour,
        )
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("all others play")
    axes.set_ylabel("one bank plays")
    axes.set_title(f"{title}: cost of the one bank in currency units")
    drawn.colorbar(image, format=units_text)
    return save(drawn, path)


def draw_all(rows: Sequence[Row], folder: Path) -> list[Path]:
    """The figures that follow from the rows of the benchmark, one of each kind a scenario."""
    by_scenario: Mapping[str, list[Row]] = {
        name: [row for row in rows if row.scenario == name] for name in dict.fromkeys(row.scenario for row in rows)
    }
    paths = []
    for name, own in by_scenario.items():
        paths.append(plot_costs(own, folder / f"{name}-costs.png"))
        if any("liquidity_used" in row.metrics for row in own):
            paths.append(draw_frontier(own, folder / f"{name}-frontier.png"))
    return paths
