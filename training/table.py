"""The table of learned policies, made of the raw results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from simcash_env.evaluation.statistics import PLAYED_ONCE, Interval

HEAD = (
    "scenario", "learned", "95 % interval", "best tuned script", "95 % interval", "difference, same days",
    "bound under the script", "regret, learned", "regret, script", "imitated first", "FIFO", "to FIFO", "runs",
    "seconds a run", "verdict",
)  # fmt: skip


def markdown(results: Mapping[str, Any]) -> str:
    """The page."""
    rows = results["rows"]
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---:|---|---|---|---|---:|---:|---:|---:|---:|---|---|---:|---|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    once = [f"{PLAYED_ONCE}."] if any(row["learned"]["count"] == 1 for row in rows) else []
    reasons = [f"`{row['scenario']}`: {REASONS[row['scenario']]}" for row in rows if needs_reason(row)]
    remarks = [f"`{name}`: {text}" for name, text in REMARKS.items() if name in {row["scenario"] for row in rows}]
    version = f"Version {results['version']}, `{results['command']}`."
    return "\n".join([*lines, "", *NOTES, *once, *reasons, *remarks, version])


NOTES = """
Cents of a run, all banks together; less is better. Learned: mean over training runs and test days, the most likely
choice of every head. The script is the one tuned on training days that is cheapest on these very test days: of the
nine of the benchmark, or of five where the benchmark has not been run, of two from 50 banks on. FIFO: with the
scenario's own share of the pool. Differences: learned less script, learned less FIFO, day by day, with a 95 %
bootstrap interval. Where the bound, which knows the future, is at least 10 % under the script, *apart* says that the
intervals of both means do not meet, *below* that only the difference's interval is under 0; elsewhere *within* asks
for at most 2 % more. Test days: 10,000; 2,000 where a run has more than 100 decisions, 100 where it has more than
2,000. Regret is of the first 20 test days; ≤: against a relaxed bound. A range of runs is that of their means.
""".strip().splitlines()


THRESHOLDS: Final = (
    "the threshold action releases what is funded now and nothing else, so it cannot send to the central"
    "\nqueue, where waiting is free and offsets and cycles find what the scripts send there. It beats FIFO."
)
REASONS: Final = {
    "bis-box3-v0": (
        "nothing random is known when the share is chosen, and all urgent payments are alike. Of all shares and"
        "\norders of release that were tried on 2 000 training days, 93.5 % and all at once is the cheapest: what both"
        "\ndo. The bound is lower because it knows what will come in."
    ),
    "target2-day-v0": (
        "not known why. With the system's cost as the reward and 16 copies of each day it came to much the same on"
        "\nvalidation days. It beats FIFO, and does not find what the script that it imitated first does not know."
    ),
    "core-periphery-50-v0-queue": (
        "cheaper than the script in the mean, but the interval reaches over 0, and runs differ by more. With a"
        "\nverb for each payment what is released may wait in the central queue; compare the row with thresholds."
    ),
    "core-periphery-50-v0": THRESHOLDS,
    "core-periphery-200-v0": THRESHOLDS,
}
"""Why a verdict is ``missed``, as far as it is known."""
REMARKS: Final = {
    "2b-stress-v0": (
        "its settings are the second that were tried. The first, with the steps of `castro-12period-v0`, came to"
        "\n32,770 on 2,000 of the test days: -2,572 (-6,992 to +582) to the script."
    ),
    "lynx-day-v0": (
        "the cost of a day varies as much as its mean, so that intervals are wide; paired, the learned one is cheaper."
        "\nSettings were chosen on validation days, among seven."
    ),
    "castro-2period-v0": (
        "its settings are the second that were tried: with 100,000 steps and one policy for both banks, four runs"
        "\nof twelve (seeds 100 to 111) ended beside the equilibrium."
    ),
}
"""What a reader must know of how a row came about."""


def needs_reason(row: Mapping[str, Any]) -> bool:
    """Is it missed, and is it known why?"""
    return row["verdict"] == "missed" and row["scenario"] in REASONS


def cells(row: Mapping[str, Any]) -> list[str]:
    """One row of the table."""
    learned, tuned, difference = row["learned"], row["tuned"]["total"], row["difference"]
    means = [run["total"]["mean"] for run in row["runs"]]
    mark = "≤ " if row["bound"] == "relaxed" else ""
    share = difference["mean"] / tuned["mean"] if tuned["mean"] else 0.0
    count = len(means)
    return [
        f"`{row['scenario']}`",
        f"{learned['mean']:,.0f}",
        _span(learned),
        f"{row['tuned']['policy'].removeprefix('tuned:')} {tuned['mean']:,.0f}",
        _span(tuned),
        f"{_difference(difference)}, {share:+.1%}",
        f"{row['room']:.0%}" if "room" in row else "",
        f"{mark}{row['regret']['mean']:,.0f}" if "regret" in row else "",
        f"{mark}{row['tuned_regret']['mean']:,.0f}" if "tuned_regret" in row else "",
        "" if row["teacher"] is None else f"{row['teacher']['mean']:,.0f}",
        f"{row['fifo']['mean']:,.0f}",
        _difference(row["difference_to_fifo"]),
        f"{count}" + (f" ({min(means):,.0f} to {max(means):,.0f})" if count > 1 else ""),
        f"{sum(run['seconds'] for run in row['runs']) / count:,.0f}",
        row["verdict"] + exploitability(row),
    ]


def exploitability(row: Mapping[str, Any]) -> str:
    """What any bank could still gain, as a share of the equilibrium's cost: the most of any run."""
    found = [run["exploitability"] for run in row["runs"] if "exploitability" in run]
    return f"; exploitability at most {max(found):.2%}" if found else ""


def _span(interval: Mapping[str, Any]) -> str:
    return Interval(**interval).range()


def _difference(interval: Mapping[str, Any]) -> str:
    told = f"{interval['mean']:+,.0f}"
    return told if interval["count"] == 1 else f"{told} ({interval['low']:+,.0f} to {interval['high']:+,.0f})"
