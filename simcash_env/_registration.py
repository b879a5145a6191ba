"""Registers the environment of one bank with Gymnasium, without importing Gymnasium.

``gymnasium.make("simcash_env:SimCash/Bank-v0")`` imports the module before the colon, which has to register the id.
Gymnasium has no plugin entry points since 1.0, and ``simcash_env/__init__.py`` does not import Gymnasium, because every
other use of the package would take ten times as long to start. It is registered where Gymnasium is known to be loaded:

* by ``import simcash_env``, if Gymnasium was imported before;
* by ``import simcash_env`` again, which is what ``gymnasium.make`` does with an id that has this prefix (``Package``);
* by ``import simcash_env.envs``, which imports Gymnasium in any case.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

BANK_ID: Final = "SimCash/Bank-v0"
"""One bank learns; ids carry versions, raised with any change that could affect learning."""

REGISTRY: Final = "gymnasium.envs.registration"


def register_with_gymnasium() -> bool:
    """Make ``gymnasium.make`` and ``gymnasium.make_vec`` know ``SimCash/Bank-v0``, if Gymnasium is imported.

    Returns:
        Whether the id is registered now.
    """
    registry = sys.modules.get(REGISTRY)
    if registry is None or not hasattr(registry, "make_vec"):  # another thread is importing it
        return False
    if BANK_ID not in registry.registry:
        registry.register(
            BANK_ID,
            entry_point="simcash_env.envs.single:SimCashBankEnv",
            vector_entry_point="simcash_env.envs.gym_vector:SimCashBankVec",
        )
    return True


class Package(ModuleType):
    """The module ``simcash_env``: importing it again registers the id, if Gymnasium has been imported meanwhile.

    An import of a module that is loaded already runs no code of it, but reads its ``__spec__``.
    """

    def _read_spec(self) -> ModuleSpec | None:
        """The module's specification, as the import system left it."""
        register_with_gymnasium()
        spec: ModuleSpec | None = self.__dict__["__spec__"]
        return spec

    def _write_spec(self, spec: ModuleSpec | None) -> None:
        """``importlib.reload`` sets it."""
        self.__dict__["__spec__"] = spec

    __spec__ = property(_read_spec, _write_spec)
