"""Prices: rates per tick or per day, penalties in cents or in basis points."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, model_validator

from simcash_env.config.exact import THOUSAND, millionths, millionths_of_part, millionths_truncated, thousandths
from simcash_env.config.faults import Broken, broken_rules
from simcash_env.config.fields import BpsPerTick, Cents, Model, Multiplier, PenaltyBps, PerCent
from simcash_env.schema.limits import MAX_BPS_PER_TICK, MAX_CENTS_PER_CENT, MAX_TICKS_PER_DAY

RATES = (
    ("overdraft_bps_per_tick", "overdraft_bps_per_day"),
    ("delay_cost_per_tick_per_cent", "delay_cost_per_day_per_cent"),
    ("collateral_cost_per_tick_bps", "collateral_cost_per_day_bps"),
    ("liquidity_cost_per_tick_bps", "liquidity_cost_per_day_bps"),
)
"""The two keys of each rate: per tick and per day."""

# A loose bound on rates per day: the rate per tick is checked exactly.
BpsPerDay = Annotated[
    float, Field(strict=True, ge=0, le=MAX_BPS_PER_TICK * MAX_TICKS_PER_DAY, description="basis points per day")
]
PerCentPerDay = Annotated[
    float, Field(strict=True, ge=0, le=MAX_CENTS_PER_CENT * MAX_TICKS_PER_DAY, description="cents per cent and day")
]


class BpsPenalty(Model):
    """A penalty proportional to the amount."""

    bps: PenaltyBps

    def ppm(self) -> int:
        """Millionths of a basis point, truncated."""
        return millionths_truncated(self.bps)


def _penalty_kind(value: Any) -> str:
    return "<bps>" if isinstance(value, (dict, BpsPenalty)) else "<cents>"


Penalty = Annotated[
    Annotated[Cents, Tag("<cents>")] | Annotated[BpsPenalty, Tag("<bps>")],
    Discriminator(_penalty_kind),
]


class PriorityDelayMultipliers(Model):
    """Factors on the delay cost by priority band: urgent 8 to 10, normal 4 to 7, low 0 to 3."""

    urgent: Multiplier = 1.0
    normal: Multiplier = 1.0
    low: Multiplier = 1.0


class CostConfig(Model):
    """Prices of delay, overdraft, collateral and liquidity, and penalties."""

    overdraft_bps_per_tick: BpsPerTick | None = 0.001
    overdraft_bps_per_day: BpsPerDay | None = None
    delay_cost_per_tick_per_cent: PerCent | None = 0.0001
    delay_cost_per_day_per_cent: PerCentPerDay | None = None
    collateral_cost_per_tick_bps: BpsPerTick | None = 0.0002
    collateral_cost_per_day_bps: BpsPerDay | None = None
    liquidity_cost_per_tick_bps: BpsPerTick | None = 0.0
    liquidity_cost_per_day_bps: BpsPerDay | None = None
    deadline_penalty: Penalty = 50_000
    eod_penalty: Penalty = 10_000
    drop_penalty: Penalty | None = None
    split_friction_cost: Cents = 1_000
    overdue_delay_multiplier: Multiplier = 5.0
    priority_delay_multipliers: PriorityDelayMultipliers | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_rate_a_day_replaces_the_default(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        replaced = {tick: None for tick, day in RATES if tick not in value and value.get(day) is not None}
        return {**value, **replaced}

    @model_validator(mode="after")
    def _is_given_once(self) -> CostConfig:
        broken = []
        for per_tick, per_day in RATES:
            tick, day = getattr(self, per_tick), getattr(self, per_day)
            if tick is not None and day is not None:
                broken.append(Broken((per_day,), f"give either {per_tick} or {per_day}", day))
            elif tick is None and day is None:
                broken.append(Broken((per_tick,), "must be a number", None))
        if broken:
            raise broken_rules(broken)
        return self

    def overdraft_rate_ppm(self, ticks_per_day: int) -> int:
        """Overdraft rate on a negative balance, in millionths of a basis point per tick."""
        return _rate_ppm(self.overdraft_bps_per_tick, self.overdraft_bps_per_day, ticks_per_day)

    def delay_rate_ppm(self, ticks_per_day: int) -> int:
        """Delay cost of one waiting cent, in millionths of a cent per tick."""
        return _rate_ppm(self.delay_cost_per_tick_per_cent, self.delay_cost_per_day_per_cent, ticks_per_day)

    def collateral_rate_ppm(self, ticks_per_day: int) -> int:
        """Rate on posted collateral, in millionths of a basis point per tick."""
        return _rate_ppm(self.collateral_cost_per_tick_bps, self.collateral_cost_per_day_bps, ticks_per_day)

    def liquidity_rate_ppm(self, ticks_per_day: int) -> int:
        """Rate on the allocated pool, in millionths of a basis point per tick."""
        return _rate_ppm(self.liquidity_cost_per_tick_bps, self.liquidity_cost_per_day_bps, ticks_per_day)

    def overdue_multiplier_thousandths(self) -> int:
        """Factor on the delay cost of overdue payments, in thousandths."""
        return thousandths(self.overdue_delay_multiplier)

    def band_multipliers_thousandths(self) -> tuple[int, int, int]:
        """Factors on the delay cost of urgent, normal and low payments, in thousandths."""
        bands = self.priority_delay_multipliers
        if bands is None:
            return THOUSAND, THOUSAND, THOUSAND
        return thousandths(bands.urgent), thousandths(bands.normal), thousandths(bands.low)


def _rate_ppm(per_tick: float | None, per_day: float | None, ticks_per_day: int) -> int:
    return millionths(per_tick or 0.0) if per_day is None else millionths_of_part(per_day, ticks_per_day)
