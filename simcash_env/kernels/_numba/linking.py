"""How compiled rules become one piece of machine code: a rule is kept as LLVM's code, an entry links all it calls.

Numba on its own optimises every function together with all that it calls, and makes machine code of each: code that is
called from many places is compiled as often. Here that is done once, for the entry.
"""

from __future__ import annotations

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler


class RuleLibrary(JITCodeLibrary):  # type: ignore[misc]
    """A rule's code, to be linked into entries; it has no machine code, hence no address and no environment."""

    def finalize(self) -> None:
        """Nothing to optimise yet."""
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:  # noqa: ARG002 - Numba's signature
        """No symbol is defined."""
        return 0

    @property
    def codegen(self) -> Any:
        """Where the environment would be set."""
        return self

    def set_env(self, env_name: str, env: Any) -> None:
        """There is no machine code that could ask for it; entries have environments of their own."""


class EntryLibrary(JITCodeLibrary):  # type: ignore[misc]
    """An entry's code together with that of every rule it reaches."""

    def finalize(self) -> None:
        """Link all of them in, then optimise the whole and make machine code."""
        reached: dict[Any, None] = {}
        waiting: list[Any] = list(getattr(self, "_linking_libraries"))  # noqa: B009 - Numba's classes are untyped
        while waiting:
            library = waiting.pop()
            if library not in reached:
                reached[library] = None
                waiting += getattr(library, "_linking_libraries", ())
        self._linking_libraries = list(reached)
        super().finalize()


class RuleCompiler(Compiler):  # type: ignore[misc]
    """Numba's compiler, writing into a ``RuleLibrary``."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *rest: Any) -> None:  # noqa: ARG002 - as above
        super().__init__(typingctx, targetctx, RuleLibrary(targetctx.codegen(), "rule"), *rest)


class EntryCompiler(Compiler):  # type: ignore[misc]
    """Numba's compiler, writing into an ``EntryLibrary`` that the cache can keep."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *rest: Any) -> None:  # noqa: ARG002 - as above
        whole = EntryLibrary(targetctx.codegen(), "entry")
        whole.enable_object_caching()
        super().__init__(typingctx, targetctx, whole, *rest)
