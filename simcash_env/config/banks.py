"""A bank: accounts, limits, payments and policy."""

from __future__ import annotations

from pydantic import Field, model_validator

from simcash_env.config.arrivals import ArrivalBandsConfig, ArrivalConfig
from simcash_env.config.exact import millionths
from simcash_env.config.faults import fault_at
from simcash_env.config.fields import BankId, Cents, Model, Share, SignedCents, Ticks
from simcash_env.config.policies import FifoPolicy, PolicyConfig

CAPACITY_FACTOR = 10
"""Default collateral capacity, as a multiple of the credit limit."""


class BankConfig(Model):
    """One bank. ``arrivals`` and ``arrival_bands`` cannot be combined."""

    id: BankId
    opening_balance: SignedCents = 0
    credit_limit: Cents = 0
    posted_collateral: Cents = 0
    collateral_haircut: Share = 0.02
    max_collateral_capacity: Cents | None = None
    safety_buffer: Cents = 0
    min_holding_ticks: Ticks = 0
    bilateral_limits: dict[BankId, Cents] = Field(default_factory=dict)
    multilateral_limit: Cents | None = None
    sub_limit: Cents | None = None
    liquidity_pool: Cents | None = None
    liquidity_allocation_fraction: Share = 1.0
    policy: PolicyConfig = Field(default_factory=FifoPolicy)
    arrivals: ArrivalConfig | None = None
    arrival_bands: ArrivalBandsConfig | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> BankConfig:
        if self.arrivals is not None and self.arrival_bands is not None:
            raise fault_at(("arrival_bands",), "give either arrivals or arrival_bands", None)
        return self

    def haircut_ppm(self) -> int:
        """Haircut in millionths."""
        return millionths(self.collateral_haircut)

    def pool_fraction_ppm(self) -> int:
        """Allocated share of the pool, in millionths."""
        return millionths(self.liquidity_allocation_fraction)

    def collateral_capacity(self) -> int:
        """Largest collateral that the bank may post, in cents."""
        if self.max_collateral_capacity is None:
            return CAPACITY_FACTOR * self.credit_limit
        return self.max_collateral_capacity
