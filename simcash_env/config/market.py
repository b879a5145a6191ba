"""The liquidity market: order books, rate corridor, traders and schedule."""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from simcash_env.config.exact import written
from simcash_env.config.faults import RULE, Broken, broken_rules, fault_at
from simcash_env.config.fields import BankId, Cents, Count, Model, NameRule, PositiveCents, PositiveTicks, Share
from simcash_env.schema.limits import MAX_SEED

RATE_UNIT: Final = 10_000
"""Hundredths of a basis point per percent: the unit of all market rates."""

RATE_SCALE: Final = 10**6
"""Hundredths of a basis point per unit of principal."""

YEAR_DAYS: Final = 360
MAX_RATE_PERCENT: Final = 100
MAX_ROWS: Final = 1_000_000


def _is_on_the_grid(value: float) -> float:
    if written(value) * RATE_UNIT % 1:
        rule = "must be a whole number of hundredths of a basis point (four decimals of a percent)"
        raise PydanticCustomError(RULE, rule)
    return value


Percent = Annotated[
    float,
    Field(
        strict=True,
        ge=0,
        le=MAX_RATE_PERCENT,
        description="percent per year, or per tick under `per_tick`; four decimals",
    ),
    AfterValidator(_is_on_the_grid),
]
RateOffset = Annotated[
    float,
    Field(strict=True, ge=-MAX_RATE_PERCENT, le=MAX_RATE_PERCENT, description="percentage points, four decimals"),
    AfterValidator(_is_on_the_grid),
]
Rows = Annotated[int, Field(strict=True, ge=1, le=MAX_ROWS)]
BookId = Annotated[str, Field(strict=True, min_length=1, description="book id"), NameRule]


def rate_units(percent: float) -> int:
    """A rate in hundredths of a basis point."""
    return int(written(percent) * RATE_UNIT)


class TermMaturity(Model):
    """A loan term of ``ticks`` ticks."""

    ticks: PositiveTicks


class BookConfig(Model):
    """One order book. All loans of a book have the same maturity."""

    id: BookId = "intraday"
    maturity: Literal["intraday", "overnight"] | TermMaturity = "intraday"


class TraderConfig(Model):
    """A corridor trader: in every tick it offers or bids the bank's surplus or shortfall at the theoretical rate."""

    type: Literal["corridor"] = "corridor"
    book: BookId | None = None
    buffer: Cents = 0
    sigma: PositiveCents = 1_000_000


class RetryConfig(Model):
    """Retries of a trading slot; ``base_delay`` (ticks or ms, see ``--delay``) doubles with every failure."""

    max_retries: Count = 3
    base_delay: Count = 1
    on_exhausted: Literal["retry", "skip", "continue", "quit", "ask"] = "continue"


class ScheduleConfig(Model):
    """A schedule of trading slots for all banks; a seed determines amounts, sides and books."""

    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SEED)] = 0
    trades_per_account: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 1
    amount_min: PositiveCents
    amount_max: PositiveCents
    bid_offset: RateOffset = 0.0
    ask_offset: RateOffset = 0.0
    distribution: Literal["round_robin", "same_market", "sequential"] = "round_robin"
    strategy: Literal["any", "sequential", "specific"] = "any"
    good_for: Literal["tick", "day"] = "day"
    retry: RetryConfig = Field(default_factory=RetryConfig)

    @model_validator(mode="after")
    def _bids_cross_asks(self) -> ScheduleConfig:
        broken = []
        if self.amount_max < self.amount_min:
            broken.append(Broken(("amount_max",), "must be at least amount_min", self.amount_max))
        if self.bid_offset < self.ask_offset:
            rule = "must be at least ask_offset, so that every bid meets an ask"
            broken.append(Broken(("bid_offset",), rule, self.bid_offset))
        if broken:
            raise broken_rules(broken)
        return self


class MarketConfig(Model):
    """Banks lend reserves to each other inside the central bank's rate corridor."""

    discipline: Literal["regulated", "unregulated"] = "regulated"
    deposit_rate: Percent
    lending_rate: Percent
    reference_rate: Percent | None = None
    band: Share | None = None
    interest: Literal["act_360", "per_tick"] = "act_360"
    books: Annotated[tuple[BookConfig, ...], Field(min_length=1, max_length=100)] = (BookConfig(),)
    credit_lines: dict[BankId, Cents] = Field(default_factory=dict)
    counterparty_limits: dict[BankId, dict[BankId, Cents]] = Field(default_factory=dict)
    traders: dict[BankId, TraderConfig] = Field(default_factory=dict)
    schedule: ScheduleConfig | None = None
    max_orders: Rows | None = None
    max_loans: Rows | None = None

    @model_validator(mode="after")
    def _corridor_is_open(self) -> MarketConfig:
        if self.lending_rate <= self.deposit_rate:
            raise fault_at(("lending_rate",), "must be more than deposit_rate", self.lending_rate)
        return self

    def reference_units(self) -> Fraction:
        """The reference rate in hundredths of a basis point; the middle of the corridor by default."""
        if self.reference_rate is None:
            return Fraction(rate_units(self.deposit_rate) + rate_units(self.lending_rate), 2)
        return Fraction(rate_units(self.reference_rate))

    def band_units(self) -> tuple[int, int] | None:
        """The lowest and the highest rate inside the band, in hundredths of a basis point."""
        if self.band is None:
            return None
        reference, width = self.reference_units(), Fraction(written(self.band))
        low, high = reference * (1 - width), reference * (1 + width)
        return -(-low.numerator // low.denominator), high.numerator // high.denominator

    def interest_scale(self, ticks_per_day: int) -> int:
        """Divisor of interest: principal x rate x ticks / scale."""
        return RATE_SCALE * (1 if self.interest == "per_tick" else ticks_per_day * YEAR_DAYS)

    def order_rows(self, num_banks: int) -> int:
        """Capacity of the table of resting orders, in rows."""
        return max(64, 8 * num_banks) if self.max_orders is None else self.max_orders

    def loan_rows(self, num_banks: int) -> int:
        """Capacity of the table of open loans, in rows."""
        return max(128, 16 * num_banks) if self.max_loans is None else self.max_loans
