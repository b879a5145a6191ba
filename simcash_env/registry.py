"""The library of scenarios: ids with a version, and the files behind them."""

from __future__ import annotations

from pathlib import Path

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.library import scenario_ids, scenario_path

__all__ = ["load", "scenario_ids", "scenario_path"]


def load(id_or_path: str | Path) -> ScenarioConfig:
    """Load a scenario of the library, or one from a file.

    Raises:
        ConfigError: when there is no such scenario, or when it cannot be run.
    """
    return load_scenario(id_or_path)
