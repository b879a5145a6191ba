"""Kinds of reward: minus the cost of the tick, own and everybody's; shaping; a user's own.

The kernels write ``-((1 - alpha) own cost + alpha mean cost of all banks) / scale``. A reward object chooses ``alpha``,
and may change what was written, for all copies and banks at once (``examples/own_reward.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from simcash_env.envs.vector import SimCashVec

F64: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Potential: TypeAlias = "Callable[[SimCashVec], F64]"


class Reward:
    """What a user's own reward derives from; the methods get the whole batch of N copies and L learning banks.

    Attributes:
        alpha: weight of the mean cost in what the kernels write, from 0, selfish, to 1, social.
        writes: is ``write`` to be called?
    """

    alpha: float = 0.0
    writes: bool = True

    def begin(self, vec: SimCashVec, begun: Flags) -> None:
        """Episodes of these copies (N,) have begun; the batch shows their first decision."""

    def write(self, vec: SimCashVec, out: F64) -> None:
        """Change ``out`` (N, L), which holds what the kernels wrote; ``vec.costs`` are the cents of the step.

        Called before any copy is reset. Copies that did not step, because their episode was over, get 0 whatever is
        written.
        """
        raise NotImplementedError


class CostReward(Reward):
    """Minus the cost; its sum over a run times minus the scale is the cost of the run to the cent."""

    writes = False

    def __init__(self, alpha: float = 0.0) -> None:
        self.alpha = alpha


class Shaped(Reward):
    """Potential-based shaping (Ng, Harada and Russell 1999): adds ``gamma * potential(next) - potential(now)``.

    The optimal policy stays what it is, whatever the potential, if ``gamma`` is the learner's discount; the potential
    of an episode's end is 0.

    Args:
        potential: (N, L) of the batch as it stands, for example minus what is queued over the reward scale.
        gamma: the learner's discount factor.
        reward: what is shaped.
    """

    def __init__(self, potential: Potential, gamma: float, reward: Reward | None = None) -> None:
        self.potential = potential
        self.gamma = gamma
        self.reward = CostReward() if reward is None else reward
        self.alpha = self.reward.alpha
        self._before: F64 = np.zeros((0, 0))

    def begin(self, vec: SimCashVec, begun: Flags) -> None:
        """Note where these episodes begin."""
        self.reward.begin(vec, begun)
        now = self.potential(vec)
        if self._before.shape != now.shape:
            self._before = np.zeros(now.shape)
        self._before[begun] = now[begun]

    def write(self, vec: SimCashVec, out: F64) -> None:
        """Add the difference."""
        if self.reward.writes:
            self.reward.write(vec, out)
        after = self.potential(vec)
        after[vec.terminated.astype(bool)] = 0.0
        out += self.gamma * after - self._before
        self._before = after


def queued_value(vec: SimCashVec) -> F64:
    """A potential: minus the share of a day's expected outflow that waits in Queue 1."""
    queued = vec.columns().bank_queue1_cents[:, vec.learners]
    scale: F64 = vec.scenario.view.bank_flow_scale_cents[vec.learners].astype(np.float64)
    return -queued / scale


REWARDS: Final[dict[str, float | None]] = {"individual": 0.0, "system": 1.0, "mixed": None}
"""Weights of the mean cost, by name; ``alpha`` is that of the mixed reward."""
