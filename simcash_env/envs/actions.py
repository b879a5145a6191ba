"""Kinds of action: what a bank chooses from, what it may choose now, and what a choice becomes for the kernels.

The kernels know three languages of whole numbers, the heads of ``agents/decode.py``: ``queue``, ``budget`` and
``threshold``. An action object translates into one of them, for all copies and banks at once; a new one needs no change
to the package (``examples/own_action.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.errors import ActionError
from simcash_env.schema.heads import HEADS

if TYPE_CHECKING:
    from gymnasium import spaces

    from simcash_env.envs.vector import SimCashVec

I64: TypeAlias = npt.NDArray[np.int64]
I8: TypeAlias = npt.NDArray[np.int8]
Language: TypeAlias = Literal["queue", "budget", "threshold"]

THRESHOLDS = ("urgency", "size", "priority", "liquidity")
"""The first numbers of a threshold action."""


class Action:
    """What a user's own action derives from; the methods get the whole batch of N copies and L learning banks."""

    language: ClassVar[Language] = "queue"

    def space(self, vec: SimCashVec) -> spaces.Space[Any]:
        """What one bank chooses from; its ``shape`` is that of one action."""
        raise NotImplementedError

    def mask(self, vec: SimCashVec) -> I8 | None:  # noqa: ARG002 - of use to others
        """(N, L, ...) 1 for what would be carried out, in the form that the space's ``sample`` takes; or None."""
        return None

    def of_masks(self, vec: SimCashVec, masks: I8) -> I8 | None:  # noqa: ARG002 - of use to others
        """``mask`` of masks (N, L, H, C) that the kernels wrote earlier; of the package's own actions only."""
        return None

    def decode(self, vec: SimCashVec, actions: npt.NDArray[Any]) -> I64:
        """(N, L, H) heads of the language, from (N, L, *shape) actions.

        Raises:
            ActionError: out of range.
        """
        raise NotImplementedError


class QueueAction(Action):
    """A verb for each payment shown, then the optional heads: a MultiDiscrete; the language itself."""

    def space(self, vec: SimCashVec) -> spaces.Space[Any]:
        """A head a visible payment, then those that the scenario switches on."""
        from simcash_env.envs.spaces import MaskedMultiDiscrete

        return MaskedMultiDiscrete(vec.action_nvec)

    def mask(self, vec: SimCashVec) -> I8:
        """(N, L, H, C), padded with zeros."""
        return vec.masks

    def of_masks(self, vec: SimCashVec, masks: I8) -> I8:  # noqa: ARG002 - of use to others
        """As they are."""
        return masks

    def decode(self, vec: SimCashVec, actions: npt.NDArray[Any]) -> I64:  # noqa: ARG002 - of use to others
        """Returned unchanged; the kernel checks their range."""
        return np.asarray(actions, np.int64)


class BudgetAction(Action):
    """A share of the queued value to send now, in steps of 5 %: Discrete(21), times the choices of optional heads.

    Payments are sent in queue order as long as their sum stays within the share. With optional heads an action counts
    their joint choices, the last head fastest.
    """

    language = "budget"

    def space(self, vec: SimCashVec) -> spaces.Space[Any]:
        """Discrete: for libraries without MultiDiscrete too."""
        from gymnasium import spaces

        return spaces.Discrete(int(vec.action_nvec.prod()))

    def mask(self, vec: SimCashVec) -> I8:
        """(N, L, joint choices)."""
        return self.of_masks(vec, vec.masks)

    def of_masks(self, vec: SimCashVec, masks: I8) -> I8:
        """A joint choice is open where each of its choices is."""
        joint = masks[:, :, 0, : vec.action_nvec[0]]
        for head, choices in enumerate(vec.action_nvec[1:].tolist(), start=1):
            both = joint[..., None] & masks[:, :, head, None, :choices]
            joint = both.reshape(*joint.shape[:2], joint.shape[2] * choices)
        return joint

    def decode(self, vec: SimCashVec, actions: npt.NDArray[Any]) -> I64:
        """Each joint choice as one choice a head."""
        given = np.asarray(actions, np.int64)
        count = int(vec.action_nvec.prod())
        if given.size and not 0 <= given.min() <= given.max() < count:
            message = f"actions: a budget is one of 0 to {count - 1}, got {given.min()} to {given.max()}"
            raise ActionError(message)
        return np.stack(np.unravel_index(given, tuple(vec.action_nvec.tolist())), axis=-1).astype(np.int64)


class ThresholdAction(Action):
    """Release what is more urgent, smaller or of higher priority than thresholds, within a share of the liquidity.

    A Box of numbers from -1 to 1, as continuous algorithms want them, each ``2 x - 1`` of a share ``x`` on a grid of a
    thousandth: ``urgency`` and ``size`` on the scales of the observation (0 releases nothing, 1 everything),
    ``priority`` in tenths (1 releases nothing), ``liquidity`` the share of what is available now; then one number for
    each optional head. Its size does not grow with the queue.
    """

    language = "threshold"

    def space(self, vec: SimCashVec) -> spaces.Space[Any]:
        """A Box (4 + optional heads,)."""
        from gymnasium import spaces

        return spaces.Box(-1.0, 1.0, (len(vec.action_nvec),), np.float32)

    def decode(self, vec: SimCashVec, actions: npt.NDArray[Any]) -> I64:
        """Each number on the grid of its head."""
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
"""The actions that have a name."""
