"""Gymnasium spaces of one bank that also sample under the masks of observations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces


class MaskedMultiDiscrete(spaces.MultiDiscrete):
    """A MultiDiscrete that also samples under a (heads, choices) mask; smaller heads are padded with zeros."""

    def sample(self, mask: Any = None, probability: Any = None) -> npt.NDArray[np.int64]:
        """Sample an action; with an array as mask, uniformly from the choices marked 1."""
        if not isinstance(mask, np.ndarray):
            return super().sample(mask=mask, probability=probability)
        scores = np.asarray(self.np_random.random(mask.shape))
        scores[mask == 0] = -1.0
        action: npt.NDArray[np.int64] = scores.argmax(axis=-1).astype(np.int64)
        return action

    def __eq__(self, other: object) -> bool:
        """Equal to any MultiDiscrete with the same heads: wrappers may rebuild the space."""
        return super().__eq__(other)

    __hash__ = None  # type: ignore[assignment]
