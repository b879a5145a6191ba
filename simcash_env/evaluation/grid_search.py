"""The best scripted policy by search: pool shares on a fine grid, bank by bank, times the policy's own parameters.

``families.py`` has the parameters that are tried. Only training seeds may be given to a search; what it finds is then
scored on test seeds like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import PolicyConfig, TreePolicy
from simcash_env.evaluation.evaluate import deciding_banks, played_seeds, with_common_policy
from simcash_env.evaluation.policy_families import Family, Grid, Point, family_grid, untuned_forms
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.schema.arrays import I64

F64 = npt.NDArray[np.float64]
COARSE_SHARES: Final = tuple(level / 20 for level in range(21))
FINE_STEPS: Final = (0.01, 0.005)
HALF: Final = 0.5

HEATS: Final = ((100, 16), (400, 3))
"""Days on which candidates are tried, and how many of the best go on; what is left is searched on all days."""
MOST_ROUNDS: Final = 10
MOST_OWN_SHARES: Final = 10
"""Banks up to which each gets a share of its own: the search plays 17 shares of each bank in every round."""


@dataclass(frozen=True)
class Tuned:
    """What a search found: a policy, the pool shares of the banks sorted by id, and its mean cost in training.

    Attributes:
        edges: parameters whose best value is the largest that was tried, though larger ones could be better.
    """

    policy: PolicyConfig
    shares: tuple[float, ...] | None
    training_cents: float
    edges: tuple[str, ...] = ()

    def describe(self) -> str:
        """The parameters in words."""
        parts = [f"{name} {value:,}" for name, value in parameter_values(self.policy).items()]
        if self.shares is not None:
            is_common = len(self.shares) > MOST_OWN_SHARES and len(set(self.shares)) == 1
            shown = self.shares[:1] if is_common else self.shares
            parts.append("pool " + " / ".join(f"{100 * share:.3g} %" for share in shown))
        return ", ".join(parts)


def parameter_values(policy: PolicyConfig) -> dict[str, float]:
    """A policy's parameters by name."""
    if isinstance(policy, TreePolicy):
        return dict(policy.parameters)
    return {name: value for name, value in policy.model_dump().items() if name != "type"}


def has_pool(config: ScenarioConfig) -> bool:
    """True if a bank that is decided for has a liquidity pool."""
    deciding = deciding_banks(config)
    return any(bank.liquidity_pool for bank in config.banks if bank.id in deciding)


def mean_costs(config: ScenarioConfig, seeds: Sequence[int], choices: F64) -> F64:
    """(choices, banks) mean cents of every bank, for shares (choices, banks) on common seeds."""
    count = len(choices)
    costs: I64 = run_scripted(config, np.tile(np.array(seeds), count), np.repeat(choices, len(seeds), axis=0))
    means: F64 = costs.sum(axis=2).reshape(count, len(seeds), -1).mean(axis=1)
    return means


def configured_shares(config: ScenarioConfig) -> tuple[float, ...]:
    """Of each bank's pool what the scenario allocates, banks sorted by id."""
    return tuple(bank.liquidity_allocation_fraction for bank in sorted(config.banks, key=lambda bank: bank.id))


def untuned_shares(config: ScenarioConfig) -> list[tuple[float, ...]]:
    """Shares that nobody has tuned: what the scenario allocates, and half of every pool."""
    return [configured_shares(config), (HALF,) * len(config.banks)]


def search_shares(config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int]) -> Tuned:
    """The shares that cost the system least.

    One share for all banks on a grid, then on finer ones; from there, or from the shares that the scenario allocates
    where these cost less, bank by bank until no change helps. With more than ``MOST_OWN_SHARES`` banks the last part is
    left out.
    """
    played = with_common_policy(config, policy)
    if not has_pool(config):
        return Tuned(policy, None, _common_cost(config, policy, seeds))
    cents, share = best_common_share(played, seeds, FINE_STEPS)
    best = (share,) * len(config.banks)
    other_cents, other = cheapest(played, seeds, untuned_shares(config))
    if other_cents < cents:
        cents, best = other_cents, other
    with_pool = [bool(bank.liquidity_pool) for bank in sorted(config.banks, key=lambda bank: bank.id)]
    for _ in range(MOST_ROUNDS if len(best) <= MOST_OWN_SHARES else 0):
        before = cents
        for bank in np.flatnonzero(with_pool).tolist():
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

    On these seeds it costs no more than any of the ``untuned_forms`` with the ``untuned_shares``.

    Args:
        config: the scenario.
        family: whose parameters are searched.
        seeds: training seeds; a scenario that draws nothing is played on the first of them only.
    """
    seeds = played_seeds(config, seeds)
    grid = family_grid(config, family)
    points = grid.points()
    played = 0
    for num_seeds, survivors in HEATS:
        heat = seeds[:num_seeds]
        if len(heat) > played:  # otherwise all days were played in the heat before
            costs = [_common_cost(config, grid.build(point), heat) for point in points]
            points, played = [points[place] for place in np.argsort(costs, kind="stable")], len(heat)
        points = points[:survivors]
    grid, points = _refined(config, grid, points, seeds[: HEATS[-1][0]])
    tried = [grid.build(point) for point in points]
    best = min((search_shares(config, policy, seeds) for policy in tried), key=lambda tuned: tuned.training_cents)
    for policy in untuned_forms(config, family):
        if policy not in tried and _untuned_cost(config, policy, seeds) < best.training_cents:
            best = search_shares(config, policy, seeds)
    return Tuned(best.policy, best.shares, best.training_cents, grid.edges(best.policy))


def _refined(config: ScenarioConfig, grid: Grid, points: list[Point], seeds: Sequence[int]) -> tuple[Grid, list[Point]]:
    """The points with better ones from between the values of the grid, and the grid with all values tried."""
    best, cents = points[0], _common_cost(config, grid.build(points[0]), seeds)
    for _ in range(MOST_ROUNDS):
        near = grid.between(best)
        costs = [_common_cost(config, grid.build(point), seeds) for point in near]
        grid = grid.with_values(near)
        if not near or min(costs) >= cents:
            break
        best, cents = near[int(np.argmin(costs))], min(costs)
    return grid, points if best == points[0] else [best, *points]


def _common_cost(config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int]) -> float:
    """Mean cents of the system with the best share for all banks alike, or the untuned shares where they are better."""
    played = with_common_policy(config, policy)
    if has_pool(config):
        common = best_common_share(played, seeds, FINE_STEPS[:1])[0]
        return min(common, cheapest(played, seeds, untuned_shares(config))[0])
    return float(run_scripted(played, seeds).sum(axis=(1, 2)).mean())


def _untuned_cost(config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int]) -> float:
    """Mean cents of the system with the better of the untuned shares."""
    played = with_common_policy(config, policy)
    if has_pool(config):
        return cheapest(played, seeds, untuned_shares(config))[0]
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
    played = with_common_policy(config, policy)
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
