"""Upper bounds on the money and cost of a run; a scenario whose totals could exceed int64 is rejected.

The bounds assume that every payment waits until the end of the run and that all banks are overdrawn to their limits.
The total of random payments is unbounded; its bound is exceeded with probability below exp(-60) (Bernstein's inequality
for a compound Poisson sum).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

from simcash_env.config.arrivals import LARGEST_EXPONENTIAL, LARGEST_NORMAL, STANDARD_AMOUNTS
from simcash_env.config.banks import BankConfig
from simcash_env.config.costs import RATES, BpsPenalty, CostConfig
from simcash_env.config.events import EventConfig
from simcash_env.config.exact import PPM
from simcash_env.config.faults import Broken, Place
from simcash_env.config.market import MarketConfig
from simcash_env.config.recorded import PLACE, ReplayedScenario, recorded_days
from simcash_env.schema.limits import MAX_PARTS

MAX_RUN_CENTS: Final = 3 * 10**18
"""Limit of total payments, account balances and costs of a run, about a third of the int64 range."""

CERTAINTY: Final = 60.0
"""Negative logarithm of the probability that random payments exceed their bound."""

BPS: Final = 10_000


class BoundedConfig(ReplayedScenario, Protocol):
    """The parts of a scenario on which the bounds depend."""

    @property
    def costs(self) -> CostConfig:
        """Prices."""

    @property
    def events(self) -> tuple[EventConfig, ...]:
        """Scheduled events."""

    @property
    def market(self) -> MarketConfig | None:
        """Market for intraday loans, or None."""


@dataclass(frozen=True)
class Flow:
    """Upper bounds on the payments of one kind over the run.

    Attributes:
        place: the key that sets their amounts.
        value: what that key holds.
        cents: their total.
        count: how many there are.
        cent_ticks: each amount times the ticks for which it can wait, added up.
        cent_days: the same for the day ends that it can see.
        count_days: day ends that the payments can see, added up.
    """

    place: Place
    value: Any
    cents: float
    count: float
    cent_ticks: float
    cent_days: float
    count_days: float


NOTHING: Final = Flow((), None, 0, 0, 0, 0, 0)


@dataclass(frozen=True)
class MoneyTotals:
    """Sums over all payments, as in ``Flow``."""

    cents: float
    count: float
    cent_ticks: float
    cent_days: float
    count_days: float


def money_faults(config: BoundedConfig) -> Iterator[Broken]:
    """Yield the first of payments, accounts and costs whose total could exceed ``MAX_RUN_CENTS``."""
    bounds = RunBounds(config)
    broken = bounds.fault()
    if broken is not None:
        yield broken


class RunBounds:
    """Bounds on a scenario's totals, with or without payments submitted from outside."""

    def __init__(self, config: BoundedConfig) -> None:
        self.config = config
        self.num_ticks = config.simulation.num_ticks
        self.num_days = config.simulation.num_days
        self.flows = [*self._event_flows(), *self._recorded_flows(), *self._random_flows()]
        self.largest_flow = max(self.flows, key=lambda flow: flow.cents, default=NOTHING)
        self.totals = MoneyTotals(
            sum(flow.cents for flow in self.flows),
            sum(flow.count for flow in self.flows),
            sum(flow.cent_ticks for flow in self.flows),
            sum(flow.cent_days for flow in self.flows),
            sum(flow.count_days for flow in self.flows),
        )
        self.accounts, self.largest_account = self._accounts()
        self.parts = max((_parts(bank) for bank in config.banks), default=1)

    def fault(self, cents: int = 0, count: int = 0) -> Broken | None:
        """The total that exceeds its limit, or None.

        Args:
            cents: total of the payments submitted from outside.
            count: number of these payments.
        """
        days, ticks, base = self.num_days, self.num_ticks, self.totals
        totals = MoneyTotals(
            base.cents + cents,
            base.count + count,
            base.cent_ticks + cents * ticks,
            base.cent_days + cents * days,
            base.count_days + count * days,
        )
        if totals.cents > MAX_RUN_CENTS:
            largest = self.largest_flow
            limit = f"{MAX_RUN_CENTS:.0e} cents"
            rule = f"all payments of the run together could exceed {limit}; lower amounts, rates or ticks"
            return Broken(largest.place, rule, largest.value)
        if self.accounts > MAX_RUN_CENTS:
            place, value = self.largest_account
            rule = (
                f"balances, credit, collateral, pools and direct transfers of the run together could exceed "
                f"{MAX_RUN_CENTS:.0e} cents"
            )
            return Broken(place, rule, value)
        charges = self._charges(totals)
        if sum(charges.values()) > MAX_RUN_CENTS:
            key = max(charges, key=lambda name: charges[name])
            value = getattr(self.config.costs, key, None)
            rule = (
                f"the costs of the run could exceed {MAX_RUN_CENTS:.0e} cents, with payments of up to "
                f"{totals.cents:.1e} cents over {self.num_ticks} ticks; lower prices, amounts or ticks"
            )
            return Broken(("market",) if key == "market" else ("costs", key), rule, value)
        return None

    # -- payments -----------------------------------------------------------------------------------------------------

    def _event_flows(self) -> Iterator[Flow]:
        per_day = self.config.simulation.ticks_per_day
        for number, event in enumerate(self.config.events):
            if event.type not in {"payment", "scheduled_settlement"}:
                continue
            every = event.every or self.num_ticks
            times = (self.num_ticks - 1 - event.tick) // every + 1
            ticks = times * (self.num_ticks - event.tick) - every * (times * (times - 1) // 2)
            days = min(ticks // per_day + times, times * self.num_days)
            cents = event.amount
            place: Place = ("events", number, "amount")
            yield Flow(place, cents, cents * times, times, cents * ticks, cents * days, days)

    def _recorded_flows(self) -> Iterator[Flow]:
        """The largest day that can be played, on every day of the run."""
        data, simulation = recorded_days(self.config), self.config.simulation
        if data is None or self.config.arrivals is None:
            return
        recorded = self.config.arrivals.recorded
        block = recorded.block_ticks or simulation.ticks_per_day
        count, cents = data.largest_day(recorded.selected(data), block)
        days = self.num_days * (self.num_days + 1) / 2  # day ends that the payments of a day can see, added up
        yield Flow(
            (*PLACE, "file"),
            recorded.file,
            cents * self.num_days,
            count * self.num_days,
            cents * days * simulation.ticks_per_day,
            cents * days,
            count * days,
        )

    def _random_flows(self) -> Iterator[Flow]:
        per_day = self.config.simulation.ticks_per_day
        for number, bank in enumerate(self.config.banks):
            growth = self._growth(bank)
            for place, stream, pattern in _streams(bank):
                mean_day = stream.rate_per_tick * growth * (per_day if pattern is None else sum(pattern))
                expected = mean_day * self.num_days
                if expected == 0.0:
                    continue
                mean, square, largest = moments(stream.amount)
                spread = math.sqrt(2 * CERTAINTY * expected * square) + largest * CERTAINTY * 2 / 3
                more = math.sqrt(2 * CERTAINTY * expected) + CERTAINTY * 2 / 3
                days = (self.num_days + 1) / 2  # day ends that a payment of the mean day can see
                yield Flow(
                    ("banks", number, *place, "amount"),
                    stream.amount.model_dump(),
                    expected * mean + spread,
                    expected + more,
                    expected * mean * days * per_day + spread * self.num_ticks,
                    expected * mean * days + spread * self.num_days,
                    expected * days + more * self.num_days,
                )

    def _growth(self, bank: BankConfig) -> float:
        """The largest factor that events and days apply to a bank's rates; ``cross_rules`` keeps it finite."""
        largest = max([1.0, *(e.multiplier for e in self.config.events if e.type == "global_arrival_rate_change")])
        growth = largest * self.config.simulation.largest_day_factor
        for event in self.config.events:
            if event.type == "arrival_rate_change" and event.bank == bank.id:
                every = event.every or self.num_ticks
                times = (self.num_ticks - 1 - event.tick) // every + 1
                growth *= max(event.multiplier * largest, 1.0) ** times
        return growth

    # -- accounts -----------------------------------------------------------------------------------------------------

    def _accounts(self) -> tuple[int, tuple[Place, Any]]:
        """Largest absolute balance of any account, and the key that contributes most."""
        terms: dict[Place, tuple[int, Any]] = {}
        for number, bank in enumerate(self.config.banks):
            for key in ("opening_balance", "credit_limit", "posted_collateral", "liquidity_pool"):
                terms["banks", number, key] = abs(getattr(bank, key) or 0), getattr(bank, key)
            if _posts(bank):
                capacity = bank.collateral_capacity()
                key = "credit_limit" if bank.max_collateral_capacity is None else "max_collateral_capacity"
                before, value = terms.get(("banks", number, key), (0, capacity))
                terms["banks", number, key] = before + capacity, value
        for number, event in enumerate(self.config.events):
            if event.type in {"direct_transfer", "collateral_adjustment", "credit_limit_change"}:
                key = "amount" if event.type == "direct_transfer" else "delta"
                every = event.every or self.num_ticks
                times = (self.num_ticks - 1 - event.tick) // every + 1
                terms["events", number, key] = max(getattr(event, key), 0) * times, getattr(event, key)
        place = max(terms, key=lambda where: terms[where][0])
        return sum(cents for cents, _ in terms.values()), (place, terms[place][1])

    # -- costs --------------------------------------------------------------------------------------------------------

    def _charges(self, totals: MoneyTotals) -> dict[str, float]:
        """Largest cost of the run for each price, by key."""
        costs, per_day = self.config.costs, self.config.simulation.ticks_per_day
        cents, count = totals.cents, totals.count
        pieces = min(count * self.parts, max(cents, count))
        weight = max(costs.overdue_multiplier_thousandths(), 1_000) * max(costs.band_multipliers_thousandths()) / PPM
        days = totals.cent_days, totals.count_days * self.parts
        keys = [per_tick if getattr(costs, per_day_key) is None else per_day_key for per_tick, per_day_key in RATES]
        use = self.accounts * self.num_ticks / BPS / PPM
        found = {
            keys[0]: use * costs.overdraft_rate_ppm(per_day),
            keys[1]: totals.cent_ticks * weight * costs.delay_rate_ppm(per_day) / PPM,
            keys[2]: use * costs.collateral_rate_ppm(per_day),
            keys[3]: use * costs.liquidity_rate_ppm(per_day),
            "deadline_penalty": 2 * _penalty(costs.deadline_penalty, cents, pieces),
            "eod_penalty": _penalty(costs.eod_penalty, *days),
            "split_friction_cost": costs.split_friction_cost * (pieces - count),
        }
        if costs.drop_penalty is None:
            found["eod_penalty"] += _penalty(costs.eod_penalty, cents, pieces)
        else:
            found["drop_penalty"] = _penalty(costs.drop_penalty, cents, pieces)
        if self.config.market is not None:
            found["market"] = self._market(self.config.market)
        return found

    def _market(self, market: MarketConfig) -> float:
        """Interest, and end-of-day penalties of overdue loans."""
        ticks = self.num_ticks
        lines = sum(market.credit_lines.get(bank.id, bank.credit_limit) for bank in self.config.banks)
        late = market.lending_rate * ticks * 10_000 / market.interest_scale(self.config.simulation.ticks_per_day)
        contracted = late if market.discipline == "regulated" else float(ticks)
        rows = market.loan_rows(len(self.config.banks))
        owed = lines * (1 + late)
        return (
            lines * (contracted + late)
            + rows * ticks
            + self.num_days * _penalty(self.config.costs.eod_penalty, owed, rows)
        )


def _penalty(rule: int | BpsPenalty, cents: float, count: float) -> float:
    return rule.ppm() * cents / PPM / BPS if isinstance(rule, BpsPenalty) else float(rule) * count


def _streams(bank: BankConfig) -> Iterator[tuple[Place, Any, tuple[float, ...] | None]]:
    """Yield place, source and daily pattern of each source of random payments."""
    if bank.arrivals is not None:
        yield ("arrivals",), bank.arrivals, bank.arrivals.rate_per_tick_of_day
    for name in ("urgent", "normal", "low") if bank.arrival_bands is not None else ():
        band = getattr(bank.arrival_bands, name)
        if band is not None:
            yield ("arrival_bands", name), band, None


def _parts(bank: BankConfig) -> int:
    """Largest number of parts into which a bank splits a payment."""
    policy = bank.policy
    if policy.type == "liquidity_splitting":
        return policy.max_splits
    if policy.type == "mock_splitting":
        return policy.num_splits
    return MAX_PARTS if policy.type in {"external", "tree"} else 1


def _posts(bank: BankConfig) -> bool:
    """True if a bank can post collateral by itself."""
    return bank.policy.type in {"external", "tree"}


def moments(amount: Any) -> tuple[float, float, float]:
    """Mean, mean square and largest draw of an amount in cents, each rounded up; an amount is at least 1 cent."""
    if amount.type == "uniform":
        low, high = float(amount.min), float(amount.max)
        return (low + high) / 2 + 1, (low * low + low * high + high * high) / 3 + high + 1, high
    if amount.type == "exponential":
        mean = 1 / amount.rate
        return mean + 1, 2 * mean * mean + 2 * mean + 1, LARGEST_EXPONENTIAL * mean + 1
    if amount.type in STANDARD_AMOUNTS:
        mean, square = amount.expected_power(1), amount.expected_power(2)
        return mean + 1, square + 2 * mean + 1, amount.cap() + 1
    mean, deviation = abs(amount.mean), amount.std_dev
    if amount.type == "normal":
        largest = mean + LARGEST_NORMAL * deviation
        mean += deviation
    else:
        ratio = deviation / mean
        variance = math.log1p(ratio * ratio)
        largest = math.exp(math.log(mean) - variance / 2 + math.sqrt(variance) * LARGEST_NORMAL)
    square = amount.mean**2 + deviation**2
    return mean + 1, square + 2 * mean + 1, largest + 1
