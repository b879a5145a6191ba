"""Lower bounds on the mean cost of any policy: kinds, estimates with standard errors, and gaps to them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_folder
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.arrivals import arrived_payments
from simcash_env.evaluation.bound_validity import AllowedDecisions, decisions_of_learners
from simcash_env.evaluation.clairvoyant_plan import Plan
from simcash_env.evaluation.control import (
    Control,
    Estimate,
    FirstArrivals,
    control_of,
    controlled_mean,
    first_arrivals_of,
    standard_error,
)
from simcash_env.evaluation.evaluate import played_seeds
from simcash_env.evaluation.grid_search import has_pool
from simcash_env.evaluation.penalised import fitted_penalty, penalised_costs
from simcash_env.evaluation.regret import Bounds
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.two_stage import (
    StageBound,
    constant_share_bound,
    first_observation_bound,
    given_share_costs,
    own_observation_bound,
    raised_by_whole_payments,
)

BoundKind = Literal["clairvoyant", "constant-share", "first-observation", "own-observation", "penalised", "given-share"]

KINDS: Final[dict[BoundKind, str]] = {
    "clairvoyant": "every policy; knows all arrivals",
    "constant-share": "policies whose pool shares do not depend on the day; knows all arrivals after that choice",
    "first-observation": "every policy; chooses pool shares from the first arrivals, then knows all others",
    "own-observation": "banks that decide alone; each knows its own first arrivals, then all others",
    "penalised": "every policy; knows all arrivals and is charged for using them",
    "given-share": "policies in which every bank allocates this pool share; knows all arrivals",
}
"""Which policies each kind holds for, and what it knows."""

NESTED: Final = frozenset({"first-observation", "own-observation"})
"""Kinds with several days for each first observation."""
OF_BANKS_ALONE: Final = frozenset({"own-observation"})
"""Kinds that hold where each bank decides from what it sees itself, not for banks that decide together."""

NUM_DAYS: Final = 100
NUM_FORKS: Final = 100
FEWEST_WHOLE: Final = 2
"""First observations with whole payments, for a standard error."""


@dataclass(frozen=True)
class LowerBound:
    """A lower bound on the mean cost of a run, all banks together.

    Attributes:
        scenario: its name.
        kind: see ``KINDS``.
        is_whole: does each payment settle as a whole in the plans, or may fractions settle?
        cents: the bound, corrected by the control variate.
        standard_error: of it, the error of the control's mean included.
        plain_cents: mean of the same days without the control variate.
        plain_error: its standard error.
        num_days: test days, or first observations.
        num_forks: days that follow each first observation; 1 for other kinds.
        shares: pool shares at which the bound is about least, banks sorted by id; None without a choice of shares.
        allowed: decisions that it permits besides releasing and holding.
        factor: of the control variate.
        control: the control variate; None where the scenario draws nothing.
        seconds: that it took.
        raised: cents by which whole payments raise a bound of fractions, after each of a few further first
            observations; their mean is part of all figures above.
    """

    scenario: str
    kind: BoundKind
    is_whole: bool
    cents: float
    standard_error: float
    plain_cents: float
    plain_error: float
    num_days: int
    num_forks: int
    shares: tuple[float, ...] | None
    allowed: AllowedDecisions
    factor: float
    control: Control | FirstArrivals | None
    seconds: float
    raised: tuple[float, ...] = ()

    def on_days(self, config: ScenarioConfig, seeds: Sequence[int]) -> float:
        """The bound in cents for the mean over given days, estimated from the control's cost on them.

        A gap between a policy's mean on these days and this figure does not depend on how expensive they happen to be.
        """
        if self.control is None or not self.factor:
            return self.cents
        return self.cents + self.factor * (float(self.control.cents(config, seeds).mean()) - self.control.mean_cents)

    def as_dict(self) -> dict[str, Any]:
        """Plain data; cents are floats."""
        row = asdict(self)
        if isinstance(self.control, Control):
            policy = self.control.policy.model_dump(mode="json")
            if policy.get("file") and Path(policy["file"]).parent == policy_folder():
                policy["file"] = Path(policy["file"]).name  # the same on every machine
            row["control"]["policy"] = policy
        return row


def gap(cents: float, bound_cents: float) -> float | None:
    """By how much a cost exceeds a bound, relative to the bound; None for a bound of 0 or less."""
    return cents / bound_cents - 1.0 if bound_cents > 0.0 else None


def bound_kinds(config: ScenarioConfig) -> tuple[BoundKind, ...]:
    """The kinds that make sense for a scenario."""
    is_independent = config.arrivals is None and config.simulation.day_factor_log_std == 0.0
    if has_pool(config):
        of_forks: tuple[BoundKind, ...] = () if config.arrivals is not None else ("first-observation",)
        of_own: tuple[BoundKind, ...] = ("own-observation",) if is_independent else ()
        return ("clairvoyant", "constant-share", *of_forks, *of_own)
    return ("clairvoyant", "penalised") if is_independent else ("clairvoyant",)


def lower_bound(
    config: ScenarioConfig,
    kind: BoundKind,
    *,
    num_days: int = NUM_DAYS,
    num_forks: int = NUM_FORKS,
    num_whole: int = 0,
    is_whole: bool = False,
    share: float = 0.0,
    allowed: AllowedDecisions | None = None,
) -> LowerBound:
    """Estimate a lower bound on test days.

    Args:
        config: the scenario; a policy may decide for all its banks.
        kind: see ``KINDS``.
        num_days: test days, or first observations.
        num_forks: days that follow each first observation.
        num_whole: for ``own-observation``: further first observations after which whole payments are planned too.
        is_whole: plan whole payments in the other two-stage bounds: higher and slower.
        share: of every bank's pool, for ``given-share``.
        allowed: decisions besides releasing and holding (default: those of learners, with any pool share).

    Raises:
        ConfigError: an unknown kind, a scenario that the kind does not cover, or ``num_whole`` of 1.
    """
    if kind not in KINDS:
        raise ConfigError([Fault(None, None, "kind", repr(kind), f"must be one of {', '.join(KINDS)}")])
    began = time.monotonic()
    seeds = played_seeds(config, held_out_seeds(num_days))
    may = with_any_share(decisions_of_learners(config)) if allowed is None else allowed
    require_covered(config, seeds[0], may)
    known = _VARIATES.get(kind, control_of)(config, len(seeds))
    found = _SAMPLES[kind](Task(config, seeds, num_forks, may, known, is_whole, share))
    values = found.values
    estimate = (
        controlled_mean(values, found.controls, known) if len(seeds) > 1 else Estimate(float(values[0]), 0.0, 0.0)
    )
    mean = float(values.mean())
    bound = LowerBound(
        config.name, kind, found.is_whole, estimate.cents + found.cents - mean, estimate.standard_error, found.cents,
        standard_error(values), len(seeds), num_forks if kind in NESTED else 1, found.shares, may, estimate.factor,
        known if len(seeds) > 1 else None, round(time.monotonic() - began, 1),
    )  # fmt: skip
    return with_whole_payments(config, bound, num_whole) if num_whole else bound


def with_whole_payments(config: ScenarioConfig, bound: LowerBound, num_whole: int) -> LowerBound:
    """Raise an own observation bound by what whole payments cost more after further first observations.

    Args:
        config: the scenario.
        bound: of fractions, or already raised after fewer first observations.
        num_whole: first observations in all.

    Raises:
        ConfigError: fewer than ``FEWEST_WHOLE``.
    """
    if num_whole < FEWEST_WHOLE:
        rule = f"must be 0 or at least {FEWEST_WHOLE}, for a standard error"
        raise ConfigError([Fault(None, None, "num_whole", str(num_whole), rule)])
    began = time.monotonic()
    seeds = held_out_seeds(num_whole, bound.num_days)[len(bound.raised) :]
    more = [raised_by_whole_payments(config, seed, bound.num_forks, bound.allowed) for seed in seeds]
    raised = (*bound.raised, *more)
    moved = _mean(raised) - _mean(bound.raised)
    errors = standard_error(bound.raised), standard_error(raised)
    return replace(
        bound, is_whole=True, raised=raised,
        cents=bound.cents + moved, standard_error=_other_part(bound.standard_error, *errors),
        plain_cents=bound.plain_cents + moved, plain_error=_other_part(bound.plain_error, *errors),
        seconds=round(bound.seconds + time.monotonic() - began, 1),
    )  # fmt: skip


def _mean(cents: Sequence[float]) -> float:
    return sum(cents) / len(cents) if cents else 0.0


def _other_part(error: float, old: float, new: float) -> float:
    """A standard error of two independent parts, one of which goes from one error to another."""
    return math.sqrt(max(error**2 - old**2, 0.0) + new**2)


def require_covered(config: ScenarioConfig, seed: int, may: AllowedDecisions) -> None:
    """Check that the clairvoyant bound covers a scenario, before anything that takes long.

    Raises:
        ConfigError: it does not, or the scenario is too large.
    """
    Plan(config, arrived_payments(config, seed), may, relaxed=True)


def with_any_share(may: AllowedDecisions) -> AllowedDecisions:
    """The same decisions, with any share of the pool."""
    return replace(may, pool="any")


class Task(NamedTuple):
    """What a sample is taken of."""

    config: ScenarioConfig
    seeds: Sequence[int]
    num_forks: int
    may: AllowedDecisions
    control: Control | FirstArrivals
    is_whole: bool
    share: float


def _clairvoyant(task: Task) -> StageBound:
    bounds = Bounds(task.config, task.seeds)
    least = bounds.required(task.may)
    controls = task.control.cents(task.config, task.seeds)
    return StageBound(float(least.mean()), None, least, controls, bounds.kind == "exact")


def _constant_share(task: Task) -> StageBound:
    return constant_share_bound(task.config, task.seeds, task.may, task.control, is_whole=task.is_whole)


def _first_observation(task: Task) -> StageBound:
    assert isinstance(task.control, Control)
    return first_observation_bound(
        task.config, task.seeds, task.num_forks, task.may, task.control, is_whole=task.is_whole
    )


def _own_observation(task: Task) -> StageBound:
    return own_observation_bound(task.config, task.seeds, task.num_forks, task.may, task.control)


def _penalised(task: Task) -> StageBound:
    values, _ = penalised_costs(task.config, task.seeds, task.may, fitted_penalty(task.config, task.may))
    return StageBound(float(values.mean()), None, values, task.control.cents(task.config, task.seeds), is_whole=False)


def _given_share(task: Task) -> StageBound:
    values = given_share_costs(task.config, task.seeds, task.may, task.share)
    shares = (task.share,) * len(task.config.banks)
    return StageBound(float(values.mean()), shares, values, task.control.cents(task.config, task.seeds), is_whole=True)


_SAMPLES: Final[dict[BoundKind, Callable[[Task], StageBound]]] = {
    "clairvoyant": _clairvoyant,
    "constant-share": _constant_share,
    "first-observation": _first_observation,
    "own-observation": _own_observation,
    "penalised": _penalised,
    "given-share": _given_share,
}

_VARIATES: Final[dict[BoundKind, Callable[[ScenarioConfig, int], Control | FirstArrivals]]] = {
    "own-observation": first_arrivals_of
}
"""Makers of the control variate where it is not the cost of a policy. A least cost given a bank's first arrivals, meant
over many days, is almost linear in their value: every cent of them is held in the pool."""
