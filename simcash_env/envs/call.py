"""The arguments of a batch's step as one array of addresses: boxing every array would cost more than a small step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from simcash_env.schema.arrays import I64


class Call:
    """Keeps the arrays of ``spaces.step.step_batch`` alive and their addresses in order."""

    def __init__(self, arena: Any, buffers: Any, shape: Any, num_choices: I64) -> None:
        window = shape.window
        seen = np.array(window[1:-2], np.int64)
        numbers = np.array((shape.max_ticks, shape.autoreset, shape.is_backward), np.int64)
        weights = np.array((shape.alpha, shape.reward_scale), np.float64)
        rest = (window.learners, window.spread, window.offset, seen, numbers, weights, num_choices)
        self._arrays = (*arena, *buffers, *rest)
        self.words: I64 = np.fromiter(_words(self._arrays), np.int64)


def _words(arrays: Iterable[npt.NDArray[Any]]) -> Iterable[int]:
    for array in arrays:
        if not array.flags.c_contiguous:
            message = "a batch's arrays lie in one piece"
            raise ValueError(message)
        yield array.__array_interface__["data"][0]
        yield array.size
