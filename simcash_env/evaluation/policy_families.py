"""The families of scripted policies that are tuned, and the values of their parameters that are tried.

The values follow from the scenario: urgencies reach its longest deadline, buffers the largest value that a bank is
expected to send in a day.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from simcash_env.compile.scales import expected_flow
from simcash_env.compile.scenario import compile_scenario
from simcash_env.config import DeadlinePolicy, FifoPolicy, LiquidityAwarePolicy, ScenarioConfig
from simcash_env.config.library import policy_names, policy_path
from simcash_env.config.policies import (
    LiquidityReservePolicy,
    LiquiditySplittingPolicy,
    PolicyConfig,
    TreePolicy,
)
from simcash_env.config.recorded import recorded_days
from simcash_env.evaluation.evaluate import deciding_banks
from simcash_env.schema.codes import NONE

Family = str
"""A named policy, or a decision tree of the library."""

FAMILIES: Final[tuple[Family, ...]] = ("fifo", "deadline", "liquidity_aware", "liquidity_reserve")
"""What a short comparison tunes."""

ALL_FAMILIES: Final[tuple[Family, ...]] = (
    *FAMILIES, "liquidity_splitting", "balance_first", "priority_first", "small_first", "offset_seeker",
)  # fmt: skip
"""What the benchmark tunes."""

EVERY_TICK: Final = 8
"""Up to this longest deadline every urgency is tried; above it, urgencies that grow by a constant factor."""
NUM_URGENCIES: Final = 10
"""Urgencies that are tried then, 0 included."""
FINEST_BUFFER, BUFFER_FACTOR, MEAN_PAYMENTS = 0.25, 2.0, 5.0
"""Buffers in mean payments: the smallest, the factor between two, and the least that the largest one is."""
SPLITS: Final = (2, 4, 8, 16, 32)
PART_SIZES: Final = (0.0, 0.25, 1.0)
"""Smallest amounts of which parts are made, in mean payments; at least one cent."""

BUFFERED: Final = {"liquidity_aware": LiquidityAwarePolicy, "liquidity_reserve": LiquidityReservePolicy}

Point: TypeAlias = tuple[int, ...]
"""A value for every axis of a grid."""


@dataclass(frozen=True)
class Axis:
    """The values of one parameter that are tried.

    Attributes:
        name: of the parameter.
        values: ascending.
        is_complete: True if a value above the last one would change nothing.
    """

    name: str
    values: tuple[int, ...]
    is_complete: bool


@dataclass(frozen=True)
class Grid:
    """The policies of a family that are tried.

    Attributes:
        axes: one a parameter that is searched.
        build: makes a policy of a point.
    """

    axes: tuple[Axis, ...]
    build: Callable[[Point], PolicyConfig]

    def points(self) -> list[Point]:
        """Every combination whose policy differs from those of the others."""
        found: dict[str, Point] = {}
        for point in product(*(axis.values for axis in self.axes)):
            found.setdefault(self.build(point).model_dump_json(), point)
        return list(found.values())

    def between(self, point: Point) -> list[Point]:
        """Points half-way to the neighbours of a point along each axis, where there are whole numbers between."""
        found: list[Point] = []
        for place, axis in enumerate(self.axes):
            at = axis.values.index(point[place])
            for other in axis.values[max(at - 1, 0) : at] + axis.values[at + 1 : at + 2]:
                middle = (point[place] + other) // 2
                if middle not in (point[place], other):
                    found.append((*point[:place], middle, *point[place + 1 :]))
        return found

    def with_values(self, points: Sequence[Point]) -> Grid:
        """The grid with the values of these points among its own."""
        axes = (
            Axis(axis.name, tuple(sorted({*axis.values, *(point[place] for point in points)})), axis.is_complete)
            for place, axis in enumerate(self.axes)
        )
        return Grid(tuple(axes), self.build)

    def edges(self, policy: PolicyConfig) -> tuple[str, ...]:
        """Parameters of a policy at which the search ended although larger values could be better."""
        parameters: dict[str, object] = policy.model_dump()
        if isinstance(policy, TreePolicy):
            parameters |= policy.parameters
        return tuple(
            f"{axis.name} {axis.values[-1]:,}"
            for axis in self.axes
            if not axis.is_complete and parameters.get(axis.name) == axis.values[-1]
        )


def longest_deadline(config: ScenarioConfig) -> int:
    """Ticks from arrival by which every payment of a scenario is due, at least 1.

    At this urgency all payments are urgent as they arrive, so that a larger one changes nothing.
    """
    view = compile_scenario(config).view
    stretch = max(
        (event.max_multiplier for event in config.events if event.type == "deadline_window_change"), default=1
    )
    longest = round(int(view.source_deadline_max_ticks.max(initial=1)) * max(stretch, 1))
    given = view.event_deadline_ticks[view.event_deadline_ticks != NONE]
    longest = max(longest, int(given.max(initial=1)))
    data = recorded_days(config)
    longest = longest if data is None else max(longest, data.longest_deadline_ticks)
    return min(longest, config.simulation.ticks_per_day) if config.switches.deadline_cap_at_eod else longest


def graded(limit: int) -> tuple[int, ...]:
    """0 to a limit: every whole number up to ``EVERY_TICK``, fewer and fewer beyond it; the limit is the last."""
    if limit <= EVERY_TICK:
        return tuple(range(limit + 1))
    steps = np.geomspace(1, limit, NUM_URGENCIES - 1)
    return tuple(sorted({0, *(round(float(step)) for step in steps)}))


def mean_payment_cents(config: ScenarioConfig) -> float:
    """Expected cents of a payment, over all banks."""
    flows = [expected_flow(config, bank) for bank in config.banks]
    return sum(cents for _, cents in flows) / max(sum(count for count, _ in flows), 1.0)


def buffers(config: ScenarioConfig) -> tuple[int, ...]:
    """Buffers in cents that are tried: 0, and from a quarter of a mean payment to the largest day's payments of a bank.

    More than a day's payments need not be kept back for payments of that day.
    """
    payment = mean_payment_cents(config)
    largest = max(*(expected_flow(config, bank)[1] for bank in config.banks), MEAN_PAYMENTS * payment)
    found, times = {0, round(largest)}, FINEST_BUFFER
    while times * payment < largest:
        found.add(round(times * payment))
        times *= BUFFER_FACTOR
    return tuple(sorted(found))


def family_grid(config: ScenarioConfig, family: Family) -> Grid:
    """The parameters of a family that are tried on a scenario.

    Raises:
        ConfigError: there is no such family.
    """
    if family == "fifo":
        return Grid((), lambda _: FifoPolicy())
    urgencies = graded(longest_deadline(config))
    if family == "deadline":
        axis = Axis("urgency_threshold", urgencies, is_complete=True)
        return Grid((axis,), lambda point: DeadlinePolicy(urgency_threshold=point[0]))
    if family in policy_names():
        file = str(policy_path(family))
        own = {round(TreePolicy(file=file).values["urgent_ticks"])}  # the file's own value, which is whole
        tried = tuple(sorted(own | set(urgencies)))
        return Grid(
            (Axis("urgent_ticks", tried, is_complete=True),),
            lambda point: TreePolicy(file=file, parameters={"urgent_ticks": float(point[0])}),
        )
    if family == "liquidity_splitting":
        # under SimCash's rules the smallest amount makes no difference
        sizes = (0.0,) if config.rules.set == "simcash" else PART_SIZES
        smallest = tuple(sorted({max(round(size * mean_payment_cents(config)), 1) for size in sizes}))
        axes = (Axis("max_splits", SPLITS, is_complete=False), Axis("min_split_amount", smallest, is_complete=True))
        return Grid(axes, lambda point: LiquiditySplittingPolicy(max_splits=point[0], min_split_amount=point[1]))
    if family not in BUFFERED:
        policy_path(family)  # raises, and names what there is
    build, is_aware = BUFFERED[family], family == "liquidity_aware"
    axes = (
        Axis("target_buffer", buffers(config), is_complete=False),
        Axis("urgency_threshold", urgencies, is_complete=True),
    )
    return Grid(
        axes,  # without a buffer urgency makes no difference to liquidity_aware
        lambda point: build(target_buffer=point[0], urgency_threshold=0 if is_aware and not point[0] else point[1]),
    )


def family_members(config: ScenarioConfig, family: Family) -> list[PolicyConfig]:
    """The policies of a family that are tried first; the search then looks between them.

    Raises:
        ConfigError: there is no such family.
    """
    grid = family_grid(config, family)
    return [grid.build(point) for point in grid.points()]


def untuned_forms(config: ScenarioConfig, family: Family) -> list[PolicyConfig]:
    """Policies of a family that nobody has tuned, which a tuned one must not be worse than in training.

    These are what the scenario's own banks follow, a tree with the parameters of its file, and the family's form that
    holds least back.
    """
    grid = family_grid(config, family)
    forms: list[PolicyConfig] = []
    deciding = deciding_banks(config)
    for bank in config.banks:
        named = Path(bank.policy.file).stem if isinstance(bank.policy, TreePolicy) and bank.policy.file else None
        if bank.id in deciding and family in (bank.policy.type, named) and bank.policy not in forms:
            forms.append(bank.policy)
    if family in policy_names():
        forms.append(TreePolicy(file=str(policy_path(family))))
    least = [axis.values[0] if axis.name == "target_buffer" else axis.values[-1] for axis in grid.axes]
    return [*forms, grid.build(tuple(least))]
