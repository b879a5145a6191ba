"""simcash_env: train and compare cash managers of banks in a real-time gross settlement system.

Attributes are imported on first use, so that ``import simcash_env`` stays quick and compiles nothing.
"""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from simcash_env._registration import Package, register
from simcash_env._version import __version__

if TYPE_CHECKING:
    from simcash_env.config import ScenarioConfig, load_scenario
    from simcash_env.envs import simcash_v0
    from simcash_env.envs.vector import make_vec
    from simcash_env.simulation import Simulation

_HOMES = {
    "ScenarioConfig": "simcash_env.config",
    "load_scenario": "simcash_env.config",
    "simcash_v0": "simcash_env.envs.simcash_v0",
    "make_vec": "simcash_env.envs.vector",
    "Simulation": "simcash_env.simulation",
}

__all__ = ["ScenarioConfig", "Simulation", "__version__", "load_scenario", "make_vec", "simcash_v0"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    module = importlib.import_module(_HOMES[name])
    return module if name == "simcash_v0" else getattr(module, name)


register()
sys.modules[__name__].__class__ = Package
