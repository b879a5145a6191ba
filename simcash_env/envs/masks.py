"""Form and place of action masks: the one owner of both, for every interface.

The kernels write one row for each head, padded with zeros to the largest number of choices. ``MaskForm`` presents these
masks as such a matrix or as one vector with the choices of all heads, concatenated without padding. The place is the
observation or the info, never both.
"""

from __future__ import annotations

from typing import Any, Final, Literal, TypeAlias

import numpy as np
from gymnasium import spaces

from simcash_env.envs.batch_view import I8
from simcash_env.envs.options import require
from simcash_env.envs.spaces import unpadded
from simcash_env.schema.arrays import I64

Form: TypeAlias = Literal["matrix", "flat"]
Place: TypeAlias = Literal["observation", "info"]

FORMS: Final[tuple[Form, ...]] = ("matrix", "flat")
"""``"matrix"``: (heads, choices), padded with zeros; ``"flat"``: one vector of length ``sum(nvec)``."""
PLACES: Final[tuple[Place, ...]] = ("observation", "info")
"""Where an environment returns the mask: next to the vector of the observation, or in the info."""

NAMED_PLACES: Final[dict[str, Place]] = {"dict": "observation", "flat": "info"}
"""Places that names of an observation imply."""


def resolve_form(mask: Any) -> Form:
    """Return the form of masks after checking it.

    Raises:
        ConfigError: unknown form.
    """
    is_form = isinstance(mask, str) and mask in FORMS
    require("mask", mask, is_form, f"must be one of {', '.join(FORMS)}")
    form: Form = mask
    return form


def resolve_place(mask_in: Any, observation: Any) -> Place:
    """Return the place of masks: ``mask_in``, else what the name of the observation implies, else the info.

    Raises:
        ConfigError: unknown place, or one that contradicts the name of the observation.
    """
    implied = NAMED_PLACES.get(observation) if isinstance(observation, str) else None
    is_place = mask_in is None or (isinstance(mask_in, str) and mask_in in PLACES)
    require("mask_in", mask_in, is_place, f"must be one of {', '.join(PLACES)}, or None")
    agrees = mask_in is None or implied is None or mask_in == implied
    require("mask_in", mask_in, agrees, f'observation="{observation}" already says {implied!r}')
    place: Place = mask_in or implied or "info"
    return place


class MaskForm:
    """Presentation of the masks of one kind of action.

    Args:
        masks: masks (N, L, ...) as the action returns them.
        space: action space of one bank.
        form: ``"matrix"`` returns the masks unchanged, ``"flat"`` one vector for each bank.

    Attributes:
        shape: shape of the mask of one bank.
        is_view: whether ``show`` returns the given array or a view of it.
    """

    def __init__(self, masks: I8, space: spaces.Space[Any], form: Form) -> None:
        self._is_flat = form == "flat"
        self._places: I64 | None = None
        if isinstance(space, spaces.MultiDiscrete):
            nvec = space.nvec.astype(np.int64)
            is_padded = (nvec != nvec[0]).any() and masks.shape[2:] == (len(nvec), int(nvec.max()))
            self._places = unpadded(nvec) if is_padded else None
        self.is_view = not self._is_flat or self._places is None
        self.shape: tuple[int, ...] = self.show(masks).shape[2:]

    def show(self, masks: I8) -> I8:
        """Return masks (N, L, ...) in this form: the given array, a view of it or a new array."""
        return self.flatten(masks) if self._is_flat else masks

    def write(self, masks: I8, out: I8) -> None:
        """Write masks (N, L, ...) in this form into ``out``."""
        if self._is_flat and self._places is not None:
            rows = masks.reshape(*masks.shape[:2], -1)
            rows.take(self._places, axis=2, out=out, mode="clip")
        else:
            out[...] = self.show(masks)

    def flatten(self, masks: I8) -> I8:
        """Return masks (N, L, ...) as vectors (N, L, sum of choices), heads concatenated."""
        rows = masks.reshape(*masks.shape[:2], -1)
        return rows if self._places is None else rows.take(self._places, axis=2)
