"""Results as JSON of marl-eval (Gorsane and others 2022): ``python -m training.marl_eval``.

Writes ``algorithms-marl-eval.json`` and ``searches-marl-eval.json`` in ``docs/results`` from the lines of the
comparison of algorithms and of the searches. The metric ``return`` is minus the mean cost of a day in currency
units, all banks together. ``make marl-eval`` reads both with marl-eval's own loader.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env.amounts import CENTS_PER_UNIT
from simcash_env.files import write_atomically
from training.algorithms.tables import Comparison
from training.lines import read_lines

RESULTS: Final = Path("docs") / "results"
ENVIRONMENT: Final = "simcash"
SINGLE: Final = "simcash-single"
"""Environment of scenarios with one search."""

Runs = dict[str, dict[str, dict[str, dict[str, Any]]]]
"""Steps by task, algorithm and run."""


def metric(cents: float) -> dict[str, list[float]]:
    """The return of a mean cost, as a list of one evaluation."""
    return {"return": [-cents / CENTS_PER_UNIT]}


def run_of(counts: Sequence[int], costs: Sequence[float], final: float) -> dict[str, Any]:
    """A run: its evaluations on the way, and the final policy as absolute metrics."""
    steps = {
        f"step_{place}": {"step_count": count, **metric(cost)}
        for place, (count, cost) in enumerate(zip(counts, costs, strict=True))
    }
    return {**steps, "absolute_metrics": metric(final)}


def of_algorithms(found: Comparison) -> dict[str, Runs]:
    """The comparison of algorithms."""
    return {
        ENVIRONMENT: {
            scenario: {
                name: {
                    f"seed_{line['seed']}": run_of(line["decisions"], line["costs"], line["final"])
                    for line in found.of(name, scenario)
                }
                for name in found.names
            }
            for scenario in found.scenarios
        }
    }


def of_searches(lines: Sequence[Mapping[str, Any]]) -> dict[str, Runs]:
    """The searches: start and result; scenarios with several seeds are one environment, the first seed of all another.

    marl-eval needs the same number of runs in all tasks of an environment.
    """
    counts = Counter(line["scenario"] for line in lines)
    most = max(counts.values())
    found: dict[str, Runs] = {ENVIRONMENT: {}, SINGLE: {}}
    for line in lines:
        played = line["validation"]
        run = run_of([0, line["decisions"]], [played["start"], played["mean"]], played["mean"])
        places = [SINGLE] if line["seed"] == 0 else []
        places += [ENVIRONMENT] if most > 1 and counts[line["scenario"]] == most else []
        for place in places:
            task = found[place].setdefault(line["scenario"], {"cmaes": {}})
            task["cmaes"][f"seed_{line['seed']}"] = run
    return {name: runs for name, runs in found.items() if runs}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write both files."""
    parser = argparse.ArgumentParser(prog="python -m training.marl_eval", description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=RESULTS, help="folder of the results")
    folder = parser.parse_args(arguments).folder
    made = {
        "algorithms": of_algorithms(Comparison(read_lines(folder / "algorithms.jsonl"))),
        "searches": of_searches(read_lines(folder / "searches.jsonl")),
    }
    for name, data in made.items():
        write_atomically(folder / f"{name}-marl-eval.json", (json.dumps(data, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
