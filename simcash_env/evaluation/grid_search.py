"""The best scripted policy by search: pool shares on a fine grid, bank by bank, times the policy's own parameters.

Only training seeds may be given to a search; what it finds is then scored on test seeds like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.compile.scales import expected_flow
from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, ScenarioConfig
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import (
    LiquidityReservePolicy,
    LiquiditySplittingPolicy,
    PolicyConfig,
    TreePolicy,
)
from simcash_env.evaluation.evaluate import deciding_banks, with_policy
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]
Family = str
"""A named policy, or a decision tree of the library."""

FAMILIES: Final[tuple[Family, ...]] = ("fifo", "deadline", "liquidity_aware")
"""What a short comparison tunes."""

ALL_FAMILIES: Final[tuple[Family, ...]] = (
    *FAMILIES, "liquidity_reserve", "liquidity_splitting", "balance_first", "priority_first", "small_first",
    "offset_seeker",
)  # fmt: skip
"""What the benchmark tunes."""

SPLITS: Final = (2, 4, 8)

COARSE_SHARES: Final = tuple(level / 20 for level in range(21))
FINE_STEPS: Final = (0.01, 0.005)
LARGEST_URGENCY: Final = 8
BUFFERS: Final = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0)
"""Buffers that are tried, in mean payments of the scenario's banks."""

BUFFERED: Final = {"liquidity_aware": LiquidityAwarePolicy, "liquidity_reserve": LiquidityReservePolicy}

HEATS: Final = ((100, 16), (400, 3))
"""Days on which candidates are tried, and how many of the best go on; what is left is searched on all days."""
MOST_ROUNDS: Final = 10


@dataclass(frozen=True)
class Tuned:
    """What a search found: a policy, the pool shares of the banks sorted by id, and its mean cost in training."""

    policy: PolicyConfig
    shares: tuple[float, ...] | None
    training_cents: float

    def describe(self) -> str:
        """The parameters in words."""
        told = self.policy.parameters if isinstance(self.policy, TreePolicy) else self.policy.model_dump()
        values = [f"{name} {value:,}" for name, value in told.items() if name != "type"]
        if self.shares is not None:
            values.append("pool " + " / ".join(f"{100 * share:.3g} %" for share in self.shares))
        return ", ".join(values)


def has_pool(config: ScenarioConfig) -> bool:
    """Has a bank that is decided for a liquidity pool?"""
    deciding = deciding_banks(config)
    return any(bank.liquidity_pool for bank in config.banks if bank.id in deciding)


def family_members(config: ScenarioConfig, family: Family) -> list[PolicyConfig]:
    """The policies of a family that are tried: every urgency to 8 ticks, buffers in mean payments.

    Raises:
        ConfigError: there is no such family.
    """
    urgencies = range(min(LARGEST_URGENCY, config.simulation.ticks_per_day * config.simulation.num_days) + 1)
    if family == "fifo":
        return [FifoPolicy()]
    if family == "deadline":
        return [DeadlinePolicy(urgency_threshold=ticks) for ticks in urgencies]
    if family in policy_names():
        file = str(policy_path(family))
        return [TreePolicy(file=file, parameters={"urgent_ticks": float(ticks)}) for ticks in urgencies]
    if family == "liquidity_splitting":
        return [LiquiditySplittingPolicy(max_splits=parts, min_split_amount=1) for parts in SPLITS]
    if family not in BUFFERED:
        policy_path(family)  # says what there is
    flows = [expected_flow(config, bank) for bank in config.banks]
    mean_payment = sum(cents for _, cents in flows) / max(sum(count for count, _ in flows), 1.0)
    buffers = sorted({round(times * mean_payment) for times in BUFFERS})
    return [
        BUFFERED[family](target_buffer=cents, urgency_threshold=ticks)
        for cents in buffers
        for ticks in (urgencies if cents or family == "liquidity_reserve" else range(1))
    ]  # without a buffer urgency makes no difference to liquidity_aware


def mean_costs(config: ScenarioConfig, seeds: Sequence[int], choices: F64) -> F64:
    """(choices, banks) mean cents of every bank, for shares (choices, banks) on common seeds."""
    count = len(choices)
    costs: I64 = run_scripted(config, list(seeds) * count, np.repeat(choices, len(seeds), axis=0))
    means: F64 = costs.sum(axis=2).reshape(count, len(seeds), -1).mean(axis=1)
    return means


def search_shares(config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int]) -> Tuned:
    """The shares that cost the system least: one for all on a grid, then finer, then bank by bank until none helps."""
    played = with_policy(config, policy)
    if not has_pool(config):
        return Tuned(policy, None, _common_cost(config, policy, seeds))
    num_banks = len(config.banks)
    cents, share = best_common_share(played, seeds, FINE_STEPS)
    best = (share,) * num_banks
    for _ in range(MOST_ROUNDS):
        before = cents
        for bank in range(num_banks):
            near = _around(best[bank], FINE_STEPS[0], reach=8)
            cents, best = cheapest(played, seeds, [(*best[:bank], share, *best[bank + 1 :]) for share in near])
        if cents >= before:
            break
    return Tuned(policy, best, cents)


def cheapest(
    played: ScenarioConfig, seeds: Sequence[int], choices: Sequence[tuple[float, ...]]
) -> tuple[float, tuple[float, ...]]:
    """Mean cents of the system and the shares that give it, of several choices; a tie goes to the first."""
    totals = mean_costs(played, seeds, np.array(choices)).sum(axis=1)
    return float(totals.min()), choices[int(totals.argmin())]


def best_common_share(played: ScenarioConfig, seeds: Sequence[int], steps: Sequence[float]) -> tuple[float, float]:
    """The best share for all banks alike, on the coarse grid and then on finer ones around it; with its mean cents."""
    num_banks = len(played.banks)
    cents, best = cheapest(played, seeds, [(share,) * num_banks for share in COARSE_SHARES])
    for step in steps:
        cents, best = cheapest(played, seeds, [(share,) * num_banks for share in _around(best[0], step)])
    return cents, best[0]


def _around(share: float, step: float, reach: int = 5) -> list[float]:
    """Shares within some steps of one, itself first, so that a tie changes nothing."""
    near = (round(share + offset * step, 6) for offset in sorted(range(-reach, reach + 1), key=abs))
    return [other for other in near if 0.0 <= other <= 1.0]


def tune(config: ScenarioConfig, family: Family, seeds: Sequence[int]) -> Tuned:
    """The best policy of a family: all are tried on a few days, the better ones on more, the best few on all.

    Args:
        config: the scenario.
        family: whose parameters are searched.
        seeds: training seeds.
    """
    members = family_members(config, family)
    for num_seeds, survivors in HEATS:
        costs = [_common_cost(config, policy, seeds[:num_seeds]) for policy in members]
        members = [members[place] for place in np.argsort(costs, kind="stable")[:survivors]]
    return min((search_shares(config, policy, seeds) for policy in members), key=lambda tuned: tuned.training_cents)


def _common_cost(config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int]) -> float:
    """Mean cents of the system with the best share for all banks alike."""
    played = with_policy(config, policy)
    if has_pool(config):
        return best_common_share(played, seeds, FINE_STEPS[:1])[0]
    return float(run_scripted(played, seeds).sum(axis=(1, 2)).mean())


def equilibrium_shares(
    config: ScenarioConfig,
    policy: PolicyConfig,
    seeds: Sequence[int],
    grid: Sequence[float] = COARSE_SHARES,
    start: float = 0.5,
) -> tuple[float, ...]:
    """Shares at which no bank saves by another share of the grid, by letting the banks reply to one another in turn.

    Raises:
        ValueError: the replies go round in circles.
    """
    played = with_policy(config, policy)
    shares = [start] * len(config.banks)
    for _ in range(len(config.banks) * len(grid)):
        before = list(shares)
        for bank in range(len(shares)):
            choices = np.array([[*shares[:bank], share, *shares[bank + 1 :]] for share in grid])
            shares[bank] = grid[int(mean_costs(played, seeds, choices)[:, bank].argmin())]
        if shares == before:
            return tuple(shares)
    message = f"{config.name}: best replies with {policy.type} do not settle"
    raise ValueError(message)
