"""Runs of the calibrated scenarios compared with the published figures that they are calibrated to.

Run it: python -m benchmarks.published_scenarios [--seeds N] [--out docs/results/published.md]

Every bank releases its payments at once. Figures are means over seeds 1 to N, with a 95 % interval of the mean.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from simcash_env import Simulation, load_scenario
from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.machine import commit, machine
from tools.calibrated_scenarios import (
    BILLION,
    LYNX_LARGE,
    LYNX_MINUTES,
    LYNX_POOL_BN,
    LYNX_RESERVED_SHARE,
    RITS_MAJORS,
    T2_MOST_CENTS,
    T2_PARTS,
    capped_mean,
    share_below,
)

SEEDS: Final = 100
NORMAL_95: Final = 1.96


class Day(NamedTuple):
    """One day of a scenario, money in billions of the currency."""

    payments: float
    value_bn: float
    large_share: float  # of the payments that the largest banks send
    delay_minutes: float  # value-weighted, from arrival to settlement or the close
    unsettled_share: float  # of the value
    used_bn: float  # sum over banks of the largest fall below the liquidity at the start
    lsm_share: float  # of the settled value
    seconds: float


class Row(NamedTuple):
    """A published figure and this scenario's."""

    scenario: str
    figure: str
    published: float
    ours: float
    half_width: float
    note: str = ""


def play(config: ScenarioConfig, seed: int, num_large: int, minutes: float) -> Day:
    """Run one day in which every bank releases its payments at once."""
    simulation, began = Simulation(config, seed=seed, events="tick"), time.perf_counter()
    engine = simulation._engine  # noqa: SLF001 - totals of every tick, without copies
    large = sorted(range(len(config.banks)), key=lambda at: simulation.bank_ids[at])[:num_large]
    simulation.open_tick()
    start = engine.state.bank_balance_cents.copy()  # with the pool of the day
    low, waiting, sent = start, 0, 0
    while not simulation.is_over:
        result = simulation.tick()
        arrivals = result.events.rows[result.events.column("kind") == 0]
        sent += int(np.isin(arrivals[:, 2], large).sum())
        state = engine.state
        waiting += int(state.queue2_value_cents[0])
        low = np.minimum(low, state.bank_balance_cents)
    state, seconds = engine.state, time.perf_counter() - began
    arrived = int(state.arrived_cents[0])
    return Day(
        int(state.arrived_count[0]),
        arrived / BILLION,
        sent / int(state.arrived_count[0]),
        waiting * minutes / arrived,
        int(state.queue2_value_cents[0]) / arrived,
        float(np.maximum(start - low, 0).sum()) / BILLION,
        int(state.lsm_released_cents[0]) / max(int(state.settled_cents[0]), 1),
        seconds,
    )


def days(config: ScenarioConfig, seeds: Sequence[int], num_large: int, minutes: float) -> np.ndarray[Any, Any]:
    """The days of all seeds, as rows."""
    play(config, seeds[0], num_large, minutes)  # compiles
    return np.array([play(config, seed, num_large, minutes) for seed in seeds])


def changed(name: str, algorithms: Sequence[str] | None, liquidity_share: float, reserved: float) -> ScenarioConfig:
    """A scenario with other algorithms, another share of the pool, and a part of that reserved."""
    rows = load_scenario(name).model_dump(mode="json")
    for bank in rows["banks"]:
        bank["liquidity_allocation_fraction"] = liquidity_share
        bank["sub_limit"] = round(bank["liquidity_pool"] * liquidity_share * reserved)
    if algorithms is not None:
        rows["lsm"]["algorithms"] = list(algorithms)
    return load_scenario(rows)


def mean_of(found: np.ndarray[Any, Any], name: str) -> tuple[float, float]:
    """Mean over days of a figure, and half the width of its interval."""
    values = found[:, Day._fields.index(name)]
    spread = float(values.std(ddof=1)) / len(values) ** 0.5 if len(values) > 1 else 0.0
    return float(values.mean()), NORMAL_95 * spread


def rits(seeds: Sequence[int]) -> list[Row]:
    """RITS in 2011."""
    config = load_scenario("rits-2011-v0")
    found = days(config, seeds, RITS_MAJORS, 5)
    liquidity = sum((bank.liquidity_pool or 0) * bank.liquidity_allocation_fraction for bank in config.banks) / BILLION
    return [
        Row("rits-2011-v0", "participants", 59, len(config.banks), 0.0),
        Row("rits-2011-v0", "payments per day", 35_500, *mean_of(found, "payments")),
        Row("rits-2011-v0", "value per day, AUD bn", 171, *mean_of(found, "value_bn")),
        Row("rits-2011-v0", "liquidity, AUD bn", 16, liquidity, 0.0),
        Row("rits-2011-v0", "share of payments of the four majors", 0.60, *mean_of(found, "large_share")),
        Row("rits-2011-v0", "value-weighted delay, minutes", np.nan, *mean_of(found, "delay_minutes"), "not published"),
        Row("rits-2011-v0", "share of value unsettled", np.nan, *mean_of(found, "unsettled_share"), "not published"),
        Row("rits-2011-v0", "share of value offset", np.nan, *mean_of(found, "lsm_share"), "not published"),
        Row("rits-2011-v0", "seconds per day of this program", np.nan, *mean_of(found, "seconds")),
    ]


def lynx(seeds: Sequence[int]) -> list[Row]:
    """The design studies of Lynx."""
    name, minutes = "lynx-2019-v0", LYNX_MINUTES
    config = load_scenario(name)
    first = days(changed(name, [], 14.6 / LYNX_POOL_BN, LYNX_RESERVED_SHARE), seeds, LYNX_LARGE, minutes)
    second = days(changed(name, [], 1.0, LYNX_RESERVED_SHARE), seeds, LYNX_LARGE, minutes)
    third = days(changed(name, None, 10 / LYNX_POOL_BN, 0.0), seeds, LYNX_LARGE, minutes)
    used = "source adds needs at the close; here the reserve lies mostly idle"
    return [
        Row(name, "participants", 17, len(config.banks), 0.0),
        Row(name, "payments per day", 35_000, *mean_of(first, "payments")),
        Row(name, "share of payments of the five largest", 0.81, *mean_of(first, "large_share")),
        Row(name, "CAD 14.6 bn, no offsetting: delay, minutes", 28, *mean_of(first, "delay_minutes")),
        Row(name, "CAD 29.3 bn, no offsetting: delay, minutes", 12, *mean_of(second, "delay_minutes")),
        Row(name, "CAD 10 bn, offsetting only: delay, minutes", 10, *mean_of(third, "delay_minutes")),
        Row(name, "CAD 14.6 bn, no offsetting: liquidity used, CAD bn", 17.3, *mean_of(first, "used_bn"), used),
        Row(name, "CAD 14.6 bn, no offsetting: share of value unsettled", 0.041, *mean_of(first, "unsettled_share")),
        Row(name, "seconds per day of this program", np.nan, *mean_of(third, "seconds")),
    ]


def target2(seeds: Sequence[int]) -> list[Row]:
    """Sizes of T2 in 2023: exact figures of the distribution, and a mean over drawn days."""
    name = "target2-day-v1"
    found = days(load_scenario(name), seeds, 2, 6)
    drawn = found[:, Day._fields.index("value_bn")] / found[:, Day._fields.index("payments")] * 1_000
    spread = NORMAL_95 * float(drawn.std(ddof=1)) / len(drawn) ** 0.5 if len(drawn) > 1 else 0.0
    scale = "a twentieth of T2"
    return [
        Row(name, "share of payments under EUR 50,000", 0.72, share_below(T2_PARTS, 5_000_000), 0.0),
        Row(name, "share of payments above EUR 1 million", 0.09, 1 - share_below(T2_PARTS, 100_000_000), 0.0),
        Row(name, "mean payment, EUR million", 5.4, capped_mean(T2_PARTS, T2_MOST_CENTS) / 1e8, 0.0),
        Row(name, "mean payment of drawn days, EUR million", 5.4, float(drawn.mean()), spread),
        Row(name, "payments per day", 409_444, *mean_of(found, "payments"), scale),
        Row(name, "value per day, EUR bn", 2_193, *mean_of(found, "value_bn"), scale),
        Row(name, "share of value unsettled", np.nan, *mean_of(found, "unsettled_share"), "not published"),
        Row(name, "seconds per day of this program", np.nan, *mean_of(found, "seconds")),
    ]


SYSTEMS: Final[Mapping[str, Callable[[Sequence[int]], list[Row]]]] = {
    "rits-2011-v0": rits,
    "lynx-2019-v0": lynx,
    "target2-day-v1": target2,
}
"""The comparison of every scenario."""


def figure(value: float) -> str:
    """A figure with about three digits."""
    if np.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(rows: Sequence[Row]) -> str:
    """The comparison as Markdown."""
    lines = ["| scenario | figure | published | scenario's | ± | ratio | note |", "|---|---|---:|---:|---:|---:|---|"]
    for row in rows:
        ratio = "" if np.isnan(row.published) else f"{row.ours / row.published:.2f}"
        margin = figure(row.half_width) if row.half_width else ""
        cells = (f"`{row.scenario}`", row.figure, figure(row.published), figure(row.ours), margin, ratio, row.note)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the comparison, and write it as a page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.published_scenarios", description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="number of test days of each run (default: 100)")
    parser.add_argument("--out", type=Path, help="file to write the table to")
    parser.add_argument("--scenario", choices=SYSTEMS, help="only this scenario")
    given = parser.parse_args(arguments)
    seeds = held_out_seeds(given.seeds)
    names = SYSTEMS if given.scenario is None else [given.scenario]
    text = table([row for name in names for row in SYSTEMS[name](seeds)])
    print(text)
    if given.out is not None:
        about = (
            f"{given.seeds} test days (seeds from {seeds[0]:,}); parameters of `lynx-2019-v0` were chosen on seeds "
            f"1 to 40. Commit {commit()}, {machine()}."
        )
        given.out.write_text(f"{text}\n\n{about}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
