"""Scarcity first: a policy learns to order its payments where liquidity is short, and then how much to commit."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from simcash_env.envs.sb3 import SimCashSB3Vec
from simcash_env.envs.vector import SimCashVec
from simcash_env.schema.codes import POOL_LEVELS


class ScarcityFirst(SimCashSB3Vec):
    """The batch, whose masks leave only small pool shares to choose from while ``is_scarce``.

    With ample liquidity it hardly matters which payment goes first, and a policy that has learned to release all at
    once seldom tries anything else. The days themselves are as ever; only choices are withheld.

    Args:
        vec: the batch.
        levels: smallest and largest level of the pool that may then be chosen.
        bank_id: as in ``SimCashSB3Vec``.
    """

    def __init__(self, vec: SimCashVec, levels: tuple[int, int], *, bank_id: bool) -> None:
        super().__init__(vec, bank_id=bank_id)
        self.is_scarce = False
        choices, at = vec.action_nvec.tolist(), vec.head_index.get("pool")
        self._pool = slice(0, 0) if at is None else slice(sum(choices[:at]), sum(choices[: at + 1]))
        every = np.arange(POOL_LEVELS)
        self._is_small = (levels[0] <= every) & (every <= levels[1])

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """(rows, sum of choices) what each row may do now; of the pool only small shares while liquidity is scarce."""
        masks = super().action_masks()
        pool = masks[:, self._pool]
        if self.is_scarce and pool.size:
            pool[pool[:, 1:].any(axis=1)] &= self._is_small
        return masks
