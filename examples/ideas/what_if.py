"""What if? Fork a run, and see what each choice of one bank costs by the end of the day.

python examples/ideas/what_if.py
"""

import numpy as np

from simcash_env import simcash_v0


def cost_of_day(env, share_level: int) -> int:
    """Play a fork to its end: this level of the pool first, then release everything. Return cents of all banks."""
    cents, is_first = 0, True
    while env.agents:
        actions = {}
        for bank in env.agents:
            actions[bank] = np.ones(env.action_space(bank).shape, np.int64)  # release
            actions[bank][-1] = share_level if is_first else 0  # the last head is the pool
        *_, infos = env.step(actions)
        cents += sum(int(info["costs"].sum()) for info in infos.values())
        is_first = False
    return cents


def main(seed: int = 7) -> dict[int, int]:
    """Return the cost of the same day by the level of the pool."""
    env = simcash_v0.parallel_env("castro-12period-v0")
    env.reset(seed=seed)
    found = {level: cost_of_day(env.fork(), level) for level in (1, 2, 4, 10)}
    for level, cents in found.items():
        print(f"{5 * level:3} % of the pool: {cents:10,} cents")
    return found


if __name__ == "__main__":
    main()
