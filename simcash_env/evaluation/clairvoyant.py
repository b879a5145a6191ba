"""The least that a run can cost a system whose banks know all arrivals and act as one: a bound below every policy.

Each payment settles in some tick, or at the close, or never; each bank pays with what it has, its credit and what it
receives. Rules that only make a run dearer are left out (limits, the order of queues, who may offset whom, the release
of what waits in Queue 2 as soon as it can be paid), so no run can cost less. ``docs/benchmark.md`` lists them all.
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
"""Solvers are right to about this much, relative to the objective."""


@dataclass(frozen=True)
class Bound:
    """No run that does only what is allowed costs the system less than ``cents``.

    Attributes:
        cents: the bound.
        best_cents: cost of the best plan found for the rules that the bound keeps; infinite where none was found.
        is_exact: are the two the same?
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
    """The bound of one run.

    Args:
        config: the scenario; whatever its policies, all its banks are free to do what is allowed.
        seed: of the run.
        allowed: beside releasing and holding; by default what learners may do.
        relaxed: let payments settle in fractions: a lower and much cheaper bound.
        seconds: of the solver; what it has proven by then is the bound.
        gap: relative, at which the solver may stop.

    Raises:
        ConfigError: the scenario has events that the bound does not cover, or is too large.
    """
    may = decisions_of_learners(config) if allowed is None else allowed
    plan = Plan(config, arrived_payments(config, seed), may, relaxed=relaxed)
    for bank in range(len(plan.arrived.bank_ids)):
        BankPlan(plan, bank).write()
    found = plan.programme.solve(relaxed=relaxed, seconds=seconds, gap=gap)
    best, proven = found.best + plan.constant_cents, found.bound
    if math.isinf(proven):  # time ran out before anything was proven: the relaxation takes little
        proven = plan.programme.solve(relaxed=True).bound
    below = proven + plan.constant_cents - TOLERANCE * max(abs(proven), 1.0)
    return Bound(max(below, 0.0), best, found.is_exact and not relaxed)
