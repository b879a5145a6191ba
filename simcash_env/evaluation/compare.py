"""Variants of a scenario on the same seeds: paired differences of costs and metrics, with confidence intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.amounts import CENTS_PER_UNIT, amount_text, unit_name
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.external import follow_default
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.evaluate import is_random
from simcash_env.evaluation.metrics import GUIDELINE
from simcash_env.evaluation.rollout import VALUES, MeasuredRuns, measure_scripted
from simcash_env.evaluation.seeds import checked_seeds, held_out_seeds
from simcash_env.evaluation.statistics import CONFIDENCE, Interval, bootstrap_interval
from simcash_env.files import make_folder_of, replacing
from simcash_env.literal import literal_label, literal_legend, literal_plot
from simcash_env.schema.codes import COST_COLUMNS

F64 = npt.NDArray[np.float64]
Unit: TypeAlias = Literal["cents", "share", "ratio"]

NUM_SEEDS: Final = 200
PER_CENT: Final = 100.0


@dataclass(frozen=True)
class Difference:
    """One figure of one variant, as a mean over the seeds.

    Attributes:
        variant: name of the variant.
        figure: name of the figure, such as ``total_cost`` or ``delay_indicator``.
        unit: ``cents`` of all banks a run, ``share`` (0 to 1) or ``ratio``.
        mean: over the seeds on which the figure is defined; None if there is none.
        difference: to the reference, seed by seed, with its confidence interval; None for the reference itself, and
            where the figure is defined for no seed in both.
    """

    variant: str
    figure: str
    unit: Unit
    mean: float | None
    difference: Interval | None


@dataclass(frozen=True, eq=False)
class Comparison:
    """Variants and their figures; the first variant is the reference.

    Attributes:
        names: of the variants.
        seeds: on which every variant was played.
        rows: every figure of every variant.
        currency: label of amounts; None without one, or where variants differ.
    """

    names: tuple[str, ...]
    seeds: tuple[int, ...]
    rows: tuple[Difference, ...]
    currency: str | None = None

    def of(self, variant: str, figure: str) -> Difference:
        """One row.

        Raises:
            KeyError: no such variant or figure.
        """
        for row in self.rows:
            if (row.variant, row.figure) == (variant, figure):
                return row
        raise KeyError((variant, figure))

    @property
    def figures(self) -> tuple[str, ...]:
        """Names of the figures."""
        return tuple(row.figure for row in self.rows if row.variant == self.names[0])

    def as_dict(self) -> dict[str, Any]:
        """Plain Python, ready for JSON; amounts in cents."""
        rows = [asdict(row) for row in self.rows]
        return {"reference": self.names[0], "currency": self.currency, "seeds": len(self.seeds), "rows": rows}

    def to_arrow(self) -> Any:
        """An Arrow table with a row for each figure of each variant."""
        import pyarrow as pa

        changes = [row.difference for row in self.rows]
        ends = [(None, None) if change is None else (change.low, change.high) for change in changes]
        return pa.table(
            {
                "variant": [row.variant for row in self.rows],
                "figure": [row.figure for row in self.rows],
                "unit": [row.unit for row in self.rows],
                "mean": pa.array([row.mean for row in self.rows], pa.float64()),
                "difference": pa.array([change and change.mean for change in changes], pa.float64()),
                "low": pa.array([low for low, _ in ends], pa.float64()),
                "high": pa.array([high for _, high in ends], pa.float64()),
            }
        )


def compare(
    variants: Mapping[str, ScenarioConfig], seeds: Sequence[int] | int = NUM_SEEDS, *, confidence: float = CONFIDENCE
) -> Comparison:
    """Play every variant on the same seeds and compare it with the first one.

    Banks follow the policies of their scenarios; external banks release every payment.

    Args:
        variants: at least two scenarios by name; the first one is the reference.
        seeds: one a run, or a number of test seeds.
        confidence: of the intervals, which are BCa bootstrap intervals of the mean of paired differences.

    Raises:
        ConfigError: fewer than two variants, or a value that is not a scenario.
    """
    named = dict(variants)
    if len(named) < 2:
        raise ConfigError([Fault(None, None, "variants", str(list(named)), "needs at least two to compare")])
    for name, config in named.items():
        if not isinstance(config, ScenarioConfig):
            raise ConfigError([Fault(None, None, f"variants.{name}", repr(config), "must be a ScenarioConfig")])
    given = held_out_seeds(seeds) if isinstance(seeds, int) else checked_seeds(seeds)
    if not any(is_random(config) for config in named.values()):
        given = given[:1]
    figures = {name: figures_of(config, given) for name, config in named.items()}
    reference, *_ = named
    rows = []
    for name, own in figures.items():
        for figure, (unit, values) in own.items():
            base = figures[reference].get(figure)
            other = None if name == reference or base is None else base[1]
            rows.append(_row(name, figure, unit, values, other, confidence))
    labels = {config.currency for config in named.values()}
    return Comparison(tuple(named), given, tuple(rows), labels.pop() if len(labels) == 1 else None)


def _row(variant: str, figure: str, unit: Unit, values: F64, reference: F64 | None, confidence: float) -> Difference:
    known = values[np.isfinite(values)]
    mean = float(known.mean()) if len(known) else None
    change = None if reference is None else (values - reference)[np.isfinite(values - reference)]
    interval = None if change is None or not len(change) else bootstrap_interval(change, confidence=confidence)
    return Difference(variant, figure, unit, mean, interval)


def figures_of(config: ScenarioConfig, seeds: Sequence[int]) -> dict[str, tuple[Unit, F64]]:
    """Figures of a scenario by name: unit, and one value a seed; NaN where a figure is not defined."""
    played = follow_default(config, FifoPolicy())
    runs = measure_scripted(played, seeds)
    by_kind = runs.costs.sum(axis=1)
    figures: dict[str, tuple[Unit, F64]] = {"total_cost": ("cents", by_kind.sum(axis=1).astype(np.float64))}
    for kind, cents in zip(COST_COLUMNS, by_kind.T, strict=False):
        figures[f"{kind}_cost"] = ("cents", cents.astype(np.float64))
    return figures | metrics_of_runs(config, runs)


def metrics_of_runs(config: ScenarioConfig, runs: MeasuredRuns) -> dict[str, tuple[Unit, F64]]:
    """The metrics of ``metrics.metrics_of`` that follow from values by tick."""
    time = config.simulation
    values = runs.values.reshape(len(runs.values), time.num_days, time.ticks_per_day, len(VALUES)).astype(np.float64)
    arrived, settled, dropped, by_lsm = np.moveaxis(values, 3, 0)
    before = {name: _before(part) for name, part in (("arrived", arrived), ("settled", settled), ("dropped", dropped))}
    carried = before["arrived"] - before["settled"] - before["dropped"]
    due = carried + arrived[:, :, -1] - before["arrived"]
    rest = time.ticks_per_day - 1 - np.arange(time.ticks_per_day)
    arrivals = np.diff(arrived, axis=2, prepend=before["arrived"][:, :, None])
    longest = ((arrivals * rest).sum(axis=2) + carried * rest[0]).sum(axis=1)
    waited = (arrived - settled - dropped)[:, :, :-1].sum(axis=(1, 2))
    paid = settled - before["settled"][:, :, None]
    used = runs.peaks.sum(axis=2).mean(axis=1).astype(np.float64)
    final = settled[:, -1, -1]
    figures: dict[str, tuple[Unit, F64]] = {
        "settled_share_value": ("share", _ratio(final, arrived[:, -1, -1])),
        "delay_indicator": ("share", _ratio(waited, longest)),
    }
    for name, hour in GUIDELINE.items():
        last = int(time.hours.tick_of_day(hour)) - 1
        by_then = paid[:, :, last] if last >= 0 else np.zeros_like(due)
        figures[name] = ("share", _mean_over_days(_ratio(by_then, due)))
    return figures | {
        "settled_by_lsm": ("share", _ratio(by_lsm[:, -1, -1], final)),
        "unsettled_value": ("cents", arrived[:, -1, -1] - final),
        "dropped_value": ("cents", dropped[:, -1, -1]),
        "liquidity_used": ("cents", used),
        "turnover": ("ratio", _ratio(final / time.num_days, used)),
    }


def _before(values: F64) -> F64:
    """(runs, days) of (runs, days, ticks) running totals: the total when each day began."""
    ends = values[:, :, -1]
    return np.concatenate([np.zeros((len(ends), 1)), ends[:, :-1]], axis=1)


def _ratio(part: F64, whole: F64) -> F64:
    """Quotients; NaN where there is no whole."""
    quotients: F64 = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=whole != 0)
    return quotients


def _mean_over_days(shares: F64) -> F64:
    """(runs,) of (runs, days), over the days that have the figure."""
    known = np.isfinite(shares)
    return _ratio(np.where(known, shares, 0.0).sum(axis=1), known.sum(axis=1).astype(np.float64))


def shown(value: float | None, unit: Unit) -> str:
    """A figure for people: amounts in currency units, shares in per cent."""
    if value is None:
        return "-"
    if unit == "cents":
        return amount_text(value)
    return f"{PER_CENT * value:.2f} %" if unit == "share" else f"{value:,.3f}"


def shown_interval(interval: Interval | None, unit: Unit) -> str:
    """A difference with its interval."""
    if interval is None:
        return "-"
    if interval.count == 1:
        return f"{shown(interval.mean, unit)} (n = 1)"
    return f"{shown(interval.mean, unit)} [{shown(interval.low, unit)}, {shown(interval.high, unit)}]"


@literal_plot()
def draw_comparison(found: Comparison, path: Path) -> Path:
    """Draw the differences to the reference with their intervals: amounts on the left, shares on the right.

    Raises:
        WriteError: the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 5.5), layout="constrained")
    FigureCanvasAgg(figure)
    units: tuple[tuple[Unit, float, str], ...] = (
        ("cents", 1.0 / CENTS_PER_UNIT, unit_name(found.currency)),
        ("share", PER_CENT, "percentage points"),
    )
    for axes, (unit, factor, caption) in zip(figure.subplots(1, 2), units, strict=True):
        rows = [row for row in found.rows if row.unit == unit and row.difference is not None]
        moved = {row.figure for row in rows if row.difference and (row.difference.low or row.difference.high)}
        names = [name for name in found.figures if name in moved]
        for number, variant in enumerate(found.names[1:]):
            own = {row.figure: row.difference for row in rows if row.variant == variant and row.difference}
            places = [at + 0.8 * (number + 0.5) / (len(found.names) - 1) - 0.4 for at in range(len(names))]
            means = np.array([own[name].mean for name in names]) * factor
            low = np.array([own[name].low for name in names]) * factor
            high = np.array([own[name].high for name in names]) * factor
            spread = np.abs(np.array([means - low, high - means]))
            axes.errorbar(means, places, xerr=spread, fmt="o", capsize=3, label=literal_label(variant))
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(names)), [name.replace("_", " ") for name in names])
        axes.invert_yaxis()
        axes.set_xlabel(caption)
        if names:
            literal_legend(axes, fontsize="small")
    count = len(found.seeds)
    figure.suptitle(f"Difference to {found.names[0]}, mean and {100 * CONFIDENCE:.0f} % interval, {count} seeds")
    make_folder_of(path)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:].lower(), dpi=150)
    return path
