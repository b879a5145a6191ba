"""One run of the comparison: what a trainer is given, and the evaluation at fixed fractions of its budget."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from simcash_env.config import ScenarioConfig
from simcash_env.envs.actions import Language
from simcash_env.evaluation.evaluate import evaluate_agent
from simcash_env.evaluation.scripted import Agent
from simcash_env.evaluation.seeds import validation_seeds
from simcash_env.learning.pool_cap import with_largest_share
from simcash_env.learning.settings import TrainingSettings, load_settings

SCENARIOS: Final = ("castro-12period-v0", "3b-6t-v0", "lynx-day-v0")
BUDGET: Final = 96_000
"""Decisions of banks in a run."""
PARTS: Final = 6
"""A policy is evaluated after each of these parts of the budget, and before the first."""
CURVE_DAYS: Final = 512
"""Validation days of an evaluation on the way."""
FINAL_DAYS: Final = 2_000
"""Validation days of the final policy."""
SLOTS: Final = 8
"""Payments of Queue 1 that a bank sees."""
ROLLOUT: Final = 3_072
"""Decisions between two updates, about."""


@dataclass
class Contest:
    """One run of one algorithm.

    Args:
        scenario: id of the library.
        seed: of the run.
        action: kind of action.
        budget: decisions of banks.
        is_capped: the pool is cut to the ``largest_share`` of the scenario's settings, as discrete levels need it.

    Attributes:
        costs: mean cost in cents of a validation day after each part of the budget, the untrained policy first.
        counts: decisions so far at each.
    """

    scenario: str
    seed: int
    action: Language
    budget: int = BUDGET
    is_capped: bool = True
    costs: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    final: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    cpu_seconds: float = 0.0
    notes: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def settings(self) -> TrainingSettings:
        """The scenario's own training settings."""
        return load_settings(self.scenario)

    @property
    def largest_share(self) -> float:
        """Share of the pool that banks may allocate at most."""
        return self.settings.largest_share if self.is_capped else 1.0

    @cached_property
    def config(self) -> ScenarioConfig:
        """The scenario, with pools as the run has them."""
        return with_largest_share(self.settings.config(), self.largest_share)

    @property
    def ticks(self) -> int:
        """Ticks of a run."""
        return self.config.simulation.num_ticks

    @cached_property
    def banks(self) -> int:
        """Learning banks."""
        return sum(bank.policy.type == "external" for bank in self.config.banks)

    @property
    def same_day(self) -> int:
        """Copies that play the same day, for our learner."""
        return self.settings.same_day

    @property
    def copies(self) -> int:
        """Copies that give a rollout of about ``ROLLOUT`` decisions, a multiple of ``same_day``."""
        return max(round(ROLLOUT / (self.same_day * self.ticks * self.banks)), 1) * self.same_day

    def evaluate(self, agent: Agent, days: int, skip: int = 0) -> npt.NDArray[np.int64]:
        """Costs in cents of validation days, all banks together."""
        evaluation = evaluate_agent(
            self.config, agent, validation_seeds(days, skip), max_queue_slots=SLOTS, action=self.action
        )
        return evaluation.totals()

    def at(self, decisions: int, agent: Agent) -> None:
        """Evaluate once for each part of the budget that is newly reached."""
        began = time.process_time()
        reached = min(decisions * PARTS // self.budget, PARTS) + 1
        missing = reached - len(self.costs)
        if missing > 0:
            cost = float(self.evaluate(agent, CURVE_DAYS).mean())
            self.costs += [cost] * missing
            self.counts += [decisions] * missing
        if len(self.costs) > PARTS and not len(self.final):
            self.final = self.evaluate(agent, FINAL_DAYS, CURVE_DAYS)
        self.cpu_seconds -= time.process_time() - began

    @property
    def is_over(self) -> bool:
        """Whether the budget is used up."""
        return len(self.costs) > PARTS

    def run(self, train: Callable[[Contest, Path], None], folder: Path) -> None:
        """Train, and count the processor time without evaluations."""
        began = time.process_time()
        train(self, folder)
        self.cpu_seconds += time.process_time() - began
