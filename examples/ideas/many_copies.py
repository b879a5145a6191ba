"""A thousand days at once: which share of the liquidity pool is cheapest for banks that release everything?

python examples/ideas/many_copies.py
"""

import numpy as np

from simcash_env import make_vec


def main(copies: int = 1_000, levels: tuple[int, ...] = (1, 2, 3, 4, 6, 10)) -> dict[int, float]:
    """Return the mean cost of a day, all banks together, by the level of the pool (0 to 20)."""
    vec = make_vec("castro-12period-v0", copies, autoreset="disabled")
    pool, cents = vec.head_index["pool"], {}
    for level in levels:
        _, masks = vec.reset(seed=1)  # the same days for every level
        cents[level] = 0.0
        for _ in range(vec.num_ticks):
            actions = masks[..., 1].astype(np.int64)  # release whatever there is
            actions[:, :, pool] = masks[:, :, pool, level] * level
            _, masks, *_ = vec.step(actions)
            cents[level] += float(vec.costs.sum()) / copies
        print(f"{5 * level:3} % of the pool: {cents[level]:10,.0f} cents a day")
    return cents


if __name__ == "__main__":
    main()
