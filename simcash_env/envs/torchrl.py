"""TorchRL's environment over the batch: all copies are one ``EnvBase`` with a batch size, stepped by one call.

Needs torchrl (``constraints/torchrl.txt`` or ``constraints/benchmarl.txt``). The PettingZoo environment in TorchRL's
own wrapper is the same game for one copy, and much slower.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import torch
from tensordict import TensorDict
from torchrl.data import Bounded, Categorical, Composite, Unbounded
from torchrl.envs import EnvBase

from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import ActionError

GROUP: Final = "banks"
"""The one group of agents."""
ENDS: Final = ("terminated", "truncated")


def seen_by_banks(vec: SimCashVec, *, bank_id: bool = True, device: Any = "cpu") -> TensorDict:
    """Return what the banks see now: ``observation`` and, where the action has masks, ``action_mask``.

    Args:
        vec: batch.
        bank_id: append a one-hot of the bank to each observation.
        device: of the tensors.

    Returns:
        Copies of the batch's arrays; the batch size is copies and banks.
    """
    ids = np.eye(vec.num_banks, dtype=np.float32)[:, : vec.num_banks if bank_id else 0]
    ids = np.broadcast_to(ids, (vec.num_envs, *ids.shape))
    rows = {"observation": torch.from_numpy(np.concatenate([vec.observations, ids], axis=2, dtype=np.float32))}
    if vec.action_masks is not None:
        rows["action_mask"] = torch.from_numpy(vec.action_masks.astype(bool))
    return TensorDict(rows, [vec.num_envs, vec.num_banks], device=device)


class SimCashTorchRL(EnvBase):
    """A batch as a TorchRL environment for agents that share a reward or not: keys ``("banks", ...)`` and ``"state"``.

    Episodes of all copies end together: after the ticks of the scenario, or after ``max_ticks``.

    Args:
        vec: batch created with ``autoreset="disabled"`` and an action that is a ``Discrete`` or a ``Box``.
        bank_id: append a one-hot of the bank to each observation, so that a shared policy can distinguish banks.
        seed: of the first episode of the first copy; the copies after it have the following seeds.
        device: of the tensors.
    """

    def __init__(self, vec: SimCashVec, *, bank_id: bool = True, seed: int = 1, device: Any = "cpu") -> None:
        kind = type(vec.single_action_space).__name__
        if vec.autoreset != "disabled" or kind not in {"Discrete", "Box"}:
            message = "SimCashTorchRL needs a batch made with autoreset='disabled' and a Discrete or Box action"
            raise ActionError(message)
        super().__init__(device=device, batch_size=torch.Size([vec.num_envs]))
        self.vec, self._first_seed = vec, int(seed)
        self.group_map = {GROUP: list(vec.bank_ids)}
        self._bank_id = bank_id
        shape = (vec.num_envs, vec.num_banks)
        width = vec.observation_size + vec.num_banks * bank_id
        banks = {"observation": Unbounded((*shape, width), device=device)}
        if kind == "Discrete":
            choices = int(vec.single_action_space.n)  # type: ignore[attr-defined]
            banks["action_mask"] = Categorical(2, (*shape, choices), dtype=torch.bool, device=device)
            action: Any = Categorical(choices, shape, device=device)
        else:
            action = Bounded(-1.0, 1.0, (*shape, *vec.single_action_space.shape), device=device)  # type: ignore[misc]
        self.observation_spec = Composite(
            {
                GROUP: Composite(banks, shape=shape),
                "state": Unbounded((vec.num_envs, vec.num_banks * width), device=device),
            },
            shape=self.batch_size,
        )
        self.action_spec = Composite({GROUP: Composite({"action": action}, shape=shape)}, shape=self.batch_size)
        self.reward_spec = Composite(
            {GROUP: Composite({"reward": Unbounded((*shape, 1), device=device)}, shape=shape)}, shape=self.batch_size
        )
        flag = Categorical(2, (vec.num_envs, 1), dtype=torch.bool, device=device)
        self.done_spec = Composite(
            {name: flag.clone() for name in ("done", "terminated", "truncated")}, shape=self.batch_size
        )

    def _seen(self) -> dict[str, Any]:
        rows = seen_by_banks(self.vec, bank_id=self._bank_id, device=self.device)
        return {GROUP: rows, "state": rows["observation"].reshape(self.vec.num_envs, -1).clone()}

    def _flags(self) -> dict[str, Any]:
        ends = {name: torch.from_numpy(getattr(self.vec, name).astype(bool))[:, None] for name in ENDS}
        return {"done": ends["terminated"] | ends["truncated"], **ends}

    def _reset(self, tensordict: Any, **_options: Any) -> Any:
        vec = self.vec
        chosen = None
        if tensordict is not None and "_reset" in tensordict.keys():  # noqa: SIM118 - not a dictionary
            chosen = tensordict["_reset"].reshape(vec.num_envs).numpy().astype(bool)
        vec.reset(None if vec.has_begun else self._first_seed, mask=chosen)
        return TensorDict({**self._seen(), **self._flags()}, self.batch_size, device=self.device)

    def _step(self, tensordict: Any) -> Any:
        vec = self.vec
        vec.step(tensordict[GROUP, "action"].cpu().numpy())
        reward = torch.from_numpy(vec.rewards.astype(np.float32))[:, :, None]
        seen = self._seen()
        seen[GROUP]["reward"] = reward
        return TensorDict({**seen, **self._flags()}, self.batch_size, device=self.device)

    def _set_seed(self, seed: int | None) -> None:
        if seed is not None:
            self._first_seed = int(seed)
