"""Random payments: rates, amounts, receivers, deadlines and priorities."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

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


AmountConfig = Annotated[
    UniformAmount | NormalAmount | LognormalAmount | ExponentialAmount, Field(discriminator="type")
]


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
