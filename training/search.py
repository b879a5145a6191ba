"""Search for constants of a rank action on every scenario: ``python -m training.search [SCENARIO ...]``.

Runs ``--algorithm cmaes`` with the settings in ``configs/training`` and appends one JSON line for each finished run to
``results/search/runs.jsonl``: constants, costs on validation days next to the start, time, machine. A run whose line is
there is not repeated, so that an interrupted command goes on where it stopped. ``--test DAYS`` adds the costs on test
days, to be used once, when everything is chosen.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env import __version__
from simcash_env.cli.doctor import processor
from simcash_env.evaluation.evaluate import played_seeds
from simcash_env.evaluation.seeds import held_out_seeds, validation_seeds
from simcash_env.evaluation.statistics import bootstrap_interval, paired_difference
from simcash_env.files import make_folder_of
from simcash_env.learning.evaluate import evaluate_learned
from simcash_env.learning.rank_search import RankSearch, save
from simcash_env.learning.settings import TrainingSettings, load_settings
from simcash_env.machine import commit
from training.lines import append_line, read_lines

FOLDER: Final = Path("results") / "search"
VALIDATION: Final = 2_000
SEEDS: Final = 3
SCENARIOS: Final = (
    "castro-2period-v0", "castro-3period-v0", "bis-box3-v0", "bis-box3-v1", "2b-3t-v0", "3b-6t-v0", "4b-8t-v0",
    "castro-12period-v0", "2b-stress-v0", "5b-12t-v0", "two-banks-v0", "lynx-day-v0", "crisis-v0", "target2-day-v0",
    "core-periphery-50-v0", "money-market-v0", "ten-banks-v0", "core-periphery-200-v0", "target2-day-v1",
    "lynx-2019-v0", "rits-2011-v0",
)  # fmt: skip


def run_search(
    name: str, settings: TrainingSettings, seed: int, folder: Path, days: int, test_days: int
) -> dict[str, Any]:
    """Search with one seed, save the policy, and return the line of results."""
    began, began_cpu = time.monotonic(), time.process_time()
    run = RankSearch(settings, seed)
    curve = []
    while run.goes_on(settings):
        cents = run.step()
        curve.append((run.steps, cents))
    best = run.policy(run.best())
    seconds, cpu = time.monotonic() - began, time.process_time() - began_cpu
    save(run, best, folder / f"{name}-seed{seed}.npy", curve)
    config = settings.config()
    seeds = {"validation": validation_seeds(days)}
    seeds |= {"test": held_out_seeds(test_days)} if test_days else {}
    found: dict[str, Any] = {}
    for kind, given in seeds.items():
        played = played_seeds(config, given)
        totals, start = (evaluate_learned(one, config, played)[0].totals() for one in (best, run.policy(run.start)))
        interval, difference = bootstrap_interval(totals), paired_difference(totals, start)
        found[kind] = {
            "days": len(played), "mean": interval.mean, "low": interval.low, "high": interval.high,
            "standard_error": float(totals.std() / len(played) ** 0.5), "start": float(start.mean()),
            "minus_start": difference.numbers(),
            "p99": float(np.quantile(totals, 0.99)),
        }  # fmt: skip
    return {
        "scenario": name, "seed": seed, "version": __version__, "commit": commit(), "processor": processor(),
        "settings": settings.search.model_dump(mode="json"), "decisions": run.steps, "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1), "start": run.start_name, **found,
        "constants": [run.layout.named(row) for row in best.parameters],
    }  # fmt: skip


def finished(path: Path) -> set[tuple[str, int]]:
    """Scenario and seed of the runs whose line is in the file."""
    return {(line["scenario"], line["seed"]) for line in read_lines(path)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the searches that are not finished."""
    parser = argparse.ArgumentParser(prog="python -m training.search", description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("scenarios", nargs="*", default=SCENARIOS, help="ids of the library (default: all)")
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of searches a scenario, seeds from 0")
    parser.add_argument("--days", type=int, default=VALIDATION, help="number of validation days")
    parser.add_argument("--test", type=int, default=0, help="number of test days (default: none are played)")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of results")
    given = parser.parse_args(arguments)
    path = given.out / "runs.jsonl"
    make_folder_of(path)
    done = finished(path)
    for name in given.scenarios:
        settings = load_settings(name)
        for seed in range(given.seeds):
            if (name, seed) in done:
                continue
            line = run_search(name, settings, seed, given.out, given.days, given.test)
            append_line(path, line)
            shown = line["validation"]
            words = f"{shown['mean']:,.0f} on {shown['days']} validation days, start {shown['start']:,.0f}"
            print(f"{name} seed {seed}: {words}")


if __name__ == "__main__":
    main()
