"""A trained policy as decision trees of the tree language: DAgger (Ross, Gordon and Bagnell 2011) with a size limit.

The teacher's decisions are collected where it leads itself, then where the best tree so far leads (on payments; pool
shares stay the teacher's). Trees of several sizes are fitted to all of them; what counts is what they cost, not how
alike they are. Fitting uses training seeds, choosing validation seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, Protocol

import numpy as np

from simcash_env.amounts import amount_text
from simcash_env.config import ScenarioConfig
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.errors import ActionError
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks
from simcash_env.evaluation.rollout import run_scripted
from simcash_env.evaluation.scripted import Agent, ScriptedAgent, account_facts, payment_facts
from simcash_env.evaluation.seeds import training_seeds, validation_seeds
from simcash_env.learning.tree_features import vocabulary
from simcash_env.learning.tree_fit import Sample, fit
from simcash_env.learning.tree_student import Budget, Student, TreeRule
from simcash_env.policies.batch import evaluate
from simcash_env.policies.tree import build_value
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import Field, Verb
from simcash_env.schema.limits import POOL_LEVELS

MOST_NODES: Final = 31
ROUNDS: Final = 4
SAMPLE_DAYS: Final = 256
CHOOSING_DAYS: Final = 500
LEAVES: Final = (1, 2, 3, 4, 6, 8, 11, 16)
WEIGHTS: Final = (None, "balanced")
SHARE_STEP: Final = 0.01
CLOSE: Final = 1.005
"""A tree may cost so much of the cheapest tree's cost and be preferred for being smaller."""


class Teacher(Protocol):
    """What is distilled: an agent, and how it looks at the scenario."""

    @property
    def config(self) -> ScenarioConfig:
        """The scenario."""

    @property
    def whole(self) -> ScenarioConfig:
        """The scenario with its pools as they are, of which ``config`` may have a share."""

    @property
    def largest_share(self) -> float:
        """That share."""

    @property
    def agent(self) -> Agent:
        """Decides for its deciding banks."""

    @property
    def max_queue_slots(self) -> int:
        """Payments of Queue 1 that it sees."""


@dataclass(frozen=True, eq=False)
class Distilled:
    """Trees for the deciding banks, sorted by id, and the shares of the pool that go with them."""

    config: ScenarioConfig
    rules: tuple[TreeRule, ...]
    shares: tuple[float | None, ...]

    @property
    def num_nodes(self) -> int:
        """Nodes of the largest tree file."""
        return max(rule.num_nodes for rule in self.rules)

    def scenario(self) -> ScenarioConfig:
        """The scenario with every deciding bank following its tree, its share of the pool allocated."""
        banks = dict(zip(deciding_banks(self.config), zip(self.rules, self.shares, strict=True), strict=True))
        policies = {id(rule): rule.policy() for rule in self.rules}

        def change(rule: TreeRule, share: float | None) -> dict[str, object]:
            update: dict[str, object] = {"policy": policies[id(rule)]}
            return update if share is None else update | {"liquidity_allocation_fraction": share}

        whole = [
            bank.model_copy(update=change(*banks[bank.id])) if bank.id in banks else bank for bank in self.config.banks
        ]
        return self.config.model_copy(update={"banks": tuple(whole)})

    def evaluate(self, seeds: Sequence[int]) -> Evaluation:
        """What the trees cost, by the kernel alone."""
        cents = run_scripted(self.scenario(), seeds)
        return Evaluation(self.config.name, tuple(seeds), tuple(sorted(bank.id for bank in self.config.banks)), cents)


@dataclass(frozen=True, eq=False)
class Watched:
    """What a teacher decided on some days.

    Attributes:
        sample: its decisions on payments.
        levels: (days, learning banks) pool levels; no columns where no bank has a pool.
    """

    sample: Sample
    levels: I64


def watch(
    teacher: Teacher, seeds: Sequence[int], *, portable: bool, student: Sequence[TreeRule] | None = None
) -> Watched:
    """Play days and note what the teacher decides.

    Args:
        teacher: the policy that labels every decision.
        seeds: one a day.
        portable: use SimCash's words alone.
        student: trees whose decisions on payments are carried out, instead of the teacher's.

    Raises:
        ActionError: the teacher decides on something that payment trees and pool shares do not cover.
    """
    vec = make_vec(
        teacher.config, len(seeds), learners=deciding_banks(teacher.config),
        max_queue_slots=teacher.max_queue_slots, autoreset="disabled",
    )  # fmt: skip
    vec.reset(list(seeds))
    parts, levels = [], np.zeros((len(seeds), 0), np.int64)
    pool = vec.head_index.get("pool")
    for tick in range(vec.num_ticks):
        chosen = np.array(teacher.agent.act(vec), np.int64)
        _refuse_others(vec, chosen)
        if tick == 0 and pool is not None:
            levels = chosen[:, :, pool].copy()
        parts.append(_decisions(vec, chosen, portable=portable))
        played = chosen
        if student is not None:
            played = Student(student).act(vec)
            played[:, :, vec.num_slots :] = chosen[:, :, vec.num_slots :]
        vec.step(played)
    sample = parts[0]
    for part in parts[1:]:
        sample = sample + part
    return Watched(sample, levels)


def _refuse_others(vec: SimCashVec, chosen: I64) -> None:
    for name, at in vec.head_index.items():
        if name != "pool" and chosen[:, :, at].any():
            message = f"the policy uses its {name} head: trees are distilled of payments and pool shares alone"
            raise ActionError(message)


def _decisions(vec: SimCashVec, chosen: I64, *, portable: bool) -> Sample:
    """The rows of one tick."""
    seer = ScriptedAgent()
    pool = vec.head_index.get("pool")
    seer.levels = None if pool is None else chosen[:, :, pool]  # type: ignore[assignment]
    _, view = seer.begin(vec)
    present = view["present"].astype(bool)
    choices = chosen[:, :, : vec.num_slots]
    facts = account_facts(vec, view) | payment_facts(view)
    is_sent = vec.slot_choices.means(choices, Verb.RELEASE, Verb.SPLIT) & present
    sent = np.where(is_sent, view["remaining"], 0)
    facts[Field.COMMITTED_VALUE] = (sent.cumsum(axis=2) - sent).astype(float)
    columns = [
        np.broadcast_to(evaluate(build_value(word), facts), present.shape)[present]
        for word in vocabulary(portable=portable).values()
    ]
    banks = np.broadcast_to(np.arange(vec.num_banks)[None, :, None], present.shape)[present]
    return Sample(np.stack(columns, axis=1), choices[present], banks)


@dataclass(frozen=True)
class Options:
    """How a tree is searched; ``per_bank`` gives every bank a tree of its own."""

    most_nodes: int = MOST_NODES
    portable: bool = True
    per_bank: bool = False
    rounds: int = ROUNDS
    sample_days: int = SAMPLE_DAYS
    choosing_days: int = CHOOSING_DAYS


def distill(teacher: Teacher, options: Options, report: Callable[[str], None] | None = None) -> Distilled:
    """Search the trees."""
    note = report or (lambda _: None)
    choosing = validation_seeds(options.choosing_days)
    watched = watch(teacher, training_seeds(options.sample_days), portable=options.portable)
    sample, levels = watched.sample, watched.levels
    shares = mean_shares(teacher.config, levels)
    found: list[tuple[float, Distilled]] = []
    for number in range(options.rounds):
        fresh = [
            (float(tree.evaluate(choosing).totals().mean()), tree)
            for tree in candidates(teacher.config, sample, shares, options)
        ]
        found += fresh
        cents, best = min(fresh, key=lambda item: item[0])
        note(f"round {number + 1} of {options.rounds}: {len(sample.chosen):,} decisions, {amount_text(cents)} a run")
        if number + 1 < options.rounds:
            days = training_seeds(options.sample_days, skip=(number + 1) * options.sample_days)
            more = watch(teacher, days, portable=options.portable, student=best.rules)
            sample, levels = sample + more.sample, np.concatenate([levels, more.levels])
    least = min(cents for cents, _ in found)
    close = [item for item in found if item[0] <= CLOSE * least]
    _, best = min(close, key=lambda item: (item[1].num_nodes, item[0]))
    return of_whole_pools(with_best_shares(best, levels, choosing), teacher)


def candidates(
    config: ScenarioConfig, sample: Sample, shares: tuple[float | None, ...], options: Options
) -> Iterator[Distilled]:
    """Trees of several sizes, with and without a release budget."""
    words, num_banks = vocabulary(portable=options.portable), len(deciding_banks(config))
    budgets: tuple[Budget, ...] = ("none", "available_liquidity", "balance") if options.portable else ("none",)
    parts = [sample.of_bank(bank) for bank in range(num_banks)] if options.per_bank else [sample]
    for leaves, weight in product(LEAVES, WEIGHTS):
        roots = [fit(part, words, leaves, config, weight) for part in parts]
        for budget in budgets:
            rules = [TreeRule(root, budget) for root in roots]
            whole = Distilled(config, tuple(rules if options.per_bank else rules * num_banks), shares)
            if whole.num_nodes <= options.most_nodes:
                yield whole


def mean_shares(config: ScenarioConfig, levels: I64) -> tuple[float | None, ...]:
    """The mean share of each deciding bank, to a hundredth; None of banks without a pool."""
    pools = {bank.id: bank.liquidity_pool for bank in config.banks}
    banks = deciding_banks(config)
    if not levels.shape[1]:
        return (None,) * len(banks)
    means = levels.mean(axis=0) / (POOL_LEVELS - 1)
    return tuple(
        round(round(float(mean) / SHARE_STEP) * SHARE_STEP, 6) if pools[bank] else None
        for bank, mean in zip(banks, means, strict=True)
    )


def with_best_shares(tree: Distilled, levels: I64, seeds: Sequence[int]) -> Distilled:
    """The cheapest constant shares between the smallest and the largest that the teacher chose, bank by bank."""
    if not levels.shape[1]:
        return tree
    lows, highs = (bound / (POOL_LEVELS - 1) for bound in (levels.min(axis=0), levels.max(axis=0)))
    best, cents = tree, float(tree.evaluate(seeds).totals().mean())
    for _ in range(2):
        for bank in range(len(tree.shares)):
            if best.shares[bank] is None:
                continue
            for share in _between(float(lows[bank]), float(highs[bank])):
                other = replace(best, shares=(*best.shares[:bank], share, *best.shares[bank + 1 :]))
                found = float(other.evaluate(seeds).totals().mean())
                if found < cents:
                    best, cents = other, found
    return best


def of_whole_pools(tree: Distilled, teacher: Teacher) -> Distilled:
    """The same trees on the scenario as it is, with shares of the whole pools."""
    shares = tuple(None if share is None else round(share * teacher.largest_share, 8) for share in tree.shares)
    return Distilled(teacher.whole, tree.rules, shares)


def _between(low: float, high: float) -> list[float]:
    count = round((high - low) / SHARE_STEP)
    return [round(low + step * SHARE_STEP, 6) for step in range(count + 1)]


def fidelity(teacher: Teacher, tree: Distilled, seeds: Sequence[int]) -> float:
    """Share of payments and ticks at which the trees decide as the teacher does, where the teacher leads."""
    vec = make_vec(
        teacher.config, len(seeds), learners=deciding_banks(teacher.config),
        max_queue_slots=teacher.max_queue_slots, autoreset="disabled",
    )  # fmt: skip
    vec.reset(list(seeds))
    student, equal, seen = Student(tree.rules), 0, 0
    for _ in range(vec.num_ticks):
        chosen = np.array(teacher.agent.act(vec), np.int64)
        pool = vec.head_index.get("pool")
        student.levels = None if pool is None else chosen[:, :, pool]  # type: ignore[assignment]
        slots = slice(0, vec.num_slots)
        present = vec.queue1_view()["present"].astype(bool)
        equal += int((student.act(vec)[:, :, slots] == chosen[:, :, slots])[present].sum())
        seen += int(present.sum())
        vec.step(chosen)
    return equal / max(seen, 1)


__all__ = ["Distilled", "Options", "Teacher", "distill", "fidelity", "watch"]
