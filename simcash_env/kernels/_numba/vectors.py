"""What Numba has no words for: eight numbers at a time, and memory that is asked for before it is needed."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from simcash_env.kernels._numba.jit import PLAIN
from simcash_env.kernels._numba.views import data_of, element_pointer

LANES: Final = 8
"""Numbers that are scaled together: a loop that LLVM vectorises leaves most of so few to a scalar remainder."""

LINE_BYTES: Final = 64
"""Of a line of the cache."""

_EIGHT: Final = {kind: ir.VectorType(kind, LANES) for kind in (ir.DoubleType(), ir.FloatType())}


def plain_scale_lanes(
    raw: npt.NDArray[np.float64],
    scaled: npt.NDArray[np.float32],
    spread: npt.NDArray[np.float32],
    offset: npt.NDArray[np.float32],
    first: int,
) -> None:
    """``x / (|x| * spread + offset)`` of ``LANES`` numbers from ``first`` on, in float32; the arrays are flat."""
    for at in range(first, first + LANES):
        value = np.float32(raw[at])
        scaled[at] = value / (abs(value) * spread[at] + offset[at])


@intrinsic
def _compiled_scale_lanes(typingctx: Any, raw: Any, scaled: Any, spread: Any, offset: Any, first: Any) -> Any:
    """The same with one vector instruction for each operation: the same roundings, element by element."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = args[4]

        def pointer(number: int, element: Any) -> Any:
            data = data_of(context, builder, signature.args[number], args[number]).data
            return builder.bitcast(builder.gep(data, [at]), _EIGHT[element].as_pointer())

        def load(number: int, element: Any) -> Any:
            return builder.load(pointer(number, element), align=8 if element == ir.DoubleType() else 4)

        single, double = ir.FloatType(), ir.DoubleType()
        value = builder.fptrunc(load(0, double), _EIGHT[single])
        fabs = ir.FunctionType(_EIGHT[single], [_EIGHT[single]])
        absolute = cgutils.get_or_insert_function(builder.module, fabs, f"llvm.fabs.v{LANES}f32")
        magnitude = builder.call(absolute, [value])
        weight = builder.fadd(builder.fmul(magnitude, load(2, single)), load(3, single))
        builder.store(builder.fdiv(value, weight), pointer(1, single), align=4)
        return context.get_dummy_value()

    return types.none(raw, scaled, spread, offset, types.int64), codegen


scale_lanes = plain_scale_lanes if PLAIN else _compiled_scale_lanes


def plain_prefetch(column: npt.NDArray[Any], first: int, num_bytes: int) -> None:
    """Nothing: only compiled kernels wait for memory."""


@intrinsic
def _compiled_prefetch(typingctx: Any, column: Any, first: Any, num_bytes: Any) -> Any:
    """Ask for ``num_bytes`` of memory from an element of a column on, without waiting for them; changes no result."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte, flag, offset = ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [byte, flag, flag, flag])
        request = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        begin = builder.bitcast(element_pointer(context, builder, signature.args[0], args[0], args[1]), byte)
        to_write, near, data = flag(1), flag(3), flag(1)
        with cgutils.for_range_slice(builder, offset(0), args[2], offset(LINE_BYTES)) as (at, _):
            builder.call(request, [builder.gep(begin, [at]), to_write, near, data])
        return context.get_dummy_value()

    return types.none(column, types.int64, types.int64), codegen


prefetch = plain_prefetch if PLAIN else _compiled_prefetch
