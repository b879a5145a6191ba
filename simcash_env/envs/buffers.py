"""The arrays of a batch: flat buffers for the kernel, and shaped views of them for users."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from simcash_env.agents.tables import Buffers
from simcash_env.envs.batch_view import F32, F64, I8, I32
from simcash_env.schema.arrays import I64


class BatchSizes(NamedTuple):
    """Sizes of the arrays of a batch."""

    copies: int
    banks: int
    features: int
    heads: int
    main_heads: int
    mask: tuple[int, int]  # heads and choices; (0, 0) where the action has no masks
    cost_kinds: int
    final_copies: int  # copies of which the last observations are kept, all or none


class BatchArrays:
    """Buffers of a batch and their shaped views.

    Args:
        sizes: sizes of the arrays.
        keeps_raw: whether unscaled observations are kept.

    Attributes:
        features: observations (N, L, F) that the kernels write, each entry within [-1, 1].
        masks: (N, L, H, C) 1 for legal choices; empty if the action has no masks.
        actions: action buffer (N, L, H).
        rewards: (N, L).
        costs: cents (N, L, kinds) of the last step.
        illegal: choices (N, L) of the last step that were not carried out.
        terminated: (N,).
        truncated: (N,).
        seeds: seeds (N,) of the running episodes.
        members: member of the family (N,), 0 without ``randomize``.
        final_masks: last masks before a same-step reset; empty unless ``final_observations`` is on.
    """

    def __init__(self, sizes: BatchSizes, *, keeps_raw: bool) -> None:
        self.sizes, copies = sizes, sizes.copies
        rows, entries = copies * sizes.banks, sizes.features
        mask_size, final_rows = sizes.mask[0] * sizes.mask[1], sizes.final_copies * sizes.banks
        self.buffers = Buffers(
            actions=np.zeros(rows * sizes.heads, np.int32),
            observations=np.zeros(rows * entries, np.float32),
            masks=np.zeros(rows * mask_size, np.int8),
            rewards=np.zeros(rows, np.float64),
            costs=np.zeros(rows * sizes.cost_kinds, np.int64),
            liquidity=np.zeros(2 * rows, np.int64),
            illegal=np.zeros(rows, np.int64),
            filled=np.zeros(rows, np.int64),
            charged=np.zeros(copies, np.int8),
            terminated=np.zeros(copies, np.int8),
            truncated=np.zeros(copies, np.int8),
            seeds=np.arange(1, copies + 1, dtype=np.int64),
            variants=np.zeros(copies, np.int64),
            pending=np.zeros(copies, np.int64),
            raw=np.zeros((rows + 1) * entries if keeps_raw else entries, np.float64),
            final_observations=np.zeros(final_rows * entries, np.float32),
            final_masks=np.zeros(final_rows * mask_size, np.int8),
        )
        self._shape_views()

    def _shape_views(self) -> None:
        buffers, sizes = self.buffers, self.sizes
        rows = sizes.copies, sizes.banks
        self.features: F32 = buffers.observations.reshape(*rows, -1)
        self.masks: I8 = buffers.masks.reshape(*rows, *sizes.mask)
        if self.masks.size:
            self.masks[:, :, : sizes.main_heads, 0] = 1  # an empty slot can only be held
        self.actions: I32 = buffers.actions.reshape(*rows, sizes.heads)
        self.rewards: F64 = buffers.rewards.reshape(rows)
        self.costs: I64 = buffers.costs.reshape(*rows, sizes.cost_kinds)
        self.illegal: I64 = buffers.illegal.reshape(rows)
        self.terminated: I8 = buffers.terminated
        self.truncated: I8 = buffers.truncated
        self.seeds: I64 = buffers.seeds
        self.members: I64 = buffers.variants
        self.final_masks: I8 = buffers.final_masks.reshape(sizes.final_copies, sizes.banks, *sizes.mask)

    def __getstate__(self) -> dict[str, Any]:
        """Return the buffers without their views, which a copy makes of its own buffers."""
        return {"sizes": self.sizes, "buffers": self.buffers}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over the buffers and create their views."""
        self.__dict__.update(state)
        self._shape_views()
