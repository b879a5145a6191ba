"""The library of scenarios: ids with a version, and the files behind them."""

from __future__ import annotations

from pathlib import Path

from simcash_env.config import ScenarioConfig, load_scenario
from simcash_env.config.library import scenario_ids, scenario_path
from simcash_env.config.overrides import Changes

__all__ = ["load", "scenario_ids", "scenario_path"]


def load(id_or_path: str | Path, *, changes: Changes | None = None) -> ScenarioConfig:
    """Load a scenario of the library, or one from a file.

    Args:
        id_or_path: an id of the library or a file.
        changes: new values by dotted key: ``load("ten-banks-v0", changes={"lsm.algorithms": []})``. A step is a key,
            a bank's id, a place in a list, or ``*`` for all entries of a list: ``banks.*.credit_limit``.

    Raises:
        ConfigError: when there is no such scenario, or when it, or a change, cannot be run.
    """
    return load_scenario(id_or_path, changes=changes)
