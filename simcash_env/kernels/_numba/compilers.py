"""Which compiler kernels go through: the linking one of ``linking.py``, or Numba's own where that one does not work.

``linking.py`` derives from private classes of Numba. If another release of Numba lacks them, or if a kernel compiled
through them gives a wrong result, kernels are compiled by plain ``njit``: the results are the same, a cold start takes
longer. ``SIMCASH_LINKING=0`` chooses plain ``njit`` from the start, without a warning.
"""

from __future__ import annotations

import functools
import os
import warnings
from types import ModuleType
from typing import Any, Final

VARIABLE: Final = "SIMCASH_LINKING"
"""Environment variable: 1 (the default) links, 0 compiles by plain ``njit``."""


def is_enabled() -> bool:
    """Whether the environment asks for linking.

    Raises:
        ValueError: the variable is neither 0 nor 1.
    """
    value = os.environ.get(VARIABLE, "1")
    if value not in {"0", "1"}:
        message = f"environment variable {VARIABLE}: must be 0 or 1, got {value!r}"
        raise ValueError(message)
    return value == "1"


def load_linking() -> ModuleType | None:
    """The module ``linking``; None where it is not wanted, or Numba lacks what it needs."""
    if not is_enabled():
        return None
    try:
        from simcash_env.kernels._numba import linking
    except (ImportError, AttributeError, TypeError) as error:
        _warn(f"this release of Numba lacks a class that linking needs ({error})")
        return None
    return linking


LINKING: Final = load_linking()
"""The module ``linking``, or None: kernels are compiled by plain ``njit``."""


@functools.cache
def passes_check(linking: ModuleType) -> bool:
    """Whether a test kernel compiles through these classes and gives the right result; checked once per process."""
    try:
        linking.check_linking()
    except Exception as error:  # noqa: BLE001 - whatever private classes of another release may raise
        _warn(f"a test kernel compiled by linking failed ({type(error).__name__}: {error})")
        return False
    return True


def _warn(reason: str) -> None:
    message = (
        f"{reason}: kernels are compiled by plain njit, which gives the same results and takes longer to compile; "
        f"{VARIABLE}=0 chooses this without a warning"
    )
    warnings.warn(message, RuntimeWarning, stacklevel=2)


def options_of(kind: str, linking: ModuleType | None) -> dict[str, Any]:
    """Options of ``njit`` that choose the compiler.

    Args:
        kind: ``RuleCompiler`` or ``EntryCompiler``.
        linking: the module ``_linking``; None for plain ``njit``.
    """
    if linking is None:
        return {}

    def make_compiler(*arguments: Any) -> Any:
        """Numba calls this when it starts to compile a function."""
        return getattr(linking, kind if passes_check(linking) else "Compiler")(*arguments)

    return {"pipeline_class": make_compiler}


RULE_OPTIONS: Final = options_of("RuleCompiler", LINKING)
"""Options of ``njit`` for a rule."""
ENTRY_OPTIONS: Final = options_of("EntryCompiler", LINKING)
"""Options of ``njit`` for an entry."""
