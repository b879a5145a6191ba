"""Eight numbers at a time, where a loop that LLVM vectorises would leave most of its elements to a scalar remainder."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

from simcash_env.kernels._numba.jit import PLAIN
from simcash_env.kernels._numba.views import data_of

LANES: Final = 8
"""Numbers that are scaled together."""

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
