"""What a search may change about a training: names of settings, and the values that are tried."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError, model_validator

from simcash_env.config.documents import read_document
from simcash_env.config.faults import Broken, fault_at
from simcash_env.config.fields import Model, Number, Truth
from simcash_env.config.report import broken_of
from simcash_env.config.suggest import unknown_key
from simcash_env.learning.settings import TrainingSettings


class Range(Model):
    """Numbers between two bounds, both included."""

    low: Number
    high: Number
    log: Truth = Field(default=False, description="draw evenly on a logarithmic scale")
    whole: Truth = Field(default=False, description="whole numbers only")

    @model_validator(mode="after")
    def _is_a_range(self) -> Range:
        if self.low >= self.high or (self.log and self.low <= 0):
            raise fault_at((), "needs low < high, and low > 0 on a logarithmic scale", None)
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
    document = read_document(path)
    if not isinstance(document.value, dict):
        raise document.error([Broken((), "must be a mapping of settings to values", document.value)])
    space: dict[str, Choice] = {}
    broken: list[Broken] = []
    for name, choice in document.value.items():
        try:
            space[name] = choice if isinstance(choice, list) else Range.model_validate(choice)
        except ValidationError as error:
            broken += [Broken((name, *place), rule, value) for place, rule, value in broken_of(error, choice)]
    known = set(settings.model_fields) - {"scenario"}
    broken += [
        Broken((name,), unknown_key(name, known).replace("unknown key", "unknown training setting"), None)
        for name in document.value
        if name not in known
    ]
    broken += [Broken((name,), "needs a value", choice) for name, choice in space.items() if choice == []]
    if document.broken or broken:
        raise document.error([*document.broken, *broken])
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
