"""A learned policy: its networks, and the translation between a batch's arrays and the networks' rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch as th

from simcash_env.agents.observation import NUM_SLOT, SLOTS_AT
from simcash_env.envs.vector import SimCashVec
from simcash_env.errors import SnapshotError
from simcash_env.learning.checkpoint import find_checkpoint, read_facts
from simcash_env.learning.distributions import BINARY, CategoricalHeads, DiagonalGaussian
from simcash_env.learning.networks import ActorCritic
from simcash_env.learning.queue_features import NUM_QUEUE_FEATURES, queue_features
from simcash_env.learning.rank_policy import RankPolicy
from simcash_env.learning.settings import TrainingSettings

GREEDY: Final = None
"""In place of a random generator: the most likely action."""


@dataclass(frozen=True)
class BatchShape:
    """What a policy needs to know of a batch.

    Attributes:
        banks: learning banks of a copy, L.
        slots: queue slots shown.
        features: entries of an observation.
        flow: payments of a day by bank, in the bank's mean payments.
        choices: of each head.
        pool: index of the head of the pool share; None without a pool.
    """

    banks: int
    slots: int
    features: int
    flow: tuple[float, ...]
    choices: tuple[int, ...]
    pool: int | None

    @classmethod
    def of(cls, vec: SimCashVec) -> BatchShape:
        """The shape of a batch."""
        choices, pool = tuple(vec.action_nvec.tolist()), vec.head_index.get("pool")
        view = vec.scenario.view
        flow = (view.bank_flow_scale_cents / view.bank_payment_scale_cents)[vec.learners]
        return cls(vec.num_banks, vec.num_slots, vec.num_features, tuple(flow.tolist()), choices, pool)


class Policy:
    """P actor-critics, one for all banks or one for each, and how a batch's arrays become their rows.

    N copies with L learning banks give R rows a policy, P * R = N * L.

    Args:
        settings: of the training.
        shape: of the batch.
        generator: random generator of the initial weights.
    """

    def __init__(self, settings: TrainingSettings, shape: BatchShape, generator: Any = None) -> None:
        self.settings, self.shape = settings, shape
        self.banks, self.slots, self.features, self.pool = shape.banks, shape.slots, shape.features, shape.pool
        self.policies = shape.banks if settings.policies == "own" else 1
        sizes = list(shape.choices)
        scores_slots = settings.network == "slots" and settings.action == "queue" and self.slots > 0
        self.queue_columns = NUM_QUEUE_FEATURES * self.slots if scores_slots else 0
        self.ids = self.banks if settings.bank_id and self.policies == 1 and self.banks > 1 else 0
        self.columns = self.features + self.queue_columns + self.ids
        self.heads: Any
        if settings.action in {"threshold", "rank"}:
            self.heads = DiagonalGaussian(self.policies, len(sizes), settings.log_std)
        else:
            weights = [1.0] * len(sizes)
            if self.pool is not None:
                weights[self.pool] = settings.pool_entropy
            curve_head = -1 if self.pool is None or settings.pool_head == "level" else self.pool
            self.heads = CategoricalHeads(sizes, weights, curve_head, settings.pool_start)
        self.start = None if settings.start is None else RankPolicy.load(find_checkpoint(Path(settings.start)))
        logits_per_slot = (1 if sizes[0] == BINARY else sizes[0]) if scores_slots else 0
        slots = (self.slots, logits_per_slot) if scores_slots else (0, 0)
        self.network = ActorCritic(
            settings, self.policies, self.banks, self.features, self.columns, slots, self.heads, generator
        )

    @classmethod
    def load(cls, path: Path) -> Policy:
        """The policy of a checkpoint.

        Raises:
            SnapshotError: it cannot be read.
        """
        facts = read_facts(path)
        policy = cls(facts.training_settings(), BatchShape(**{**facts.shape, "choices": tuple(facts.shape["choices"])}))
        try:
            weights = th.load(path, weights_only=True)
            policy.network.load_state_dict(weights)
        except RuntimeError as error:
            message = (
                f"{path}: weights do not fit the networks that {path.with_suffix('.json').name} describes: {error}"
            )
            raise SnapshotError(message) from error
        return policy

    def save(self, file: Any) -> None:
        """Write the weights alone."""
        th.save(self.network.state_dict(), file)

    def rows(self, array: Any) -> Any:
        """(P, R, ...) view of an array (N, L, ...)."""
        tensor = th.from_numpy(array) if isinstance(array, np.ndarray) else array
        return tensor.transpose(0, 1) if self.policies > 1 else tensor.flatten(0, 1).unsqueeze(0)

    def rows_of_copies(self, array: Any) -> Any:
        """(P, R) from an array (N,)."""
        return self.rows(th.from_numpy(array).unsqueeze(1).expand(-1, self.banks))

    def batch(self, rows: Any) -> Any:
        """(N, L, H) NumPy array from rows (P, R, H)."""
        by_copy = rows.transpose(0, 1) if self.policies > 1 else rows[0].unflatten(0, (-1, self.banks))
        return by_copy.contiguous().numpy()

    def encode(self, observations: Any, out: Any) -> None:
        """Write rows (P, R, columns) from observations (N, L, D); the one-hots of banks must be there already."""
        end = self.features
        out[:, :, :end] = self.rows(observations)
        if self.queue_columns:
            flat = out.flatten(0, 1)
            slots = flat[:, SLOTS_AT : SLOTS_AT + self.slots * NUM_SLOT].unflatten(1, (self.slots, NUM_SLOT))
            flows = th.tensor(self.shape.flow)
            is_shared = self.policies == 1
            day_flow = flows.repeat(len(flat) // self.banks) if is_shared else flows.repeat_interleave(out.shape[1])
            out[:, :, end : end + self.queue_columns] = queue_features(flat, slots, day_flow).view(*out.shape[:2], -1)

    def new_rows(self, *shape: int) -> Any:
        """Zeros (P, *shape, R, columns) with the one-hots of banks; the last of ``shape`` is the number of copies."""
        *before, copies = shape
        rows = th.zeros(self.policies, *before, copies * self.banks // self.policies, self.columns)
        if self.ids:
            rows[..., self.columns - self.ids :] = th.eye(self.banks).repeat(copies, 1)
        return rows

    @th.no_grad()
    def act(self, observations: Any, masks: Any, generator: Any = GREEDY) -> Any:
        """Actions (N, L, H) for observations (N, L, D) and masks (N, L, H, C): greedy, or sampled with a generator."""
        rows = self.new_rows(len(observations))
        self.encode(observations, rows)
        mask = th.zeros(*rows.shape[:2], self.heads.mask_width)
        self.heads.encode_masks(self.rows(masks), mask)
        actions = self.batch(self.heads.sample(self.network(rows)[0], mask, generator)[0])
        return self.played(observations, actions)

    def played(self, observations: Any, actions: Any) -> Any:
        """Actions (N, L, H) that the batch takes: continuous ones within bounds, on top of those of a start."""
        if self.heads.dtype is not th.float32:
            return actions
        if self.start is not None:
            actions = actions + self.start.act(observations).astype(np.float32)
        return actions.clip(-1.0, 1.0)
