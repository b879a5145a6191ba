"""The metrics of a policy on a scenario: means over days of the figures that are one number a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from simcash_env.config import ScenarioConfig
from simcash_env.config.policies import PolicyConfig
from simcash_env.evaluation.evaluate import with_common_policy
from simcash_env.evaluation.metrics import Metrics, metrics_of
from simcash_env.evaluation.run_columns import record_agent, record_run
from simcash_env.evaluation.scripted import Agent

SCALARS: Final = (
    "settled_share_value", "settled_share_count", "delay_indicator", "value_weighted_delay", "throughput_1200",
    "throughput_1430", "unsettled_value", "liquidity_used", "liquidity_upper", "liquidity_lower",
    "liquidity_position", "turnover", "gini", "gridlocks", "deadlocks", "stalled_ticks", "deadline_misses",
    "deadline_misses_value", "dropped_value", "market_volume", "market_vwap",
)  # fmt: skip


def with_shares(config: ScenarioConfig, shares: Sequence[float] | None) -> ScenarioConfig:
    """The scenario with other shares of the pools allocated, banks sorted by id."""
    if shares is None:
        return config
    by_bank = dict(zip(sorted(bank.id for bank in config.banks), shares, strict=True))
    banks = tuple(
        bank.model_copy(update={"liquidity_allocation_fraction": float(by_bank[bank.id])}) for bank in config.banks
    )
    return config.model_copy(update={"banks": banks})


def policy_metrics(
    config: ScenarioConfig, policy: PolicyConfig, seeds: Sequence[int], shares: Sequence[float] | None = None
) -> list[Metrics]:
    """Of a policy in the kernel, one run a seed."""
    played = with_common_policy(with_shares(config, shares), policy)
    return [metrics_of(record_run(played, seed)) for seed in seeds]


def agent_metrics(
    config: ScenarioConfig, agent: Agent, seeds: Sequence[int], *, max_queue_slots: int = 16
) -> list[Metrics]:
    """Of an agent through the environment, one run a seed."""
    return [metrics_of(record_agent(config, agent, seed, max_queue_slots=max_queue_slots)) for seed in seeds]


def mean_metrics(runs: Sequence[Metrics]) -> dict[str, float]:
    """Means over the runs that have the figure, and the share of value that each mechanism settled."""
    means = {}
    for name in SCALARS:
        found = [getattr(run, name) for run in runs if getattr(run, name) is not None]
        if found:
            means[name] = float(np.mean(found))
    settled = sum(sum(run.value_by_mechanism.values()) for run in runs)
    for name in runs[0].value_by_mechanism if settled else ():
        means[f"settled_by_{name}"] = sum(run.value_by_mechanism[name] for run in runs) / settled
    return means
