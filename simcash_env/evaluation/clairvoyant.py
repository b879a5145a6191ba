"""Lower bound on the cost of a run: banks know all arrivals and act as one.

Each payment settles in some tick, or at the close, or never; each bank pays from its balance, its credit and incoming
payments. Rules that can only increase the cost are left out (limits, the order of queues, who may offset whom, the
release of payments in Queue 2 as soon as they are funded), so no run costs less. ``docs/benchmark.md`` lists them all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from simcash_env.config import ScenarioConfig
from simcash_env.evaluation.arrivals import arrived_payments
from simcash_env.evaluation.bound_validity import AllowedDecisions, decisions_of_learners
from simcash_env.evaluation.clairvoyant_bank import BankPlan
from simcash_env.evaluation.clairvoyant_plan import Plan

TOLERANCE: Final = 1e-6
"""Relative accuracy of the solver's objective."""


@dataclass(frozen=True)
class Bound:
    """No run that does only what is allowed costs the system less than ``cents``.

    Attributes:
        cents: the bound.
        best_cents: cost of the best plan found for the rules that the bound keeps; infinite where none was found.
        is_exact: True if the two are the same.
    """

    cents: float
    best_cents: float
    is_exact: bool


def clairvoyant_bound(
    config: ScenarioConfig,
    seed: int,
    allowed: AllowedDecisions | None = None,
    *,
    relaxed: bool = False,
    seconds: float | None = 60.0,
    gap: float = 0.0,
) -> Bound:
    """Return the bound of one run.

    Args:
        config: the scenario; its policies are ignored, and every bank may take all allowed decisions.
        seed: seed of the run.
        allowed: decisions in addition to releasing and holding (default: those that learners may take).
        relaxed: let payments settle in fractions, which gives a lower bound much faster.
        seconds: time limit of the solver; the bound is what it has proven by then.
        gap: relative gap at which the solver stops.

    Raises:
        ConfigError: the scenario has events that the bound does not cover, or is too large.
    """
    plan = _written(config, seed, allowed, relaxed=relaxed)
    found = plan.programme.solve(relaxed=relaxed, seconds=seconds, gap=gap)
    best, proven = found.best + plan.constant_cents, found.bound
    if math.isinf(proven):  # time ran out before anything was proven: the relaxation takes little
        proven = plan.programme.solve(relaxed=True).bound
    return Bound(_below(proven, plan), best, found.is_exact and not relaxed)


def relaxed_bound(
    config: ScenarioConfig, seed: int, allowed: AllowedDecisions | None = None, *, seconds: float | None = None
) -> float | None:
    """Return the relaxed bound of one run, solved by interior points, in cents; for days too large for simplex.

    Args:
        config: the scenario; its policies are ignored, and every bank may take all allowed decisions.
        seed: seed of the run.
        allowed: decisions in addition to releasing and holding (default: those that learners may take).
        seconds: time limit of the solver.

    Returns:
        The bound; None where the time limit was reached first.

    Raises:
        ConfigError: the scenario has events that the bound does not cover, or is too large.
    """
    plan = _written(config, seed, allowed, relaxed=True)
    proven = plan.programme.solve_by_interior_points(seconds)
    return None if proven is None else _below(proven, plan)


def _written(config: ScenarioConfig, seed: int, allowed: AllowedDecisions | None, *, relaxed: bool) -> Plan:
    """The programme of a run, with the rows of all banks."""
    may = decisions_of_learners(config) if allowed is None else allowed
    plan = Plan(config, arrived_payments(config, seed), may, relaxed=relaxed)
    for bank in range(len(plan.arrived.bank_ids)):
        BankPlan(plan, bank).write()
    return plan


def _below(proven: float, plan: Plan) -> float:
    """The bound in cents from the least cost of the programme, with a margin for the solver's tolerance."""
    return max(proven + plan.constant_cents - TOLERANCE * max(abs(proven), 1.0), 0.0)
