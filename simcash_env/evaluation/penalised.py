"""The clairvoyant bound with penalties for the use of future arrivals (Brown, Smith and Sun 2010).

The planner of the clairvoyant bound knows all arrivals. It is charged for what that knowledge is worth. The penalty is

    z(x, w) = sum over b, t, l, d of  weight(d, l) * B_b(t) * (D_b,d(t + l) - E D_b,d(t + l))

with B_b(t) the balance of bank b after tick t under the plan x, and D_b,d(s) the cents that arrive in tick s for b to
send (d = out) or to receive (d = in), at lags l. It is the part of a value function that is bilinear in balances and
arrivals, less its conditional expectation: a bank that is about to need much is charged for a high balance.

*Mean zero.* A policy that does not know the future determines B_b(t) from arrivals up to tick t. Where the arrivals of
later ticks do not depend on those up to t, E[D(t + l) - E D(t + l) | arrivals up to t] = 0, so E z = 0 for each term
and any weights. E D is estimated on other days; the estimate is unbiased and independent of the day of the plan, so the
mean stays zero. The mean cost of any such policy is then the mean of its cost plus z, and the planner's minimum of cost
plus z is at most that on every day. So the mean of the minimum is a lower bound for every choice of weights.

The penalty is linear in the plan's variables. The bound is concave in the weights; they are fitted on training days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from simcash_env.compile.scales import expected_flow, highest_rate
from simcash_env.compile.scenario import CompiledScenario, compile_scenario
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.arrivals import Arrived, arrived_days, arrived_payments, flows
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.clairvoyant import TOLERANCE
from simcash_env.evaluation.clairvoyant_bank import BankPlan
from simcash_env.evaluation.clairvoyant_plan import Plan
from simcash_env.evaluation.seeds import training_seeds
from simcash_env.evaluation.statistics import F64

LAGS: Final = 6
"""Ticks ahead whose arrivals are charged for, at most."""
MEAN_DAYS: Final = 200
FITTING_DAYS: Final = 40
STEPS: Final = 15
FIRST_STEP: Final = 0.03
MOMENTUM: Final = 0.5
SLOWING: Final = 8.0
"""Days and steps of the ascent to the best weights, and its step sizes."""


@dataclass(frozen=True, eq=False)
class Penalty:
    """Weights of the penalty, and the means that it is centred on.

    Attributes:
        weights: (2 * lags,) of the arrivals to send and to receive, by lag; in cents per tick for a cent of balance
            and a bank's mean outflow of a day.
        means: (2, banks, ticks) mean cents that arrive to be sent and to be received.
        scale_cents: mean outflow of a bank and day.
    """

    weights: F64
    means: F64
    scale_cents: float


def require_independent_ticks(config: ScenarioConfig) -> None:
    """Check that arrivals of a tick do not depend on those of earlier ticks.

    Raises:
        ConfigError: they do, so that the penalty's mean would not be zero.
    """
    faults = []
    if config.arrivals is not None:
        faults.append(
            Fault(None, None, "arrivals", "recorded", "the penalised bound needs arrivals drawn tick by tick")
        )
    if config.simulation.day_factor_log_std > 0.0:
        rule = "the penalised bound needs arrivals that do not depend on those of earlier ticks"
        value = str(config.simulation.day_factor_log_std)
        faults.append(Fault(None, None, "simulation.day_factor_log_std", value, rule))
    if faults:
        raise ConfigError(faults)


class PenalisedDay:
    """The programme of one day, with the terms of the penalty.

    Args:
        config: the scenario.
        compiled: the same, compiled.
        arrived: payments of the day.
        may: allowed decisions.
        penalty: means and scale; its weights are not used.
    """

    def __init__(
        self,
        config: ScenarioConfig,
        compiled: CompiledScenario,
        arrived: Arrived,
        may: AllowedDecisions,
        penalty: Penalty,
    ) -> None:
        self._plan = Plan(config, arrived, may, relaxed=True, compiled=compiled)
        banks = [BankPlan(self._plan, bank) for bank in range(len(compiled.bank_ids))]
        for bank in banks:
            bank.write()
        surprise = (flows(arrived, int(compiled.view.num_ticks[0])) - penalty.means) / penalty.scale_cents
        self._terms = np.zeros((len(penalty.weights), len(self._plan.programme.cost)))
        lags = len(penalty.weights) // 2
        for place in range(len(penalty.weights)):
            direction, lag = place // lags, place % lags + 1
            for number, bank in enumerate(banks):
                for tick, variable in bank.end_balance.items():
                    if tick + lag < surprise.shape[2]:
                        self._terms[place, variable] += surprise[direction, number, tick + lag]

    def solve(self, weights: F64) -> tuple[float, F64]:
        """The least cost plus penalty in cents, and its slope in each weight."""
        programme = self._plan.programme
        plain = programme.cost
        programme.cost = (np.array(plain) + weights @ self._terms).tolist()
        found = programme.solve(relaxed=True)
        programme.cost = plain
        below = found.bound - TOLERANCE * max(abs(found.bound), 1.0)
        slopes: F64 = self._terms @ np.array(found.values)
        return below + self._plan.constant_cents, slopes


def fitted_penalty(config: ScenarioConfig, may: AllowedDecisions) -> Penalty:
    """Weights found by supergradient ascent on training days; zero weights where none does better.

    Raises:
        ConfigError: the penalty's mean would not be zero, or the clairvoyant bound does not cover the scenario.
    """
    require_independent_ticks(config)
    compiled = compile_scenario(config)
    num_ticks = int(compiled.view.num_ticks[0])
    days = [flows(arrived, num_ticks) for arrived in arrived_days(config, training_seeds(MEAN_DAYS))]
    scale = float(np.mean([max(expected_flow(config, bank)[1], 1.0) for bank in config.banks]))
    lags = min(LAGS, max(num_ticks - 1, 1))
    weights = np.zeros(2 * lags)
    penalty = Penalty(weights, np.mean(days, axis=0), scale)
    fitting = [
        PenalisedDay(config, compiled, arrived_payments(config, seed), may, penalty)
        for seed in training_seeds(FITTING_DAYS, skip=MEAN_DAYS)
    ]
    best, best_cents = weights, -np.inf
    direction = np.zeros_like(weights)
    unit = _price(compiled)
    for step in range(STEPS):
        solved = [day.solve(weights) for day in fitting]
        cents = float(np.mean([value for value, _ in solved]))
        if cents > best_cents:
            best, best_cents = weights, cents
        direction = MOMENTUM * direction + (1.0 - MOMENTUM) * np.mean([slope for _, slope in solved], axis=0)
        largest = float(np.abs(direction).max())
        if largest == 0.0:
            break
        weights = weights + FIRST_STEP * unit / (1.0 + step / SLOWING) * direction / largest
    return Penalty(best, penalty.means, scale)


def _price(compiled: CompiledScenario) -> float:
    """The scale of the weights: ten times the highest price of a cent for a tick."""
    return 10.0 * highest_rate(compiled.view)


def penalised_costs(
    config: ScenarioConfig, seeds: Sequence[int], may: AllowedDecisions, penalty: Penalty
) -> tuple[F64, F64]:
    """(seeds,) least cost in cents of each day with the penalty, and without; both let payments settle in fractions."""
    compiled = compile_scenario(config)
    with_penalty, plain = [], []
    for seed in seeds:
        day = PenalisedDay(config, compiled, arrived_payments(config, seed), may, penalty)
        with_penalty.append(day.solve(penalty.weights)[0])
        plain.append(day.solve(np.zeros_like(penalty.weights))[0])
    return np.array(with_penalty), np.array(plain)
