"""``load_scenario``: a file, an id of the library or a mapping becomes a scenario, or a list of all its faults."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simcash_env.config.scenario import ScenarioConfig


def load_scenario(source: str | Path | Mapping[str, Any], *, policy_path: Path | None = None) -> ScenarioConfig:
    """Read a scenario."""
    del policy_path
    if isinstance(source, Mapping):
        return ScenarioConfig.model_validate(dict(source))
    raise NotImplementedError
