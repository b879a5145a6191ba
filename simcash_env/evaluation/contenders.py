"""The scripted policies of a comparison, tuned ones included, played on the same days."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, TypeAlias

from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.bound_validity import AllowedDecisions, decisions_of_learners, decisions_of_policy
from simcash_env.evaluation.evaluate import Evaluation, evaluate_agent, evaluate_policy, played_seeds
from simcash_env.evaluation.grid_search import HALF, Tuned, has_pool, tune
from simcash_env.evaluation.metrics import Metrics
from simcash_env.evaluation.policy_families import FAMILIES, Family
from simcash_env.evaluation.scorecard import agent_metrics, policy_metrics
from simcash_env.evaluation.scripted import Agent, HoldAll, RandomLegal
from simcash_env.evaluation.seeds import validation_seeds

VALIDATION_TIMES: Final = 10
"""Validation days on which the best tuned family is chosen, for each training day; each is played once."""

Shares: TypeAlias = Sequence[float] | None

TUNED: Final = "tuned:"
"""Prefix of the names of tuned policies."""


@dataclass(frozen=True, eq=False)
class Contender:
    """A policy that has been played on the test seeds, what it may do, and how to play it for its metrics."""

    policy: str
    parameters: str
    evaluation: Evaluation
    allowed: AllowedDecisions
    measure: Callable[[Sequence[int]], list[Metrics]]
    config: ScenarioConfig
    kernel_policy: PolicyConfig | None = None
    shares: Shares = None
    edges: tuple[str, ...] = ()


def play_policy(
    config: ScenarioConfig,
    name: str,
    parameters: str,
    policy: PolicyConfig,
    seeds: Sequence[int],
    shares: Shares = None,
) -> Contender:
    """A policy in the kernel."""
    return Contender(
        name,
        parameters,
        evaluate_policy(config, policy, seeds, shares),
        decisions_of_policy(config, policy),
        partial(policy_metrics, config, policy, shares=shares),
        config,
        policy,
        shares,
    )


def play_agent(config: ScenarioConfig, name: str, agent: Agent, seeds: Sequence[int]) -> Contender:
    """An agent through the environment."""
    evaluation = evaluate_agent(config, agent, seeds)
    allowed, measure = decisions_of_learners(config), partial(agent_metrics, config, agent)
    return Contender(name, "", evaluation, allowed, measure, config)


def contenders(
    config: ScenarioConfig,
    seeds: Sequence[int],
    tuning_seeds: Sequence[int] | None,
    families: Sequence[Family] = FAMILIES,
    *,
    only_best: bool = False,
) -> Iterator[Contender]:
    """The scripted policies one after another, FIFO first; the tuned ones where there are tuning seeds.

    Where the scenario is not random, all but ``random`` are played once.

    Args:
        config: the scenario.
        seeds: test days.
        tuning_seeds: training days; None leaves the tuned policies out.
        families: what is tuned.
        only_best: play of the tuned policies only the cheapest one on validation days.
    """
    days = played_seeds(config, seeds)
    configured = "pool as configured" if has_pool(config) else ""
    yield play_policy(config, "fifo", configured, FifoPolicy(), days)
    if has_pool(config):
        yield play_policy(config, "fifo", "pool 50 %", FifoPolicy(), days, [HALF] * len(config.banks))
    yield play_agent(config, "hold_all", HoldAll(0), days)
    yield play_agent(config, "random", RandomLegal(), seeds)
    if tuning_seeds is None:
        return
    found = ((family, tune(config, family, tuning_seeds)) for family in families)
    for family, tuned in [best_tuned(config, dict(found), len(tuning_seeds))] if only_best else found:
        played = play_policy(config, f"{TUNED}{family}", tuned.describe(), tuned.policy, days, tuned.shares)
        yield replace(played, edges=tuned.edges)


def best_tuned(config: ScenarioConfig, found: Mapping[Family, Tuned], num_days: int) -> tuple[Family, Tuned]:
    """The cheapest of several tuned policies on validation days: the most fitted one wins on days it was tuned on.

    Args:
        config: the scenario.
        found: by family.
        num_days: training days of the search; validation days are ``VALIDATION_TIMES`` as many.
    """
    days = played_seeds(config, validation_seeds(VALIDATION_TIMES * num_days))
    cents = {
        family: float(evaluate_policy(config, tuned.policy, days, tuned.shares).totals().mean())
        for family, tuned in found.items()
    }
    family = min(cents, key=lambda name: cents[name])
    return family, found[family]
