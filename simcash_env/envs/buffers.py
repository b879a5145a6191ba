"""The arrays of a batch: flat buffers for the kernel, and shaped views of them for users."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.schema.arrays import I64

F32: TypeAlias = npt.NDArray[np.float32]
F64: TypeAlias = npt.NDArray[np.float64]
I8: TypeAlias = npt.NDArray[np.int8]
I16: TypeAlias = npt.NDArray[np.int16]


class BatchArrays:
    """Part of ``SimCashVec``: its buffers and their views."""

    num_envs: int
    num_banks: int
    num_slots: int
    num_features: int
    cost_names: tuple[str, ...]
    action_nvec: I64
    _kernels: Any
    _dims: dict[str, tuple[int, ...]]
    _buffers: Any

    def _allocate(self, *, final_copies: int, keeps_raw: bool) -> Any:
        """Allocate the flat buffers of the kernel."""
        copies, rows = self.num_envs, self.num_envs * self.num_banks
        self._num_finals = final_copies
        final_rows, size = final_copies * self.num_banks, self.num_features
        mask_size = int(np.prod(self._dims["masks"][2:]))
        return self._kernels.Buffers(
            actions=np.zeros(rows * len(self.action_nvec), np.int16),
            observations=np.zeros(rows * size, np.float32),
            masks=np.zeros(rows * mask_size, np.int8),
            rewards=np.zeros(rows, np.float64),
            costs=np.zeros(rows * len(self.cost_names), np.int64),
            illegal=np.zeros(rows, np.int64),
            filled=np.zeros(rows, np.int64),
            charged=np.zeros(copies, np.int8),
            terminated=np.zeros(copies, np.int8),
            truncated=np.zeros(copies, np.int8),
            seeds=np.arange(1, copies + 1, dtype=np.int64),
            variants=np.zeros(copies, np.int64),
            pending=np.zeros(copies, np.int64),
            raw=np.zeros((rows + 1) * size if keeps_raw else size, np.float64),
            final_observations=np.zeros(final_rows * size, np.float32),
            final_masks=np.zeros(final_rows * mask_size, np.int8),
        )

    def _name_arrays(self) -> None:
        """Create the shaped views of the buffers.

        ``features`` (N, L, F): observations that the kernels write, each entry within [-1, 1].
        ``masks`` (N, L, H, C): 1 for legal choices; empty if the action has no masks.
        ``actions`` (N, L, H): the action buffer, int16.
        ``rewards`` (N, L); ``terminated`` and ``truncated`` (N,); ``seeds`` (N,) of the running episodes.
        ``members`` (N,): member of the family, 0 without ``randomize``.
        ``costs`` (N, L, kinds): cents of the last step, in the order of ``cost_names``.
        ``illegal`` (N, L): choices of the last step that were not carried out.
        ``final_masks``: last masks before a same-step reset; empty unless ``final_observations`` is on.
        """
        buffers, copies, banks = self._buffers, self.num_envs, self.num_banks
        before = set(self.__dict__)
        self.features: F32 = buffers.observations.reshape(copies, banks, -1)
        self.masks: I8 = buffers.masks.reshape(self._dims["masks"])
        if self.masks.size:
            self.masks[:, :, : self._dims["main"][0], 0] = 1  # an empty slot can only be held
        self.actions: I16 = buffers.actions.reshape(self._dims["actions"])
        self.rewards: F64 = buffers.rewards.reshape(copies, banks)
        self.costs: I64 = buffers.costs.reshape(copies, banks, len(self.cost_names))
        self.illegal: I64 = buffers.illegal.reshape(copies, banks)
        self.terminated: I8 = buffers.terminated
        self.truncated: I8 = buffers.truncated
        self.seeds: I64 = buffers.seeds
        self.members: I64 = buffers.variants
        self.final_masks: I8 = buffers.final_masks.reshape(self._num_finals, *self._dims["masks"][1:])
        self._views = set(self.__dict__) - before
