"""Calibration: a scenario whose random payments have the rates, sizes, receivers and priorities of recorded days.

Every parameter has a 95 % interval. What the scenario cannot represent is listed in ``Calibration.notes``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.documents import read_document
from simcash_env.data.columns import columns_of, exact_sum
from simcash_env.data.estimates import (
    DayVariation,
    Estimate,
    MixtureFit,
    TableFit,
    day_variation,
    fit_mixture,
    fit_table,
    plain,
    poisson_rate,
    quantile,
    share,
    smooth_profile,
    sorted_counts,
)
from simcash_env.data.liquidity import derived_liquidity
from simcash_env.data.payments import Payments, clock_text, read_payments
from simcash_env.data.profile import hour_edges, hours_of
from simcash_env.errors import DataError, Fault
from simcash_env.files import write_atomically
from simcash_env.schema.arrays import I64
from simcash_env.schema.limits import HIGHEST_PRIORITY, MAX_MULTIPLIER

Amounts = Literal["mixture", "empirical"]
"""Distributions that can be fitted to the amounts."""

FIT_SHARE: Final = 0.6
"""Share of the days, in order of date, to which a scenario is fitted by default; the others are held out."""

MIN_AMOUNTS: Final = 100
"""Fewest payments from which a bank gets a size distribution of its own; others get that of all payments."""

DEADLINE_TAILS: Final = (0.01, 0.99)
"""Quantiles of the recorded times to the deadline between which the scenario draws them uniformly."""

LIQUIDITY: Final = "lower-bound:1.2"
"""Opening balances where no scenario gives the banks liquidity."""

RULES: Final[Mapping[str, Any]] = {
    "costs": {
        "overdraft_bps_per_day": 100.0,
        "delay_cost_per_day_per_cent": 0.01,
        "deadline_penalty": {"bps": 10.0},
        "eod_penalty": {"bps": 50.0},
    },
    "lsm": {"algorithms": ["bilateral", "cycles"]},
}
"""Prices and mechanism where no scenario gives them."""


@dataclass(frozen=True)
class Parameter:
    """One fitted number.

    Attributes:
        name: ``rate_per_tick``, ``counterparty_weight``, ``amount.log_mean``, ...
        bank: sender; None for the whole system.
        of: what the parameter belongs to: an hour of the day, a receiver, a component or a priority; None if nothing.
        estimate: value and interval.
    """

    name: str
    bank: str | None
    of: str | None
    estimate: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Plain Python, ready for JSON."""
        return {"name": self.name, "bank": self.bank, "of": self.of, **asdict(self.estimate)}


@dataclass(frozen=True)
class Calibration:
    """A fitted scenario.

    Attributes:
        scenario: as a scenario file states it.
        parameters: every fitted number with its interval.
        fitted: the payments to which it was fitted.
        held_out: the payments of the other days; None if there are none.
        notes: what the scenario cannot represent, and what was assumed.
    """

    scenario: dict[str, Any]
    parameters: tuple[Parameter, ...]
    fitted: Payments
    held_out: Payments | None
    notes: tuple[str, ...]

    @property
    def config(self) -> ScenarioConfig:
        """The validated scenario."""
        return load_scenario(self.scenario)

    def parameter(self, name: str, bank: str | None = None, of: str | None = None) -> Estimate:
        """The estimate of one parameter.

        Raises:
            KeyError: there is no such parameter.
        """
        for row in self.parameters:
            if (row.name, row.bank, row.of) == (name, bank, of):
                return row.estimate
        raise KeyError((name, bank, of))

    def as_dict(self) -> dict[str, Any]:
        """What ``fit.json`` contains, without the goodness of fit."""
        return {
            "version": 1,
            "source": self.fitted.source,
            "num_payments": len(self.fitted),
            "fitted_days": [day.isoformat() for day in days_of(self.fitted)],
            "held_out_days": [] if self.held_out is None else [day.isoformat() for day in days_of(self.held_out)],
            "interval": "95 %",
            "parameters": [row.as_dict() for row in self.parameters],
            "notes": list(self.notes),
        }

    def yaml(self) -> str:
        """The scenario file."""
        head = "".join(f"# {note}\n" for note in self.notes)
        body = yaml.safe_dump(self.scenario, sort_keys=False, allow_unicode=True, width=120, default_flow_style=None)
        return f"{head}{body}"

    def write(self, folder: Path | str, goodness: Mapping[str, Any] | None = None) -> None:
        """Write ``scenario.yaml`` and ``fit.json``.

        Args:
            folder: made if it does not exist.
            goodness: of fit, as ``GoodnessOfFit.as_dict`` returns it.

        Raises:
            WriteError: a file cannot be written.
        """
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        report = {**self.as_dict(), **({} if goodness is None else {"goodness_of_fit": goodness})}
        write_atomically(folder / "scenario.yaml", self.yaml().encode())
        write_atomically(folder / "fit.json", (json.dumps(report, indent=1, ensure_ascii=False) + "\n").encode())


def calibrate(
    payments: Payments,
    *,
    base: Mapping[str, Any] | None = None,
    amounts: Amounts = "mixture",
    fit_share: float = FIT_SHARE,
    seed: int = 0,
) -> Calibration:
    """Fit a scenario to recorded payments.

    Args:
        payments: the recorded days.
        base: a scenario as a mapping, such as the one that ``simcash import`` writes: its rules, prices, liquidity and
            policies are kept, its arrivals are replaced. Without it, banks get ``lower-bound:1.2`` as opening balance.
        amounts: ``mixture`` (lognormals, their number chosen by BIC) or ``empirical`` (quantiles with a Pareto tail).
        fit_share: share of the days, in order of date, to which the scenario is fitted; at least one day.
        seed: of the start of the fit of mixtures.

    Raises:
        DataError: there are no payments, or an argument is out of range.
        ConfigError: the base scenario does not fit the payments.
    """
    _require(amounts, fit_share)
    columns_of(payments)  # refuses an empty table
    fitted, held_out = split_days(payments, fit_share)
    fit = _Fit(fitted, amounts, seed)
    notes = [*_about(fitted, held_out), *fit.notes]
    scenario = _assemble(fit, base, notes)
    result = Calibration(scenario, tuple(fit.parameters), fitted, held_out, tuple(notes))
    load_scenario(result.scenario)
    return result


def _require(amounts: str, fit_share: float) -> None:
    faults = []
    if amounts not in get_args(Amounts):
        faults.append(Fault(None, None, "amounts", repr(amounts), "must be mixture or empirical"))
    if not (isinstance(fit_share, (int, float)) and 0 < fit_share <= 1):
        faults.append(Fault(None, None, "fit_share", repr(fit_share), "must be above 0 and at most 1"))
    if faults:
        raise DataError(faults)


def days_of(payments: Payments) -> list[date]:
    """Business days in ascending order."""
    found: list[date] = sorted(pc.unique(payments.table["day"]).to_pylist())
    return found


def split_days(payments: Payments, fit_share: float) -> tuple[Payments, Payments | None]:
    """Payments of the first days, and those of the other days if there are any; the number is rounded half up."""
    days = days_of(payments)
    count = max(int(Fraction(str(fit_share)) * len(days) + Fraction(1, 2)), 1)
    return only_days(payments, days[:count]), only_days(payments, days[count:]) if count < len(days) else None


def only_days(payments: Payments, days: Sequence[date]) -> Payments:
    """The payments of these days."""
    chosen = pc.is_in(payments.table["day"], value_set=pa.array(days, pa.date32()))
    return replace(payments, table=payments.table.filter(chosen))


def _about(fitted: Payments, held_out: Payments | None) -> Iterator[str]:
    days = days_of(fitted)
    span = days[0].isoformat() if len(days) == 1 else f"{days[0].isoformat()} to {days[-1].isoformat()}"
    others = "no day is held out" if held_out is None else f"{len(days_of(held_out))} later days are held out"
    yield f"Fitted to {len(fitted):,} payments of {len(days)} days ({span}); {others}."


class _Fit:
    """The estimates of all banks; ``banks`` holds each sender's arrivals as a scenario states them."""

    def __init__(self, payments: Payments, amounts: Amounts, seed: int) -> None:
        self.payments = payments
        self.columns = columns_of(payments)
        self.num_ticks = payments.calendar.ticks_per_day
        self.num_days = len(self.columns.days)
        self.tick = np.minimum(payments.calendar.tick_of(self.columns.arrival_us), self.num_ticks - 1)
        self.priority = payments.integers("priority")
        self.deadline = payments.integers("deadline")
        self.divisible = np.asarray(payments.table["divisible"]).astype(bool)
        self.amounts: Amounts = amounts
        self.seed = seed
        self.parameters: list[Parameter] = []
        self.notes: list[str] = []
        self.variation = self._variation()
        self.pooled: dict[str, Any] | None = None
        self.small: list[str] = []
        self.mixed_deadlines: list[str] = []
        self.mixed_divisible: list[str] = []
        self.banks = {bank: self._bank(number) for number, bank in enumerate(self.columns.banks)}
        self.notes += self._notes()

    @property
    def day_variance(self) -> float:
        """Variance of the logarithm of a mean over the days, from the common factor."""
        variation = self.variation
        return variation.log_std.value**2 / self.num_days if variation and variation.is_significant else 0.0

    def _variation(self) -> DayVariation | None:
        columns = self.columns
        shape = self.num_days, len(columns.banks)
        places = columns.day * shape[1] + columns.sender
        found = day_variation(np.bincount(places, minlength=shape[0] * shape[1]).reshape(shape))
        if found is not None:
            self.parameters.append(Parameter("day_factor_log_std", None, None, found.log_std))
        return found

    def _bank(self, number: int) -> dict[str, Any] | None:
        """Arrivals of one sender; None if it sends nothing."""
        rows = np.flatnonzero(self.columns.sender == number)
        if not len(rows):
            return None
        bank = self.columns.banks[number]
        return {
            **self._rates(bank, rows),
            "amount": self._amount(bank, rows),
            "counterparty_weights": self._weights(bank, rows),
            "priority": self._priority(bank, rows),
            "deadline_range": self._deadlines(bank, rows),
            **self._divisible(bank, rows),
        }

    def _rates(self, bank: str, rows: I64) -> dict[str, Any]:
        """Rate and profile; the parameters are the rates of clock hours, before smoothing."""
        ticks, num_ticks = self.tick[rows], self.num_ticks
        counts = np.bincount(self.columns.day[rows] * num_ticks + ticks, minlength=self.num_days * num_ticks)
        counts = counts.reshape(self.num_days, num_ticks)
        calendar = self.payments.calendar
        edges = hour_edges(calendar.open_us, calendar.close_us)
        hour = hours_of(calendar.time_of(np.arange(num_ticks)), edges)
        for place, start in enumerate(edges[:-1].tolist()):
            exposure = int((hour == place).sum()) * self.num_days
            if exposure:
                seen = int(counts[:, hour == place].sum())
                estimate = poisson_rate(seen, exposure, self.day_variance)
                self.parameters.append(Parameter("rate_per_tick", bank, clock_text(start), estimate))
        profile = smooth_profile(counts)
        width = profile.bandwidth_ticks
        self.parameters.append(
            Parameter("smoothing_ticks", bank, None, Estimate(width, width, width, "leave-one-day-out likelihood"))
        )
        mean, peak = float(profile.per_tick.mean()), float(profile.per_tick.max())
        scale = max(mean, peak / MAX_MULTIPLIER)
        if math.isinf(width):
            return {"rate_per_tick": plain(mean)}
        return {
            "rate_per_tick": plain(scale),
            "rate_per_tick_of_day": [plain(each) for each in (profile.per_tick / scale).tolist()],
        }

    def _amount(self, bank: str, rows: I64) -> dict[str, Any]:
        cents = self.columns.amount_cents[rows]
        if len(rows) >= MIN_AMOUNTS:
            return self._law(bank, cents)
        self.small.append(bank)
        if self.pooled is None:
            self.pooled = self._law(None, self.columns.amount_cents)
        return self.pooled

    def _law(self, bank: str | None, cents: I64) -> dict[str, Any]:
        largest = int(cents.max())
        fit: MixtureFit | TableFit
        if self.amounts == "mixture":
            fit = fit_mixture(cents, self.seed)
            for place, part in enumerate(fit.components, 1):
                for name in ("weight", "log_mean", "log_std_dev"):
                    self.parameters.append(Parameter(f"amount.{name}", bank, str(place), getattr(part, name)))
        else:
            fit = fit_table(cents)
            if fit.exponent is not None:
                self.parameters.append(Parameter("amount.tail.exponent", bank, None, fit.exponent))
        return fit.law(largest)

    def _weights(self, bank: str, rows: I64) -> dict[str, float]:
        counts = sorted_counts(self.columns.receiver[rows], self.columns.banks)
        for receiver, count in counts:
            self.parameters.append(Parameter("counterparty_weight", bank, receiver, share(count, len(rows))))
        return {receiver: plain(count / len(rows)) for receiver, count in counts}

    def _priority(self, bank: str, rows: I64) -> Any:
        names = [str(priority) for priority in range(HIGHEST_PRIORITY + 1)]
        counts = sorted(sorted_counts(self.priority[rows], names), key=lambda row: int(row[0]))
        for priority, count in counts:
            self.parameters.append(Parameter("priority_weight", bank, priority, share(count, len(rows))))
        if len(counts) == 1:
            return int(counts[0][0])
        weights = [plain(count / len(rows)) for _, count in counts]
        return {"type": "categorical", "values": [int(priority) for priority, _ in counts], "weights": weights}

    def _deadlines(self, bank: str, rows: I64) -> list[int]:
        """Ticks from arrival to the deadline; a payment without one has until the end of the day."""
        calendar, last = self.payments.calendar, self.num_ticks - 1
        stated = rows[self.deadline[rows] >= 0]
        self.parameters.append(Parameter("deadline_share", bank, None, share(len(stated), len(rows))))
        if 2 * len(stated) < len(rows):
            if len(stated):
                self.mixed_deadlines.append(bank)
            return [self.num_ticks, self.num_ticks]
        ends = np.minimum(calendar.tick_of(self.deadline[stated]), last)
        inside = ends < last if (ends < last).any() else ends == last  # the others may be cut by the end of the day
        ticks = np.maximum(ends - self.tick[stated], 1)[inside]
        low, high = (quantile(ticks, place) for place in DEADLINE_TAILS)
        self.parameters.append(Parameter("deadline_range.shortest", bank, None, low))
        self.parameters.append(Parameter("deadline_range.longest", bank, None, high))
        return [int(low.value), int(high.value)]

    def _divisible(self, bank: str, rows: I64) -> dict[str, bool]:
        count = int(self.divisible[rows].sum())
        if 0 < count < len(rows):
            self.mixed_divisible.append(bank)
            self.parameters.append(Parameter("divisible_share", bank, None, share(count, len(rows))))
        return {"divisible": True} if 2 * count > len(rows) else {}

    def _notes(self) -> Iterator[str]:
        variation = self.variation
        if variation is None:
            yield "The variation between days is not estimated: it needs at least three days."
        elif variation.is_significant:
            yield (
                f"Days differ by a common factor of all rates, log standard deviation {variation.log_std.value:.3f} "
                f"(simulation.day_factor_log_std). It is lognormal and independent between days: effects of weekdays, "
                f"month ends and holidays are not represented."
            )
        else:
            yield f"Days differ no more than Poisson counts do (p = {variation.p_value:.2f}): no common factor is set."
        if variation is not None and variation.other_variance is not None and variation.other_variance > 1.5:
            yield (
                f"Daily counts of single banks vary {variation.other_variance:.1f} times as much as Poisson counts, "
                f"beyond the common factor; the scenario cannot represent it."
            )
        yield "Sizes, receivers, priorities and deadlines are independent of each other and of the time of day."
        if self.small:
            yield f"Sizes of all payments are used for banks with fewer than {MIN_AMOUNTS}: {', '.join(self.small)}."
        if self.mixed_deadlines:
            names = ", ".join(self.mixed_deadlines)
            yield f"Most payments of these banks have no deadline; the scenario gives none to any of them: {names}."
        if self.mixed_divisible:
            names = ", ".join(self.mixed_divisible)
            yield f"Some payments of these banks can be split; the scenario treats all of a bank alike: {names}."


def _assemble(fit: _Fit, base: Mapping[str, Any] | None, notes: list[str]) -> dict[str, Any]:
    """The scenario: what the base gives, with the fitted arrivals."""
    if base is None:
        notes.append(f"Opening balances are {LIQUIDITY} of the fitted days; prices are defaults of the package.")
        base = _default_base(fit)
    variation = fit.variation
    spread = plain(min(variation.log_std.value, 1.0)) if variation is not None and variation.is_significant else None
    simulation = dict(base.get("simulation") or {})
    simulation |= {"ticks_per_day": fit.num_ticks, "num_days": simulation.get("num_days", 1)}
    if spread is not None:
        simulation["day_factor_log_std"] = spread
    calendar = fit.payments.calendar
    hours = clock_text(calendar.open_us), clock_text(calendar.close_us)
    if all(len(text) == len("HH:MM") for text in hours):
        simulation |= {"open": hours[0], "close": hours[1]}
    else:
        notes.append(f"The hours {hours[0]} to {hours[1]} are not whole minutes; the scenario states none.")
    name, source = str(base.get("name") or "payments"), fit.payments.source
    total = exact_sum(fit.columns.amount_cents) / fit.num_days / 100
    return {
        "format": 1,
        "name": f"{name}-calibrated",
        "description": f"Calibrated to {source or 'payments'}: {len(fit.payments) / fit.num_days:,.0f} payments and "
        f"{total:,.0f} a day.",
        **{key: value for key, value in base.items() if key not in REPLACED},
        **({} if fit.payments.currency is None else {"currency": fit.payments.currency}),
        "simulation": simulation,
        "banks": [*_banks(fit, base)],
        "switches": {**(base.get("switches") or {}), "deadline_cap_at_eod": True},
    }


REPLACED: Final = ("format", "name", "description", "simulation", "banks", "switches", "arrivals", "events")
"""Keys of the base scenario that calibration writes itself, or leaves out."""

STREAMS: Final = ("arrivals", "arrival_bands")


def _banks(fit: _Fit, base: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The banks of the base with fitted arrivals.

    Raises:
        DataError: a bank of the payments is not in the base.
    """
    rows = [dict(row) for row in base.get("banks") or ()]
    known = {row.get("id") for row in rows}
    missing = [bank for bank in fit.columns.banks if bank not in known]
    if missing:
        rule = "must be a bank of the base scenario"
        raise DataError([Fault(fit.payments.source or None, None, "banks", repr(bank), rule) for bank in missing])
    for row in rows:
        arrivals = fit.banks.get(str(row.get("id")))
        kept = {key: value for key, value in row.items() if key not in STREAMS}
        yield kept if arrivals is None else {**kept, "arrivals": arrivals}


def _default_base(fit: _Fit) -> dict[str, Any]:
    """Rules, prices and liquidity where no scenario gives them."""
    liquidity = derived_liquidity(fit.payments, LIQUIDITY)
    banks = [
        {"id": bank, "opening_balance": liquidity[bank], "policy": {"type": "external"}} for bank in fit.columns.banks
    ]
    return {"name": "payments", "rules": "standard", "banks": banks, **RULES}


def read_data(path: Path | str) -> tuple[Payments, dict[str, Any] | None]:
    """A folder that ``simcash import`` wrote, or one payments table.

    Returns:
        The payments, and the scenario of the folder as a mapping; None for a file, or a folder without one.

    Raises:
        DataError: the payments cannot be read.
        ConfigError: the scenario cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        return read_payments(path), None
    payments = read_payments(path / "payments.parquet")
    file = path / "scenario.yaml"
    if not file.exists():
        return payments, None
    document = read_document(file)
    if not isinstance(document.value, Mapping) or document.broken:
        load_scenario(file)  # raises with every fault
        raise DataError([Fault(str(file), None, "", None, "must be a scenario")])
    return payments, dict(document.value)
