"""A user-defined action: release the payments due within 1 or 3 ticks. Four choices per bank, for any queue.

Run it: python -m examples.own_action
"""

from typing import Any

import numpy as np
from gymnasium import spaces

from simcash_env import make_vec
from simcash_env.envs.actions import Action
from simcash_env.envs.batch_view import BatchView


class DueWithin(Action):
    """0 holds everything, 1 and 2 release payments due within 1 and 3 ticks, 3 releases everything."""

    ticks = np.array([-(10**9), 1, 3, 10**9])

    def space(self, vec: BatchView) -> spaces.Discrete:
        """Return the action space of one bank."""
        return spaces.Discrete(4)

    def decode(self, vec: BatchView, actions: Any) -> Any:
        """Return queue actions (N, L, H) for the choices (N, L) of all copies and banks."""
        queue, choices = vec.queue1_view(), vec.slot_choices
        heads = np.zeros(vec.actions.shape, np.int64)
        is_due = (queue["present"] == 1) & (queue["ticks_to_deadline"] <= self.ticks[actions][..., None])
        heads[..., : vec.num_slots] = np.where(is_due, choices.release, choices.hold)
        if "pool" in vec.head_index:  # 20 % of the liquidity pool, where that is legal
            at = vec.head_index["pool"]
            heads[..., at] = np.where(vec.masks[:, :, at, 4] == 1, 4, 0)
        return heads


def main(copies: int = 256) -> None:
    """Run a day with each choice."""
    vec = make_vec("castro-12period-v0", copies, action=DueWithin(), autoreset="disabled")
    for choice, name in enumerate(("never", "within 1 tick", "within 3 ticks", "at once")):
        vec.reset(seed=1)
        cents = 0
        for _ in range(vec.num_ticks):
            vec.step(np.full((copies, vec.num_banks), choice))
            cents += int(vec.costs.sum())
        print(f"release {name:15} {cents / copies:12,.0f} cents a day")


if __name__ == "__main__":
    main()
