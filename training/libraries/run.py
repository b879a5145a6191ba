"""One short training of a library: decisions and illegal choices are counted, returns measured before and after."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt
from pettingzoo import ParallelEnv
from pettingzoo.utils import BaseParallelWrapper

import simcash_env.envs  # noqa: F401 - registers the ids
from simcash_env import simcash_v0
from simcash_env.files import write_atomically
from simcash_env.machine import machine

SCENARIO: Final = "castro-12period-v0"
ID: Final = "SimCash/Castro12-v0"
SLOTS: Final = 8
FIRST_SEED, EPISODES = 9_000, 100
"""Days on which returns are measured: not used in training, and not the test days of the benchmark."""

Act: TypeAlias = Callable[[npt.NDArray[Any], Any], Any]
"""Actions (L, ...) of all learning banks for their observations (L, D) and flat masks (L, M), or None."""


@dataclass
class Counter:
    """What the environments of a training have done."""

    decisions: int = 0
    illegal: int = 0

    def add(self, infos: Mapping[Any, Any]) -> None:
        """Count a step of these agents."""
        self.decisions += len(infos)
        self.illegal += sum(int(info["illegal_actions"]) for info in infos.values())


class CountedParallel(BaseParallelWrapper[Any, Any, Any]):
    """A PettingZoo environment that counts the decisions and illegal choices of its agents."""

    def __init__(self, env: ParallelEnv[Any, Any, Any], counter: Counter) -> None:
        super().__init__(env)
        self.counter = counter

    def step(self, actions: Any) -> Any:
        """Step and count."""
        result = self.env.step(actions)
        self.counter.add(result[4])
        return result


class CountedSingle(gymnasium.Wrapper[Any, Any, Any, Any]):
    """A Gymnasium environment that counts the decisions and illegal choices of its bank."""

    def __init__(self, env: gymnasium.Env[Any, Any], counter: Counter) -> None:
        super().__init__(env)
        self.counter = counter

    def step(self, action: Any) -> Any:
        """Step and count."""
        result = self.env.step(action)
        self.counter.add({"bank": result[4]})
        return result


@dataclass(frozen=True)
class Returns:
    """Undiscounted returns of a bank's days."""

    mean: float
    error: float
    illegal: int


@dataclass
class Row:
    """A row of the table of libraries."""

    library: str
    algorithm: str
    arguments: str
    masks: str
    versions: dict[str, str]
    seed: int
    decisions: int = 0
    seconds: float = 0.0
    decisions_per_s: float = 0.0
    before: Returns | None = None
    after: Returns | None = None
    training_illegal: int = 0
    machine: str = field(default_factory=machine)

    @property
    def illegal(self) -> int:
        """Illegal choices in the training and on the days after it."""
        return self.training_illegal + (0 if self.after is None else self.after.illegal)


@dataclass(frozen=True)
class Library:
    """What a file of this folder tells of its training.

    Attributes:
        title: of the row.
        packages: distributions whose versions the row names.
        algorithm: what is trained.
        arguments: options of the environment, as one writes them.
        masks: how the library applies them.
    """

    title: str
    packages: tuple[str, ...]
    algorithm: str
    arguments: str
    masks: str


class Run:
    """A training of a library.

    Args:
        library: what its file tells.
        seconds: how long it trains, about, in processor time of this process.
        seed: of the library's random numbers.
    """

    def __init__(self, library: Library, seconds: float, seed: int) -> None:
        versions = {name: version(name) for name in ("simcash-env", *library.packages)}
        self.row = Row(library.title, library.algorithm, library.arguments, library.masks, versions, seed)
        self.seconds, self.seed, self.counter = seconds, seed, Counter()
        self._began = 0.0

    def parallel_env(self, **options: Any) -> CountedParallel:
        """A PettingZoo environment whose steps count."""
        return CountedParallel(simcash_v0.parallel_env(SCENARIO, max_queue_slots=SLOTS, **options), self.counter)

    def gymnasium_env(self, **options: Any) -> gymnasium.Env[Any, Any]:
        """A Gymnasium environment whose steps count."""
        return CountedSingle(gymnasium.make(ID, max_queue_slots=SLOTS, **options), self.counter)

    def measure(self, act: Act, **options: Any) -> Returns:
        """Play days with these actions; their decisions do not count as training."""
        env = simcash_v0.parallel_env(SCENARIO, max_queue_slots=SLOTS, **options)
        totals, counter = [], Counter()
        for day in range(EPISODES):
            observations, infos = env.reset(seed=FIRST_SEED + day)
            total = np.zeros(len(env.agents))
            while env.agents:
                agents = list(env.agents)
                masks = (
                    np.stack([infos[one]["action_mask"] for one in agents])
                    if "action_mask" in infos[agents[0]]
                    else None
                )
                actions = act(np.stack([observations[one] for one in agents]), masks)
                observations, rewards, _, _, infos = env.step(dict(zip(agents, actions, strict=True)))
                counter.add(infos)
                total += [rewards[one] for one in agents]
            totals.append(total)
        found = np.concatenate(totals)
        return Returns(float(found.mean()), float(found.std() / np.sqrt(len(found))), counter.illegal)

    def before(self, act: Act, **options: Any) -> None:
        """Measure the untrained policy."""
        self.row.before = self.measure(act, **options)

    def after(self, act: Act, **options: Any) -> None:
        """Measure the trained policy."""
        self.row.after = self.measure(act, **options)

    @contextmanager
    def training(self) -> Iterator[None]:
        """Measure the processor time of what is inside, and count its decisions and illegal choices."""
        decisions, illegal, self._began = self.counter.decisions, self.counter.illegal, time.process_time()
        yield
        self.row.seconds += time.process_time() - self._began
        self.row.decisions += self.counter.decisions - decisions
        self.row.training_illegal += self.counter.illegal - illegal
        self.row.decisions_per_s = self.row.decisions / self.row.seconds

    def is_over(self) -> bool:
        """Whether the training has taken its time."""
        return time.process_time() - self._began >= self.seconds


def read_rows(path: Path) -> dict[str, Row]:
    """The rows of a file by name of the library's file; none where there is no file."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    for row in rows.values():
        row["before"], row["after"] = (Returns(**row[key]) if row[key] else None for key in ("before", "after"))
    return {name: Row(**row) for name, row in rows.items()}


def write_rows(rows: Mapping[str, Row], path: Path) -> None:
    """Write the rows as JSON, sorted by name."""
    data = {name: asdict(rows[name]) for name in sorted(rows)}
    write_atomically(path, (json.dumps(data, indent=1) + "\n").encode())


def as_markdown(rows: Mapping[str, Row]) -> str:
    """The table of libraries: arguments, and what a short training gave."""
    lines = [
        "| library | algorithm | arguments | masks | seconds | decisions per second | before | after | illegal |",
        "|---|---|---|---|---:|---:|---:|---:|---:|",
    ]
    for _, row in sorted(rows.items()):
        names = [name for name in row.versions if name not in {"simcash-env", "torch"}] or ["torch"]
        own = [f"{name} {row.versions.get(name, '')}" for name in names]
        returns = [f"{one.mean:.2f} ± {one.error:.2f}" if one else "" for one in (row.before, row.after)]
        lines.append(
            f"| {row.library} ({', '.join(own)}) | {row.algorithm} | `{row.arguments}` | {row.masks} "
            f"| {row.seconds:.0f} | {row.decisions_per_s:,.0f} | {returns[0]} | {returns[1]} "
            f"| {row.illegal:,} of {row.decisions:,} |"
        )
    machines = sorted({row.machine for row in rows.values()})
    seeds = sorted({row.seed for row in rows.values()})
    note = (
        f"`{SCENARIO}`, {SLOTS} queue slots; one run of each library, seed {', '.join(map(str, seeds))}: "
        f"mean return of a bank's day before and after, with its standard error, on {EPISODES} days; stochastic "
        "policies are sampled. "
        "Seconds are of processor time. Illegal are choices in training and on these days that the masks forbid. "
        f"{'; '.join(machines)}. `make libraries` trains and writes the rows."
    )
    lines += ["", note]
    return "\n".join(lines)
