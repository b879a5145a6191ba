"""Which algorithm? ``python -m training.algorithms [--rows NAME ...] [--scenarios NAME ...]``.

Trains every row of ``rows.py`` with the same budget and seeds, evaluates it on the same validation days at fixed
fractions of the budget, and appends one JSON line for each run to ``docs/results/algorithms.jsonl``. A run whose line
is there is not repeated, so that an interrupted command goes on where it stopped. Rows whose library is not installed
are left to another environment: ``.adapters/benchmarl/bin/python -m training.algorithms``.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from simcash_env import __version__
from simcash_env.cli.doctor import processor
from simcash_env.files import make_folder_of
from simcash_env.machine import commit
from training.algorithms.contest import CURVE_DAYS, FINAL_DAYS, SCENARIOS, Contest
from training.algorithms.references import reference_line, search_costs
from training.algorithms.rows import ROWS, is_installed, play
from training.lines import append_line, read_lines

RESULTS: Final = Path("docs") / "results" / "algorithms.jsonl"
SEEDS: Final = 5


def line_of(name: str, contest: Contest) -> dict[str, Any]:
    """The line of a finished run; costs in cents of a day, all banks together."""
    difference = contest.final - search_costs(contest.scenario)
    return {
        "algorithm": name, "scenario": contest.scenario, "seed": contest.seed, "budget": contest.budget,
        "decisions": contest.counts, "costs": contest.costs, "curve_days": CURVE_DAYS,
        "final": float(contest.final.mean()), "final_days": FINAL_DAYS,
        "standard_error": float(contest.final.std() / len(contest.final) ** 0.5),
        "minus_search": float(difference.mean()),
        "minus_search_error": float(difference.std() / len(difference) ** 0.5),
        "cpu_seconds": round(contest.cpu_seconds, 1), **contest.notes,
        "version": __version__, "commit": commit(), "processor": processor(),
    }  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Play the runs that are not finished."""
    parser = argparse.ArgumentParser(prog="python -m training.algorithms", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME", help="rows (default: all)"
    )
    parser.add_argument("--scenarios", nargs="+", default=SCENARIOS, help="ids of the library")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of runs of a row, seeds from 0")
    parser.add_argument("--budget", type=int, default=None, help="decisions of banks (default: the row's)")
    parser.add_argument("--references", action="store_true", help="only measure the policies to compare with")
    parser.add_argument("--out", type=Path, default=RESULTS, help="file of results")
    given = parser.parse_args(arguments)
    make_folder_of(given.out)
    done = {(line["algorithm"], line["scenario"], line["seed"]) for line in read_lines(given.out)}
    if given.references:
        for scenario in given.scenarios:
            if ("references", scenario, 0) not in done:
                append_line(given.out, reference_line(scenario))
        return
    missing = [name for name in given.rows if not is_installed(name)]
    if missing:
        print(f"not installed here: {', '.join(missing)}")
    for scenario in given.scenarios:
        for seed in range(given.seeds):
            for name in given.rows:
                if name in missing or (name, scenario, seed) in done:
                    continue
                with tempfile.TemporaryDirectory() as folder:
                    contest = play(name, scenario, seed, Path(folder), given.budget)
                append_line(given.out, line_of(name, contest))
                words = f"{contest.final.mean():,.0f} cents a day, {contest.cpu_seconds:.0f} s of processor time"
                print(f"{name} on {scenario}, seed {seed}: {words}", flush=True)


if __name__ == "__main__":
    main()
