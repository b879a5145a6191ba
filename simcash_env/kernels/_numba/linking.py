"""How compiled rules become one piece of machine code: a rule is kept as LLVM's code, an entry links all it calls.

Numba on its own optimises every function together with all that it calls, and makes machine code of each: code that is
called from many places is compiled as often. Here that is done once, for the entry. The classes that this rests on are
private to Numba: ``compilers.py`` imports this module where they are there, and uses it where ``check`` passes.
"""

from __future__ import annotations

import gc
from typing import Any, Final

import numba
from llvmlite.binding import Linkage
from numba.core import typed_passes, untyped_passes
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler
from numba.core.compiler_machinery import PassManager

COMPILED: Final = "_ZN"
"""How Numba's names of compiled functions start."""

PASSES: Final = (
    untyped_passes.TranslateByteCode,
    untyped_passes.FixupArgs,
    untyped_passes.IRProcessing,
    untyped_passes.GenericRewrites,
    untyped_passes.ReconstructSSA,
    typed_passes.NopythonTypeInference,
    typed_passes.PreLowerStripPhis,
    typed_passes.IRLegalization,
    typed_passes.AnnotateTypes,
    typed_passes.NativeLowering,
    typed_passes.NoPythonBackend,
)
"""Numba's passes that rules need: they have no closures, comprehensions, array expressions, literals or ``with``."""


class RuleLibrary(JITCodeLibrary):
    """A rule's code, to be linked into entries; it has no machine code, hence no address and no environment."""

    def finalize(self) -> None:
        """Nothing to optimise yet."""
        self._finalized = True

    def get_pointer_to_function(self, name: str) -> int:
        """No symbol is defined."""
        return 0

    @property
    def codegen(self) -> Any:
        """Where the environment would be set."""
        return self

    def set_env(self, env_name: str, env: Any) -> None:
        """There is no machine code that could ask for it; entries have environments of their own."""


class EntryLibrary(JITCodeLibrary):
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

    def _optimize_final_module(self) -> None:
        """Nothing outside the entry calls a rule: LLVM may write a rule into its only caller, and drop what is left."""
        for function in self._final_module.functions:
            if not function.is_declaration and function.linkage == Linkage.linkonce_odr:
                function.linkage = "internal"
        passes, builder = self._codegen._module_pass_manager()  # noqa: SLF001 - the pass before it prunes references
        passes.run(self._final_module, builder)

    def _verify_declare_only_symbols(self) -> None:
        """Numba calls this when all is linked and nothing is machine code yet: a missing rule would end the process."""
        super()._verify_declare_only_symbols()
        for function in self._final_module.functions:
            if function.is_declaration and function.name.startswith(COMPILED):
                message = f"an entry does not contain a rule that it reaches: {function.name}"
                raise LookupError(message)


class ShortCompiler(Compiler):
    """Numba's compiler with the passes that rules need."""

    def define_pipelines(self) -> list[Any]:
        """One pipeline, of ``PASSES``."""
        passes = PassManager("rule")
        for each in PASSES:
            passes.add_pass(each, each.__name__)
        passes.finalize()
        return [passes]


class RuleCompiler(ShortCompiler):
    """Numba's compiler, writing into a ``RuleLibrary``."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *rest: Any) -> None:
        super().__init__(typingctx, targetctx, RuleLibrary(targetctx.codegen(), "rule"), *rest)


class EntryCompiler(ShortCompiler):
    """Numba's compiler, writing into an ``EntryLibrary`` that the cache can keep."""

    def __init__(self, typingctx: Any, targetctx: Any, library: Any, *rest: Any) -> None:
        whole = EntryLibrary(targetctx.codegen(), "entry")
        whole.enable_object_caching()
        super().__init__(typingctx, targetctx, whole, *rest)

    def compile_extra(self, func: Any) -> Any:
        """Compile an entry and its rules; meanwhile no garbage is collected, of which there is little among much."""
        was_enabled = gc.isenabled()
        gc.disable()
        try:
            return super().compile_extra(func)
        finally:
            if was_enabled:
                gc.enable()


def check_linking() -> None:
    """Compile a small entry through these classes, with a rule that calls another rule, and run it.

    Raises:
        LookupError: a rule was not linked.
        ArithmeticError: its result is wrong.
        Exception: whatever Numba raises where its classes have changed.
    """
    options = {"nogil": True, "error_model": "numpy"}
    rule_options = {**options, "no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": RuleCompiler}

    @numba.njit(**rule_options)
    def add_square(total: int, number: int) -> int:
        return total + number * number

    @numba.njit(forceinline=True, **rule_options)
    def add_squares(first: int, last: int) -> int:
        total = 0
        for number in range(first, last + 1):
            total = add_square(total, number)
        return total

    @numba.njit(pipeline_class=EntryCompiler, **options)
    def sum_of_squares(last: int) -> int:
        return add_squares(1, last)

    expected, found = 385, sum_of_squares(10)
    if found != expected:
        message = f"the sum of the first ten squares is {expected}, got {found}"
        raise ArithmeticError(message)
    for compiled in sum_of_squares.overloads.values():
        compiled.library.serialize_using_object_code()  # as the cache does
