"""Kinds of action: their spaces, their masks and their translation for the kernels.

The kernels accept three encodings of whole numbers, decoded in ``agents/decode.py``: ``queue``, ``budget`` and
``threshold``. An action object translates into one of them, for all copies and banks at once. A new one needs no change
to the package (``examples/own_action.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.envs.batch_view import I8, BatchView
from simcash_env.errors import ActionError
from simcash_env.schema.arrays import I64
from simcash_env.schema.heads import HEADS

if TYPE_CHECKING:
    from gymnasium import spaces

Language: TypeAlias = Literal["queue", "budget", "threshold"]

THRESHOLDS = ("urgency", "size", "priority", "liquidity")
"""Names of the first four numbers of a threshold action."""


class Action:
    """Base class of actions; the methods receive the whole batch of N copies and L learning banks.

    Attributes:
        language: encoding into which ``decode`` translates.
    """

    language: ClassVar[Language] = "queue"

    def space(self, vec: BatchView) -> spaces.Space[Any]:
        """Return the action space of one bank; its ``shape`` is that of one action."""
        raise NotImplementedError

    def mask(self, vec: BatchView) -> I8 | None:
        """Return masks (N, L, ...) with 1 for legal choices, as the space's ``sample`` accepts them; or None."""
        return None

    def of_masks(self, vec: BatchView, masks: I8) -> I8 | None:
        """Return ``mask`` for masks (N, L, H, C) that the kernels wrote earlier; for the package's actions only."""
        return None

    def decode(self, vec: BatchView, actions: npt.NDArray[Any]) -> I64:
        """Return the heads (N, L, H) of the encoding for actions (N, L, *shape).

        Raises:
            ActionError: out of range.
        """
        raise NotImplementedError


class QueueAction(Action):
    """A choice for each visible payment, then the optional heads: a MultiDiscrete."""

    def space(self, vec: BatchView) -> spaces.Space[Any]:
        """Return a MultiDiscrete: one head per visible payment, then the optional heads of the scenario."""
        from simcash_env.envs.spaces import MaskedMultiDiscrete

        return MaskedMultiDiscrete(vec.action_nvec)

    def mask(self, vec: BatchView) -> I8:
        """Return the masks (N, L, H, C), padded with zeros."""
        return vec.masks

    def of_masks(self, vec: BatchView, masks: I8) -> I8:
        """Return the masks unchanged."""
        return masks

    def decode(self, vec: BatchView, actions: npt.NDArray[Any]) -> I64:
        """Return the actions unchanged; the kernel checks their range."""
        return np.asarray(actions, np.int64)


class BudgetAction(Action):
    """The share of the queued value to submit now, in steps of 5 %: Discrete(21), times the choices of optional heads.

    Payments are submitted in queue order until the next one would exceed the share. With optional heads, an action
    enumerates joint choices; the last head varies fastest.
    """

    language = "budget"

    def space(self, vec: BatchView) -> spaces.Space[Any]:
        """Return a Discrete space, for libraries without MultiDiscrete."""
        from gymnasium import spaces

        return spaces.Discrete(int(vec.action_nvec.prod()))

    def mask(self, vec: BatchView) -> I8:
        """Return the masks (N, L, joint choices)."""
        return self.of_masks(vec, vec.masks)

    def of_masks(self, vec: BatchView, masks: I8) -> I8:
        """Return masks of joint choices: legal if each of their choices is."""
        joint = masks[:, :, 0, : vec.action_nvec[0]]
        for head, choices in enumerate(vec.action_nvec[1:].tolist(), start=1):
            both = joint[..., None] & masks[:, :, head, None, :choices]
            joint = both.reshape(*joint.shape[:2], joint.shape[2] * choices)
        return joint

    def decode(self, vec: BatchView, actions: npt.NDArray[Any]) -> I64:
        """Return each joint choice as one choice per head."""
        given = np.asarray(actions, np.int64)
        count = int(vec.action_nvec.prod())
        if given.size and not 0 <= given.min() <= given.max() < count:
            message = f"actions: a budget is one of 0 to {count - 1}, got {given.min()} to {given.max()}"
            raise ActionError(message)
        return np.stack(np.unravel_index(given, tuple(vec.action_nvec.tolist())), axis=-1).astype(np.int64)


class ThresholdAction(Action):
    """Release payments more urgent, smaller or of higher priority than thresholds, within a share of the liquidity.

    A Box of numbers from -1 to 1 for continuous algorithms. Each number ``a`` stands for ``x = (a + 1) / 2``, rounded
    to a thousandth: ``urgency`` and ``size`` on the scales of the observation (0 releases nothing, 1 everything),
    ``priority`` in tenths (1 releases nothing), ``liquidity`` as a share of the available liquidity; then one number
    for each optional head. The size does not depend on the queue.
    """

    language = "threshold"

    def space(self, vec: BatchView) -> spaces.Space[Any]:
        """Return a Box of shape (4 + optional heads,)."""
        from gymnasium import spaces

        return spaces.Box(-1.0, 1.0, (len(vec.action_nvec),), np.float32)

    def decode(self, vec: BatchView, actions: npt.NDArray[Any]) -> I64:
        """Return each number as a choice of its head."""
        given = np.asarray(actions, np.float64)
        if not ((given >= -1.0) & (given <= 1.0)).all():
            message = "actions: every number of a threshold action is from -1 to 1"
            raise ActionError(message)
        heads = np.rint((given + 1.0) / 2.0 * (vec.action_nvec - 1)).astype(np.int64)
        for head in HEADS:
            if head.name in vec.head_index:
                at = vec.head_index[head.name]
                heads[..., at] = np.array(head.ascending)[heads[..., at]]
        return heads


ACTIONS: dict[str, type[Action]] = {"queue": QueueAction, "budget": BudgetAction, "threshold": ThresholdAction}
"""Actions by name."""
