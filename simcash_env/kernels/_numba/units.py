"""``@unit``: a rule that is compiled on its own, kept in the cache, shared by entries, and loaded at its first call.

An entry contains all rules that it calls, except units: it calls a unit through an address that lies in a slot of its
own. Where the slot is still empty, the entry first calls a loader, which gets the unit from the cache, or compiles it.
So the rules of a tick are compiled once for all entries, and the rules of a feature only where a scenario uses it.

With ``NUMBA_DISABLE_JIT=1`` a unit is the plain function, and with ``SIMCASH_LINKING=0`` a rule like any other.
"""

from __future__ import annotations

import ctypes
import inspect
import os
import threading
import traceback
from typing import Any, Final, TypeVar, get_args, get_origin, get_type_hints

import llvmlite.binding
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing import signature
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

from simcash_env.kernels._numba import compilers, jit
from simcash_env.kernels._numba.views import ArgumentsType, ColumnType, ViewType
from simcash_env.schema.layout import element_type

F = TypeVar("F")

FAILED: Final = 70
"""Exit code of a process in which a unit cannot be loaded in the middle of a compiled call (EX_SOFTWARE)."""
SECONDS_TO_RETURN: Final = 0.01
"""Until an interrupt that came while a unit was loaded is sent again: by then the compiled call goes on."""

_LOADER: Final = ctypes.CFUNCTYPE(None)
_UNITS: Final[list[Unit]] = []
_WORD: Final = ir.IntType(64)


def numba_type(hint: Any) -> Any:
    """Numba's type of an argument or a result of a unit, from its annotation."""
    simple = {int: types.int64, float: types.float64, bool: types.boolean, type(None): types.none}
    if hint in simple:
        return simple[hint]
    if get_origin(hint) is tuple:
        return types.UniTuple(numba_type(get_args(hint)[0]), len(get_args(hint)))
    if hasattr(hint, "_fields"):
        columns = get_type_hints(hint, include_extras=True).values()
        is_row = all(hasattr(column, "__metadata__") for column in columns)
        return ViewType(hint.__name__) if is_row else ArgumentsType(hint)
    return ColumnType(from_dtype(element_type(hint)))


class Unit:
    """One unit: its compiled function, the slot that holds its address, and the intrinsic by which rules call it.

    Attributes:
        dispatcher: Numba's, of the function.
        symbol: name of the slot for compiled code.
    """

    def __init__(self, function: Any) -> None:
        hints = get_type_hints(function)
        self.result: Any = numba_type(hints.pop("return"))
        self.arguments: tuple[Any, ...] = tuple(numba_type(hint) for hint in hints.values())
        self.dispatcher: Any = jit.compile_unit(function)
        self.symbol = f"{function.__module__}.{function.__qualname__}"
        self._loader = _LOADER(self._load_in_call)
        self._slot = (ctypes.c_int64 * 2)(0, ctypes.cast(self._loader, ctypes.c_void_p).value or 0)
        llvmlite.binding.add_symbol(self.symbol, ctypes.addressof(self._slot))

    @property
    def is_loaded(self) -> bool:
        """Whether the slot holds an address."""
        return bool(self._slot[0])

    def load(self) -> None:
        """Get the function from the cache or compile it, and fill the slot.

        Raises:
            LookupError: it was compiled, and Numba does not know its address.
        """
        self.dispatcher.compile(self.arguments)
        compiled = self.dispatcher.overloads[self.arguments]
        address = compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)
        if not address:
            message = f"{self.symbol}: Numba does not know the address of the compiled unit"
            raise LookupError(message)
        self._slot[0] = address

    def _load_in_call(self) -> None:
        """Fill the slot in the middle of a compiled call, which cannot be left by an exception.

        An interrupt is sent again when the call goes on; where the unit cannot be loaded, the process ends.
        """
        is_interrupted = False
        while not self.is_loaded:
            try:
                self.load()
            except KeyboardInterrupt:
                is_interrupted = True
            except BaseException:  # noqa: BLE001 - nothing above could handle it
                traceback.print_exc()
                os._exit(FAILED)
        if is_interrupted:
            threading.Timer(SECONDS_TO_RETURN, signal_interrupt).start()

    def call(self, context: Any, builder: Any, _: Any, arguments: Any) -> Any:
        """Code of a call: load the unit as long as the slot is empty, then call what the slot points to."""
        module, kind = builder.module, ir.ArrayType(_WORD, 2)
        slot = module.globals.get(self.symbol) or ir.GlobalVariable(module, kind, self.symbol)
        waiting, ready = builder.append_basic_block("load.unit"), builder.append_basic_block("call.unit")

        def word(number: int) -> Any:
            return builder.load(cgutils.gep_inbounds(builder, slot, 0, number))

        def branch() -> None:
            is_empty = builder.icmp_unsigned("==", word(0), _WORD(0))
            builder.cbranch(is_empty, waiting, ready).set_weights([1, 1000])

        branch()
        builder.position_at_end(waiting)
        builder.call(builder.inttoptr(word(1), ir.FunctionType(ir.VoidType(), []).as_pointer()), [])
        branch()
        builder.position_at_end(ready)
        convention = context.call_conv
        function = convention.get_function_type(self.result, self.arguments).as_pointer()
        address = builder.inttoptr(word(0), function)
        status, result = convention.call_function(builder, address, self.result, self.arguments, arguments)
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return result


def signal_interrupt() -> None:
    """Interrupt the main thread, as Ctrl-C does."""
    import _thread

    _thread.interrupt_main()


def unit(function: F) -> F:
    """A rule that is compiled on its own; its annotations name tables, columns of one array, and numbers."""
    if jit.PLAIN:
        return function
    if compilers.LINKING is None:
        return jit.kernel(function)
    this = Unit(function)
    _UNITS.append(this)

    def define(_: Any, *__: Any) -> Any:
        return signature(this.result, *this.arguments), this.call

    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    context = inspect.Parameter("typingctx", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    define.__signature__ = inspect.Signature([context, *parameters])  # type: ignore[attr-defined]
    define.__name__ = define.__qualname__ = function.__name__  # type: ignore[attr-defined]
    define.__doc__ = function.__doc__
    define.__wrapped__ = function  # type: ignore[attr-defined]
    called: Any = intrinsic(define)
    called.py_func = function
    return called


def units() -> tuple[Unit, ...]:
    """Every unit that was defined in this process; none where nothing is compiled."""
    return tuple(_UNITS)
