"""Lower bounds that know the future of the releases, but not when the pool's share is chosen.

A bank chooses the share of its liquidity pool at its first decision. The bounds let everything after it be clairvoyant:

- constant shares: least mean over days of (pool + least cost of releases) over all shares that do not depend on the day
- first observation: the same given the payments that arrive before the first decision, for every policy. Days are
  forked after these arrivals; the mean over forks is minimised over shares, then averaged
- own observation: the same if each bank knows its own first arrivals only, for policies whose banks decide alone. A
  bank's first arrivals are followed by days that are independent of them

All add up over banks: ``bank_days`` bounds each bank's cost by its own plan, with receipts as early as they arrive. The
first two also hold for banks that choose jointly, with all banks' first arrivals known to all. The minimum of sample
means is at most the minimum of the means in expectation, so all estimates are biased downwards only (Mak, Morton and
Wood 1999).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scenario import CompiledScenario, compile_scenario
from simcash_env.config import ScenarioConfig
from simcash_env.config.events import PaymentEvent
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.arrivals import Arrived, arrived_days, arrived_in, arrived_payments, flows, rest_of_run
from simcash_env.evaluation.bank_days import BankDay, charged_cents, pool_price_cents, rounding_cents
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.clairvoyant_bank import BankPlan
from simcash_env.evaluation.clairvoyant_plan import Plan
from simcash_env.evaluation.control import Control, Variate
from simcash_env.evaluation.evaluate import deciding_banks, with_common_policy
from simcash_env.evaluation.grid_search import has_pool
from simcash_env.evaluation.regret import GAP, SECONDS
from simcash_env.evaluation.scorecard import with_shares
from simcash_env.evaluation.seeds import fresh_seeds
from simcash_env.evaluation.share_search import NOTHING, LeastShare, OfShare, least_over_shares
from simcash_env.evaluation.statistics import F64
from simcash_env.evaluation.waiting import own_flows, sampling_errors
from simcash_env.simulation.engine import Engine
from simcash_env.simulation.event_log import Events

TOLERANCE: Final = 0.001
"""Largest relative distance of the proven minimum over shares from the cost at some share."""
MORE_DAYS: Final = 20
"""Days whose mean cost of waiting is known, for each day that follows a first observation."""


@dataclass(frozen=True, eq=False)
class StageBound:
    """A bound from a sample of days.

    Attributes:
        cents: the bound, mean over the sample.
        shares: of each bank's pool, banks sorted by id: at which the mean is about least; None without a choice.
        values: (days or first observations,) cost of each at its shares, for the standard error.
        controls: (same) the control variate there.
        is_whole: does each payment settle as a whole in the plans?
    """

    cents: float
    shares: tuple[float, ...] | None
    values: F64
    controls: F64
    is_whole: bool


def require_pool(config: ScenarioConfig) -> None:
    """Check that a two-stage bound makes sense.

    Raises:
        ConfigError: no bank that decides has a liquidity pool.
    """
    if not has_pool(config):
        rule = "no bank that decides has a liquidity_pool, so there is no share to choose before the day"
        raise ConfigError([Fault(None, None, "banks", config.name, rule)])


def constant_share_bound(
    config: ScenarioConfig,
    seeds: Sequence[int],
    may: AllowedDecisions,
    control: Variate,
    *,
    is_whole: bool = True,
    tolerance: float = TOLERANCE,
) -> StageBound:
    """The bound for policies whose pool shares do not depend on the day; each bank may have its own.

    Args:
        config: the scenario.
        seeds: one a day.
        may: decisions that the policies may take.
        control: control variate on the same days.
        is_whole: plan whole payments; otherwise payments may settle in fractions, which is lower and much faster.
        tolerance: of the search over shares.

    Raises:
        ConfigError: without a pool, or a scenario that the clairvoyant bound does not cover.
    """
    require_pool(config)
    days = list(arrived_days(config, seeds))
    num_days = config.simulation.num_days
    of_banks = [days] * len(config.banks)
    found = least_shares(
        config, compile_scenario(config), of_banks, may, num_days, is_whole=is_whole, tolerance=tolerance
    )
    values: F64 = np.sum([bank.day_cents for bank in found], axis=0)
    shares = tuple(bank.share for bank in found)
    return StageBound(sum(bank.cents for bank in found), shares, values, control.cents(config, seeds), is_whole)


def given_share_costs(config: ScenarioConfig, seeds: Sequence[int], may: AllowedDecisions, shares: float | F64) -> F64:
    """(seeds,) least cost in cents if every bank allocates a given share of its pool and all know all arrivals.

    All banks are planned together, with whole payments; only what the solver proves within a time limit counts.

    Args:
        config: the scenario.
        seeds: one a day.
        may: decisions that the banks may take.
        shares: one for all banks and days, or (seeds, banks sorted by id).

    Raises:
        ConfigError: without a pool, or a scenario that the clairvoyant bound does not cover.
    """
    require_pool(config)
    compiled = compile_scenario(config)
    days, banks = config.simulation.num_days, range(len(compiled.bank_ids))
    found = []
    for seed, chosen in zip(seeds, np.broadcast_to(shares, (len(seeds), len(banks))), strict=True):
        allocated = [
            int(int(cents) * share) for cents, share in zip(compiled.view.bank_pool_cents, chosen, strict=True)
        ]
        pools = sum(charged_cents(compiled, cents) for cents in allocated)
        plan = Plan(config, arrived_payments(config, seed), may, relaxed=False, compiled=compiled)
        fixed = {}
        for bank in banks:
            own = BankPlan(plan, bank, days)
            own.write()
            fixed.update(dict.fromkeys(own.granted, float(allocated[bank])))
        solved = plan.programme.solve(seconds=SECONDS, gap=GAP, fixed=fixed)
        if math.isinf(solved.bound):  # nothing was proven in time: the relaxation takes little
            solved = plan.programme.solve(relaxed=True, fixed=fixed)
        found.append(max(solved.bound + plan.constant_cents, 0.0) + pools)
    return np.array(found)


def relaxed_share_costs(
    config: ScenarioConfig, seeds: Sequence[int], may: AllowedDecisions, shares: npt.ArrayLike
) -> F64:
    """(choices, seeds) least cost in cents if banks allocate these shares and each knows all arrivals.

    Each bank is planned by itself, payments may settle in fractions: lower than ``given_share_costs`` and much faster.

    Args:
        config: the scenario.
        seeds: one a day.
        may: decisions that the banks may take.
        shares: (choices, seeds, banks sorted by id), of each bank's pool.

    Raises:
        ConfigError: without a pool, or a scenario that the clairvoyant bound does not cover.
    """
    require_pool(config)
    compiled, days = compile_scenario(config), config.simulation.num_days
    allocated = (np.asarray(shares, np.float64) * compiled.view.bank_pool_cents).astype(np.int64)
    costs = np.zeros(allocated.shape[:2])
    for place, arrived in enumerate(arrived_days(config, seeds)):
        for bank in range(allocated.shape[2]):
            day = BankDay(config, compiled, arrived, may, bank, granted_days=days)
            for choice, cents in enumerate(allocated[:, place, bank].tolist()):
                costs[choice, place] += max(day.relaxed_cost(cents)[0], 0.0) + charged_cents(compiled, cents)
    return costs


def first_observation_bound(
    config: ScenarioConfig,
    seeds: Sequence[int],
    num_forks: int,
    may: AllowedDecisions,
    control: Control,
    *,
    is_whole: bool = False,
    tolerance: float = TOLERANCE,
) -> StageBound:
    """The bound for every policy: shares may be any function of what has arrived before the first decision.

    Args:
        config: the scenario.
        seeds: one for each first observation.
        num_forks: days that follow each, on which releases are planned. What they have by chance is corrected for by
            the cost of waiting on ``MORE_DAYS`` times as many, so that few are enough.
        may: decisions that the policies may take.
        control: policy whose costs on all these days come with the bound.
        is_whole: as for constant shares.
        tolerance: of the search over shares.

    Raises:
        ConfigError: as for constant shares, or recorded arrivals, of which the first ones tell the day.
    """
    require_pool(config)
    require_random_days(config)
    compiled = compile_scenario(config)
    cents, shares, controls = [], [], []
    for seed in seeds:
        forks = forked_days(config, seed, (1 + MORE_DAYS) * num_forks, control)
        moved = np.array([flows(arrived, config.simulation.num_ticks) for arrived, _ in forks])
        errors = sampling_errors(config, compiled, moved, num_forks)
        of_banks = [[arrived for arrived, _ in forks[:num_forks]]] * len(config.banks)
        found = least_shares(config, compiled, of_banks, may, 1, is_whole=is_whole, tolerance=tolerance, added=errors)
        cents.append(sum(bank.cents for bank in found))
        shares.append([bank.share for bank in found])
        controls.append(float(np.mean([min(cost, control.cap_cents) for _, cost in forks])))
    means = np.mean(shares, axis=0)
    return StageBound(float(np.mean(cents)), tuple(means.tolist()), np.array(cents), np.array(controls), is_whole)


def own_observation_bound(
    config: ScenarioConfig,
    seeds: Sequence[int],
    num_forks: int,
    may: AllowedDecisions,
    control: Variate,
    *,
    tolerance: float = TOLERANCE,
) -> StageBound:
    """The bound for banks that decide alone: a bank's share may be any function of what it sees at its first decision.

    A bank sees its own arrivals and public information, never another bank's queue or balance. Payments may settle in
    fractions; ``raised_by_whole_payments`` says by how much the bound rises where they may not.

    Args:
        config: the scenario.
        seeds: one for each first observation.
        num_forks: days that follow each, as for the first observation.
        may: decisions that the policies may take.
        control: control variate on the days of the seeds.
        tolerance: of the search over shares.

    Raises:
        ConfigError: as for the first observation, or a factor of the day, of which a bank's first arrivals tell.
    """
    require_own_observation(config)
    cents, shares = [], []
    for seed in seeds:
        (found,) = _after_own(config, seed, num_forks, may, (False,), tolerance)
        cents.append(sum(bank.cents for bank in found))
        shares.append([bank.share for bank in found])
    means = np.mean(shares, axis=0)
    controls = control.cents(config, seeds)
    return StageBound(float(np.mean(cents)), tuple(means.tolist()), np.array(cents), controls, is_whole=False)


def raised_by_whole_payments(
    config: ScenarioConfig, seed: int, num_forks: int, may: AllowedDecisions, *, tolerance: float = TOLERANCE
) -> float:
    """By how many cents the own observation bound rises after one first observation if payments settle as a whole.

    The search with whole payments takes long. Its mean difference to the search with fractions, after a few first
    observations, added to the bound of fractions, which is taken after many, estimates the bound with whole payments.

    Args:
        config: the scenario.
        seed: of the first observation.
        num_forks: days that follow it, as many as in the bound of fractions.
        may: decisions that the policies may take.
        tolerance: of the search over shares.

    Raises:
        ConfigError: as for the own observation bound.
    """
    require_own_observation(config)
    whole, parts = _after_own(config, seed, num_forks, may, (True, False), tolerance)
    return sum(bank.cents for bank in whole) - sum(bank.cents for bank in parts)


def _after_own(
    config: ScenarioConfig,
    seed: int,
    num_forks: int,
    may: AllowedDecisions,
    are_whole: Sequence[bool],
    tolerance: float,
) -> list[list[LeastShare]]:
    """The least cost of each bank after its own first arrivals, with fractions or with whole payments."""
    compiled, days = compile_scenario(config), own_days(config, seed, num_forks)
    errors = sampling_errors(config, compiled, own_flows(config, seed, (1 + MORE_DAYS) * num_forks), num_forks)
    return [
        least_shares(config, compiled, days, may, 1, is_whole=is_whole, tolerance=tolerance, added=errors)
        for is_whole in are_whole
    ]


def require_own_observation(config: ScenarioConfig) -> None:
    """Check that what a bank sees first says nothing of the other banks.

    Raises:
        ConfigError: without a pool, with recorded arrivals or with a factor of the day.
    """
    require_pool(config)
    require_random_days(config)
    if config.simulation.day_factor_log_std:
        rule = "must be 0: a bank's first arrivals tell of the day's factor; take the first observation bound"
        raise ConfigError([Fault(None, None, "simulation.day_factor_log_std", config.name, rule)])


def require_random_days(config: ScenarioConfig) -> None:
    """Check that a day can go on in many ways after its first arrivals.

    Raises:
        ConfigError: days are recorded.
    """
    if config.arrivals is not None:
        rule = "recorded days cannot be continued at random after their first payments; take the constant share bound"
        raise ConfigError([Fault(None, None, "arrivals", "recorded", rule)])


def first_arrivals_are_certain(config: ScenarioConfig) -> bool:
    """Does every bank that chooses a share see the same at its first decision, whatever the day?

    Then no share can depend on the day, and the bound for constant shares holds for every policy.
    """
    if config.arrivals is not None or config.simulation.num_days > 1:
        return False
    deciding = deciding_banks(config)
    choosing = [bank for bank in config.banks if bank.id in deciding and bank.liquidity_pool]
    patterns = [bank.arrivals.rate_per_tick_of_day for bank in choosing if bank.arrivals is not None]
    is_silent = all(pattern is not None and pattern[0] == 0.0 for pattern in patterns)
    names = {bank.id for bank in choosing}
    drawn = [event for event in config.events if isinstance(event, PaymentEvent) and event.probability is not None]
    are_later = all(event.from_bank not in names or event.tick > 0 for event in drawn)
    return is_silent and are_later and all(bank.arrival_bands is None for bank in choosing)


def own_days(config: ScenarioConfig, seed: int, count: int) -> list[list[Arrived]]:
    """For each bank, days that begin with its own first arrivals of one day; all else is of days independent of it.

    Args:
        config: the scenario.
        seed: of the day whose first arrivals are kept.
        count: number of days.
    """
    first = arrived_payments(config, seed)
    others = list(arrived_days(config, fresh_seeds(seed, count)))
    return [[begun_alike(first, other, bank) for other in others] for bank in range(len(first.bank_ids))]


def begun_alike(first: Arrived, day: Arrived, bank: int) -> Arrived:
    """A day with what a bank sends in the first tick taken from another one."""
    kept = (first.sender == bank) & (first.arrival_tick == 0)
    rest = (day.sender != bank) | (day.arrival_tick != 0)
    columns = {
        name: np.concatenate([column[kept], getattr(day, name)[rest]])
        for name, column in vars(first).items()
        if name != "bank_ids"
    }
    return Arrived(day.bank_ids, **columns)


def least_shares(
    config: ScenarioConfig,
    compiled: CompiledScenario,
    days: Sequence[Sequence[Arrived]],
    may: AllowedDecisions,
    granted_days: int,
    *,
    is_whole: bool,
    tolerance: float,
    added: Sequence[OfShare] | None = None,
) -> list[LeastShare]:
    """Of each bank the least mean cost over its shares, on its days, plus what is added to it."""
    more = [NOTHING] * len(days) if added is None else added
    return [
        least_share(config, compiled, own, may, bank, granted_days, is_whole=is_whole, tolerance=tolerance, added=extra)
        for bank, (own, extra) in enumerate(zip(days, more, strict=True))
    ]


def least_share(
    config: ScenarioConfig,
    compiled: CompiledScenario,
    days: Sequence[Arrived],
    may: AllowedDecisions,
    bank: int,
    granted_days: int,
    *,
    is_whole: bool,
    tolerance: float,
    added: OfShare = NOTHING,
) -> LeastShare:
    """The least mean cost of a bank over its shares; a bank without a pool has the share 0, and nothing is added."""
    own = [BankDay(config, compiled, day, may, bank, granted_days=granted_days) for day in days]
    pool = int(compiled.view.bank_pool_cents[bank])
    if not pool:
        costs = np.array([day.cost(0) if is_whole else day.relaxed_cost(0)[0] for day in own])
        return LeastShare(float(costs.mean()), 0.0, costs)
    price = pool_price_cents(compiled, bank, granted_days)
    found = least_over_shares(own, pool, price, is_whole=is_whole, tolerance=tolerance, added=added)
    return replace(found, cents=found.cents - rounding_cents(compiled, granted_days))


def forked_days(config: ScenarioConfig, seed: int, count: int, control: Control) -> list[tuple[Arrived, float]]:
    """Days that begin with the same arrivals and go on with fresh random streams: what arrives, and the control's cost.

    Args:
        config: the scenario.
        seed: of the first arrivals.
        count: number of days.
        control: the policy that is played.
    """
    compiled = compile_scenario(with_common_policy(with_shares(config, control.shares), control.policy))
    engine = Engine(compiled, seed, events=True)
    opening = engine.open_tick()
    row, sizes = engine.row.copy(), engine.sizes.copy()
    found = []
    for stream in fresh_seeds(seed, count):
        engine.replace_row(row, sizes)
        engine.state.rng[0] = stream
        log = [opening, engine.close_tick(), *rest_of_run(engine)]
        events = Events.joined(log, compiled.bank_ids)
        found.append((arrived_in(config, events, compiled.bank_ids), float(engine.state.run_cost_cents.sum())))
    return found
