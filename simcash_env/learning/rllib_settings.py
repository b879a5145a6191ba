"""What a training with RLlib is; what a sweep may search of it."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, ValidationError

from simcash_env.config import ScenarioConfig
from simcash_env.config.fields import Model, Number, Text, Whole
from simcash_env.config.report import broken_of, config_error
from simcash_env.learning.search_space import Range, Space
from simcash_env.registry import load


class RllibSettings(Model):
    """RLlib's PPO with one policy for all banks."""

    scenario: Text = Field(description="an id of the library or a file")
    changes: dict[Text, Any] = Field(default_factory=dict, description="changed values of the scenario by dotted key")
    iterations: Whole = Field(default=40, ge=1, description="rounds of sampling and learning")
    batch: Whole = Field(default=200, ge=1, description="ticks of a round, all copies together")
    minibatch: Whole = Field(default=100, ge=1)
    num_epochs: Whole = Field(default=4, ge=1)
    learning_rate: Number = Field(default=1e-3, gt=0)
    entropy: Number = Field(default=0.0, ge=0)
    gamma: Number = Field(default=1.0, gt=0, le=1)
    gae_lambda: Number = Field(default=0.95, ge=0, le=1)
    clip_range: Number = Field(default=0.3, gt=0)
    hidden: tuple[Whole, ...] = Field(default=(64, 64), min_length=1)
    max_queue_slots: Whole = Field(default=4, ge=1, description="payments of Queue 1 that a bank sees and decides on")

    def config(self) -> ScenarioConfig:
        """The scenario with its changes.

        Raises:
            ConfigError: it cannot be run.
        """
        return load(self.scenario, changes=self.changes)

    def as_data(self) -> dict[str, Any]:
        """The settings as plain data, without changes where there are none."""
        whole = self.model_dump(mode="json")
        return whole if self.changes else {name: value for name, value in whole.items() if name != "changes"}


SWEEP_SPACE: Final[Space] = {
    "learning_rate": Range(low=1e-4, high=5e-3, log=True),
    "entropy": Range(low=1e-4, high=0.05, log=True),
    "gae_lambda": Range(low=0.7, high=1.0),
    "clip_range": Range(low=0.1, high=0.4),
    "num_epochs": Range(low=2, high=8, whole=True),
    "hidden": [[32, 32], [64, 64], [128, 64]],
}
"""What a sweep searches unless a file says otherwise."""


def rllib_settings(scenario: str, **changes: Any) -> RllibSettings:
    """Settings with some values replaced.

    Raises:
        ConfigError: a value breaks a rule; every fault is named.
    """
    try:
        return RllibSettings(scenario=scenario, **changes)
    except ValidationError as error:
        raise config_error(broken_of(error, changes), None) from error
