"""Goodness of fit: recorded days next to generated ones, each figure with a 95 % interval.

Figures of a day are compared by their means; the interval of the difference is Welch's. Figures of all days together
have bootstrap intervals over days. Two sets of one day each have no intervals.
"""

from __future__ import annotations

import math
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import stats

from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.data.calibration import days_of, only_days
from simcash_env.data.columns import PaymentColumns, columns_of
from simcash_env.data.estimates import LEVEL
from simcash_env.data.liquidity import liquidity_bounds
from simcash_env.data.payments import Payments, write_payments
from simcash_env.data.profile import hour_edges, hours_of
from simcash_env.schema.arrays import I64
from simcash_env.simulation.engine import Engine

F64 = npt.NDArray[np.float64]

RESAMPLES: Final = 200
"""Bootstrap samples of days for an interval."""

TOP_BANKS: Final = 5


@dataclass(frozen=True)
class Measure:
    """One figure of recorded and generated days.

    Attributes:
        name: of the figure; ``_cents`` and ``_share`` name units.
        recorded: mean over the recorded days; None for a distance between the two sets.
        generated: mean over the generated days; None for a distance.
        difference: generated minus recorded, or the distance.
        low: lower end of the 95 % interval of the difference; None if there are too few days.
        high: upper end.
        method: how the interval was found.
    """

    name: str
    recorded: float | None
    generated: float | None
    difference: float
    low: float | None
    high: float | None
    method: str


@dataclass(frozen=True)
class GoodnessOfFit:
    """All figures, and how many days they are based on."""

    measures: tuple[Measure, ...]
    num_recorded_days: int
    num_generated_days: int

    def __getitem__(self, name: str) -> Measure:
        """The figure of this name."""
        return next(row for row in self.measures if row.name == name)

    def as_dict(self) -> dict[str, Any]:
        """Plain Python, ready for JSON."""
        return asdict(self)


def goodness_of_fit(recorded: Payments, generated: Payments, scenario: ScenarioConfig, seed: int = 0) -> GoodnessOfFit:
    """Compare generated days with recorded ones.

    Args:
        recorded: days that were not used in the fit, if there are any.
        generated: days of the fitted scenario.
        scenario: its rules, prices and liquidity, under which the days of both sets are run with policy ``fifo``.
        seed: of the bootstrap.

    Raises:
        DataError: a set is empty.
        ConfigError: a day cannot be run under the scenario.
    """
    banks = tuple(bank.id for bank in scenario.banks)
    figures = [
        [
            _figures(columns_of(only_days(payments, [day]), banks), *run)
            for day, run in zip(days_of(payments), run_days(payments, scenario), strict=True)
        ]
        for payments in (recorded, generated)
    ]
    measures = [*_distances(recorded, generated, np.random.default_rng([seed, 3]))]
    measures += [
        _difference(name, *(np.array([day[name] for day in days]) for days in figures)) for name in figures[0][0]
    ]
    return GoodnessOfFit(tuple(measures), *map(len, figures))


# -- distances between sets of days -----------------------------------------------------------------------------------


def _distances(recorded: Payments, generated: Payments, rng: np.random.Generator) -> Iterator[Measure]:
    edges = hour_edges(recorded.calendar.open_us, recorded.calendar.close_us)
    rows: list[tuple[str, Callable[[Payments], list[F64]], Callable[[F64, F64], float]]] = [
        ("size_ks_distance", _log_sizes, _ks_distance),
        ("hourly_profile_error_share", lambda payments: _hours(payments, edges), _profile_error),
    ]
    for name, parts_of, distance in rows:
        ours, theirs = parts_of(recorded), parts_of(generated)
        value = distance(np.concatenate(ours), np.concatenate(theirs))
        if len(ours) == len(theirs) == 1:
            yield Measure(name, None, None, value, None, None, "one day each")
            continue
        found = [
            distance(
                *(np.concatenate([parts[day] for day in rng.integers(len(parts), size=len(parts))]) for parts in pair)
            )
            for pair in [(ours, theirs)] * RESAMPLES
        ]
        low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        yield Measure(name, None, None, value, float(low), float(high), "bootstrap over days")


def _days(payments: Payments, values: npt.NDArray[Any]) -> list[F64]:
    """The values of each day."""
    day = payments.integers("day")
    return [values[day == number].astype(np.float64) for number in np.unique(day)]


def _log_sizes(payments: Payments) -> list[F64]:
    return _days(payments, payments.integers("amount_cents"))


def _hours(payments: Payments, edges: I64) -> list[F64]:
    """Of each day, the number of the hour in which each payment was submitted."""
    return _days(payments, hours_of(payments.integers("submitted"), edges))


def _ks_distance(ours: F64, theirs: F64) -> float:
    return float(stats.ks_2samp(ours, theirs, method="asymp").statistic)


def _profile_error(ours: F64, theirs: F64) -> float:
    """Half the sum of the absolute differences between two shares by hour: the share that arrives in another hour."""
    num_hours = int(max(ours.max(), theirs.max())) + 1
    first, second = (np.bincount(hours.astype(np.int64), minlength=num_hours) / len(hours) for hours in (ours, theirs))
    return float(np.abs(first - second).sum()) / 2


# -- figures of a day -------------------------------------------------------------------------------------------------


def _figures(columns: PaymentColumns, cost_cents: float, offset_cents: float) -> dict[str, float]:
    """The figures of one day and of its run."""
    cents = columns.amount_cents.astype(np.float64)
    value = float(cents.sum())
    sent = np.bincount(columns.sender, cents, minlength=len(columns.banks))
    received = np.bincount(columns.receiver, cents, minlength=len(columns.banks))
    bounds = liquidity_bounds(columns)
    shares = np.sort(sent)[::-1] / value
    return {
        "num_payments": float(columns.num_payments),
        "value_cents": value,
        "top5_value_share": float(shares[:TOP_BANKS].sum()),
        "herfindahl_value": float((shares**2).sum()),
        "net_position_share": float(np.abs(received - sent).sum()) / value,
        "lower_bound_cents": float(bounds.lower_cents.sum()),
        "upper_bound_cents": float(bounds.upper_cents.sum()),
        "lsm_offset_share": offset_cents / value,
        "fifo_cost_cents": cost_cents,
    }


def run_days(payments: Payments, scenario: ScenarioConfig) -> list[tuple[float, float]]:
    """Run each day's payments under a scenario with policy ``fifo``.

    Returns:
        For each day its cost and the value offset, which is what the liquidity-saving algorithms settle, in cents.
    """
    banks = [
        bank.model_copy(update={"arrivals": None, "arrival_bands": None, "policy": FifoPolicy()})
        for bank in scenario.banks
    ]
    simulation = scenario.simulation.model_copy(update={"num_days": 1, "day_factor_log_std": 0.0})
    found = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "payments.parquet"
        write_payments(payments, file)
        for day in days_of(payments):
            arrivals = {"recorded": {"file": str(file), "days": [day]}}
            changes = {"banks": banks, "events": (), "simulation": simulation, "arrivals": arrivals}
            engine = Engine(compile_scenario(scenario.model_copy(update=changes)), 0, events=False)
            for _ in range(simulation.ticks_per_day):
                engine.open_tick()
                engine.close_tick()
            state = engine.state
            found.append((float(state.run_cost_cents.sum()), float(state.lsm_released_cents[0])))
    return found


def _difference(name: str, recorded: F64, generated: F64) -> Measure:
    """Means and the interval of their difference, by Welch's method."""
    ours, theirs = float(recorded.mean()), float(generated.mean())
    if min(len(recorded), len(generated)) < 2:
        return Measure(name, ours, theirs, theirs - ours, None, None, "too few days")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of figures that are the same every day
        interval = stats.ttest_ind(generated, recorded, equal_var=False).confidence_interval(LEVEL)
    low, high = float(interval.low), float(interval.high)
    if not (math.isfinite(low) and math.isfinite(high)):
        return Measure(name, ours, theirs, theirs - ours, None, None, "no variation between days")
    return Measure(name, ours, theirs, theirs - ours, low, high, "Welch, over days")


def table_rows(fit: GoodnessOfFit) -> list[tuple[str, str, str, str, str]]:
    """Rows of a text table: figure, recorded, generated, difference, interval."""
    return [
        (
            row.name,
            _number(row.name, row.recorded),
            _number(row.name, row.generated),
            _number(row.name, row.difference),
            "" if row.low is None else f"{_number(row.name, row.low)} to {_number(row.name, row.high)}",
        )
        for row in fit.measures
    ]


def _number(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if name.endswith("_cents") or name == "num_payments" else f"{value:.4f}"
