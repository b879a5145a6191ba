"""Demand for intraday liquidity as in Galbiati and Soramäki: ``python -m benchmarks.literature.liquidity_demand``.

Ten identical banks choose their liquidity at the start of the day and release every payment at once. What one bank
pays for delay depends on its own liquidity and on that of the others. It is tabulated once, so that the equilibrium
follows for every ratio of the price of liquidity to that of delay. Variants: an incident, a throughput rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.literature.study import Report, Results, Study, panels, table
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.literal import literal_console, literal_label, literal_legend, literal_plot
from simcash_env.schema.codes import COST_COLUMNS

F64 = npt.NDArray[np.float64]

NUM_BANKS: Final = 10
TICKS: Final = 24
PAYMENTS_PER_TICK: Final = 2.0
UNIT_CENTS: Final = 1_000
"""Every payment; liquidity is counted in payments."""
LEVELS: Final = tuple(range(0, 41, 2))
"""Payments that a bank's liquidity covers; as shares of the largest they are whole millionths."""
DAYS: Final = 400
RATIOS: Final = tuple(float(ratio) for ratio in np.geomspace(0.05, 100, 28).round(3))
"""Price of liquidity for one payment and day, over the price of delaying a payment by a tick."""

TICK_CENTS: Final = 100
"""Cost of delaying a payment by a tick."""
LATE_TICKS: Final = 2
"""The throughput rule: a payment that has not settled after this number of ticks is late."""
LATE_PRICE: Final = float(TICKS)
"""Ticks of delay that a late payment costs in addition, under the throughput rule."""
UNPAID_TICKS: Final = TICKS
"""Ticks of delay that a payment costs which is unpaid at the close."""
INCIDENT: Final = (4, 12)
"""First tick in which a bank cannot send, and first in which it can again."""

VARIANTS: Final = ("usual day", "incident", "throughput rule")
PLAYS: Final = 4_000


def scenario(*, is_incident: bool) -> ScenarioConfig:
    """Identical banks; with an incident, one bank's payments of some hours reach the system at once afterwards."""
    names = [f"B{number:02d}" for number in range(1, NUM_BANKS + 1)]
    hit = incident_profile()
    source = {
        "rate_per_tick": PAYMENTS_PER_TICK,
        "amount": {"type": "uniform", "min": UNIT_CENTS, "max": UNIT_CENTS},
        "deadline_range": [LATE_TICKS, LATE_TICKS],
    }
    banks = [
        {
            "id": name,
            "liquidity_pool": max(LEVELS) * UNIT_CENTS,
            "policy": {"type": "fifo"},
            "arrivals": {**source, "rate_per_tick_of_day": hit} if is_incident and name == names[-1] else source,
        }
        for name in names
    ]
    return load_scenario(
        {
            "format": 1,
            "name": "liquidity-demand",
            "rules": {"set": "standard", "delay_cost_scope": "both", "end_of_day_settlement": False},
            "simulation": {"ticks_per_day": TICKS, "num_days": 1},
            "banks": banks,
            "costs": {
                "liquidity_cost_per_tick_bps": 0,
                "delay_cost_per_tick_per_cent": TICK_CENTS / UNIT_CENTS,
                "overdue_delay_multiplier": 1,
                "deadline_penalty": TICK_CENTS,
                "eod_penalty": TICK_CENTS * UNPAID_TICKS,
                "overdraft_bps_per_tick": 0,
            },
            "lsm": {"algorithms": []},
        }
    )


def incident_profile() -> list[float]:
    """Relative rates of the ticks of a day: what could not be sent comes in the first tick after the incident."""
    first, back = INCIDENT
    return [0.0 if first <= tick < back else 1.0 + (back - first) * (tick == back) for tick in range(TICKS)]


def tabulate(config: ScenarioConfig, days: int) -> dict[str, F64]:
    """(own levels, others' levels) mean ticks of delay and number of late payments of the first bank."""
    pairs = np.array(list(product(LEVELS, repeat=2))) / max(LEVELS)
    shares = np.repeat(pairs[:, 1:], NUM_BANKS, axis=1)
    shares[:, 0] = pairs[:, 0]
    seeds = list(held_out_seeds(days))
    costs = run_scripted(config, seeds * len(pairs), np.repeat(shares, days, axis=0))[:, 0]
    means = costs.reshape(len(LEVELS), len(LEVELS), days, -1).mean(axis=2) / TICK_CENTS
    column = COST_COLUMNS.index
    return {
        "delay": means[..., column("delay")] + means[..., column("eod_penalty")],
        "late": means[..., column("deadline_penalty")],
    }


def demand(delay: F64, ratio: float) -> float:
    """Liquidity in payments in equilibrium, by fictitious play.

    One bank replies again and again to the mixture of what it has played so far, as if all others drew their common
    level from it. Where play settles, nobody can gain by another level; else the result is the mean of the later half.

    Args:
        delay: (own levels, others' levels) cost of delay in ticks.
        ratio: price of liquidity over that of delay.
    """
    counts = np.zeros(len(LEVELS))
    counts[len(LEVELS) // 2] = 1.0
    levels = np.array(LEVELS, float)
    played = []
    for _ in range(PLAYS):
        reply = int((ratio * levels + delay @ (counts / counts.sum())).argmin())
        counts[reply] += 1.0
        played.append(levels[reply])
    return float(np.mean(played[PLAYS // 2 :]))


def run(days: int, report: Report) -> dict[str, Any]:
    """Demand by ratio in all variants; liquidity in payments."""
    report("usual day")
    usual = tabulate(scenario(is_incident=False), days)
    report("incident")
    incident = tabulate(scenario(is_incident=True), days)
    costs = {
        VARIANTS[0]: usual["delay"],
        VARIANTS[1]: incident["delay"],
        VARIANTS[2]: usual["delay"] + LATE_PRICE * usual["late"],
    }
    same = np.arange(len(LEVELS))
    return {
        "days": days,
        "levels": list(LEVELS),
        "ratios": list(RATIOS),
        "demand": {name: [demand(delay, ratio) for ratio in RATIOS] for name, delay in costs.items()},
        "delay": {name: costs[name][same, same].tolist() for name in VARIANTS[:2]},
    }  # fmt: skip


def steepest(results: Results, name: str) -> tuple[float, float]:
    """The ratios between which demand falls most."""
    falls = -np.diff(results["demand"][name])
    at = int(falls.argmax())
    return results["ratios"][at], results["ratios"][at + 1]


def markdown(results: Results) -> str:
    """Demand by ratio."""
    names = list(results["demand"])
    rows = [
        (f"{ratio:.3g}", *(f"{results['demand'][name][at]:.1f}" for name in names))
        for at, ratio in enumerate(results["ratios"])
    ]
    payments = PAYMENTS_PER_TICK * TICKS
    ends: Mapping[str, tuple[float, float]] = {name: steepest(results, name) for name in names}
    notes = (
        f"Liquidity that a bank commits, in payments, of {payments:.0f} that it sends in a mean day; levels in steps "
        f"of {LEVELS[1]}. Mean costs of delay over {results['days']} days. Demand falls most between ratios "
        + "; ".join(f"{low:.3g} and {high:.3g} ({name})" for name, (low, high) in ends.items())
        + "."
    )
    return f"{table(('price of liquidity / price of delay', *names), rows, left=0)}\n\n{notes}"


@literal_plot()
def draw(results: Results) -> Any:
    """Demand by ratio, and delay by liquidity."""
    drawn, (left, right) = panels(2, width=5.0)
    for (name, values), style in zip(results["demand"].items(), ("-o", "--s", ":^"), strict=True):
        left.plot(results["ratios"], values, style, markersize=4, label=literal_label(name))
    left.set(
        title="Demand for liquidity in equilibrium",
        xlabel="price of liquidity / price of delay",
        ylabel="liquidity in payments",
        xscale="log",
        ylim=(0, None),
    )
    literal_legend(left)
    for (name, values), style in zip(results["delay"].items(), ("-o", "--s"), strict=True):
        points = [(level, delay) for level, delay in zip(results["levels"], values, strict=True) if delay > 0]
        right.plot(*zip(*points, strict=True), style, markersize=4, label=literal_label(name))
    right.set(
        title="Delay if all banks commit the same",
        xlabel="liquidity of each bank in payments",
        ylabel="delay of a bank in payment ticks",
        yscale="log",
    )
    literal_legend(right)
    return drawn


STUDY: Final = Study("liquidity-demand", "benchmarks.literature.liquidity_demand", markdown, draw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results, table and figure."""
    parser = STUDY.parser(__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="Number of days over which costs are averaged.")
    given = parser.parse_args(arguments)
    STUDY.finish(given, lambda: run(given.days, literal_console(stderr=True).print))


if __name__ == "__main__":
    main()
