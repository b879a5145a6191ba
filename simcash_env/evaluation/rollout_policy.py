"""Rollout policies: at every decision try candidate actions on exact forks of the run, and take the best.

The futures of the forks are sampled, and every bank follows a base policy in them (rollout, Bertsekas 2020, *Rollout,
Policy Iteration, and Distributed Reinforcement Learning*; one bank at a time: Bertsekas 2021, *Multiagent
Reinforcement Learning: Rollout and Policy Iteration*). The planner knows the present state of the system and the
process of arrivals, never the arrivals to come.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, Self

import numpy as np
import numpy.typing as npt
from pydantic import Field, TypeAdapter, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from simcash_env.config import FifoPolicy, ScenarioConfig
from simcash_env.config.faults import RULE
from simcash_env.config.fields import Model, Number, Whole
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import DeadlinePolicy, PolicyConfig, TreePolicy
from simcash_env.config.report import broken_of
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError, ConfigError, Fault
from simcash_env.evaluation.bound_validity import decisions_of_learners
from simcash_env.evaluation.candidates import (
    LAST_LEVEL,
    Candidates,
    Changes,
    Orders,
    PolicyDecisions,
    PoolLevels,
    Scripts,
)
from simcash_env.evaluation.contenders import TUNED, Contender, best_tuned
from simcash_env.evaluation.evaluate import Evaluation, evaluate_agent
from simcash_env.evaluation.forks import EVERYBODY
from simcash_env.evaluation.grid_search import tune
from simcash_env.evaluation.policy_families import ALL_FAMILIES, Family, longest_deadline, untuned_forms
from simcash_env.evaluation.scorecard import agent_metrics
from simcash_env.evaluation.scripted import configured_ppm, nearest_levels, set_levels
from simcash_env.schema.arrays import I64
from simcash_env.schema.codes import PPM

F64 = npt.NDArray[np.float64]
PREFIX: Final = "rollout:"
"""Prefix of the names of rollout policies."""
POLICY: Final[TypeAdapter[Any]] = TypeAdapter(PolicyConfig)

Source = Literal["pool", "scripts", "orders", "changes"]
FIRST_SAMPLES: Final = 4
"""Samples of the first block under a budget in milliseconds; every further block has as many as all before it."""
BASE_LEVEL: Final = 12
"""Level of the pool head, of 20, that allocates the largest share of the base policy."""
SMALLEST_REACH: Final = 0.02
"""Share of a pool that the highest level allocates at least."""
COPIES: Final = 100
"""Runs side by side: forks of many copies at once need much memory."""


class RolloutSettings(Model):
    """Budget and search of a rollout policy."""

    samples: Whole = Field(default=32, ge=1, description="futures that are sampled at a decision")
    horizon_ticks: Whole | None = Field(
        default=None, ge=1, description="ticks that a future is played at most (default: the rest of the day)"
    )
    milliseconds_per_decision: Number | None = Field(
        default=None, gt=0, description="time for a bank's decision, after which no more futures are sampled"
    )
    banks: Literal["jointly", "in_turn"] = Field(
        default="in_turn",
        description="in_turn: bank by bank, given what those before chose; jointly: candidates for all banks at once",
    )
    objective: Literal["system", "own"] = Field(
        default="system", description="costs that are compared: of all banks, or of the deciding bank (in_turn)"
    )
    candidates: tuple[Source, ...] = Field(
        default=("pool", "scripts", "orders", "changes"), description="sources of candidates, compared in this order"
    )
    changes: Whole = Field(default=8, ge=0, description="payments of which the treatment is changed, one at a time")
    rounds: Whole = Field(default=1, ge=1, description="times that all sources are asked")
    confidence: Number = Field(
        default=1.0, ge=0,
        description="standard errors by which a candidate must be cheaper than the action it replaces",
    )  # fmt: skip
    max_queue_slots: Whole = Field(default=64, ge=1, description="payments of Queue 1 that are decided on")
    seed: Whole = Field(default=0, ge=0, description="random seed of the sampled futures")

    @model_validator(mode="after")
    def _shares_the_cost(self) -> Self:
        if self.objective == "own" and self.banks == "jointly":
            raise PydanticCustomError(RULE, "objective own needs banks in_turn: jointly, all banks share one cost")
        return self

    @property
    def is_deterministic(self) -> bool:
        """Whether the same seed gives the same decisions: a budget in milliseconds does not promise it."""
        return self.milliseconds_per_decision is None

    def describe(self) -> str:
        """The budget in words."""
        parts = [f"{self.samples} samples", self.banks.replace("_", " ")]
        if self.objective == "own":
            parts.append("own cost")
        if self.horizon_ticks is not None:
            parts.append(f"horizon {self.horizon_ticks} ticks")
        if self.milliseconds_per_decision is not None:
            parts.append(f"at most {self.milliseconds_per_decision:g} ms a decision")
        return ", ".join(parts)


@dataclass(frozen=True)
class RolloutBase:
    """A base policy and the shares of the pools that it allocates.

    Attributes:
        name: in tables.
        policy: of all deciding banks.
        shares: of each bank's pool, banks sorted by id; None for what the scenario allocates.
        others: policies whose actions are candidates.
    """

    name: str
    policy: PolicyConfig
    shares: tuple[float, ...] | None = None
    others: tuple[PolicyConfig, ...] = ()


class RolloutAgent:
    """A rollout policy that decides for all learning banks of a batch with the queue action.

    Args:
        base: the base policy; its shares are of the pools of the batch.
        settings: budget and search.
        sources: sources of candidates in place of those that the settings name.
        more: sources of candidates after these.

    Attributes:
        decisions: decisions of single banks so far.
        seconds: time that they took.
        beyond: payments that lay beyond the window, over all decisions; they are held.
    """

    def __init__(
        self, base: RolloutBase, settings: RolloutSettings, sources: Sequence[Candidates] | None = None,
        more: Sequence[Candidates] = (),
    ) -> None:  # fmt: skip
        self._base, self._settings = base, settings
        self._sources = (*(self._named_sources() if sources is None else sources), *more)
        self._vec: SimCashVec | None = None
        self.decisions, self.seconds, self.beyond = 0, 0.0, 0

    def _named_sources(self) -> tuple[Candidates, ...]:
        known: dict[Source, Candidates] = {
            "pool": PoolLevels(),
            "scripts": Scripts(self._base.others),
            "orders": Orders(),
            "changes": Changes(self._settings.changes),
        }
        return tuple(known[name] for name in self._settings.candidates)

    @property
    def milliseconds_per_decision(self) -> float:
        """Mean time for the decision of one bank."""
        return 1000.0 * self.seconds / max(self.decisions, 1)

    def act(self, vec: SimCashVec) -> I64:
        """Decide for all learning banks of all copies; copies whose episode is over get the base policy's action.

        Raises:
            ActionError: the batch does not have the queue action.
        """
        if vec.action.language != "queue":
            message = f"rollout: needs decisions on payments (action queue), the batch has {vec.action.language!r}"
            raise ActionError(message)
        begun = time.perf_counter()
        if self._vec is not vec:
            self._vec, self._policy = vec, PolicyDecisions(vec, self._base.policy)
        view = vec.queue1_view()
        running = np.flatnonzero(~vec.over())
        self._note_beyond(vec, view, running)
        chosen = self._base_action(vec, view)
        decisions = len(running) * vec.num_banks
        if len(running):
            budget = self._settings.milliseconds_per_decision
            until = None if budget is None else begun + budget * decisions / 1000.0
            self._improve_all(vec, view, chosen, running, until)
        self.decisions += decisions
        self.seconds += time.perf_counter() - begun
        return chosen

    def _note_beyond(self, vec: SimCashVec, view: Mapping[str, I64], running: I64) -> None:
        queued = vec.columns().bank_queue1_count[:, vec.learners] - view["present"].sum(axis=2)
        self.beyond += int(queued[running].sum())

    def _base_action(self, vec: SimCashVec, view: dict[str, I64]) -> I64:
        """The base policy's action."""
        heads = np.zeros(vec.actions.shape, np.int64)
        if "pool" in vec.head_index:
            shares = self._base.shares
            ppm = configured_ppm(vec) if shares is None else np.asarray(shares)[vec.learners] * PPM
            set_levels(vec, dict(view), heads, nearest_levels(vec, ppm))
        return self._policy.act(vec, view, heads)

    def _improve_all(
        self, vec: SimCashVec, view: dict[str, I64], chosen: I64, running: I64, until: float | None
    ) -> None:
        """Replace actions in ``chosen`` by better ones, source after source, of all banks or of one after another."""
        settings = self._settings
        deciding: list[int | None] = [None] if settings.banks == "jointly" else list(range(vec.num_banks))
        turns = [(bank, source) for _ in range(settings.rounds) for bank in deciding for source in self._sources]
        for turn, (bank, source) in enumerate(turns):
            proposed = source.propose(vec, view, chosen, bank)
            if bank is not None:
                proposed = [_only(chosen, actions, bank) for actions in proposed]
            now = time.perf_counter()
            share = None if until is None else now + max(until - now, 0.0) / (len(turns) - turn)
            self._improve(vec, chosen, proposed, bank, running, share)

    def _improve(
        self, vec: SimCashVec, chosen: I64, proposed: list[I64], bank: int | None, running: I64, until: float | None
    ) -> None:
        """Replace the actions of copies for which a proposed action is cheaper by enough."""
        copies, places = new_actions(chosen, proposed, running)
        if not len(copies):
            return
        asked = np.unique(copies)
        actions = np.concatenate([chosen[asked], np.stack(proposed)[places, copies]])
        payer = vec.learners[bank] if bank is not None and self._settings.objective == "own" else EVERYBODY
        costs = self._costs(actions, np.concatenate([asked, copies]), int(payer), until)
        old = costs[: len(asked)][np.searchsorted(asked, copies)]
        differences = costs[len(asked) :] - old
        means = differences.mean(axis=1)
        spread = differences.std(axis=1, ddof=1) if differences.shape[1] > 1 else np.zeros(len(means))
        errors = spread / np.sqrt(differences.shape[1])
        is_better = (means < 0.0) & (means < -self._settings.confidence * errors)
        for at in np.lexsort((np.arange(len(means)), means))[::-1]:  # the cheapest one last
            if is_better[at]:
                chosen[copies[at]] = proposed[places[at]][copies[at]]

    def _costs(self, actions: I64, copies: I64, payer: int, until: float | None) -> I64:
        """(F, K) cents of forks; with a time, as many samples as fit, at least the first block."""
        settings, forks = self._settings, self._policy.forks
        payers = np.full(len(copies), payer, np.int64)

        def play(first: int, count: int) -> I64:
            return forks.costs(
                actions, copies, payers, count,
                first_sample=first, horizon_ticks=settings.horizon_ticks, seed=settings.seed,
            )  # fmt: skip

        if until is None:
            return play(0, settings.samples)
        done = min(FIRST_SAMPLES, settings.samples)
        begun = time.perf_counter()
        parts = [play(0, done)]
        while done < settings.samples:
            now = time.perf_counter()
            count = min(done, settings.samples - done, int(done * (until - now) / max(now - begun, 1e-9)))
            if count < 1:
                break
            parts.append(play(done, count))
            done += count
        return np.concatenate(parts, axis=1)


def _only(chosen: I64, actions: I64, bank: int) -> I64:
    """The chosen actions with one bank's row of others."""
    changed = chosen.copy()
    changed[:, bank] = actions[:, bank]
    return changed


def new_actions(chosen: I64, proposed: Sequence[I64], running: I64) -> tuple[I64, I64]:
    """Copies and places among the proposed of actions that differ from the chosen one and from those before them."""
    if not proposed:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    words = np.random.default_rng(0).integers(1, 2**62, chosen[0].size) | 1
    keys = np.stack([actions.reshape(len(actions), -1) @ words for actions in (chosen, *proposed)])
    is_new = np.ones(keys[1:].shape, bool)
    for place in range(1, len(keys)):
        is_new[place - 1] = (keys[place] != keys[:place]).all(axis=0)
    places, copies = np.nonzero(is_new[:, running])
    return running[copies], places


def plain_policies(config: ScenarioConfig) -> tuple[PolicyConfig, ...]:
    """Scripted policies that nobody has tuned: every family's plain forms, and release near the deadline."""
    found: list[PolicyConfig] = [FifoPolicy()]
    for family in ALL_FAMILIES:
        found += [policy for policy in untuned_forms(config, family) if policy not in found]
    longest = longest_deadline(config)
    for ticks in (0, 1, 2, 4):
        policy = DeadlinePolicy(urgency_threshold=min(ticks, longest))
        if policy not in found:
            found.append(policy)
    return tuple(found)


def rollout_base(
    config: ScenarioConfig, policy: PolicyConfig | Mapping[str, Any] | str, shares: tuple[float, ...] | None = None
) -> RolloutBase:
    """A base policy that is not tuned: a policy, its mapping as in a scenario file, or the name of a policy or tree.

    Args:
        config: the scenario.
        policy: of all deciding banks.
        shares: of each bank's pool, banks sorted by id; None for what the scenario allocates.

    Raises:
        ConfigError: no such policy, or parameters that break a rule.
    """
    given: Any = policy
    if isinstance(policy, str):
        given = {"type": policy}
    if isinstance(given, Mapping):
        given = dict(given)
        if given.get("type") in policy_names():  # a tree of the library: what else is given is its parameters
            tree = str(given.pop("type"))
            given = {"type": "tree", "file": tree, "parameters": {name: float(given[name]) for name in given}}
        if Path(str(given.get("file", ""))).stem in policy_names():
            given["file"] = str(policy_path(Path(given["file"]).stem))
        try:
            given = POLICY.validate_python(given)
        except ValidationError as error:
            faults = [Fault(None, None, "rollout base", repr(policy), rule) for _, rule, _ in broken_of(error, given)]
            raise ConfigError(faults) from error
    name = Path(given.file).stem if isinstance(given, TreePolicy) and given.file else given.type
    return RolloutBase(name, given, shares, plain_policies(config))


def tuned_base(
    config: ScenarioConfig, tuning_seeds: Sequence[int], families: Sequence[Family] = ALL_FAMILIES
) -> RolloutBase:
    """The best tuned policy of some families as the base; what the others found is candidates.

    Args:
        config: the scenario.
        tuning_seeds: training days of the search.
        families: what is tuned; the best one is chosen on validation days.
    """
    found = {family: tune(config, family, tuning_seeds) for family in families}
    family, best = best_tuned(config, found, len(tuning_seeds))
    others = [tuned.policy for tuned in found.values() if tuned.policy != best.policy]
    others += [policy for policy in plain_policies(config) if policy not in (*others, best.policy)]
    return RolloutBase(f"{TUNED}{family}", best.policy, best.shares, tuple(others))


def with_fine_levels(config: ScenarioConfig, base: RolloutBase) -> tuple[ScenarioConfig, RolloutBase]:
    """The scenario with pools cut so that the levels of the pool head are fine around the base policy's shares.

    What a level allocates costs the same as the same cents of the whole pool. The cents that the base policy allocates
    are exactly those of a level: ``BASE_LEVEL``, a higher one where the levels would reach beyond the whole pool, a
    lower one where they would reach to less than ``SMALLEST_REACH`` of it.

    Returns:
        the scenario, and the base with shares of the cut pools.
    """
    by_id = sorted(config.banks, key=lambda bank: bank.id)
    if not any(bank.liquidity_pool for bank in by_id):
        return config, replace(base, shares=None)
    shares = base.shares or tuple(bank.liquidity_allocation_fraction for bank in by_id)
    cuts = {bank.id: cut_pool(bank.liquidity_pool or 0, share) for bank, share in zip(by_id, shares, strict=True)}
    banks = []
    for bank in config.banks:
        pool, level = cuts[bank.id]
        changes = {"liquidity_pool": pool, "liquidity_allocation_fraction": level / LAST_LEVEL}
        banks.append(bank.model_copy(update=changes) if bank.liquidity_pool else bank)
    fine = tuple(cuts[bank.id][1] / LAST_LEVEL for bank in by_id)
    return config.model_copy(update={"banks": tuple(banks)}), replace(base, shares=fine)


def cut_pool(pool_cents: int, share: float) -> tuple[int, int]:
    """Cents of a cut pool, and the level of it that allocates what the share allocates of the whole pool, rounded down.

    With allocated cents ``x`` and level ``k`` the pool is ``20 x / k`` rounded up: ``k`` twentieths of it, rounded
    down, are ``x``. A pool of which nothing is allocated stays whole.
    """
    cents = pool_cents * round(share * PPM) // PPM
    if cents == 0:
        return pool_cents, 0
    smallest = math.ceil(pool_cents * SMALLEST_REACH)
    level = min(BASE_LEVEL, LAST_LEVEL * cents // smallest)
    level = max(level, -(-LAST_LEVEL * cents // pool_cents), 1)
    return -(-LAST_LEVEL * cents // level), level


def evaluate_rollout(
    config: ScenarioConfig, base: RolloutBase, seeds: Sequence[int], settings: RolloutSettings | None = None
) -> Evaluation:
    """Play a rollout policy through the environment, one copy a seed; the evaluation states the time a decision took.

    Args:
        config: the scenario; the policy decides for its external banks, or for all where there is none.
        base: the base policy.
        seeds: one a run.
        settings: budget and search.

    Raises:
        ActionError: the base policy cannot be played in forks, or a queue is longer than the window.
    """
    return play_rollout(config, base, seeds, RolloutSettings() if settings is None else settings).evaluation


def play_rollout(
    config: ScenarioConfig, base: RolloutBase, seeds: Sequence[int], settings: RolloutSettings
) -> Contender:
    """A rollout policy on these days, as a row of a comparison; see ``evaluate_rollout``."""
    cut, fine = with_fine_levels(config, base)
    agent, slots = RolloutAgent(fine, settings), settings.max_queue_slots
    played = evaluate_agent(cut, agent, seeds, max_queue_slots=slots, copies=COPIES)
    if agent.beyond:
        message = (
            f"rollout: max_queue_slots {slots}: {agent.beyond:,} times a payment lay beyond the window and would be "
            "held; choose a larger window"
        )
        raise ActionError(message)
    played = replace(played, milliseconds_per_decision=agent.milliseconds_per_decision)
    allowed = replace(decisions_of_learners(config), pool="any")
    measure = partial(agent_metrics, cut, RolloutAgent(fine, settings), max_queue_slots=slots)
    name = f"{PREFIX}{base.name}"
    return Contender(name, settings.describe(), played, allowed, measure, config)
