"""An RLlib module that applies masks; without it RLlib ignores them and illegal choices count as hold.

The observation must have the mask: ``simcash_v0.parallel_env(..., mask_in="observation")``, in either form. Needs the
extra ``rllib``, and RLlib's new API stack::

    spec = MultiRLModuleSpec(rl_module_specs={"bank": RLModuleSpec(module_class=MaskedPPO)})
    PPOConfig().rl_module(rl_module_spec=spec)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import DefaultPPOTorchRLModule


class MaskedPPO(DefaultPPOTorchRLModule):
    """RLlib's own networks on the vector of an observation; its mask takes the illegal choices out of their logits."""

    def __init__(self, *, observation_space: Any, **kwargs: Any) -> None:
        super().__init__(observation_space=observation_space["observation"], **kwargs)

    def _masked(self, forward: Callable[..., Any], batch: Any, kwargs: Any) -> Any:
        legal = batch["obs"]["action_mask"]
        if legal.ndim > 2:  # rows of heads, padded
            legal = torch.cat([legal[:, head, :count] for head, count in enumerate(self.action_space.nvec)], dim=1)
        out = forward({**batch, "obs": batch["obs"]["observation"]}, **kwargs)
        return out | {"action_dist_inputs": out["action_dist_inputs"].masked_fill(legal == 0, -1e9)}

    def _forward(self, batch: Any, **kwargs: Any) -> Any:
        return self._masked(super()._forward, batch, kwargs)

    def _forward_train(self, batch: Any, **kwargs: Any) -> Any:
        return self._masked(super()._forward_train, batch, kwargs)

    def compute_values(self, batch: Any, embeddings: Any = None) -> Any:
        """The value of the vector."""
        return super().compute_values({**batch, "obs": batch["obs"]["observation"]}, embeddings)
