"""What happens on schedule: payments, transfers, changes of the environment. Told apart by ``type``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

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


class _Event(Model):
    """When it happens: at ``tick``, and from then on every ``every`` ticks where that is given."""

    tick: Ticks
    every: PositiveTicks | None = None


class _MoneyEvent(_Event):
    from_bank: BankId
    to_bank: BankId
    amount: PositiveCents


class PaymentEvent(_MoneyEvent):
    """A payment arrives in its sender's queue; ``deadline`` counts ticks from its arrival."""

    type: Literal["payment"] = "payment"
    priority: Priority = 5
    deadline: PositiveTicks | None = None
    divisible: Truth = False


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
