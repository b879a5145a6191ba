"""Episodes of a batch: which copies have one, and whether the next step is possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simcash_env.errors import ActionError

if TYPE_CHECKING:
    import numpy.typing as npt

IS_OVER = "step: the episode is over; call reset"
"""Error of a step after the end of the episode."""


def call_reset(copy: int | None = None) -> str:
    """Return the error of a step before ``reset``; ``copy`` names the copy if others have been reset."""
    return "step: call reset before the first step" + ("" if copy is None else f"; copy {copy} has no episode yet")


def require_begun(call: str, *, has_begun: bool) -> None:
    """Reject a call that needs an episode.

    Raises:
        ActionError: ``reset`` was not called.
    """
    if not has_begun:
        message = f"{call}: call reset first"
        raise ActionError(message)


class Episodes:
    """Whether each copy of a batch has an episode that a step can continue.

    Attributes:
        has_begun: (N,) copies that have been reset or restored.
        was_restored_over: (N,) copies restored at the end of their episode, if a step does not look for an end itself.
        are_running: all copies have an episode that a step can continue.
    """

    def __init__(self, num_envs: int) -> None:
        self.has_begun = np.zeros(num_envs, bool)
        self.was_restored_over = np.zeros(num_envs, bool)
        self.are_running = False

    def begin(self, copies: npt.NDArray[np.bool_] | None = None) -> None:
        """Mark these copies, or all, as running."""
        if copies is None:
            self.has_begun[:], self.was_restored_over[:], self.are_running = True, False, True
            return
        self.has_begun |= copies
        self.was_restored_over &= ~copies
        self.are_running = bool(self.has_begun.all() and not self.was_restored_over.any())

    def begin_at_end(self, copy: int) -> None:
        """Mark a copy as restored at the end of its episode."""
        self.was_restored_over[copy], self.are_running = True, False

    def require_running(self, over: npt.NDArray[np.bool_]) -> None:
        """Reject a step if a copy has not been reset, or its episode is over and nothing resets it.

        Args:
            over: (N,) copies whose episode is over and that are not reset by the step.

        Raises:
            ActionError: the step is not possible.
        """
        if not self.has_begun.all():
            copy = int(np.flatnonzero(~self.has_begun)[0]) if self.has_begun.any() else None
            raise ActionError(call_reset(copy))
        if over.all():
            raise ActionError(IS_OVER)
        if self.was_restored_over.any():
            copy = int(np.flatnonzero(self.was_restored_over)[0])
            message = f"{IS_OVER} (copy {copy} was restored at the end of its episode)"
            raise ActionError(message)
