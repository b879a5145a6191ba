"""The published benchmark: ``python -m baselines.publish`` writes the raw results and the table built from them.

One row of a scenario is the policy of a search, where one is shipped. ``--searches`` plays these policies alone, on
scenarios with results, and keeps all other rows; ``--tables`` only rebuilds the table from the raw results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.config import FifoPolicy
from simcash_env.evaluation.benchmark_table import table
from simcash_env.evaluation.evaluate import evaluate_policy
from simcash_env.evaluation.leaderboard import (
    Row,
    across_scenarios,
    rows_as_json,
    rows_from_json,
    run_benchmark,
)
from simcash_env.evaluation.policy_families import ALL_FAMILIES
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.statistics import PLAYED_ONCE
from simcash_env.files import write_atomically
from simcash_env.learning.evaluate import evaluate_checkpoint
from simcash_env.learning.leaderboard_row import row_of_checkpoint
from simcash_env.learning.rank_policy import search_checkpoint
from simcash_env.literal import literal_console, literal_report
from simcash_env.registry import scenario_ids

FOLDER: Final = Path("docs") / "results"
COMMAND: Final = "python -m baselines.publish"
LARGE: Final[Mapping[str, int]] = {
    "ten-banks-v0": 20, "core-periphery-200-v0": 20, "lynx-2019-v0": 5, "rits-2011-v0": 5,
}  # fmt: skip
"""Tuning days of scenarios whose runs have ten days, 200 banks, or more than 35,000 payments a day."""
UNMEASURED: Final = frozenset({"ten-banks-v0", "target2-day-v0", "target2-day-v1", "lynx-2019-v0", "rits-2011-v0"})
"""Scenarios without metrics and regret: the clairvoyant bound of a day takes minutes."""

BEST_SHOWN: Final = 3
"""Tuned policies that the page shows for each scenario."""
SEARCH: Final = "search"
"""Name of a row's policy that a search found."""
TEST_DAYS, TUNING_DAYS, MEASURED_DAYS = 200, 200, 20


def run(scenario: str, report: Callable[[str], None]) -> list[dict[str, Any]]:
    """Run the benchmark on one scenario; returns its rows as plain Python."""
    found = run_benchmark(
        [scenario],
        TEST_DAYS,
        num_tuning_seeds=LARGE.get(scenario, TUNING_DAYS),
        families=ALL_FAMILIES,
        num_measured=0 if scenario in UNMEASURED else MEASURED_DAYS,
        report=report,
    )
    rows: list[dict[str, Any]] = json.loads(rows_as_json([*found, *search_rows(scenario)]))
    return rows


def search_rows(scenario: str) -> list[Row]:
    """The row of the constants that a search found; none where none are shipped."""
    path = search_checkpoint(scenario)
    if not path.is_file():
        return []
    result = evaluate_checkpoint(path, held_out_seeds(TEST_DAYS), once=True)
    fifo = evaluate_policy(result.config, FifoPolicy(), result.evaluation.seeds)
    return [row_of_checkpoint(result, SEARCH, f"{scenario}-rank", fifo)]


def with_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The published results: settings and rows."""
    return {
        "version": __version__,
        "command": COMMAND,
        "test_days": TEST_DAYS,
        "tuning_days": TUNING_DAYS,
        "tuning_days_of_large": dict(LARGE),
        "measured_days": MEASURED_DAYS,
        "rows": list(rows),
    }


def as_json(results: Mapping[str, Any]) -> str:
    """JSON with one line for each row, so that diffs are readable."""
    head = {key: value for key, value in results.items() if key != "rows"}
    rows = ",\n".join(json.dumps(row) for row in results["rows"])
    return json.dumps(head)[:-1] + ', "rows": [\n' + rows + "\n]}\n"


def summary(results: Mapping[str, Any]) -> list[str]:
    """The table over all scenarios, as Markdown."""
    found = across_scenarios(rows_from_json(results["rows"]))
    scenarios = len({row["scenario"] for row in results["rows"]})
    lines = ["| policy | cost / FIFO's cost | 95 % interval |", "|---|---:|---:|"]
    lines += [f"| {name} | {item.mean:.3f} | {item.low:.3f} to {item.high:.3f} |" for name, item in found.items()]
    return [
        *lines,
        "",
        f"{scenarios} scenarios: interquartile mean of the ratio of a run's cost to FIFO's mean cost on that scenario",
        "(pools as configured), with a bootstrap stratified by scenario. The mean leaves out the cheapest and the most",
        "expensive quarter of the runs, so scenarios do not have equal weight.",
        "",
    ]


def markdown(results: Mapping[str, Any]) -> str:
    """The page: the table over all scenarios, the table by scenario, and notes."""
    days = f"{results['test_days']} test days, parameters tuned on {results['tuning_days']} training days"
    unmeasured = sorted(UNMEASURED & {row["scenario"] for row in results["rows"]})
    of_large = results["tuning_days_of_large"]
    large_ones = sorted(of_large.keys() & {row["scenario"] for row in results["rows"]})
    large = ", ".join(f"{of_large[name]} for `{name}`" for name in large_ones)
    notes = [
        "",
        f"Currency units per run, all banks together; lower is better. {days} ({large}).",
        "Gaps are relative to the bounds in `configs/bounds.json`; without a figure, no bound is known that holds for",
        f"the policy. The table shows the best {BEST_SHOWN} tuned policies; all are in `docs/results/benchmark.json`,",
        f"with metrics and the regret against the clairvoyant bound on the first {results['measured_days']} test days"
        + (f" (not of {' and '.join(f'`{name}`' for name in unmeasured)})." if unmeasured else "."),
        f"*{SEARCH}*: constants of the rank action that a search on training days found, shipped under the name given.",
        *([f"{PLAYED_ONCE}."] if any(row["total"]["count"] == 1 for row in results["rows"]) else []),
        f"Version {results['version']}, `{results['command']}`.",
    ]
    return "\n".join([*summary(results), *table(results["rows"], BEST_SHOWN), *notes])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmark and write its results, or only rebuild the table."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "scenarios",
        nargs="*",
        default=list(scenario_ids()),
        help="Scenario ids (default: all); others keep their results.",
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="Folder of benchmark.json and benchmark.md.")
    parser.add_argument("--searches", action="store_true", help="Play the shipped policies of searches alone.")
    parser.add_argument("--tables", action="store_true", help="Only rebuild the table from the raw results.")
    given: Any = parser.parse_args(arguments)
    raw = given.folder / "benchmark.json"
    results = json.loads(raw.read_text(encoding="utf-8")) if raw.is_file() else with_rows([])
    if not given.tables:
        console = literal_console(stderr=True)
        known = {row["scenario"] for row in results["rows"]}
        scenarios = [name for name in given.scenarios if name in known or not given.searches]
        with console.status("scoring") as status:
            for scenario in scenarios:  # written after each scenario, so that an interruption loses only one
                kept = [row for row in results["rows"] if row["scenario"] != scenario]
                if given.searches:
                    kept += [row for row in results["rows"] if row["scenario"] == scenario and row["policy"] != SEARCH]
                    played = json.loads(rows_as_json(search_rows(scenario)))
                else:
                    played = run(scenario, literal_report(status.update))
                rows = sorted([*kept, *played], key=lambda row: str(row["scenario"]))
                results = with_rows(rows)
                write_atomically(raw, as_json(results).encode())
    write_atomically(given.folder / "benchmark.md", f"{markdown(results)}\n".encode())


if __name__ == "__main__":
    main()
