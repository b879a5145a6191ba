"""How much more than the least possible a policy costs, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

import numpy as np

from simcash_env.compile.scales import expected_flow
from simcash_env.config import ScenarioConfig
from simcash_env.errors import ConfigError
from simcash_env.evaluation.bound_validity import AllowedDecisions
from simcash_env.evaluation.clairvoyant import clairvoyant_bound
from simcash_env.evaluation.grid_search import F64

Kind = Literal["exact", "relaxed", "none"]

LARGEST_EXACT: Final = 3_000.0
LARGEST_RELAXED: Final = 45_000.0
"""Expected payment-ticks of a run up to which the mixed-integer programme, and its relaxation, are solved."""
SECONDS: Final = 2.0
GAP: Final = 0.002


@dataclass
class Bounds:
    """The bounds of a scenario's days, solved on first use.

    Args:
        config: the scenario.
        seeds: of the days.
    """

    config: ScenarioConfig
    seeds: Sequence[int]
    _known: dict[AllowedDecisions, F64] = field(default_factory=dict)

    @property
    def kind(self) -> Kind:
        """Which programme is solved: it depends on the size of the scenario alone."""
        simulation = self.config.simulation
        a_day = sum(expected_flow(self.config, bank)[0] for bank in self.config.banks)
        size = a_day * simulation.num_days * simulation.num_ticks / 2
        if size > LARGEST_RELAXED:
            return "none"
        return "exact" if size <= LARGEST_EXACT else "relaxed"

    def of(self, allowed: AllowedDecisions) -> F64 | None:
        """(seeds,) bounds in cents; None if the scenario is too large, or has events that the bound does not cover."""
        if self.kind == "none":
            return None
        try:
            return self.required(allowed)
        except ConfigError:
            return None

    def required(self, allowed: AllowedDecisions) -> F64:
        """(seeds,) bounds in cents.

        Raises:
            ConfigError: the scenario is too large, or has something that the bound does not cover.
        """
        if allowed not in self._known:
            is_relaxed = self.kind != "exact"
            cents = [
                clairvoyant_bound(self.config, seed, allowed, relaxed=is_relaxed, seconds=SECONDS, gap=GAP).cents
                for seed in self.seeds
            ]
            self._known[allowed] = np.array(cents)
        return self._known[allowed]
