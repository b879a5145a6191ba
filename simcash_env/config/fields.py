"""Value types of scenario fields, each with its unit and bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Self

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

from simcash_env.config.faults import RULE, UNKNOWN_KEY, error_detail
from simcash_env.config.suggest import unknown_key
from simcash_env.config.texts import name_problem, text_problem
from simcash_env.integers import with_plain_integers
from simcash_env.schema.limits import (
    HIGHEST_PRIORITY,
    MAX_BPS_PER_TICK,
    MAX_CENTS,
    MAX_CENTS_PER_CENT,
    MAX_MULTIPLIER,
    MAX_RATE_PER_TICK,
    MAX_TICKS,
)

NESTED: Final = 3
"""Levels of plain mappings and lists inside one part of a scenario, including the part's own keys."""


class Model(BaseModel):
    """Base class of every part of a scenario: immutable, rejects unknown keys.

    ``model_copy``, ``copy.replace`` and ``model_construct`` validate like a file. Parts that are already models have
    been validated and are used unchanged.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same configuration with some values replaced.

        Args:
            update: new values by key, as the constructor accepts them.
            deep: also copy the parts.

        Raises:
            ValidationError: an unknown key, or values that break a rule, alone or together with the others.
        """
        if not update:
            return super().model_copy(deep=deep)
        changed = type(self).model_validate({**self._given(update), **update})
        return changed.model_copy(deep=True) if deep else changed

    def _given(self, update: Mapping[str, Any]) -> dict[str, Any]:
        """The values that a copy with these changes keeps. Fields that were not set stay unset."""
        del update
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """The same as calling the class; raises if a rule is broken."""
        if _fields_set is not None:
            message = f"{cls.__name__}.model_construct: _fields_set is not supported, values are always validated"
            raise TypeError(message)
        return cls.model_validate(values)

    def copy(
        self, *, include: Any = None, exclude: Any = None, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """Pydantic's older name of ``model_copy``; ``include`` and ``exclude`` are not supported."""
        if include is not None or exclude is not None:
            message = f"{type(self).__name__}.copy: include and exclude are not supported"
            raise TypeError(message)
        return self.model_copy(update=update, deep=deep)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest_key(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Convert NumPy integers to Python integers, and suggest a known key for an unknown one."""
        try:
            return handler(with_plain_integers(value, NESTED))
        except ValidationError as error:
            faults = error.errors()
            if not any(_is_unknown_key(fault) for fault in faults):
                raise
            details = [error_detail(cls._with_suggestion(fault)) for fault in faults]
            raise ValidationError.from_exception_data(cls.__name__, details) from None

    @classmethod
    def _with_suggestion(cls, fault: Any) -> Any:
        """The fault; that of an unknown key suggests a known one."""
        if not _is_unknown_key(fault):
            return fault
        return {**fault, "type": UNKNOWN_KEY, "msg": unknown_key(str(fault["loc"][0]), cls.model_fields)}


def _is_unknown_key(fault: Any) -> bool:
    return fault["type"] == "extra_forbidden" and len(fault["loc"]) == 1


def _whole_cents(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        kind = "whole_cents"
        raise PydanticCustomError(kind, "must be a whole number of cents")
    return value


def _one_rule(problem_of: Callable[[str], str | None]) -> Callable[[Any], Any]:
    def validated(value: Any) -> Any:
        problem = problem_of(value) if isinstance(value, str) else None
        if problem is not None:
            raise PydanticCustomError(RULE, problem)
        return value

    return validated


NameRule: Final = BeforeValidator(_one_rule(name_problem))
Name = Annotated[str, Field(strict=True), NameRule]
Currency = Annotated[
    str, Field(strict=True, min_length=1, max_length=12, description="label of amounts, such as EUR"), NameRule
]
Text = Annotated[str, Field(strict=True), BeforeValidator(_one_rule(text_problem))]
Truth = Annotated[bool, Field(strict=True)]
Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True)]
Count = Annotated[int, Field(strict=True, ge=0, le=MAX_TICKS)]
Cents = Annotated[
    int,
    Field(strict=True, ge=0, le=MAX_CENTS, description="whole cents"),
    BeforeValidator(_whole_cents),
]
PositiveCents = Annotated[
    int,
    Field(strict=True, ge=1, le=MAX_CENTS, description="whole cents, at least 1"),
    BeforeValidator(_whole_cents),
]
SignedCents = Annotated[
    int,
    Field(strict=True, ge=-MAX_CENTS, le=MAX_CENTS, description="whole cents"),
    BeforeValidator(_whole_cents),
]
Ticks = Annotated[int, Field(strict=True, ge=0, le=MAX_TICKS, description="ticks")]
PositiveTicks = Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="ticks, at least 1")]
Priority = Annotated[
    int, Field(strict=True, ge=0, le=HIGHEST_PRIORITY, description=f"0 (least urgent) to {HIGHEST_PRIORITY}")
]
BankId = Annotated[str, Field(strict=True, min_length=1, description="bank id"), NameRule]
Share = Annotated[float, Field(strict=True, ge=0, le=1, description="share, 0 to 1")]
Rate = Annotated[float, Field(strict=True, ge=0, le=MAX_RATE_PER_TICK, description="payments per tick")]
Weight = Annotated[float, Field(strict=True, ge=0, le=1e9, description="relative weight")]
Multiplier = Annotated[float, Field(strict=True, ge=0, le=MAX_MULTIPLIER, description="factor")]
PositiveMultiplier = Annotated[float, Field(strict=True, gt=0, le=MAX_MULTIPLIER, description="factor above 0")]
BpsPerTick = Annotated[float, Field(strict=True, ge=0, le=MAX_BPS_PER_TICK, description="basis points per tick")]
PerCent = Annotated[float, Field(strict=True, ge=0, le=MAX_CENTS_PER_CENT, description="cents per cent and tick")]
PenaltyBps = Annotated[float, Field(strict=True, ge=0, le=1_000_000, description="basis points of the amount")]
