"""What events and records cost: ``python -m benchmarks.records [--json] [--events N] [--no-baseline]``.

Times are the processor's, the best of several rounds taken in turn, so that ratios hold on a machine in use by others.
``events off`` is compared with an engine whose logging was taken out before it was compiled, in processes of its own.
Memory is the peak of a process that records a number of events, compared with one that records a tenth of them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.simulation import Simulation, TickResult

ROUNDS: Final = 12
TICKS: Final = 100
RECORD_ROUNDS: Final = 4
RECORD_TICKS: Final = 1_000
PROCESS_ROUNDS: Final = 5

NO_LOGGING: Final = """
import simcash_env.kernels.record as log
from simcash_env.kernels._numba.jit import kernel

def record(state, work, kind, bank, counterparty, pay_id, cents):
    return

def record_values(state, work, kind, bank, counterparty, pay_id, cents, first, second):
    return

log.record, log.record_values = kernel(record), kernel(record_values)
"""

EVENTS_OFF: Final = """
import time
import numpy as np
from simcash_env import make_vec
vec = make_vec("ten-banks-v0", 256)
vec.reset(seed=1)
actions = np.ones(vec.actions.shape, np.int64)
for _ in range(60):
    vec.step(actions)
best = float("inf")
for _ in range(40):
    began = time.process_time()
    for _ in range(10):
        vec.step(actions)
    best = min(best, time.process_time() - began)
print(best)
"""


def market(banks: int, ticks_per_day: int, days: int) -> ScenarioConfig:
    """Banks that release all: half a payment a bank and tick, liquidity that runs short now and then."""
    arrivals = {
        "rate_per_tick": 0.5,
        "amount": {"type": "uniform", "min": 1_000, "max": 100_000},
        "deadline_range": [10, 30],
    }
    row = {"opening_balance": 1_500_000, "credit_limit": 1_500_000, "arrivals": arrivals}
    return load_scenario(
        {
            "format": 1,
            "name": f"{banks} banks",
            "simulation": {"ticks_per_day": ticks_per_day, "num_days": days, "seed": 1},
            "banks": [{"id": f"BANK_{number:03d}", **row} for number in range(banks)],
            "costs": {"overdraft_bps_per_tick": 5, "deadline_penalty": {"bps": 20}, "eod_penalty": {"bps": 20}},
            "lsm": {"algorithms": ["bilateral"]},
        }
    )


@contextmanager
def ticking(config: ScenarioConfig, kind: str) -> Iterator[Callable[[], TickResult]]:
    """A tick of a run: without events, with them, or recorded into a file."""
    simulation = Simulation(config, events=False if kind == "off" else "tick")
    if kind in {"off", "on"}:
        yield simulation.tick
        return
    from simcash_env.records.database import DatabaseSink
    from simcash_env.records.facts import RunFacts
    from simcash_env.records.parquet import ParquetSink
    from simcash_env.records.recorder import Recorder, Sink

    facts = RunFacts.of(simulation)
    with tempfile.TemporaryDirectory() as folder:
        sinks: dict[str, Callable[[], Sink]] = {
            "parquet": lambda: ParquetSink(Path(folder) / "run.parquet", facts),
            "duckdb": lambda: DatabaseSink(Path(folder) / "runs.duckdb", facts),
        }
        with Recorder(simulation, [sinks[kind]()]) as recorder:
            yield recorder.tick


def time_kinds(config: ScenarioConfig) -> dict[str, float]:
    """Microseconds of the processor a tick of each kind of run, a record's first and last step included."""
    found: dict[str, list[float]] = {kind: [] for kind in ("off", "on", "parquet", "duckdb")}
    for _ in range(RECORD_ROUNDS):
        for kind, times in found.items():
            began = time.process_time()
            with ticking(config, kind) as tick:
                for _ in range(RECORD_TICKS):
                    tick()
            times.append(time.process_time() - began)
    return {kind: min(times) / RECORD_TICKS * 1e6 for kind, times in found.items()}


def time_ticks_alone(config: ScenarioConfig) -> dict[str, float]:
    """Microseconds of the processor a tick without and with events, nothing recorded; long runs, in turn."""
    found: dict[str, list[float]] = {"off": [], "on": []}
    for _ in range(ROUNDS):
        for kind, times in found.items():
            with ticking(config, kind) as tick:
                for _ in range(TICKS):
                    tick()
                began = time.process_time()
                for _ in range(5 * TICKS):
                    tick()
                times.append((time.process_time() - began) / (5 * TICKS))
    return {kind: min(times) * 1e6 for kind, times in found.items()}


def time_events_off() -> dict[str, float]:
    """Seconds of the processor for ten batch steps with events off, and with no logging compiled in at all; in turn."""
    found: dict[str, list[float]] = {"events off": [], "no logging": []}
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(PROCESS_ROUNDS):
            for name, times in found.items():
                environment = dict(os.environ)
                if name == "no logging":
                    environment["SIMCASH_CACHE_DIR"] = cache
                program = (NO_LOGGING if name == "no logging" else "") + EVENTS_OFF
                times.append(float(output(program, environment)))
    return {name: min(times) for name, times in found.items()}


def output(program: str, environment: dict[str, str] | None = None) -> str:
    """What a program prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def record_events(kind: str, num_events: int) -> dict[str, float]:
    """Record a number of events of two hundred banks; megabytes at the peak and on the disk, seconds."""
    from simcash_env.records.database import DatabaseSink
    from simcash_env.records.facts import RunFacts
    from simcash_env.records.parquet import ParquetSink
    from simcash_env.records.recorder import Recorder

    simulation = Simulation(market(200, 100, 10_000), events="tick")
    facts = RunFacts.of(simulation)
    simulation.fork().tick()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"run.{kind}"
        sink = DatabaseSink(path, facts) if kind == "duckdb" else ParquetSink(path, facts)
        began, events = time.perf_counter(), 0
        with Recorder(simulation, [sink]) as recorder:
            while events < num_events:
                events += len(recorder.tick().events)
        seconds = time.perf_counter() - began
        size = path.stat().st_size / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"events": events, "seconds": seconds, "file_mb": size, "rss_before_mb": before, "rss_peak_mb": peak}


def measure(num_events: int, *, with_baseline: bool) -> dict[str, Any]:
    """All figures."""
    figures: dict[str, Any] = {}
    for banks in (10, 200):
        config = market(banks, 100, 10)
        alone = time_ticks_alone(config)
        recorded = time_kinds(config)
        figures[f"{banks} banks"] = {
            "us_per_tick_off": alone["off"],
            "us_per_tick_on": alone["on"],
            "on_over_off": alone["on"] / alone["off"],
            "parquet_over_off": recorded["parquet"] / recorded["off"],
            "duckdb_over_off": recorded["duckdb"] / recorded["off"],
        }
    if with_baseline:
        times = time_events_off()
        figures["events off over no logging compiled in"] = times["events off"] / times["no logging"]
    for kind in ("parquet", "duckdb"):
        for events in (num_events // 10, num_events):
            program = f"from benchmarks.records import *; print(json.dumps(record_events({kind!r}, {events})))"
            figures[f"{events:,} events to {kind}"] = json.loads(output(program))
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--events", type=int, default=10_000_000, help="how many to record for the figures of memory")
    parser.add_argument("--no-baseline", action="store_true", help="leave out the engine without logging (a minute)")
    options = parser.parse_args()
    figures = measure(options.events, with_baseline=not options.no_baseline)
    if options.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        if isinstance(value, dict):
            print(name)
            for key, number in value.items():
                print(f"    {key:22} {number:>14,.2f}")
        else:
            print(f"{name:45} {value:.3f}")


if __name__ == "__main__":
    main()
