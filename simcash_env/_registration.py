"""Registers the environments with Gymnasium and PettingZoo, without importing either.

Both have a general id, which takes a scenario, and one id for each scenario of the library (``environment_id``).

``gymnasium.make("simcash_env:SimCash/Bank-v0")`` imports the module before the colon, which has to register the id.
Gymnasium has no plugin entry points since 1.0, and ``simcash_env/__init__.py`` imports neither library, because every
other use of the package would take ten times as long to start. Ids are registered where a library is known to be
loaded:

* by ``import simcash_env``, if the library was imported before;
* by ``import simcash_env`` again, which is what ``gymnasium.make`` does with an id that has this prefix (``Package``);
* by ``import simcash_env.envs``, which imports both in any case.
"""

from __future__ import annotations

import re
import sys
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Final

from simcash_env.files import shipped_folder

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

BANK_ID: Final = "SimCash/Bank-v0"
"""Gymnasium, one bank learns; ids carry versions, raised with any change that could affect learning."""
BANKS_ID: Final = "SimCash/Banks-v0"
"""PettingZoo, all external banks learn."""

GYMNASIUM: Final = "gymnasium.envs.registration"
PETTINGZOO: Final = "pettingzoo"


def environment_id(scenario_id: str) -> str:
    """Return the id of a scenario's environments, the same in both registries.

    The words of the scenario's id are capitalised and joined; ``period`` after a number is left out:
    ``castro-12period-v0`` becomes ``SimCash/Castro12-v0``, ``core-periphery-50-v0`` ``SimCash/CorePeriphery50-v0``.
    """
    words, _, version = re.sub(r"(?<=\d)period\b", "", scenario_id).rpartition("-")
    return f"SimCash/{words.title().replace('-', '')}-{version}"


@cache
def episode_ticks() -> dict[str, int]:
    """Return the ticks of an episode of every scenario of the library, by its id.

    They are read from the text of the files, because to load them takes longer than to import Gymnasium.
    """
    ticks = {}
    for path in sorted(shipped_folder("scenarios").glob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        found = {key: int(value) for key, value in re.findall(r"\b(ticks_per_day|num_days): *(\d+)", text)}
        ticks[path.stem] = found["ticks_per_day"] * found["num_days"]
    return ticks


def register_with_gymnasium() -> bool:
    """Make ``gymnasium.make`` and ``gymnasium.make_vec`` know the ids, if Gymnasium is imported.

    Returns:
        Whether the ids are registered now.
    """
    registry = sys.modules.get(GYMNASIUM)
    if registry is None or not hasattr(registry, "make_vec"):  # another thread is importing it
        return False
    if BANK_ID not in registry.registry:
        points = {
            "entry_point": "simcash_env.envs.single:SimCashBankEnv",
            "vector_entry_point": "simcash_env.envs.gym_vector:SimCashBankVec",
        }
        for scenario, ticks in episode_ticks().items():
            own = {"max_episode_steps": ticks, "kwargs": {"scenario": scenario}}
            registry.register(environment_id(scenario), **points, **own)
        registry.register(BANK_ID, **points)
    return True


def register_with_pettingzoo() -> bool:
    """Make ``pettingzoo.make`` know the ids, if PettingZoo is imported and has a registry (from 1.27 on).

    Returns:
        Whether the ids are registered now.
    """
    library = sys.modules.get(PETTINGZOO)
    if library is None or not hasattr(library, "register") or not hasattr(library, "parallel_registry"):
        return False
    if BANKS_ID not in library.parallel_registry:
        for kind, function in (("aec", "env"), ("parallel", "parallel_env")):
            point = f"simcash_env.envs.simcash_v0:{function}"
            for scenario, ticks in episode_ticks().items():
                own = {"max_cycles": ticks, "kwargs": {"scenario": scenario}}
                library.register(kind, environment_id(scenario), point, **own)
            library.register(kind, BANKS_ID, point)
    return True


def register() -> None:
    """Register the ids with those of the two libraries that are imported."""
    register_with_gymnasium()
    register_with_pettingzoo()


class Package(ModuleType):
    """The module ``simcash_env``: importing it again registers the ids with a library imported meanwhile.

    An import of a module that is loaded already runs no code of it, but reads its ``__spec__``.
    """

    def _read_spec(self) -> ModuleSpec | None:
        """The module's specification, as the import system left it."""
        register()
        spec: ModuleSpec | None = self.__dict__["__spec__"]
        return spec

    def _write_spec(self, spec: ModuleSpec | None) -> None:
        """``importlib.reload`` sets it."""
        self.__dict__["__spec__"] = spec

    __spec__ = property(_read_spec, _write_spec)
