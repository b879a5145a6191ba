"""Gymnasium's list of environments: ours goes in as soon as Gymnasium is there, whichever of the two is imported first.

``gymnasium.make("simcash_env:...")`` counts on the import of this package to register its environments. Importing
Gymnasium here for that would make every other use of the package ten times as slow to start.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import MetaPathFinder
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

BANK_ID: Final = "SimCash/Bank-v0"
"""One bank learns; ids carry versions, raised with any change that could affect learning."""

REGISTRY: Final = "gymnasium.envs.registration"


def register_with_gymnasium() -> None:
    """Make ``gymnasium.make`` and ``gymnasium.make_vec`` know ``SimCash/Bank-v0``, now or once they are imported."""
    if REGISTRY in sys.modules:
        _register(sys.modules[REGISTRY])
    elif not any(isinstance(finder, _WaitForGymnasium) for finder in sys.meta_path):
        sys.meta_path.insert(0, _WaitForGymnasium())


def _register(registry: Any) -> None:
    if BANK_ID not in registry.registry:
        registry.register(
            BANK_ID,
            entry_point="simcash_env.envs.single:SimCashBankEnv",
            vector_entry_point="simcash_env.envs.gym_vector:SimCashBankVec",
        )


class _WaitForGymnasium(MetaPathFinder):
    """Steps aside when Gymnasium's registry is imported, and registers as soon as it has been."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname != REGISTRY:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def execute_and_register(module: Any) -> None:
            execute(module)
            _register(module)

        spec.loader.exec_module = execute_and_register  # type: ignore[method-assign]
        return spec
