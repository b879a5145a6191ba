"""Kinds of observation: the vector of each bank, with a name for every entry.

The kernels write one vector for each bank (``agents/observation.py`` lists its entries). An observation object returns
it unchanged, or computes another one from it or from the state, for all copies and banks at once
(``examples/own_observation.py``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from simcash_env.agents.observation import observation_names
from simcash_env.envs.batch_view import BatchView


class Observation:
    """Base class of observations; the methods receive the whole batch of N copies and L learning banks.

    Attributes:
        dtype: type of the vector.
        low: lower bound of every entry.
        high: upper bound of every entry.
    """

    dtype: Any = np.float32
    low: float = -1.0
    high: float = 1.0

    def names(self, vec: BatchView) -> tuple[str, ...]:
        """Return the names of all entries, in order."""
        raise NotImplementedError

    def write(self, vec: BatchView, out: npt.NDArray[Any]) -> None:
        """Fill ``out`` (N, L, D) after every step and reset, for example from ``vec.features`` or ``vec.columns()``."""
        raise NotImplementedError


class Full(Observation):
    """The package's own observation: all entries, scaled to [-1, 1] or in cents, ticks and counts.

    Args:
        normalize: False returns unscaled float64, money in cents.
    """

    def __init__(self, *, normalize: bool = True) -> None:
        self.normalize = normalize
        if not normalize:
            self.dtype, self.low, self.high = np.float64, -np.inf, np.inf

    def names(self, vec: BatchView) -> tuple[str, ...]:
        """Return the names of ``agents/observation.py``."""
        return observation_names(vec.num_slots, has_market=vec.has_market, has_limits=vec.has_limits)

    def write(self, vec: BatchView, out: npt.NDArray[Any]) -> None:
        """Do nothing: the kernel has written ``out``."""


OBSERVATIONS = ("vector", "flat", "dict")
"""Names of ``Full()``; ``"flat"`` and ``"dict"`` also imply the place of the mask (``masks.NAMED_PLACES``)."""
