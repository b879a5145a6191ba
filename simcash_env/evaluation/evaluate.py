"""What an agent or a policy costs on given seeds, in cents, by bank and kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, get_args

import numpy as np
import numpy.typing as npt

from simcash_env.amounts import amount_text
from simcash_env.compile.market import with_interest
from simcash_env.compile.scales import arrival_streams
from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import PolicyConfig
from simcash_env.config.recorded import has_choice_of_days
from simcash_env.envs.options import ActionLike, required_whole
from simcash_env.envs.vector import make_vec
from simcash_env.errors import ConfigError, Fault
from simcash_env.evaluation.rollout import VALUES, measure_scripted
from simcash_env.evaluation.scripted import Agent
from simcash_env.evaluation.seeds import checked_seeds
from simcash_env.evaluation.statistics import Interval, bootstrap_interval, paired_difference
from simcash_env.literal import facts_html, facts_text
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import COST_COLUMNS

_MOST_COPIES: Final = 1_000
_MEASURED_TICKS: Final = 2_000_000
"""Ticks that are measured in one call, which keeps four numbers for each."""
_ARRIVED_AND_SETTLED: Final = [VALUES.index("arrived"), VALUES.index("settled")]


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation:
    """Costs of one agent on one scenario.

    Attributes:
        cents: (seeds, banks, kinds), kinds in the order of ``codes.COST_COLUMNS``.
        value_cents: (2,) value that arrived and that settled, over all runs; None where it was not measured.
        is_random: True if the scenario draws anything; otherwise every seed gives the same run.
        milliseconds_per_decision: mean time for the decision of one bank, of a policy that plans; None for the others.
    """

    scenario: str
    seeds: tuple[int, ...]
    bank_ids: tuple[str, ...]
    cents: I64
    is_random: bool = True
    milliseconds_per_decision: float | None = None
    value_cents: tuple[int, int] | None = None

    def _facts(self) -> dict[str, object]:
        """What a representation shows; amounts in currency units."""
        mean = float(self.totals().mean())
        share = self.settled_share
        return {
            "scenario": self.scenario,
            "runs": len(self.seeds),
            "banks": len(self.bank_ids),
            "mean cost of a run": amount_text(mean),
            **({} if share is None else {"settled": f"{share:.2%}"}),
        }

    def __repr__(self) -> str:
        return facts_text(type(self).__name__, self._facts())

    def _repr_html_(self) -> str:
        """Return a table for notebooks."""
        return facts_html(type(self).__name__, self._facts())

    @property
    def settled_share(self) -> float | None:
        """Value that settled relative to the value that arrived, over all runs; None if not measured or 0 of 0."""
        if self.value_cents is None or not self.value_cents[0]:
            return None
        return self.value_cents[1] / self.value_cents[0]

    def totals(self) -> I64:
        """(seeds,) cost of all banks together."""
        totals: I64 = self.cents.sum(axis=(1, 2))
        return totals

    def total(self) -> Interval:
        """Mean cost of a run, all banks together."""
        return bootstrap_interval(self.totals())

    def by_kind(self) -> dict[str, float]:
        """Mean cost of a run by kind, all banks together."""
        means = self.cents.sum(axis=1).mean(axis=0)
        return dict(zip(COST_COLUMNS, means.tolist(), strict=False))

    def by_bank(self) -> dict[str, float]:
        """Mean cost of a run by bank."""
        return dict(zip(self.bank_ids, self.cents.sum(axis=2).mean(axis=0).tolist(), strict=True))

    def repeated(self, seeds: Sequence[int]) -> Evaluation:
        """The same costs on other seeds, of a scenario that draws nothing and was played once.

        Raises:
            ValueError: the scenario is random, or it was played more than once.
        """
        if self.is_random or len(self.seeds) != 1:
            message = f"{self.scenario}: only one run of a scenario without random arrivals holds for other seeds"
            raise ValueError(message)
        return replace(self, seeds=tuple(seeds), cents=np.repeat(self.cents, len(seeds), axis=0))

    def minus(self, other: Evaluation) -> Interval:
        """Mean difference to another agent on the same seeds; negative is cheaper."""
        if self.seeds != other.seeds:
            message = "differences are taken on common seeds, and these two were run on different ones"
            raise ValueError(message)
        return paired_difference(self.totals(), other.totals())


def _require_scenario(config: ScenarioConfig) -> None:
    if not isinstance(config, ScenarioConfig):
        raise ConfigError(
            [Fault(None, None, "config", repr(config), "must be a ScenarioConfig; registry.load reads one")]
        )


def deciding_banks(config: ScenarioConfig) -> tuple[str, ...]:
    """Banks that a baseline decides for: the external ones, or all where there is none."""
    external = tuple(sorted(bank.id for bank in config.banks if bank.policy.type == "external"))
    return external or tuple(sorted(bank.id for bank in config.banks))


def is_random(config: ScenarioConfig) -> bool:
    """True if a run depends on its seed.

    Random arrivals do, payment events with a probability, and recorded arrivals if more than one day could be played;
    a rate of 0 stays 0 under every event.
    """
    may_happen = any(event.type == "payment" and 0.0 < (event.probability or 0.0) < 1.0 for event in config.events)
    return (
        may_happen
        or has_choice_of_days(config)
        or any(
            stream.rate_per_tick > 0 and any(getattr(stream, "rate_per_tick_of_day", None) or (1.0,))
            for bank in config.banks
            for stream in arrival_streams(bank)
        )
    )


def played_seeds(config: ScenarioConfig, seeds: Sequence[int]) -> tuple[int, ...]:
    """The seeds on which a policy that draws nothing is played: the first one where the scenario is not random."""
    return tuple(seeds if is_random(config) else seeds[:1])


def with_common_policy(config: ScenarioConfig, policy: PolicyConfig) -> ScenarioConfig:
    """The scenario with its deciding banks following a policy in the kernel."""
    deciding = deciding_banks(config)
    banks = tuple(bank.model_copy(update={"policy": policy}) if bank.id in deciding else bank for bank in config.banks)
    return config.model_copy(update={"banks": banks})


def evaluate_policy(
    config: ScenarioConfig,
    policy: PolicyConfig,
    seeds: Sequence[int],
    shares: npt.NDArray[np.float64] | Sequence[float] | None = None,
) -> Evaluation:
    """Run a named policy in the kernel.

    Args:
        config: the scenario.
        policy: of every deciding bank.
        seeds: one a run.
        shares: of each bank's pool, banks sorted by id; by default what the scenario allocates.
    """
    _require_scenario(config)
    if not isinstance(policy, get_args(get_args(PolicyConfig)[0])):
        raise ConfigError([Fault(None, None, "policy", repr(policy), "must be the configuration of a policy")])
    given = checked_seeds(seeds)
    played = with_common_policy(config, policy)
    by_run = _is_by_run(shares)
    at_once = max(_MEASURED_TICKS // config.simulation.num_ticks, 1)
    cents, value = [], np.zeros(2, np.int64)
    for first in range(0, len(given), at_once):
        last = first + at_once
        own = shares[first:last] if by_run and shares is not None else shares
        runs = measure_scripted(played, given[first:last], own)
        cents.append(runs.costs)
        value += runs.values[:, -1, _ARRIVED_AND_SETTLED].sum(axis=0)
    arrived, settled = value.tolist()
    return Evaluation(
        config.name, given, _bank_ids(config), np.concatenate(cents), is_random(config), value_cents=(arrived, settled)
    )


def _is_by_run(shares: npt.NDArray[np.float64] | Sequence[float] | None) -> bool:
    """Are there shares for each run? What is no table of numbers is rejected where it is used."""
    try:
        return shares is not None and np.ndim(shares) > 1 and len(shares) > 1
    except ValueError:
        return False


def evaluate_agent(
    config: ScenarioConfig,
    agent: Agent,
    seeds: Sequence[int],
    *,
    max_queue_slots: int = 16,
    action: ActionLike = "queue",
    copies: int = _MOST_COPIES,
) -> Evaluation:
    """Play an agent through the environment, one copy a seed.

    Args:
        config: the scenario; the agent decides for its external banks, or for all where there is none.
        agent: decides at every tick.
        seeds: one a run.
        max_queue_slots: payments of Queue 1 that are seen and decided on.
        action: the kind that the agent answers with.
        copies: most runs side by side.
    """
    _require_scenario(config)
    if not callable(getattr(agent, "act", None)):
        raise ConfigError([Fault(None, None, "agent", repr(agent), "must be an object with a method act(vec)")])
    seeds, copies = checked_seeds(seeds), required_whole("copies", copies, 1)
    parts = [
        _play(config, agent, seeds[first : first + copies], max_queue_slots, action)
        for first in range(0, len(seeds), copies)
    ]
    cents = np.concatenate([costs for costs, _ in parts])
    arrived, settled = np.sum([value for _, value in parts], axis=0).tolist()
    return Evaluation(
        config.name, tuple(seeds), _bank_ids(config), cents, is_random(config), value_cents=(arrived, settled)
    )


def _play(
    config: ScenarioConfig, agent: Agent, seeds: Sequence[int], max_queue_slots: int, action: ActionLike
) -> tuple[I64, I64]:
    """(seeds, banks, kinds) costs, and the value that arrived and that settled, in cents."""
    vec = make_vec(
        config,
        len(seeds),
        learners=deciding_banks(config),
        max_queue_slots=max_queue_slots,
        action=action,
        autoreset="disabled",
    )
    vec.reset(list(seeds))
    cents = np.zeros((len(seeds), len(config.banks), len(vec.cost_names)), np.int64)
    places = [_bank_ids(config).index(bank) for bank in vec.bank_ids]
    for _ in range(vec.num_ticks):
        vec.step(agent.act(vec))
        cents[:, places] += vec.costs
    value = np.zeros(2, np.int64)
    for copy in range(len(seeds)):
        state = vec.state(copy)
        value += state.arrived_cents[0], state.settled_cents[0]
        if len(places) < len(config.banks):
            cents[copy] = with_interest(state.run_cost_cents, state.trader_run_interest_cents)
    return cents, value


def _bank_ids(config: ScenarioConfig) -> tuple[str, ...]:
    return tuple(sorted(bank.id for bank in config.banks))
