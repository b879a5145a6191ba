"""The kinds of value that scenarios are made of: each says its unit, its bounds, and takes nothing else."""

from __future__ import annotations

from typing import Annotated, Any, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from simcash_env.config.faults import UNKNOWN_KEY, detail
from simcash_env.config.suggest import unknown_key
from simcash_env.schema.limits import (
    HIGHEST_PRIORITY,
    MAX_BPS_PER_TICK,
    MAX_CENTS,
    MAX_CENTS_PER_CENT,
    MAX_MULTIPLIER,
    MAX_RATE_PER_TICK,
    MAX_TICKS,
)


class Model(BaseModel):
    """Base of every part of a scenario: never changed after it was read, and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest_key(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Tell an unknown key which known one it looks like."""
        try:
            return handler(value)
        except ValidationError as error:
            faults = error.errors()
            if not any(_is_unknown_key(fault) for fault in faults):
                raise
            details = []
            for fault in faults:
                if _is_unknown_key(fault):
                    rule = unknown_key(str(fault["loc"][0]), cls.model_fields)
                    fault = {**fault, "type": UNKNOWN_KEY, "msg": rule}  # noqa: PLW2901
                details.append(detail(fault))
            raise ValidationError.from_exception_data(cls.__name__, details) from None


def _is_unknown_key(fault: Any) -> bool:
    return fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1


def _whole_cents(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        kind = "whole_cents"
        raise PydanticCustomError(kind, "must be a whole number of cents")
    return value


Text = Annotated[str, Field(strict=True)]
Truth = Annotated[bool, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_TICKS)]
Cents = Annotated[
    int,
    BeforeValidator(_whole_cents),
    Field(strict=True, ge=0, le=MAX_CENTS, description="whole cents"),
]
PositiveCents = Annotated[
    int,
    BeforeValidator(_whole_cents),
    Field(strict=True, ge=1, le=MAX_CENTS, description="whole cents, at least 1"),
]
SignedCents = Annotated[
    int,
    BeforeValidator(_whole_cents),
    Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS, description="whole cents"),
]
Ticks = Annotated[int, Field(strict=True, ge=0, le=MAX_TICKS, description="ticks")]
PositiveTicks = Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="ticks, at least 1")]
Priority = Annotated[
    int, Field(strict=True, ge=0, le=HIGHEST_PRIORITY, description=f"0 (least urgent) to {HIGHEST_PRIORITY}")
]
BankId = Annotated[str, Field(strict=True, min_length=1, description="id of a bank")]
Share = Annotated[float, Field(strict=True, ge=0, le=1, description="share, 0 to 1")]
Rate = Annotated[float, Field(strict=True, ge=0, le=MAX_RATE_PER_TICK, description="payments a tick")]
Weight = Annotated[float, Field(strict=True, ge=0, le=1e9, description="relative weight")]
Multiplier = Annotated[float, Field(strict=True, ge=0, le=MAX_MULTIPLIER, description="factor")]
PositiveMultiplier = Annotated[float, Field(strict=True, gt=0, le=MAX_MULTIPLIER, description="factor above 0")]
BpsPerTick = Annotated[
    float, Field(strict=True, ge=0, le=MAX_BPS_PER_TICK, description="basis points (1/100 of a percent)")
]
PerCent = Annotated[float, Field(strict=True, ge=0, le=MAX_CENTS_PER_CENT, description="cents a cent")]
PenaltyBps = Annotated[float, Field(strict=True, ge=0, le=1_000_000, description="basis points of an amount")]
