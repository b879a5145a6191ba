"""Control variates: what is known of the same days, and whose mean is known from many more.

``Control`` is the cost of a scripted policy, ``FirstArrivals`` the value that arrives before the first decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import FifoPolicy, PolicyConfig
from simcash_env.evaluation.evaluate import evaluate_policy, is_random, played_seeds, with_common_policy
from simcash_env.evaluation.grid_search import FINE_STEPS, best_common_share, has_pool, search_shares
from simcash_env.evaluation.policy_families import ALL_FAMILIES, untuned_forms
from simcash_env.evaluation.rollout import VALUES, measure_scripted
from simcash_env.evaluation.seeds import held_out_seeds, training_seeds
from simcash_env.evaluation.statistics import F64

FEWEST_DAYS: Final = 50
MOST_TUNING_DAYS: Final = 1_000
TUNING_BANK_TICKS: Final = 100_000
MOST_CONTROL_DAYS: Final = 20_000
CONTROL_BANK_TICKS: Final = 5_000_000
"""Days for the choice of the control and for its mean: as many as have so many ticks of banks, at most that many."""
CAP_QUANTILE: Final = 0.99
"""Of the control's costs on training days: higher costs count as this much. A script's rare disasters say little about
the least cost of the day."""


class Variate(Protocol):
    """A number of cents for each day, with a known mean."""

    @property
    def mean_cents(self) -> float:
        """Over days that the bound does not use."""

    @property
    def error_cents(self) -> float:
        """Standard error of that mean."""

    def cents(self, config: ScenarioConfig, seeds: Sequence[int]) -> F64:
        """(seeds,) of each day."""


@dataclass(frozen=True)
class Control:
    """An untuned scripted policy with pool shares that were tuned on training days, and its mean cost.

    Attributes:
        policy: the form that was cheapest on training days.
        shares: of the banks' pools, banks sorted by id; None without a pool.
        mean_cents: over days that the bound does not use.
        error_cents: standard error of that mean.
        num_days: that it was taken on.
        cap_cents: higher costs of a day count as this much.
    """

    policy: PolicyConfig
    shares: tuple[float, ...] | None
    mean_cents: float
    error_cents: float
    num_days: int
    cap_cents: float

    def cents(self, config: ScenarioConfig, seeds: Sequence[int]) -> F64:
        """(seeds,) cost in cents of each day, at most the cap."""
        return np.minimum(evaluate_policy(config, self.policy, seeds, self.shares).totals(), self.cap_cents)


@dataclass(frozen=True)
class FirstArrivals:
    """The value that arrives before the first decision, all banks together, which pool shares can follow.

    Attributes:
        mean_cents: over days that the bound does not use.
        error_cents: standard error of that mean.
        num_days: that it was taken on.
    """

    mean_cents: float
    error_cents: float
    num_days: int

    def cents(self, config: ScenarioConfig, seeds: Sequence[int]) -> F64:
        """(seeds,) value in cents of each day."""
        runs = measure_scripted(with_common_policy(config, FifoPolicy()), seeds)
        return runs.values[:, 0, VALUES.index("arrived")].astype(np.float64)


Known = TypeVar("Known", Control, FirstArrivals)


def first_arrivals_of(config: ScenarioConfig, skip: int) -> FirstArrivals:
    """The first arrivals of a scenario, on as many days as a policy's costs.

    Args:
        config: the scenario.
        skip: test days to leave out, on which the bound is taken.
    """
    count = _affordable(config, CONTROL_BANK_TICKS, MOST_CONTROL_DAYS) if is_random(config) else 1
    return _with_mean(FirstArrivals(0.0, 0.0, count), config, skip)


def control_of(config: ScenarioConfig, skip: int, num_days: int | None = None) -> Control:
    """The control of a scenario.

    Args:
        config: the scenario.
        skip: test days to leave out, on which the bound is taken.
        num_days: for the mean (default: by the size of the scenario).
    """
    count = _affordable(config, CONTROL_BANK_TICKS, MOST_CONTROL_DAYS) if num_days is None else num_days
    count = count if is_random(config) else 1
    days = played_seeds(config, training_seeds(_affordable(config, TUNING_BANK_TICKS, MOST_TUNING_DAYS)))
    forms = [form for family in ALL_FAMILIES for form in untuned_forms(config, family)]
    policy = min(forms, key=lambda form: _cost(config, form, days))
    shares = search_shares(config, policy, days).shares if has_pool(config) else None
    cap = float(np.quantile(evaluate_policy(config, policy, days, shares).totals(), CAP_QUANTILE))
    return _with_mean(Control(policy, shares, 0.0, 0.0, count, cap), config, skip)


def _with_mean(unknown: Known, config: ScenarioConfig, skip: int) -> Known:
    """The variate with its mean over the test days that follow those to leave out."""
    cents = unknown.cents(config, held_out_seeds(unknown.num_days, skip))
    return replace(unknown, mean_cents=float(cents.mean()), error_cents=standard_error(cents))


def _affordable(config: ScenarioConfig, bank_ticks: int, most: int) -> int:
    """Days that have so many ticks of banks in all."""
    return max(min(bank_ticks // (config.simulation.num_ticks * len(config.banks)), most), FEWEST_DAYS)


def _cost(config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int]) -> float:
    """Mean cents on these days, with the best share for all banks alike."""
    if has_pool(config):
        return best_common_share(with_common_policy(config, policy), seeds, FINE_STEPS[:1])[0]
    return float(evaluate_policy(config, policy, seeds).totals().mean())


def standard_error(values: npt.ArrayLike) -> float:
    """Standard error of the mean of independent values; 0 for a single one."""
    sample = np.asarray(values, np.float64)
    return float(sample.std(ddof=1) / np.sqrt(len(sample))) if len(sample) > 1 else 0.0


@dataclass(frozen=True)
class Estimate:
    """A mean with a control variate.

    Attributes:
        cents: the mean.
        standard_error: of it, the error of the control's mean included.
        factor: of the control, averaged over the halves.
    """

    cents: float
    standard_error: float
    factor: float


def controlled_mean(values: npt.ArrayLike, controls: npt.ArrayLike, control: Variate) -> Estimate:
    """Mean of values less a multiple of the control's deviation from its mean.

    The multiple is the regression coefficient of the other half of the sample, so that it is independent of the days
    that it corrects and the correction has mean zero.
    """
    sample, known = np.asarray(values, np.float64), np.asarray(controls, np.float64)
    factors = np.zeros(len(sample))
    for half in (0, 1):
        others, own = known[1 - half :: 2], sample[1 - half :: 2]
        spread = float(((others - others.mean()) ** 2).sum()) if len(others) > 2 else 0.0
        if spread > 0.0:
            factors[half::2] = float(((others - others.mean()) * (own - own.mean())).sum()) / spread
    corrected = sample - factors * (known - control.mean_cents)
    factor = float(factors.mean())
    error = float(np.hypot(standard_error(corrected), factor * control.error_cents))
    return Estimate(float(corrected.mean()), error, factor)
