"""Replay of recorded payments: ``python -m benchmarks.recorded [--payments N] [--batch N] [--json]``.

Figures on generated payments in days of 600 ticks:

* a large day of 50 banks: seconds to load the scenario with its payments from Parquet, and payments a second of a run
  with every bank on FIFO and without liquidity saving, event log off and on;
* batches of copies of a smaller day, of 12 and of 50 learning banks: bytes a copy with and without the rows of queued
  payments, those of observations and of pairs of banks, and payments a second next to those of random arrivals of the
  same rate;
* a family of 64 variants of the scenario: bytes that all variants take, the data set not counted.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np

from simcash_env import make_vec
from simcash_env.compile.scenario import STATE_LAYOUT
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.recorded import recorded_days
from simcash_env.config.recorded_days import clear_cache
from simcash_env.data.payments import Calendar, make_payments, write_payments
from simcash_env.envs.families import Randomize
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.simulation import Simulation

NUM_BANKS: Final = 50
TICKS: Final = 600
LARGE_DAY: Final = 321_358
SMALL_DAY: Final = 40_000
BATCH: Final = 256
REPETITIONS: Final = 3
WORD_BYTES: Final = 8
HOUR_US: Final = 3_600_000_000
CALENDAR: Final = Calendar(7 * HOUR_US, 17 * HOUR_US, TICKS)
BATCH_BANKS: Final = (12, 50)


def names(num_banks: int) -> tuple[str, ...]:
    """Ids of the banks."""
    return tuple(f"BANK_{number:03}" for number in range(num_banks))


def write_day(path: Path, number: int, num_banks: int = NUM_BANKS) -> None:
    """Write generated payments: lognormal sizes, uniform banks and times, deadlines an hour later or at the close."""
    draw, size, banks = np.random.default_rng(1), number, np.array(names(num_banks))
    sender = draw.integers(0, num_banks, size)
    submitted = draw.integers(CALENDAR.open_us, CALENDAR.close_us, size)
    deadline = np.minimum(submitted + HOUR_US, CALENDAR.close_us)
    columns = {
        "day": [date(2025, 1, 1)] * size,
        "submitted": submitted,
        "sender": banks[sender],
        "receiver": banks[(sender + draw.integers(1, num_banks, size)) % num_banks],
        "amount_cents": np.maximum(draw.lognormal(11.0, 1.5, size).astype(np.int64), 1),
        "priority": draw.integers(0, 11, size).astype(np.int8),
        "deadline": deadline,
    }
    write_payments(make_payments(columns, CALENDAR), path)


def scenario(parts: dict[str, Any], num_banks: int = NUM_BANKS, policy: str = "fifo", **bank: Any) -> dict[str, Any]:
    """Equal banks with enough money."""
    return {
        "format": 1,
        "name": "recorded",
        "simulation": {"ticks_per_day": TICKS, "num_days": 1, "seed": 1},
        "banks": [
            {"id": name, "opening_balance": 10**10, "policy": {"type": policy}, **bank} for name in names(num_banks)
        ],
        "lsm": {"algorithms": []},
        **parts,
    }


def replayed(path: Path) -> dict[str, Any]:
    """The key of recorded arrivals."""
    return {"arrivals": {"recorded": {"file": str(path), "days": "all"}}}


def drawn(number: int, num_banks: int) -> dict[str, Any]:
    """Random arrivals of as many payments."""
    amount = {"type": "lognormal", "mean": 200_000, "std_dev": 500_000}
    rate = number / num_banks / TICKS
    return {"arrivals": {"rate_per_tick": rate, "amount": amount, "deadline_range": [60, 60], "priority": 5}}


def best_of(measured: Callable[[], Any]) -> float:
    """Seconds of the fastest of several runs."""
    seconds = []
    for _ in range(REPETITIONS):
        began = time.perf_counter()
        measured()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def measure_large_day(path: Path, number: int) -> dict[str, float]:
    """Loading and running one large day."""
    write_day(path, number)
    rows = scenario(replayed(path))

    def load() -> ScenarioConfig:
        clear_cache()
        return load_scenario(rows)

    loaded = best_of(load)
    config = load()
    run_scripted(config, [1])
    kernel = best_of(lambda: run_scripted(config, [1]))
    plain = best_of(lambda: Simulation(config, events=False).run_to_completion())
    logged = best_of(lambda: Simulation(config).run_to_completion())
    return {
        "payments": number,
        "file_mb": path.stat().st_size / 1e6,
        "load_s": loaded,
        "kernel_payments_per_s": number / kernel,
        "simulation_payments_per_s": number / plain,
        "simulation_with_events_payments_per_s": number / logged,
    }


def measure_batch(path: Path, number: int, copies: int, num_banks: int) -> dict[str, float]:
    """Memory and speed of a batch in which every payment is released in the tick of its arrival."""
    write_day(path, number, num_banks)
    config = load_scenario(scenario(replayed(path), num_banks, "external"))
    data = recorded_days(config)
    vec = make_vec(config, copies, action="budget")
    found = {
        "banks": num_banks,
        "copies": copies,
        "payments": number,
        "shared_mb": 0.0 if data is None else data.words.nbytes / 1e6,
    }
    found["recorded_payments_per_s"] = _steps(vec, 60)
    rows = vec.columns().pay_id.shape[-1]
    words = STATE_LAYOUT.words_per_axis["pay"] * rows
    found |= {"payment_rows": rows, "kb_per_copy": vec.bytes_per_copy / 1e3}
    found["kb_per_copy_beyond_queues"] = (vec.bytes_per_copy - words * WORD_BYTES) / 1e3
    found["kb_per_copy_of_observations"] = vec.observations.nbytes / copies / 1e3
    found["kb_per_copy_of_pairs"] = STATE_LAYOUT.words_per_axis["pair"] * num_banks**2 * WORD_BYTES / 1e3
    random = make_vec(
        load_scenario(scenario({}, num_banks, "external", **drawn(number, num_banks))), copies, action="budget"
    )
    found["random_payments_per_s"] = _steps(random, 60)
    family = make_vec(config, 1, action="budget", randomize=Randomize(num_members=64))
    found["family_of_64_mb"] = sum(variant.row.nbytes for variant in family.variants) / 1e6
    return found


def _steps(vec: Any, steps: int) -> float:
    """Arrivals a second of a batch whose banks release all."""
    vec.reset(seed=1)
    actions = np.zeros((vec.num_envs, vec.num_banks, len(vec.action_nvec)), np.int64)
    actions[..., 0] = vec.action_nvec[0] - 1
    actions = actions if actions.shape == vec.actions.shape and actions.shape[-1] > 1 else actions[..., 0]
    for _ in range(3):
        vec.step(actions)
    before, began = int(vec.columns().arrived_count.sum()), time.perf_counter()
    for _ in range(steps):
        vec.step(actions)
    return (int(vec.columns().arrived_count.sum()) - before) / (time.perf_counter() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--payments", type=int, default=LARGE_DAY, help=f"of the large day (default: {LARGE_DAY})")
    parser.add_argument(
        "--batch-payments", type=int, default=SMALL_DAY, help=f"of the small day (default: {SMALL_DAY})"
    )
    parser.add_argument("--batch", type=int, default=BATCH, help=f"copies (default: {BATCH})")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        large = measure_large_day(Path(folder) / "large.parquet", options.payments)
        batches = [
            measure_batch(Path(folder) / f"{banks}.parquet", options.batch_payments, options.batch, banks)
            for banks in BATCH_BANKS
        ]
    if options.json:
        print(json.dumps({"large_day": large, "batches": batches}))
        return
    for title, figures in (("Large day", large), *(("Batch", batch) for batch in batches)):
        print(f"| {title} | |\n|---|---:|")
        print("".join(f"| {name.replace('_', ' ')} | {value:,.3f} |\n" for name, value in figures.items()))


if __name__ == "__main__":
    main()
