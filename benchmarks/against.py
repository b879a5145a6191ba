"""Speed of the engine and the batch compared with another commit: ``python -m benchmarks.against REVISION [--json]``.

Two processes, one of this checkout and one of the revision, measure the same work in turn, so
that what the machine's neighbours do falls on both. Needs git and the repository's history.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
ROUNDS: Final = 40

WORKER: Final = """
import json, sys, time
import numpy as np
from simcash_env import Simulation, load_scenario, make_vec
from simcash_env.config import ScenarioConfig

def batch(scenario):
    vec = make_vec(scenario, 1_024)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    return lambda: vec.step(actions), 10

def engine(algorithms):
    arrivals = {"rate_per_tick": 2.0, "amount": {"type": "uniform", "min": 1_000, "max": 100_000},
                "deadline_range": [10, 30]}
    config = ScenarioConfig.model_validate({
        "format": 1, "name": "against", "simulation": {"ticks_per_day": 200, "num_days": 1, "seed": 1},
        "banks": [{"id": f"BANK_{n:03}", "opening_balance": 1_000_000, "arrivals": arrivals, "policy": {"type": "fifo"}}
                  for n in range(50)],
        "lsm": {"algorithms": algorithms, "max_cycle_length": 3}})
    return lambda: Simulation(config, events=False).run_to_completion(), 1

WORK = {
    "batch of ten-banks-v0": lambda: batch("ten-banks-v0"),
    "batch of castro-12period-v0": lambda: batch("castro-12period-v0"),
    "50 banks, no LSM": lambda: engine([]),
    "50 banks, LSM": lambda: engine(["bilateral", "cycles"]),
}
calls = {name: make() for name, make in WORK.items()}
for call, _ in calls.values():
    for _ in range(30):
        call()
print(json.dumps(list(calls)), flush=True)
for line in sys.stdin:
    call, repetitions = calls[line.strip()]
    began = time.perf_counter()
    for _ in range(repetitions):
        call()
    print((time.perf_counter() - began) / repetitions, flush=True)
"""


class Worker:
    """A process that measures on request, with the package of one folder."""

    def __init__(self, folder: Path, cache: str) -> None:
        environment = {**os.environ, "PYTHONPATH": str(folder), "SIMCASH_CACHE_DIR": cache, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.work: list[str] = json.loads(self._answer())

    def seconds(self, work: str) -> float:
        """Seconds a call of this work takes now."""
        print(work, file=self.process.stdin, flush=True)
        return float(self._answer())

    def _answer(self) -> str:
        line = self.process.stdout.readline() if self.process.stdout else ""
        return line or sys.exit("a measuring process ended before it answered; its own words stand above")


def measure(revision: str) -> list[dict[str, Any]]:
    """A row a work: the least seconds here and there, and the median of the ratios of rounds measured in turn."""
    with tempfile.TemporaryDirectory() as scratch:
        there = Path(scratch) / "there"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--quiet", "--detach", there, revision], check=True)
        try:
            workers = [Worker(folder, f"{scratch}/{name}") for name, folder in (("h", ROOT), ("t", there))]
            rows = []
            for work in workers[0].work:
                rounds = [[worker.seconds(work) for worker in workers] for _ in range(ROUNDS)]
                here, other = (min(column) for column in zip(*rounds, strict=True))
                ratio = median(one / two for one, two in rounds)
                rows.append({"work": work, "here_ms": here * 1e3, "there_ms": other * 1e3, "ratio": ratio})
            for worker in workers:
                worker.process.communicate()
            return rows
        finally:
            subprocess.run([*git, "remove", "--force", there], check=True)


def main() -> None:
    """Print a line a work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("revision")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rows = measure(arguments.revision)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    print(f"{'least milliseconds a call':30}{'here':>10}{arguments.revision:>12}{'median ratio':>14}")
    for row in rows:
        print(f"{row['work']:30}{row['here_ms']:10.3f}{row['there_ms']:12.3f}{row['ratio']:14.2f}")


if __name__ == "__main__":
    main()
