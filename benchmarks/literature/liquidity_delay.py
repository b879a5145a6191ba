"""Liquidity and delay, with and without liquidity saving: ``python -m benchmarks.literature.liquidity_delay``.

Every bank releases its payments at once. Liquidity is scaled for all banks alike; the same days are played with the
scenario's liquidity-saving mechanism and without it. The saving is how much less liquidity gives the same delay.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from benchmarks.literature.study import Report, Results, Study, panels, table
from benchmarks.published_scenarios import play
from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.literal import literal_console, literal_label, literal_legend, literal_plot
from simcash_env.registry import load

F64 = npt.NDArray[np.float64]

DAYS: Final = 20
SCALES: Final = (0.125, 0.18, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0)
"""Liquidity relative to the scenario's."""
CENTS_BN: Final = 100_000_000_000


class System(NamedTuple):
    """What a panel shows.

    Attributes:
        minutes: of a tick.
        unit: in which liquidity is shown.
        unit_cents: cents of that unit.
        times: number of days relative to the others; a day of few payments differs much from the next.
    """

    minutes: float
    unit: str
    unit_cents: int
    times: int = 1


SYSTEMS: Final[Mapping[str, System]] = {
    "lynx-2019-v0": System(5.0, "CAD bn", CENTS_BN),
    "rits-2011-v0": System(5.0, "AUD bn", CENTS_BN),
    "target2-day-v1": System(6.0, "EUR bn", CENTS_BN),
    "lynx-day-v0": System(30.0, "thousand units", 100_000, times=10),
}
PUBLISHED: Final[Mapping[str, tuple[tuple[float, float, bool], ...]]] = {
    "lynx-2019-v0": ((14.6, 28.0, False), (29.3, 12.0, False), (10.0, 10.0, True)),
}
"""Liquidity, minutes of delay, and whether payments are offset, in design studies."""
CHAPS_SAVING: Final = 0.20
"""Liquidity that the mechanism of CHAPS saves, as reported by the Bank of England (Quarterly Bulletin 2014 Q2)."""
MECHANISMS: Final = ("without", "with")


def scaled(name: str, factor: float, *, is_saving: bool) -> ScenarioConfig:
    """A scenario with other liquidity, with its liquidity-saving mechanism or with none.

    All sources of liquidity are scaled: balances, credit, pools and collateral; what is reserved too.
    """
    rows = load(name).model_dump(mode="json")
    for bank in rows["banks"]:
        for key in ("opening_balance", "credit_limit", "posted_collateral", "max_collateral_capacity", "sub_limit"):
            if bank.get(key) is not None:
                bank[key] = round(bank[key] * factor)
        if bank.get("liquidity_pool"):
            bank["liquidity_pool"] = round(bank["liquidity_pool"] * factor)
    if not is_saving:
        rows["lsm"]["algorithms"] = []
        rows["switches"]["entry_disposition_offsetting"] = False
    return load_scenario(rows)


def liquidity_cents(config: ScenarioConfig) -> int:
    """What all banks together can pay with before they receive anything."""
    total = 0.0
    for bank in config.banks:
        collateral = (bank.posted_collateral or 0) * (1.0 - bank.collateral_haircut)
        pool = (bank.liquidity_pool or 0) * bank.liquidity_allocation_fraction
        total += bank.opening_balance + bank.credit_limit + collateral + pool
    return round(total)


def curve(name: str, days: int) -> dict[str, Any]:
    """Delay, unsettled and offset value by liquidity, with and without liquidity saving."""
    system, found = SYSTEMS[name], {}
    seeds = held_out_seeds(days * system.times)
    play(load(name), seeds[0], 1, system.minutes)  # compiles
    for mechanism in MECHANISMS:
        points = []
        for factor in SCALES:
            config = scaled(name, factor, is_saving=mechanism == "with")
            played = [play(config, seed, 1, system.minutes) for seed in seeds]
            points.append({
                "liquidity": liquidity_cents(config) / system.unit_cents,
                "delay": [day.delay_minutes for day in played],
                "unsettled": float(np.mean([day.unsettled_share for day in played])),
                "offset": float(np.mean([day.lsm_share for day in played])),
            })  # fmt: skip
        found[mechanism] = points
    return found


def saving(curves: Mapping[str, Any], at: int) -> float | None:
    """Share of liquidity that the mechanism saves at the delay that a scale gives without it.

    Liquidity with the mechanism is interpolated between scales, in logarithms; None where the curve does not reach.
    """
    without, saved = (
        np.array([[point["liquidity"], np.mean(point["delay"])] for point in curves[name]]) for name in MECHANISMS
    )
    delay = without[at, 1]
    if not saved[:, 1].min() <= delay <= saved[:, 1].max():
        return None
    order = np.argsort(saved[:, 1])
    needed = float(np.exp(np.interp(delay, saved[order, 1], np.log(saved[order, 0]))))
    return 1.0 - needed / float(without[at, 0])


def run(days: int, report: Report) -> dict[str, Any]:
    """The curves of all systems."""
    found = {}
    for name in SYSTEMS:
        report(name)
        found[name] = curve(name, days)
    return {"days": days, "scales": list(SCALES), "curves": found}


def spread(values: Sequence[float]) -> str:
    """Mean with half of its 95 % interval."""
    return f"{np.mean(values):.1f} ± {1.96 * np.std(values, ddof=1) / len(values) ** 0.5:.1f}"


def markdown(results: Results) -> str:
    """All points, and the savings."""
    rows = []
    for name, curves in results["curves"].items():
        for at, (plain, saved) in enumerate(zip(*(curves[mechanism] for mechanism in MECHANISMS), strict=True)):
            share = saving(curves, at)
            rows.append((
                f"`{name}`", f"{plain['liquidity']:.3g} {SYSTEMS[name].unit}", spread(plain["delay"]),
                spread(saved["delay"]), f"{plain['unsettled']:.1%}", f"{saved['unsettled']:.1%}",
                f"{saved['offset']:.1%}", "" if share is None else f"{share:.0%}",
            ))  # fmt: skip
    heads = (
        "scenario", "liquidity", "delay without, minutes", "delay with", "unsettled without", "unsettled with",
        "value offset", "liquidity saved at the delay without",
    )  # fmt: skip
    notes = (
        f"*With* and *without* the liquidity-saving mechanism of the scenario, on the same {results['days']} test days "
        "(`lynx-day-v0`: ten times as many). Delay is weighted by value, from arrival to settlement or the close, with "
        "95 % intervals of the mean."
    )
    return f"{table(heads, rows)}\n\n{notes}"


@literal_plot()
def draw(results: Results) -> Any:
    """A panel for each system, with published points."""
    drawn, axes = panels(len(results["curves"]), width=3.6)
    for panel, (name, curves) in zip(axes, results["curves"].items(), strict=True):
        for mechanism, style in zip(MECHANISMS, ("-o", "--s"), strict=True):
            points = curves[mechanism]
            panel.plot(
                [point["liquidity"] for point in points],
                [np.mean(point["delay"]) for point in points],
                style,
                markersize=4,
                label=literal_label(f"{mechanism} liquidity saving"),
            )
        for liquidity, delay, is_saving in PUBLISHED.get(name, ()):
            panel.plot([liquidity], [delay], "*", color="C1" if is_saving else "C0", markersize=12, alpha=0.6)
        panel.set(title=name, xlabel=f"liquidity, {SYSTEMS[name].unit}", xscale="log", ylim=(0, None))
        panel.set_xticks(*ticks(curves))
        panel.minorticks_off()
    axes[0].set_ylabel("value-weighted delay in minutes")
    literal_legend(axes[0], fontsize="small", title="stars: design studies")
    return drawn


def ticks(curves: Mapping[str, Any]) -> tuple[list[float], list[str]]:
    """Every second liquidity of a curve, and its label."""
    chosen = [point["liquidity"] for point in curves["without"]][::2]
    return chosen, [f"{value:.3g}" for value in chosen]


STUDY: Final = Study("liquidity-delay", "benchmarks.literature.liquidity_delay", markdown, draw)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the results, table and figure."""
    parser = STUDY.parser(__doc__)
    parser.add_argument("--days", type=int, default=DAYS, help="Number of test days of each point.")
    given = parser.parse_args(arguments)
    STUDY.finish(given, lambda: run(given.days, literal_console(stderr=True).print))


if __name__ == "__main__":
    main()
