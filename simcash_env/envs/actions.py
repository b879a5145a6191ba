"""Kinds of action: their spaces, their masks and their translation for the kernels.

The kernels accept four encodings of whole numbers, decoded in ``agents/decode.py``: ``queue``, ``budget``,
``threshold`` and ``rank``. An action object translates into one of them, for all copies and banks at once. A new one
needs no change to the package (``examples/own_action.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from simcash_env.envs.batch_view import F64, I8, BatchView
from simcash_env.errors import ActionError
from simcash_env.schema.arrays import I64
from simcash_env.schema.heads import HEADS
from simcash_env.schema.limits import SHARE_STEPS
from simcash_env.schema.rank import COMPONENTS, action_number

if TYPE_CHECKING:
    from gymnasium import spaces

Language: TypeAlias = Literal["queue", "budget", "threshold", "rank"]
Pool: TypeAlias = Literal["levels", "share"]

POOLS: Final[tuple[Pool, ...]] = ("levels", "share")
"""How the share of the liquidity pool is chosen: on a grid of 5 %, or in millionths."""

THRESHOLDS = ("urgency", "size", "priority", "liquidity")
"""Names of the first four numbers of a threshold action."""


class Action:
    """Base class of actions; the methods receive the whole batch of N copies and L learning banks.

    Attributes:
        language: encoding into which ``decode`` translates.
        pool: ``"levels"``, where the pool head has 21 choices, or ``"share"``, where it has one for each millionth;
            encodings with masks have levels.
    """

    language: ClassVar[Language] = "queue"
    pool: Pool = "levels"

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


class ContinuousAction(Action):
    """Base class of actions that are a Box of numbers from -1 to 1: one for each head, without masks.

    A number runs through the choices of its head from the lowest to the highest; those of the optional heads are in
    the order of ``Head.ascending``.
    """

    def space(self, vec: BatchView) -> spaces.Space[Any]:
        """Return a Box with one number for each head."""
        from gymnasium import spaces

        return spaces.Box(-1.0, 1.0, (len(vec.action_nvec),), np.float32)

    def decode(self, vec: BatchView, actions: npt.NDArray[Any]) -> I64:
        """Return each number as a choice of its head."""
        given = np.asarray(actions, np.float64)
        if not ((given >= -1.0) & (given <= 1.0)).all():
            message = f"actions: every number of a {self.language} action is from -1 to 1"
            raise ActionError(message)
        heads = np.rint((given + 1.0) / 2.0 * (vec.action_nvec - 1)).astype(np.int64)
        for head in HEADS:
            if head.name in vec.head_index and not (head.name == "pool" and self.pool == "share"):
                at = vec.head_index[head.name]
                heads[..., at] = np.array(head.ascending)[heads[..., at]]
        return heads


class ThresholdAction(ContinuousAction):
    """Release payments more urgent, smaller or of higher priority than thresholds, within a share of the liquidity.

    A Box of numbers from -1 to 1 for continuous algorithms. Each number ``a`` stands for ``x = (a + 1) / 2``, rounded
    to a thousandth: ``urgency`` and ``size`` on the scales of the observation (0 releases nothing, 1 everything),
    ``priority`` in tenths (1 releases nothing), ``liquidity`` as a share of the available liquidity; then one number
    for each optional head. The size does not depend on the queue.

    Args:
        pool: ``"levels"`` rounds the share of the liquidity pool to 5 %, ``"share"`` to a millionth.
    """

    language = "threshold"

    def __init__(self, pool: Pool = "levels") -> None:
        self.pool = pool


class RankAction(ContinuousAction):
    """Weigh features of payments, then release down the order of their scores within a budget.

    A Box of numbers from -1 to 1: one for each component of ``schema.rank.COMPONENTS``, then one for each optional
    head. Each number stands for a value between the bounds of its component, the pool's for a share of it. ``encode``
    writes actions from values by name. The size does not depend on the queue or on the number of banks.
    """

    language = "rank"
    pool = "share"

    def default(self, vec: BatchView) -> F64:
        """Return the action (L, H) of each bank that releases everything in queue order and changes nothing else.

        The pool share is what the scenario allocates.
        """
        numbers = np.zeros((vec.num_banks, len(vec.action_nvec)))
        for place, component in enumerate(COMPONENTS):
            numbers[:, place] = action_number(component.name, component.default)
        for head in HEADS:
            if head.name in vec.head_index and head.name != "pool":
                numbers[:, vec.head_index[head.name]] = 2.0 * head.ascending.index(0) / (head.size - 1) - 1.0
        if "pool" in vec.head_index:
            shares = vec.scenario.view.bank_pool_fraction_ppm[vec.learners] / SHARE_STEPS
            numbers[:, vec.head_index["pool"]] = 2.0 * shares - 1.0
        return numbers

    def encode(self, vec: BatchView, values: Mapping[str, npt.ArrayLike]) -> F64:
        """Return actions (N, L, H) with these values; what is not named is as in ``default``.

        Args:
            vec: the batch.
            values: by name of a component or ``pool``, a share: one for all, (L,) or (N, L).

        Raises:
            ActionError: an unknown name, or a value out of bounds.
        """
        numbers = np.tile(self.default(vec), (vec.num_envs, 1, 1))
        for name, value in values.items():
            if name == "pool" and name in vec.head_index:
                given = np.asarray(value, np.float64)
                if not ((given >= 0.0) & (given <= 1.0)).all():
                    message = f"rank.pool: must be from 0 to 1, got {value!r}"
                    raise ActionError(message)
                numbers[:, :, vec.head_index["pool"]] = 2.0 * given - 1.0
            else:
                number = action_number(name, value)
                numbers[:, :, RANK_AT[name]] = number
        return numbers


RANK_AT: Final = {component.name: place for place, component in enumerate(COMPONENTS)}
"""Position of every component of a rank action by name."""
ACTIONS: dict[str, type[Action]] = {
    "queue": QueueAction,
    "budget": BudgetAction,
    "threshold": ThresholdAction,
    "rank": RankAction,
}
"""Actions by name."""
