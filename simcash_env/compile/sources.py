"""The streams of random arrivals as arrays: a bank's arrivals are one source, or one a priority band."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from simcash_env.schema.codes import NONE, UNLISTED, AmountKind, PriorityKind
from simcash_env.schema.limits import MAX_CENTS

if TYPE_CHECKING:
    from simcash_env.config import BankConfig
    from simcash_env.schema.arrays import Scenario

BAND_PRIORITIES: Final = {"urgent": (8, 10), "normal": (4, 7), "low": (0, 3)}
"""Priorities that each band draws from, in the order in which bands are drawn."""


@dataclass
class Source:
    """One stream: a Poisson count a tick, and what each payment is like."""

    bank: int
    rate: float
    amount: Any
    weights: list[tuple[int, float]]  # receiver and weight, all banks but the sender, in the order of the file
    is_weighted: bool
    deadline: tuple[int, int]
    priority: tuple[PriorityKind, int, int]
    choices: list[tuple[int, float]]
    divisible: bool
    pattern: tuple[float, ...] | None


@dataclass
class SourceTable:
    """All sources of a scenario."""

    sources: list[Source] = field(default_factory=list)

    @property
    def bank(self) -> list[int]:
        """The bank of each source."""
        return [source.bank for source in self.sources]

    @property
    def choices(self) -> list[tuple[int, float]]:
        """Categorical priorities of all sources, concatenated."""
        return [choice for source in self.sources for choice in source.choices]

    @property
    def amounts(self) -> list[tuple[float, float, float]]:
        """Lognormals and quantiles of all sources, concatenated."""
        return [row for source in self.sources for row in amount_rows(source.amount)]

    def has_pattern(self) -> bool:
        """True if any rate varies over the day."""
        return any(source.pattern for source in self.sources)

    def write(self, view: Scenario, ticks_per_day: int) -> None:
        """Fill the scenario's source, weight, pattern and choice columns."""
        first_choice = first_amount = 0
        num_banks = int(view.num_banks[0])
        for row, source in enumerate(self.sources):
            self._write_source(view, row, source)
            view.source_first_choice[row] = first_choice
            view.source_num_choices[row] = len(source.choices)
            first_choice += len(source.choices)
            amounts = amount_rows(source.amount)
            view.source_first_amount[row] = first_amount
            view.source_num_amounts[row] = len(amounts)
            first_amount += len(amounts)
            view.weight_bank[row * num_banks : (row + 1) * num_banks] = NONE
            for at, (receiver, weight) in enumerate(source.weights, start=row * num_banks):
                view.weight_bank[at] = receiver
                view.weight_value[at] = weight
            if len(view.pattern_factor):
                factors = source.pattern or (1.0,) * ticks_per_day
                view.pattern_factor[row * ticks_per_day : (row + 1) * ticks_per_day] = factors
        view.choice_priority[:] = [priority for priority, _ in self.choices]
        view.choice_weight[:] = [weight for _, weight in self.choices]
        for row, (share, log, log_std) in enumerate(self.amounts):
            view.amount_share[row], view.amount_log[row], view.amount_log_std[row] = share, log, log_std

    @staticmethod
    def _write_source(view: Scenario, row: int, source: Source) -> None:
        view.source_bank[row] = source.bank
        view.source_rate[row] = source.rate
        view.source_exp_neg_rate[row] = math.exp(-source.rate)
        kind, smallest, largest, mean, std = amount_columns(source.amount)
        view.source_amount_kind[row] = kind
        view.source_amount_min[row], view.source_amount_max[row] = smallest, largest
        view.source_amount_mean[row], view.source_amount_std[row] = mean, std
        view.source_is_weighted[row] = source.is_weighted
        view.source_deadline_min_ticks[row], view.source_deadline_max_ticks[row] = source.deadline
        view.source_priority_kind[row] = source.priority[0]
        view.source_priority_min[row], view.source_priority_max[row] = source.priority[1:]
        view.source_is_divisible[row] = source.divisible
        view.source_has_pattern[row] = source.pattern is not None


def amount_columns(amount: Any) -> tuple[AmountKind, int, int, float, float]:
    """Kind, bounds, and the two parameters that the draw uses."""
    if amount.type == "uniform":
        return AmountKind.UNIFORM, amount.min, amount.max, 0.0, 0.0
    if amount.type == "normal":
        return AmountKind.NORMAL, 0, 0, amount.mean, amount.std_dev
    if amount.type == "lognormal":
        mean, std = log_space(amount.mean, amount.std_dev)
        return AmountKind.LOGNORMAL, 0, 0, mean, std
    if amount.type == "exponential":
        return AmountKind.EXPONENTIAL, 0, 0, 0.0, amount.rate
    largest = MAX_CENTS if amount.max is None else amount.max
    if amount.type == "mixture":
        return AmountKind.MIXTURE, 1, largest, 0.0, 0.0
    return AmountKind.EMPIRICAL, 1, largest, 0.0, 0.0 if amount.tail is None else amount.tail.exponent


def amount_rows(amount: Any) -> list[tuple[float, float, float]]:
    """Share, logarithm and standard deviation of each lognormal of a mixture, or of each quantile of a table."""
    if amount.type == "mixture":
        return [(part.weight, part.log_mean, part.log_std_dev) for part in amount.components]
    if amount.type == "empirical":
        return [
            (share, math.log(cents), 0.0) for share, cents in zip(amount.probabilities, amount.quantiles, strict=True)
        ]
    return []


def log_space(mean: float, std_dev: float) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm of a lognormal amount."""
    variance = math.log(1 + (std_dev / mean) ** 2)
    return math.log(mean) - variance / 2, math.sqrt(variance)


def build_sources(banks: Sequence[BankConfig], number: dict[str, int]) -> SourceTable:
    """Read the arrivals of all banks, in id order, bands in the order urgent, normal, low."""
    table = SourceTable()
    for row, bank in enumerate(banks):
        if bank.arrivals is not None:
            arrivals = bank.arrivals
            weights, is_weighted = receiver_weights(row, arrivals.counterparty_weights, number)
            priority, choices = priority_columns(arrivals.priority)
            pattern = arrivals.rate_per_tick_of_day
            table.sources.append(
                Source(
                    row, arrivals.rate_per_tick, arrivals.amount, weights, is_weighted, arrivals.deadline_range,
                    priority, choices, arrivals.divisible, None if pattern is None else tuple(pattern),
                )
            )  # fmt: skip
        if bank.arrival_bands is not None:
            for name, (low, high) in BAND_PRIORITIES.items():
                band = getattr(bank.arrival_bands, name)
                if band is None:
                    continue
                weights, is_weighted = receiver_weights(row, band.counterparty_weights, number)
                window = (band.deadline_offset_min, band.deadline_offset_max)
                table.sources.append(
                    Source(
                        row, band.rate_per_tick, band.amount, weights, is_weighted, window,
                        (PriorityKind.UNIFORM, low, high), [], band.divisible, None,
                    )
                )  # fmt: skip
    return table


def receiver_weights(
    row: int, weights: Mapping[str, float], number: dict[str, int]
) -> tuple[list[tuple[int, float]], bool]:
    """Receivers in the order of the file, then the others; without weights all others weigh the same."""
    listed = [(number[name], float(weight)) for name, weight in weights.items()]
    named = {receiver for receiver, _ in listed}
    rest = UNLISTED if listed else 1.0
    others = [(other, rest) for other in sorted(number.values()) if other != row and other not in named]
    return listed + others, bool(listed)


def priority_columns(priority: Any) -> tuple[tuple[PriorityKind, int, int], list[tuple[int, float]]]:
    """Kind, bounds and choices of a priority."""
    if isinstance(priority, int):
        return (PriorityKind.FIXED, priority, priority), []
    if priority.type == "uniform":
        return (PriorityKind.UNIFORM, priority.min, priority.max), []
    return (PriorityKind.CATEGORICAL, 0, 0), list(zip(priority.values, priority.weights, strict=True))
