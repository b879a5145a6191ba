"""Kinds of reward: minus the cost of the tick, own and mean; potential-based shaping; user-defined.

The kernels write ``-((1 - alpha) own cost + alpha mean cost of all banks) / scale``. A reward object sets ``alpha``,
and may change these values, for all copies and banks at once (``examples/own_reward.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import numpy as np

from simcash_env.envs.batch_view import F64, BatchView, Flags
from simcash_env.schema.arrays import I64

Potential: TypeAlias = Callable[[BatchView], F64]


class Reward:
    """Base class of rewards; the methods receive the whole batch of N copies and L learning banks.

    Attributes:
        alpha: weight of the mean cost in the values that the kernels write, from 0 (own cost only) to 1.
        writes: whether ``write`` is called.
    """

    alpha: float = 0.0
    writes: bool = True

    def begin(self, vec: BatchView, begun: Flags) -> None:
        """Handle new episodes in the copies flagged by ``begun`` (N,); the batch is at their first decision."""

    def write(self, vec: BatchView, out: F64) -> None:
        """Change ``out`` (N, L) in place; it contains the kernels' rewards, ``vec.costs`` the cents of the step.

        Called before any copy is reset. Copies that did not step, because their episode was over, get 0 in any case.
        """
        raise NotImplementedError


class CostReward(Reward):
    """Minus the cost over the scale; with ``alpha`` 0 the sum over a run, times minus the scale, is the run's cost."""

    writes = False

    def __init__(self, alpha: float = 0.0) -> None:
        self.alpha = alpha


class Shaped(Reward):
    """Potential-based shaping (Ng, Harada and Russell 1999): adds ``gamma * potential(next) - potential(now)``.

    The optimal policy does not change for any potential if ``gamma`` is the learner's discount factor. The potential of
    a terminal state is 0.

    Args:
        potential: function that returns (N, L) for the current state of the batch, such as ``queued_value``.
        gamma: the learner's discount factor.
        reward: reward to shape (default: ``CostReward()``).
    """

    def __init__(self, potential: Potential, gamma: float, reward: Reward | None = None) -> None:
        self.potential = potential
        self.gamma = gamma
        self.reward = CostReward() if reward is None else reward
        self.alpha = self.reward.alpha
        self._before: F64 = np.zeros((0, 0))

    def begin(self, vec: BatchView, begun: Flags) -> None:
        """Store the potential of the first state of these episodes."""
        self.reward.begin(vec, begun)
        now = self.potential(vec)
        if self._before.shape != now.shape:
            self._before = np.zeros(now.shape)
        self._before[begun] = now[begun]

    def write(self, vec: BatchView, out: F64) -> None:
        """Add the difference of potentials."""
        if self.reward.writes:
            self.reward.write(vec, out)
        after = self.potential(vec)
        after[vec.terminated.astype(bool)] = 0.0
        out += self.gamma * after - self._before
        self._before = after


def queued_value(vec: BatchView) -> F64:
    """Return a potential (N, L): minus the value of Queue 1 over the bank's expected value of a day's payments."""
    queued = vec.columns().bank_queue1_cents[:, vec.learners]
    scale: F64 = vec.scenario.view.bank_flow_scale_cents[vec.learners].astype(np.float64)
    return -queued / scale


def cost_vector(costs: I64, reward_scale: float) -> F64:
    """Return the vector reward (..., kinds) of costs in cents: minus each over the scale; its sum is the reward."""
    vector: F64 = 0.0 - costs / reward_scale
    return vector


REWARDS: Final[dict[str, float | None]] = {"individual": 0.0, "system": 1.0, "mixed": None}
"""Weight of the mean cost by name; the mixed reward takes ``alpha``."""
