"""The games of Castro, Desai, Du, Garratt and Rivadeneyra (2025) as scenarios, and the paper's costs in closed form.

A payment that the paper divides freely is a number of equal small payments here: of a hundredth of the pool, or of a
twentieth, so that pool shares and budgets of whole payments are the paper's. The last tick charges no delay: shortly
before the close all payments become urgent, and urgent payments wait for free. What is unpaid at the close costs the
price of borrowing. So any order of prices can be played, a price of borrowing below that of delay too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.registry import load

POOL_CENTS: Final = 600_000
"""A twentieth of it costs a whole number of cents per tick in games of 2, 3 and 12 periods."""
BANKS: Final = ("A", "B")
TWENTIETH: Final = Fraction(1, 20)
HUNDREDTH: Final = Fraction(1, 100)

Demand = Sequence[Fraction]
"""What a bank must pay in each period, in units of the pool."""


@dataclass(frozen=True)
class Prices:
    """Prices per unit of money: of liquidity per day, of delay per period, of borrowing at the close."""

    liquidity: Fraction
    delay: Fraction
    borrowing: Fraction

    @classmethod
    def of(cls, liquidity: str, delay: str, borrowing: str) -> Prices:
        """Prices from decimals."""
        return cls(Fraction(liquidity), Fraction(delay), Fraction(borrowing))


BASE: Final = Prices.of("0.1", "0.2", "0.4")
REVERSED: Final = Prices.of("0.4", "0.2", "0.1")

TWO_PERIODS: Final = ((Fraction(0), Fraction("0.15")), (Fraction("0.15"), Fraction("0.05")))
"""Section 6.3: demands of A and B."""
THREE_PERIODS: Final = ((Fraction("0.2"), Fraction("0.2"), Fraction(0)),) * 2
"""Section 7.2."""


def rules_of(prices: Prices, num_periods: int) -> dict[str, Any]:
    """Rules, prices and switches that all games share."""
    return {
        "format": 1,
        "rules": {"set": "simcash", "eod_penalty_scope": "unsettled"},
        "simulation": {"ticks_per_day": num_periods, "num_days": 1},
        "costs": {
            "liquidity_cost_per_day_bps": float(prices.liquidity * 10_000),
            "delay_cost_per_tick_per_cent": float(prices.delay),
            "priority_delay_multipliers": {"urgent": 0.0, "normal": 1.0, "low": 1.0},
            "eod_penalty": {"bps": float(prices.borrowing * 10_000)},
            "deadline_penalty": 0,
            "overdraft_bps_per_tick": 0,
            "collateral_cost_per_tick_bps": 0,
            "overdue_delay_multiplier": 1,
            "split_friction_cost": 0,
        },
        "priority_escalation": {"curve": "step", "start_ticks": 1, "max_boost": 10},
        "lsm": {"algorithms": []},
        "switches": {"deferred_crediting": True},
    }


def known_demand(
    demands: Sequence[Demand],
    prices: Prices,
    unit: Fraction = TWENTIETH,
    *,
    whole: Sequence[tuple[str, int]] = (),
    pool: bool = True,
) -> ScenarioConfig:
    """A game in which all payments are known.

    Args:
        demands: of A and of B.
        prices: of the game.
        unit: size of a small payment, in units of the pool; every demand is a multiple of it.
        whole: banks and periods (from 0) whose demand is one payment that cannot be divided.
        pool: banks choose their liquidity; otherwise they have the whole pool for nothing.
    """
    periods = len(demands[0])
    events = []
    for tick in range(periods):
        for bank, other, demand in zip(BANKS, reversed(BANKS), demands, strict=True):
            if demand[tick] == 0:
                continue
            size = demand[tick] if (bank, tick) in whole else unit
            cents, count = int(size * POOL_CENTS), int(demand[tick] / size)
            payment = {"type": "payment", "tick": tick, "from_bank": bank, "to_bank": other, "amount": cents}
            events += [{**payment, "deadline_in": periods - tick}] * count
    money: dict[str, Any] = {"liquidity_pool": POOL_CENTS} if pool else {"opening_balance": POOL_CENTS}
    banks = [{"id": bank, **money, "policy": {"type": "external"}} for bank in BANKS]
    return load_scenario(
        {**rules_of(prices, periods), "name": f"castro-{periods}-periods", "banks": banks, "events": events}
    )


def random_demand(prices: Prices, rates: tuple[float, float] = (2.0, 2.0), *, pool: bool = True) -> ScenarioConfig:
    """A game of twelve periods with the random payments of ``castro-12period-v0``.

    Args:
        prices: of the game.
        rates: mean payments per period of A and of B; a payment is 1/60 of the pool on average.
        pool: banks choose their liquidity; otherwise they have more than enough for nothing.
    """
    source = load("castro-12period-v0")
    periods = source.simulation.ticks_per_day
    banks = []
    for bank, own, rate in zip(BANKS, source.banks, rates, strict=True):
        arrivals = own.model_dump(mode="json", exclude_none=True)["arrivals"]
        arrivals |= {"rate_per_tick": rate, "deadline_range": [periods, periods]}
        arrivals["counterparty_weights"] = {other: 1.0 for other in BANKS if other != bank}
        money = {"liquidity_pool": POOL_CENTS} if pool else {"opening_balance": 10 * POOL_CENTS}
        banks.append({"id": bank, **money, "policy": {"type": "external"}, "arrivals": arrivals})
    return load_scenario({**rules_of(prices, periods), "name": "castro-12-periods", "banks": banks})


def closed_form(
    demands: Sequence[Demand], prices: Prices, liquidity: Sequence[Fraction], sent: Sequence[Sequence[Fraction]] = ()
) -> list[Fraction]:
    """Costs of the banks in the paper, in units of the pool; payments are divisible.

    In every period but the last a bank sends ``x`` of what it owes, at most its liquidity; what is left is delayed.
    Money received can be used in the next period. In the last period a bank sends what it can and borrows the rest.

    Args:
        demands: by bank and period.
        prices: of the game.
        liquidity: of each bank.
        sent: by bank the shares ``x`` for each period but the last; by default as much as possible.
    """
    owed, money = [Fraction(0)] * len(demands), list(liquidity)
    costs = [prices.liquidity * own for own in liquidity]
    for period in range(len(demands[0])):
        owed = [old + demand[period] for old, demand in zip(owed, demands, strict=True)]
        is_last = period == len(demands[0]) - 1
        shares = [Fraction(1) if is_last or not sent else own[period] for own in sent or demands]
        paid = [min(share * debt, own) for share, debt, own in zip(shares, owed, money, strict=True)]
        owed = [debt - out for debt, out in zip(owed, paid, strict=True)]
        money = [own - out + back for own, out, back in zip(money, paid, reversed(paid), strict=True)]
        price = prices.borrowing if is_last else prices.delay
        costs = [cost + price * debt for cost, debt in zip(costs, owed, strict=True)]
    return costs
