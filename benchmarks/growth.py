"""How cost grows: ``python -m benchmarks.growth [--quick] [--tables]``.

Four series: the time of a payment by number of banks and by length of the run, of a waiting payment by length of the
central queue, and of a copy's step by number of copies. Each point is the best of several measurements. Writes
``growth.json`` and ``growth.md`` in ``docs/results`` and the figure ``docs/assets/growth.png``.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import scale, speed
from simcash_env import __version__, make_vec
from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.plots import figure, save
from simcash_env.files import write_atomically
from simcash_env.machine import machine
from simcash_env.simulation import Simulation

COMMAND: Final = "python -m benchmarks.growth"
RESULTS: Final = Path("docs") / "results"
ASSETS: Final = Path("docs") / "assets"
TICKS: Final = 100
FULL: Final = next(case for case in scale.CASES if case.name == "all three, nothing settles")


@dataclass(frozen=True)
class Series:
    """One line of the figure.

    Attributes:
        title: of its panel.
        axis: what grows.
        unit: of what is measured.
        sizes: at which it is measured.
        quick_sizes: for a try.
        measure: nanoseconds at a size.
    """

    title: str
    axis: str
    unit: str
    sizes: tuple[int, ...]
    quick_sizes: tuple[int, ...]
    measure: Callable[[int], float]


def payment_ns(config: ScenarioConfig, repetitions: int = scale.REPETITIONS) -> float:
    """Nanoseconds of a payment in a run of scripted banks, without the time to set the run up."""
    taken = []
    for _ in range(repetitions):
        simulation = Simulation(config, events=False)
        began = time.perf_counter()
        arrived = simulation.run_to_completion().arrived
        taken.append((time.perf_counter() - began) / arrived * 1e9)
    return min(taken)


def by_banks(num_banks: int) -> float:
    """FIFO, bilateral and cycle offsetting, two payments a bank and tick."""
    return payment_ns(scale.scenario(num_banks, TICKS, {"type": "fifo"}))


def by_ticks(num_ticks: int) -> float:
    """Ten banks that can fund what they owe, days of 100 ticks, so that only the run gets longer."""
    content = scale.scenario(10, TICKS, {"type": "fifo"}).model_dump(mode="json", exclude_none=True)
    content["simulation"]["num_days"] = num_ticks // TICKS
    for bank in content["banks"]:
        bank["opening_balance"] = 10**12
        bank["arrivals"]["rate_per_tick"] = 0.5
    return payment_ns(ScenarioConfig.model_validate(content), 1 if num_ticks > 10**5 else scale.REPETITIONS)


def by_waiting(waiting: int) -> float:
    """A tick of 50 banks in which all algorithms look at the central queue and nothing settles."""
    return float(scale.one_tick(FULL, waiting)["ms"]) * 1e6 / waiting


def by_copies(copies: int) -> float:
    """A step of a batch in which every bank releases everything, for each copy."""
    vec = make_vec(speed.SCENARIO, copies)
    vec.reset(seed=1)
    actions = np.ones(vec.actions.shape, np.int64)
    for _ in range(speed.WARM_UP_STEPS):
        vec.step(actions)
    calls = max(1, 2_048 // copies)
    return min(speed.timed(lambda: vec.step(actions), calls) for _ in range(speed.ROUNDS)) / copies * 1e9


SERIES: Final = {
    "banks": Series(
        "a payment", "banks", "ns a payment", (2, 5, 10, 20, 50, 100, 200, 500, 1_000), (2, 10), by_banks
    ),
    "ticks": Series(
        "a payment, long runs", "ticks of the run", "ns a payment", (10**3, 10**4, 10**5, 10**6), (100, 1_000), by_ticks
    ),
    "waiting": Series(
        "a waiting payment, one tick", "payments in the central queue", "ns a payment",
        (10, 100, 1_000, 10_000, 100_000), (10, 100), by_waiting,
    ),
    "copies": Series(
        "a copy's step", "copies", "ns a copy", (1, 4, 16, 64, 256, 1_024, 4_096), (1, 16), by_copies
    ),
}  # fmt: skip


def measure(*, is_quick: bool) -> dict[str, Any]:
    """All points, by series and size."""
    points = {}
    for name, series in SERIES.items():
        sizes = series.quick_sizes if is_quick else series.sizes
        series.measure(sizes[0])  # compiles
        points[name] = {str(size): series.measure(size) for size in sizes}
    return {"version": __version__, "command": COMMAND, "machine": machine(), "points": points}


def markdown(results: Mapping[str, Any]) -> str:
    """A table for each series."""
    lines = []
    for name, series in SERIES.items():
        points = results["points"][name]
        lines += [f"| {series.axis} | " + " | ".join(f"{int(size):,}" for size in points) + " |"]
        lines += ["|---|" + "---:|" * len(points)]
        lines += [f"| {series.unit}: {series.title} | " + " | ".join(f"{ns:,.0f}" for ns in points.values()) + " |", ""]
    return "\n".join([*lines, f"Version {results['version']} on {results['machine']}: `{results['command']}`.", ""])


def draw(results: Mapping[str, Any]) -> Any:
    """Four panels, both axes logarithmic: a flat line is a constant cost."""
    drawn, axis = figure(9.0, 6.0)
    axis.remove()
    for place, (name, series) in enumerate(SERIES.items(), start=1):
        panel = drawn.add_subplot(2, 2, place)
        points = results["points"][name]
        panel.plot([int(size) for size in points], list(points.values()), marker="o")
        panel.set_xscale("log")
        panel.set_yscale("log")
        low, high = min(points.values()), max(points.values())
        panel.set_ylim(low / 10**0.5, max(high * 10**0.5, low * 10))
        panel.set_xlabel(series.axis)
        panel.set_ylabel("ns")
        panel.set_title(series.title)
        panel.grid(alpha=0.3)
    return drawn


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and write results, tables and figure."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, default=RESULTS, help="folder of the results")
    parser.add_argument("--assets", type=Path, default=ASSETS, help="folder of the figure")
    parser.add_argument("--quick", action="store_true", help="two small sizes of each series only")
    parser.add_argument("--tables", action="store_true", help="only rebuild tables and figure from the results")
    given = parser.parse_args(arguments)
    raw = given.folder / "growth.json"
    given.folder.mkdir(parents=True, exist_ok=True)
    if not given.tables:
        write_atomically(raw, (json.dumps(measure(is_quick=given.quick), indent=1) + "\n").encode())
    results = json.loads(raw.read_text(encoding="utf-8"))
    write_atomically(given.folder / "growth.md", markdown(results).encode())
    save(draw(results), given.assets / "growth.png")


if __name__ == "__main__":
    main()
