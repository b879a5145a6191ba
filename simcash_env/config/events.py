"""What happens on schedule: payments, transfers, changes of the environment. Told apart by ``type``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simcash_env.config.faults import fault_at
from simcash_env.config.fields import (
    BankId,
    Model,
    Multiplier,
    PositiveCents,
    PositiveMultiplier,
    PositiveTicks,
    Priority,
    SignedCents,
    Ticks,
    Truth,
    Weight,
)
from simcash_env.schema.limits import MAX_TICKS


class _Event(Model):
    """When it happens: at ``tick``, and from then on every ``every`` ticks where that is given."""

    tick: Ticks
    every: PositiveTicks | None = None


class _MoneyEvent(_Event):
    from_bank: BankId
    to_bank: BankId
    amount: PositiveCents


class PaymentEvent(_MoneyEvent):
    """A payment arrives in its sender's queue, with at most one deadline (default: a tenth of a day, at least 5 ticks).

    Every deadline is cut at the end of the run and, under ``deadline_cap_at_eod``, of the day.
    """

    type: Literal["payment"] = "payment"
    priority: Priority = 5
    deadline_tick: (
        Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="absolute tick, after `tick`")] | None
    ) = None
    deadline_in: (
        Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="ticks from the arrival, at least 1")] | None
    ) = None
    deadline: (
        Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="older spelling of `deadline_in`")] | None
    ) = None
    divisible: Truth = False

    @model_validator(mode="after")
    def _has_one_deadline(self) -> PaymentEvent:
        named = ("deadline_tick", "deadline_in", "deadline")
        first, *others = [name for name in named if getattr(self, name) is not None] or [""]
        if others:
            raise fault_at((others[0],), f"give either {first} or {others[0]}", getattr(self, others[0]))
        if self.deadline_tick is not None and self.every is not None:
            raise fault_at(("deadline_tick",), "a payment that repeats needs deadline_in", self.deadline_tick)
        if self.deadline_tick is not None and self.deadline_tick <= self.tick:
            raise fault_at(("deadline_tick",), f"must be after tick ({self.tick})", self.deadline_tick)
        return self

    def ticks_to_deadline(self) -> int | None:
        """Ticks from the arrival to the deadline, before it is cut; None for the default."""
        if self.deadline_tick is not None:
            return self.deadline_tick - self.tick
        return self.deadline if self.deadline_in is None else self.deadline_in


class DirectTransferEvent(_MoneyEvent):
    """Money moves at once, whatever the balances."""

    type: Literal["direct_transfer"] = "direct_transfer"


class ScheduledSettlementEvent(_MoneyEvent):
    """Settles at once where funded, else waits in Queue 2."""

    type: Literal["scheduled_settlement"] = "scheduled_settlement"


class CollateralAdjustmentEvent(_Event):
    """Post (positive) or withdraw (negative) collateral."""

    type: Literal["collateral_adjustment"] = "collateral_adjustment"
    bank: BankId
    delta: SignedCents


class CreditLimitChangeEvent(_Event):
    """Raise or cut a bank's unsecured credit limit."""

    type: Literal["credit_limit_change"] = "credit_limit_change"
    bank: BankId
    delta: SignedCents


class GlobalArrivalRateChangeEvent(_Event):
    """All arrival rates become their base rate times a factor."""

    type: Literal["global_arrival_rate_change"] = "global_arrival_rate_change"
    multiplier: Multiplier


class ArrivalRateChangeEvent(_Event):
    """One bank's arrival rates are multiplied for good."""

    type: Literal["arrival_rate_change"] = "arrival_rate_change"
    bank: BankId
    multiplier: Multiplier


class CounterpartyWeightChangeEvent(_Event):
    """Set one weight in one bank's choice of receivers."""

    type: Literal["counterparty_weight_change"] = "counterparty_weight_change"
    bank: BankId
    counterparty: BankId
    weight: Weight


class DeadlineWindowChangeEvent(_Event):
    """Stretch or shrink the deadlines of all random arrivals from now on."""

    type: Literal["deadline_window_change"] = "deadline_window_change"
    min_multiplier: PositiveMultiplier = 1.0
    max_multiplier: PositiveMultiplier = 1.0


EventConfig = Annotated[
    PaymentEvent
    | DirectTransferEvent
    | ScheduledSettlementEvent
    | CollateralAdjustmentEvent
    | CreditLimitChangeEvent
    | GlobalArrivalRateChangeEvent
    | ArrivalRateChangeEvent
    | CounterpartyWeightChangeEvent
    | DeadlineWindowChangeEvent,
    Field(discriminator="type"),
]
