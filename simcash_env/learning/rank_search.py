"""Search over the constants of a ``rank`` action with CMA-ES (Hansen & Ostermeier 2001), by the library ``cmaes``.

Every generation plays all its candidates on the same training days, the next generation on others. The search starts
from the cheapest of a few scripts, said in constants. Nothing is learned by gradients: this is the black-box baseline.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.config.library import policy_path
from simcash_env.config.policies import FifoPolicy, PolicyConfig, TreePolicy
from simcash_env.envs.families import Randomize
from simcash_env.envs.vector import SimCashVec, make_vec
from simcash_env.errors import ConfigError, Fault, SnapshotError
from simcash_env.evaluation.rank_scripts import Account, Values, rank_values
from simcash_env.evaluation.seeds import SEEDS_PER_RUN, training_seeds
from simcash_env.evaluation.statistics import conditional_value_at_risk
from simcash_env.files import replacing
from simcash_env.learning.checkpoint import (
    CheckpointFacts,
    Trained,
    facts_to_resume,
    find_checkpoint,
    read_facts,
    resume_path,
    save_checkpoint,
)
from simcash_env.learning.expert import OURS, ExpertSettings, policy_of
from simcash_env.learning.monitor import CtrlC, Log
from simcash_env.learning.rank_policy import (
    COVER,
    LACK,
    POOL,
    POOL_SLOPE,
    RATE,
    RATE_SLOPE,
    RankParameters,
    RankPolicy,
    RankShape,
)
from simcash_env.learning.settings import SEARCH, TrainingSettings

if TYPE_CHECKING:
    from cmaes import CMA

F64 = npt.NDArray[np.float64]
Report: TypeAlias = Callable[[int, float, float], None]

LAST_DAYS: Final = 900_000
"""Training days from here on choose between the start and what was found; generations use those before."""
LAST_TRAINING: Final = 999_000
CHECKS: Final = 16
"""Generations' worth of days for that choice, or as many as there are."""
SHARES: Final = (0.02, 0.05, 0.08, 0.11, 0.14, 0.2, 0.3, 0.5, 0.75, 1.0)
"""Pool shares that a start is tried with where no expert names them."""
COVERS: Final = (0.0, 1.0)
"""Shares of what a bank lacks or has over that the orders of a start cover; a corridor trader's cover all."""
MIDDLE_RATE, STEEPNESS = 0.5, 2.5
"""Of a start, the rate within the corridor of a bank that lacks nothing, and its slope with what it lacks."""
URGENT_FIRST: Final[Values] = {
    "weight_urgency": 1.0, "weight_size": 0.3, "balance_share": 1.0, "credit_share": 1.0, "submit_closing": 0.0,
}  # fmt: skip
"""``urgent_first``: what is funded, by deadline, then the largest."""


def _tree(name: str, **parameters: float) -> PolicyConfig:
    return TreePolicy(file=str(policy_path(name)), parameters=parameters)


def scripts() -> list[PolicyConfig]:
    """Scripts whose constants a search may start from."""
    return [
        FifoPolicy(),
        *(_tree("balance_first", urgent_ticks=ticks) for ticks in (0.0, 1.0, 2.0)),
        *(_tree("offset_seeker", urgent_ticks=ticks) for ticks in (0.0, 1.0)),
        _tree("priority_first"),
        *(_tree("small_first", urgent_ticks=ticks) for ticks in (0.0, 1.0)),
    ]


def constants(values: Mapping[str, Any]) -> dict[str, float]:
    """Values of components as one number each: of those that follow the account, the mean."""
    return {name: float(np.mean(value)) for name, value in values.items()}


class RankSearch:
    """A search; ``step`` plays one generation.

    A few days can decide what a policy costs: where the start costs most, in every generation, if the settings say so.

    Args:
        settings: of the search.
        seed: of the candidates and the days.
        config: the scenario where ``settings.scenario`` is not to be loaded.
    """

    def __init__(self, settings: TrainingSettings, seed: int, config: ScenarioConfig | None = None) -> None:
        self.settings = settings = settings.model_copy(update={"action": "rank", "largest_share": 1.0, **NO_SLOTS})
        self.seed, self.days = seed, settings.search.days
        self.vec = make_vec(
            settings.config() if config is None else config, self.days, learners=settings.learners, max_queue_slots=0,
            action="rank", autoreset="disabled", max_ticks=settings.max_ticks,
            randomize=None if settings.randomize is None else Randomize(**settings.randomize),
        )  # fmt: skip
        self.shape = RankShape.of(self.vec)
        self.layout = RankParameters(self.shape, settings.search.by_day, settings.search.slopes)
        self.groups = self.vec.num_banks if settings.policies == "own" else 1
        self.steps, self.history, self.means = 0, list[F64](), list[F64]()
        self.scale = np.tile(self.layout.steps(), self.groups)
        self.is_searched = np.tile(self.layout.chosen(settings.search.components or self.layout.names), self.groups)
        self.strata: Strata | None = None
        self.start, self.start_name = self.best_start()
        self.origin = self.with_start_values()
        if settings.search.expensive_days:
            self.strata = self.drawn_strata()
        self.search = self.new_search()

    def new_search(self) -> CMA:
        """The library's optimiser at the start, in units of the first steps."""
        from cmaes import CMA

        given = self.settings.search
        return CMA(
            np.zeros(int(self.is_searched.sum())), given.spread, seed=self.seed, population_size=given.population,
            lr_adapt=given.adapts_rate,
        )  # fmt: skip

    def policy(self, parameters: F64) -> RankPolicy:
        """The policy with these parameters, all groups in one row."""
        return RankPolicy(self.settings, self.shape, parameters.reshape(self.groups, -1))

    def costs(self, parameters: F64, seeds: tuple[int, ...]) -> F64:
        """Cost in cents of a learning bank on each day, (days,)."""
        vec, policy = self.vec, self.policy(parameters)
        vec.reset(list(seeds))
        cents = np.zeros(vec.num_envs)
        for _ in range(self.num_ticks):
            vec.step(policy.act(vec.observations))
            cents += vec.costs.sum(axis=(1, 2))
        return cents / vec.num_banks

    def objective(self, cents: F64) -> float:
        """What the search minimises: mean cost, plus ``risk_weight`` times the mean of the most expensive days."""
        given, mean = self.settings.search, float(cents.mean())
        if given.risk_weight == 0.0:
            return mean
        return mean + given.risk_weight * conditional_value_at_risk(cents, given.risk_level)

    def objective_of_generation(self, cents: F64) -> float:
        """The objective on the days of a generation, of which the expensive ones count as often as they occur."""
        return self.objective(cents) if self.strata is None else self.strata.mean(cents)

    def drawn_strata(self) -> Strata:
        """The training days on which the start costs most, and the others."""
        given = self.settings.search
        among = given.expensive_among
        first = (self.seed * SEEDS_PER_RUN) % (LAST_DAYS - among)
        days = np.array(training_seeds(among, first))
        padded = np.resize(days, -(-among // self.days) * self.days)
        costs = [self.costs(self.start, tuple(part.tolist())) for part in padded.reshape(-1, self.days)]
        by_cost = np.argsort(-np.concatenate(costs)[:among], kind="stable")
        chosen, others = by_cost[: given.expensive_days], np.sort(by_cost[given.expensive_days :])
        return Strata(tuple(days[chosen].tolist()), tuple(days[others].tolist()))

    @property
    def num_ticks(self) -> int:
        """Ticks of an episode."""
        cut = self.settings.max_ticks
        return self.vec.num_ticks if cut is None else min(cut, self.vec.num_ticks)

    @property
    def decisions(self) -> int:
        """Decisions of banks in a generation."""
        return self.settings.search.population * self.days * self.num_ticks * self.vec.num_banks

    def days_of(self, generation: int) -> tuple[int, ...]:
        """The training days of a generation."""
        if self.strata is not None:
            return self.strata.days_of(generation, self.days)
        first = (self.seed * SEEDS_PER_RUN + generation * self.days) % (LAST_DAYS - self.days)
        return training_seeds(self.days, first)

    def starts(self) -> dict[str, F64]:
        """Parameters to start from by name: the scripts and the settings' expert, or those of ``search.start``."""
        if self.settings.search.start is not None:
            return {self.settings.search.start: self.stored_start(self.settings.search.start)}
        settings, account = self.settings, account_at_first(self.vec, self.days_of(0))
        found = {f"{policy.type} {place}": rank_values(policy, account) for place, policy in enumerate(scripts())}
        expert = settings.expert
        shares: tuple[float, ...] = SHARES
        slope = 0.0
        if isinstance(expert, ExpertSettings):
            kind = expert.policy["type"]
            found["expert"] = URGENT_FIRST if kind in OURS else rank_values(policy_of(expert.policy), account)
            shares, slope = (float(np.mean(expert.shares)),) if expert.shares else SHARES, expert.arrivals
        starts = {name: constants(values) for name, values in found.items()}
        if self.layout.has_pool:
            starts = {
                f"{name}, pool {share:g}": values | {POOL: share, POOL_SLOPE: slope}
                for name, values in starts.items()
                for share in shares
            }
        if self.shape.market is not None:
            starts = {
                f"{name}, orders {cover:g}": values
                | {LACK: self.credit_share(), COVER: cover, RATE: MIDDLE_RATE, RATE_SLOPE: STEEPNESS}
                for name, values in starts.items()
                for cover in COVERS
            }
        return {name: self.tiled(values) for name, values in starts.items()}

    def stored_start(self, name: str) -> F64:
        """Parameters of an earlier search, by name; those that it did not have are 0 or their default.

        Raises:
            SnapshotError: the policy cannot be read.
            ConfigError: this search cannot express it: it has the same constants for all banks, or lacks parameters.
        """
        stored = RankPolicy.load(find_checkpoint(Path(name)))
        known, groups = stored.layout.names, len(stored.parameters)
        used = zip(known, stored.parameters.T, strict=True)
        lost = [one for one, column in used if column.any() and one not in self.layout.names]
        rule = f"has {', '.join(lost)}, which this search lacks" if lost else ""
        if groups not in {1, self.groups}:
            rule = f"has constants for each of {groups} banks, this search has the same for all"
        if rule:
            raise ConfigError([Fault(None, None, "search.start", repr(name), rule)])
        rows = [self.layout.array(dict(zip(known, row, strict=True))) for row in stored.parameters.tolist()]
        return np.concatenate(rows * (self.groups // groups))

    def credit_share(self) -> float:
        """Mean overdraft limit of the learning banks in days of their payments; a gap counts it, a balance does not."""
        view, banks = self.vec.scenario.view, self.vec.learners
        return float(np.mean(view.bank_credit_limit_cents[banks] / view.bank_flow_scale_cents[banks]))

    def tiled(self, values: Mapping[str, float]) -> F64:
        """Parameters of all groups, each with these values."""
        return np.tile(self.layout.array(values), self.groups)

    def best_start(self) -> tuple[F64, str]:
        """The best start on the days of the first generation, and its name."""
        starts, seeds = self.starts(), self.days_of(0)
        costs = {name: self.objective(self.costs(parameters, seeds)) for name, parameters in starts.items()}
        best = min(costs, key=lambda name: costs[name])
        return starts[best], best

    def with_start_values(self) -> F64:
        """Where the search begins: the start, with the values that the settings name.

        Raises:
            ConfigError: there is no parameter of a name.
        """
        values = self.settings.search.start_values
        named = self.layout.chosen(values, "search.start_values")
        return np.where(np.tile(named, self.groups), self.tiled(values), self.start)

    def moved(self, point: F64) -> F64:
        """Parameters at a point of the optimiser; those that are not searched stay as where it began."""
        parameters = self.origin.copy()
        parameters[self.is_searched] += self.scale[self.is_searched] * point
        return parameters

    def step(self, played: F64 | None = None) -> float:
        """Play a generation, or take its costs from an earlier run; returns the mean objective of its candidates."""
        generation = len(self.history)
        points = [self.search.ask() for _ in range(self.search.population_size)]
        if played is None:
            seeds = self.days_of(generation)
            played = np.array([self.objective_of_generation(self.costs(self.moved(point), seeds)) for point in points])
        self.search.tell([(point, float(cost)) for point, cost in zip(points, played, strict=True)])
        self.history.append(played)
        self.means.append(self.moved(self.search.mean))
        self.steps += self.decisions
        return float(played.mean())

    def goes_on(self, settings: TrainingSettings) -> bool:
        """Is there budget for another generation? There is always one."""
        limit = settings.search.generations
        return len(self.history) < (limit or max(settings.total_steps // self.decisions, 1))

    @property
    def checks(self) -> int:
        """Generations' worth of days that choose the best policy."""
        return min(CHECKS, (LAST_TRAINING - LAST_DAYS - 1) // self.days)

    def best(self) -> F64:
        """The cheapest of the start, the last mean and the mean of the last third, on days that no generation uses."""
        if not self.means:
            return self.start
        last = self.means[-max(len(self.means) // 3, 1) :]
        candidates: list[F64] = [self.start, self.means[-1], np.mean(last, axis=0)]
        needed = self.checks * self.days
        first = LAST_DAYS + (self.seed * needed) % (LAST_TRAINING - LAST_DAYS - needed)
        parts = [training_seeds(self.days, first + part * self.days) for part in range(self.checks)]
        costs = [sum(self.objective(self.costs(row, seeds)) for seeds in parts) for row in candidates]
        return candidates[int(np.argmin(costs))]

    def facts(self, curve: list[tuple[int, float]]) -> CheckpointFacts:
        """The metadata of a checkpoint."""
        return CheckpointFacts(
            self.settings.scenario, self.seed, self.steps, self.settings.model_dump(mode="json"), self.vec.bank_ids,
            curve=tuple(curve), algorithm=SEARCH, shape=asdict(self.shape),
        )  # fmt: skip


@dataclass(frozen=True)
class Strata:
    """Training days in two strata: few that cost the start most, played by every generation, and the others.

    Attributes:
        expensive: seeds of the days on which the start costs most.
        others: seeds of the rest.
    """

    expensive: tuple[int, ...]
    others: tuple[int, ...]

    def days_of(self, generation: int, count: int) -> tuple[int, ...]:
        """The days of a generation: all expensive ones, then as many others as are left, in turn."""
        left = count - len(self.expensive)
        places = np.arange(generation * left, (generation + 1) * left) % len(self.others)
        return self.expensive + tuple(np.array(self.others)[places].tolist())

    def mean(self, cents: F64) -> float:
        """Mean over all days in both strata, from costs on the days of a generation (Cochran 1977, ch. 5)."""
        first, rest = len(self.expensive), len(self.others)
        return float(cents[:first].sum() + cents[first:].mean() * rest) / (first + rest)


NO_SLOTS: Final[dict[str, Any]] = {"max_queue_slots": 0}
"""The policy reads no payment."""


def account_at_first(vec: SimCashVec, seeds: tuple[int, ...]) -> Account:
    """The account of every bank at its first decision."""
    vec.reset(list(seeds))
    return Account(vec)


def save(run: RankSearch, policy: RankPolicy, path: Path, curve: list[tuple[int, float]]) -> CheckpointFacts:
    """Write the policy, its metadata and what a resumed search needs."""
    save_checkpoint(policy, path, run.facts(curve))
    with replacing(resume_path(path)) as fresh, fresh.open("wb") as file:
        np.save(file, np.array(run.history).reshape(len(run.history), -1), allow_pickle=False)
    return read_facts(path)


def resume_run(run: RankSearch, path: Path) -> list[tuple[int, float]]:
    """Bring a new search to the state of a checkpoint without playing; returns the checkpoint's curve.

    Raises:
        SnapshotError: files are missing, or of other settings or another seed.
    """
    facts = facts_to_resume(path, run.settings, run.seed, SEARCH)
    try:
        history = np.load(resume_path(path), allow_pickle=False)
    except (OSError, ValueError) as error:
        message = f"{resume_path(path)}: needed to resume, and cannot be read: {error}"
        raise SnapshotError(message) from error
    if len(history) * run.decisions != facts.steps:
        message = f"{resume_path(path)}: written at another moment than {path}"
        raise SnapshotError(message)
    for played in history:
        run.step(played)
    return list(facts.curve)


def train(
    settings: TrainingSettings,
    seed: int,
    *,
    out: Path | None = None,
    resume: Path | None = None,
    config: ScenarioConfig | None = None,
    report: Report | None = None,
    max_seconds: float | None = None,
    tensorboard: Path | None = None,
) -> Trained:
    """Search for constants; the same settings and seed give the same constants, interrupted or not.

    The budget is ``settings.search.generations``, or ``settings.total_steps`` decisions of banks if that is 0.

    Args:
        settings: of the training; ``search`` has those of the search, ``expert`` one more start.
        seed: of candidates and days.
        out: where to save a ``.npy`` with its ``.json`` and ``.resume``: at the end and on Ctrl-C.
        resume: a checkpoint of the same settings and seed to continue from, exactly.
        config: the scenario itself where ``settings.scenario`` is not to be loaded.
        report: called after every generation with steps, mean cost of a bank and episode in cents, and minus this cost.
        max_seconds: stop after this time.
        tensorboard: folder for TensorBoard logs.

    Returns:
        The policy and its metadata; ``is_complete`` is False after Ctrl-C.

    Raises:
        SnapshotError: ``resume`` is not a checkpoint of these settings and this seed.
    """
    run = RankSearch(settings, seed, config)
    curve = [] if resume is None else resume_run(run, resume)
    began = time.monotonic()
    with CtrlC() as pressed, Log(tensorboard) as log:
        while not pressed.once and run.goes_on(settings):
            if max_seconds is not None and time.monotonic() - began > max_seconds and run.history:
                break
            cents = run.step()
            curve.append((run.steps, cents))
            log.write({"cents": cents}, run.steps)
            if report is not None:
                report(run.steps, cents, -cents)
    policy = run.policy(run.best())
    facts = run.facts(curve) if out is None else save(run, policy, out, curve)
    return Trained(policy, facts, not pressed.once)
