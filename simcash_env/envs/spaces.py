"""Gymnasium spaces of one bank that also sample under the masks of observations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from simcash_env.errors import ActionError


def unpadded(nvec: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the positions (sum of choices,) of the choices that exist in a flattened (heads, choices) matrix."""
    return np.flatnonzero(np.arange(nvec.max()) < nvec[:, None]).astype(np.int64)


class MaskedMultiDiscrete(spaces.MultiDiscrete):
    """A MultiDiscrete that also samples under masks of both forms (``masks.FORMS``), with the same draws for both."""

    def sample(self, mask: Any = None, probability: Any = None) -> npt.NDArray[np.int64]:
        """Sample an action; with an array as mask, uniformly from the choices marked 1.

        Raises:
            ActionError: the array has neither the shape of the matrix nor that of the vector.
        """
        if not isinstance(mask, np.ndarray):
            return super().sample(mask=mask, probability=probability)
        shape, size = (len(self.nvec), int(self.nvec.max())), int(self.nvec.sum())
        if mask.shape not in {shape, (size,)}:
            message = f"mask: must have the shape {shape} or ({size},), got {mask.shape}"
            raise ActionError(message)
        scores = np.asarray(self.np_random.random(shape))
        is_legal = mask != 0
        if mask.ndim == 1:
            is_legal = np.zeros(shape, bool)
            is_legal.reshape(-1)[unpadded(self.nvec)] = mask != 0
        scores[~is_legal] = -1.0
        action: npt.NDArray[np.int64] = scores.argmax(axis=-1).astype(np.int64)
        return action

    def __eq__(self, other: object) -> bool:
        """Equal to any MultiDiscrete with the same heads: wrappers may rebuild the space."""
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]
