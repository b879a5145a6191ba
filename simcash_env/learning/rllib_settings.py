"""What a training with RLlib is; what a sweep may search of it."""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simcash_env.errors import ConfigError, Fault
from simcash_env.learning.search_space import Range, Space


class RllibSettings(BaseModel):
    """RLlib's PPO with one policy for all banks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    scenario: str = Field(description="an id of the library or a file")
    iterations: int = Field(default=40, ge=1, description="rounds of sampling and learning")
    batch: int = Field(default=200, ge=1, description="ticks of a round, all copies together")
    minibatch: int = Field(default=100, ge=1)
    num_epochs: int = Field(default=4, ge=1)
    learning_rate: float = Field(default=1e-3, gt=0)
    entropy: float = Field(default=0.0, ge=0)
    gamma: float = Field(default=1.0, gt=0, le=1)
    gae_lambda: float = Field(default=0.95, ge=0, le=1)
    clip_range: float = Field(default=0.3, gt=0)
    hidden: tuple[int, ...] = Field(default=(64, 64), min_length=1)
    max_queue_slots: int = Field(default=4, ge=1, description="payments of Queue 1 that a bank sees and decides on")


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
        faults = [
            Fault(None, None, ".".join(map(str, item["loc"])), repr(item["input"]), item["msg"])
            for item in error.errors()
        ]
        raise ConfigError(faults) from error
