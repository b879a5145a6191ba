"""Plays a submitted policy: observations of the PettingZoo environment to its process, its actions back."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from simcash_env.compile.market import with_interest
from simcash_env.config import ScenarioConfig
from simcash_env.config.report import shown
from simcash_env.envs.parallel import SimCashParallelEnv
from simcash_env.errors import ActionError, ConfigError, Fault, SubmissionError
from simcash_env.evaluation.bound_validity import AllowedDecisions, decisions_of_learners
from simcash_env.evaluation.evaluate import Evaluation, deciding_banks, is_random, played_seeds
from simcash_env.evaluation.lower_bounds import with_any_share
from simcash_env.evaluation.submission_archive import FACTS_FILE, PACKAGE, Archive, Options, extract
from simcash_env.evaluation.submission_process import Limits, PolicyProcess
from simcash_env.schema.arrays import I64

NUM_REPEATED: Final = 3
"""Days that are played a second time, by a new process and in the opposite order."""

Actions = list[npt.NDArray[Any]]


class ScoredEnv(SimCashParallelEnv):
    """The parallel environment of the deciding banks, with the accounts that a score is made of."""

    def __init__(self, config: ScenarioConfig, options: Options) -> None:
        super().__init__(
            config, learners=deciding_banks(config), max_queue_slots=options.max_queue_slots, action=options.action,
            mask=options.mask, normalize=options.normalize,
        )  # fmt: skip

    def seen(self) -> dict[str, npt.NDArray[Any]]:
        """Observations, and masks where the action has them: a row for each agent."""
        masks = self._vec.action_masks
        found = {"observation": self._vec.observations[0]}
        return found if masks is None else found | {"action_mask": masks[0]}

    def account(self) -> tuple[I64, I64]:
        """Costs of the run in cents (banks, kinds), and the value that arrived and that settled in cents (2,)."""
        state = self._vec.state(0)
        costs = with_interest(state.run_cost_cents, state.trader_run_interest_cents)
        return costs, np.array([state.arrived_cents[0], state.settled_cents[0]])


@dataclass(frozen=True)
class Score:
    """What a submitted policy did on days of a scenario.

    Attributes:
        evaluation: its costs, with the mean time for a bank's decision.
        illegal_choices: mean number a run; each counts as hold.
        slowest_milliseconds: the longest time for the actions of one tick.
        allowed: what its actions can do, for comparison with bounds.
        versions: of the libraries that it names, as installed where it ran.
        python: version of the interpreter that it ran in.
        unlimited: limits that the operating system did not have.
    """

    evaluation: Evaluation
    illegal_choices: float
    slowest_milliseconds: float
    allowed: AllowedDecisions
    versions: dict[str, str | None]
    python: str
    unlimited: tuple[str, ...]


def score(
    archive: Archive,
    config: ScenarioConfig,
    seeds: Sequence[int],
    *,
    limits: Limits | None = None,
    python: Path | None = None,
    report: Callable[[str], None] | None = None,
) -> Score:
    """Play a policy on given days, and the first days again to see that it decides the same.

    Args:
        archive: checked.
        config: the scenario.
        seeds: one a run; only the first where neither scenario nor policy draws anything.
        limits: of the policy's process.
        python: interpreter of the policy's environment.
        report: called with a few words now and then.

    Raises:
        SubmissionError: the policy fails, breaks a limit, or does not repeat its actions.
        ConfigError: a library that it names is not installed where it runs, or an option does not fit the scenario.
    """
    days = tuple(seeds) if archive.facts.stochastic else played_seeds(config, seeds)
    env = ScoredEnv(config, archive.facts.options)
    limits = limits or Limits()
    tell = report or (lambda _: None)
    with running(archive, env, config.name, limits, python) as (process, versions, release):
        play = _Play(archive.facts.name, process, env)
        for place, seed in enumerate(days):
            play.day(place, seed, keep=place < NUM_REPEATED)
            tell(f"{config.name}: day {place + 1} of {len(days)}")
        unlimited = tuple(process.unlimited)
    require_repeated(archive, env, config.name, days, play.kept, limits, python)
    cents, value = np.stack(play.cents), np.sum(play.value, axis=0).tolist()
    decisions = sum(map(len, play.seconds)) * len(env.possible_agents)
    milliseconds = 1_000 * float(sum(map(sum, play.seconds))) / decisions
    evaluation = Evaluation(
        config.name, days, tuple(sorted(bank.id for bank in config.banks)), cents, is_random(config), milliseconds,
        (value[0], value[1]),
    )  # fmt: skip
    may = decisions_of_learners(config)
    return Score(
        evaluation, play.illegal / len(days), 1_000 * max(map(max, play.seconds)),
        may if archive.facts.options.action == "queue" else with_any_share(may), versions, release, unlimited,
    )  # fmt: skip


@contextmanager
def running(
    archive: Archive, env: ScoredEnv, scenario: str, limits: Limits, python: Path | None
) -> Iterator[tuple[PolicyProcess, dict[str, str | None], str]]:
    """A process with the policy made, its libraries' versions and its Python's; in a temporary folder."""
    facts = archive.facts
    with tempfile.TemporaryDirectory(prefix="simcash-policy-", ignore_cleanup_errors=True) as place:
        folder = Path(place) / "policy"
        folder.mkdir()
        extract(archive, folder)
        with PolicyProcess(facts.name, folder, limits, python) as process:
            versions, release = process.look(tuple(facts.versions))
            require_installed(archive, versions, python)
            process.make(facts.entry_point, setup_of(env, scenario, folder))
            yield process, versions, release


def require_installed(archive: Archive, versions: dict[str, str | None], python: Path | None) -> None:
    """Refuse a policy whose libraries are missing where it runs; the package itself need not be there.

    Raises:
        ConfigError: lists them.
    """
    where = "this environment" if python is None else f"the environment of {python}"
    faults = [
        Fault(f"{archive.path}!{FACTS_FILE}", None, f"versions.{name}", shown(archive.facts.versions[name]),
              f"is not installed in {where}")
        for name, found in versions.items()
        if found is None and name != PACKAGE
    ]  # fmt: skip
    if faults:
        raise ConfigError(faults)


def setup_of(env: ScoredEnv, scenario: str, folder: Path) -> dict[str, Any]:
    """What the entry point receives; plain data."""
    agents, seen = env.possible_agents, env.seen()
    mask = seen.get("action_mask")
    return {
        "scenario": scenario,
        "banks": list(agents),
        "folder": str(folder),
        "num_ticks": env.max_cycles,
        "reward_scale": env.reward_scale,
        "observation_layout": list(env.observation_layout),
        "observation_size": int(seen["observation"].shape[1]),
        "mask_shape": None if mask is None else list(mask.shape[1:]),
        "action": action_of(env.action_space(agents[0])),
    }


def action_of(space: spaces.Space[Any]) -> dict[str, Any]:
    """A space of actions as plain data."""
    shape = list(space.shape or ())
    if isinstance(space, spaces.MultiDiscrete):
        return {"kind": "multi_discrete", "nvec": space.nvec.tolist(), "shape": shape, "dtype": "<i8"}
    if isinstance(space, spaces.Discrete):
        return {"kind": "discrete", "n": int(space.n), "shape": shape, "dtype": "<i8"}
    low, high = float(space.low.min()), float(space.high.max())  # type: ignore[attr-defined]
    return {"kind": "box", "low": low, "high": high, "shape": shape, "dtype": "<f8"}


class _Play:
    """Days that a process plays, one after another."""

    def __init__(self, name: str, process: PolicyProcess, env: ScoredEnv, *, apart: bool = False) -> None:
        self._name, self._process, self._env, self._apart = name, process, env, apart
        self._action = action_of(env.action_space(env.possible_agents[0]))
        self.cents: list[I64] = []
        self.value: list[I64] = []
        self.seconds: list[list[float]] = []
        self.kept: list[Actions] = []
        self.illegal = 0

    def day(self, place: int, seed: int, *, keep: bool = False) -> Actions:
        """Play one day; ``place`` seeds the policy's own draws.

        Raises:
            SubmissionError: the policy fails, or an action is out of range.
        """
        env, actions, seconds = self._env, [], []
        env.reset(seed=seed)
        self._process.reset(place)
        while env.agents:
            rows, took = self._decide()
            actions.append(rows)
            seconds.append(took)
            try:
                _, _, _, _, infos = env.step(dict(zip(env.possible_agents, rows, strict=True)))
            except ActionError as error:
                message = f"{self._name}: seed {seed}, tick {len(actions) - 1}: {error}"
                raise SubmissionError(message) from error
            self.illegal += sum(info["illegal_actions"] for info in infos.values())
        cents, value = env.account()
        self.cents.append(cents.copy())
        self.value.append(value)
        self.seconds.append(seconds)
        if keep:
            self.kept.append(actions)
        return actions

    def _decide(self) -> tuple[npt.NDArray[Any], float]:
        """Actions of all banks, asked for together or bank by bank, and the seconds that this took."""
        seen, banks = self._env.seen(), self._env.possible_agents
        groups = [slice(place, place + 1) for place in range(len(banks))] if self._apart else [slice(None)]
        begun = time.perf_counter()
        rows = [
            self._process.decide(
                banks[group], {name: array[group] for name, array in seen.items()}, tuple(self._action["shape"]),
                self._action["dtype"],
            )
            for group in groups
        ]  # fmt: skip
        return np.concatenate(rows), time.perf_counter() - begun


def require_repeated(
    archive: Archive,
    env: ScoredEnv,
    scenario: str,
    seeds: Sequence[int],
    kept: Sequence[Actions],
    limits: Limits,
    python: Path | None,
) -> None:
    """Play the kept days again in a new process, last day first; without shared information bank by bank.

    Raises:
        SubmissionError: an action differs.
    """
    facts = archive.facts
    is_apart = facts.information == "own"
    with running(archive, env, scenario, limits, python) as (process, _, _):
        play = _Play(facts.name, process, env, apart=is_apart)
        for place in reversed(range(len(kept))):
            again = play.day(place, seeds[place])
            for tick, (first, second) in enumerate(zip(kept[place], again, strict=True)):
                if not np.array_equal(first, second):
                    how = "bank by bank, " if is_apart else ""
                    message = (
                        f"{facts.name}: seed {seeds[place]}, tick {tick}: other actions when the day is played again "
                        f"({how}in a new process, the last day first); a policy must decide the same"
                    )
                    raise SubmissionError(message)
