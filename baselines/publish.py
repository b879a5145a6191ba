"""The benchmark as it is published: ``python -m baselines.publish`` writes its raw results and the table made of them.

``--tables`` only makes the table anew from the raw results.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.evaluation.benchmark_table import table
from simcash_env.evaluation.leaderboard import across_scenarios, rows_as_json, rows_from_json, run_benchmark
from simcash_env.evaluation.policy_families import ALL_FAMILIES
from simcash_env.evaluation.statistics import PLAYED_ONCE
from simcash_env.files import write_atomically
from simcash_env.literal import literal_console, told_literally
from simcash_env.registry import scenario_ids

FOLDER: Final = Path("docs") / "results"
COMMAND: Final = "python -m baselines.publish"
LARGE: Final = frozenset({"ten-banks-v0", "core-periphery-200-v0"})
"""Scenarios whose parameters are searched on fewer days: ten days a run, or two hundred banks."""

BEST_SHOWN: Final = 3
"""Tuned policies of a scenario in the page."""
TEST_DAYS, TUNING_DAYS, LARGE_TUNING_DAYS, MEASURED_DAYS = 200, 200, 20, 20


def run(scenario: str, report: Callable[[str], None]) -> list[dict[str, Any]]:
    """The rows of one scenario, as plain Python."""
    found = run_benchmark(
        [scenario],
        TEST_DAYS,
        num_tuning_seeds=LARGE_TUNING_DAYS if scenario in LARGE else TUNING_DAYS,
        families=ALL_FAMILIES,
        num_measured=MEASURED_DAYS,
        report=report,
    )
    rows: list[dict[str, Any]] = json.loads(rows_as_json(found))
    return rows


def with_rows(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything that is published."""
    return {
        "version": __version__,
        "command": COMMAND,
        "test_days": TEST_DAYS,
        "tuning_days": TUNING_DAYS,
        "tuning_days_of_large": LARGE_TUNING_DAYS,
        "measured_days": MEASURED_DAYS,
        "rows": list(rows),
    }


def as_json(results: Mapping[str, Any]) -> str:
    """A line a row, so that changes can be read."""
    head = {key: value for key, value in results.items() if key != "rows"}
    rows = ",\n".join(json.dumps(row) for row in results["rows"])
    return json.dumps(head)[:-1] + ', "rows": [\n' + rows + "\n]}\n"


def summary(results: Mapping[str, Any]) -> list[str]:
    """The policies over all scenarios."""
    found = across_scenarios(rows_from_json(results["rows"]))
    scenarios = len({row["scenario"] for row in results["rows"]})
    lines = ["| policy | cost over FIFO's | 95 % interval |", "|---|---:|---:|"]
    lines += [f"| {name} | {item.mean:.3f} | {item.low:.3f} to {item.high:.3f} |" for name, item in found.items()]
    return [
        *lines,
        "",
        f"Over {scenarios} scenarios: interquartile mean of a run's cost over FIFO's mean cost of the scenario,",
        "pools as configured, with a bootstrap that draws within each scenario. The dearest and the cheapest quarter",
        "of the runs are cut off, so scenarios do not weigh alike in it.",
        "",
    ]


def markdown(results: Mapping[str, Any]) -> str:
    """The page: over all scenarios, then scenario by scenario, and how it was made."""
    days = f"{results['test_days']} test days, parameters searched on {results['tuning_days']} training days"
    large = f"{results['tuning_days_of_large']} for {' and '.join(f'`{name}`' for name in sorted(LARGE))}"
    notes = [
        "",
        f"Cents of a run, all banks together; less is better. {days} ({large});",
        f"regret, delay indicator and liquidity used are of the first {results['measured_days']} test days. A regret",
        "marked ≤ is against a relaxed bound; where there is none, the scenario is too large for one. Of the tuned",
        f"policies the best {BEST_SHOWN} are shown, all are in `docs/results/benchmark.json`.",
        *([f"{PLAYED_ONCE}."] if any(row["total"]["count"] == 1 for row in results["rows"]) else []),
        f"Version {results['version']}, `{results['command']}`.",
    ]
    return "\n".join([*summary(results), *table(results["rows"], BEST_SHOWN), *notes])


def main(arguments: Sequence[str] | None = None) -> None:
    """Run and write, or write the table alone."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument(
        "scenarios", nargs="*", default=list(scenario_ids()), help="ids, all by default; others keep their results"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--tables", action="store_true", help="do not run; make the table from the raw results")
    given: Any = parser.parse_args(arguments)
    raw = given.folder / "benchmark.json"
    results = json.loads(raw.read_text(encoding="utf-8")) if raw.is_file() else with_rows([])
    if not given.tables:
        console = literal_console(stderr=True)
        with console.status("scoring") as status:
            for scenario in given.scenarios:  # what is done is written, so that an interruption loses one scenario
                kept = [row for row in results["rows"] if row["scenario"] != scenario]
                rows = sorted(
                    [*kept, *run(scenario, told_literally(status.update))], key=lambda row: str(row["scenario"])
                )
                results = with_rows(rows)
                write_atomically(raw, as_json(results).encode())
    write_atomically(given.folder / "benchmark.md", f"{markdown(results)}\n".encode())


if __name__ == "__main__":
    main()
