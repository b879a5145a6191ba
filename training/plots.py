"""The demo's figure: costs with intervals, the learning curve, the pool shares that were chosen."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.evaluation.leaderboard import Row
from simcash_env.files import make_folder_of, replacing
from simcash_env.literal import literal_label, literal_legend, literal_plot

LEARNED: Final = "#D55E00"
SCRIPTED: Final = "#0072B2"
OTHER: Final = "#009E73"
FAINT: Final = "#666666"
"""Colours that colour-blind readers can tell apart (Okabe and Ito)."""

LEARNED_NAME: Final = "learned"


@literal_plot()
def draw(
    path: Path,
    rows: Sequence[Row],
    curve: Sequence[tuple[int, float]],
    shares: npt.NDArray[np.float64],
    bank_ids: Sequence[str],
) -> None:
    """Write the figure as a PNG.

    Args:
        path: of the file.
        rows: scores to show as bars, the learned policy among them under the name ``learned``.
        curve: (steps, mean cents of a bank's run) in training.
        shares: (runs, banks) pool shares chosen on test days.
        bank_ids: names of those banks.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    make_folder_of(path)
    with plt.rc_context({"font.size": 10, "axes.spines.top": False, "axes.spines.right": False}):
        figure, axes = plt.subplots(1, 3, figsize=(15, 4.8), width_ratios=(1.35, 1, 1), layout="constrained")
        draw_costs(axes[0], rows)
        draw_curve(axes[1], curve, rows, len(bank_ids))
        draw_shares(axes[2], shares, bank_ids)
        figure.suptitle(f"{rows[0].scenario}: a learned cash manager compared with scripted ones", fontsize=13)
        with replacing(path) as partial:
            figure.savefig(partial, format=path.suffix[1:], dpi=150)
        plt.close(figure)


def label(row: Row) -> str:
    """A row's name in the figure."""
    return (
        f"{row.policy.replace('tuned:', 'tuned ')}, half the pool"
        if row.parameters == "pool 50 %"
        else (
            f"{row.policy}, whole pool"
            if row.parameters == "pool as configured"
            else row.policy.replace("tuned:", "tuned ")
        )
    )


def draw_costs(axis: Any, rows: Sequence[Row]) -> None:
    """Horizontal bars, cheapest on top, with 95 % intervals and figures."""
    ordered = sorted(rows, key=lambda row: row.total.mean, reverse=True)
    places = np.arange(len(ordered))
    means = np.array([row.total.mean for row in ordered])
    reach = np.array([[row.total.mean - row.total.low, row.total.high - row.total.mean] for row in ordered]).T
    colours = [LEARNED if row.policy == LEARNED_NAME else SCRIPTED for row in ordered]
    axis.barh(places, means, xerr=reach, color=colours, error_kw={"ecolor": "black", "capsize": 3, "lw": 1})
    for place, row in zip(places, ordered, strict=True):
        axis.text(row.total.high + means.max() * 0.015, place, f"{row.total.mean:,.0f}", va="center")
    axis.set_yticks(places, [label(row) for row in ordered])
    axis.set_xlim(0, means.max() * 1.18)
    axis.set_xlabel("cents a day, both banks; mean and 95 % interval")
    axis.set_title(f"Cost on {ordered[0].total.count:,} test days")
    axis.xaxis.set_major_formatter("{x:,.0f}")


def draw_curve(axis: Any, curve: Sequence[tuple[int, float]], rows: Sequence[Row], num_banks: int) -> None:
    """Training cost with the best scripted policy as a line; on a logarithmic scale if it varies tenfold or more."""
    steps, cents = np.array(curve).T
    axis.plot(steps / 1_000, cents * num_banks, color=LEARNED, lw=1.2)
    best = min(row.total.mean for row in rows if row.policy != LEARNED_NAME)
    axis.axhline(best, color=SCRIPTED, ls="--", lw=1.2)
    axis.annotate(
        "best scripted", (steps[-1] / 1_000, best), (0, 3), textcoords="offset points", color=SCRIPTED, ha="right"
    )
    if cents.max() >= 10 * cents.min():
        axis.set_yscale("log")
        axis.yaxis.set_minor_formatter("")
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.set_xlabel("decisions of banks, thousands")
    axis.set_ylabel("cents a day, both banks")
    axis.set_title("Training, exploration included")


def draw_shares(axis: Any, shares: npt.NDArray[np.float64], bank_ids: Sequence[str]) -> None:
    """How often each bank chose which share, in steps of one per cent of the pool."""
    colours = (LEARNED, OTHER, SCRIPTED, FAINT)
    edges = np.arange(0, np.ceil(100 * shares.max()) + 2)
    for place, name in enumerate(bank_ids):
        counts, _ = np.histogram(100 * shares[:, place], edges)
        axis.stairs(
            100 * counts / len(shares), edges, color=colours[place % len(colours)], ls="--" if place % 2 else "-",
            lw=1.5, label=literal_label(name),
        )  # fmt: skip
    axis.set_xlabel("share of the pool that is allocated, %")
    axis.set_ylabel("test days, %")
    axis.set_title("Liquidity that the learned policy commits")
    literal_legend(axis, frameon=False)
