"""Random payments: rates, amounts, receivers, deadlines and priorities."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from simcash_env.config.faults import Broken, broken_rules, fault_at
from simcash_env.config.fields import (
    BankId,
    Model,
    Multiplier,
    PositiveCents,
    PositiveTicks,
    Priority,
    Rate,
    Share,
    Truth,
    Weight,
)
from simcash_env.schema.limits import MAX_CENTS

LARGEST_NORMAL = 8.58
"""Largest absolute standard normal drawn from 53-bit uniforms: sqrt(-2 ln 2⁻⁵³)."""

LARGEST_EXPONENTIAL = 36.74
"""Largest standard exponential drawn from 53-bit uniforms: -ln 2⁻⁵³."""

Mean = Annotated[float, Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS, description="cents")]
PositiveMean = Annotated[float, Field(strict=True, gt=0, le=MAX_CENTS, description="cents, above 0")]
Deviation = Annotated[float, Field(strict=True, ge=0, le=MAX_CENTS, description="cents")]
LogMean = Annotated[float, Field(strict=True, ge=-40, le=40, description="mean of the logarithm of the cents")]
LogDeviation = Annotated[
    float, Field(strict=True, ge=0, le=10, description="standard deviation of the logarithm of the cents")
]
MAX_COMPONENTS: Final = 32
"""Most lognormals of a mixture."""

MAX_QUANTILES: Final = 10_000
"""Most quantiles of an empirical distribution."""

SAME_EXPONENT: Final = 1e-9
"""Difference of exponents below which an integral of a power is a logarithm."""

TOO_LARGE = f"the largest possible draw must not exceed {MAX_CENTS} cents"


class UniformAmount(Model):
    """Uniform over whole cents from ``min`` to ``max``, both included."""

    type: Literal["uniform"] = "uniform"
    min: PositiveCents
    max: PositiveCents

    @model_validator(mode="after")
    def _is_ordered(self) -> UniformAmount:
        if self.max < self.min:
            raise fault_at(("max",), f"must be at least min ({self.min})", self.max)
        return self


class NormalAmount(Model):
    """Normal distribution, rounded to whole cents, at least 1 cent."""

    type: Literal["normal"] = "normal"
    mean: Mean
    std_dev: Deviation

    @model_validator(mode="after")
    def _is_bounded(self) -> NormalAmount:
        if self.mean + LARGEST_NORMAL * self.std_dev > MAX_CENTS:
            raise fault_at(("std_dev",), TOO_LARGE, self.std_dev)
        return self


class LognormalAmount(Model):
    """Lognormal distribution, rounded, at least 1 cent; ``mean`` and ``std_dev`` are those of the amount itself."""

    type: Literal["lognormal"] = "lognormal"
    mean: PositiveMean
    std_dev: Deviation

    @model_validator(mode="after")
    def _is_bounded(self) -> LognormalAmount:
        ratio = self.std_dev / self.mean
        variance = math.log1p(ratio * ratio) if ratio < 1e150 else math.inf
        largest = math.log(self.mean) - variance / 2 + math.sqrt(variance) * LARGEST_NORMAL
        if not largest <= math.log(MAX_CENTS) or self.mean + self.std_dev == self.std_dev:
            raise fault_at(("std_dev",), TOO_LARGE, self.std_dev)
        return self


class ExponentialAmount(Model):
    """Exponential distribution with mean 1 / ``rate``, rounded to whole cents, at least 1 cent."""

    type: Literal["exponential"] = "exponential"
    rate: Annotated[float, Field(strict=True, gt=0, description="1 / mean in cents")]

    @model_validator(mode="after")
    def _is_bounded(self) -> ExponentialAmount:
        if self.rate * MAX_CENTS < LARGEST_EXPONENTIAL:
            raise fault_at(("rate",), TOO_LARGE, self.rate)
        return self


class MixtureComponent(Model):
    """One lognormal of a mixture; ``log_mean`` and ``log_std_dev`` are those of the logarithm of the cents."""

    weight: Weight
    log_mean: LogMean
    log_std_dev: LogDeviation

    @property
    def largest_log(self) -> float:
        """Logarithm of the largest draw in cents."""
        return self.log_mean + LARGEST_NORMAL * self.log_std_dev

    def capped_power(self, power: int, cap: float) -> float:
        """Expectation of ``min(amount, cap) ** power`` before rounding."""
        mean, std, log_cap = self.log_mean, self.log_std_dev, math.log(cap)
        if std == 0.0:
            return math.exp(power * min(mean, log_cap))
        standard = (log_cap - mean) / std
        below = math.exp(power * mean + (power * std) ** 2 / 2) * _normal_share(standard - power * std)
        return below + cap**power * _normal_share(-standard)


def _normal_share(value: float) -> float:
    """Probability that a standard normal is at most ``value``."""
    return math.erfc(-value / math.sqrt(2.0)) / 2.0


class MixtureAmount(Model):
    """One of several lognormals, drawn by weight; rounded to whole cents, at least 1 cent and at most ``max``.

    The parameters of each component are those of the logarithm of the cents. ``rules: standard`` only.
    """

    type: Literal["mixture"] = "mixture"
    components: tuple[MixtureComponent, ...] = Field(min_length=1, max_length=MAX_COMPONENTS)
    max: PositiveCents | None = None

    @model_validator(mode="after")
    def _is_bounded(self) -> MixtureAmount:
        if sum(part.weight for part in self.components) <= 0:
            raise fault_at(("components",), "the weights must sum to more than 0", [p.weight for p in self.components])
        for number, part in enumerate(self.components):
            if self.max is None and part.largest_log > math.log(MAX_CENTS):
                raise fault_at(("components", number, "log_std_dev"), f"{TOO_LARGE}; give max", part.log_std_dev)
        return self

    def cap(self) -> float:
        """Largest draw in cents."""
        largest = math.exp(max(part.largest_log for part in self.components))
        return float(min(largest + 1, MAX_CENTS) if self.max is None else self.max)

    def expected_power(self, power: int) -> float:
        """Expectation of ``amount ** power`` in cents, before rounding."""
        total = sum(part.weight for part in self.components)
        cap = self.cap()
        return sum(part.weight * part.capped_power(power, cap) for part in self.components) / total


class EmpiricalTail(Model):
    """Pareto tail: above the last quantile an amount exceeds ``x`` with probability proportional to x^-exponent."""

    exponent: Annotated[float, Field(strict=True, ge=0.01, le=1_000, description="exponent of the tail")]


class EmpiricalAmount(Model):
    """A table of quantiles, with the logarithm interpolated linearly between them, and an optional Pareto tail.

    ``quantiles[i]`` is the amount in cents that ``probabilities[i]`` of all amounts do not exceed. The first
    probability is 0. The last is 1, or with a ``tail`` below 1. Amounts are rounded to whole cents and are at most
    ``max``. ``rules: standard`` only.
    """

    type: Literal["empirical"] = "empirical"
    probabilities: tuple[Share, ...] = Field(min_length=2, max_length=MAX_QUANTILES)
    quantiles: tuple[PositiveCents, ...] = Field(min_length=2, max_length=MAX_QUANTILES)
    tail: EmpiricalTail | None = None
    max: PositiveCents | None = None

    @model_validator(mode="after")
    def _is_a_distribution(self) -> EmpiricalAmount:
        shares, cents = self.probabilities, self.quantiles
        broken = []
        if len(cents) != len(shares):
            rule = f"needs one quantile for each of the {len(shares)} probabilities"
            broken.append(Broken(("quantiles",), rule, f"{len(cents)} quantiles"))
        if shares[0] != 0.0:
            broken.append(Broken(("probabilities", 0), "must be 0", shares[0]))
        if self.tail is None and shares[-1] != 1.0:
            broken.append(Broken(("probabilities", len(shares) - 1), "must be 1 without a tail", shares[-1]))
        if self.tail is not None and shares[-1] == 1.0:
            broken.append(Broken(("probabilities", len(shares) - 1), "must be below 1 with a tail", shares[-1]))
        broken += [
            Broken(("probabilities", place), f"must be above the one before ({low})", high)
            for place, (low, high) in enumerate(pairwise(shares), 1)
            if high <= low
        ]
        broken += [
            Broken(("quantiles", place), f"must be at least the one before ({low})", high)
            for place, (low, high) in enumerate(pairwise(cents), 1)
            if high < low
        ]
        if self.max is not None and self.max < cents[-1]:
            broken.append(Broken(("max",), f"must be at least the last quantile ({cents[-1]})", self.max))
        if not broken and self.tail is not None and self.max is None and self._largest_log() > math.log(MAX_CENTS):
            broken.append(Broken(("tail", "exponent"), f"{TOO_LARGE}; give max", self.tail.exponent))
        if broken:
            raise broken_rules(broken)
        return self

    def _largest_log(self) -> float:
        last = math.log(self.quantiles[-1])
        if self.tail is None:
            return last
        return last + (math.log1p(-self.probabilities[-1]) + LARGEST_EXPONENTIAL) / self.tail.exponent

    def cap(self) -> float:
        """Largest draw in cents."""
        if self.max is not None:
            return float(self.max)
        return min(math.exp(self._largest_log()) + 1, float(MAX_CENTS)) if self.tail else float(self.quantiles[-1])

    def expected_power(self, power: int) -> float:
        """Expectation of ``amount ** power`` in cents, before rounding."""
        total = 0.0
        for (low, high), (first, last) in zip(pairwise(self.quantiles), pairwise(self.probabilities), strict=True):
            growth = power * (math.log(high) - math.log(low))
            mean = float(low) ** power * (math.expm1(growth) / growth if growth > 0.0 else 1.0)
            total += (last - first) * mean
        if self.tail is not None:
            start, alpha = float(self.quantiles[-1]), self.tail.exponent
            log_ratio, slope = math.log(self.cap() / start), power - alpha
            inside = log_ratio if abs(slope) < SAME_EXPONENT else math.expm1(slope * log_ratio) / slope
            total += (1.0 - self.probabilities[-1]) * start**power * (1.0 + power * inside)
        return total


AmountConfig = Annotated[
    UniformAmount | NormalAmount | LognormalAmount | ExponentialAmount | MixtureAmount | EmpiricalAmount,
    Field(discriminator="type"),
]

STANDARD_AMOUNTS: Final = ("mixture", "empirical")
"""Distributions that the rule set of SimCash does not have."""


class UniformPriority(Model):
    """Uniform over priorities from ``min`` to ``max``, both included."""

    type: Literal["uniform"] = "uniform"
    min: Priority
    max: Priority

    @model_validator(mode="after")
    def _is_ordered(self) -> UniformPriority:
        if self.max < self.min:
            raise fault_at(("max",), f"must be at least min ({self.min})", self.max)
        return self


class CategoricalPriority(Model):
    """One of the listed priorities, drawn by weight."""

    type: Literal["categorical"] = "categorical"
    values: tuple[Priority, ...] = Field(min_length=1)
    weights: tuple[Weight, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _has_a_weight_each(self) -> CategoricalPriority:
        broken = []
        if len(self.weights) != len(self.values):
            broken.append(
                Broken(("weights",), f"needs one weight for each of the {len(self.values)} values", self.weights)
            )
        if sum(self.weights) <= 0:
            broken.append(Broken(("weights",), "must sum to more than 0", self.weights))
        if broken:
            raise broken_rules(broken)
        return self


def _priority_kind(value: Any) -> str:
    kind = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    if kind == "uniform":
        return "<uniform>"
    return "<fixed>" if kind is None and not isinstance(value, dict) else "<categorical>"


PriorityConfig = Annotated[
    Annotated[Priority, Tag("<fixed>")]
    | Annotated[UniformPriority, Tag("<uniform>")]
    | Annotated[CategoricalPriority, Tag("<categorical>")],
    Discriminator(_priority_kind),
]

DeadlineRange = tuple[PositiveTicks, PositiveTicks]


class _Stream(Model):
    """Fields that all streams of random payments share."""

    rate_per_tick: Rate
    amount: AmountConfig
    counterparty_weights: dict[BankId, Weight] = Field(default_factory=dict)
    divisible: Truth = False

    @model_validator(mode="after")
    def _weighs_something(self) -> _Stream:
        if self.counterparty_weights and sum(self.counterparty_weights.values()) <= 0:
            raise fault_at(("counterparty_weights",), "must sum to more than 0", self.counterparty_weights)
        return self


class ArrivalConfig(_Stream):
    """The random payments of a bank.

    ``rate_per_tick_of_day`` multiplies the rate by one factor for each tick of the day. Banks that
    ``counterparty_weights`` does not list receive nothing; if it is empty, all other banks have the same weight.
    """

    deadline_range: DeadlineRange
    priority: PriorityConfig = 5
    rate_per_tick_of_day: tuple[Multiplier, ...] | None = None

    @model_validator(mode="after")
    def _is_ordered(self) -> ArrivalConfig:
        low, high = self.deadline_range
        if high < low:
            raise fault_at(("deadline_range", 1), f"must be at least the first ({low})", high)
        return self


class ArrivalBandConfig(_Stream):
    """The random payments of one priority band."""

    deadline_offset_min: PositiveTicks
    deadline_offset_max: PositiveTicks

    @model_validator(mode="after")
    def _is_ordered(self) -> ArrivalBandConfig:
        if self.deadline_offset_max < self.deadline_offset_min:
            rule = f"must be at least deadline_offset_min ({self.deadline_offset_min})"
            raise fault_at(("deadline_offset_max",), rule, self.deadline_offset_max)
        return self


class ArrivalBandsConfig(Model):
    """The random payments of a bank by priority band: urgent 8 to 10, normal 4 to 7, low 0 to 3."""

    urgent: ArrivalBandConfig | None = None
    normal: ArrivalBandConfig | None = None
    low: ArrivalBandConfig | None = None

    @model_validator(mode="after")
    def _has_a_band(self) -> ArrivalBandsConfig:
        if self.urgent is None and self.normal is None and self.low is None:
            raise fault_at((), "needs at least one of urgent, normal, low", {})
        return self
