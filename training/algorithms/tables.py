"""Table and figures of the comparison: ``python -m training.algorithms.tables``.

Reads ``docs/results/algorithms.jsonl`` and writes ``algorithms.md`` next to it and two figures in ``docs/assets``:
learning curves and performance profiles. Costs are relative to those of the constants of a full search on the same
days. Interquartile means and stratified bootstrap intervals follow Agarwal and others (2021).
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.amounts import amount_text
from simcash_env.evaluation.plots import figure, save
from simcash_env.evaluation.statistics import interquartile_mean, stratified_interval
from simcash_env.files import write_atomically
from simcash_env.literal import literal_label, literal_legend
from training.algorithms.__main__ import RESULTS
from training.algorithms.references import SCRIPT, SEARCH
from training.algorithms.rows import ROWS
from training.lines import read_lines

ASSETS: Final = Path("docs") / "assets"
PANELS: Final = {
    "PPO of this package": ("ippo", "ippo-own", "mappo", "ippo-imitate", "expert-iteration"),
    "around constants of the rank action": ("cmaes", "ippo-rank-script", "ippo-rank-search", "benchmarl-masac"),
    "other libraries": (
        "sb3-ppo", "sb3-maskable-ppo", "benchmarl-mappo", "benchmarl-ippo", "benchmarl-qmix", "benchmarl-iql",
    ),
}  # fmt: skip
THRESHOLDS: Final = np.geomspace(0.95, 4.0, 120)
HEADS: Final = ("algorithm", "action", "relative cost", "95 % interval", "processor time", "beyond the budget")
Lines = Sequence[Mapping[str, Any]]


class Comparison:
    """Finished runs of scenarios, and what they are relative to.

    Args:
        lines: of the file of results; scenarios in which a row or a seed is missing are left out, and rows that have
            all seeds on no scenario are kept apart, as ``partial``.

    Raises:
        ValueError: no scenario is complete.
    """

    def __init__(self, lines: Lines) -> None:
        self.references = {line["scenario"]: line for line in lines if line["algorithm"] == "references"}
        self.runs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
        for line in lines:
            if line["algorithm"] in ROWS:
                self.runs.setdefault((line["algorithm"], line["scenario"]), []).append(line)
        self.seeds = most = max((len(runs) for runs in self.runs.values()), default=0)
        whole = {name for (name, _), runs in self.runs.items() if len(runs) == most}
        self.names = [name for name in ROWS if name in whole]
        self.partial = {key: runs for key, runs in self.runs.items() if key[0] not in whole}
        self.scenarios = [
            scenario
            for scenario in self.references
            if all(len(self.runs.get((name, scenario), ())) == most for name in self.names)
        ]
        if not self.scenarios or not most:
            message = "no scenario has all runs and its references"
            raise ValueError(message)

    def of(self, name: str, scenario: str) -> list[Mapping[str, Any]]:
        """Runs of a row on a scenario, by seed."""
        return sorted(self.runs[name, scenario], key=lambda line: int(line["seed"]))

    def finals(self, name: str, scenario: str) -> npt.NDArray[np.float64]:
        """Cost of the final policies, in cents."""
        return np.array([line["final"] for line in self.of(name, scenario)])

    def relative(self, name: str) -> list[npt.NDArray[np.float64]]:
        """Cost of the final policies over the full search's, by scenario."""
        return [self.finals(name, one) / self.references[one]["final"][SEARCH] for one in self.scenarios]

    def curve(self, name: str) -> list[npt.NDArray[np.float64]]:
        """(scenarios) arrays (seeds, parts) of costs on the way over the full search's on the same days."""
        return [
            np.array([line["costs"] for line in self.of(name, one)]) / self.references[one]["curve"]
            for one in self.scenarios
        ]

    def cpu_seconds(self, name: str) -> float:
        """Median processor time of a run."""
        return float(np.median([line["cpu_seconds"] for one in self.scenarios for line in self.of(name, one)]))


def difference_text(found: Comparison, name: str, scenario: str) -> str:
    """Mean paired difference to the full search in per cent, with an interval of runs and days."""
    lines = found.of(name, scenario)
    values = np.array([line["minus_search"] for line in lines])
    error = np.hypot(values.std(ddof=1) / len(values) ** 0.5, np.mean([line["minus_search_error"] for line in lines]))
    base = found.references[scenario]["final"][SEARCH] / 100.0
    mean, half = values.mean() / base, 1.96 * error / base
    return f"{mean:+.1f} % [{mean - half:+.1f}, {mean + half:+.1f}]"


def markdown(found: Comparison) -> str:
    """The table, sorted by relative cost."""
    scenarios = [f"`{one}`" for one in found.scenarios]
    heads = [*HEADS[:2], *scenarios, *HEADS[2:]]
    lines = [f"| {' | '.join(heads)} |", "|---|---|" + "---:|" * (len(heads) - 3) + "---|"]
    for name in sorted(found.names, key=lambda name: interquartile_mean(np.concatenate(found.relative(name)))):
        row, interval = ROWS[name], stratified_interval(found.relative(name))
        costs = [found.finals(name, one) for one in found.scenarios]
        cells = [
            row.title, f"`{row.action}`",
            *(
                f"{amount_text(interquartile_mean(cost))} ({amount_text(cost.min())} to {amount_text(cost.max())})"
                for cost in costs
            ),
            f"{interval.mean:.3f}", f"{interval.low:.3f} to {interval.high:.3f}", f"{found.cpu_seconds(name):.0f} s",
            row.more,
        ]  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    for name in sorted({name for name, _ in found.partial}, key=list(ROWS).index):
        row, by_scenario = ROWS[name], [found.partial.get((name, one), []) for one in found.scenarios]
        texts = [", ".join(amount_text(run["final"]) for run in runs) for runs in by_scenario]
        counts = f"{max(map(len, by_scenario))} of {found.seeds} runs so far"
        lines.append(f"| {row.title} | `{row.action}` | {' | '.join(texts)} | | | | {counts} |")
    for title in (SCRIPT, SEARCH):
        means = [amount_text(found.references[one]["final"][title]) for one in found.scenarios]
        lines.append(f"| *{title}* | | {' | '.join(means)} | | | | |")
    return "\n".join([*lines, "", *notes(found), ""])


def notes(found: Comparison) -> list[str]:
    """What the table shows."""
    lines = [line for one in found.scenarios for name in found.names for line in found.of(name, one)]
    first = lines[0]
    kinds = sorted({line["processor"] for line in lines})
    commits = sorted({line["commit"] for line in lines})
    budget = max(line["budget"] for line in lines)
    text = (
        f"Currency units of a day, all banks together, on {first['final_days']:,} validation days after {budget:,} "
        f"decisions: interquartile mean of {found.seeds} runs (smallest to largest). Relative cost: interquartile mean "
        "over runs and scenarios of the cost over that of the full search, stratified bootstrap interval. Processor "
        f"time: median of a run, without evaluations. Version {first['version']}, commits {', '.join(commits)}; "
        f"{', '.join(kinds)}. `python -m training.algorithms`, then `python -m training.algorithms.tables`."
    )
    return [text]


def gradient_table(found: Comparison) -> str:
    """Paired differences of PPO on the rank action, and of the search with the budget, to the full search."""
    names = [name for name in ("ippo-rank-search", "ippo-rank-script", "cmaes") if name in found.names]
    lines = [
        f"| algorithm | {' | '.join(f'`{one}`' for one in found.scenarios)} |",
        f"|---|{'---:|' * len(found.scenarios)}",
    ]
    for name in names:
        cells = [difference_text(found, name, one) for one in found.scenarios]
        lines.append(f"| {ROWS[name].title} | {' | '.join(cells)} |")
    text = (
        "Mean cost minus that of the constants of a full search on the same validation days, in per cent of the "
        "latter, with a 95 % interval over runs and days."
    )
    return "\n".join([*lines, "", text, ""])


def draw_curves(found: Comparison) -> Any:
    """Interquartile mean of relative cost over the budget, one panel for each family, with intervals."""
    drawn, axis = figure(13.0, 4.8)
    axis.remove()
    axes = drawn.subplots(1, len(PANELS), sharey=True)
    for panel, (title, names) in zip(axes, PANELS.items(), strict=True):
        for place, name in enumerate(one for one in names if one in found.names):
            curves = found.curve(name)
            parts = curves[0].shape[1]
            at = np.arange(parts) / (parts - 1)
            bands = [stratified_interval([curve[:, part] for curve in curves], resamples=500) for part in range(parts)]
            panel.plot(
                at, [band.mean for band in bands], "o-", ms=3, color=f"C{place}", label=literal_label(ROWS[name].title)
            )
            panel.fill_between(
                at, [one.low for one in bands], [one.high for one in bands], color=f"C{place}", alpha=0.15
            )
        panel.axhline(1.0, color="black", lw=1, ls=":")
        panel.set_yscale("log")
        panel.set_ylim(0.9, 6.0)
        panel.set_yticks([1, 1.5, 2, 3, 5], ["1", "1.5", "2", "3", "5"])
        panel.minorticks_off()
        panel.set_title(title)
        panel.set_xlabel("share of the budget")
        panel.grid(alpha=0.3)
        literal_legend(panel, fontsize="small", loc="upper right", frameon=False)
    axes[0].set_ylabel("cost over that of a full search")
    return drawn


def draw_profiles(found: Comparison) -> Any:
    """Share of runs whose relative cost is at most a threshold."""
    drawn, axis = figure(8.5, 4.8)
    for place, name in enumerate(found.names):
        costs = np.concatenate(found.relative(name))
        axis.plot(
            THRESHOLDS, [(costs <= threshold).mean() for threshold in THRESHOLDS], color=f"C{place % 10}",
            ls=("-", "--")[place // 10], label=literal_label(ROWS[name].title),
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks([1, 1.1, 1.2, 1.5, 2, 3, 4], ["1", "1.1", "1.2", "1.5", "2", "3", "4"])
    axis.minorticks_off()
    axis.set_xlabel("cost over that of a full search, at most")
    axis.set_ylabel("share of runs")
    axis.grid(alpha=0.3)
    literal_legend(axis, fontsize="small", loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    return drawn


def main(arguments: Sequence[str] | None = None) -> None:
    """Write table and figures."""
    parser = argparse.ArgumentParser(prog="python -m training.algorithms.tables", description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of results")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="folder of the figures")
    given = parser.parse_args(arguments)
    found = Comparison(read_lines(given.results))
    write_atomically(given.results.with_suffix(".md"), markdown(found).encode())
    write_atomically(given.results.with_name("algorithms-gradient.md"), gradient_table(found).encode())
    save(draw_curves(found), given.assets / "algorithms.png")
    save(draw_profiles(found), given.assets / "algorithms-profiles.png")
    print(f"{len(found.names)} rows, {found.seeds} seeds, {', '.join(found.scenarios)}")


if __name__ == "__main__":
    main()
