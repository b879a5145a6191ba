"""Constants of a ``rank`` action, with a few slopes, as a policy: a handful of numbers for all banks, or for each.

A bank's action is its constants, plus slopes: some components move with the time of day, the pool share with the value
that waits at the first decision, the order in the market with what the bank lacks for its Queue 1. Settings can name
further slopes in entries of the observation; with them the policy is linear in these entries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import AT, MARKET_AT, NUM_LIMITS, NUM_MARKET
from simcash_env.envs.actions import RankAction
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ConfigError, Fault, SnapshotError
from simcash_env.files import shipped_folder
from simcash_env.learning.checkpoint import read_facts
from simcash_env.learning.settings import TrainingSettings
from simcash_env.schema.codes import MARKET_CHOICES, MARKET_RATES, MARKET_SIZES
from simcash_env.schema.rank import COMPONENTS, RANK, Component

F64 = npt.NDArray[np.float64]

POOL: Final = "pool"
POOL_SLOPE: Final = "pool.by_arrivals"
MARKET: Final = "market"
LACK, COVER, RATE, RATE_SLOPE = "market.lack", "market.cover", "market.rate", "market.rate_by_lack"
BY_DAY: Final = ".by_day"
BY: Final = ".by_"
STEP: Final = 0.125
"""Of the range of a component: what a search tries first, up or down."""
POOL_STEP, POOL_SLOPE_STEP = 0.02, 0.4
ENTRY_STEP: Final = 2.0
"""First step of a slope in an entry, over that of its constant; of the time of day, which reaches 1, it is the same."""
ORDER_STEPS: Final = {LACK: 0.05, COVER: 0.3, RATE: 0.15, RATE_SLOPE: 1.0}


@dataclass(frozen=True)
class RankShape:
    """What the policy needs to know of a batch.

    Attributes:
        banks: learning banks of a copy, L.
        default: (L, H) the default action of each bank.
        pool: index of the pool head; None without one.
        pools_cents: (L,) liquidity pool of each bank.
        flows_cents: (L,) scale of the entry ``queue1_value`` of each bank.
        max_split: largest number of parts that the scenario offers.
        market: index of the market head; None without one.
        behind_market: entries of an observation behind the block of the market.
    """

    banks: int
    default: tuple[tuple[float, ...], ...]
    pool: int | None
    pools_cents: tuple[int, ...]
    flows_cents: tuple[int, ...]
    max_split: int
    market: int | None = None
    behind_market: int = 0

    @classmethod
    def of(cls, vec: SimCashVec) -> Self:
        """The shape of a batch with the rank action."""
        view, action = vec.scenario.view, vec.action
        assert isinstance(action, RankAction)
        return cls(
            vec.num_banks, tuple(map(tuple, action.default(vec).tolist())), vec.head_index.get(POOL),
            tuple(view.bank_pool_cents[vec.learners].tolist()),
            tuple(view.bank_flow_scale_cents[vec.learners].tolist()), vec.config.actions.max_split,
            vec.head_index.get(MARKET), NUM_LIMITS * vec.has_limits,
        )  # fmt: skip


def search_checkpoint(scenario: str) -> Path:
    """Where the constants that a search found for a scenario of the library are shipped, if they are."""
    return shipped_folder("trained") / f"{scenario}-rank-seed0.npy"


class RankParameters:
    """The parameters of a policy by name, in their order.

    Constants of components have the component's name, slopes over the day ``NAME.by_day``, the pool share ``pool``
    and its slope ``pool.by_arrivals``. ``NAME.by_ENTRY`` is a slope in an entry of the observation: by how much the
    component rises when the entry rises by 1. Four further parameters set the size and the rate of an order in the
    money market. What a bank lacks is the value of its Queue 1 less balance and credit, plus ``market.lack``, in days
    of its payments; a value below 0 is a surplus. The bank bids for ``market.cover`` times what it lacks, or offers
    this multiple of its surplus. The rate, from 0 to 1 of the corridor, is ``market.rate`` plus
    ``market.rate_by_lack`` times what it lacks.

    Args:
        shape: of the batch.
        by_day: components with a slope over the day.
        slopes: names of slopes in entries of the observation.

    Attributes:
        names: of the parameters, in their order.
        constants: components that a policy chooses.
        has_pool: is there a pool share?
        slopes: component, or ``pool``, and position of the entry that it follows, by name of the slope.
        sloped: components with slopes, and ``pool`` if it has any.
    """

    def __init__(self, shape: RankShape, by_day: Sequence[str], slopes: Sequence[str] = ()) -> None:
        unknown = [name for name in by_day if name not in RANK._fields]
        if unknown:
            rule = f"no component of this name; there are {', '.join(RANK._fields)}"
            raise ConfigError([Fault(None, None, "search.by_day", repr(unknown[0]), rule)])
        useless = {"split_parts"} if shape.max_split == 1 else set()
        self.constants = tuple(one for one in COMPONENTS if one.name not in useless)
        self.has_pool = shape.pool is not None
        pool = (POOL, POOL_SLOPE) if self.has_pool else ()
        market = tuple(ORDER_STEPS) if shape.market is not None else ()
        own = [one.name for one in self.constants]
        by_clock = {name + BY_DAY: (name, AT.day_position) for name in by_day}
        by_entry = {name: _slope(name, [*own, *pool[:1]]) for name in slopes}
        self.slopes = by_clock | by_entry
        self.sloped = tuple(dict.fromkeys(component for component, _ in self.slopes.values()))
        self.names = (*own, *by_clock, *pool, *market, *by_entry)

    def steps(self) -> F64:
        """How far a search tries each parameter first."""
        ranges = {one.name: float(one.high - one.low) for one in COMPONENTS}
        steps = {name: STEP * size for name, size in ranges.items()} | {POOL: POOL_STEP, POOL_SLOPE: POOL_SLOPE_STEP}
        for name, (component, entry) in self.slopes.items():
            steps[name] = steps[component] * (1.0 if entry == AT.day_position else ENTRY_STEP)
        steps |= ORDER_STEPS
        return np.array([steps[name] for name in self.names])

    def slopes_by_entry(self, parameters: F64) -> dict[int, F64]:
        """Slopes (P, sloped) of what has slopes, in the order of ``sloped``, by position of the entry."""
        found: dict[int, F64] = {}
        for name, (component, entry) in self.slopes.items():
            slopes = found.setdefault(entry, np.zeros((len(parameters), len(self.sloped))))
            slopes[:, self.sloped.index(component)] += parameters[:, self.names.index(name)]
        return found

    def chosen(self, names: Collection[str], setting: str = "search.components") -> npt.NDArray[np.bool_]:
        """Flags of the parameters of these names, which a setting gives.

        Raises:
            ConfigError: no parameter of this name.
        """
        unknown = [name for name in names if name not in self.names]
        if unknown:
            rule = f"no parameter of this name; there are {', '.join(self.names)}"
            raise ConfigError([Fault(None, None, setting, repr(unknown[0]), rule)])
        return np.array([name in names for name in self.names])

    def array(self, values: Mapping[str, float]) -> F64:
        """Parameters from values by name; a component that is not named has its default, a slope is 0."""
        default = {one.name: one.default for one in COMPONENTS}
        return np.array([float(values.get(name, default.get(name, 0.0))) for name in self.names])

    def named(self, row: npt.ArrayLike) -> dict[str, float]:
        """Parameters by name; constants beyond their bounds as the bound, which is what they mean."""
        bounds = {one.name: (one.low, one.high) for one in self.constants} | {POOL: (0.0, 1.0)}
        values = dict(zip(self.names, np.asarray(row, np.float64).tolist(), strict=True))
        return {name: float(np.clip(value, *bounds.get(name, (value, value)))) for name, value in values.items()}


class RankPolicy:
    """Constants with slopes for P groups of banks: one for all, or one for each bank.

    Args:
        settings: of the training.
        shape: of the batch.
        parameters: (P, parameters) values in their units; values beyond the bounds count as the bound.
    """

    def __init__(self, settings: TrainingSettings, shape: RankShape, parameters: F64) -> None:
        self.settings, self.shape = settings, shape
        self.layout = RankParameters(shape, settings.search.by_day, settings.search.slopes)
        self.parameters = np.atleast_2d(np.asarray(parameters, np.float64))
        self._slopes = self.layout.slopes_by_entry(self.parameters)
        self._default = np.array(shape.default)
        for place, one in enumerate(self.layout.constants):
            self._default[:, RANK._fields.index(one.name)] = _number(one, self.parameters[:, place])

    @classmethod
    def load(cls, path: Path) -> Self:
        """The policy of a checkpoint.

        Raises:
            SnapshotError: it cannot be read, or does not fit its metadata.
        """
        facts = read_facts(path)
        settings, stored = facts.training_settings(), facts.shape
        try:
            shape = RankShape(**{key: _tuples(value) for key, value in stored.items()})
            policy = cls(settings, shape, np.load(path, allow_pickle=False))
        except (TypeError, ValueError) as error:
            message = f"{path}: does not hold the constants that {path.with_suffix('.json').name} describes: {error}"
            raise SnapshotError(message) from error
        groups = shape.banks if settings.policies == "own" else 1
        if policy.parameters.shape != (groups, len(policy.layout.names)):
            expected, found = (groups, len(policy.layout.names)), policy.parameters.shape
            message = f"{path}: needs constants of shape {expected}, holds {found}"
            raise SnapshotError(message)
        return policy

    def save(self, file: Any) -> None:
        """Write the parameters as a NumPy array."""
        np.save(file, self.parameters, allow_pickle=False)

    def act(self, observations: Any, masks: Any = None, generator: Any = None) -> F64:
        """Actions (N, L, H) for observations (N, L, D); neither masks nor a generator are used."""
        layout, shape = self.layout, self.shape
        actions = np.tile(self._default, (len(observations), 1, 1))
        values = {name: self.parameters[:, place] for place, name in enumerate(layout.names)}
        added = np.zeros((*observations.shape[:2], len(layout.sloped)))
        for entry, slopes in self._slopes.items():
            added += slopes * np.asarray(observations[:, :, entry, None], np.float64)
        for place, name in enumerate(layout.sloped):
            if name != POOL:
                head = RANK._fields.index(name)
                actions[:, :, head] = _number(COMPONENTS[head], values[name] + added[:, :, place])
        if shape.pool is not None:
            waiting = _unsquashed(observations[:, :, AT.queue1_value]) * np.array(shape.flows_cents)
            share = values[POOL] + values[POOL_SLOPE] * waiting / np.maximum(shape.pools_cents, 1)
            if POOL in layout.sloped:
                share = share + added[:, :, layout.sloped.index(POOL)]
            actions[:, :, shape.pool] = 2.0 * np.clip(share, 0.0, 1.0) - 1.0
        if shape.market is not None:
            actions[:, :, shape.market] = _order(values, np.asarray(observations, np.float64), shape.behind_market)
        return actions


def _number(one: Component, value: npt.ArrayLike) -> F64:
    """The number of an action for values of a component; values beyond its bounds count as the bound."""
    number: F64 = 2.0 * (np.clip(value, one.low, one.high) - one.low) / (one.high - one.low) - 1.0
    return number


def _slope(name: str, sloped: Sequence[str]) -> tuple[str, int]:
    """What a slope moves, and the position of the entry that it follows.

    Raises:
        ConfigError: there is no such component or entry.
    """
    component, _, entry = name.partition(BY)
    known = AT._fields
    if component in sloped and entry in known:
        return component, known.index(entry)
    rule = f"must be COMPONENT{BY}ENTRY, of {', '.join(sloped)} and {', '.join(known)}"
    raise ConfigError([Fault(None, None, "search.slopes", repr(name), rule)])


SIZES: Final = 0.5 ** np.arange(MARKET_SIZES - 1, 0, -1)
"""Sizes of orders but the largest, as shares of what a bank can borrow or lend."""
TINY: Final = 1e-6
"""Smallest distance of a squashed entry from 1."""


def _order(values: Mapping[str, F64], observations: F64, behind: int) -> F64:
    """Numbers (N, L) of the market head: the smallest order that covers what a bank lacks or has over.

    The block of the market is found from the end of an observation, whatever the number of slots before it.
    """
    first = observations.shape[2] - behind - NUM_MARKET
    credit_left, locked = (
        observations[:, :, first + at] for at in (MARKET_AT.market_credit_left, MARKET_AT.market_locked)
    )
    lack = _unsquashed(observations[:, :, AT.queue1_gap]) + values[LACK]
    wanted = np.abs(lack) * np.maximum(values[COVER], 0.0)
    offered = _unsquashed(observations[:, :, AT.balance]) + _unsquashed(locked)
    room = np.maximum(np.where(lack > 0, _unsquashed(credit_left), offered), TINY)
    size = np.searchsorted(SIZES, wanted / room)
    rate = np.floor(MARKET_RATES * np.clip(values[RATE] + values[RATE_SLOPE] * lack, 0.0, 1.0 - TINY))
    place = np.where(wanted > TINY, 1 + rate * MARKET_SIZES + np.minimum(size, MARKET_SIZES - 1), 0)
    return np.sign(lack) * place / (MARKET_CHOICES // 2)


def _unsquashed(entry: npt.ArrayLike) -> F64:
    """A squashed entry in units of its scale: the x of ``x / (1 + |x|)``."""
    squashed = np.asarray(entry, np.float64)
    return squashed / np.maximum(1.0 - np.abs(squashed), TINY)


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
