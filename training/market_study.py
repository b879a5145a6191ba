"""Effect of the intraday market on ``money-market-v0``: ``python -m training.market_study [--markdown FILE]``.

Three comparisons: scripted banks with and without the market on the same days; one bank that learns when to lend and
borrow while it releases all payments at once, against the same bank without orders and with a corridor trader's orders;
and six such banks that learn together.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, PolicyConfig, ScenarioConfig
from simcash_env.config.rules import ActionConfig
from simcash_env.envs.learners import assign_learners
from simcash_env.envs.vector import SimCashVec
from simcash_env.evaluation.evaluate import Evaluation, evaluate_agent, with_common_policy
from simcash_env.evaluation.metrics import metrics_of
from simcash_env.evaluation.run_columns import RunRecord, record_agent, record_run
from simcash_env.evaluation.seeds import held_out_seeds
from simcash_env.evaluation.statistics import Interval, bootstrap_interval, paired_difference
from simcash_env.files import write_atomically
from simcash_env.learning.ippo import train
from simcash_env.learning.settings import TrainingSettings, load_settings
from simcash_env.machine import made_by, origin
from simcash_env.registry import load
from simcash_env.schema.arrays import I64
from simcash_env.schema.verbs import SlotChoices

SCENARIO: Final = "money-market-v0"
LEARNER: Final = "EAST_1"
SLOTS: Final = 4
"""Payments of the internal queue that a learner observes."""
RUNS: Final = 1_000
RECORDED_RUNS: Final = 100
"""Runs with an event log, for delay and gridlock."""
POLICIES: Final[dict[str, PolicyConfig]] = {
    "fifo": FifoPolicy(),
    "deadline": DeadlinePolicy(urgency_threshold=2),
    "liquidity_aware": LiquidityAwarePolicy(target_buffer=0, urgency_threshold=2),
}
FIGURES: Final = ("total_cost", "delay_indicator", "gridlocks", "stalled_ticks", "liquidity_used")


def without_market(config: ScenarioConfig) -> ScenarioConfig:
    """The scenario without the market."""
    return config.model_copy(update={"market": None})


def with_learners(config: ScenarioConfig, banks: Sequence[str], *, trades: bool = False) -> ScenarioConfig:
    """Let these banks learn; the others release all payments and trade. ``trades``: keep the learners' traders."""
    if config.market is None:
        message = f"{config.name}: has no market"
        raise ValueError(message)
    traders = {name: one for name, one in config.market.traders.items() if trades or name not in banks}
    market = config.market.model_copy(update={"traders": traders})
    return assign_learners(config.model_copy(update={"market": market}), banks)


def release_all(masks: Any) -> None:
    """Mask, in place, holding payments that can be released, so that only the market head is left to choose."""
    choices = SlotChoices.of(ActionConfig())
    masks[:, :, :SLOTS, choices.hold] = 1 - masks[:, :, :SLOTS, choices.release]


class Trader:
    """A learned trader that releases all payments.

    Args:
        policy: the trained policy; None for a bank that never trades.
    """

    def __init__(self, policy: Any) -> None:
        self._policy = policy

    def act(self, vec: SimCashVec) -> I64:
        """Release all payments and place the most likely order."""
        if self._policy is None:
            actions: I64 = np.zeros(vec.actions.shape, np.int64)
        else:
            masks = vec.masks.copy()
            release_all(masks)
            actions = self._policy.act(vec.observations, masks)
        actions[:, :, : vec.num_slots] = vec.masks[:, :, : vec.num_slots, vec.slot_choices.release]
        return actions


def train_trader(settings: TrainingSettings, config: ScenarioConfig, seed: int, max_seconds: float | None) -> Any:
    """Train the market head alone."""

    def report(steps: int, cents: float, _: object) -> None:
        print(f"{steps:>9,} steps, {cents:,.0f} cents per run", flush=True)

    return train(settings, seed, config=config, report=report, max_seconds=max_seconds, restrict=release_all).policy


@dataclass(frozen=True, eq=False)
class Bank:
    """Costs (runs,) of the studied bank under one way of trading."""

    name: str
    cents: I64
    interest: I64

    @classmethod
    def of(cls, name: str, evaluation: Evaluation) -> Bank:
        """The learner's row of an evaluation."""
        cents = evaluation.cents[:, evaluation.bank_ids.index(LEARNER)]
        return cls(name, cents.sum(axis=1), cents[:, -1])


def study_learned(settings: TrainingSettings, seeds: Sequence[int], seed: int, max_seconds: float | None) -> list[Bank]:
    """Costs without orders, with a corridor trader and with learned orders; the other banks do not change."""
    config, slots = load(settings.scenario), settings.max_queue_slots
    alone = with_learners(config, [LEARNER])
    trader = train_trader(settings, alone, seed, max_seconds)
    corridor = with_learners(config, [LEARNER], trades=True)
    off = corridor.model_copy(update={"actions": corridor.actions.model_copy(update={"market": False})})
    ways = {
        "no orders": (alone, Trader(None)),
        "corridor trader": (off, Trader(None)),
        "learned orders": (alone, Trader(trader)),
    }
    return [
        Bank.of(name, evaluate_agent(scenario, agent, seeds, max_queue_slots=slots))
        for name, (scenario, agent) in ways.items()
    ]


def figures_of(records: Iterable[RunRecord]) -> dict[str, Any]:
    """Values (runs,) of each figure."""
    rows = [metrics_of(record) for record in records]
    return {name: np.array([getattr(row, name) for row in rows], float) for name in FIGURES}


Rows: TypeAlias = list[tuple[str, str, Interval, Interval, Interval]]
"""Policy of the banks, figure, value without the market, value with it, paired difference."""


def compared(name: str, off: dict[str, Any], on: dict[str, Any]) -> Rows:
    """The rows of one policy."""
    return [
        (
            name,
            figure.replace("_", " "),
            bootstrap_interval(off[figure]),
            bootstrap_interval(on[figure]),
            paired_difference(on[figure], off[figure]),
        )
        for figure in FIGURES
    ]


def study_all_learned(settings: TrainingSettings, seeds: Sequence[int], seed: int, max_seconds: float | None) -> Rows:
    """All banks release all payments, and either share a learned trading policy or do not trade."""
    config, slots = load(settings.scenario), settings.max_queue_slots
    market = with_learners(config, [bank.id for bank in config.banks])
    few = settings.model_copy(update={"num_envs": max(settings.num_envs // len(config.banks), 1)})
    trader = train_trader(few, market, seed, max_seconds)
    off, on = (
        figures_of(record_agent(market, Trader(one), day, max_queue_slots=slots) for day in seeds)
        for one in (None, trader)
    )
    return compared("all learned", off, on)


def study_scripted(seeds: Sequence[int]) -> Rows:
    """All banks follow one scripted policy, with corridor traders or without a market."""
    config = load(SCENARIO)
    rows: Rows = []
    for name, policy in POLICIES.items():
        off, on = (
            figures_of(record_run(with_common_policy(one, policy), seed) for seed in seeds)
            for one in (without_market(config), config)
        )
        rows += compared(name, off, on)
    return rows


def cell(interval: Interval) -> str:
    """Mean and 95 % interval."""
    digits = 0 if abs(interval.mean) >= 100 else 3
    return f"{interval.mean:,.{digits}f} [{interval.low:,.{digits}f}, {interval.high:,.{digits}f}]"


def system_table(rows: Rows) -> list[str]:
    """The table of system figures, as Markdown."""
    lines = ["| policy of all banks | figure | without market | with market | difference |", "|---|---|---:|---:|---:|"]
    lines += [f"| {name} | {figure} | {cell(off)} | {cell(on)} | {cell(by)} |" for name, figure, off, on, by in rows]
    return lines


def learned_table(banks: Sequence[Bank]) -> list[str]:
    """The table of the studied bank, as Markdown; differences to the first row."""
    lines = [f"| {LEARNER} | cost per run | of which interest | difference to no orders |", "|---|---:|---:|---:|"]
    for bank in banks:
        by = cell(paired_difference(bank.cents, banks[0].cents)) if bank is not banks[0] else ""
        lines.append(
            f"| {bank.name} | {cell(bootstrap_interval(bank.cents))} | "
            f"{cell(bootstrap_interval(bank.interest))} | {by} |"
        )
    return lines


def main(arguments: Sequence[str] | None = None) -> None:
    """Print both tables, and write them on request."""
    parser = argparse.ArgumentParser(prog="python -m training.market_study", description="Study the intraday market.")
    parser.add_argument("--markdown", type=Path, help="Markdown file for the tables.")
    parser.add_argument("--runs", type=int, default=RUNS, help="Number of test runs.")
    parser.add_argument("--seed", type=int, default=0, help="Random seed of the training.")
    parser.add_argument("--seconds", type=float, help="Stop the training after this many seconds.")
    options = parser.parse_args(arguments)
    seeds = held_out_seeds(options.runs)
    settings, how = load_settings(SCENARIO, max_queue_slots=SLOTS), (options.seed, options.seconds)
    banks, few = study_learned(settings, seeds, *how), seeds[:RECORDED_RUNS]
    rows = [*study_scripted(few), *study_all_learned(settings, few, *how)]
    lines = [
        *learned_table(banks),
        "",
        *system_table(rows),
        "",
        (
            f"Means and 95 % bootstrap intervals over {options.runs:,} test runs, which were not used in training "
            f"(second table: the first {min(RECORDED_RUNS, options.runs)} of them); the same in all rows. "
            "Costs in cents. `python -m training.market_study --markdown FILE`. "
            f"{origin(made_by())}."
        ),
    ]
    print("\n".join(lines))
    if options.markdown is not None:
        write_atomically(options.markdown, ("\n".join(lines) + "\n").encode())


if __name__ == "__main__":
    main()
