"""Targets of speed, memory and start in one table: ``python -m benchmarks.targets [--json | --markdown] [--quick]``.

One run measures everything, the batch next to Gymnasium's CartPole batch of 1,024 as the yardstick of the machine. The
machine should be quiet; ``docs/performance.md`` shows the table and says what limits the targets that are missed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import cold_start, scale, speed
from benchmarks.threads import rate, stepper
from benchmarks.training import settings_of, train_ours
from simcash_env import __version__, make_vec
from simcash_env.config import ScenarioConfig
from simcash_env.machine import machine
from simcash_env.registry import load
from simcash_env.simulation import Simulation

BANKS: Final = (10, 50, 200, 1_000)
TICKS: Final = 100
ROUNDS: Final = 60
THREAD_ROUNDS: Final = 7
RARE: Final = 1e-9
"""Arrivals per tick of a scenario in which nothing arrives."""


@dataclass(frozen=True)
class Row:
    """One target.

    Attributes:
        what: is measured.
        unit: of both figures.
        target: that is to be reached.
        measured: in this run.
        is_lower_bound: whether more is better.
    """

    what: str
    unit: str
    target: float
    measured: float
    is_lower_bound: bool

    @property
    def is_met(self) -> bool:
        """Whether the target is reached."""
        return self.measured >= self.target if self.is_lower_bound else self.measured <= self.target


def at_least(what: str, unit: str, target: float, measured: float) -> Row:
    """A target of which more is better."""
    return Row(what, unit, target, measured, is_lower_bound=True)


def at_most(what: str, unit: str, target: float, measured: float) -> Row:
    """A target of which less is better."""
    return Row(what, unit, target, measured, is_lower_bound=False)


def without_arrivals(name: str) -> ScenarioConfig:
    """A scenario of the library in which nothing arrives."""
    content = load(name).model_dump(mode="json", exclude_none=True)
    for bank in content["banks"]:
        bank["arrivals"]["rate_per_tick"] = RARE
    return ScenarioConfig.model_validate(content)


def batch_step(scenario: Any) -> Callable[[], Any]:
    """A step of 64 copies that release everything."""
    vec = make_vec(scenario, speed.FEW_COPIES)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(speed.WARM_UP_STEPS):
        vec.step(actions)
    return lambda: vec.step(actions)


def ticks(rounds: int) -> tuple[float, float]:
    """Nanoseconds of an empty tick of a copy, and of a payment from arrival to settlement, observed on its way."""
    empty, full = batch_step(without_arrivals(speed.SCENARIO)), batch_step(speed.SCENARIO)
    found = [[speed.timed(call, 200) for call in (empty, full)] for _ in range(rounds)]
    nothing, something = (min(column) / speed.FEW_COPIES * 1e9 for column in zip(*found, strict=True))
    arrivals = sum(bank.arrivals.rate_per_tick for bank in load(speed.SCENARIO).banks if bank.arrivals is not None)
    return nothing, (something - nothing) / arrivals


def payment_us(num_banks: int) -> float:
    """Microseconds of a payment in a run of scripted banks, without the time to set the run up."""
    config, taken = scale.scenario(num_banks, TICKS, {"type": "fifo"}), []
    for _ in range(scale.REPETITIONS):
        simulation = Simulation(config, events=False)
        began = time.perf_counter()
        arrived = simulation.run_to_completion().arrived
        taken.append((time.perf_counter() - began) / arrived * 1e6)
    return min(taken)


def two_threads(rounds: int) -> float:
    """Steps of 1,024 copies a second with two threads over those with one."""
    one, two = stepper(1), stepper(2)
    return float(np.median([rate(two) / rate(one) for _ in range(rounds)]))


def measure(rounds: int, thread_rounds: int) -> Iterator[Row]:
    """Every target, measured."""
    figures = speed.measure(rounds, with_cold_start=False)
    cartpole = float(figures[speed.CARTPOLE])
    yield at_least("batch of 1,024 copies, ten banks", "x yardstick", 0.9, float(figures["batch_over_cartpole"]))
    few = float(figures["few_copies_bank_steps_per_s"]) / 1e6
    yield at_least("batch of 64 copies", "million decisions/s", 11.0, few)
    yield at_most("one copy through `make_vec`", "us a step", 2.0, float(figures["single_call_us"]))
    parallel = float(figures["parallel_env_bank_steps_per_s"]) / cartpole
    yield at_least("`parallel_env`, default", "x yardstick", 0.07, parallel)
    empty, payment = ticks(rounds)
    yield at_most("empty tick of ten banks", "ns", 350.0, empty)
    yield at_most("a payment, arrival to settlement, observed", "ns", 80.0, payment)
    for banks in BANKS:
        yield at_most(f"FIFO, liquidity saving on, {banks:,} banks", "us a payment", 1.0, payment_us(banks))
    vec = make_vec(speed.SCENARIO, 1)
    yield at_most("state of a copy, ten banks", "bytes", 6_000.0, float(vec.state_rows()[0].nbytes))
    with tempfile.TemporaryDirectory() as cache:
        starts = [cold_start.start(name, Path(cache)) for name in cold_start.COMMANDS]
    yield at_most("first result, nothing compiled", "s", 12.0, starts[0].seconds)
    yield at_most("run, reset and benchmark, nothing compiled", "s", 20.0, sum(each.seconds for each in starts))
    for scenario in ("castro-12period-v0", "ten-banks-v0"):
        done = train_ours(settings_of(scenario, are_ours=True), 0)
        thousands = done.steps / done.seconds / 1e3
        yield at_least(f"learner on `{scenario}`", "thousand decisions/s", 400.0, thousands)
    yield at_least("two threads, 1,024 copies", "x one thread", 1.7, two_threads(thread_rounds))


def as_markdown(rows: Sequence[Row]) -> str:
    """The table."""
    lines = ["| what | unit | target | measured | met |", "|---|---|---:|---:|---|"]
    for row in rows:
        target = f"{'at least' if row.is_lower_bound else 'at most'} {row.target:,g}"
        lines.append(f"| {row.what} | {row.unit} | {target} | {row.measured:,.3g} | {'yes' if row.is_met else 'no'} |")
    lines += ["", f"Version {__version__} on {machine()}: `python -m benchmarks.targets --markdown`."]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.targets", description=__doc__.split("\n\n")[0])
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--markdown", action="store_true", help="a table (the default)")
    parser.add_argument("--quick", action="store_true", help="a few rounds only")
    options = parser.parse_args()
    rows = list(measure(3, 1) if options.quick else measure(ROUNDS, THREAD_ROUNDS))
    if options.json:
        print(json.dumps({"version": __version__, "machine": machine(), "rows": [asdict(row) for row in rows]}))
    else:
        print(as_markdown(rows))


if __name__ == "__main__":
    main()
