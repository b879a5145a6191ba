"""Kinds of observation: which numbers a bank sees, named one by one.

The kernels write one vector for each bank (``agents/observation.py`` lists its entries). An observation object hands
it out unchanged, or computes another one from it, or from the state, for all copies and banks at once
(``examples/own_observation.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import observation_names

if TYPE_CHECKING:
    from simcash_env.envs.vector import SimCashVec

F32: TypeAlias = npt.NDArray[np.float32]


class Observation:
    """What a user's own observation derives from; the methods get the whole batch of N copies and L learning banks.

    Attributes:
        with_mask: does the PettingZoo face hand out ``{"observation", "action_mask"}``, or the vector alone?
        dtype: of the vector.
        low: of every entry.
        high: likewise.
    """

    with_mask: bool = True
    dtype: Any = np.float32
    low: float = -1.0
    high: float = 1.0

    def names(self, vec: SimCashVec) -> tuple[str, ...]:
        """The name of every entry; as many as the vector is long."""
        raise NotImplementedError

    def write(self, vec: SimCashVec, out: npt.NDArray[Any]) -> None:
        """Fill ``out`` (N, L, D) after every step and reset, from ``vec.features``, ``vec.columns()`` and the like."""
        raise NotImplementedError


class Full(Observation):
    """Everything there is to see: each entry squashed into [-1, 1], or in cents, ticks and counts.

    Args:
        normalize: False gives the numbers themselves as float64, money in cents.
        with_mask: see ``Observation``.
    """

    def __init__(self, *, normalize: bool = True, with_mask: bool = True) -> None:
        self.normalize = normalize
        self.with_mask = with_mask
        if not normalize:
            self.dtype, self.low, self.high = np.float64, -np.inf, np.inf

    def names(self, vec: SimCashVec) -> tuple[str, ...]:
        """As the layout has them."""
        return observation_names(vec.num_slots, has_market=vec.has_market)

    def write(self, vec: SimCashVec, out: npt.NDArray[Any]) -> None:
        """The kernel has written it already."""


OBSERVATIONS = ("dict", "flat")
"""Names of ``Full()`` with and without a mask beside the vector."""
