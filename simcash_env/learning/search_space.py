"""What a search may change about a training: names of settings, and the values that are tried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from simcash_env.errors import ConfigError, Fault
from simcash_env.learning.settings import TrainingSettings


class Range(BaseModel):
    """Numbers between two bounds, both included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: float
    high: float
    log: bool = Field(default=False, description="draw evenly on a logarithmic scale")
    whole: bool = Field(default=False, description="whole numbers only")

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low >= self.high or (self.log and self.low <= 0):
            message = "needs low < high, and low > 0 on a logarithmic scale"
            raise ValueError(message)
        return self


Choice = Range | list[Any]
Space = Mapping[str, Choice]

SPACE: Final[Space] = {
    "learning_rate": Range(low=1e-4, high=5e-3, log=True),
    "entropy": Range(low=1e-3, high=0.1, log=True),
    "pool_entropy": Range(low=0.1, high=2.0, log=True),
    "gae_lambda": Range(low=0.7, high=1.0),
    "clip_range": Range(low=0.1, high=0.4),
    "max_grad_norm": Range(low=0.3, high=10.0, log=True),
    "num_epochs": Range(low=2, high=8, whole=True),
    "num_minibatches": [2, 4, 8],
    "hidden": [[64, 64], [128, 64], [128, 128]],
    "scarce_until": [0.0, 0.25, 0.5],
}
"""What is searched unless a file says otherwise."""


def space_as_data(space: Space) -> dict[str, Any]:
    """A search space in plain Python."""
    return {name: item.model_dump() if isinstance(item, Range) else item for name, item in space.items()}


def read_space(path: Path | None, otherwise: Space = SPACE, settings: type[BaseModel] = TrainingSettings) -> Space:
    """A search space from a YAML file: by setting a list of values, or ``low``, ``high``, ``log``, ``whole``.

    Raises:
        ConfigError: the file cannot be read, or names something that is no setting.
    """
    if path is None:
        return otherwise
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
        space: Space = TypeAdapter(dict[str, Choice]).validate_python(values)
    except ValidationError as error:
        faults = [
            Fault(str(path), None, ".".join(map(str, item["loc"])), repr(item["input"]), item["msg"])
            for item in error.errors()
        ]
        raise ConfigError(faults) from error
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError([Fault(str(path), None, "space", repr(str(path)), f"cannot be read: {error}")]) from error
    known = set(settings.model_fields) - {"scenario"}
    unknown = [Fault(str(path), None, name, repr(name), "is no setting of a training") for name in space.keys() - known]
    empty = [Fault(str(path), None, name, "[]", "needs a value") for name, choice in space.items() if choice == []]
    if unknown or empty:
        raise ConfigError(unknown + empty)
    return space


def suggest(trial: Any, space: Space) -> dict[str, Any]:
    """Let an Optuna trial choose; lists are chosen by their place, which any storage can keep."""
    chosen: dict[str, Any] = {}
    for name, choice in space.items():
        if not isinstance(choice, Range):
            chosen[name] = choice[trial.suggest_int(name, 0, len(choice) - 1)] if len(choice) > 1 else choice[0]
        elif choice.whole:
            chosen[name] = trial.suggest_int(name, int(choice.low), int(choice.high), log=choice.log)
        else:
            chosen[name] = trial.suggest_float(name, choice.low, choice.high, log=choice.log)
    return chosen
