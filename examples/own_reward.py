"""A user-defined reward: the cost, with a higher weight on penalties.

Run it: python -m examples.own_reward
"""

from typing import Any

import numpy as np

from simcash_env import make_vec
from simcash_env.envs.batch_view import BatchView
from simcash_env.envs.rewards import Reward
from simcash_env.schema.codes import CostKind

LATE = [CostKind.DEADLINE_PENALTY, CostKind.EOD_PENALTY]


class Punctual(Reward):
    """Penalties count ``weight`` times; everything else once."""

    def __init__(self, weight: float) -> None:
        self.weight = weight

    def write(self, vec: BatchView, out: Any) -> None:
        """Change the rewards ``out`` (N, L) of all copies and banks: minus the cost over the scale."""
        out -= (self.weight - 1) * vec.costs[:, :, LATE].sum(axis=2) / vec.reward_scale


def main(copies: int = 64) -> None:
    """Hold everything for a day; penalties count three times."""
    vec = make_vec("castro-12period-v0", copies, reward=Punctual(3.0), autoreset="disabled")
    vec.reset(seed=1)
    returns, cents = np.zeros((copies, vec.num_banks)), 0
    for _ in range(vec.num_ticks):
        vec.step(np.zeros(vec.actions.shape, np.int64))
        returns += vec.rewards
        cents += int(vec.costs.sum())
    print(f"cost {cents / copies:,.0f} cents a day, reward {returns.sum(axis=1).mean():,.1f}")


if __name__ == "__main__":
    main()
