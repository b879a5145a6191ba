"""The scales of observations and rewards: what a scenario's money is typically like, never what an episode's was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simcash_env.config.arrivals import STANDARD_AMOUNTS
from simcash_env.config.recorded import recorded_days
from simcash_env.schema.codes import PPM

if TYPE_CHECKING:
    from simcash_env.config import BankConfig, ScenarioConfig
    from simcash_env.schema.arrays import Scenario

BPS = 10_000


def mean_amount(amount: Any) -> float:
    """Expected amount of a distribution, in cents."""
    if amount.type == "uniform":
        return float(amount.min + amount.max) / 2
    if amount.type in STANDARD_AMOUNTS:
        expected: float = amount.expected_power(1)
        return expected
    mean: float = 1 / amount.rate if amount.type == "exponential" else amount.mean
    return mean


def arrival_streams(bank: BankConfig) -> list[Any]:
    """A bank's streams of random payments: ``arrivals``, and those of its bands."""
    streams: list[Any] = [] if bank.arrivals is None else [bank.arrivals]
    if bank.arrival_bands is not None:
        bands = (bank.arrival_bands.urgent, bank.arrival_bands.normal, bank.arrival_bands.low)
        streams += [band for band in bands if band is not None]
    return streams


def expected_flow(config: ScenarioConfig, bank: BankConfig) -> tuple[float, float]:
    """Payments a day and cents a day that a bank is expected to send: random and recorded arrivals, payment events.

    Recorded arrivals count as on a mean training day, whichever days are played, so that a policy sees the same scales
    on training and on test days.
    """
    ticks_per_day, num_days = config.simulation.ticks_per_day, config.simulation.num_days
    count = cents = 0.0
    for stream in arrival_streams(bank):
        pattern = getattr(stream, "rate_per_tick_of_day", None)
        daily = stream.rate_per_tick * (ticks_per_day if pattern is None else sum(pattern))
        count += daily
        cents += daily * mean_amount(stream.amount)
    data = recorded_days(config)
    if data is not None and config.arrivals is not None:
        recorded_count, recorded_cents = data.mean_outflow(bank.id, config.arrivals.recorded.typical(data))
        count += recorded_count
        cents += recorded_cents
    for event in config.events:
        if event.type == "payment" and event.from_bank == bank.id:
            last = ticks_per_day * num_days - 1
            times: float = 1 if event.every is None else (last - event.tick) // event.every + 1
            times *= 1.0 if event.probability is None else event.probability
            count += times / num_days
            cents += times * event.amount / num_days
    return count, cents


def highest_rate(view: Scenario) -> float:
    """Return the highest price of a cent for a tick: delay, liquidity pool or overdraft."""
    delay, pool = int(view.delay_rate_ppm[0]) / PPM, int(view.liquidity_rate_ppm[0]) / PPM / BPS
    return max(delay, pool, int(view.overdraft_rate_ppm[0]) / PPM / BPS)


def write_scales(view: Scenario, config: ScenarioConfig, banks: Sequence[BankConfig]) -> None:
    """Fill the scale columns; a bank that sends nothing gets its opening means, at least one cent."""
    price = highest_rate(view)
    for row, bank in enumerate(banks):
        count, cents = expected_flow(config, bank)
        means = bank.opening_balance + bank.credit_limit + (bank.liquidity_pool or 0)
        flow = cents if cents > 0 else means
        payment = cents / count if count > 0 else means
        view.bank_flow_scale_cents[row] = max(round(flow), 1)
        view.bank_payment_scale_cents[row] = max(round(payment), 1)
        view.bank_cost_scale_cents[row] = max(round(payment * price), 1)


def reward_scale_cents(view: Scenario) -> float:
    """Return the cents for which the reward is -1: a mean bank's expected day, delayed one tick at the highest rate."""
    return max(float(view.bank_flow_scale_cents.mean()) * highest_rate(view), 1.0)
