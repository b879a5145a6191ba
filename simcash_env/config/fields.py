"""The kinds of value that scenarios are made of: each says its unit, its bounds, and takes nothing else."""

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

from simcash_env.config.faults import RULE, UNKNOWN_KEY, detail
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
"""Levels of mappings and lists that are no parts of a scenario of their own, the part's own keys included."""


class Model(BaseModel):
    """Base of every part of a scenario: never changed after it was read, and unknown keys are refused.

    There is no way around the rules in Python either: a copy with changes is validated like a file, by
    ``model_copy``, ``copy.replace`` or ``model_construct``. Parts that are models have been validated already and are
    taken over as they are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """The same configuration with some values replaced.

        Args:
            update: values by key, as the class takes them.
            deep: copy the parts too.

        Raises:
            ValidationError: an unknown key, or values that break a rule, alone or together with the others.
        """
        if not update:
            return super().model_copy(deep=deep)
        changed = type(self).model_validate({**self._given(update), **update})
        return changed.model_copy(deep=True) if deep else changed

    def _given(self, update: Mapping[str, Any]) -> dict[str, Any]:
        """The values that a copy with these changes keeps; what was left out is left out again."""
        del update
        return {name: getattr(self, name) for name in type(self).model_fields if name in self.model_fields_set}

    @classmethod
    def model_construct(cls, _fields_set: set[str] | None = None, **values: Any) -> Self:
        """The same as calling the class: a configuration that breaks a rule cannot be made."""
        if _fields_set is not None:
            message = f"{cls.__name__}.model_construct: _fields_set is not supported, values are always validated"
            raise TypeError(message)
        return cls.model_validate(values)

    def copy(
        self, *, include: Any = None, exclude: Any = None, update: Mapping[str, Any] | None = None, deep: bool = False
    ) -> Self:
        """The same as ``model_copy``; pydantic's older name, without parts left out."""
        if include is not None or exclude is not None:
            message = f"{type(self).__name__}.copy: include and exclude are not supported"
            raise TypeError(message)
        return self.model_copy(update=update, deep=deep)

    @model_validator(mode="wrap")
    @classmethod
    def _name_the_nearest_key(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Take NumPy's integers as Python's, and tell an unknown key which known one it looks like."""
        try:
            return handler(with_plain_integers(value, NESTED))
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


def _one_rule(problem_of: Callable[[str], str | None]) -> Callable[[Any], Any]:
    def validated(value: Any) -> Any:
        problem = problem_of(value) if isinstance(value, str) else None
        if problem is not None:
            raise PydanticCustomError(RULE, problem)
        return value

    return validated


NameRule: Final = BeforeValidator(_one_rule(name_problem))
Name = Annotated[str, Field(strict=True), NameRule]
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
BankId = Annotated[str, Field(strict=True, min_length=1, description="id of a bank"), NameRule]
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
