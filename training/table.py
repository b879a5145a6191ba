"""The table of learned policies, built from the raw results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from simcash_env.evaluation.results import Result, markdown_lines
from simcash_env.evaluation.statistics import PLAYED_ONCE, Interval

HEAD = (
    "scenario", "learned", "95 % interval", "best tuned baseline", "95 % interval", "difference to baseline",
    "difference to search",
    "lower bound below baseline", "regret, learned", "regret, baseline", "expert", "FIFO", "difference to FIFO", "runs",
    "seconds per run", "verdict",
)  # fmt: skip


def markdown(results: Mapping[str, Any]) -> str:
    """The table with its notes, as Markdown."""
    rows = results["rows"]
    lines = ["| " + " | ".join(HEAD) + " |", "|---|---:|---|---|---|---|---|---:|---:|---:|---:|---:|---|---|---:|---|"]
    lines += ["| " + " | ".join(cells(row)) + " |" for row in rows]
    once = [f"- {PLAYED_ONCE}."] if any(row["learned"]["count"] == 1 for row in rows) else []
    reasons = [f"- `{row['scenario']}`: {REASONS[row['scenario']]}" for row in rows if needs_a_reason(row)]
    remarks = [f"- `{name}`: {text}" for name, text in REMARKS.items() if name in {row["scenario"] for row in rows}]
    version = f"`{results['command']}`; {'; '.join(origins(rows))}."
    shown = [
        (f"`{row['scenario']}`" if name == "learned" else "", restored(row["results"][name]), "")
        for row in rows
        for name in ("learned", "search", "tuned")
        if name in row.get("results", ())
    ]
    figures = [*markdown_lines(shown, last="note"), "", *RESULT_NOTES, ""] if shown else []
    return "\n".join([*figures, *lines, "", *NOTES, *once, *reasons, *remarks, "", version])


def origins(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What made the rows: version, commit and machine, with the scenarios of each."""
    made: dict[str, list[str]] = {}
    for row in rows:
        by = row.get("made_by", BEFORE)
        words = f"version {by['version']}, {by['commit']} on {by['machine']}"
        made.setdefault(words, []).append(f"`{row['scenario']}`")
    found = [words + ("" if len(made) == 1 else f": {', '.join(names)}") for words, names in made.items()]
    later = sorted({row["compared_by"]["commit"] for row in rows if "compared_by" in row})
    return [*found, *([f"baselines, search and bound of {', '.join(later)}"] if later else [])]


BEFORE: Final = {"version": "0.1.0", "commit": "a commit that was not recorded", "machine": "x86_64, 2 cores"}
"""Of rows that do not say what made them."""


def restored(figures: Mapping[str, Any]) -> Result:
    """The figures of a policy from their plain data."""
    return Result(**{**figures, "total": Interval(**figures["total"])})


RESULT_NOTES: Final = (
    "Amounts in currency units per run, all banks together. *Gap*: to the lower bound in `configs/bounds.json`. Tails",
    "and worst day of *learned*: over the days of all training runs.",
)

NOTES = """
Cents per run, all banks together; lower is better.

- *Learned*: mean over training runs and test days; every head takes its most likely choice.
- *Best tuned baseline*: the scripted policy that is cheapest on these test days, among policies tuned on training days:
  the nine of the benchmark.
- *Expert*: the scripted policy that the learner imitates before PPO, where it does.
- *FIFO*: with the scenario's pool share.
- *Search*: the constants that a search found, shipped as `SCENARIO-rank`.
- *Differences*: learned minus baseline, search and FIFO, paired by day, with 95 % bootstrap intervals.
- *Lower bound below baseline*: how far the clairvoyant lower bound, which knows all arrivals, is below the baseline.
- *Regret*: cost above the lower bound, on the first 20 test days; ≤: against a relaxed bound.
- *Runs*: number of training runs, and the range of their means. *Seconds*: empty where stored policies were evaluated.
- *Verdict*: *apart*: learned is cheaper and the intervals of the means do not overlap; *below*: only the interval of
  the paired difference is below 0; *within*: the bound is less than 10 % below the baseline and learned costs at most
  2 % more; *missed*: none of these.
- Test days: 10,000; 2,000 if a run has more than 100 bank decisions.
""".strip().splitlines()


REASONS: Final = {
    "bis-box3-v0": (
        "both policies allocate 93.5 % of the pool and release at once, the cheapest of all combinations of share and"
        "\n  release order that were tried on 2,000 training days. No arrival is known when the bank chooses its share,"
        "\n  so the bound for constant shares holds: both policies are at it, within its standard error. The columns of"
        "\n  this table compare with the clairvoyant bound, which knows all arrivals."
    ),
}
"""Reasons for the verdict ``missed``, as far as they are known."""
REMARKS: Final = {
    "2b-stress-v0": (
        "these are the second settings that were tried. The first, with the step count of `castro-12period-v0`, gave"
        "\n  32,770 on 2,000 of the test days: -2,572 (-6,992 to +582) relative to the baseline."
    ),
    "castro-2period-v0": (
        "these are the second settings that were tried. With 100,000 steps and one policy for both banks, four runs of"
        "\n  twelve (seeds 100 to 111) did not reach the equilibrium."
    ),
}
"""Notes on how the settings of a row were chosen."""


def needs_a_reason(row: Mapping[str, Any]) -> bool:
    """True if the verdict is ``missed`` with a known reason."""
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
        to_search(row),
        f"{row['room']:.0%}" if "room" in row else "",
        f"{mark}{row['regret']['mean']:,.0f}" if "regret" in row else "",
        f"{mark}{row['tuned_regret']['mean']:,.0f}" if "tuned_regret" in row else "",
        "" if row["teacher"] is None else f"{row['teacher']['mean']:,.0f}",
        f"{row['fifo']['mean']:,.0f}",
        _difference(row["difference_to_fifo"]),
        f"{count}" + (f" ({min(means):,.0f} to {max(means):,.0f})" if count > 1 else ""),
        f"{sum(run['seconds'] for run in row['runs']) / count:,.0f}" if row["runs"][0]["seconds"] else "",
        row["verdict"] + exploitability(row),
    ]


def to_search(row: Mapping[str, Any]) -> str:
    """Difference to the search for constants, also in per cent; empty where none is shipped or it was not played."""
    found = row.get("difference_to_search")
    if found is None:
        return ""
    search = row["results"]["search"]["total"]["mean"]
    return f"{_difference(found)}, {found['mean'] / search:+.2%}"


def exploitability(row: Mapping[str, Any]) -> str:
    """Largest exploitability of any run, as a share of the equilibrium's cost; empty if not measured."""
    found = [run["exploitability"] for run in row["runs"] if "exploitability" in run]
    return f"; exploitability at most {max(found):.2%}" if found else ""


def _span(interval: Mapping[str, Any]) -> str:
    return Interval(**interval).range()


def _difference(interval: Mapping[str, Any]) -> str:
    text = f"{interval['mean']:+,.0f}"
    return text if interval["count"] == 1 else f"{text} ({interval['low']:+,.0f} to {interval['high']:+,.0f})"
