"""Scheduled events: payments, transfers and parameter changes, selected by ``type``."""

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
    Share,
    SignedCents,
    Ticks,
    Truth,
    Weight,
)
from simcash_env.schema.limits import MAX_TICKS


class _Event(Model):
    """An event at ``tick``, repeated every ``every`` ticks if that is given."""

    tick: Ticks
    every: PositiveTicks | None = None


class _MoneyEvent(_Event):
    from_bank: BankId
    to_bank: BankId
    amount: PositiveCents


class PaymentEvent(_MoneyEvent):
    """A payment arrives in its sender's internal queue. Default deadline: a tenth of a day, at least 5 ticks.

    With ``probability`` it arrives with that probability, drawn each time the event is due (``rules: standard`` only);
    without it, it always arrives. Give at most one of the deadline keys. Deadlines are capped at the end of the run
    and, with ``deadline_cap_at_eod``, at the end of the day.
    """

    type: Literal["payment"] = "payment"
    priority: Priority = 5
    deadline_tick: (
        Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="tick of the run, after `tick`")] | None
    ) = None
    deadline_in: (
        Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="ticks from arrival, at least 1")] | None
    ) = None
    deadline: (
        Annotated[int, Field(strict=True, ge=1, le=MAX_TICKS, description="older name of `deadline_in`")] | None
    ) = None
    divisible: Truth = False
    probability: Share | None = None

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
        """Ticks from arrival to the deadline, before it is capped; None for the default."""
        if self.deadline_tick is not None:
            return self.deadline_tick - self.tick
        return self.deadline if self.deadline_in is None else self.deadline_in


class DirectTransferEvent(_MoneyEvent):
    """Transfer money immediately, whatever the balances and limits."""

    type: Literal["direct_transfer"] = "direct_transfer"


class ScheduledSettlementEvent(_MoneyEvent):
    """Settle immediately if the payer is funded; otherwise the payment waits in the central queue."""

    type: Literal["scheduled_settlement"] = "scheduled_settlement"


class CollateralAdjustmentEvent(_Event):
    """Post (positive) or withdraw (negative) collateral."""

    type: Literal["collateral_adjustment"] = "collateral_adjustment"
    bank: BankId
    delta: SignedCents


class CreditLimitChangeEvent(_Event):
    """Raise (positive) or cut (negative) a bank's unsecured credit limit; it stays at least 0."""

    type: Literal["credit_limit_change"] = "credit_limit_change"
    bank: BankId
    delta: SignedCents


class GlobalArrivalRateChangeEvent(_Event):
    """Set all arrival rates to their base rates times ``multiplier``."""

    type: Literal["global_arrival_rate_change"] = "global_arrival_rate_change"
    multiplier: Multiplier


class ArrivalRateChangeEvent(_Event):
    """Multiply one bank's current arrival rates by ``multiplier``; the result is the new base rate."""

    type: Literal["arrival_rate_change"] = "arrival_rate_change"
    bank: BankId
    multiplier: Multiplier


class CounterpartyWeightChangeEvent(_Event):
    """Set the weight of one receiver in a bank's ``counterparty_weights``."""

    type: Literal["counterparty_weight_change"] = "counterparty_weight_change"
    bank: BankId
    counterparty: BankId
    weight: Weight


class DeadlineWindowChangeEvent(_Event):
    """Multiply the deadline range of all random arrivals, from this tick on."""

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
